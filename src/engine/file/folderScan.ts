import type { Dirent } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '../base/guards';
import { UploadError, throwIfAborted } from '../contract/errors';
import { exclusionOf } from './globs';
import { IGNORE_FILE_NAMES, IgnoreRules } from './ignoreFiles';
import { comparedName, composedName } from './nameForms';
import { realPathOf } from './realPath';

/** Entries looked at together: enough to keep the threads that serve the file system busy. */
const LOOK_AT_ONCE = 64;

/** The code of a failure of the file system that tells none. */
const UNKNOWN_CODE = 'EIO';
/** Of a name that is no UTF-8. */
const NOT_UTF8 = 'NOT_UTF8';
/** Others wait no longer than this for globs to be compared. */
const LONGEST_TURN_MS = 10;

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
  /** Files and folders that were left out; what lies in such a folder is not counted. */
  readonly excluded: number;
  /** Paths of links to folders, not followed: they may lead out of the folder, or in circles. */
  readonly skippedLinks: readonly string[];
  /** The same of links to files outside: a repository would choose what of this computer is sent. */
  readonly outsideLinks: readonly string[];
  /** Folders with nothing in them. OSS has no folders, so that nothing is left of them. */
  readonly emptyFolders: number;
  /**
   * What is neither file nor folder (code `FIFO`, `SOCKET` or `DEVICE`), links that lead nowhere
   * (`ENOENT`) or in circles (`ELOOP`), folders that cannot be read (`EACCES`), and names that are
   * no UTF-8, by which nothing can be opened (`NOT_UTF8`).
   */
  readonly unreadable: readonly { readonly path: string; readonly code: string }[];
}

/** How a folder is searched. */
export interface FolderScanOptions {
  /** Globs as in the editor's `files.exclude`, for the path from the folder on: see {@link exclusionOf}. */
  readonly exclude: readonly string[];
  /** Lets `.gitignore` and `.ossignore` count, those of folders around it up to this one, too. */
  readonly ignoreFilesWithin?: string | undefined;
  readonly signal: AbortSignal;
  /** The number of files so far, at most once per 64 entries. */
  readonly onProgress?: ((found: number) => void) | undefined;
  /** The system that the names are of; the present one when left out. */
  readonly platform?: NodeJS.Platform | undefined;
}

/** A folder that is still to be read. */
interface PendingFolder {
  readonly path: string;
  readonly realPath: string;
  /** '' for the one that is searched, otherwise ending in `/`. */
  readonly prefix: string;
  /** The names that lead to it, for globs. */
  readonly names: readonly string[];
  readonly isText: boolean;
  /** Of the folders around it; undefined when such files do not count. */
  readonly ignoreRules: IgnoreRules | undefined;
}

/**
 * Finds all files below a folder, which may itself be a link. Changes nothing, and reads no file but
 * those that say what is ignored. A failure below the folder is in the result. Rejects with
 * `sourceMissing`, `sourceNotAFile` or `sourceUnreadable` when the folder itself cannot be read, with
 * `invalidArgument` for a glob that could never match, and with `aborted`. Memory grows with the number
 * of files, depth costs nothing.
 */
export async function scanFolder(root: string, options: FolderScanOptions): Promise<FolderScan> {
  const { signal, onProgress, platform = process.platform } = options;
  const isExcluded = exclusionOf(options.exclude, platform);
  const files: ScannedFile[] = [];
  const unreadable: { path: string; code: string }[] = [];
  const skippedLinks: string[] = [];
  const outsideLinks: string[] = [];
  let [excluded, emptyFolders] = [0, 0];

  const first = await firstFolder(root, options.ignoreFilesWithin, platform);
  const open: PendingFolder[] = [first];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const content = await readFolder(folder, signal);
    if (typeof content === 'string') {
      if (folder === first) throw rootError(root, content);
      unreadable.push({ path: folder.path, code: codeFor(content, folder.isText) });
      continue;
    }
    const { entries, ignoreRules } = content;
    if (entries.length === 0) emptyFolders += 1;
    const isLeftOut = (entry: FolderEntry, isFolder: boolean): boolean =>
      isExcluded(entry.names, isFolder) || ignoreRules?.ignores(entry.name, isFolder) === true;

    const folders: PendingFolder[] = [];
    for (let at = 0; at < entries.length; at += LOOK_AT_ONCE) {
      let turnMs = await nextTurnAt();
      throwIfAborted(signal);
      const chunk = entries
        .slice(at, at + LOOK_AT_ONCE)
        .map((entry) => entryOf(folder, entry, platform));
      const kept: FolderEntry[] = [];
      for (const entry of chunk) {
        // Matching is the costly part where there are only folders, and does not wait for anything.
        if (performance.now() - turnMs > LONGEST_TURN_MS) turnMs = await nextTurnAt();
        if (isLeftOut(entry, entry.isFolder)) excluded += 1;
        else kept.push(entry);
      }
      const looks = await Promise.all(
        kept.map(async (entry) => (entry.isFolder ? 'FOLDER' : inspectEntry(entry.path))),
      );
      for (const [index, entry] of kept.entries()) {
        const { path: entryPath, relativePath } = entry;
        const seen = looks[index];
        if (typeof seen === 'number') {
          // Asked of the disk for links only: all else lies where its folder is.
          const realPath = entry.isLink ? await realPathOf(entryPath) : below(folder, entry);
          if (isInside(first.realPath, realPath)) {
            files.push({ path: entryPath, realPath, relativePath, sizeBytes: seen });
          } else outsideLinks.push(entryPath);
        } else if (seen === 'FOLDER') {
          // One that Windows lists as a link is known for a folder only now.
          if (!entry.isFolder && isLeftOut(entry, true)) excluded += 1;
          else folders.push(folderOf(folder, entry, ignoreRules));
        } else if (seen === 'LINK') skippedLinks.push(entryPath);
        else if (seen !== undefined) {
          unreadable.push({ path: entryPath, code: codeFor(seen, isText(entry.name)) });
        }
      }
      onProgress?.(files.length);
    }
    // The last one is taken first.
    for (const next of folders.reverse()) open.push(next);
  }
  throwIfAborted(signal);
  return { files, excluded, skippedLinks, outsideLinks, emptyFolders, unreadable };
}

