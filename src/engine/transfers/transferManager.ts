import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { changedItem, itemsOf, toItem } from './batchItems';
import { Batches, filtered, note } from './batches';
import type { Batch, Selected } from './batches';
import { BatchOwner } from './batchOwner';
import { ChangeTicker } from './changeTicker';
import { FolderWatch } from './folderWatch';
import { TakeOver, objectOf } from './takeOver';
import { TransferRuns } from './transferRuns';
import { Emitter } from '../base/events';
import type { Disposable } from '../base/events';
import { startHeart, steadyTime, systemClock } from '../base/clock';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import type { OpenStore } from '../contract/ports';
import { isWaitingForUser } from '../contract/transfers';
import type {
  BatchSnapshot,
  EndedTransfer,
  Enqueued,
  SettledBatch,
  TransferLimits,
  TransferNotice,
  Transfers,
  TransfersSnapshot,
  UploadRequest,
} from '../contract/transfers';
import { validateRequest } from '../contract/validate';
import { BufferPools } from '../limits/bufferPool';
import { Lanes } from '../limits/lanes';
import { RateLimiter } from '../limits/rateLimiter';
import { batchesIn } from '../record/batchRecord';
import type { ItemTable } from '../record/itemTable';
import { checkpointsIn, moveCheckpoint } from '../record/checkpoint';
import { RecordFolder } from '../record/recordFolder';
import type { RecordFiles } from '../record/recordFolder';
import type { DamagedRecord } from '../record/savedBatches';
import { SavedBatches } from '../record/savedBatches';
import { WakeUp } from '../upload/requestRunner';
import type { UploadEnvironment } from '../upload/uploadContext';

