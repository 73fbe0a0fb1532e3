import type { Batch } from './batches';
import { GONE, LIVE, MARKS, STATE_OF } from './transferTable';
import type { TransferTable } from './transferTable';
import { isActive, isWaitingForUser } from '../contract/transfers';
import type { TransfersSnapshot } from '../contract/transfers';

/** The speed is that of about the last so many seconds. */
const WINDOW_SECONDS = 10;
/**
 * What the first seconds take goes into the buffers of the system, at the speed of memory: several
 * megabytes for each connection that have not left this computer yet.
 */
const WARM_UP_MS = 1000;
/** Buffers are refilled by whole slices: between two looks there may be three of them or none. */
const LEAST_SECONDS = 0.9;
/** Less than this says nothing about the time left. */
const BELIEVABLE_SECONDS = 5;
const BELIEVABLE_PARTS = 3;

/**
 * Speed and time left from what was sent so far: bytes over seconds, of which each weighs less the
 * longer it is ago. Counting begins when the buffers of the system are full, about a second after the
 * first byte; bytes that have to be sent again simply make it slower.
 */
export class SpeedMeter {
  private startMs: number | undefined;
  private lastMs = 0;
  private lastBytes = 0;
  private recentBytes = 0;
  private recentSeconds = 0;

  /** Starts over: the first sample after it is where counting begins. */
  reset(): void {
    this.startMs = undefined;
    this.recentBytes = this.recentSeconds = 0;
  }

  /** `sentBytes` counts up; it may fall back when a part failed. */
  sample(sentBytes: number, nowMs: number): void {
    if (this.startMs === undefined || (sentBytes === 0 && this.lastBytes === 0)) {
      this.startMs = nowMs;
    } else if (this.lastMs - this.startMs >= WARM_UP_MS) {
      const seconds = (nowMs - this.lastMs) / 1000;
      if (seconds <= 0) return;
      const kept = Math.exp(-seconds / WINDOW_SECONDS);
      this.recentBytes = this.recentBytes * kept + Math.max(0, sentBytes - this.lastBytes);
      this.recentSeconds = this.recentSeconds * kept + seconds;
    }
    this.lastMs = nowMs;
    this.lastBytes = sentBytes;
  }

  /** 0 while it would be a guess. */
  get bytesPerSecond(): number {
    return this.recentSeconds < LEAST_SECONDS ? 0 : this.recentBytes / this.recentSeconds;
  }

  /** Seconds for the rest at this speed; undefined while that would be a guess. */
  secondsLeft(restBytes: number, partsSent: number, nowMs: number): number | undefined {
    const elapsedSeconds = this.startMs === undefined ? 0 : (nowMs - this.startMs) / 1000;
    const isBelievable =
      elapsedSeconds >= BELIEVABLE_SECONDS &&
      partsSent >= BELIEVABLE_PARTS &&
      this.bytesPerSecond > 0;
    return isBelievable ? restBytes / this.bytesPerSecond : undefined;
  }
}

const NOTHING = { files: 0, sizeBytes: 0, sentBytes: 0, partsSent: 0 };

/** A batch, as far as its sums go. */
type CountedBatch = Pick<Batch, 'transfers' | 'finishedEarlier'>;

/**
 * Sums over the current run: from the moment something becomes active until nothing is. What is
 * added meanwhile joins the run. Whatever of the same batches is done already counts with it, and
 * what is paused stays in it, so that no pause and no resume makes the share smaller.
 */
export class RunTotals {
  private sums = NOTHING;
  private readonly batches = new Set<CountedBatch>();
  private readonly meter = new SpeedMeter();

  /**
   * To be called when transfers of these batches become active; the run begins anew when no other
   * of `all` is.
   */
  begin(
    all: Iterable<CountedBatch>,
    joining: readonly { readonly batch: CountedBatch; readonly indices: readonly number[] }[],
  ): void {
    if (!isAnyActive(all, joining)) {
      for (const { transfers } of this.batches) transfers.unmarkAll(MARKS.member | MARKS.counted);
      this.sums = NOTHING;
      this.batches.clear();
      this.meter.reset();
    }
    for (const { batch, indices } of joining) {
      const { transfers } = batch;
      this.batches.add(batch);
      for (const index of transfers.items.indices()) {
        if (transfers.stateAt(index) === 'completed') this.finish(transfers, index);
      }
      for (const index of indices) {
        transfers.live.get(index)?.monitorIfAny?.beginRun();
        transfers.mark(index, MARKS.member);
      }
    }
  }

