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

/**
 * Sums over the current run: from the moment something becomes active until nothing is. What is
 * added meanwhile joins the run.
 */
export class RunTotals {
  private readonly members = new Set<Transfer>();
  private readonly meter = new SpeedMeter();

  /** To be called when these transfers become active; the run begins anew when no other is. */
  begin(all: Iterable<Transfer>, joining: readonly Transfer[]): void {
    const fresh = new Set(joining);
    if (![...all].some((transfer) => transfer.isActive && !fresh.has(transfer))) {
      this.members.clear();
      this.meter.reset();
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
    for (const transfer of all) {
      if (transfer.isActive) active++;
      if (transfer.isWaitingForUser) waitingForUser++;
      if (transfer.isRunning && transfer.state !== 'waiting') isWaiting = false;
    }
    let files = 0;
    let filesDone = 0;
    let sizeBytes = 0;
    let doneBytes = 0;
    let partsSent = 0;
    for (const { monitor, state, isActive } of this.members) {
      const sentBytes = monitor.confirmedBytes + monitor.inFlightBytes;
      const memberBytes = Math.min(monitor.sizeBytes, sentBytes);
      partsSent += monitor.partsSent;
      if (state === 'completed') filesDone++;
      // What the user stopped meanwhile is no part of what is awaited; what failed has no more
      // bytes to send.
      else if (!isActive && state !== 'failed') continue;
      files++;
      sizeBytes += isActive || state === 'completed' ? monitor.sizeBytes : memberBytes;
      doneBytes += memberBytes;
    }
    const speedBytesPerSecond = active === 0 || isWaiting ? 0 : this.meter.bytesPerSecond;
    const secondsLeft = isWaiting
      ? undefined
      : this.meter.secondsLeft(sizeBytes - doneBytes, partsSent, nowMs);
    const counts = { active, waitingForUser, files, filesDone, sizeBytes, doneBytes };
    return { ...counts, speedBytesPerSecond, secondsLeft };
  }
}
