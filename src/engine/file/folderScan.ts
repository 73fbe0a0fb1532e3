import type { Dirent } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import picomatch from 'picomatch';
import { codeOf } from '../base/guards';
import { UploadError, throwIfAborted } from '../contract/errors';
import { realPathOf } from './realPath';

/** Entries looked at together: enough to keep the threads that serve the file system busy. */
const LOOK_AT_ONCE = 64;

/** The code of a failure of the file system that tells none. */
const UNKNOWN_CODE = 'EIO';

/** A file below the folder. */
export interface ScannedFile {
  /** Absolute if the folder's path is. */
  readonly path: string;
  /** Where it really is: its one spelling, with all links followed. */
  readonly realPath: string;
  /** From the folder on, with `/` on every system, its names as {@link composedName} gives them. */
  readonly relativePath: string;
  /** When it was looked at. For a link, of the file it leads to. */
  readonly sizeBytes: number;
}

/** Everything below a folder: what would be uploaded, and what would not. */
export interface FolderScan {
  /** The files of a folder before those of its folders, each sorted by name. */
  readonly files: readonly ScannedFile[];
  /** Files and folders that a glob left out; what lies in such a folder is not counted. */
  readonly excluded: number;
  /** Links to folders. They are not followed: they may lead out of the folder, or in circles. */
  readonly skippedLinks: number;
  /** Folders with nothing in them. OSS has no folders, so that nothing is left of them. */
  readonly emptyFolders: number;
  /**
   * What is neither file nor folder (code `FIFO`, `SOCKET` or `DEVICE`), links that lead nowhere
   * (`ENOENT`) or in circles (`ELOOP`), and folders that cannot be read (`EACCES`).
   */
  readonly unreadable: readonly { readonly path: string; readonly code: string }[];
}

/** How a folder is searched. */
export interface FolderScanOptions {
  /**
   * Globs such as `**\/.git/**`, matched against the path from the folder on, case-sensitive; `*`
   * matches a leading dot. What begins with `!` takes back what globs before it left out, but not
   * below a folder that is left out.
   */
  readonly exclude: readonly string[];
  readonly signal: AbortSignal;
  /** The number of files so far, at most once per 64 entries. */
  readonly onProgress?: ((found: number) => void) | undefined;
  /** The system that the names are of; the present one when left out. */
  readonly platform?: NodeJS.Platform | undefined;
}

/**
 * A name as the editor shows it. On macOS both forms of Unicode are the same name, and a folder
 * lists the one that a file was made with; the editor shows the composed one. Elsewhere the forms
 * are two names, and stay as they are.
 */
export function composedName(name: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'darwin' ? name.normalize('NFC') : name;
}

/** A folder that is still to be read. */
interface PendingFolder {
  readonly path: string;
  readonly realPath: string;
  /** '' for the one that is searched, otherwise ending in `/`. */
  readonly prefix: string;
}

/**
 * Finds all files below a folder, which may itself be a link. Changes nothing and reads no file. A
 * failure below the folder is in the result. Rejects with `sourceMissing`, `sourceNotAFile` or
 * `sourceUnreadable` when the folder itself cannot be read, with `invalidArgument` for a glob that
 * is none, and with `aborted`. Memory grows with the number of files, depth costs nothing.
 */
