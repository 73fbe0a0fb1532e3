import { SpeedMeter } from './progress';
import type { Transfer } from './transfer';
import type { TransfersSnapshot } from '../contract/transfers';

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
