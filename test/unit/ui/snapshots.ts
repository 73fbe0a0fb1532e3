import bundle from '../../../l10n/bundle.l10n.zh-cn.json';
import { noCounts } from '../../../src/engine/contract/transfers';
import { UploadError } from '../../../src/engine/index';
import type {
  BatchSnapshot,
  TransferList,
  TransferSnapshot,
  TransfersSnapshot,
  UploadErrorDetails,
  UploadErrorKind,
} from '../../../src/engine/index';
import type { Words } from '../../../src/ui/text/words';

export const KB = 1024;
export const MB = 1024 * KB;
export const GB = 1024 * MB;

/** Noon of a day, local time. */
export const NOW = new Date(2026, 10, 22, 12, 0, 0).getTime();

/** The words of an English user. */
export const english: Words = {
  language: 'en',
  l10n: { t: (message, args) => fill(message, args) },
};

/** The words of a Chinese user, out of the real bundle. */
export const chinese: Words = {
  language: 'zh-cn',
  l10n: {
    t: (message, args) => {
      const translated = (bundle as Record<string, string>)[message];
      if (translated === undefined) throw new Error(`not in the bundle: ${message}`);
      return fill(translated, args);
    },
  },
};

/** A transfer of 1 GB to `oss://films/2026/video.mp4`, queued. */
export function transfer(changes: Partial<TransferSnapshot> = {}): TransferSnapshot {
  return {
    id: 't1',
    batchId: 'b1',
    filePath: '/home/me/video.mp4',
    target: { bucket: 'films', key: '2026/video.mp4', region: 'cn-hangzhou', profile: '' },
    state: 'queued',
    sizeBytes: GB,
    confirmedBytes: 0,
    resumedBytes: 0,
    inFlightBytes: 0,
    uploadId: '',
    partsDone: 0,
    partsTotal: 128,
    createdMs: NOW - 60_000,
    updatedMs: NOW,
    retries: 0,
    ...changes,
  };
}

/** A batch of these transfers, whose ids and batch ids are made to fit. */
export function batch(
  transfers: readonly Partial<TransferSnapshot>[],
  changes: Partial<BatchSnapshot> = {},
): BatchSnapshot {
  const id = changes.id ?? 'b1';
  const own = transfers.map((entry, index) =>
    transfer({ id: `${id}-t${index + 1}`, ...entry, batchId: id }),
  );
  return {
    id,
    label: 'video.mp4',
    createdMs: NOW - 60_000,
    isElsewhere: false,
    workspacePath: '/home/me',
    finishedEarlier: { files: 0, sizeBytes: 0 },
    ...changes,
    transfers: own,
    files: listOf(own),
  };
}

/** These transfers as the engine gives them. */
export function listOf(transfers: readonly TransferSnapshot[]): TransferList {
  const counts = noCounts();
  for (const { state } of transfers) counts[state]++;
  const sum = (of: (one: TransferSnapshot) => number): number =>
    transfers.reduce((total, one) => total + of(one), 0);
  return {
    counts,
    length: transfers.length,
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
    confirmedBytes: sum((one) => (one.state === 'completed' ? one.sizeBytes : one.confirmedBytes)),
    updatedMs: Math.max(0, ...transfers.map(({ updatedMs }) => updatedMs)),
    folders: (states) =>
      transfers
        .filter(({ state }) => states?.includes(state) !== false)
        .map(({ target: { bucket, key } }) => ({
          bucket,
          key: key.slice(0, key.lastIndexOf('/') + 1),
        })),
    select: (states, most = Infinity) =>
      transfers.filter(({ state }) => states.includes(state)).slice(0, most),
    get: (id) => transfers.find((one) => one.id === id),
    all: () => transfers,
  };
}

/** A snapshot of these batches with totals that fit. */
export function snapshot(
  batches: readonly BatchSnapshot[],
  totals: Partial<TransfersSnapshot['totals']> = {},
): TransfersSnapshot {
  const own = batches.filter((entry) => !entry.isElsewhere).flatMap((entry) => entry.transfers);
  return {
    batches,
    totals: {
      active: own.length,
      waitingForUser: 0,
      files: own.length,
      filesDone: own.filter((entry) => entry.state === 'completed').length,
      sizeBytes: own.reduce((sum, entry) => sum + entry.sizeBytes, 0),
      doneBytes: own.reduce((sum, entry) => sum + entry.confirmedBytes, 0),
      speedBytesPerSecond: 0,
      ...totals,
    },
  };
}

/** All kinds of failures. */
export const KINDS = Object.keys({
  network: true,
  timeout: true,
  throttled: true,
  server: true,
  badResponse: true,
  checksumMismatch: true,
  noSuchUpload: true,
  invalidParts: true,
  credentials: true,
  noCredentials: true,
  clockSkew: true,
  accessDenied: true,
  noSuchBucket: true,
  wrongRegion: true,
  publicEndpointForbidden: true,
  domainUnusable: true,
  accountBlocked: true,
  alreadyExists: true,
  refused: true,
  certificate: true,
  invalidArgument: true,
  sourceMissing: true,
  sourceUnreadable: true,
  sourceNotAFile: true,
  sourceChanged: true,
  heldElsewhere: true,
  checkpointNewer: true,
  aborted: true,
  internal: true,
} satisfies Record<UploadErrorKind, true>) as UploadErrorKind[];

/** A failure; one with an EC has a help page, as those of OSS have. */
export function failure(
  kind: UploadErrorKind,
  details: Partial<UploadErrorDetails> = {},
  message = 'what OSS said',
): UploadError {
  const page = details.ec === undefined ? {} : { helpUrl: 'https://api.aliyun.com/troubleshoot' };
  return new UploadError(kind, message, { code: 'SomeCode', ...page, ...details });
}

function fill(message: string, args: Record<string, string | number> = {}): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => String(args[name] ?? whole));
}
