import { describeFailure, isEverShared, isShared, restAfter } from './afterFailure';
import { Batch, filtered, idsOf, note } from './batches';
import type { Batches, Selected } from './batches';
import type { BatchOwner } from './batchOwner';
import { timeLimit } from '../base/clock';
import { runParallel } from '../base/runParallel';
import { StartQueue } from './startQueue';
import { RunTotals } from './totals';
import type { Transfer } from './transfer';
import type { RestState, TransferHost } from './transfer';
import { isUnreachable } from '../upload/retry';
import { UploadError } from '../contract/errors';
import type {
  EndedTransfer,
  SettledBatch,
  TransferNotice,
  TransferSnapshot,
} from '../contract/transfers';
import type { BatchHeader } from '../record/batchRecord';
import { failureRecord } from '../record/failureRecord';
import type { ItemTable } from '../record/itemTable';
import type { DamagedRecord } from '../record/savedBatches';
import type * as UploadModule from '../upload/upload';
import type { UploadEnvironment } from '../upload/uploadContext';

/** A discard that OSS does not hear within this time is tried again later. */
const DISCARD_MS = 10_000;
/** Discards sent at the same time. */
const DISCARDS = 8;
/** Changes of more transfers of a batch are told as one of the batch. */
const MANY = 100;

/** What runs tell, at once. */
export interface RunListener {
  /** These transfers changed, or any of these batches. */
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

  /** A batch of this window; what is in it already is queued. */
  make(id: string, header: BatchHeader, items?: ItemTable): Batch {
    return new Batch(id, header, this.host, items);
  }

  /** Starts transfers, or queues them. */
  start(selected: readonly Selected[]): void {
    const state = this.life.aborted ? 'interrupted' : 'queued';
    // They are on disk: the next window offers them.
    if (!this.life.aborted) {
      this.totals.begin(this.batches, selected);
      for (const { batch, indices } of selected) batch.begin(indices, this.steadyMs());
    }
    this.move(selected, state);
    if (this.life.aborted) return;
    for (const { batch, indices } of selected) {
      for (const index of indices) this.queue.push(batch.transfers, index);
    }
    this.queue.pump();
  }

  /** Stops transfers at once, and notes it. Resolves when nothing of them is sent any more. */
  async pause(selected: readonly Selected[]): Promise<void> {
    await this.stop(selected, 'paused');
    await note(selected, (paused) => ({ paused }));
  }

  /** Stops transfers at once. Resolves when nothing of them is sent any more. */
  async stop(selected: readonly Selected[], state: RestState, error?: UploadError): Promise<void> {
    this.move(selected, state, error);
    await Promise.all(liveOf(selected).map((transfer) => transfer.stop()));
    this.settle(selected);
  }

  /** Stops transfers and removes what they have left on the server and on disk. */
  async discard(selected: readonly Selected[]): Promise<void> {
    this.move(selected, 'discarding');
    // Once, however often it is tried again.
    const fresh = filtered(selected, ({ transfers }, index) => {
      return !transfers.items.at(index).isDiscarding;
    });
    for (const { batch, index } of each(fresh)) batch.transfers.items.discardAt(index);
    for (const transfer of liveOf(selected)) void transfer.stop();
    // Of all before the first: whatever ends this window, none of them is offered or sent again.
    await note(fresh, (discarding) => ({ discarding }));
    await runParallel(each(selected), DISCARDS, this.life, ({ batch, index }) =>
      this.discardOne(batch, index),
    );
    // A batch of which nothing is left leaves the batches, and its end may be waited for.
    this.tellSettled(selected.map(({ batch }) => batch));
    this.settle(selected);
  }

  /** Moves a damaged record out of the way; resolves with its new path if it was there to move. */
  async setAside(record: DamagedRecord): Promise<string | undefined> {
    const { setAside } = await this.uploads();
    return setAside(record, this.environment.clock);
  }

