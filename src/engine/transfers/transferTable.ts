import { TransferView } from './transferView';
import { grown } from '../base/textPack';
import type { UploadError } from '../contract/errors';
import type { TransferList, TransferSnapshot, TransferState } from '../contract/transfers';
import type { BatchItem } from '../record/batchRecord';
import { ItemTable } from '../record/itemTable';
import { Transfer } from './transfer';
import type { RestState, TransferHost } from './transfer';

const FIRST_ROOM = 64;
/** So many that are completed keep what OSS said of them: all that is said is in the history. */
const KEPT = 1000;

/** The code of what is not there, which columns are filled with. */
export const GONE = 0;
/** The states of what has no object of its own, by their codes. */
export const STATE_OF: readonly (RestState | undefined)[] = [
  undefined,
  'queued',
  'completed',
  'paused',
  'interrupted',
  'failed',
  'discarding',
];
/** The code of a transfer that runs, or has run: it is an object. */
export const LIVE = STATE_OF.length;

const QUEUED = STATE_OF.indexOf('queued');
const COMPLETED = STATE_OF.indexOf('completed');

/** What is noted of a transfer beside its state. */
export const MARKS = {
  /** Part of the sums over the current run, see `RunTotals`. */
  member: 1,
  /** Completed, and only a part of these sums any more. */
  counted: 2,
  /** Started since its batch had settled. */
  started: 4,
  /** Another window may have sent it meanwhile. */
  mayBeDone: 8,
} as const;

/** What a table is told of its batch. */
export interface TableOwner {
  readonly id: string;
  readonly createdMs: number;
}

/**
 * The transfers of one batch. Until one runs, and after it is completed, it is a line in columns of
 * numbers, some 70 bytes, by the number that its item has; in between it is an object.
 */
export class TransferTable {
  private codes = new Uint8Array(FIRST_ROOM);
  private marks = new Uint8Array(FIRST_ROOM);
  private updatedMs = new Float64Array(FIRST_ROOM);
  private readonly counts = new Uint32Array(LIVE + 1);
  private readonly objects = new Map<number, Transfer>();
  private readonly errors = new Map<number, UploadError>();
  private readonly finished = new Map<number, TransferSnapshot>();

  constructor(
    private readonly owner: TableOwner,
    private readonly host: TransferHost,
    /** What is in it already is queued. */
    readonly items = new ItemTable(),
  ) {
    for (const index of items.indices()) this.enter(index, 'queued', owner.createdMs);
  }

  /** Transfers that are there. */
  get size(): number {
    return this.items.size;
  }

  /** One more than the highest number. */
  get length(): number {
    return this.items.length;
  }

  /** Those that are objects, by their numbers. */
  get live(): ReadonlyMap<number, Transfer> {
    return this.objects;
  }

  /** Puts one in, in the place of any of the same id, and tells its number. */
  add(
    item: BatchItem,
    state: RestState,
    updatedMs = this.owner.createdMs,
    error?: UploadError,
  ): number {
    const index = this.items.set(item);
    this.enter(index, state, updatedMs);
    if (error !== undefined) this.errors.set(index, error);
    return index;
  }

  has(id: string): boolean {
    return this.items.has(id);
  }

  /** The number of a transfer by its object; undefined when it is not there any more. */
  indexOf(transfer: Transfer): number | undefined {
    const index = this.items.indexOf(transfer.id);
    return this.objects.get(index) === transfer ? index : undefined;
  }

  /** The transfer as an object, which it is from now on. */
  at(index: number): Transfer {
    const known = this.objects.get(index);
    if (known !== undefined) return known;
    const transfer = this.make(index);
    this.setCode(index, LIVE);
    this.objects.set(index, transfer);
    this.errors.delete(index);
    return transfer;
  }

  stateAt(index: number): TransferState | undefined {
    return this.objects.get(index)?.state ?? STATE_OF[this.codeAt(index)];
  }

  /** Whether it runs or waits for its turn. */
  isActiveAt(index: number): boolean {
    return this.objects.get(index)?.isActive ?? this.codes[index] === QUEUED;
  }

  /** Whether it waits for its turn. */
  isQueuedAt(index: number): boolean {
    const transfer = this.objects.get(index);
    if (transfer === undefined) return this.codes[index] === QUEUED;
    return transfer.state === 'queued' && !transfer.isRunning;
  }

  /** Moves one that does not run. Whom this concerns has to be told. */
  moveTo(index: number, state: RestState, nowMs: number, error?: UploadError): void {
    const transfer = this.objects.get(index);
    if (transfer !== undefined) {
      transfer.moveTo(state, error);
      return;
    }
    this.setCode(index, STATE_OF.indexOf(state));
    this.updatedMs[index] = nowMs;
    if (error === undefined) this.errors.delete(index);
    else this.errors.set(index, error);
  }

