import { isOptions, isTarget } from './checkpoint';
import { failureRecord, parseFailure } from './failureRecord';
import type { FailureRecord } from './failureRecord';
import { ItemTable } from './itemTable';
import { readRecords } from './journal';
import { JournalStore } from './journalStore';
import type { JournalEnd, JournalFormat, OpenJournal } from './journalStore';
import type { RecordFolder } from './recordFolder';
import type { UploadError } from '../contract/errors';
import type { UploadTarget } from '../contract/ports';
import type { UploadOptions } from '../contract/transfers';
import { isObject, isWhole } from '../base/guards';

const KIND = 'oss-upload-batch';
const VERSION = 1;
/** 100,000 files are about 50 MB. */
const MOST_BYTES = 256 * 1024 * 1024;
/** So many reasons that hold now are kept in memory: what failed for another one is interrupted. */
export const MOST_REASONS = 1000;

/** What a batch is, apart from its files. */
export interface BatchHeader {
  readonly label: string;
  readonly workspacePath: string;
  readonly createdMs: number;
}

/** One file of a batch that is not finished. */
export interface BatchItem {
  /** Id of the transfer and of its checkpoint. */
  readonly id: string;
  readonly filePath: string;
  readonly target: UploadTarget;
  readonly options: UploadOptions;
  /** As it was when it was asked for. */
  readonly sizeBytes: number;
  /** A discard that OSS has not heard of yet. */
  readonly isDiscarding: boolean;
}

/** What happened to a file of a batch: a line of its journal. */
export type BatchLine =
  /** It belongs to the batch; a later line of the same id takes the place of an earlier one. */
  | { readonly item: BatchItem }
  /** It is uploaded and verified. */
  | { readonly finished: string }
  /** It is no longer part of this batch. */
  | { readonly removed: string }
  /** The user has paused these. */
  | { readonly paused: readonly string[] }
  /** These failed for a reason that lasts. */
  | { readonly failed: readonly string[]; readonly error: FailureRecord }
  /** The user has discarded these, of which OSS may not have heard yet. */
  | { readonly discarding: readonly string[] }
  /** These are to go on. */
  | { readonly resumed: readonly string[] };

/** A batch as far as its file can be read; without `intactBytes` some of its lines could not. */
export interface SavedBatchFile extends JournalEnd {
  readonly state: 'valid';
  readonly header: BatchHeader;
  readonly items: ItemTable;
  /** Ids of the files that are uploaded and verified. */
  readonly finished: ReadonlySet<string>;
  readonly finishedBytes: number;
  /** Ids of the files that the user has paused. */
  readonly paused: ReadonlySet<string>;
  /** Why files failed, by their ids. */
  readonly failed: ReadonlyMap<string, UploadError>;
}

/** What a batch file turned out to be. */
export type BatchContent =
  | SavedBatchFile
  | { readonly state: 'damaged' }
  | { readonly state: 'newer'; readonly version: number };

/** What the user asked for and is not finished: a file for each batch, beside the checkpoints. */
export type BatchStore = JournalStore<BatchHeader, BatchLine, BatchContent>;

/** A batch file that is written to. */
export type OpenBatch = OpenJournal<BatchLine>;

/** How a batch lies on disk: its header, its files, and what happened to them. */
export const BATCH: JournalFormat<BatchLine, BatchContent> = {
  kind: KIND,
  version: VERSION,
  suffix: '.batch',
  mostBytes: MOST_BYTES,
  encode: (line) => line,
  read: readBatch,
};

/** The batches of a folder. */
export function batchesIn(records: RecordFolder): BatchStore {
  return new JournalStore(records, BATCH);
}

