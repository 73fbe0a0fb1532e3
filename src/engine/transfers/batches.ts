import type { Batch } from './batch';
import type { BatchLine } from '../record/batchRecord';
import type { Transfer } from './transfer';

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
