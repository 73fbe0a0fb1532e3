import { MOST_REASONS } from '../record/batchRecord';
import type { BatchHeader, BatchLine, OpenBatch } from '../record/batchRecord';
import type { ItemTable } from '../record/itemTable';
import type { Lease } from '../record/lease';
import type { Transfer, TransferHost } from './transfer';
import { MARKS, TransferTable } from './transferTable';
import type {
  BatchSnapshot,
  SettledBatch,
  TransferList,
  TransferSnapshot,
} from '../contract/transfers';

/** Transfers that were asked for together, and the right to drive them. */
export class Batch {
  readonly transfers: TransferTable;
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
  /** Lines with reasons for failures since something was resumed. */
  private reasons = 0;
  /** Runs that are not over: what stops one moves it to a state of rest before. */
  runs = 0;
  private waiters: (() => void)[] = [];
  /** When the first was started of those that were since nothing ran, by a clock that only grows. */
  private startedMs: number | undefined;

  constructor(
    readonly id: string,
    readonly header: BatchHeader,
    private readonly host: TransferHost,
    /** What is in it already is queued. */
    items?: ItemTable,
  ) {
    this.transfers = new TransferTable({ id, createdMs: header.createdMs }, host, items);
  }

  /** This window drives it, or is about to: what the disk says about it is older. */
  get isOurs(): boolean {
    return this.isOwned || this.taking !== undefined;
  }

  /**
   * Writes a line into its file, as far as there is one; the user is told once when it cannot be. No
   * more reasons for failures are written than are read.
   */
  async append(line: BatchLine): Promise<void> {
    if ('resumed' in line) this.reasons = 0;
    if ('failed' in line && ++this.reasons > MOST_REASONS) return;
    const appended = await this.journal?.append(line);
    if (appended === 'broken' && this.isOwned) this.tellNotResumable();
  }

  /** Tells that what becomes of it is not on disk. */
  tellNotResumable(detail?: string): void {
    const [first] = this.transfers.items;
    if (first === undefined) return;
    const { id, filePath } = first;
    this.host.notice({ transferId: id, filePath, kind: 'notResumable', detail });
  }

  /** No transfer runs or waits for its turn, and no run is coming to its end. */
  get isSettled(): boolean {
    return this.runs === 0 && this.transfers.isSettled;
  }

  /** Nothing is left to do, not even by the user. */
  get isFinished(): boolean {
    return this.transfers.isCompleted;
  }

  /** Resolves as soon as no transfer runs or waits for its turn. */
  async whenSettled(): Promise<void> {
    while (!this.isSettled) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** To be called when transfers of this batch are started. */
  begin(indices: Iterable<number>, nowMs: number): void {
    this.startedMs ??= nowMs;
    for (const index of indices) this.transfers.mark(index, MARKS.started);
  }

  /** To be called when a transfer came to rest: what is to be told if the batch has settled by it. */
  settle(nowMs: number): SettledBatch | undefined {
    const { waiters, startedMs } = this;
    if (waiters.length === 0 && startedMs === undefined) return undefined;
    if (!this.isSettled) return undefined;
    this.startedMs = undefined;
    this.wake();
    if (startedMs === undefined) return undefined;
    const ended = this.transfers.list(MARKS.started);
    this.transfers.unmarkAll(MARKS.started);
    return { batch: this.snapshot(), ended, elapsedMs: nowMs - startedMs };
  }

  /** Has those who wait for its end look whether it has come. */
  wake(): void {
    const { waiters } = this;
    this.waiters = [];
    waiters.forEach((resolve) => {
      resolve();
    });
  }

  /** The batch at this moment. */
  snapshot(): BatchSnapshot {
    return new BatchView(this.id, this.header, this, this.transfers.list());
  }
}

/** A batch at one moment. */
class BatchView implements BatchSnapshot {
  readonly label: string;
  readonly createdMs: number;
  readonly workspacePath: string;
  readonly isElsewhere: boolean;
  readonly finishedEarlier: BatchSnapshot['finishedEarlier'];

  constructor(
    readonly id: string,
    { label, createdMs, workspacePath }: BatchHeader,
    { isElsewhere, finishedEarlier }: Pick<Batch, 'isElsewhere' | 'finishedEarlier'>,
    readonly files: TransferList,
  ) {
    this.label = label;
    this.createdMs = createdMs;
    this.workspacePath = workspacePath;
    this.isElsewhere = isElsewhere;
    this.finishedEarlier = finishedEarlier;
  }

  get transfers(): readonly TransferSnapshot[] {
    return this.files.all();
  }
}

/** Transfers of a batch, by their numbers. */
export interface Selected {
  readonly batch: Batch;
  readonly indices: readonly number[];
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

  /** Forgets a batch that has no transfers left. Who waits for its end is told that this was it. */
  remove(batch: Batch): void {
    this.byId.delete(batch.id);
    batch.wake();
  }

  /** Of all batches. */
  get transferCount(): number {
    let count = 0;
    for (const { transfers } of this.byId.values()) count += transfers.size;
    return count;
  }

  /** Those that are objects: they run, or have run. */
  *live(): Generator<Transfer> {
    for (const batch of this.byId.values()) yield* batch.transfers.live.values();
  }

  /** The transfers of these ids, which are their own or those of their batches. */
  select(ids: readonly string[]): Selected[] {
    const wanted = new Set(ids);
    const selected: Selected[] = [];
    for (const batch of this.byId.values()) {
      const { items } = batch.transfers;
      const indices = wanted.has(batch.id)
        ? [...items.indices()]
        : ids.map((id) => items.indexOf(id)).filter((index) => index >= 0);
      if (indices.length === 0) continue;
      selected.push({ batch, indices: [...new Set(indices)].sort((one, other) => one - other) });
    }
    return selected;
  }

  /** That transfer, if it is still one of these. */
  selectOne(transfer: Transfer): Selected[] {
    const batch = this.of(transfer);
    const index = batch?.transfers.indexOf(transfer);
    return batch === undefined || index === undefined ? [] : [{ batch, indices: [index] }];
  }

  of(transfer: Transfer): Batch | undefined {
    return this.byId.get(transfer.batchId);
  }

  /** Whether it is still one of these transfers. */
  has(transfer: Transfer): boolean {
    return this.selectOne(transfer).length > 0;
  }
}

/** Of these, those for which that holds. */
export function filtered(
  selected: readonly Selected[],
  holds: (batch: Batch, index: number) => boolean,
): Selected[] {
  return selected
    .map(({ batch, indices }) => ({
      batch,
      indices: indices.filter((index) => holds(batch, index)),
    }))
    .filter(({ indices }) => indices.length > 0);
}

/** The ids of these transfers of one batch. */
export function idsOf({ batch, indices }: Selected): string[] {
  return indices.map((index) => batch.transfers.items.idAt(index));
}

/**
 * Writes something about these transfers into the files of their batches: in each before anything
 * that is noted later.
 */
export async function note(
  selected: readonly Selected[],
  line: (ids: string[]) => BatchLine,
): Promise<void> {
  await Promise.all(
    selected.map(async (one) => {
      await one.batch.append(line(idsOf(one)));
    }),
  );
}