/** How long a shutdown may wait for requests to end. */
const SHUTDOWN_MS = 1000;

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
  /** Folder of remembered checksums, made when needed; left out: none are remembered. */
  readonly checksumFolder?: string;
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
  private readonly runs: TransferRuns;
  private readonly takeOver: TakeOver;
  private readonly report = (error: unknown): void => {
    this.logger.error(`a listener failed: ${String(error)}`);
  };
  private readonly change = new Emitter<readonly string[]>(this.report);
  private readonly end = new Emitter<EndedTransfer>(this.report);
  private readonly settled = new Emitter<SettledBatch>(this.report);
  private readonly notice = new Emitter<TransferNotice>(this.report);
  readonly onDidChange = this.change.event;
  readonly onDidEnd = this.end.event;
  readonly onDidSettle = this.settled.event;
  private readonly ticker: ChangeTicker;
  /** What was found before anybody listened. */
  private readonly found: TransferNotice[] = [];
  private telling: Promise<unknown> = Promise.resolve();
  private readonly life = new AbortController();
  /** What changed since that was told. */
  private changedIds = new Set<string>();
  private cached: TransfersSnapshot | undefined;
  private enqueued: Promise<unknown> = Promise.resolve();
  private heart: Disposable | undefined;

  constructor(options: TransferManagerOptions) {
    const { logger, limits, openStore, clock = systemClock, random = Math.random } = options;
    this.logger = logger;
    this.clock = clock;
    this.steadyMs = steadyTime(clock);
    const tell = (): void => {
      this.cached = undefined;
      this.runs.totals.sample(this.steadyMs());
      const ids = [...this.changedIds];
      this.changedIds.clear();
      this.change.fire(ids);
    };
    this.ticker = new ChangeTicker(clock, tell, () => this.batches.transferCount);
    const records = new RecordFolder(options.stateDir, logger, options.files, clock);
    const batches = batchesIn(records);
    const checkpoints = checkpointsIn(records);
    this.environment = {
      openStore,
      checkpoints,
      clock,
      logger,
      random,
      lanes: new Lanes(limits.concurrency, clock),
      limiter: new RateLimiter(limits.maxBytesPerSecond, clock),
      pools: new BufferPools(),
      checksumFolder: options.checksumFolder ?? '',
      wakeUp: new WakeUp(),
    };
    const { signal } = this.life;
    this.owner = new BatchOwner(batches, clock, logger, signal, ({ id }, error) =>
      this.runs.stop(this.active([id]), 'failed', error),
    );
    const listener = {
      changed: this.changed.bind(this),
      ended: this.end.fire.bind(this.end),
      settled: this.settled.fire.bind(this.settled),
      notice: this.notice.fire.bind(this.notice),
      reached: this.discardLeft.bind(this),
    };
    this.runs = new TransferRuns(
      this.batches,
      this.owner,
      this.environment,
      this.steadyMs,
      listener,
      signal,
      limits.concurrency,
    );
    const saved = new SavedBatches(records, batches, checkpoints, clock, logger, (record) => {
      this.telling = Promise.all([this.telling, this.tellDamaged(record)]);
    });
    this.watch = new FolderWatch(saved, this.batches, clock, logger, {
      make: (id, header) => this.runs.make(id, header),
      add: ({ transfers }, { item, state, updatedMs, progress, error }) => {
        const index = transfers.add(item, state, updatedMs, error);
        if (progress !== undefined) Object.assign(transfers.at(index).monitor, progress);
      },
      changed: (ids) => {
        this.changed(true, ids);
      },
    });
    this.takeOver = new TakeOver(
      this.batches,
      this.owner,
      () => this.refresh(),
      ({ id }) => {
        this.changed(true, [id]);
      },
    );
  }

  /** What was found in the folder is told to those, too, who come later. */
  onNotice(listener: (notice: TransferNotice) => void): Disposable {
    this.found.forEach(listener);
    return this.notice.event(listener);
  }

  snapshot(): TransfersSnapshot {
    this.cached ??= {
      batches: [...this.batches].map((batch) => batch.snapshot()),
      totals: this.runs.totals.snapshot(this.batches, this.steadyMs()),
    };
    return this.cached;
  }

  async enqueue(request: Parameters<Transfers['enqueue']>[0]): Promise<Enqueued> {
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
    await this.runs.pause(this.active(ids));
  }

  async resume(
    ids: readonly string[],
    change: Parameters<Transfers['resume']>[1] = {},
  ): Promise<void> {
    this.beat();
    const { taken, refusals } = await this.takeOver.take(ids);
    const waiting = filtered(taken, isWaitingAt);
    const isChanged = Object.keys(change).length > 0;
    await Promise.all(
      waiting.flatMap(({ batch, indices }) =>
        // What is no object does not run.
        indices
          .filter((index) => isChanged || batch.transfers.live.has(index))
          .map(async (index) => {
            const { items, live } = batch.transfers;
            await live.get(index)?.stop();
            const known = items.at(index);
            const item = changedItem(known, change);
            if (item === known || !items.hasAt(index)) return;
            batch.transfers.change(item);
            await batch.append({ item });
          }),
      ),
    );
    await note(waiting, (resumed) => ({ resumed }));
    // Meanwhile they may have been discarded, resumed already, or asked for anew.
    this.runs.start(
      filtered(
        waiting,
        (batch, index) => this.batches.get(batch.id) === batch && isWaitingAt(batch, index),
      ),
    );
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
  }

  async discard(ids: readonly string[]): Promise<void> {
    const { taken, refusals } = await this.takeOver.take(ids);
    await this.runs.discard(
      filtered(taken, ({ transfers }, index) => transfers.stateAt(index) !== 'completed'),
    );
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
  }

  async relocate(id: string, filePath: string): Promise<void> {
    const [{ batch, indices: [index] } = { batch: undefined, indices: [] }] = this.batches.select([
      id,
    ]);
    if (batch === undefined || index === undefined) return;
    const { target, options } = batch.transfers.items.at(index);
    const request = { filePath, target, options };
    validateRequest(request);
    const item = await toItem(request);
    // It is back where it was.
    if (item.id === id) return this.resume([id]);
    await this.takeOver.own(batch);
    await moveCheckpoint(this.environment.checkpoints, id, item.id, item.filePath);
    await batch.append({ removed: id });
    await batch.append({ item });
    batch.transfers.deleteAt(index);
    this.runs.start([{ batch, indices: [batch.transfers.add(item, 'queued')] }]);
  }

  clearFinished(ids?: readonly string[]): void {
    const wanted = ids && new Set(ids);
    for (const batch of this.batches) {
      const { transfers } = batch;
      for (const index of [...transfers.items.indices()]) {
        if (transfers.stateAt(index) !== 'completed') continue;
        if (wanted?.has(transfers.items.idAt(index)) !== false) transfers.deleteAt(index);
      }
      if (batch.transfers.size === 0) this.batches.remove(batch);
      this.changed(true, [batch.id]);
    }
  }

  setLimits(limits: TransferLimits): void {
    this.environment.lanes.setLimit(limits.concurrency);
    this.environment.limiter.setLimit(limits.maxBytesPerSecond);
    this.runs.setLimit(limits.concurrency);
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
    for (const { transfers } of this.batches) {
      for (const index of transfers.items.indices()) {
        if (!transfers.live.has(index) && transfers.isQueuedAt(index)) {
          transfers.moveTo(index, 'interrupted', this.clock.now());
        }
      }
    }
    const moving = [...this.batches.live()].filter(
      (transfer) => transfer.isActive || transfer.isRunning,
    );
    const stopped = moving.map(async (transfer) => {
      if (transfer.isActive) transfer.moveTo('interrupted');
      await transfer.stop();
    });
    const timeUp = once(AbortSignal.timeout(SHUTDOWN_MS), 'abort');
    await Promise.race([
      Promise.all([...stopped, this.enqueued, this.watch.stop(), this.telling]),
      timeUp,
    ]);
    const owned = [...this.batches].filter((batch) => batch.isOwned);
    await Promise.all(owned.map((batch) => this.owner.letGo(batch)));
    await this.owner.whenEnded();
  }

  private active(ids: readonly string[]): Selected[] {
    return filtered(this.batches.select(ids), ({ transfers }, at) => transfers.isActiveAt(at));
  }

  /** The next snapshot is a new one, and listeners are told soon. */
  private changed(isNewState: boolean, ids: readonly string[]): void {
    this.cached = undefined;
    for (const id of ids) this.changedIds.add(id);
    this.ticker.changed(isNewState);
  }

  private async enqueueNow(request: Parameters<Transfers['enqueue']>[0]): Promise<Enqueued> {
    for (const one of request.requests) validateRequest(one);
    this.beat();
    // What an earlier window left of the same files goes on in this batch.
    await this.refresh();
    const fresh = await itemsOf(request.requests, this.life.signal);
    const held = new Map<string, UploadRequest>();
    const leaveHeld = (): void => {
      const isHeld = this.takeOver.heldElsewhere();
      if (isHeld === undefined) return;
      for (const { id, target } of [...fresh.values()]) if (isHeld(target)) fresh.delete(id);
      for (const one of request.requests)
        if (isHeld(one.target)) held.set(objectOf(one.target), one);
    };
    // They leave no batch of this window for one that does not take them.
    leaveHeld();
    const joined = await this.takeOver.clear(fresh);
    // Another window may have been seen only now.
    leaveHeld();
    if (fresh.size === 0) return { batchId: joined, held: [...held.values()] };
    const { label, workspacePath } = request;
    const batchId = await this.begin(label, workspacePath, fresh);
    return { batchId, held: [...held.values()] };
  }

  /** Starts a new batch of these; resolves with its id. */
  private async begin(label: string, workspacePath: string, items: ItemTable): Promise<string> {
    const header = { label, workspacePath, createdMs: this.clock.now() };
    const batch = this.runs.make(randomUUID(), header, items);
    try {
      await this.owner.begin(batch);
    } catch (error) {
      batch.tellNotResumable(String(error));
    }
    await this.takeOver.leave(items);
    this.batches.put(batch);
    this.runs.start([{ batch, indices: [...items.indices()] }]);
    // The window was closed meanwhile, and may not have waited.
    if (this.life.signal.aborted) await this.owner.letGo(batch);
    return batch.id;
  }

  private async tellDamaged(record: DamagedRecord): Promise<void> {
    try {
      const filePath = record.filePath ?? (await this.runs.setAside(record));
      if (filePath === undefined) return;
      const kind = record.isPartly === true ? 'recordIncomplete' : 'recordDamaged';
      const notice = { transferId: record.id, filePath, kind } as const;
      this.found.push(notice);
      this.notice.fire(notice);
    } catch (error) {
      this.logger.warn(`a damaged record stays where it is: ${String(error)}`);
    }
  }

  /** Tries again what could not be discarded before. What another window works on stays with it. */
  private discardLeft(): void {
    const left = [...this.batches].flatMap(({ isElsewhere, transfers }) => {
      if (isElsewhere) return [];
      const ids = [];
      for (const index of transfers.items.indices()) {
        const isLeft = transfers.stateAt(index) === 'discarding';
        if (!isLeft || transfers.live.get(index)?.isRunning === true) continue;
        ids.push(transfers.items.idAt(index));
      }
      return ids;
    });
    if (left.length === 0) return;
    this.discard(left).catch((error: unknown) => {
      this.logger.warn(`discard: ${String(error)}`);
    });
  }

  /** From now on counts down while something is active, and tries again when the computer has slept. */
  private beat(): void {
    this.heart ??= startHeart(this.clock, (hasSlept) => {
      if (hasSlept) this.environment.wakeUp.now();
      // What waits for its turn shows no time that goes on.
      const active = [...this.batches.live()].filter((transfer) => transfer.isActive);
      if (active.length === 0) return;
      this.changed(
        false,
        active.map(({ id }) => id),
      );
    });
  }
}

function isWaitingAt({ transfers }: Batch, index: number): boolean {
  const state = transfers.stateAt(index);
  return state !== undefined && isWaitingForUser({ state });
}
