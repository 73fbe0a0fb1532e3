import { isActive, redact } from '../../engine/index';
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
  percentOf,
} from '../text/format';
import type { MessageAction } from '../text/buttons';
import { remediesOf } from '../text/causes';
import { failureOf } from '../text/failures';
import {
  batchPlace,
  distinctions,
  fileName,
  needsDecision,
  ossPath,
  ownTransfers,
  sumOfBatch,
} from '../text/transferFacts';
import type { Localizer, Words } from '../text/words';

/** The state of a row as menus of package.json know it. */
export type RowState =
  'running' | 'queued' | 'paused' | 'interrupted' | 'failed' | 'done' | 'discarding' | 'elsewhere';

/** A row of the view, in words. Two rows that are equal look the same. */
export interface TransferRow {
  readonly id: string;
  readonly kind: 'transfer' | 'batch' | 'more';
  readonly batchId: string;
  readonly label: string;
  readonly description: string;
  readonly state: RowState;
  /** What helps, where it waits for a decision. */
  readonly remedies: readonly MessageAction[];
  /** Read by a screen reader instead of label, description and icon. */
  readonly spoken: string;
}

/** As many children are shown at once. */
export const PAGE_SIZE = 200;

/** The icon of each state; the state stands beside it in words. */
export const ROW_ICONS: Readonly<Record<RowState, string>> = {
  running: 'sync~spin',
  // Not `clock`, which is the same picture as `history`.
  queued: 'watch',
  paused: 'debug-pause',
  interrupted: 'history',
  failed: 'warning',
  done: 'pass',
  discarding: 'trash',
  elsewhere: 'multiple-windows',
};

type Totals = TransfersSnapshot['totals'];

const ROW_STATES: Readonly<Record<TransferState, RowState>> = {
  queued: 'queued',
  preparing: 'running',
  uploading: 'running',
  waiting: 'running',
  completing: 'running',
  verifying: 'running',
  completed: 'done',
  paused: 'paused',
  interrupted: 'interrupted',
  failed: 'failed',
  discarding: 'discarding',
};

/**
 * What stands beside the name of the view, and the number on its icon: where uploads go, how many
 * run, how fast. `place` is '' where it is not known.
 */
export function viewHeader(
  { totals }: TransfersSnapshot,
  place: string,
  { l10n, language }: Words,
): {
  readonly description: string;
  readonly badge: { readonly value: number; readonly tooltip: string } | undefined;
} {
  const { active, speedBytesPerSecond } = totals;
  if (active === 0) return { description: place, badge: undefined };
  const speed = speedBytesPerSecond > 0 ? formatSpeed(speedBytesPerSecond, language) : '';
  return {
    description: [speed, place].filter((text) => text !== '').join(' · '),
    badge: {
      value: active,
      tooltip: l10n.t('Uploads running: {n}', { n: formatCount(active, language) }),
    },
  };
}

/** One row for each batch, the latest first: one file as itself, several below a parent. */
export function rootRows(snapshot: TransfersSnapshot, nowMs: number, words: Words): TransferRow[] {
  const totals = totalsOfOnly(snapshot);
  const batches = snapshot.batches
    .filter((batch) => batch.transfers.length > 0)
    .sort((one, other) => other.createdMs - one.createdMs);
  const marks = distinctions(batches, rootLabel, batchPlace);
  return batches.map((batch) => {
    const only = onlyTransfer(batch);
    const row =
      only === undefined ? parentRow(batch, words) : transferRow(only, batch, totals, nowMs, words);
    return marked(row, marks.get(batch), words.l10n);
  });
}

/** What is below a parent: all that is not done, the first pages of it. */
export function childRows(
  batch: BatchSnapshot,
  limit: number,
  snapshot: TransfersSnapshot,
  nowMs: number,
  words: Words,
): TransferRow[] {
  const { l10n, language } = words;
  const totals = totalsOfOnly(snapshot);
  const unfinished = batch.transfers.filter((transfer) => transfer.state !== 'completed');
  const shown = unfinished.slice(0, limit);
  const marks = distinctions(
    shown,
    ({ filePath }) => fileName(filePath),
    ({ target }) => target,
  );
  const rows = shown.map((transfer) =>
    marked(transferRow(transfer, batch, totals, nowMs, words), marks.get(transfer), l10n),
  );
  const hidden = unfinished.length - rows.length;
  if (hidden > 0) {
    const next = formatCount(Math.min(hidden, PAGE_SIZE), language);
    const label = l10n.t('Show {n} more', { n: next });
    rows.push({
      id: `more ${batch.id}`,
      kind: 'more',
      batchId: batch.id,
      label,
      description: l10n.t('{n} not shown', { n: formatCount(hidden, language) }),
      state: 'elsewhere',
      remedies: [],
      spoken: label,
    });
  }
  return rows;
}