  /** To be called when one of these is completed: nothing of it is asked for its sums any more. */
  finish(transfers: TransferTable, index: number): void {
    if (transfers.hasMark(index, MARKS.counted)) return;
    transfers.unmark(index, MARKS.member);
    transfers.mark(index, MARKS.counted);
    const transfer = transfers.live.get(index);
    const { files, sizeBytes, sentBytes, partsSent } = this.sums;
    this.sums = {
      files: files + 1,
      sizeBytes: sizeBytes + (transfer?.sizeBytes ?? transfers.sizeAt(index)),
      sentBytes: sentBytes + (transfer?.monitorIfAny?.sentBytes ?? 0),
      partsSent: partsSent + (transfer?.monitorIfAny?.partsSent ?? 0),
    };
  }

  /** Looks at how far the run is, for the speed. */
  sample(nowMs: number): void {
    let { sentBytes } = this.sums;
    for (const { transfers } of this.batches) {
      for (const [index, { monitorIfAny }] of transfers.live) {
        if (transfers.hasMark(index, MARKS.member)) sentBytes += monitorIfAny?.sentBytes ?? 0;
      }
    }
    this.meter.sample(sentBytes, nowMs);
  }

  snapshot(all: Iterable<CountedBatch>, nowMs: number): TransfersSnapshot['totals'] {
    let active = 0;
    let waitingForUser = 0;
    let isWaiting = true;
    let { files, sizeBytes, partsSent } = this.sums;
    let filesDone = files;
    let doneBytes = sizeBytes;
    let leftBytes = 0;
    for (const { transfers } of all) {
      for (let index = 0; index < transfers.length; index++) {
        const code = transfers.codeAt(index);
        if (code === GONE) continue;
        const transfer = code === LIVE ? transfers.live.get(index) : undefined;
        const state = transfer?.state ?? STATE_OF[code] ?? 'queued';
        const isMoving = isActive({ state });
        if (isMoving) active++;
        if (isWaitingForUser({ state })) waitingForUser++;
        if (transfer?.isRunning === true && state !== 'waiting') isWaiting = false;
        if (state === 'discarding' || !transfers.hasMark(index, MARKS.member)) continue;
        const monitor = transfer?.monitorIfAny;
        const wholeBytes = transfer?.sizeBytes ?? transfers.sizeAt(index);
        partsSent += monitor?.partsSent ?? 0;
        files++;
        sizeBytes += wholeBytes;
        if (state === 'completed') {
          filesDone++;
          doneBytes += wholeBytes;
          continue;
        }
        const acceptedBytes = Math.min(wholeBytes, monitor?.confirmedBytes ?? 0);
        const sentBytes = Math.min(wholeBytes, acceptedBytes + (monitor?.inFlightBytes ?? 0));
        doneBytes += acceptedBytes;
        // What stands still is not waited for.
        if (isMoving) leftBytes += wholeBytes - sentBytes;
      }
    }
    for (const { finishedEarlier } of this.batches) {
      files += finishedEarlier.files;
      filesDone += finishedEarlier.files;
      sizeBytes += finishedEarlier.sizeBytes;
      doneBytes += finishedEarlier.sizeBytes;
    }
    const speedBytesPerSecond = active === 0 || isWaiting ? 0 : this.meter.bytesPerSecond;
    const secondsLeft = isWaiting ? undefined : this.meter.secondsLeft(leftBytes, partsSent, nowMs);
    const counts = { active, waitingForUser, files, filesDone, sizeBytes, doneBytes };
    return { ...counts, speedBytesPerSecond, secondsLeft };
  }
}

/** Whether something is active that does not join now. */
function isAnyActive(
  all: Iterable<CountedBatch>,
  joining: readonly { readonly batch: CountedBatch; readonly indices: readonly number[] }[],
): boolean {
  for (const batch of all) {
    const { transfers } = batch;
    let others = transfers.activeCount;
    for (const one of joining) {
      if (one.batch !== batch) continue;
      for (const index of one.indices) if (transfers.isActiveAt(index)) others--;
    }
    if (others > 0) return true;
  }
  return false;
}
