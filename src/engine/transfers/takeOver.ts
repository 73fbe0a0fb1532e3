import type { Batch, Batches } from './batches';
import type { BatchOwner } from './batchOwner';
import type { Transfer } from './transfer';
import { UploadError } from '../contract/errors';
import type { UploadTarget } from '../contract/ports';
import type { BatchItem } from '../record/batchRecord';

/** Transfers whose batches are ours now, and why others are not. */
export interface Taken {
  readonly taken: readonly Transfer[];
  readonly refusals: readonly UploadError[];
}

/** Makes batches that lie on disk those of this window, whole or file by file. */
export class TakeOver {
  constructor(
    private readonly batches: Batches,
    private readonly owner: BatchOwner,
    /** Reads the folder again. */
    private readonly refresh: () => Promise<void>,
    /** This batch changed hands, or did not. */
    private readonly changed: (batch: Batch) => void,
  ) {}

  /** Takes up the batches of these ids, as far as no other window drives them. */
  async take(ids: readonly string[]): Promise<Taken> {
    // Another window may have finished what is shown here as interrupted.
    const seen = this.batches.ofAll(this.batches.select(ids));
    if (seen.some((batch) => !batch.isOwned)) await this.refresh();
    const wanted = this.batches.select(ids);
    const refusals: UploadError[] = [];
    for (const { id } of this.batches.ofAll(wanted)) {
      // Each as it is now: what other windows write is read again while this waits for a lease.
      const batch = this.batches.get(id);
      if (batch === undefined) continue;
      await this.own(batch).catch((error: unknown) => {
        // The message of a refusal names what it is about.
        refusals.push(UploadError.from(error).with({ sourcePath: batch.header.label }));
      });
    }
    // Taking a batch up has read it again: some of its files may be finished or gone.
    const taken = wanted.map((transfer) => {
      const batch = this.batches.of(transfer);
      return batch?.isOwned === true ? batch.transfers.get(transfer.id) : undefined;
    });
    return { taken: taken.filter((transfer) => transfer !== undefined), refusals };
  }

  /** Makes this window the one that drives a batch. Throws `heldElsewhere`. */
  async own(batch: Batch): Promise<void> {
    await this.owner.take(batch).finally(() => {
      this.changed(batch);
    });
  }

  /**
   * Drops the items that run already; returns the id of a batch where one does. Unfinished uploads of
   * the others leave their batches, so that they go on in a new one. Those that another window drives
   * stay where they are.
   */
  async clear(fresh: Map<string, BatchItem>): Promise<string | undefined> {
    const running = this.joinRunning(fresh);
    await this.takeOver([...fresh.keys()]);
    return this.joinRunning(fresh) ?? running;
  }

  /** Whether another window is uploading to an object, as far as that was seen. */
  heldElsewhere(): (target: UploadTarget) => boolean {
    const elsewhere = [...this.batches].filter((batch) => batch.isElsewhere);
    const held = new Set(
      elsewhere.flatMap(({ transfers }) =>
        Array.from(transfers.values(), ({ item }) => objectOf(item.target)),
      ),
    );
    return (target) => held.has(objectOf(target));
  }

  private joinRunning(fresh: Map<string, BatchItem>): string | undefined {
    let joined: string | undefined;
    for (const transfer of this.batches.transfers()) {
      if (!fresh.has(transfer.id) || !transfer.isActive) continue;
      fresh.delete(transfer.id);
      joined = transfer.batchId;
    }
    return joined;
  }

  private async takeOver(ids: readonly string[]): Promise<void> {
    for (const { id, batchId } of this.batches.select(ids)) {
      const batch = this.batches.get(batchId);
      if (batch === undefined) continue;
      try {
        if (!batch.isElsewhere) await this.own(batch);
      } catch (error) {
        if (!UploadError.is(error, 'heldElsewhere')) throw error;
      }
      if (batch.isElsewhere) continue;
      const transfer = batch.transfers.get(id);
      // Resumed while this waited for the batch: it is joined.
      if (transfer?.isActive === true) continue;
      batch.transfers.delete(id);
      if (batch.isOwned) {
        await transfer?.stop();
        await batch.journal?.append({ removed: id });
      }
      if (batch.isOwned && batch.isFinished) await this.owner.finish(batch);
      if (batch.transfers.size === 0) this.batches.remove(batch);
    }
  }
}

function objectOf({ bucket, key }: UploadTarget): string {
  return `${bucket}/${key}`;
}
