import type { Disposable } from '../base/events';
import { steadyTime } from '../base/clock';
import type { Clock } from '../base/clock';

/** The pause between two changes of numbers only, which move all the time: no eye reads faster. */
const PROGRESS_MS = 250;
/** Changes of state are told at once, but thousands of small files change thousands of states. */
const STATE_MS = 25;

/**
 * Each telling makes a list of all that there is, which the collector of garbage then has to find: so
 * many in a second are nothing to it. A hundred thousand are told of twice a second.
 */
const LISTED_PER_MS = 200;

/** Telling takes no more than this share of the time, however much there is to tell. */
const MOST_SHARE = 0.02;
/** What took longer was a stall of the machine. */
const MOST_TOOK_MS = 20;

/** Turns any number of changes into few calls of `tell`, the last of which always comes. */
export class ChangeTicker {
  private readonly nowMs: () => number;
  private timer: Disposable | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private toldMs = Number.NEGATIVE_INFINITY;
  private tookMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly tell: () => void,
    /** How many are listed by it. */
    private readonly count: () => number = () => 0,
  ) {
    this.nowMs = steadyTime(clock);
  }

  changed(isNewState: boolean): void {
    const now = this.nowMs();
    const pauseMs = Math.max(
      isNewState ? STATE_MS : PROGRESS_MS,
      this.tookMs / MOST_SHARE,
      this.count() / LISTED_PER_MS,
    );
    const dueMs = Math.max(now, this.toldMs + pauseMs);
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
    const startMs = this.nowMs();
    this.tell();
    this.toldMs = this.nowMs();
    this.tookMs = Math.min(this.toldMs - startMs, MOST_TOOK_MS);
  }
}