export async function scanFolder(root: string, options: FolderScanOptions): Promise<FolderScan> {
  const { signal, onProgress, platform } = options;
  const isExcluded = exclusionOf(options.exclude);
  const files: ScannedFile[] = [];
  const unreadable: { path: string; code: string }[] = [];
  let [excluded, skippedLinks, emptyFolders] = [0, 0, 0];

  const open: PendingFolder[] = [{ path: root, realPath: await realPathOf(root), prefix: '' }];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const entries = await readFolder(folder, signal);
    if (typeof entries === 'string') {
      if (folder.prefix === '') throw rootError(root, entries);
      unreadable.push({ path: folder.path, code: entries });
      continue;
    }
    if (entries.length === 0) emptyFolders += 1;

    const folders: PendingFolder[] = [];
    for (let at = 0; at < entries.length; at += LOOK_AT_ONCE) {
      // Matching is the costly part where there are only folders, and does not wait for anything.
      await nextTurn();
      throwIfAborted(signal);
      const chunk = entries.slice(at, at + LOOK_AT_ONCE).map((entry) => ({
        isFolder: entry.isDirectory(),
        isLink: entry.isSymbolicLink(),
        path: path.join(folder.path, entry.name),
        name: entry.name,
        relativePath: folder.prefix + composedName(entry.name, platform),
      }));
      const kept = chunk.filter(({ relativePath }) => !isExcluded(relativePath));
      excluded += chunk.length - kept.length;
      const looks = await Promise.all(
        kept.map(async (entry) => (entry.isFolder ? 'FOLDER' : inspectEntry(entry.path))),
      );
      for (const [index, entry] of kept.entries()) {
        const { path: entryPath, relativePath } = entry;
        const seen = looks[index];
        if (typeof seen === 'number') {
          // Asked of the disk for links only: all else lies where its folder is.
          const realPath = entry.isLink ? await realPathOf(entryPath) : below(folder, entry);
          files.push({ path: entryPath, realPath, relativePath, sizeBytes: seen });
        } else if (seen === 'FOLDER') {
          const realPath = below(folder, entry);
          folders.push({ path: entryPath, realPath, prefix: `${relativePath}/` });
        } else if (seen === 'LINK') skippedLinks += 1;
        else if (seen !== undefined) unreadable.push({ path: entryPath, code: seen });
      }
      onProgress?.(files.length);
    }
    // The last one is taken first.
    for (const next of folders.reverse()) open.push(next);
  }
  throwIfAborted(signal);
  return { files, excluded, skippedLinks, emptyFolders, unreadable };
}

/** Where an entry that is no link really is; the same text where the folder is given by that path. */
function below(
  folder: PendingFolder,
  entry: { readonly name: string; readonly path: string },
): string {
  return folder.realPath === folder.path ? entry.path : path.join(folder.realPath, entry.name);
}

/** The entries of a folder, sorted, or the code of the failure. */
async function readFolder(folder: PendingFolder, signal: AbortSignal): Promise<Dirent[] | string> {
  throwIfAborted(signal);
  const entries: Dirent[] = [];
  try {
    // Not readdir: with 100,000 entries it stops everything else for a tenth of a second.
    for await (const entry of await opendir(folder.path, { bufferSize: LOOK_AT_ONCE })) {
      throwIfAborted(signal);
      entries.push(entry);
    }
  } catch (error) {
    if (UploadError.is(error)) throw error;
    return codeOf(error) ?? UNKNOWN_CODE;
  }
  // By code units and not by a language, so that the order is the same on every computer.
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Size of a file, 'FOLDER', 'LINK' for a link to a folder, or why it cannot be uploaded. Follows
 * links, blocks on nothing. What Windows lists as a link may be a folder: those of OneDrive are.
 */
async function inspectEntry(entryPath: string): Promise<number | string> {
  try {
    const stats = await stat(entryPath);
    if (stats.isFile()) return stats.size;
    if (stats.isDirectory()) return (await lstat(entryPath)).isDirectory() ? 'FOLDER' : 'LINK';
    if (stats.isFIFO()) return 'FIFO';
    return stats.isSocket() ? 'SOCKET' : 'DEVICE';
  } catch (error) {
    return codeOf(error) ?? UNKNOWN_CODE;
  }
}

/** Whether a path is left out. The last glob that matches it decides. */
function exclusionOf(globs: readonly string[]): (relativePath: string) => boolean {
  const rules = globs
    .filter((glob) => glob !== '' && glob !== '!')
    .map((glob) => {
      // `!(a|b)` is a glob of its own: anything but a and b.
      const isException = glob.startsWith('!') && !glob.startsWith('!(');
      return { isException, matches: matcherOf(isException ? glob.slice(1) : glob) };
    })
    .reverse();
  return (relativePath) => {
    const decisive = rules.find(({ matches }) => matches(relativePath));
    return decisive !== undefined && !decisive.isException;
  };
}

function matcherOf(glob: string): (relativePath: string) => boolean {
  try {
    // Never `windows`: the paths have slashes on every system, and a backslash quotes.
    return picomatch(glob, { dot: true, windows: false });
  } catch (error) {
    throw new UploadError('invalidArgument', `${JSON.stringify(glob)} is not a glob`, {
      code: 'exclude',
      field: 'exclude',
      cause: error,
    });
  }
}

function rootError(root: string, code: string): UploadError {
  const details = { code, sourcePath: root };
  if (code === 'ENOENT') return new UploadError('sourceMissing', `${root} does not exist`, details);
  if (code === 'ENOTDIR') {
    return new UploadError('sourceNotAFile', `${root} is not a folder`, details);
  }
  return new UploadError('sourceUnreadable', `${root} cannot be read (${code})`, details);
}
