import { isOptions, isTarget } from './checkpoint';
import { JournalWriter, readJournal } from './journal';
import type { UploadTarget } from '../contract/ports';
import type { UploadOptions } from '../contract/transfers';
import { isObject, isWhole } from '../base/guards';

const KIND = 'oss-upload-batch';
const VERSION = 1;

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

/** What a batch file turned out to be. `isDamaged`: some of its lines could not be read. */
export type BatchContent =
  | {
      readonly state: 'valid';
      readonly header: BatchHeader;
      readonly items: ReadonlyMap<string, BatchItem>;
      /** Ids of the files that are uploaded and verified. */
      readonly finished: ReadonlySet<string>;
      readonly finishedBytes: number;
      /** Ids of the files that the user has paused. */
      readonly paused: ReadonlySet<string>;
      readonly isDamaged: boolean;
      readonly intactBytes: number;
    }
  | { readonly state: 'damaged' }
  | { readonly state: 'newer'; readonly version: number };

/** The text of a batch file, and of the lines to append to it. */
export class BatchWriter {
  private readonly journal: JournalWriter;

  constructor(header: BatchHeader) {
    this.journal = new JournalWriter(KIND, { version: VERSION, ...header });
  }

  get headerLine(): string {
    return this.journal.headerLine;
  }

  /** A file of the batch; a later line of the same id takes the place of an earlier one. */
  itemLine(item: BatchItem): string {
    return this.journal.line({ item });
  }

  /** The file is uploaded and verified. */
  finishedLine(id: string): string {
    return this.journal.line({ finished: id });
  }

  /** The user has paused these files. */
  pausedLine(ids: readonly string[]): string {
    return this.journal.line({ paused: ids });
  }

  /** These files are to go on. */
  resumedLine(ids: readonly string[]): string {
    return this.journal.line({ resumed: ids });
  }

  /** The file is no longer part of this batch. */
  removedLine(id: string): string {
    return this.journal.line({ removed: id });
  }
}

/** Reads a batch file, whatever it holds; never throws. A damaged line costs only its own file. */
export function readBatch(bytes: Uint8Array): BatchContent {
  const content = readJournal(KIND, bytes);
  const raw = content.header;
  const isVerified = content.state === 'intact' || content.records.length > 0;
  const version = isObject(raw) ? raw['version'] : undefined;
  if (!isVerified) return { state: 'damaged' };
  if (typeof version === 'number' && version > VERSION) return { state: 'newer', version };
  const header = parseHeader(raw);
  if (version !== VERSION || header === undefined) return { state: 'damaged' };

  const items = new Map<string, BatchItem>();
  const finished = new Set<string>();
  const paused = new Set<string>();
  let finishedBytes = 0;
  let isDamaged = content.state === 'damaged';
  for (const record of content.records) {
    const line = isObject(record) ? record : {};
    const item = parseItem(line['item']);
    const gone = line['finished'] ?? line['removed'];
    const moved = line['paused'] ?? line['resumed'];
    if (item !== undefined) {
      items.set(item.id, item);
    } else if (typeof gone === 'string') {
      if ('finished' in line) {
        finished.add(gone);
        finishedBytes += items.get(gone)?.sizeBytes ?? 0;
      }
      items.delete(gone);
    } else if (isTexts(moved)) {
      for (const id of moved) {
        if ('paused' in line) paused.add(id);
        else paused.delete(id);
      }
    } else {
      isDamaged = true;
    }
  }
  const intactBytes = content.state === 'intact' ? content.intactBytes : 0;
  const done = { finished, finishedBytes };
  return { state: 'valid', header, items, ...done, paused, isDamaged, intactBytes };
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
