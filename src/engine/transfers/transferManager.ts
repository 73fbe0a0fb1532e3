import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Batch } from './batch';
import { changedItem, itemsOf, toItem } from './batchItems';
import { Batches } from './batches';
import { BatchOwner } from './batchOwner';
import { batchesIn } from '../record/batchRecord';
import type { BatchItem } from '../record/batchRecord';
import { checkpointsIn, moveCheckpoint } from '../record/checkpoint';
import { BufferPools } from '../limits/bufferPool';
import { ChangeTicker } from './changeTicker';
import { RecordFolder } from '../record/recordFolder';
import type { RecordFiles } from '../record/recordFolder';
import { UploadError } from '../contract/errors';
import { Emitter } from '../base/events';
import type { Disposable } from '../base/events';
import { describeFailure, isShared, restAfter } from './afterFailure';
import { SavedBatches } from '../record/savedBatches';
import { FolderWatch } from './folderWatch';
import { runParallel } from '../base/runParallel';
import { Lanes } from '../limits/lanes';
import type { OpenStore } from '../contract/ports';
import { RateLimiter } from '../limits/rateLimiter';
import { WakeUp } from '../upload/requestRunner';
import { RunTotals } from './runTotals';
import { StartQueue } from './startQueue';
import { startHeart, steadyTime, systemClock } from '../base/clock';
import { Transfer } from './transfer';
import type { RestState } from './transfer';
import type {
  BatchSnapshot,
  TransferLimits,
  TransferNotice,
  Transfers,
  TransfersSnapshot,
} from '../contract/transfers';
import type * as UploadModule from '../upload/upload';
import type { UploadEnvironment } from '../upload/uploadContext';
import { validateRequest } from '../contract/validate';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/** A discard that OSS does not hear within this time is tried again later. */
const DISCARD_MS = 10_000;
/** How long a shutdown may wait for requests to end. */
const SHUTDOWN_MS = 1000;
/** Discards sent at the same time. */
const DISCARDS = 8;

/** What a manager is built from. */
export interface TransferManagerOptions {
  /** Folder of checkpoints, batches and leases; made when needed. */
  readonly stateDir: string;
  readonly openStore: OpenStore;
  readonly logger: Logger;
  readonly limits: TransferLimits;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly files?: RecordFiles;
}

/** The set of transfers of one window. See {@link Transfers} for what each call guarantees. */
export class TransferManager implements Transfers {
  private readonly batches = new Batches();
  private readonly environment: UploadEnvironment;
  private readonly clock: Clock;
  private readonly steadyMs: () => number;
  private readonly logger: Logger;
  private readonly owner: BatchOwner;
  private readonly watch: FolderWatch;
  private readonly queue: StartQueue;
  private readonly totals = new RunTotals();
  private readonly changeEmitter: Emitter<void>;
  private readonly noticeEmitter: Emitter<TransferNotice>;
  private readonly ticker: ChangeTicker;
  private readonly life = new AbortController();
  private cached: TransfersSnapshot | undefined;
  private enqueued: Promise<unknown> = Promise.resolve();
  private uploadModule: Promise<typeof UploadModule> | undefined;
  private heart: Disposable | undefined;

  constructor(options: TransferManagerOptions) {
    const { logger, limits, openStore, clock = systemClock, random = Math.random } = options;
    this.logger = logger;
    this.clock = clock;
    this.steadyMs = steadyTime(clock);
    const records = new RecordFolder(options.stateDir, logger, options.files);
    const batches = batchesIn(records);
    this.owner = new BatchOwner(batches, clock, logger, this.life.signal);
    const checkpoints = checkpointsIn(records);
    const folder = new SavedBatches(records, batches, checkpoints, clock, logger);
    this.watch = new FolderWatch(folder, this.batches, clock, logger, {
      add: (batch, { item, state, updatedMs, progress }) => {
        Object.assign(this.addTransfer(batch, item, state, updatedMs).monitor, progress);
      },
      changed: () => {
        this.changed(true);
      },
    });
    this.environment = {
      openStore,
      checkpoints,
      clock,
      logger,
      random,
      lanes: new Lanes(limits.concurrency, clock),
      limiter: new RateLimiter(limits.maxBytesPerSecond, clock),
      pools: new BufferPools(),
      wakeUp: new WakeUp(),
    };
    this.queue = new StartQueue(limits.concurrency, (transfer) => this.drive(transfer));
    const report = (error: unknown): void => {
      logger.error(`a listener failed: ${String(error)}`);
    };
    this.changeEmitter = new Emitter(report);
    this.noticeEmitter = new Emitter(report);
    this.ticker = new ChangeTicker(clock, () => {
      this.cached = undefined;
      this.totals.sample(this.steadyMs());
      this.changeEmitter.fire();
    });
  }

