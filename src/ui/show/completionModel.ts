import type { SettledBatch, TransferList, TransferSnapshot, UploadError } from '../../engine/index';
import { CREDENTIALS, causeOf } from '../text/causes';
import { formatBytes, formatCount, nameInSentence } from '../text/format';
import { describeError } from '../text/messages';
import type { Message } from '../text/messages';
import { fileName, isAboutCredentials, ossPath, sharedFolders } from '../text/transferFacts';
import type { Words } from '../text/words';

/** One message about one or several batches. */
export interface Announcement {
  readonly message: Message;
  /** What its buttons act on, made when one is pressed: there may be a hundred thousand. */
  readonly about: () => readonly TransferSnapshot[];
  /** All went well: whether it is worth a toast is for {@link isWorthTelling} to say. */
  readonly isSuccess?: boolean;
}

/** Transfers that failed for one cause, and what became of the others of their batches. */
interface SharedCause {
  readonly failed: TransferSnapshot[];
  done: number;
  total: number;
  skipped: number;
}

/**
 * What has to be said after batches settled at about the same time: one message for all that
 * succeeded, and one for each cause of failure. What the user stopped himself, and what waits for
 * the network, is told elsewhere; what waits for credentials is {@link announceCredentials}.
 * `skippedOf` says how many files were left out of a batch because they exist, `unchanged` how many
 * of all batches because OSS has their bytes.
 */
export function announce(
  settled: readonly SettledBatch[],
  skippedOf: (batchId: string) => number,
  words: Words,
  unchanged = 0,
): Announcement[] {
  const announcements: Announcement[] = [];
  const successes: SettledBatch[] = [];
  const causes = new Map<string, SharedCause>();
  for (const entry of settled) {
    const failed = entry.ended.select(['failed']);
    const done = entry.ended.counts.completed;
    if (failed.length === 0) {
      if (done > 0 && done === entry.ended.length) successes.push(entry);
      continue;
    }
    const keys = new Set(failed.map((transfer) => causeOf(transfer, words)));
    const [key] = keys;
    if (keys.size > 1 || key === undefined) {
      announcements.push(
        summary(failed, done, entry.ended.length, skippedOf(entry.batch.id), words),
      );
      continue;
    }
    const cause = causes.get(key) ?? { failed: [], done: 0, total: 0, skipped: 0 };
    cause.skipped += skippedOf(entry.batch.id);
    cause.failed.push(...failed);
    cause.done += done;
    cause.total += entry.ended.length;
    causes.set(key, cause);
  }
  for (const cause of causes.values()) {
    const announcement = ofCause(cause, words);
    if (announcement !== undefined) announcements.push(announcement);
  }
  if (successes.length > 0) {
    const skipped = successes.reduce((sum, { batch }) => sum + skippedOf(batch.id), 0);
    announcements.push(success(successes, skipped, words));
  }
  // Of several messages the last one, which is that of the successes.
  return announcements.map((announcement, index) =>
    index === announcements.length - 1 && unchanged > 0
      ? withUnchanged(announcement, unchanged, words)
      : announcement,
  );
}

function withUnchanged(
  announcement: Announcement,
  unchanged: number,
  { l10n, language }: Words,
): Announcement {
  const { message } = announcement;
  const facts = { message: message.text, n: formatCount(unchanged, language) };
  const text = l10n.t('{message} · {n} unchanged', facts);
  return { ...announcement, message: { ...message, text } };
}

/** One message for all transfers that stopped because of the same credentials. */
export function announceCredentials(
  stopped: readonly TransferSnapshot[],
  words: Words,
): Announcement | undefined {
  const [first] = stopped;
  if (first?.error === undefined) return undefined;
  return {
    message: describeShared(first.error, stopped, false, words),
    about: () => stopped,
  };
}

/** Those that stopped because of their credentials, by profile. */
export function credentialStops(
  transfers: readonly TransferSnapshot[],
): ReadonlyMap<string, readonly TransferSnapshot[]> {
  const stops = new Map<string, TransferSnapshot[]>();
  for (const transfer of transfers) {
    if (transfer.state !== 'paused' && transfer.state !== 'failed') continue;
    if (!isAboutCredentials(transfer)) continue;
    const profile = transfer.target.profile;
    stops.set(profile, [...(stops.get(profile) ?? []), transfer]);
  }
  return stops;
}

/** What decides whether a success is worth a toast. */
interface Circumstances {
  /** Nothing was ever uploaded before. */
  readonly isFirst: boolean;
  /** The user has seen it run, and waits for its end. */
  readonly wasProgressShown: boolean;
  readonly isWindowFocused: boolean;
  /** There are files of which nothing else shows that they were looked at. */
  readonly hasUnchanged: boolean;
}

