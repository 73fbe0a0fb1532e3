/**
 * What a language model asks for, read and answered. What it is told is English and not translated,
 * as the description of the tools is. Knows no editor.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';

import { UNFINISHED_STATES, isObject, redact } from '../../../engine/index';
import type { TransferSnapshot, TransferState, TransfersSnapshot } from '../../../engine/index';
import { percentOf } from '../../text/format';
import { prefixProblem } from '../../text/keyNames';
import { isInside } from '../../text/localPaths';
import { ossPath } from '../../text/transferFacts';
import type { UploadCallResult } from './uploadApi';

/** So many files and folders are taken in one call. */
const MOST_PATHS = 1000;
/** So many entries of a list are told; a model gains nothing by more. */
const MOST_ENTRIES = 100;

/** A transfer as the model is told of it. */
interface Entry {
  readonly file: string;
  readonly object: string;
  readonly state: TransferSnapshot['state'];
  readonly sizeBytes: number;
  readonly percent: number;
  readonly inAnotherWindow?: true;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What `upload_to_oss` is asked for. */
export interface UploadInput {
  readonly paths: readonly string[];
  /** Folder in the bucket; undefined: that of the settings. */
  readonly folder: string | undefined;
}

/** Reads the input of `upload_to_oss`. Throws an Error that tells the model what is wrong. */
export function readUploadInput(input: unknown): UploadInput {
  const { paths, folder } = isObject(input) ? input : {};
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > MOST_PATHS) {
    throw new Error(`"paths" has to be a list of 1 to ${MOST_PATHS} paths.`);
  }
  const texts = paths.filter((one) => typeof one === 'string' && one.trim() !== '') as string[];
  if (texts.length < paths.length) throw new Error('Each of "paths" has to be a path.');
  if (folder === undefined || folder === '') return { paths: texts, folder: undefined };
  if (typeof folder !== 'string' || prefixProblem(folder) !== undefined) {
    throw new Error('"folder" has to be a folder in the bucket, such as "docs/images/".');
  }
  return { paths: texts, folder };
}

/**
 * The paths as absolute ones, relative ones taken from the first workspace folder that has them.
 * Throws an Error when one is not there, or not inside of a workspace folder with all links followed.
 */
export async function pathsInWorkspace(
  paths: readonly string[],
  workspaceFolders: readonly string[],
): Promise<readonly string[]> {
  if (workspaceFolders.length === 0) throw new Error('No folder is open in the editor.');
  const found: string[] = [];
  for (const each of paths) {
    const candidates = path.isAbsolute(each)
      ? [each]
      : workspaceFolders.map((folder) => path.resolve(folder, each));
    const real = await Promise.all(candidates.map((one) => realpath(one).catch(() => undefined)));
    const at = real.findIndex((one) => one !== undefined);
    const candidate = candidates[at];
    if (candidate === undefined) throw new Error(`There is no ${each} in the workspace.`);
    await assertInWorkspace([candidate], workspaceFolders);
    found.push(path.resolve(candidate));
  }
  return found;
}

/** Throws an Error when a file lies outside of the workspace, as it is written or with links followed. */
export async function assertInWorkspace(
  filePaths: readonly string[],
  workspaceFolders: readonly string[],
): Promise<void> {
  const real = await Promise.all(workspaceFolders.map((folder) => realpath(folder)));
  for (const filePath of filePaths) {
    const isWritten = workspaceFolders.some((folder) => isInside(folder, filePath));
    const followed = await realpath(filePath);
    if (isWritten && real.some((folder) => isInside(folder, followed))) continue;
    throw new Error(
      `${filePath} is outside of the workspace: only files inside of it are uploaded.`,
    );
  }
}

/** What `upload_to_oss` answers. */
export function uploadAnswer({ uploaded, failed, unchanged }: UploadCallResult): string {
  const isNothing = uploaded.length === 0 && failed.length === 0;
  return JSON.stringify({
    ...(isNothing
      ? { note: 'Nothing was uploaded: the user left, or everything is in OSS already.' }
      : {}),
    uploadedFiles: uploaded.length,
    failedFiles: failed.length,
    unchangedFiles: unchanged,
    uploaded: uploaded.slice(0, MOST_ENTRIES),
    failed: failed
      .slice(0, MOST_ENTRIES)
      .map(({ uri, code, message }) => ({ uri, code, message: redact(message) })),
  });
}

/** What `list_oss_uploads` answers: what runs and waits before what is done. */
export function listAnswer({ batches, totals }: TransfersSnapshot): string {
  const entriesIn = (states: readonly TransferState[]): Entry[] =>
    batches.flatMap(({ files, isElsewhere }) =>
      files.select(states, MOST_ENTRIES).map((transfer) => entryOf(transfer, isElsewhere)),
    );
  const sorted = [...entriesIn(UNFINISHED_STATES), ...entriesIn(['completed'])];
  return JSON.stringify({
    running: totals.active,
    waitingForUser: totals.waitingForUser,
    total: batches.reduce((sum, { files }) => sum + files.length, 0),
    uploads: sorted.slice(0, MOST_ENTRIES),
  });
}

function entryOf(transfer: TransferSnapshot, isElsewhere: boolean): Entry {
  const { filePath, target, state, sizeBytes, confirmedBytes, error } = transfer;
  const isDone = state === 'completed';
  return {
    file: filePath,
    object: ossPath(target),
    state,
    sizeBytes,
    percent: isDone ? 100 : percentOf(confirmedBytes, sizeBytes),
    ...(isElsewhere ? { inAnotherWindow: true } : {}),
    ...(error === undefined
      ? {}
      : { error: { code: redact(error.code), message: redact(error.message) } }),
  };
}