  get onDidChange(): Transfers['onDidChange'] {
    return this.changeEmitter.event;
  }

  get onNotice(): Transfers['onNotice'] {
    return this.noticeEmitter.event;
  }

  snapshot(): TransfersSnapshot {
    this.cached ??= {
      batches: [...this.batches].map((batch) => batch.snapshot()),
      totals: this.totals.snapshot(this.batches.transfers(), this.steadyMs()),
    };
    return this.cached;
  }

  async enqueue(request: Parameters<Transfers['enqueue']>[0]): Promise<string> {
    // One after the other: the same file, asked for twice at once, is one upload.
    const turn = this.enqueued.then(() => this.enqueueNow(request));
    this.enqueued = turn.catch(() => undefined);
    return turn;
  }

  async whenSettled(batchId: string): Promise<BatchSnapshot> {
    const batch = this.batches.get(batchId);
    if (batch === undefined) throw new Error(`there is no batch ${batchId}`);
    await batch.whenSettled();
    await this.owner.whenEnded();
    return batch.snapshot();
  }

  async pause(ids: readonly string[]): Promise<void> {
    const active = this.batches.select(ids).filter((transfer) => transfer.isActive);
    active.forEach((transfer) => {
      transfer.moveTo('paused');
    });
    await Promise.all(active.map((transfer) => transfer.stop()));
    await this.batches.note(active, (paused) => ({ paused }));
    this.settle(active);
  }

  async resume(
    ids: readonly string[],
    change: Parameters<Transfers['resume']>[1] = {},
  ): Promise<void> {
    this.heart ??= this.startHeart();
    const { taken, refusals } = await this.take(ids);
    const transfers = taken.filter((transfer) => transfer.isWaitingForUser);
    await Promise.all(
      transfers.map(async (transfer) => {
        await transfer.stop();
        const item = changedItem(transfer.item, change);
        if (item === transfer.item) return;
        transfer.item = item;
        await this.batches.of(transfer)?.journal?.append({ item });
      }),
    );
    await this.batches.note(transfers, (resumed) => ({ resumed }));
    // Meanwhile they may have been discarded, resumed already, or asked for anew.
    this.queueUp(
      transfers.filter((transfer) => transfer.isWaitingForUser && this.batches.has(transfer)),
    );
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
  }

  async discard(ids: readonly string[]): Promise<void> {
    const { taken, refusals } = await this.take(ids);
    const transfers = taken.filter(({ state }) => state !== 'completed');
    transfers.forEach((transfer) => {
      transfer.moveTo('discarding');
    });
    // A batch of which nothing is left is not among the batches any more, and somebody may wait for it.
    const batches = this.batches.ofAll(transfers);
    await runParallel(transfers, DISCARDS, this.life.signal, (transfer) =>
      this.discardOne(transfer),
    );
    batches.forEach((batch) => {
      batch.checkSettled();
    });
    this.settle(transfers);
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
  }

  async relocate(id: string, filePath: string): Promise<void> {
    const [transfer] = this.batches.select([id]);
    const batch = transfer && this.batches.of(transfer);
    if (transfer === undefined || batch === undefined) return;
    await this.own(batch);
    const { target, options } = transfer.item;
    const request = { filePath, target, options };
    validateRequest(request);
    const item = await toItem(request);
    await moveCheckpoint(this.environment.checkpoints, transfer.id, item.id, item.filePath);
    await batch.journal?.append({ removed: transfer.id });
    await batch.journal?.append({ item });
    batch.transfers.delete(transfer.id);
    this.queueUp([this.addTransfer(batch, item, 'queued')]);
  }

  clearFinished(): void {
    for (const batch of this.batches) {
      for (const transfer of [...batch.transfers.values()]) {
        if (transfer.state === 'completed') batch.transfers.delete(transfer.id);
      }
      if (batch.transfers.size === 0) this.batches.remove(batch);
    }
    this.changed(true);
  }

