import type { Disposable } from './events';
import type { Clock } from './ports';

/** Numbers move all the time; nobody reads faster than this. */
const PROGRESS_MS = 250;
/** Changes of state are told at once, but thousands of small files change thousands of states. */
const STATE_MS = 25;

/** Telling takes no more than this share of the time, however much there is to tell. */
const MOST_SHARE = 0.02;
/** What took longer was a stall of the machine. */
const MOST_TOOK_MS = 20;

/** Turns any number of changes into few calls of `tell`, the last of which always comes. */
export class ChangeTicker {
  private timer: Disposable | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private toldMs = Number.NEGATIVE_INFINITY;
  private tookMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly tell: () => void,
  ) {}

  changed(isNewState: boolean): void {
    const now = this.clock.now();
    const pauseMs = Math.max(isNewState ? STATE_MS : PROGRESS_MS, this.tookMs / MOST_SHARE);
    // Never later than a pause from now: the clock may have been put back.
    const dueMs = Math.min(now + pauseMs, Math.max(now, this.toldMs + pauseMs));
    if (dueMs >= this.dueMs) return;
    this.timer?.dispose();
    this.dueMs = dueMs;
    this.timer = this.clock.after(dueMs - now, () => {
      this.flush();
    });
  }

  dispose(): void {
    this.timer?.dispose();
    this.dueMs = Number.NEGATIVE_INFINITY;
  }

  private flush(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    const startMs = this.clock.now();
    this.tell();
    this.toldMs = this.clock.now();
    this.tookMs = Math.min(Math.max(0, this.toldMs - startMs), MOST_TOOK_MS);
  }
}
