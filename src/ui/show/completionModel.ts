import type { SettledBatch, TransferSnapshot, UploadError } from '../../engine/index';
import { failureOf } from '../text/failures';
import { formatBytes, formatCount } from '../text/format';
import { describeError } from '../text/messages';
import type { Message } from '../text/messages';
import { fileName, isAboutCredentials } from '../text/transferFacts';
import type { Words } from '../text/words';

/** One message about one or several batches. */
export interface Announcement {
  readonly message: Message;
  /** What its buttons act on. */
  readonly about: readonly TransferSnapshot[];
  /** For a success, how long the longest took: a quick one needs no words. */
  readonly succeededAfterMs?: number;
}

/** Transfers that failed for one cause, and what became of the others of their batches. */
interface SharedCause {
  readonly failed: TransferSnapshot[];
  done: number;
  total: number;
}

const CREDENTIALS = 'credentials';

/**
 * What has to be said after batches settled at about the same time: one message for all that
 * succeeded, and one for each cause of failure. What the user stopped himself, and what waits for
 * the network, is told elsewhere; what waits for credentials is {@link announceCredentials}.
 */
export function announce(settled: readonly SettledBatch[], words: Words): Announcement[] {
  const announcements: Announcement[] = [];
  const successes: SettledBatch[] = [];
  const causes = new Map<string, SharedCause>();
  for (const entry of settled) {
    const failed = entry.ended.filter((transfer) => transfer.state === 'failed');
    const done = entry.ended.filter((transfer) => transfer.state === 'completed').length;
    if (failed.length === 0) {
      if (done > 0 && done === entry.ended.length) successes.push(entry);
      continue;
    }
    const keys = new Set(failed.map((transfer) => causeOf(transfer, words)));
    const [key] = keys;
    if (keys.size > 1 || key === undefined) {
      announcements.push(summary(failed, done, entry.ended.length, words));
      continue;
    }
    const cause = causes.get(key) ?? { failed: [], done: 0, total: 0 };
    cause.failed.push(...failed);
    cause.done += done;
    cause.total += entry.ended.length;
    causes.set(key, cause);
  }
  for (const cause of causes.values()) {
    const announcement = ofCause(cause, words);
    if (announcement !== undefined) announcements.push(announcement);
  }
  if (successes.length > 0) announcements.push(success(successes, words));
  return announcements;
}

/** One message for all transfers that stopped because of the same credentials. */
export function announceCredentials(
  stopped: readonly TransferSnapshot[],
  words: Words,
): Announcement | undefined {
  const [first] = stopped;
  if (first?.error === undefined) return undefined;
  return {
    message: describeShared(first.error, stopped, words),
    about: stopped,
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

/** Whether a success is worth a toast: the user cannot have seen it, or has waited for it. */
export function isWorthTelling(
  setting: 'whenUseful' | 'always' | 'never',
  elapsedMs: number,
  isWindowFocused: boolean,
): boolean {
  switch (setting) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'whenUseful':
      return elapsedMs > 10_000 || !isWindowFocused;
  }
}

/** Failures with the same key have the same remedy, so that one button helps all of them. */
function causeOf(transfer: TransferSnapshot, words: Words): string {
  const { id, error, target } = transfer;
  const failure = failureOf(error, transfer, words);
  switch (failure.scope) {
    case 'file':
      return id;
    case 'bucket':
      return `${failure.id} ${target.bucket} ${target.profile}`;
    case 'credentials':
      return CREDENTIALS;
    case 'argument':
      return `${failure.id} ${error?.field ?? ''}`;
    case 'everything':
      return failure.id;
  }
}

function ofCause(cause: SharedCause, words: Words): Announcement | undefined {
  const [first] = cause.failed;
  if (first?.error === undefined) return summary(cause.failed, cause.done, cause.total, words);
  // The first is told for all transfers of the profile at once; the second the user did himself.
  if (causeOf(first, words) === CREDENTIALS || first.error.kind === 'aborted') return undefined;
  const message = describeShared(first.error, cause.failed, words);
  const text =
    cause.total > 1
      ? `${summaryText(cause.failed.length, cause.done, cause.total, words)} ${message.text}`
      : message.text;
  return {
    message: { ...message, text },
    about: cause.failed,
  };
}

/** One failure of all of these. */
function describeShared(
  error: UploadError,
  failed: readonly TransferSnapshot[],
  words: Words,
): Message {
  // What is sent as a whole has one part to the view, and none in OSS.
  const inParts = failed.filter(({ partsTotal }) => partsTotal > 1);
  const partsDone = inParts.reduce((sum, transfer) => sum + transfer.partsDone, 0);
  return describeError(error, { ...failed[0], partsDone, count: failed.length }, words);
}

function summary(
  failed: readonly TransferSnapshot[],
  done: number,
  total: number,
  words: Words,
): Announcement {
  return {
    message: {
      text: summaryText(failed.length, done, total, words),
      severity: 'warning',
      actions: [{ kind: 'retryFailed' }, { kind: 'showUploads' }],
    },
    about: failed,
  };
}

function summaryText(failed: number, done: number, total: number, words: Words): string {
  const { l10n, language } = words;
  return l10n.t('Uploaded {n} of {m} files. {k} failed.', {
    n: formatCount(done, language),
    m: formatCount(total, language),
    k: formatCount(failed, language),
  });
}

function success(settled: readonly SettledBatch[], { l10n, language }: Words): Announcement {
  const about = settled.flatMap((entry) => entry.ended);
  const size = formatBytes(
    about.reduce((sum, transfer) => sum + transfer.sizeBytes, 0),
    language,
  );
  const [first] = about;
  const isOne = about.length === 1 && first !== undefined;
  return {
    message: {
      text: isOne
        ? l10n.t('Uploaded {name} ({size}).', { name: fileName(first.filePath), size })
        : l10n.t('Uploaded {n} files ({size}).', { n: formatCount(about.length, language), size }),
      severity: 'information',
      actions: [{ kind: isOne ? 'copyUrl' : 'copyUrls' }, { kind: 'dontShowAgain' }],
    },
    about,
    succeededAfterMs: Math.max(...settled.map((entry) => entry.elapsedMs)),
  };
}