/** Reads a batch file, whatever it holds; never throws. A damaged line costs only its own file. */
export function readBatch(bytes: Uint8Array): BatchContent {
  const items = new ItemTable();
  const finished = new Set<string>();
  const paused = new Set<string>();
  const failed = new Map<string, UploadError>();
  /** Of how many files each reason is that of now. */
  const reasons = new Map<UploadError, number>();
  let finishedBytes = 0;
  let records = 0;
  let unreadable = 0;
  /** What was said of a file before is past. */
  const rest = (id: string, isPaused = false, reason?: UploadError): void => {
    const past = failed.get(id);
    if (past !== undefined) {
      const others = (reasons.get(past) ?? 1) - 1;
      if (others === 0) reasons.delete(past);
      else reasons.set(past, others);
      failed.delete(id);
    }
    paused.delete(id);
    if (isPaused) paused.add(id);
    if (reason === undefined || (!reasons.has(reason) && reasons.size >= MOST_REASONS)) return;
    failed.set(id, reason);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  const take = (record: unknown): void => {
    records++;
    const line = isObject(record) ? record : {};
    const item = parseItem(line['item']);
    const gone = line['finished'] ?? line['removed'];
    const moved = line['paused'] ?? line['resumed'] ?? line['failed'];
    const error = parseFailure(line['error']);
    if (item !== undefined) {
      items.set(item);
      rest(item.id);
    } else if (typeof gone === 'string') {
      const index = items.indexOf(gone);
      if ('finished' in line) {
        finished.add(gone);
        finishedBytes += items.sizeAt(index);
      }
      items.deleteAt(index);
      rest(gone);
    } else if (isTexts(line['discarding'])) {
      for (const id of line['discarding']) items.discardAt(items.indexOf(id));
    } else if (isTexts(moved) && 'failed' in line === (error !== undefined)) {
      for (const id of moved) rest(id, 'paused' in line, error);
    } else {
      unreadable++;
    }
  };
  const content = readRecords(KIND, bytes, take);
  const raw = content.header;
  const isVerified = content.state === 'intact' || records > 0;
  const version = isObject(raw) ? raw['version'] : undefined;
  if (!isVerified) return { state: 'damaged' };
  if (typeof version === 'number' && version > VERSION) return { state: 'newer', version };
  const header = parseHeader(raw);
  if (version !== VERSION || header === undefined) return { state: 'damaged' };

  const headerLine = `${content.firstLine}\n`;
  const intactBytes =
    content.state === 'intact' && unreadable === 0 ? content.intactBytes : undefined;
  const done = { finished, finishedBytes };
  return { state: 'valid', header, items, ...done, paused, failed, headerLine, intactBytes };
}

/** The lines of a batch file that is written whole: read again, it says the same of its files. */
export function* linesOf({
  items,
  finished = [],
  paused = [],
  failed = [],
}: Pick<SavedBatchFile, 'items'> & {
  readonly finished?: Iterable<string>;
  readonly paused?: Iterable<string>;
  readonly failed?: Iterable<readonly [string, UploadError]>;
}): Generator<BatchLine> {
  // First, because a file may have been asked for again.
  for (const id of finished) {
    const index = items.lastIndexOf(id);
    if (index >= 0) yield { item: items.at(index) };
    yield { finished: id };
  }
  for (const item of items) yield { item };
  const still = [...paused];
  if (still.length > 0) yield { paused: still };
  const idsOf = new Map<UploadError, string[]>();
  for (const [id, reason] of failed) {
    const ids = idsOf.get(reason);
    if (ids === undefined) idsOf.set(reason, [id]);
    else ids.push(id);
  }
  for (const [reason, ids] of idsOf) {
    const error = failureRecord(reason);
    if (error !== undefined) yield { failed: ids, error };
  }
}

function parseHeader(raw: unknown): BatchHeader | undefined {
  if (!isObject(raw)) return undefined;
  const { label, workspacePath, createdMs } = raw;
  const isValid =
    typeof label === 'string' &&
    typeof workspacePath === 'string' &&
    isWhole(createdMs, 0, Number.MAX_SAFE_INTEGER);
  return isValid ? { label, workspacePath, createdMs } : undefined;
}

function parseItem(raw: unknown): BatchItem | undefined {
  if (!isObject(raw)) return undefined;
  const { id, filePath, target, options, sizeBytes, isDiscarding } = raw;
  const isValid =
    typeof id === 'string' &&
    /^[0-9a-f]{32}$/.test(id) &&
    typeof filePath === 'string' &&
    isTarget(target) &&
    isOptions(options) &&
    isWhole(sizeBytes, 0, Number.MAX_SAFE_INTEGER) &&
    typeof isDiscarding === 'boolean';
  return isValid ? { id, filePath, target, options, sizeBytes, isDiscarding } : undefined;
}

function isTexts(raw: unknown): raw is string[] {
  return Array.isArray(raw) && raw.every((text) => typeof text === 'string');
}
