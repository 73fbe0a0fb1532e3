/** From chosen paths to the files that are uploaded. Knows no editor. */
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';

import { UploadError, codeOf, scanFolder } from '../../../engine/index';
import type { FolderScan, FolderScanOptions } from '../../../engine/index';
import { keyName, keyNameInside } from '../../text/localPaths';
import { fileName } from '../../text/transferFacts';

/** A file or folder that the user chose. */
export interface ChosenPath {
  readonly path: string;
  /** The folder inside of which the names in OSS begin: itself or around it. Left out: its own name. */
  readonly namesInside?: string | undefined;
  /** What is left out of a folder. */
  leftOut(): Pick<FolderScanOptions, 'exclude' | 'ignoreFilesWithin'>;
}

/** A file to upload. */
export interface FoundFile<Root extends ChosenPath> {
  readonly filePath: string;
  /** Known of what was found in a folder. */
  readonly realPath?: string;
  /** What the user chose: this file, or a folder around it. */
  readonly root: Root;
  /** Name below the prefix: the file's, or the folder's with the path in it. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** Everything found, and everything that was not. */
export interface FoundFiles<Root extends ChosenPath> {
  readonly files: readonly FoundFile<Root>[];
  readonly failures: readonly UploadError[];
  readonly excluded: number;
  /** Paths of links that are not followed. */
  readonly links: readonly string[];
  readonly emptyFolders: number;
}

/** How a search goes on. */
export interface SearchOptions {
  readonly signal: AbortSignal;
  /** Files found so far, while a folder is read. */
  onFound(folderName: string, found: number): void;
}

/**
 * Finds the files of what was chosen. A path that cannot be read fails alone. Rejects with
 * `invalidArgument` when it cannot be told what a folder leaves out: then nothing is sent.
 */
export async function findSourceFiles<Root extends ChosenPath>(
  roots: readonly Root[],
  options: SearchOptions,
): Promise<FoundFiles<Root>> {
  const files: FoundFile<Root>[] = [];
  const failures: UploadError[] = [];
  let links: readonly string[] = [];
  let [excluded, emptyFolders] = [0, 0];
  for (const root of roots) {
    options.signal.throwIfAborted();
    try {
      const found = await stat(root.path);
      if (!found.isDirectory()) {
        files.push(await chosenFile(root, found));
        continue;
      }
      const scan = await scanChosen(root, options);
      for (const { path: filePath, realPath, relativePath, sizeBytes } of scan.files) {
        const name = nameOf(root, relativePath);
        files.push({ filePath, realPath, root, name, sizeBytes });
      }
      for (const { path, code } of scan.unreadable) failures.push(await unreadable(path, code));
      excluded += scan.excluded;
      links = [...links, ...scan.outsideLinks, ...scan.skippedLinks];
      emptyFolders += scan.emptyFolders;
    } catch (error) {
      if (options.signal.aborted || UploadError.is(error, 'invalidArgument')) throw error;
      failures.push(await sourceFailure(error, root.path));
    }
  }
  return { files, failures, excluded, links, emptyFolders };
}

/** The file that was chosen itself. */
async function chosenFile<Root extends ChosenPath>(
  root: Root,
  found: Stats,
): Promise<FoundFile<Root>> {
  if (!found.isFile()) throw await unreadable(root.path, 'NotAFile');
  await access(root.path, constants.R_OK);
  return { filePath: root.path, root, name: nameOf(root), sizeBytes: found.size };
}

function nameOf({ path, namesInside }: ChosenPath, relativePath = ''): string {
  if (namesInside === undefined) return keyName(path, relativePath);
  const names = [keyNameInside(namesInside, path), relativePath];
  return names.filter((name) => name !== '').join('/');
}

function scanChosen(root: ChosenPath, options: SearchOptions): Promise<FolderScan> {
  const folderName = fileName(root.path);
  return scanFolder(root.path, {
    ...root.leftOut(),
    signal: options.signal,
    onProgress: (found) => {
      options.onFound(folderName, found);
    },
  });
}

/** A failure of the file system as an UploadError. */
async function sourceFailure(error: unknown, sourcePath: string): Promise<UploadError> {
  if (UploadError.is(error)) return error.with({ sourcePath });
  return unreadable(sourcePath, codeOf(error) ?? 'EIO', error);
}

async function unreadable(sourcePath: string, code: string, cause?: unknown): Promise<UploadError> {
  const details = { code, sourcePath, cause };
  if (code === 'NOT_UTF8' || (code === 'ENOENT' && sourcePath.includes('\ufffd'))) {
    const refused = { ...details, code: 'keyCharacters', field: 'key' };
    return new UploadError('invalidArgument', 'the name is not written in UTF-8', refused);
  }
  if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) {
    return (await isLink(sourcePath))
      ? new UploadError('sourceMissing', 'link to nowhere', { ...details, code: 'DeadLink' })
      : new UploadError('sourceMissing', 'no such file', details);
  }
  // All but the first are the codes of scanFolder for what is neither a file nor a folder.
  if (['NotAFile', 'FIFO', 'SOCKET', 'DEVICE'].includes(code)) {
    return new UploadError('sourceNotAFile', 'not a regular file', details);
  }
  return new UploadError('sourceUnreadable', 'cannot be read', details);
}

/** A link is still seen in its folder when what it leads to is gone. */
async function isLink(sourcePath: string): Promise<boolean> {
  try {
    return (await lstat(sourcePath)).isSymbolicLink();
  } catch {
    return false;
  }
}
