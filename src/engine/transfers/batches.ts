import type { BatchHeader, BatchLine, OpenBatch } from '../record/batchRecord';
import type { Lease } from '../record/lease';
import type { Transfer } from './transfer';
import type { BatchSnapshot, SettledBatch } from '../contract/transfers';

/** Transfers that were asked for together, and the right to drive them. */
export class Batch {
  readonly transfers = new Map<string, Transfer>();
  /** Its file. Undefined until this window takes it up, or when the folder cannot be written. */
  journal: OpenBatch | undefined;
  lease: Lease | undefined;
  /** This window drives it. */
  isOwned = false;
  /** While this window tries to become the one that drives it. */
  taking: Promise<void> | undefined;
  /** Another window drives it. */
  isElsewhere = false;
  finishedEarlier = { files: 0, sizeBytes: 0 };
  private waiters: (() => void)[] = [];
  /** What was started since nothing ran, and when, by a clock that only grows. */
  private run: { readonly startedMs: number; readonly transfers: Set<Transfer> } | undefined;
  /** The transfer that was found active last: as long as it is, the others do not matter. */
  private lastActive: Transfer | undefined;

  constructor(
    readonly id: string,
    readonly header: BatchHeader,
  ) {}

  /** This window drives it, or is about to: what the disk says about it is older. */
  get isOurs(): boolean {
    return this.isOwned || this.taking !== undefined;
  }

  /** No transfer runs or waits for its turn. */
  get isSettled(): boolean {
    const known = this.lastActive;
    if (known?.isActive === true && this.transfers.get(known.id) === known) return false;
    this.lastActive = [...this.transfers.values()].findLast((transfer) => transfer.isActive);
    return this.lastActive === undefined;
  }

  /** Nothing is left to do, not even by the user. */
  get isFinished(): boolean {
    if (!this.isSettled) return false;
    return [...this.transfers.values()].every((transfer) => transfer.state === 'completed');
  }

  /** Resolves as soon as no transfer runs or waits for its turn. */
  async whenSettled(): Promise<void> {
    while (!this.isSettled) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** To be called when transfers of this batch are started. */
  begin(transfers: Iterable<Transfer>, nowMs: number): void {
    this.run ??= { startedMs: nowMs, transfers: new Set() };
    for (const transfer of transfers) this.run.transfers.add(transfer);
  }

  /** To be called when a transfer came to rest: what is to be told if the batch has settled by it. */
  settle(nowMs: number): SettledBatch | undefined {
    if (!this.isSettled) return undefined;
    const { waiters, run } = this;
    this.waiters = [];
    this.run = undefined;
    waiters.forEach((resolve) => {
      resolve();
    });
    if (run === undefined) return undefined;
    const ended = [...this.transfers.values()].filter((transfer) => run.transfers.has(transfer));
    return {
      batch: this.snapshot(),
      ended: ended.map((transfer) => transfer.snapshot()),
      elapsedMs: nowMs - run.startedMs,
    };
  }

  /** The batch at this moment. */
  snapshot(): BatchSnapshot {
    const { label, createdMs, workspacePath } = this.header;
    return {
      id: this.id,
      label,
      createdMs,
      workspacePath,
      isElsewhere: this.isElsewhere,
      finishedEarlier: this.finishedEarlier,
      transfers: [...this.transfers.values()].map((transfer) => transfer.snapshot()),
    };
  }
}

/** The batches of one window, found by their ids and by those of their transfers. */
export class Batches implements Iterable<Batch> {
  private readonly byId = new Map<string, Batch>();

  /** In the order they were put; may be changed meanwhile. */
  [Symbol.iterator](): Iterator<Batch> {
    return [...this.byId.values()].values();
  }

  get(id: string): Batch | undefined {
    return this.byId.get(id);
  }

  /** A batch of the same id gives way. */
  put(batch: Batch): void {
    this.byId.set(batch.id, batch);
  }

  remove(batch: Batch): void {
    this.byId.delete(batch.id);
  }

  /** Of all batches. */
  get transferCount(): number {
    let count = 0;
    for (const { transfers } of this.byId.values()) count += transfers.size;
    return count;
  }

  *transfers(): Generator<Transfer> {
    for (const batch of this.byId.values()) yield* batch.transfers.values();
  }

  /** The transfers of these ids, which are their own or those of their batches. */
  select(ids: readonly string[]): Transfer[] {
    const wanted = new Set(ids);
    return [...this.transfers()].filter(({ id, batchId }) => wanted.has(id) || wanted.has(batchId));
  }

  of(transfer: Transfer): Batch | undefined {
    return this.byId.get(transfer.batchId);
  }

  /** Whether it is still one of these transfers. */
  has(transfer: Transfer): boolean {
    return this.of(transfer)?.transfers.get(transfer.id) === transfer;
  }

  ofAll(transfers: readonly Transfer[]): Batch[] {
    const batches = transfers.map((transfer) => this.of(transfer));
    return [...new Set(batches)].filter((batch) => batch !== undefined);
  }

  /** Writes something about these transfers into the files of their batches. */
  async note(transfers: readonly Transfer[], line: (ids: string[]) => BatchLine): Promise<void> {
    for (const { id, journal } of this.ofAll(transfers)) {
      if (journal === undefined) continue;
      const ofBatch = transfers.filter(({ batchId }) => batchId === id);
      await journal.append(line(ofBatch.map((transfer) => transfer.id)));
    }
  }
}