/** The row of a batch: that of its file, when it has but one. */
export function rootId(batch: BatchSnapshot): string {
  return onlyTransfer(batch)?.id ?? `batch ${batch.id}`;
}

/** The transfers a row stands for; none for "Show more". */
export function transfersOfRow(
  id: string,
  { batches }: TransfersSnapshot,
): readonly TransferSnapshot[] {
  return batches.flatMap((batch) =>
    batch.transfers.filter((transfer) => transfer.id === id || rootId(batch) === id),
  );
}

/** What the tooltip of a transfer lists, as pairs of a name and a value. */
export function transferFactsList(
  transfer: TransferSnapshot,
  { l10n, language }: Words,
): [string, string][] {
  const { error } = transfer;
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
    [l10n.t('Error code'), error?.code],
    [l10n.t('Server message'), error?.message],
    ['RequestId', error?.requestId],
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
    ? l10n.t('in another window')
    : stateText(transfer, totals, nowMs, words);
  const { bucket } = transfer.target;
  return {
    id: transfer.id,
    kind: 'transfer',
    batchId: batch.id,
    label: name,
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
      return l10n.t('done');
    case 'paused':
      return transfer.error === undefined
        ? l10n.t('paused at {percent} %', { percent })
        : l10n.t('paused at {percent} %: {reason}', { percent, reason: reason() });
    case 'interrupted':
      return l10n.t('interrupted {when}', { when: formatAge(transfer.updatedMs, nowMs, words) });
    case 'failed':
      return l10n.t('failed: {reason}', { reason: reason() });
    case 'discarding':
      return l10n.t('will be removed from OSS');
  }
}

function isNetworkGone(error: TransferSnapshot['error']): boolean {
  return error === undefined || error.kind === 'network' || error.kind === 'timeout';
}

/** Of what OSS has accepted: bytes on their way may have to be sent again. */
function percentAccepted({ confirmedBytes, sizeBytes }: TransferSnapshot): number {
  return percentOf(confirmedBytes, sizeBytes);
}

function parentRow(batch: BatchSnapshot, words: Words): TransferRow {
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
  const stuck = batch.isElsewhere ? undefined : batch.transfers.find(needsDecision);
  const description = [...(word === undefined ? [] : [word]), ...numbers].join(' · ');
  return {
    id: rootId(batch),
    kind: 'batch',
    batchId: batch.id,
    label: batch.label,
    state,
    remedies: stuck === undefined ? [] : remediesOf(stuck, words),
    description,
    spoken: l10n.t('{name}, {done} of {total} files, {state}, to {place}', {
      name: batch.label,
      done,
      total,
      state: word ?? l10n.t('uploading'),
      place: ossPath(batchPlace(batch)),
    }),
  };
}

function batchState(batch: BatchSnapshot): RowState {
  if (batch.isElsewhere) return 'elsewhere';
  const states = new Set(batch.transfers.map((transfer) => ROW_STATES[transfer.state]));
  const order = ['running', 'queued', 'failed', 'interrupted', 'paused', 'discarding'] as const;
  return order.find((state) => states.has(state)) ?? 'done';
}

/** The state of a batch in a word; nothing while it runs, because its numbers say so. */
function batchWord(batch: BatchSnapshot, state: RowState, words: Words): string | undefined {
  const { l10n, language } = words;
  const failures = batch.transfers.filter((transfer) => transfer.state === 'failed').length;
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
    case 'elsewhere':
      return l10n.t('in another window');
  }
}

function rootLabel(batch: BatchSnapshot): string {
  const only = onlyTransfer(batch);
  return only === undefined ? batch.label : fileName(only.filePath);
}

/** The file of a batch that never had another one. */
function onlyTransfer(batch: BatchSnapshot): TransferSnapshot | undefined {
  const isOnly = batch.transfers.length === 1 && batch.finishedEarlier.files === 0;
  return isOnly ? batch.transfers[0] : undefined;
}

/** The totals of the window where they are those of one transfer, because nothing else moves. */
function totalsOfOnly(snapshot: TransfersSnapshot): Totals | undefined {
  const moving = ownTransfers(snapshot).filter(
    (transfer) => isActive(transfer) && transfer.state !== 'queued',
  );
  return moving.length === 1 ? snapshot.totals : undefined;
}