/** Whether a success is worth a toast: the status bar says it anyway. */
export function isWorthTelling(
  setting: 'whenUseful' | 'always' | 'never',
  { isFirst, wasProgressShown, isWindowFocused, hasUnchanged }: Circumstances,
): boolean {
  const isUseful = isFirst || wasProgressShown || !isWindowFocused || hasUnchanged;
  return setting === 'always' || (setting === 'whenUseful' && isUseful);
}

/** What the status bar says of what was uploaded; undefined when nothing was. */
export function uploadedText(
  ended: readonly TransferList[],
  { l10n, language }: Words,
): string | undefined {
  const done = ended.filter(({ counts }) => counts.completed > 0);
  const [first] = done[0]?.select(['completed'], 1) ?? [];
  if (first === undefined) return undefined;
  const count = done.reduce((sum, { counts }) => sum + counts.completed, 0);
  const folders = done.flatMap((list) => list.folders(['completed']));
  const facts = {
    name: nameInSentence(fileName(first.filePath)),
    n: formatCount(count, language),
    bucket: [...new Set(folders.map(({ bucket }) => bucket))].join(', '),
  };
  return count === 1
    ? l10n.t('Uploaded {name} to {bucket}', facts)
    : l10n.t('Uploaded {n} files to {bucket}', facts);
}

function ofCause(cause: SharedCause, words: Words): Announcement | undefined {
  const [first] = cause.failed;
  if (first?.error === undefined) {
    return summary(cause.failed, cause.done, cause.total, cause.skipped, words);
  }
  // The first is told for all transfers of the profile at once; the second the user did himself.
  if (causeOf(first, words) === CREDENTIALS || first.error.kind === 'aborted') return undefined;
  const message = describeShared(first.error, cause.failed, cause.total > 1, words);
  const { failed, done, total, skipped } = cause;
  const text =
    total > 1
      ? `${summaryText(failed.length, done, total, skipped, words)} ${message.text}`
      : message.text;
  return {
    message: { ...message, text },
    about: () => cause.failed,
  };
}

/** One failure of all of these. */
function describeShared(
  error: UploadError,
  failed: readonly TransferSnapshot[],
  hasVerdict: boolean,
  words: Words,
): Message {
  // What is sent as a whole has one part to the view, and none in OSS.
  const inParts = failed.filter(({ partsTotal }) => partsTotal > 1);
  const partsDone = inParts.reduce((sum, transfer) => sum + transfer.partsDone, 0);
  return describeError(error, { ...failed[0], partsDone, count: failed.length, hasVerdict }, words);
}

function summary(
  failed: readonly TransferSnapshot[],
  done: number,
  total: number,
  skipped: number,
  words: Words,
): Announcement {
  return {
    message: {
      text: summaryText(failed.length, done, total, skipped, words),
      severity: 'warning',
      actions: [{ kind: 'retryFailed' }, { kind: 'showUploads' }],
    },
    about: () => failed,
  };
}

function summaryText(
  failed: number,
  done: number,
  total: number,
  skipped: number,
  { l10n, language }: Words,
): string {
  const facts = {
    n: formatCount(done, language),
    m: formatCount(total, language),
    k: formatCount(failed, language),
    s: formatCount(skipped, language),
  };
  return skipped === 0
    ? l10n.t('Uploaded {n} of {m} files. {k} failed.', facts)
    : l10n.t('Uploaded {n} of {m} files. {k} failed, {s} skipped.', facts);
}

function success(settled: readonly SettledBatch[], skipped: number, words: Words): Announcement {
  const { l10n, language } = words;
  const ended = settled.map((entry) => entry.ended);
  const count = ended.reduce((sum, { length }) => sum + length, 0);
  const isOne = count === 1;
  const first = isOne ? ended[0]?.all()[0] : undefined;
  const facts = {
    name: nameInSentence(fileName(first?.filePath ?? '')),
    n: formatCount(count, language),
    size: formatBytes(
      ended.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      language,
    ),
    place: sharedFolders(ended).map(ossPath).join(', '),
  };
  return {
    message: {
      text: withSkipped(
        isOne
          ? l10n.t('Uploaded {name} ({size}) to {place}', facts)
          : l10n.t('Uploaded {n} files ({size}) to {place}', facts),
        skipped,
        words,
      ),
      severity: 'information',
      actions: [{ kind: isOne ? 'copyUrl' : 'copyUrls' }, { kind: 'dontShowAgain' }],
    },
    about: () => ended.flatMap((list) => list.all()),
    isSuccess: true,
  };
}

/** A message with what the user, or a setting, left out of what was chosen. */
function withSkipped(text: string, skipped: number, { l10n, language }: Words): string {
  if (skipped === 0) return text;
  return l10n.t('{message} · {n} skipped', { message: text, n: formatCount(skipped, language) });
}
