import { describeFailure, isShared, restAfter } from './afterFailure';
import type { Batch, Batches } from './batches';
import type { BatchOwner } from './batchOwner';
import { timeLimit } from '../base/clock';
import { runParallel } from '../base/runParallel';
import { StartQueue } from './startQueue';
import { RunTotals } from './totals';
import { Transfer } from './transfer';
import type { RestState, TransferHost } from './transfer';
import { UploadError } from '../contract/errors';
import type { EndedTransfer, SettledBatch, TransferNotice } from '../contract/transfers';
import type { BatchItem } from '../record/batchRecord';
import type { DamagedRecord } from '../record/savedBatches';
import type * as UploadModule from '../upload/upload';
import type { UploadEnvironment } from '../upload/uploadContext';

/** A discard that OSS does not hear within this time is tried again later. */
const DISCARD_MS = 10_000;
/** Discards sent at the same time. */
const DISCARDS = 8;

/** What runs tell, at once. */
export interface RunListener {
  /** These transfers changed. */
  changed(isNewState: boolean, ids: readonly string[]): void;
  ended(end: EndedTransfer): void;
  settled(settled: SettledBatch): void;
  notice(notice: TransferNotice): void;
  /** OSS has answered, after a batch was done. */
  reached(): void;
}

/** Drives transfers: from their place in the queue to a state of rest. */
export class TransferRuns {
  /** Sums over what runs. */
  readonly totals = new RunTotals();
  private readonly queue: StartQueue;
  private readonly host: TransferHost;
  private uploadModule: Promise<typeof UploadModule> | undefined;

  constructor(
    private readonly batches: Batches,
    private readonly owner: BatchOwner,
    private readonly environment: UploadEnvironment,
    /** Milliseconds that only grow. */
    private readonly steadyMs: () => number,
    private readonly listener: RunListener,
    /** Ends with the window. */
    private readonly life: AbortSignal,
    lanes: number,
  ) {
    this.host = {
      now: () => environment.clock.now(),
      changed: (isNewState, id) => {
        listener.changed(isNewState, [id]);
      },
      notice: (notice) => {
        environment.logger.info(`${notice.filePath}: ${notice.kind} ${notice.detail ?? ''}`);
        listener.notice(notice);
      },
    };
    this.queue = new StartQueue(lanes, (transfer) => this.drive(transfer));
  }

  /** Sets how many parts may be in flight. */
  setLimit(lanes: number): void {
    this.queue.setLimit(lanes);
  }

  /** Puts a transfer into its batch. */
  add(batch: Batch, item: BatchItem, state: RestState, updatedMs?: number): Transfer {
    const { createdMs } = batch.header;
    const transfer = new Transfer(item, batch.id, state, createdMs, this.host, updatedMs);
    batch.transfers.set(transfer.id, transfer);
    return transfer;
  }

  /** Starts transfers, or queues them. */
  start(transfers: readonly Transfer[]): void {
    // They are on disk: the next window offers them.
    if (this.life.aborted) {
      transfers.forEach((transfer) => {
        transfer.moveTo('interrupted');
      });
      return;
    }
    const batches = this.batches.ofAll(transfers);
    this.totals.begin(this.batches.transfers(), transfers, batches);
    for (const batch of batches) {
      const ofBatch = transfers.filter(({ batchId }) => batchId === batch.id);
      batch.begin(ofBatch, this.steadyMs());
    }
    transfers.forEach((transfer) => {
      transfer.moveTo('queued');
      this.queue.push(transfer);
    });
    this.queue.pump();
  }

  /** Stops transfers at once, and notes it. Resolves when nothing of them is sent any more. */
  async pause(transfers: readonly Transfer[]): Promise<void> {
    transfers.forEach((transfer) => {
      transfer.moveTo('paused');
    });
    await Promise.all(transfers.map((transfer) => transfer.stop()));
    await this.batches.note(transfers, (paused) => ({ paused }));
    this.settle(transfers);
  }

  /** Stops transfers and removes what they have left on the server and on disk. */
  async discard(transfers: readonly Transfer[]): Promise<void> {
    transfers.forEach((transfer) => {
      transfer.moveTo('discarding');
    });
    // A batch of which nothing is left leaves the batches, and its end may be waited for.
    const batches = this.batches.ofAll(transfers);
    await runParallel(transfers, DISCARDS, this.life, (transfer) => this.discardOne(transfer));
    this.tellSettled(batches);
    this.settle(transfers);
  }