/** Lets others run; resolves with the time at which it goes on. */
async function nextTurnAt(): Promise<number> {
  await nextTurn();
  return performance.now();
}

/** Something in a folder, before it is looked at. */
interface FolderEntry {
  readonly name: string;
  readonly path: string;
  readonly relativePath: string;
  /** As in {@link PendingFolder}. */
  readonly names: readonly string[];
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

function entryOf(folder: PendingFolder, entry: Dirent, platform: NodeJS.Platform): FolderEntry {
  return {
    name: entry.name,
    path: path.join(folder.path, entry.name),
    relativePath: folder.prefix + composedName(entry.name, platform),
    names: [...folder.names, comparedName(entry.name, platform)],
    isFolder: entry.isDirectory(),
    isLink: entry.isSymbolicLink(),
  };
}

async function firstFolder(
  root: string,
  ignoreFilesWithin: string | undefined,
  platform: NodeJS.Platform,
): Promise<PendingFolder> {
  const realPath = await realPathOf(root);
  try {
    const ignoreRules =
      ignoreFilesWithin === undefined
        ? undefined
        : await IgnoreRules.around(root, ignoreFilesWithin, platform);
    return { path: root, realPath, prefix: '', names: [], isText: true, ignoreRules };
  } catch (error) {
    throw rootError(root, codeOf(error) ?? UNKNOWN_CODE);
  }
}

function folderOf(
  folder: PendingFolder,
  entry: FolderEntry,
  ignoreRules: IgnoreRules | undefined,
): PendingFolder {
  return {
    path: entry.path,
    realPath: below(folder, entry),
    prefix: `${entry.relativePath}/`,
    names: entry.names,
    isText: isText(entry.name),
    ignoreRules: ignoreRules?.below(entry.name),
  };
}

/** Whether a name is what the disk has: bytes that are no UTF-8 are listed with this in their place. */
function isText(name: string): boolean {
  return !name.includes('\ufffd');
}

/** What is said of something that cannot be opened. */
function codeFor(code: string, isNameText: boolean): string {
  return code === 'ENOENT' && !isNameText ? NOT_UTF8 : code;
}

/** Whether a real path is below another one. */
function isInside(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}

/** Where an entry that is no link really is; the same text where the folder is given by that path. */
function below(
  folder: PendingFolder,
  entry: { readonly name: string; readonly path: string },
): string {
  return folder.realPath === folder.path ? entry.path : path.join(folder.realPath, entry.name);
}

/** The entries of a folder, sorted, and what is ignored there; or the code of the failure. */
async function readFolder(
  folder: PendingFolder,
  signal: AbortSignal,
): Promise<{ entries: Dirent[]; ignoreRules: IgnoreRules | undefined } | string> {
  throwIfAborted(signal);
  const entries: Dirent[] = [];
  let { ignoreRules } = folder;
  try {
    // Not readdir: with 100,000 entries it stops everything else for a tenth of a second.
    for await (const entry of await opendir(folder.path, { bufferSize: LOOK_AT_ONCE })) {
      throwIfAborted(signal);
      entries.push(entry);
    }
    // A file that cannot be read might leave out what must not be sent: then nothing of the folder is.
    const hasRules = entries.some(({ name }) => IGNORE_FILE_NAMES.some((known) => known === name));
    if (hasRules) ignoreRules = await ignoreRules?.with(folder.path);
  } catch (error) {
    if (UploadError.is(error)) throw error;
    return codeOf(error) ?? UNKNOWN_CODE;
  }
  // By code units and not by a language, so that the order is the same on every computer.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entries, ignoreRules };
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

function rootError(root: string, code: string): UploadError {
  const details = { code, sourcePath: root };
  if (code === 'ENOENT') return new UploadError('sourceMissing', `${root} does not exist`, details);
  if (code === 'ENOTDIR') {
    return new UploadError('sourceNotAFile', `${root} is not a folder`, details);
  }
  return new UploadError('sourceUnreadable', `${root} cannot be read (${code})`, details);
}
