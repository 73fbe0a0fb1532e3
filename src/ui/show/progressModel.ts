import { ACTIVE_STATES, DEFAULT_PART_SIZE_BYTES, RUNNING_STATES } from '../../engine/index';
import type { BatchSnapshot, TransferSnapshot, TransfersSnapshot } from '../../engine/index';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatSpeed,
  nameInSentence,
  percentOf,
} from '../text/format';
import { failureOf } from '../text/failures';
import { plainText } from '../text/plainText';
import {
  activeBatches,
  fileName,
  folderLabel,
  ownIn,
  sharedFolders,
  sumOfBatch,
} from '../text/transferFacts';
import type { Words } from '../text/words';

/** So many are looked at: more than these take longer than an eye blinks. */
const MOST_BRIEF = 1000;

/** What the notification shows at one moment. */
export interface ProgressState {
  /** 0 to 100; never less than before. */
  readonly percent: number;
  readonly message: string;
}

/** Whether everything that runs may be over before a notification could be read. */
export function isBrief(snapshot: TransfersSnapshot): boolean {
  return ownIn(snapshot, ACTIVE_STATES, MOST_BRIEF).every(
    (transfer) =>
      transfer.partsTotal === 1 ||
      (transfer.partsTotal === 0 && transfer.sizeBytes <= DEFAULT_PART_SIZE_BYTES),
  );
}

/**
 * Bar and text for a snapshot. The bar holds still where the truth would make it go back, because
 * the total grew; the text tells the truth.
 */
export function progressOf(
  snapshot: TransfersSnapshot,
  previousPercent: number,
  nowMs: number,
  words: Words,
): ProgressState {
  // What runs, or what is the next to do so.
  const running = ownIn(snapshot, RUNNING_STATES);
  const active = running.length > 0 ? running : ownIn(snapshot, ['queued'], 1);
  const { totals } = snapshot;
  const share =
    totals.sizeBytes > 0
      ? percentOf(totals.doneBytes, totals.sizeBytes)
      : percentOf(totals.filesDone, totals.files);
  const percent = Math.max(previousPercent, share);
  const message =
    pauseText(snapshot, active, share, nowMs, words) ??
    stepText(active, words) ??
    bytesText(snapshot, active, share, words);
  const place = placeOf(snapshot);
  return { percent, message: words.l10n.t('Uploading to {place}: {message}', { place, message }) };
}

/** What Cancel has stopped: how far the only batch is, all of it; of several it would say nothing. */
export function stoppedText(
  [first, ...others]: readonly BatchSnapshot[],
  { l10n, language }: Words,
): string {
  if (first === undefined || others.length > 0) {
    const n = formatCount(others.length + 1, language);
    return l10n.t('Stopped {n} uploads. Progress is kept.', { n });
  }
  const { confirmedBytes, sizeBytes, files, filesDone } = sumOfBatch(first);
  const facts = {
    name: nameInSentence(first.label),
    p: percentOf(confirmedBytes, sizeBytes),
    done: formatCount(filesDone, language),
    total: formatCount(files, language),
  };
  return files === 1
    ? l10n.t('{name} is stopped at {p} %. Progress is kept.', facts)
    : l10n.t('{name} is stopped at {p} %, {done} of {total} files. Progress is kept.', facts);
}

/** Where all of it goes: the folder that its objects share, or the buckets. */
function placeOf(snapshot: TransfersSnapshot): string {
  const folders = sharedFolders(activeBatches(snapshot).map(({ files }) => files));
  const [only, ...others] = folders;
  const place =
    only !== undefined && others.length === 0
      ? folderLabel(only)
      : folders.map(({ bucket }) => bucket).join(', ');
  return plainText(place);
}

/** When nothing moves: of what and where, why, and when it is tried again. */
function pauseText(
  snapshot: TransfersSnapshot,
  active: readonly TransferSnapshot[],
  share: number,
  nowMs: number,
  words: Words,
): string | undefined {
  const running = active.filter((transfer) => transfer.state !== 'queued');
  const first = running[0];
  if (first === undefined || running.some((transfer) => transfer.state !== 'waiting')) {
    return undefined;
  }
  const nextTryMs = Math.min(...running.map((transfer) => transfer.nextTryMs ?? nowMs));
  const seconds = Math.ceil((nextTryMs - nowMs) / 1000);
  const reason = failureOf(first.error, { seconds }, words).waiting;
  return [...howFar(snapshot, active, share, words), reason].join(' · ');
}

/** When all of it is in the same step without bytes: before the first part, or after the last. */
function stepText(
  active: readonly TransferSnapshot[],
  { l10n, language }: Words,
): string | undefined {
  const running = active.filter((transfer) => transfer.state !== 'queued');
  const first = running[0] ?? active[0];
  if (first === undefined) return undefined;
  const all = (state: TransferSnapshot['state']): boolean =>
    running.every((transfer) => transfer.state === state);
  if (all('preparing')) return l10n.t('Checking {name}…', { name: shownName(first) });
  const isOne = running.length === 1;
  const facts = {
    name: shownName(first),
    n: formatCount(
      running.reduce((sum, transfer) => sum + transfer.partsTotal, 0),
      language,
    ),
  };
  if (all('verifying')) {
    return isOne ? l10n.t('Verifying {name}…', facts) : l10n.t('Verifying…');
  }
  if (!all('completing')) return undefined;
  return isOne
    ? l10n.t('Combining {n} parts of {name}…', facts)
    : l10n.t('Combining {n} parts…', facts);
}

/** What, and how far. */
function howFar(
  { totals }: TransfersSnapshot,
  active: readonly TransferSnapshot[],
  share: number,
  { l10n, language }: Words,
): readonly string[] {
  const first = active.find((transfer) => transfer.state !== 'queued') ?? active[0];
  const subject =
    totals.files > 1
      ? l10n.t('{i} of {n} files', {
          i: formatCount(Math.min(totals.filesDone + 1, totals.files), language),
          n: formatCount(totals.files, language),
        })
      : first === undefined
        ? ''
        : shownName(first);
  // The bar says it too, but not to a screen reader.
  return [subject, l10n.t('{percent} %', { percent: share })];
}

/** How far, how fast, how long. */
function bytesText(
  snapshot: TransfersSnapshot,
  active: readonly TransferSnapshot[],
  share: number,
  words: Words,
): string {
  const { l10n, language } = words;
  const { totals } = snapshot;
  const parts = [
    ...howFar(snapshot, active, share, words),
    l10n.t('{done} of {total}', {
      done: formatBytes(totals.doneBytes, language),
      total: formatBytes(totals.sizeBytes, language),
    }),
  ];
  if (totals.speedBytesPerSecond > 0) {
    parts.push(formatSpeed(totals.speedBytesPerSecond, language));
  }
  if (totals.secondsLeft !== undefined) {
    const eta = l10n.t('about {duration}', {
      duration: formatDuration(totals.secondsLeft, language),
    });
    parts.push(l10n.t('{eta} left', { eta }));
  }
  return `${parts.join(' · ')} [${l10n.t('Details')}](command:ossUpload.showTransfers)`;
}

/** A name beside a link of ours. */
function shownName(transfer: TransferSnapshot): string {
  return plainText(nameInSentence(fileName(transfer.filePath)));
}
