/**
 * The unit tests that do not run in Windows' Node under Wine, and why. A test that is left out and
 * not named here fails the run, and so does one that is named here and runs.
 */

/** What Windows itself has not. */
export const OF_OTHER_SYSTEMS: Readonly<Record<string, string>> = {
  'scanFolder with what Windows has not names what is neither file nor folder, without blocking on it':
    'a folder holds no pipe, socket or device there',
  'scanFolder with what Windows has not keeps a backslash that is part of a name':
    'no name has one there',
  'scanFolder with what Windows has not names a folder that may not be read':
    'folders have no modes there',
  'scanFolder names a file whose name is no text, and goes on': 'every name is text there',
};

const LINK = 'Wine 8 makes neither symbolic links nor junctions; on Windows links need a privilege';

/** What Windows has and Wine has not. */
export const NOT_IN_WINE: Readonly<Record<string, string>> = {
  'scanFolder with links sends the bytes of the file that a link leads to': LINK,
  'scanFolder with links does not follow links to folders, also not in circles': LINK,
  'scanFolder with links names links that lead nowhere or in circles, and goes on': LINK,
  'scanFolder with links searches a folder that is itself given by a link': LINK,
  'a file that changes a link to a file uploads the file; dangling links fail; a loop of folders ends':
    LINK,
  'files of a selection that are links to nowhere are called so, chosen or found': LINK,
  'files of a selection say of all folders together how many were left out, were links, or had nothing in them':
    LINK,
  'the bill of materials says of each bundled package what it is, its licence, and what its tarball must be':
    'it is asked of npm, which is of Linux here',
};