  setLimits(limits: TransferLimits): void {
    this.environment.lanes.setLimit(limits.concurrency);
    this.environment.limiter.setLimit(limits.maxBytesPerSecond);
    this.queue.setLimit(limits.concurrency);
  }

  retryNow(): void {
    this.environment.wakeUp.now();
    this.discardLeft();
  }

  refresh(): Promise<void> {
    return this.watch.refresh();
  }

  async shutdown(): Promise<void> {
    this.life.abort();
    this.heart?.dispose();
    this.ticker.dispose();
    const stopped = [...this.batches.transfers()].map(async (transfer) => {
      if (transfer.isActive) transfer.moveTo('interrupted');
      await transfer.stop();
    });
    const timeUp = once(AbortSignal.timeout(SHUTDOWN_MS), 'abort');
    await Promise.race([Promise.all([...stopped, this.enqueued, this.watch.stop()]), timeUp]);
    const owned = [...this.batches].filter((batch) => batch.isOwned);
    await Promise.all(owned.map((batch) => this.owner.letGo(batch)));
    await this.owner.whenEnded();
  }

  /** The next snapshot is a new one, and whoever listens is told soon. */
  private changed(isNewState: boolean): void {
    this.cached = undefined;
    this.ticker.changed(isNewState);
  }

  // --- the life of a transfer ---

  private addTransfer(
    batch: Batch,
    item: BatchItem,
    state: RestState,
    updatedMs?: number,
  ): Transfer {
    const transfer = new Transfer(
      item,
      batch.id,
      state,
      batch.header.createdMs,
      () => this.clock.now(),
      (isNewState) => {
        this.changed(isNewState);
      },
      (notice) => {
        this.logger.info(`${notice.filePath}: ${notice.kind} ${notice.detail ?? ''}`);
        this.noticeEmitter.fire(notice);
      },
      updatedMs,
    );
    batch.transfers.set(transfer.id, transfer);
    return transfer;
  }

  private queueUp(transfers: readonly Transfer[]): void {
    // They are on disk: the next window offers them.
    if (this.life.signal.aborted) {
      transfers.forEach((transfer) => {
        transfer.moveTo('interrupted');
      });
      return;
    }
    this.totals.begin(this.batches.transfers(), transfers);
    transfers.forEach((transfer) => {
      transfer.moveTo('queued');
      this.queue.push(transfer);
    });
    this.queue.pump();
  }

  private async drive(transfer: Transfer): Promise<void> {
    await transfer.start(async (signal) => {
      const { job, monitor } = transfer;
      try {
        const { environment } = this;
        const { runUpload } = await this.uploads();
        transfer.result = await runUpload(job, environment, monitor, signal, async () => {
          await this.batches.of(transfer)?.journal?.append({ finished: job.id });
        });
        transfer.moveTo('completed');
        // OSS can be reached: what it has not heard of yet, it hears now. Not after each of thousands.
        if (this.batches.of(transfer)?.isSettled !== false) this.discardLeft();
      } catch (thrown) {
        const error = UploadError.from(thrown);
        // Whoever stopped it has said already what it is now.
        if (error.kind === 'aborted' && signal.aborted) return;
        this.logger.error(describeFailure(error));
        transfer.moveTo(restAfter(error), error);
        this.spread(transfer, error);
      }
    });
    // Resumed while it was still coming to rest, when the queue could not start it.
    if (transfer.state === 'queued') this.queue.push(transfer);
    this.settle([transfer]);
  }

  /** What fails one transfer for a reason that all share does not have to be found out by each. */
  private spread(failed: Transfer, error: UploadError): void {
    const others = [...this.batches.transfers()].filter(
      (other) => other.isActive && isShared(error, failed.item.target, other.item.target),
    );
    for (const other of others) {
      other.moveTo(restAfter(error), error);
      void other.stop();
    }
    this.settle(others);
  }

  private settle(transfers: readonly Transfer[]): void {
    for (const batch of this.batches.ofAll(transfers)) {
      if (batch.isOwned && batch.isFinished) void this.owner.finish(batch);
      batch.checkSettled();
    }
    for (const batch of this.batches) batch.checkSettled();
    this.changed(true);
  }

