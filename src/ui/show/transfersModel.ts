import { RUNNING_STATES, TRANSFER_STATES, UNFINISHED_STATES, redact } from '../../engine/index';
import type {
  BatchSnapshot,
  TransferSnapshot,
  TransferState,
  TransfersSnapshot,
} from '../../engine/index';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDate,
  formatDuration,
  formatSpeed,
  formatWhen,
  percentOf,
  nameInRow,
} from '../text/format';
import type { MessageAction } from '../text/buttons';
import { remediesOf } from '../text/causes';
import { failureOf } from '../text/failures';
import {
  batchPlace,
  countIn,
  distinctions,
  fileName,
  needsDecision,
  keyFolder,
  ossPath,
  sumOfBatch,
} from '../text/transferFacts';
import type { Localizer, Words } from '../text/words';

/** The state of a row as menus of package.json know it. */
export type RowState =
  | 'running'
  | 'waiting'
  | 'queued'
  | 'paused'
  | 'interrupted'
  | 'failed'
  | 'done'
  | 'discarding'
  | 'elsewhere'
  | 'finished';

/** A row of the view, in words. Two rows that are equal look the same. */
export interface TransferRow {
  readonly id: string;
  readonly kind: 'transfer' | 'batch' | 'more';
  readonly batchId: string;
  /** Short enough to leave room for the description. */
  readonly label: string;
  /** The whole name, for a tooltip. */
  readonly name: string;
  readonly description: string;
  readonly state: RowState;
  /** What helps, where it waits for a decision. */
  readonly remedies: readonly MessageAction[];
  /** Read by a screen reader instead of label, description and icon. */
  readonly spoken: string;
}

/** As many children are shown at once. */
export const PAGE_SIZE = 200;

/** The icon of each state, another shape for each; the state stands beside it in words. */
export const ROW_ICONS: Readonly<Record<RowState, string>> = {
  running: 'sync~spin',
  // Stands still: nothing is being sent.
  waiting: 'debug-disconnect',
  // Not `clock`, which is the same picture as `history`.
  queued: 'watch',
  paused: 'debug-pause',
  interrupted: 'history',
  failed: 'warning',
  done: 'pass',
  discarding: 'trash',
  elsewhere: 'multiple-windows',
  finished: 'archive',
};

/** The colour of the icon, where a state has one. */
export const ROW_COLORS: Readonly<Partial<Record<RowState, string>>> = {
  waiting: 'charts.yellow',
  paused: 'charts.blue',
  // Not `charts.orange`, which the dark theme draws nearly black.
  interrupted: 'charts.purple',
  failed: 'list.errorForeground',
  done: 'testing.iconPassed',
  elsewhere: 'disabledForeground',
};

/** What is above the rows of finished uploads. */
export const FINISHED_ID = 'finished';
/** What the ids of their rows begin with. */
export const DONE_PREFIX = 'done ';

type Totals = TransfersSnapshot['totals'];

const ROW_STATES: Readonly<Record<TransferState, RowState>> = {
  queued: 'queued',
  preparing: 'running',
  uploading: 'running',
  waiting: 'waiting',
  completing: 'running',
  verifying: 'running',
  completed: 'done',
  paused: 'paused',
  interrupted: 'interrupted',
  failed: 'failed',
  discarding: 'discarding',
};

/** The row of a batch or of a transfer that is the same as before; undefined when it may not be. */
export type KnownRow = (of: BatchSnapshot | TransferSnapshot) => TransferRow | undefined;

/** One row for each batch, the latest first: one file as itself, several below a parent. */
export function rootRows(
  snapshot: TransfersSnapshot,
  nowMs: number,
  words: Words,
  known?: KnownRow,
): TransferRow[] {
  const totals = totalsOfOnly(snapshot);
  const batches = snapshot.batches
    .filter((batch) => batch.files.length > 0)
    .sort((one, other) => other.createdMs - one.createdMs);
  const marks = distinctions(batches, rootLabel, batchPlace);
  return batches.map((batch) => {
    const same = known?.(batch);
    if (same !== undefined) return same;
    const only = onlyTransfer(batch);
    const row =
      only === undefined
        ? parentRow(batch, nowMs, words)
        : transferRow(only, batch, totals, nowMs, words);
    return marked(row, marks.get(batch), words.l10n);
  });
}

/**
 * What is below a parent, the first pages of it: all that is not done, and a row above what is done;
 * when nothing else is left, what is done itself.
 */
