/** The rows of what is in the history, as the view and the search show them. */
import type { FinishedFile, HistoryEntry, TransferSnapshot } from '../../engine/index';
import { formatCount, nameInRow } from '../text/format';
import { fileName } from '../text/transferFacts';
import type { Words } from '../text/words';
import { DONE_PREFIX, FINISHED_ID, doneFacts, filesText, stateIn } from './transfersModel';
import type { TransferRow } from './transfersModel';

/** The row above all that is in the history. */
export function finishedRow(count: number, { l10n, language }: Words): TransferRow {
  const label = l10n.t('Finished');
  const n = formatCount(count, language);
  const description = count === 1 ? l10n.t('1 upload') : l10n.t('{n} uploads', { n });
  const spoken = l10n.t('{first}, {second}', { first: label, second: description });
  const texts = { label, name: label, description, spoken };
  return { id: FINISHED_ID, kind: 'batch', batchId: '', state: 'finished', remedies: [], ...texts };
}

/** The row of an entry. */
export function entryRow(entry: HistoryEntry, nowMs: number, words: Words): TransferRow {
  const { id, label, files, only, sizeBytes, finishedMs, place } = entry;
  const facts = doneFacts(sizeBytes, finishedMs, place, nowMs, words);
  const description = only === undefined ? `${filesText(files, words)} · ${facts}` : facts;
  return {
    id: DONE_PREFIX + id,
    kind: only === undefined ? 'batch' : 'transfer',
    ...textsOf(id, label, description, words),
  };
}

/** The row of a file below an entry. */
export function fileRow(
  entry: HistoryEntry,
  file: FinishedFile,
  nowMs: number,
  words: Words,
): TransferRow {
  const { sizeBytes, finishedMs, target } = file;
  const facts = doneFacts(sizeBytes, finishedMs, target, nowMs, words);
  const texts = textsOf(entry.id, fileName(file.filePath), facts, words);
  return { id: `${DONE_PREFIX}${entry.id}/${file.id}`, kind: 'transfer', ...texts };
}

/** Which entry a row belongs to, and which file of it; undefined for other rows. */
export function entryOfRow(
  id: string,
): { readonly entryId: string; readonly fileId: string | undefined } | undefined {
  if (!id.startsWith(DONE_PREFIX)) return undefined;
  const [entryId = '', fileId] = id.slice(DONE_PREFIX.length).split('/');
  return { entryId, fileId };
}

/** A file of the history as the transfer that it was, for all that is done with one. */
export function transferOf(entry: HistoryEntry, file: FinishedFile): TransferSnapshot {
  const { id, filePath, target, sizeBytes, finishedMs, result } = file;
  return {
    id,
    batchId: entry.id,
    filePath,
    target,
    state: 'completed',
    sizeBytes,
    confirmedBytes: sizeBytes,
    resumedBytes: 0,
    inFlightBytes: 0,
    uploadId: '',
    partsDone: 0,
    partsTotal: 0,
    createdMs: entry.createdMs,
    updatedMs: finishedMs,
    result,
    retries: 0,
  };
}

function textsOf(
  batchId: string,
  name: string,
  description: string,
  { l10n }: Words,
): Omit<TransferRow, 'id' | 'kind'> {
  const spoken = l10n.t('{first}, {second}', { first: name, second: description });
  return {
    batchId,
    state: 'done',
    remedies: [],
    label: nameInRow(name, stateIn(description)),
    name,
    description,
    spoken,
  };
}