  /** Tries again what could not be discarded before. What another window works on stays with it. */
  private discardLeft(): void {
    const left = [...this.batches.transfers()].filter(
      ({ state, isRunning, batchId }) =>
        state === 'discarding' && !isRunning && this.batches.get(batchId)?.isElsewhere !== true,
    );
    if (left.length === 0) return;
    this.discard(left.map(({ id }) => id)).catch((error: unknown) => {
      this.logger.warn(`discard: ${String(error)}`);
    });
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
      const timeout = AbortSignal.any([signal, this.life.signal, AbortSignal.timeout(DISCARD_MS)]);
      try {
        const { discardUpload } = await this.uploads();
        await discardUpload(transfer.job, this.environment, transfer.monitor, timeout);
        await forget();
      } catch (thrown) {
        const error = UploadError.from(thrown);
        this.logger.warn(`discard: ${describeFailure(error)}`);
        if (error.kind === 'heldElsewhere') {
          // What another window works on is not ours to remove, now or later.
          await forget();
          return;
        }
        transfer.moveTo('discarding', error);
        const item = { ...transfer.item, isDiscarding: true };
        transfer.item = item;
        await batch?.journal?.append({ item });
      }
    });
    if (batch?.isOwned && batch.isFinished) {
      await this.owner.finish(batch);
      if (batch.transfers.size === 0) this.batches.remove(batch);
    }
  }

  // --- batches ---

  private async enqueueNow(request: Parameters<Transfers['enqueue']>[0]): Promise<string> {
    request.requests.forEach(validateRequest);
    this.heart ??= this.startHeart();
    // What an earlier window left of the same files goes on in this batch.
    await this.refresh();
    const fresh = await itemsOf(request.requests, this.life.signal);
    const running = this.joinRunning(fresh);
    await this.takeOver([...fresh.keys()]);
    const joined = this.joinRunning(fresh) ?? running;
    if (fresh.size === 0 && joined !== undefined) return joined;

    const { label, workspacePath } = request;
    const header = { label, workspacePath, createdMs: this.clock.now() };
    const batch = new Batch(randomUUID(), header);
    for (const item of fresh.values()) this.addTransfer(batch, item, 'queued');
    try {
      await this.owner.begin(batch, [...fresh.values()]);
    } catch (error) {
      const [first] = fresh.values();
      if (first !== undefined) {
        const { id, filePath } = first;
        const detail = String(error);
        this.noticeEmitter.fire({ transferId: id, filePath, kind: 'notResumable', detail });
      }
    }
    this.batches.put(batch);
    this.queueUp([...batch.transfers.values()]);
    return batch.id;
  }

  /** Takes up the batches of these ids, as far as no other window drives them. */
  private async take(
    ids: readonly string[],
  ): Promise<{ readonly taken: readonly Transfer[]; readonly refusals: readonly UploadError[] }> {
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
        // Whoever is told of it wants to know what it is about.
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
  private async own(batch: Batch): Promise<void> {
    await this.owner.take(batch).finally(() => {
      this.changed(true);
    });
  }

  /** Requests for what already runs are dropped; the batch where it runs is returned. */
  private joinRunning(fresh: Map<string, BatchItem>): string | undefined {
    let joined: string | undefined;
    for (const transfer of this.batches.transfers()) {
      if (!fresh.has(transfer.id) || !transfer.isActive) continue;
      fresh.delete(transfer.id);
      joined = transfer.batchId;
    }
    return joined;
  }

  /**
   * Unfinished uploads of the same files leave their batches: they go on in a new one. Those that
   * another window works on are shown there too: it will say who holds them.
   */
  private async takeOver(ids: readonly string[]): Promise<void> {
    for (const { id, batchId } of this.batches.select(ids)) {
      const batch = this.batches.get(batchId);
      if (batch === undefined) continue;
      try {
        if (!batch.isElsewhere) await this.own(batch);
      } catch (error) {
        if (!UploadError.is(error, 'heldElsewhere')) throw error;
      }
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

  /** What sends, loaded with the first upload: most starts of an editor need none of it. */
  private uploads(): Promise<typeof UploadModule> {
    this.uploadModule ??= import('../upload/upload');
    return this.uploadModule;
  }

  /** Counts down while something is active, and tries again as soon as the computer has slept. */
  private startHeart(): Disposable {
    return startHeart(this.clock, (hasSlept) => {
      if (hasSlept) this.environment.wakeUp.now();
      if ([...this.batches.transfers()].some((transfer) => transfer.isActive)) this.changed(false);
    });
  }
}
