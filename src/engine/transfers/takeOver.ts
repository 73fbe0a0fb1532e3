import { idsOf } from './batches';
import type { Batch, Batches, Selected } from './batches';
import type { BatchOwner } from './batchOwner';
import { UploadError } from '../contract/errors';
import type { UploadTarget } from '../contract/ports';
import type { ItemTable } from '../record/itemTable';

/** Transfers whose batches are ours now, and why others are not. */
export interface Taken {
  readonly taken: readonly Selected[];
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
    const seen = this.batches.select(ids);
    if (seen.some(({ batch }) => !batch.isOwned)) await this.refresh();
    const refusals: UploadError[] = [];
    for (const { id } of this.batches.select(ids).map(({ batch }) => batch)) {
      // Each as it is now: what other windows write is read again while this waits for a lease.
      const batch = this.batches.get(id);
      if (batch === undefined) continue;
      await this.own(batch).catch((error: unknown) => {
        // The message of a refusal names what it is about.
        refusals.push(UploadError.from(error).with({ sourcePath: batch.header.label }));
      });
    }
    // Taking a batch up has read it again: some of its files may be finished or gone.
    const taken = this.batches.select(ids).filter(({ batch }) => batch.isOwned);
    return { taken, refusals };
  }

  /** Makes this window the one that drives a batch. Throws `heldElsewhere`. */
  async own(batch: Batch): Promise<void> {
    await this.owner.take(batch).finally(() => {
      this.changed(batch);
    });
  }

  /**
   * Drops the items that run already; returns the id of a batch where one does. The batches that the
   * others were left in are ours from now on, as far as no other window drives them.
   */
  async clear(fresh: ItemTable): Promise<string | undefined> {
    const running = this.joinRunning(fresh);
    for (const { batch } of this.known(fresh)) {
      // As it is now: what other windows write is read again while this waits for a lease.
      const now = this.batches.get(batch.id);
      if (now === undefined || now.isElsewhere) continue;
      await this.own(now).catch((error: unknown) => {
        if (!UploadError.is(error, 'heldElsewhere')) throw error;
      });
    }
    return this.joinRunning(fresh) ?? running;
  }

  /**
   * Takes files out of the batches they were left in: to be called when they are on disk in a new one,
   * so that none is lost in between. Those that another window drives stay where they are.
   */
  async leave(moved: ItemTable): Promise<void> {
    for (const { batch, indices } of this.known(moved)) {
      for (const id of idsOf({ batch, indices })) await this.leaveOne(batch.id, id);
    }
  }

  /** Whether another window is uploading to an object, as far as that was seen. */
  heldElsewhere(): ((target: UploadTarget) => boolean) | undefined {
    const elsewhere = [...this.batches].filter((batch) => batch.isElsewhere);
    if (elsewhere.length === 0) return undefined;
    const held = new Set<string>();
    for (const { transfers } of elsewhere) {
      for (const { target } of transfers.items.values()) held.add(objectOf(target));
    }
    return (target) => held.has(objectOf(target));
  }

  private joinRunning(fresh: ItemTable): string | undefined {
    let joined: string | undefined;
    for (const { batch, indices } of this.known(fresh)) {
      for (const index of indices) {
        if (!batch.transfers.isActiveAt(index)) continue;
        fresh.delete(batch.transfers.items.idAt(index));
        joined = batch.id;
      }
    }
    return joined;
  }

  /** The transfers that are there for these files. */
  private known(fresh: ItemTable): Selected[] {
    const selected: Selected[] = [];
    for (const batch of this.batches) {
      const { items } = batch.transfers;
      const indices = [];
      // A window may have many batches, and a folder many files.
      const fewer = items.size < fresh.size ? items : fresh;
      for (const index of fewer.indices()) {
        const id = fewer.idAt(index);
        const known = items.indexOf(id);
        if (known >= 0 && fresh.has(id)) indices.push(known);
      }
      if (indices.length > 0) selected.push({ batch, indices });
    }
    return selected;
  }

  private async leaveOne(batchId: string, id: string): Promise<void> {
    const batch = this.batches.get(batchId);
    if (batch === undefined || batch.isElsewhere) return;
    const { transfers } = batch;
    const index = transfers.items.indexOf(id);
    const transfer = transfers.live.get(index);
    transfers.delete(id);
    if (batch.isOwned) {
      await transfer?.stop();
      await batch.append({ removed: id });
    }
    if (batch.isOwned && batch.isFinished) await this.owner.finish(batch);
    if (batch.transfers.size === 0) this.batches.remove(batch);
  }
}

/** The name of an object over all buckets. */
export function objectOf({ bucket, key }: Pick<UploadTarget, 'bucket' | 'key'>): string {
  return `${bucket}/${key}`;
}
