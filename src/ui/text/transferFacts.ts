import path from 'node:path';

import { ACTIVE_STATES } from '../../engine/index';
import type {
  BatchSnapshot,
  TransferList,
  TransferSnapshot,
  TransferState,
  TransfersSnapshot,
  UploadTarget,
} from '../../engine/index';

/** Whether it cannot go on by a plain resume: it failed, or its credentials are refused. */
export function needsDecision(transfer: TransferSnapshot): boolean {
  return (
    transfer.state === 'failed' || (transfer.state === 'paused' && isAboutCredentials(transfer))
  );
}

/** Stopped because its credentials are missing, wrong or expired. */
export function isAboutCredentials(transfer: TransferSnapshot): boolean {
  return transfer.error?.isAboutCredentials === true;
}

/** The last segment of a path or a key; a drive has none and keeps its own. */
export function fileName(filePath: string, platform: Pick<typeof path, 'basename'> = path): string {
  return platform.basename(filePath) || filePath;
}

/** An object in OSS, or a folder, whose key ends in `/` or is empty. */
type Place = Pick<UploadTarget, 'bucket' | 'key'>;

/** `oss://bucket/key`, as the command-line tools take it. */
export function ossPath({ bucket, key }: Place): string {
  return `oss://${bucket}/${key}`;
}

/** More than this of a folder hides what stands behind it. */
const LONGEST_FOLDER = 40;

/** A folder of a bucket in few words: `bucket/docs`, of a long one its ends. */
export function folderLabel({ bucket, key }: Place): string {
  const folder = key.replace(/\/$/, '');
  if (folder === '') return bucket;
  const half = LONGEST_FOLDER / 2;
  const isLong = folder.length > LONGEST_FOLDER;
  return `${bucket}/${isLong ? `${folder.slice(0, half)}…${folder.slice(-half)}` : folder}`;
}

