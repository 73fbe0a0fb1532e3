import type { Batch } from './batches';
import { linesOf } from '../record/batchRecord';
import type { BatchContent, BatchStore } from '../record/batchRecord';
import { UploadError, isAbortError } from '../contract/errors';
import { acquireLease } from '../record/lease';
import type { Lease } from '../record/lease';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/** Makes this window the one that drives a batch, and lets it go again: lease and file together. */
export class BatchOwner {
  /** Of batches that this window lets go of. */
  private readonly endings = new Set<Promise<void>>();

  constructor(
    private readonly store: BatchStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Ends all waiting for leases. */
    private readonly signal: AbortSignal,
    /** Another window has taken this batch over: stops what runs of it, and resolves when nothing does. */
    private readonly stop: (batch: Batch, error: UploadError) => Promise<void>,
  ) {}

  /** Writes a new batch down. The batch is ours even when that fails and this rejects. */
  async begin(batch: Batch): Promise<void> {
    batch.isOwned = true;
    // The lease first: a batch without one looks to other windows as if it was left behind.
    await this.store.records.prepare();
    this.hold(batch, await acquireLease(this.store.leaseFile(batch.id), this.clock, this.signal));
    const lines = linesOf({ items: batch.transfers.items });
    batch.journal = await this.store.create(batch.id, batch.header, lines);
  }

  /** Takes up a batch that lies on disk, as no finished one does. Throws `heldElsewhere`. */
  async take(batch: Batch): Promise<void> {
    if (batch.isFinished || (batch.isOwned && batch.taking === undefined)) return;
    batch.taking ??= this.takeLease(batch).finally(() => {
      batch.taking = undefined;
    });
    await batch.taking;
  }

  /**
   * All files of a batch are uploaded or discarded: nothing of it stays on disk. Never rejects; see
   * {@link whenEnded} for a caller that does not wait.
   */
  finish(batch: Batch): Promise<void> {
    return this.end(this.remove(batch));
  }

  async whenEnded(): Promise<void> {
    await Promise.all(this.endings);
  }

  /** Leaves a batch as it is, for this or another window to take up later. */
  async letGo(batch: Batch): Promise<void> {
    await opened(batch);
    if (!batch.isOwned) return;
    batch.isOwned = false;
    await batch.journal?.close();
    await batch.lease?.release();
  }

  private hold(batch: Batch, lease: Lease): void {
    batch.lease = lease;
    const lose = (): void => {
      // Until all of it is at rest, the disk does not say how it stands here.
      if (batch.isOwned) batch.taking = this.end(this.lose(batch, lease));
    };
    lease.lost.addEventListener('abort', lose, { once: true });
  }

  /** This window did not beat for so long that another one has taken the batch over. */
  private async lose(batch: Batch, lease: Lease): Promise<void> {
    const { journal } = batch;
    batch.isOwned = false;
    batch.isElsewhere = true;
    batch.journal = batch.lease = undefined;
    try {
      await this.stop(batch, UploadError.from(lease.lost.reason));
      await journal?.close();
      await lease.release();
    } finally {
      batch.taking = undefined;
    }
  }

  /** Work that is waited for before the window goes. Never rejects. */
  private end(work: Promise<void>): Promise<void> {
    const ending = work
      .catch((error: unknown) => {
        this.logger.warn(`cannot let go of the batch: ${String(error)}`);
      })
      .finally(() => this.endings.delete(ending));
    this.endings.add(ending);
    return ending;
  }

  private async remove(batch: Batch): Promise<void> {
    await opened(batch);
    const { journal, lease } = batch;
    if (!batch.isOwned || !batch.isFinished) return;
    batch.isOwned = false;
    batch.journal = batch.lease = undefined;
    await journal?.close();
    await this.store.remove(batch.id);
    await lease?.release();
  }

  private async takeLease(batch: Batch): Promise<void> {
    const leaseFile = this.store.leaseFile(batch.id);
    let lease: Lease | undefined;
    try {
      lease = await acquireLease(leaseFile, this.clock, this.signal);
    } catch (error) {
      batch.isElsewhere = UploadError.is(error, 'heldElsewhere');
      if (batch.isElsewhere || isAbortError(error)) throw error;
      // A full disk is no reason not to go on: no other window can take the batch up there either.
      this.logger.warn(`no lease for the batch: ${String(error)}`);
    }
    let content: BatchContent | undefined;
    try {
      content = await this.store.read(batch.id);
      // A shutdown meanwhile has let go of all batches that it knew of, and not of this one.
      this.signal.throwIfAborted();
    } catch (error) {
      await lease?.release();
      throw error;
    }
    if (lease !== undefined) this.hold(batch, lease);
    batch.isOwned = true;
    batch.isElsewhere = false;
    const { items } = batch.transfers;
    const known = content?.state === 'valid' ? content : { items };
    for (const index of [...items.indices()]) {
      if (!known.items.has(items.idAt(index))) batch.transfers.deleteAt(index);
    }
    const lines = linesOf(known);
    batch.journal = await (
      content?.state === 'valid'
        ? this.store.reopen(batch.id, content, content.header, lines)
        : this.store.create(batch.id, batch.header, lines)
    ).catch((error: unknown) => {
      batch.tellNotResumable(String(error));
      return undefined;
    });
  }
}

/** Its file is not being written any more: it would come back, or take the place of a newer one. */
async function opened(batch: Batch): Promise<void> {
  await batch.taking?.catch(() => undefined);
}
