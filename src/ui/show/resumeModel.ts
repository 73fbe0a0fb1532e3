import { WAITING_STATES } from '../../engine/index';
import type { BatchSnapshot, TransferSnapshot, TransfersSnapshot } from '../../engine/index';
import { counted, formatAge, formatBytes, formatCount, percentOf } from '../text/format';
import { isInside } from '../text/localPaths';
import {
  batchPlace,
  distinctions,
  hasOwnIn,
  needsDecision,
  ossPath,
  sumOf,
  sumOfBatch,
} from '../text/transferFacts';
import { failureOf } from '../text/failures';
import type { OneOrMany, Words } from '../text/words';

/** Where a row stands in the pick list. */
export type ResumeSection = 'workspace' | 'elsewhere' | 'attention' | 'old';

/** A batch that waits for the user: to him it is one upload, however many files it has. */
export interface ResumeItem {
  readonly batch: BatchSnapshot;
  /** The transfers of it that wait; those that are done stay out. */
  readonly waiting: readonly TransferSnapshot[];
  readonly section: ResumeSection;
  /** Accepted by OSS, of the whole batch. */
  readonly confirmedBytes: number;
  readonly sizeBytes: number;
  /** When it last moved. */
  readonly updatedMs: number;
  /** What tells it from others of the same label, where there are any. */
  readonly mark?: string | undefined;
}

/** What the sections depend on. */
export interface ResumeContext {
  readonly nowMs: number;
  readonly workspacePaths: readonly string[];
  readonly keepUnfinishedDays: number;
}

/** What the status bar says, and of how many uploads. */
export type StatusKind =
  | { readonly kind: 'hidden' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'resume' | 'credentials' | 'failed'; readonly count: number };

/** A status-bar item in words. */
export interface StatusText {
  readonly text: string;
  readonly label: string;
}

/** All that waits for the user in this window, the latest first within its section. */
export function resumeItems(snapshot: TransfersSnapshot, context: ResumeContext): ResumeItem[] {
  const items = snapshot.batches
    .filter((batch) => !batch.isElsewhere)
    .map((batch) => resumeItem(batch, context))
    .filter((item) => item.waiting.length > 0)
    .sort((one, other) => other.updatedMs - one.updatedMs);
  const marks = distinctions(
    items,
    ({ batch }) => batch.label,
    ({ batch }) => batchPlace(batch),
  );
  return items.map((item) => ({ ...item, mark: marks.get(item) }));
}

/** What is worth a place in the status bar. */
export function statusOf(items: readonly ResumeItem[], snapshot: TransfersSnapshot): StatusKind {
  const failed = items.filter((item) => item.waiting.some(isFailed)).length;
  if (failed > 0) return { kind: 'failed', count: failed };
  // What else needs a decision is paused and did not fail: its credentials are refused.
  const refused = items.filter((item) => item.waiting.some(needsDecision)).length;
  if (refused > 0) return { kind: 'credentials', count: refused };
  if (items.length > 0) return { kind: 'resume', count: items.length };
  const isMoving = hasOwnIn(snapshot, ['uploading', 'completing', 'verifying', 'preparing']);
  const isOffline = hasOwnIn(snapshot, ['waiting']) && !isMoving;
  return isOffline ? { kind: 'offline' } : { kind: 'hidden' };
}

/** A plain resume does not help: the user has to decide or to give credentials. */
export function isUrgent({ kind }: StatusKind): boolean {
  return kind === 'failed' || kind === 'credentials';
}

/** The sections of the pick list that have members, in the order for what the status bar says. */
export function resumeSections(
  items: readonly ResumeItem[],
  status: StatusKind,
): { readonly section: ResumeSection; readonly members: readonly ResumeItem[] }[] {
  // After a warning, Enter takes what it is about.
  const order: readonly ResumeSection[] = isUrgent(status)
    ? ['attention', 'workspace', 'elsewhere', 'old']
    : ['workspace', 'elsewhere', 'attention', 'old'];
  return order
    .map((section) => ({ section, members: items.filter((item) => item.section === section) }))
    .filter(({ members }) => members.length > 0);
}

/** Text and screen-reader label of the status bar; undefined when it is hidden. */
export function statusText(status: StatusKind, { l10n, language }: Words): StatusText | undefined {
  const isOne = 'count' in status && status.count === 1;
  const n = 'count' in status ? formatCount(status.count, language) : '';
  const say = (icon: string, text: string, label: string): StatusText => ({
    text: `$(${icon}) ${text}`,
    label,
  });
  switch (status.kind) {
    case 'hidden':
      return undefined;
    case 'offline':
      return say(
        'cloud-upload',
        l10n.t('OSS offline, retrying'),
        l10n.t('OSS cannot be reached, uploads are tried again. Press Enter to show them.'),
      );
    case 'resume':
      return say(
        'cloud-upload',
        isOne ? l10n.t('1 upload to resume') : l10n.t('{n} uploads to resume', { n }),
        isOne
          ? l10n.t('One OSS upload can be resumed. Press Enter to choose.')
          : l10n.t('{n} OSS uploads can be resumed. Press Enter to choose.', { n }),
      );
    case 'credentials':
      return say(
        'warning',
        isOne
          ? l10n.t('OSS: 1 upload needs credentials')
          : l10n.t('OSS: {n} uploads need credentials', { n }),
        isOne
          ? l10n.t('One OSS upload is paused and needs credentials. Press Enter to choose.')
          : l10n.t('{n} OSS uploads are paused and need credentials. Press Enter to choose.', {
              n,
            }),
      );
    case 'failed':
      return say(
        'warning',
        isOne ? l10n.t('OSS: 1 upload failed') : l10n.t('OSS: {n} uploads failed', { n }),
        isOne
          ? l10n.t('One OSS upload failed and needs a decision. Press Enter to choose.')
          : l10n.t('{n} OSS uploads failed and need a decision. Press Enter to choose.', { n }),
      );
  }
}

