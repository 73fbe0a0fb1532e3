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
  private timer: NodeJS.Timeout | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private toldMs = Number.NEGATIVE_INFINITY;
  private tookMs = 0;

  constructor(private readonly tell: () => void) {}

  changed(isNewState: boolean): void {
    const now = performance.now();
    const pauseMs = Math.max(isNewState ? STATE_MS : PROGRESS_MS, this.tookMs / MOST_SHARE);
    const dueMs = Math.max(now, this.toldMs + pauseMs);
    if (dueMs >= this.dueMs) return;
    clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => {
      this.flush();
    }, dueMs - now);
  }

  /** Tells at once what was held back. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.dueMs = Number.POSITIVE_INFINITY;
    const startMs = performance.now();
    this.tell();
    this.toldMs = performance.now();
    this.tookMs = Math.min(this.toldMs - startMs, MOST_TOOK_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.dueMs = Number.NEGATIVE_INFINITY;
  }
}