  /** To be called when it is completed and its run is over: it is no object any more. */
  finish(transfer: Transfer): void {
    const index = this.indexOf(transfer);
    if (index === undefined) return;
    const snapshot = transfer.snapshot();
    if (this.finished.size < KEPT) this.finished.set(index, snapshot);
    this.items.setSizeAt(index, snapshot.sizeBytes);
    this.updatedMs[index] = snapshot.updatedMs;
    this.objects.delete(index);
    this.setCode(index, COMPLETED);
  }

  deleteAt(index: number): void {
    if (!this.items.hasAt(index)) return;
    this.items.deleteAt(index);
    this.objects.delete(index);
    this.errors.delete(index);
    this.finished.delete(index);
    this.setCode(index, GONE);
  }

  delete(id: string): void {
    const index = this.items.indexOf(id);
    if (index >= 0) this.deleteAt(index);
  }

  /** No transfer runs or waits for its turn. */
  get isSettled(): boolean {
    if ((this.counts[QUEUED] ?? 0) > 0) return false;
    for (const transfer of this.objects.values()) if (transfer.isActive) return false;
    return true;
  }

  /** How many run or wait for their turn. */
  get activeCount(): number {
    let count = this.counts[QUEUED] ?? 0;
    for (const transfer of this.objects.values()) if (transfer.isActive) count++;
    return count;
  }

  /** All of them are completed. */
  get isCompleted(): boolean {
    const inColumns = this.counts[COMPLETED] ?? 0;
    if (inColumns + this.objects.size < this.size) return false;
    for (const { state } of this.objects.values()) if (state !== 'completed') return false;
    return true;
  }

  hasMark(index: number, mark: number): boolean {
    return ((this.marks[index] ?? 0) & mark) !== 0;
  }

  mark(index: number, mark: number): void {
    this.marks[index] = (this.marks[index] ?? 0) | mark;
  }

  unmark(index: number, mark: number): void {
    this.marks[index] = (this.marks[index] ?? 0) & ~mark;
  }

  /** Takes a mark from all. */
  unmarkAll(mark: number): void {
    for (let index = 0; index < this.length; index++) this.unmark(index, mark);
  }

  /** The code of the state of that one, {@link LIVE} or {@link GONE}. */
  codeAt(index: number): number {
    return this.codes[index] ?? GONE;
  }

  /** All of them, or those with a mark, as they are now. */
  list(mark?: number): TransferList {
    const codes = this.codes.slice(0, this.length);
    if (mark !== undefined) {
      for (let index = 0; index < codes.length; index++) {
        if (!this.hasMark(index, mark)) codes[index] = GONE;
      }
    }
    const live = new Map<number, TransferSnapshot>();
    for (const [index, transfer] of this.objects) live.set(index, transfer.snapshot());
    return new TransferView(this, codes, live, mark === undefined);
  }

  sizeAt(index: number): number {
    return this.items.sizeAt(index);
  }

  updatedAt(index: number): number {
    return this.updatedMs[index] ?? 0;
  }

  /** The transfer with that number at this moment. */
  snapshotOf(index: number): TransferSnapshot {
    return this.objects.get(index)?.snapshot() ?? this.snapshotAt(index, this.codeAt(index));
  }

  /** A snapshot of one that is no object, in that state. */
  snapshotAt(index: number, code: number): TransferSnapshot {
    const finished = code === COMPLETED ? this.finished.get(index) : undefined;
    return finished ?? this.make(index, STATE_OF[code]).snapshot();
  }

  /** Takes another item in the place of that of the same id, if there is one. */
  change(item: BatchItem): void {
    const index = this.items.indexOf(item.id);
    if (index < 0) return;
    this.items.set(item);
    const transfer = this.objects.get(index);
    if (transfer !== undefined) transfer.item = item;
  }

  private enter(index: number, state: RestState, updatedMs: number): void {
    this.objects.delete(index);
    this.errors.delete(index);
    this.finished.delete(index);
    this.codes = grown(this.codes, index + 1);
    this.marks = grown(this.marks, index + 1);
    this.updatedMs = grown(this.updatedMs, index + 1);
    this.setCode(index, STATE_OF.indexOf(state));
    this.marks[index] = state === 'queued' ? 0 : MARKS.mayBeDone;
    this.updatedMs[index] = updatedMs;
  }

  private setCode(index: number, code: number): void {
    const before = this.codeAt(index);
    this.counts[before] = (this.counts[before] ?? 0) - 1;
    this.counts[code] = (this.counts[code] ?? 0) + 1;
    this.codes[index] = code;
  }

  private make(index: number, state = STATE_OF[this.codeAt(index)] ?? 'queued'): Transfer {
    const { id, createdMs } = this.owner;
    const mayBeDone = this.hasMark(index, MARKS.mayBeDone);
    const rest = { state, updatedMs: this.updatedAt(index), mayBeDone };
    const transfer = new Transfer(this.items.at(index), id, rest, createdMs, this.host);
    transfer.error = this.errors.get(index);
    return transfer;
  }
}