export function childRows(
  batch: BatchSnapshot,
  limit: number,
  snapshot: TransfersSnapshot,
  nowMs: number,
  words: Words,
  known?: KnownRow,
): TransferRow[] {
  const { filesDone } = sumOfBatch(batch);
  if (batch.files.counts.completed === batch.files.length)
    return doneRows(batch, limit, nowMs, words, known);
  const rows = pageOf(
    batch,
    rootId(batch),
    UNFINISHED_STATES,
    limit,
    totalsOfOnly(snapshot),
    nowMs,
    words,
    known,
  );
  if (filesDone > 0) rows.push(doneParent(batch, filesDone, words));
  return rows;
}

/** The finished files of a batch that this window knows, the first pages of them. */
export function doneRows(
  batch: BatchSnapshot,
  limit: number,
  nowMs: number,
  words: Words,
  known?: KnownRow,
): TransferRow[] {
  const isAll = batch.files.counts.completed === batch.files.length;
  const parent = isAll ? rootId(batch) : doneParentId(batch);
  return pageOf(batch, parent, ['completed'], limit, undefined, nowMs, words, known);
}

/** The row above the finished files of a batch. */
export function doneParentId({ id }: BatchSnapshot): string {
  return `done-of ${id}`;
}

function doneParent(batch: BatchSnapshot, files: number, { l10n, language }: Words): TransferRow {
  const n = formatCount(files, language);
  const label = files === 1 ? l10n.t('1 file finished') : l10n.t('{n} files finished', { n });
  const id = doneParentId(batch);
  const texts = { label, name: label, description: '', spoken: label };
  return { id, kind: 'batch', batchId: batch.id, state: 'done', remedies: [], ...texts };
}

function pageOf(
  batch: BatchSnapshot,
  parent: string,
  states: readonly TransferState[],
  limit: number,
  totals: Totals | undefined,
  nowMs: number,
  words: Words,
  known: KnownRow | undefined,
): TransferRow[] {
  const { l10n } = words;
  const shown = batch.files.select(states, limit);
  const marks = distinctions(
    shown,
    ({ filePath }) => fileName(filePath),
    ({ target }) => target,
  );
  const rows = shown.map(
    (transfer) =>
      known?.(transfer) ??
      marked(transferRow(transfer, batch, totals, nowMs, words), marks.get(transfer), l10n),
  );
  return [...rows, ...moreRow(parent, batch.id, countIn(batch.files, states) - rows.length, words)];
}

/** The row that shows the next page below a parent; none when nothing is hidden. */
export function moreRow(
  parent: string,
  batchId: string,
  hidden: number,
  { l10n, language }: Words,
): TransferRow[] {
  if (hidden <= 0) return [];
  const next = formatCount(Math.min(hidden, PAGE_SIZE), language);
  const label = l10n.t('Show {n} more', { n: next });
  const description = l10n.t('{n} not shown', { n: formatCount(hidden, language) });
  const texts = { label, name: label, description, spoken: label };
  return [
    {
      id: `${MORE_PREFIX}${parent}`,
      kind: 'more',
      batchId,
      state: 'elsewhere',
      remedies: [],
      ...texts,
    },
  ];
}

/** What the id of a row that shows the next page begins with, before that of its parent. */
export const MORE_PREFIX = 'more ';

/** The row of a batch: that of its file, when it has but one. */
export function rootId(batch: BatchSnapshot): string {
  return onlyTransfer(batch)?.id ?? `batch ${batch.id}`;
}

/** The transfers a row stands for; none for "Show more". */
export function transfersOfRow(
  id: string,
  { batches }: TransfersSnapshot,
): readonly TransferSnapshot[] {
  return batches.flatMap((batch) => {
    if (id === doneParentId(batch)) return batch.files.select(['completed']);
    return rootId(batch) === id ? batch.transfers : (batch.files.get(id) ?? []);
  });
}

/** What the tooltip of a transfer lists, as pairs of a name and a value. */
export function transferFactsList(
  transfer: TransferSnapshot,
  { l10n, language }: Words,
): [string, string][] {
  const { error, result } = transfer;
  const facts: [string, string | undefined][] = [
    [l10n.t('From'), transfer.filePath],
    [l10n.t('To'), ossPath(transfer.target)],
    [
      l10n.t('Size'),
      l10n.t('{done} of {total}', {
        done: formatBytes(transfer.confirmedBytes, language),
        total: formatBytes(transfer.sizeBytes, language),
      }),
    ],
    [
      l10n.t('Parts'),
      transfer.partsTotal === 0 ? undefined : `${transfer.partsDone}/${transfer.partsTotal}`,
    ],
    [l10n.t('Started'), formatDate(transfer.createdMs, language)],
    [l10n.t('Finished'), result && formatDate(transfer.updatedMs, language)],
    ['CRC-64', result?.crc64],
    ['ETag', result?.etag],
    [l10n.t('Version'), result?.versionId],
    [l10n.t('Error code'), error?.code],
    [l10n.t('Server message'), error?.message],
    ['RequestId', error?.requestId ?? result?.requestId],
    ['EC', error?.ec],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, redact(value)]]));
}

