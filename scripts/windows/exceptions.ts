/**
 * The unit tests that do not run in Windows' Node under Wine, and why. A test that is left out and
 * not named here fails the run, and so does one that is named here and runs.
 */

const LINK = 'links need a privilege there, and Wine 8 makes none';
const MODES = 'folders have neither modes nor owners there';

/** What is left out on Windows itself, too: these are about what other systems have. */
export const NOT_ON_WINDOWS: Readonly<Record<string, string>> = {
  'files of a selection say of all folders together how many were left out, were links, or had nothing in them':
    LINK,
  'files of a selection that are links to nowhere are called so, chosen or found': LINK,
  'files of a selection whose name is no UTF-8 are said to have characters that no key has':
    'every name is text there',
  'ignore files that are links or pipes do not count, and nothing waits for them': LINK,
  'scanFolder with links sends the bytes of the file that a link leads to': LINK,
  'scanFolder with links does not follow links to folders, also not in circles': LINK,
  'scanFolder with links leaves out what lies outside of the folder, and counts it': LINK,
  'scanFolder with links names links that lead nowhere or in circles, and goes on': LINK,
  'scanFolder with links searches a folder that is itself given by a link': LINK,
  'scanFolder with what Windows has not names what is neither file nor folder, without blocking on it':
    'a folder holds no pipe, socket or device there',
  'scanFolder with what Windows has not keeps a backslash that is part of a name':
    'no name has one there',
  'scanFolder with what Windows has not names a folder that may not be read': MODES,
  'scanFolder names a file whose name is no text, and goes on': 'every name is text there',
  'a file that changes a link to a file uploads the file; dangling links fail; a loop of folders ends':
    LINK,
  'a file that changes a link in the place of a file or its folder after the search: what it leads to is not sent':
    LINK,
  'the item of a request is the same for what a search found and for what is asked of the disk':
    LINK,
  'the life of a checkpoint a folder that was open to others is closed, and what they have put there is removed':
    MODES,
  'the life of a checkpoint a folder that is a link is neither read nor written, which is told, and uploads go on':
    LINK,
  'the life of a checkpoint a folder that is of another user is neither read nor written, which is told, and uploads go on':
    MODES,
};

/** What Windows has and Wine has not. */
export const NOT_IN_WINE: Readonly<Record<string, string>> = {
  'ignore files leave out what Git leaves out, in random folders': 'there is no Git',
  'the bill of materials says of each bundled package what it is, its licence, and what its tarball must be':
    'there is no npm',
};
