import { steadyTime } from '../base/clock';
import type { Clock } from '../base/clock';

/** What may be sent at once after a pause, as time at the limit. */
const BURST_SECONDS = 0.1;

/** A limit on bytes per second over all transfers, changeable while they run. */
export class RateLimiter {
  private readonly nowMs: () => number;
  private freeAtMs = 0;
  /** Aborted and replaced when the limit changes, so that waits are reckoned anew. */
  private changed = new AbortController();

  constructor(
    private bytesPerSecond: number,
    private readonly clock: Clock,
  ) {
    this.nowMs = steadyTime(clock);
  }

  /** Changes the limit, also for waits that are under way; 0 is none. */
  setLimit(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
    this.freeAtMs = 0;
    this.changed.abort();
    this.changed = new AbortController();
  }

  /** The most bytes to ask for at once, so that even a low limit is a steady stream. */
  get chunkBytes(): number {
    if (this.bytesPerSecond === 0) return Number.MAX_SAFE_INTEGER;
    return Math.max(4096, Math.floor(this.bytesPerSecond * BURST_SECONDS));
  }

  /** Resolves when so many more bytes may leave. Rejects with an AbortError on the signal. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    while (this.bytesPerSecond > 0) {
      signal.throwIfAborted();
      const now = this.nowMs();
      const waitMs = this.freeAtMs - now;
      if (waitMs <= 0) {
        const start = Math.max(this.freeAtMs, now - BURST_SECONDS * 1000);
        this.freeAtMs = start + (sizeBytes / this.bytesPerSecond) * 1000;
        return;
      }
      const { signal: changed } = this.changed;
      await this.clock.delay(waitMs, AbortSignal.any([signal, changed])).catch((error: unknown) => {
        if (!changed.aborted || signal.aborted) throw error;
      });
    }
  }
}