/** Two things one after the other, for a voice. */
function listed(first: string, second: string, l10n: Localizer): string {
  return l10n.t('{first}, {second}', { first, second });
}

/** With what tells it from rows of the same label: in front, because a narrow row ends early. */
function marked(row: TransferRow, mark: string | undefined, l10n: Localizer): TransferRow {
  if (mark === undefined) return row;
  // What is spoken of a parent names its place anyway.
  const spoken = row.kind === 'batch' ? row.spoken : listed(row.spoken, mark, l10n);
  return { ...row, description: `${mark} · ${row.description}`, spoken };
}

function transferRow(
  transfer: TransferSnapshot,
  batch: BatchSnapshot,
  totals: Totals | undefined,
  nowMs: number,
  words: Words,
): TransferRow {
  const { l10n } = words;
  const name = fileName(transfer.filePath);
  const description = batch.isElsewhere
    ? elsewhereText(percentOf(transfer.confirmedBytes, transfer.sizeBytes), words)
    : stateText(transfer, totals, nowMs, words);
  const { bucket } = transfer.target;
  return {
    id: transfer.id,
    kind: 'transfer',
    batchId: batch.id,
    label: nameInRow(name, stateIn(description)),
    name,
    description,
    state: batch.isElsewhere ? 'elsewhere' : ROW_STATES[transfer.state],
    remedies: batch.isElsewhere ? [] : remediesOf(transfer, words),
    spoken:
      transfer.state === 'uploading' && !batch.isElsewhere
        ? l10n.t('{name}, {percent} percent, uploading to {bucket}', {
            name,
            percent: percentAccepted(transfer),
            bucket,
          })
        : listed(name, description, l10n),
  };
}

function stateText(
  transfer: TransferSnapshot,
  totals: Totals | undefined,
  nowMs: number,
  words: Words,
): string {
  const { l10n, language } = words;
  const percent = percentAccepted(transfer);
  const reason = (): string => failureOf(transfer.error, transfer, words).short;
  switch (transfer.state) {
    case 'queued':
      return l10n.t('queued');
    case 'preparing':
      return l10n.t('checking');
    case 'uploading': {
      const texts = [l10n.t('{percent} %', { percent })];
      if (totals !== undefined && totals.speedBytesPerSecond > 0) {
        texts.push(formatSpeed(totals.speedBytesPerSecond, language));
      }
      if (totals?.secondsLeft !== undefined) {
        texts.push(formatDuration(totals.secondsLeft, language));
      }
      return texts.join(' · ');
    }
    case 'waiting':
      return isNetworkGone(transfer.error)
        ? l10n.t('waiting for the network at {percent} %', { percent })
        : l10n.t('waiting at {percent} %: {reason}', { percent, reason: reason() });
    case 'completing':
      return l10n.t('combining parts');
    case 'verifying':
      return l10n.t('verifying');
    case 'completed':
      return l10n.t('done · {facts}', {
        facts: doneFacts(transfer.sizeBytes, transfer.updatedMs, transfer.target, nowMs, words),
      });
    case 'paused':
      return transfer.error === undefined
        ? l10n.t('paused at {percent} %', { percent })
        : l10n.t('paused at {percent} %: {reason}', { percent, reason: reason() });
    case 'interrupted':
      return l10n.t('interrupted at {percent} %, {when}', {
        percent,
        when: formatAge(transfer.updatedMs, nowMs, words),
      });
    case 'failed':
      return l10n.t('failed: {reason}', { reason: reason() });
    case 'discarding':
      return l10n.t('will be removed from OSS');
  }
}

/** What of a row has to be seen whole: not the facts behind it. */
export function stateIn(description: string): string {
  return description.split(/ · |, |: |，|：/, 1)[0] ?? '';
}

/** Size, time and place of what is done. */
export function doneFacts(
  sizeBytes: number,
  finishedMs: number,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  nowMs: number,
  { language }: Words,
): string {
  const size = formatBytes(sizeBytes, language);
  const place = `${bucket}/${keyFolder(key)}`;
  return [size, formatWhen(finishedMs, nowMs, language), place].join(' · ');
}

