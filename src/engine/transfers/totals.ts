import type { Batch } from './batches';
import type { Transfer } from './transfer';
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

/** A batch, as far as its sums go. */
type CountedBatch = Pick<Batch, 'transfers' | 'finishedEarlier'>;

/**
 * Sums over the current run: from the moment something becomes active until nothing is. What is
 * added meanwhile joins the run. Whatever of the same batches is done already counts with it, and
 * what is paused stays in it, so that no pause and no resume makes the share smaller.
 */
export class RunTotals {
  private readonly members = new Set<Transfer>();
  private readonly batches = new Set<CountedBatch>();
  private readonly meter = new SpeedMeter();

  /**
   * To be called when these transfers, of these batches, become active; the run begins anew when no
   * other is.
   */
  begin(
    all: Iterable<Transfer>,
    joining: readonly Transfer[],
    batches: Iterable<CountedBatch> = [],
  ): void {
    const fresh = new Set(joining);
    if (![...all].some((transfer) => transfer.isActive && !fresh.has(transfer))) {
      this.members.clear();
      this.batches.clear();
      this.meter.reset();
    }
    for (const batch of batches) {
      this.batches.add(batch);
      for (const transfer of batch.transfers.values()) {
        if (transfer.state === 'completed') this.members.add(transfer);
      }
    }
    for (const transfer of joining) {
      transfer.monitor.beginRun();
      this.members.add(transfer);
    }
  }

  /** Looks at how far the run is, for the speed. */
  sample(nowMs: number): void {
    let sentBytes = 0;
    for (const { monitor } of this.members) sentBytes += monitor.sentBytes;
    this.meter.sample(sentBytes, nowMs);
  }

  snapshot(all: Iterable<Transfer>, nowMs: number): TransfersSnapshot['totals'] {
    let active = 0;
    let waitingForUser = 0;
    let isWaiting = true;
    let files = 0;
    let filesDone = 0;
    let sizeBytes = 0;
    let doneBytes = 0;
    let leftBytes = 0;
    let partsSent = 0;
    for (const transfer of all) {
      const { monitor, state } = transfer;
      if (transfer.isActive) active++;
      if (transfer.isWaitingForUser) waitingForUser++;
      if (transfer.isRunning && state !== 'waiting') isWaiting = false;
      if (state === 'completed' || state === 'discarding' || !this.members.has(transfer)) continue;
      const acceptedBytes = Math.min(monitor.sizeBytes, monitor.confirmedBytes);
      const sentBytes = Math.min(monitor.sizeBytes, acceptedBytes + monitor.inFlightBytes);
      files++;
      sizeBytes += monitor.sizeBytes;
      doneBytes += acceptedBytes;
      // What stands still is not waited for.
      if (transfer.isActive) leftBytes += monitor.sizeBytes - sentBytes;
    }
    // Also those that were cleared from the list meanwhile.
    for (const { monitor, state } of this.members) {
      partsSent += monitor.partsSent;
      if (state !== 'completed') continue;
      files++;
      filesDone++;
      sizeBytes += monitor.sizeBytes;
      doneBytes += monitor.sizeBytes;
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
