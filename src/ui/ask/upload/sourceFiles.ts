/** From chosen paths to the files that are uploaded. Knows no editor. */
import { constants } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';

import { UploadError, codeOf, scanFolder } from '../../../engine/index';
import { keyName } from '../../text/localPaths';
import { fileName } from '../../text/transferFacts';

/** A file to upload. */
export interface SourceFile {
  readonly filePath: string;
  /** The file or folder the user chose, that this file is or lies in. */
  readonly rootPath: string;
  /** Name below the prefix: the file's, or the folder's with the path in it. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** Everything found, and everything that was not. */
export interface SourceFiles {
  readonly files: readonly SourceFile[];
  readonly failures: readonly UploadError[];
  readonly excluded: number;
  readonly skippedLinks: number;
  readonly emptyFolders: number;
}

/** How a search goes on. */
export interface SearchOptions {
  readonly signal: AbortSignal;
  /** Globs left out of a folder. When it throws, the folder fails alone. */
  exclude(rootPath: string): readonly string[];
  /** Files found so far, while a folder is read. */
  onFound(folderName: string, found: number): void;
}

const NOTHING: SourceFiles = {
  files: [],
  failures: [],
  excluded: 0,
  skippedLinks: 0,
  emptyFolders: 0,
};

/** Finds the files of some paths. A path that cannot be read fails alone. */
export async function findSourceFiles(
  rootPaths: readonly string[],
  options: SearchOptions,
): Promise<SourceFiles> {
  let all = NOTHING;
  for (const rootPath of rootPaths) {
    options.signal.throwIfAborted();
    const found = await findBelow(rootPath, options);
    all = {
      files: [...all.files, ...found.files],
      failures: [...all.failures, ...found.failures],
      excluded: all.excluded + found.excluded,
      skippedLinks: all.skippedLinks + found.skippedLinks,
      emptyFolders: all.emptyFolders + found.emptyFolders,
    };
  }
  return all;
}

async function findBelow(rootPath: string, options: SearchOptions): Promise<SourceFiles> {
  try {
    const found = await stat(rootPath);
    if (found.isDirectory()) return await findInFolder(rootPath, options);
    if (!found.isFile()) return { ...NOTHING, failures: [await unreadable(rootPath, 'NotAFile')] };
    await access(rootPath, constants.R_OK);
    const name = keyName(rootPath);
    const file = { filePath: rootPath, rootPath, name, sizeBytes: found.size };
    return { ...NOTHING, files: [file] };
  } catch (error) {
    if (options.signal.aborted) throw error;
    return { ...NOTHING, failures: [await sourceFailure(error, rootPath)] };
  }
}

async function findInFolder(rootPath: string, options: SearchOptions): Promise<SourceFiles> {
  const folderName = fileName(rootPath);
  const scan = await scanFolder(rootPath, {
    exclude: [...options.exclude(rootPath)],
    signal: options.signal,
    onProgress: (found) => {
      options.onFound(folderName, found);
    },
  });
  return {
    files: scan.files.map((file) => ({
      filePath: file.path,
      rootPath,
      name: keyName(rootPath, file.relativePath),
      sizeBytes: file.sizeBytes,
    })),
    failures: await Promise.all(
      scan.unreadable.map(({ path: found, code }) => unreadable(found, code)),
    ),
    excluded: scan.excluded,
    skippedLinks: scan.skippedLinks,
    emptyFolders: scan.emptyFolders,
  };
}

/** A failure of the file system as an UploadError. */
async function sourceFailure(error: unknown, sourcePath: string): Promise<UploadError> {
  if (UploadError.is(error)) return error.with({ sourcePath });
  return unreadable(sourcePath, codeOf(error) ?? 'EIO', error);
}

async function unreadable(sourcePath: string, code: string, cause?: unknown): Promise<UploadError> {
  const details = { code, sourcePath, cause };
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