  private async drive(transfer: Transfer): Promise<void> {
    const startedMs = this.steadyMs();
    const driven = this.batches.of(transfer);
    if (driven !== undefined) driven.runs++;
    await transfer.start(async (signal) => {
      const { job, monitor } = transfer;
      try {
        const { runUpload } = await this.uploads();
        transfer.result = await runUpload(job, this.environment, monitor, signal, async () => {
          await this.batches.of(transfer)?.append({ finished: job.id });
        });
        transfer.moveTo('completed');
        // What OSS has not heard of yet, it hears now. Not after each of thousands of files.
        if (this.batches.of(transfer)?.transfers.isSettled !== false) this.listener.reached();
      } catch (thrown) {
        const error = UploadError.from(thrown);
        // What stopped it has moved it already.
        if (error.kind === 'aborted' && signal.aborted) return;
        this.environment.logger.error(describeFailure(error));
        transfer.moveTo(restAfter(error), error);
        const others = this.spread(transfer, error);
        await this.noteFailure([...this.batches.selectOne(transfer), ...others], error);
      }
    });
    if (driven !== undefined) driven.runs--;
    driven?.wake();
    const batch = this.batches.of(transfer);
    const index = batch?.transfers.indexOf(transfer);
    // Discarded, or asked for anew, while it was coming to rest.
    if (batch === undefined || index === undefined) {
      this.settle([]);
      return;
    }
    const { transfers } = batch;
    // Resumed while it was still coming to rest, when the queue could not start it.
    if (transfer.state === 'queued') this.queue.push(transfers, index);
    else {
      this.tellEnded(transfer, this.steadyMs() - startedMs);
      if (transfer.state === 'completed') {
        this.totals.finish(transfers, index);
        transfers.finish(transfer);
      }
    }
    this.settle([{ batch, indices: [index] }]);
  }

  /** Moves all of these, of which those that run go on until they are stopped, and tells it. */
  private move(selected: readonly Selected[], state: RestState, error?: UploadError): void {
    const nowMs = this.host.now();
    for (const { batch, indices } of selected) {
      for (const index of indices) batch.transfers.moveTo(index, state, nowMs, error);
    }
    this.tellChanged(selected);
  }

  /** Ends the other transfers too when the reason holds for them: not each has to find it out. */
  private spread(failed: Transfer, error: UploadError): readonly Selected[] {
    if (!isEverShared(error)) return [];
    const others = filtered(everything(this.batches), ({ transfers }, index) => {
      if (!transfers.isActiveAt(index)) return false;
      return isShared(error, failed.item.target, transfers.items.at(index).target);
    });
    // Where others get through, what is on the way does not let this file through.
    const isOneOnly = ({ isRunning, isActive, monitorIfAny }: Transfer): boolean =>
      isRunning && isActive && monitorIfAny?.isCutOff !== true;
    if (isUnreachable(error) && liveOf(others).some(isOneOnly)) return [];
    const rest = restAfter(error);
    this.move(others, rest, error);
    for (const { batch, index } of each(others)) {
      const transfer = batch.transfers.live.get(index);
      // One that runs tells its end itself.
      if (rest === 'failed' && transfer?.isRunning !== true) {
        this.tellEndedOf(batch, batch.transfers.snapshotOf(index), 0);
      }
      void transfer?.stop();
    }
    this.settle(others);
    return others;
  }

  /** Writes down why these failed, where another start of the editor does not mend it. */
  private async noteFailure(selected: readonly Selected[], error: UploadError): Promise<void> {
    const record = restAfter(error) === 'failed' ? failureRecord(error) : undefined;
    if (record !== undefined) await note(selected, (failed) => ({ failed, error: record }));
  }

  /** To be called when these transfers came to rest. */
  private settle(selected: readonly Selected[]): void {
    for (const { batch } of selected) {
      if (batch.isOwned && batch.isFinished) void this.owner.finish(batch);
    }
    this.tellSettled(this.batches);
    this.tellChanged(selected);
  }