/** The folder of a key, with its `/` at the end; '' at the top. */
export function keyFolder(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** Where a batch goes: one object, or the folder all its objects share. */
export function batchPlace({ files }: BatchSnapshot): Place {
  const only = files.length === 1 ? files.all()[0] : undefined;
  return only?.target ?? sharedFolders([files])[0] ?? { bucket: '', key: '' };
}

/** For each bucket the folder that all objects of these lists there share. */
export function sharedFolders(lists: readonly TransferList[]): Place[] {
  return commonFolders(lists.flatMap((list) => list.folders().map((target) => ({ target }))));
}

/** For each bucket the folder that all objects there share; '' at its top. */
export function commonFolders(transfers: Iterable<{ readonly target: Place }>): Place[] {
  const folders = new Map<string, string>();
  for (const { target } of transfers) {
    let folder = folders.get(target.bucket) ?? keyFolder(target.key);
    while (!target.key.startsWith(folder)) folder = keyFolder(folder.slice(0, -1));
    folders.set(target.bucket, folder);
  }
  return Array.from(folders, ([bucket, key]) => ({ bucket, key }));
}

/** Whether the object gets tags, as far as that is known: they take a permission of their own. */
export function hasTags({ object }: Pick<TransferSnapshot, 'object'>): boolean {
  return Object.keys(object?.tags ?? {}).length > 0;
}

/**
 * What tells entries of the same label apart, in few words: their buckets, else their folders, else
 * their names, else all of it. Nothing for a label that is there but once, or goes to one place.
 */
export function distinctions<T>(
  entries: readonly T[],
  labelOf: (entry: T) => string,
  placeOf: (entry: T) => Place,
): ReadonlyMap<T, string> {
  const alike = new Map<string, T[]>();
  for (const entry of entries) {
    const label = labelOf(entry);
    const group = alike.get(label);
    if (group === undefined) alike.set(label, [entry]);
    else group.push(entry);
  }
  const result = new Map<T, string>();
  for (const group of alike.values()) {
    if (group.length === 1) continue;
    const texts = distinctTexts(group.map(placeOf));
    group.forEach((entry, at) => {
      const text = texts[at];
      if (text !== undefined) result.set(entry, text);
    });
  }
  return result;
}

/** The shortest texts that are as many as the places; none when all are one place. */
function distinctTexts(places: readonly Place[]): readonly string[] {
  const countOf = (texts: readonly string[]): number => new Set(texts).size;
  const paths = places.map(ossPath);
  const count = countOf(paths);
  if (count === 1) return [];
  const folders = places.map(({ key }) => keyFolder(key));
  const forms = [
    places.map(({ bucket }) => bucket),
    folders.map(innermost),
    folders.map((folder) => folder || '/'),
    places.map(({ key }) => key.slice(keyFolder(key).length)),
  ];
  return forms.find((texts) => countOf(texts) === count) ?? paths;
}

/** The last part of a folder, because rows are narrow: `web/2026/a/` → `…/a/`. */
function innermost(folder: string): string {
  const outer = keyFolder(folder.slice(0, -1));
  return outer === '' ? folder || '/' : `…/${folder.slice(outer.length)}`;
}

/** Sums over some transfers, for a row that stands for all of them. */
export function sumOf(transfers: readonly TransferSnapshot[]): {
  readonly sizeBytes: number;
  readonly confirmedBytes: number;
  readonly updatedMs: number;
} {
  let sizeBytes = 0;
  let confirmedBytes = 0;
  let updatedMs = 0;
  for (const transfer of transfers) {
    sizeBytes += transfer.sizeBytes;
    confirmedBytes += transfer.state === 'completed' ? transfer.sizeBytes : transfer.confirmedBytes;
    updatedMs = Math.max(updatedMs, transfer.updatedMs);
  }
  return { sizeBytes, confirmedBytes, updatedMs };
}

/** The same over a batch, with the files that were finished before this window took it up. */
export function sumOfBatch(batch: BatchSnapshot): {
  readonly files: number;
  readonly filesDone: number;
  readonly sizeBytes: number;
  readonly confirmedBytes: number;
} {
  const { files: list, finishedEarlier: earlier } = batch;
  return {
    files: earlier.files + list.length,
    filesDone: earlier.files + list.counts.completed,
    sizeBytes: earlier.sizeBytes + list.sizeBytes,
    confirmedBytes: earlier.sizeBytes + list.confirmedBytes,
  };
}

/** How many of a list are in one of these states. */
export function countIn({ counts }: TransferList, states: readonly TransferState[]): number {
  return states.reduce((sum, state) => sum + counts[state], 0);
}

/** The batches of this window of which something runs or waits for its turn. */
export function activeBatches({ batches }: TransfersSnapshot): BatchSnapshot[] {
  return batches.filter(
    ({ isElsewhere, files }) => !isElsewhere && countIn(files, ACTIVE_STATES) > 0,
  );
}

/** Whether anything of this window is in one of these states. */
export function hasOwnIn(
  { batches }: TransfersSnapshot,
  states: readonly TransferState[],
): boolean {
  return batches.some(({ isElsewhere, files }) => !isElsewhere && countIn(files, states) > 0);
}

/** Those of this window in some states, those of other windows left out; the first so many. */
export function ownIn(
  snapshot: TransfersSnapshot,
  states: readonly TransferState[],
  most?: number,
): TransferSnapshot[] {
  return snapshot.batches
    .filter((batch) => !batch.isElsewhere)
    .flatMap(({ files }) => files.select(states, most))
    .slice(0, most);
}

/** All transfers of this window, those of other windows left out. */
export function ownTransfers(snapshot: TransfersSnapshot): TransferSnapshot[] {
  return snapshot.batches.filter((batch) => !batch.isElsewhere).flatMap((batch) => batch.transfers);
}

/** Identifiers, for a call of the engine. */
export function idsOf(transfers: readonly TransferSnapshot[]): string[] {
  return transfers.map((transfer) => transfer.id);
}
