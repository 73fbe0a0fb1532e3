/**
 * The unit tests that are left out on Windows and under Wine, and why. A test that is left out and
 * not named here fails the run, and so does one that is named here and runs.
 */

const MODES = 'folders have neither modes nor owners there';
const NAMES = 'names are not made of bytes there';

/** What no Windows has: these are about what other systems have. */
export const NOT_ON_WINDOWS: Readonly<Record<string, string>> = {
  'files of a selection whose name is no UTF-8 are said to have characters that no key has': NAMES,
  'scanFolder names a file whose name is no text, and goes on': NAMES,
  'scanFolder with what Windows has not names what is neither file nor folder, without blocking on it':
    'a folder holds no pipe, socket or device there',
  'scanFolder with what Windows has not keeps a backslash that is part of a name':
    'no name has one there',
  'scanFolder with what Windows has not names a folder that may not be read': MODES,
  'the life of a checkpoint a folder that was open to others is closed, and what they have put there is removed':
    MODES,
  'the life of a checkpoint a folder that is of another user is neither read nor written, which is told, and uploads go on':
    MODES,
  'the cache of checksums believes nothing that others have put into a folder that was open to them, and closes it':
    MODES,
  'reports on disk are closed to others where their folder was open, and not written into one that is a link':
    MODES,
};

const LINK = 'Wine before 10.19 makes none, Windows only for administrators and in Developer Mode';

/**
 * What needs links, which are tried: all of these run where they can be made, and all are left out
 * where not.
 */
export const NOT_WITHOUT_LINKS: Readonly<Record<string, string>> = {
  'files of a selection that are links are counted, of all folders together, and those to nowhere are called so':
    LINK,
  'scanFolder with links sends the bytes of the file that a link leads to, and follows none to a folder, also not in circles':
    LINK,
  'scanFolder with links leaves out what lies outside of the folder, and counts it': LINK,
  'scanFolder with links names links that lead nowhere or in circles, and goes on': LINK,
  'scanFolder with links searches a folder that is itself given by a link': LINK,
  'a file that changes a link in the place of a file or its folder after the search: what it leads to is not sent':
    LINK,
  'the life of a checkpoint a folder that is a link is neither read nor written, which is told, and uploads go on':
    LINK,
  'the cache of checksums is neither read nor written where its folder is a link': LINK,
  'the history of what was uploaded is not read where its folder is a link: others could say what was uploaded':
    LINK,
};