  /** Moves a damaged record out of the way; resolves with its new path if it was there to move. */
  async setAside(record: DamagedRecord): Promise<string | undefined> {
    const { setAside } = await this.uploads();
    return setAside(record, this.environment.clock);
  }

  private async drive(transfer: Transfer): Promise<void> {
    const startedMs = this.steadyMs();
    await transfer.start(async (signal) => {
      const { job, monitor } = transfer;
      try {
        const { runUpload } = await this.uploads();
        transfer.result = await runUpload(job, this.environment, monitor, signal, async () => {
          await this.batches.of(transfer)?.journal?.append({ finished: job.id });
        });
        transfer.moveTo('completed');
        // What OSS has not heard of yet, it hears now. Not after each of thousands of files.
        if (this.batches.of(transfer)?.isSettled !== false) this.listener.reached();
      } catch (thrown) {
        const error = UploadError.from(thrown);
        // What stopped it has moved it already.
        if (error.kind === 'aborted' && signal.aborted) return;
        this.environment.logger.error(describeFailure(error));
        transfer.moveTo(restAfter(error), error);
        this.spread(transfer, error);
      }
    });
    // Resumed while it was still coming to rest, when the queue could not start it.
    if (transfer.state === 'queued') this.queue.push(transfer);
    else {
      this.tellEnded(transfer, this.steadyMs() - startedMs);
      if (transfer.state === 'completed') {
        this.totals.finish(transfer);
        transfer.finish();
      }
    }
    this.settle([transfer]);
  }

  /** Fails the other transfers too when the reason holds for them: not each has to find it out. */
  private spread(failed: Transfer, error: UploadError): void {
    const others = [...this.batches.transfers()].filter(
      (other) => other.isActive && isShared(error, failed.item.target, other.item.target),
    );
    for (const other of others) {
      other.moveTo(restAfter(error), error);
      // One that runs tells its end itself.
      if (!other.isRunning && other.state === 'failed') this.tellEnded(other, 0);
      void other.stop();
    }
    this.settle(others);
  }

  /** To be called when these transfers came to rest. */
  private settle(transfers: readonly Transfer[]): void {
    for (const batch of this.batches.ofAll(transfers)) {
      if (batch.isOwned && batch.isFinished) void this.owner.finish(batch);
    }
    this.tellSettled(this.batches);
    this.listener.changed(
      true,
      transfers.map(({ id }) => id),
    );
  }

  private tellEnded(transfer: Transfer, elapsedMs: number): void {
    const batch = this.batches.of(transfer);
    if (this.life.aborted || batch === undefined) return;
    const { label, createdMs } = batch.header;
    const files = batch.transfers.size + batch.finishedEarlier.files;
    const of = { label, createdMs, files };
    this.listener.ended({ transfer: transfer.snapshot(), batch: of, elapsedMs });
  }

  private tellSettled(batches: Iterable<Batch>): void {
    for (const batch of batches) {
      const settled = batch.settle(this.steadyMs());
      if (settled !== undefined && !this.life.aborted) this.listener.settled(settled);
    }
  }

  private async discardOne(transfer: Transfer): Promise<void> {
    await transfer.stop();
    // Asked for anew: it goes on there, with what is in OSS.
    if (!this.batches.has(transfer)) return;
    const batch = this.batches.of(transfer);
    const forget = async (): Promise<void> => {
      await batch?.journal?.append({ removed: transfer.id });
      batch?.transfers.delete(transfer.id);
    };
    await transfer.start(async (signal) => {
      const limit = timeLimit(this.environment.clock, DISCARD_MS);
      const stop = AbortSignal.any([signal, this.life, limit.signal]);
      try {
        const { discardUpload } = await this.uploads();
        await discardUpload(transfer.job, this.environment, transfer.monitor, stop);
        await forget();
      } catch (thrown) {
        const error = UploadError.from(thrown);
        this.environment.logger.warn(`discard: ${describeFailure(error)}`);
        if (error.kind === 'heldElsewhere') {
          // What another window works on is not ours to remove, now or later.
          await forget();
          return;
        }
        transfer.moveTo('discarding', error);
        const item = { ...transfer.item, isDiscarding: true };
        transfer.item = item;
        await batch?.journal?.append({ item });
      } finally {
        limit.dispose();
      }
    });
    if (batch?.isOwned && batch.isFinished) {
      await this.owner.finish(batch);
      if (batch.transfers.size === 0) this.batches.remove(batch);
    }
  }

  /** What sends, loaded with the first upload: most starts of an editor need none of it. */
  private uploads(): Promise<typeof UploadModule> {
    this.uploadModule ??= import('../upload/upload');
    return this.uploadModule;
  }
}