function elsewhereText(percent: number, { l10n }: Words): string {
  return l10n.t('{percent} % in another window', { percent });
}

function isNetworkGone(error: TransferSnapshot['error']): boolean {
  return error === undefined || error.kind === 'network' || error.kind === 'timeout';
}

/** Of what OSS has accepted: bytes on their way may have to be sent again. */
function percentAccepted({ confirmedBytes, sizeBytes }: TransferSnapshot): number {
  return percentOf(confirmedBytes, sizeBytes);
}

/** So many files, in words. */
export function filesText(files: number, { l10n, language }: Words): string {
  return files === 1 ? l10n.t('1 file') : l10n.t('{n} files', { n: formatCount(files, language) });
}

function parentRow(batch: BatchSnapshot, nowMs: number, words: Words): TransferRow {
  const { l10n, language } = words;
  const state = batchState(batch);
  const { files, filesDone, confirmedBytes, sizeBytes } = sumOfBatch(batch);
  const done = formatCount(filesDone, language);
  const total = formatCount(files, language);
  const bytes = l10n.t('{done} of {total}', {
    done: formatBytes(confirmedBytes, language),
    total: formatBytes(sizeBytes, language),
  });
  const word = batchWord(batch, state, words);
  const numbers = [l10n.t('{done} of {total}', { done, total }), bytes];
  const stuck = batch.isElsewhere
    ? undefined
    : batch.files.select(['failed', 'paused']).find(needsDecision);
  const place = batchPlace(batch);
  if (state === 'done') {
    const facts = doneFacts(sizeBytes, batch.files.updatedMs, place, nowMs, words);
    numbers.splice(0, 2, filesText(files, words), facts);
  }
  const description = [...(word === undefined ? [] : [word]), ...numbers].join(' · ');
  return {
    id: rootId(batch),
    kind: 'batch',
    batchId: batch.id,
    label: nameInRow(batch.label, stateIn(description)),
    name: batch.label,
    state,
    remedies: stuck === undefined ? [] : remediesOf(stuck, words),
    description,
    spoken: l10n.t('{name}, {done} of {total} files, {state}, to {place}', {
      name: batch.label,
      done,
      total,
      state: word ?? l10n.t('uploading'),
      place: ossPath(place),
    }),
  };
}

function batchState(batch: BatchSnapshot): RowState {
  if (batch.isElsewhere) return 'elsewhere';
  const { counts } = batch.files;
  const states = new Set(
    TRANSFER_STATES.filter((state) => counts[state] > 0).map((state) => ROW_STATES[state]),
  );
  const order = [
    'running',
    'waiting',
    'queued',
    'failed',
    'interrupted',
    'paused',
    'discarding',
  ] as const;
  return order.find((state) => states.has(state)) ?? 'done';
}

/** The state of a batch in a word; nothing while it runs, because its numbers say so. */
function batchWord(batch: BatchSnapshot, state: RowState, words: Words): string | undefined {
  const { l10n, language } = words;
  const failures = batch.files.counts.failed;
  const failed = l10n.t('{n} failed', { n: formatCount(failures, language) });
  switch (state) {
    case 'running':
      return failures === 0 ? undefined : failed;
    case 'failed':
      return failed;
    case 'queued':
      return l10n.t('queued');
    case 'interrupted':
      return l10n.t('interrupted');
    case 'paused':
      return l10n.t('paused');
    case 'done':
      return l10n.t('done');
    case 'discarding':
      return l10n.t('will be removed from OSS');
    case 'elsewhere': {
      const { confirmedBytes, sizeBytes } = sumOfBatch(batch);
      return elsewhereText(percentOf(confirmedBytes, sizeBytes), words);
    }
    case 'waiting':
      return l10n.t('waiting for the network');
    case 'finished':
      return undefined;
  }
}

function rootLabel(batch: BatchSnapshot): string {
  const only = onlyTransfer(batch);
  return only === undefined ? batch.label : fileName(only.filePath);
}

/** The file of a batch that never had another one. */
function onlyTransfer(batch: BatchSnapshot): TransferSnapshot | undefined {
  const isOnly = batch.files.length === 1 && batch.finishedEarlier.files === 0;
  return isOnly ? batch.files.all()[0] : undefined;
}

/** The totals of the window where they are those of one transfer, because nothing else moves. */
function totalsOfOnly(snapshot: TransfersSnapshot): Totals | undefined {
  const moving = snapshot.batches.reduce(
    (sum, { isElsewhere, files }) => sum + (isElsewhere ? 0 : countIn(files, RUNNING_STATES)),
    0,
  );
  return moving === 1 ? snapshot.totals : undefined;
}
