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

const NOTHING = { sizeBytes: 0, sentBytes: 0, partsSent: 0 };

/** A batch, as far as its sums go. */
type CountedBatch = Pick<Batch, 'transfers' | 'finishedEarlier'>;

/**
 * Sums over the current run: from the moment something becomes active until nothing is. What is
 * added meanwhile joins the run. Whatever of the same batches is done already counts with it, and
 * what is paused stays in it, so that no pause and no resume makes the share smaller.
 */
export class RunTotals {
  private readonly members = new Set<Transfer>();
  /** Those that are completed and only a part of these sums any more. */
  private readonly finished = new Set<Transfer>();
  private sums = NOTHING;
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
      this.finished.clear();
      this.sums = NOTHING;
      this.batches.clear();
      this.meter.reset();
    }
    for (const batch of batches) {
      this.batches.add(batch);
      for (const transfer of batch.transfers.values()) {
        if (transfer.state === 'completed') this.finish(transfer);
      }
    }
    for (const transfer of joining) {
      transfer.monitorIfAny?.beginRun();
      this.members.add(transfer);
    }
  }

  /** To be called when one of these is completed: nothing of it is asked for its sums any more. */
  finish(transfer: Transfer): void {
    if (this.finished.has(transfer)) return;
    this.members.delete(transfer);
    this.finished.add(transfer);
    const { sizeBytes, sentBytes, partsSent } = this.sums;
    this.sums = {
      sizeBytes: sizeBytes + transfer.sizeBytes,
      sentBytes: sentBytes + (transfer.monitorIfAny?.sentBytes ?? 0),
      partsSent: partsSent + (transfer.monitorIfAny?.partsSent ?? 0),
    };
  }

  /** Looks at how far the run is, for the speed. */
  sample(nowMs: number): void {
    let { sentBytes } = this.sums;
    for (const { monitorIfAny } of this.members) sentBytes += monitorIfAny?.sentBytes ?? 0;
    this.meter.sample(sentBytes, nowMs);
  }

  snapshot(all: Iterable<Transfer>, nowMs: number): TransfersSnapshot['totals'] {
    let active = 0;
    let waitingForUser = 0;
    let isWaiting = true;
    let files = this.finished.size;
    let filesDone = files;
    let { sizeBytes, partsSent } = this.sums;
    let doneBytes = sizeBytes;
    let leftBytes = 0;
    for (const transfer of all) {
      const { monitorIfAny, sizeBytes: wholeBytes, state } = transfer;
      if (transfer.isActive) active++;
      if (transfer.isWaitingForUser) waitingForUser++;
      if (transfer.isRunning && state !== 'waiting') isWaiting = false;
      if (state === 'completed' || state === 'discarding' || !this.members.has(transfer)) continue;
      const acceptedBytes = Math.min(wholeBytes, monitorIfAny?.confirmedBytes ?? 0);
      const flyingBytes = monitorIfAny?.inFlightBytes ?? 0;
      const sentBytes = Math.min(wholeBytes, acceptedBytes + flyingBytes);
      files++;
      sizeBytes += wholeBytes;
      doneBytes += acceptedBytes;
      // What stands still is not waited for.
      if (transfer.isActive) leftBytes += wholeBytes - sentBytes;
    }
    // Also those that were cleared from the list meanwhile.
    for (const { monitorIfAny, sizeBytes: wholeBytes, state } of this.members) {
      partsSent += monitorIfAny?.partsSent ?? 0;
      if (state !== 'completed') continue;
      files++;
      filesDone++;
      sizeBytes += wholeBytes;
      doneBytes += wholeBytes;
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