  /** Of many, that something of their batch changed says all. */
  private tellChanged(selected: readonly Selected[]): void {
    for (const one of selected) {
      const { batch, indices } = one;
      this.listener.changed(true, indices.length > MANY ? [batch.id] : idsOf(one));
    }
    if (selected.length === 0) this.listener.changed(true, []);
  }

  private tellEnded(transfer: Transfer, elapsedMs: number): void {
    const batch = this.batches.of(transfer);
    if (batch !== undefined) this.tellEndedOf(batch, transfer.snapshot(), elapsedMs);
  }

  private tellEndedOf(batch: Batch, transfer: TransferSnapshot, elapsedMs: number): void {
    if (this.life.aborted) return;
    const { label, createdMs } = batch.header;
    const files = batch.transfers.size + batch.finishedEarlier.files;
    this.listener.ended({ transfer, batch: { label, createdMs, files }, elapsedMs });
  }

  private tellSettled(batches: Iterable<Batch>): void {
    for (const batch of batches) {
      const settled = batch.settle(this.steadyMs());
      if (settled === undefined) continue;
      void this.environment.checksums?.flush();
      if (!this.life.aborted) this.listener.settled(settled);
    }
  }

  private async discardOne(batch: Batch, index: number): Promise<void> {
    const { transfers } = batch;
    // While this waited for its turn, another call was first, or another window, or it was completed.
    if (batch.isElsewhere || !transfers.items.hasAt(index)) return;
    if (transfers.stateAt(index) === 'completed') return;
    const transfer = transfers.at(index);
    await transfer.stop();
    // Asked for anew: it goes on there, with what is in OSS.
    if (!this.batches.has(transfer)) return;
    const forget = async (): Promise<void> => {
      await batch.append({ removed: transfer.id });
      transfers.deleteAt(index);
    };
    await transfer.start(async (signal) => {
      const limit = timeLimit(this.environment.clock, DISCARD_MS);
      const stop = AbortSignal.any([signal, this.life, limit.signal]);
      try {
        const { discardUpload } = await this.uploads();
        const { job, monitor } = transfer;
        transfer.result = await discardUpload(job, this.environment, monitor, stop);
        if (transfer.result === undefined) {
          await forget();
          return;
        }
        // OSS had completed it before it heard of the discard: who asked for that has to know.
        await batch.append({ finished: job.id });
        transfer.moveTo('completed');
      } catch (thrown) {
        const error = UploadError.from(thrown);
        this.environment.logger.warn(`discard: ${describeFailure(error)}`);
        if (error.kind === 'heldElsewhere') {
          // What another window works on is not ours to remove, now or later.
          await forget();
          return;
        }
        transfer.moveTo('discarding', error);
      } finally {
        limit.dispose();
      }
    });
    if (transfer.state === 'completed') {
      batch.begin([index], this.steadyMs());
      this.tellEnded(transfer, 0);
      transfers.finish(transfer);
    }
    if (batch.isOwned && batch.isFinished) {
      await this.owner.finish(batch);
      if (transfers.size === 0) this.batches.remove(batch);
    }
  }

  /** What sends, loaded with the first upload: most starts of an editor need none of it. */
  private uploads(): Promise<typeof UploadModule> {
    this.uploadModule ??= import('../upload/upload');
    return this.uploadModule;
  }
}

function liveOf(selected: readonly Selected[]): Transfer[] {
  return selected.flatMap(({ batch, indices }) =>
    indices.flatMap((index) => batch.transfers.live.get(index) ?? []),
  );
}

/** All transfers of these batches. */
function everything(batches: Iterable<Batch>): Selected[] {
  return Array.from(batches, (batch) => ({
    batch,
    indices: [...batch.transfers.items.indices()],
  }));
}

function* each(
  selected: readonly Selected[],
): Generator<{ readonly batch: Batch; readonly index: number }> {
  for (const { batch, indices } of selected) for (const index of indices) yield { batch, index };
}