/**
 * The line of a batch in the pick list: how far, what is left, where to. What tells it from others
 * comes first, because the end of a long line is cut off.
 */
export function resumeDescription(item: ResumeItem, { l10n, language }: Words): string {
  return [
    ...(item.mark === undefined ? [] : [item.mark]),
    l10n.t('{percent} %', { percent: percentOf(item.confirmedBytes, item.sizeBytes) }),
    l10n.t('{size} left', { size: formatBytes(bytesLeft([item]), language) }),
    l10n.t('to {place}', { place: ossPath(batchPlace(item.batch)) }),
  ].join(' · ');
}

/** The second line: why it stopped and when. */
export function resumeDetail(item: ResumeItem, nowMs: number, words: Words): string {
  const { l10n } = words;
  const when = formatAge(item.updatedMs, nowMs, words);
  const states = new Set(item.waiting.map((transfer) => transfer.state));
  const reason = reasonOf(item, words);
  if (states.has('failed')) {
    return l10n.t('failed {when}: {reason}', { when, reason: reason ?? '' });
  }
  if (reason !== undefined) return l10n.t('paused {when}: {reason}', { when, reason });
  return states.has('interrupted')
    ? l10n.t('interrupted {when}', { when })
    : l10n.t('paused {when}', { when });
}

/**
 * What the tooltip of the status bar says of a batch: its line, and why it needs attention. Not
 * since when, because a tooltip is not written anew while nothing changes.
 */
export function tooltipLines(item: ResumeItem, reason: string | undefined, words: Words): string[] {
  const { l10n } = words;
  const line = `${item.batch.label} — ${resumeDescription(item, words)}`;
  if (item.section !== 'attention' || reason === undefined) return [line];
  const isPaused = !item.waiting.some(isFailed);
  return [
    line,
    isPaused ? l10n.t('paused: {reason}', { reason }) : l10n.t('failed: {reason}', { reason }),
  ];
}

/** In a few words, because a sentence would be cut off; the row's remedy says the rest. */
export function reasonOf({ waiting }: ResumeItem, words: Words): string | undefined {
  const stuck = waiting.find(
    (transfer) => transfer.state !== 'interrupted' && transfer.error !== undefined,
  );
  return stuck && failureOf(stuck.error, stuck, words).short;
}

/** What is still to be sent. */
export function bytesLeft(items: readonly ResumeItem[]): number {
  return items.reduce((sum, item) => sum + item.sizeBytes - item.confirmedBytes, 0);
}

/** What has been sent and would be lost by a discard. */
export function bytesSent(items: readonly ResumeItem[]): number {
  return items.reduce((sum, item) => sum + sumOf(item.waiting).confirmedBytes, 0);
}

function isFailed(transfer: TransferSnapshot): boolean {
  return transfer.state === 'failed';
}

function resumeItem(batch: BatchSnapshot, context: ResumeContext): ResumeItem {
  const waiting = batch.files.select(WAITING_STATES);
  const { updatedMs } = sumOf(waiting);
  const ageDays = (context.nowMs - updatedMs) / 86_400_000;
  let section: ResumeSection;
  if (waiting.some(needsDecision)) section = 'attention';
  else if (ageDays > context.keepUnfinishedDays) section = 'old';
  else if (isOfWorkspace(batch, waiting[0], context.workspacePaths)) section = 'workspace';
  else section = 'elsewhere';
  const { confirmedBytes, sizeBytes } = sumOfBatch(batch);
  return { batch, waiting, section, updatedMs, confirmedBytes, sizeBytes };
}

function isOfWorkspace(
  batch: BatchSnapshot,
  first: TransferSnapshot | undefined,
  workspacePaths: readonly string[],
): boolean {
  const paths = [batch.workspacePath, first?.filePath ?? ''];
  return workspacePaths.some((workspace) =>
    paths.some((path) => path !== '' && isInside(workspace, path)),
  );
}

const OLDER: OneOrMany = [
  (l10n) => l10n.t('Older than 1 day (storage is billed)'),
  (l10n) => l10n.t('Older than {n} days (storage is billed)'),
];

/** What stands above the rows of a section. */
export function sectionTitle(
  section: ResumeSection,
  keepUnfinishedDays: number,
  words: Words,
): string {
  const { l10n } = words;
  switch (section) {
    case 'workspace':
      return l10n.t('This workspace');
    case 'elsewhere':
      return l10n.t('Other folders');
    case 'attention':
      return l10n.t('Needs attention');
    case 'old':
      return counted(OLDER, keepUnfinishedDays, words);
  }
}
