/** Numbers move all the time; nobody reads faster than this. */
const PROGRESS_MS = 250;
/** Changes of state are told at once, but thousands of small files change thousands of states. */
const STATE_MS = 25;

/** Turns any number of changes into few calls of `tell`, the last of which always comes. */
export class ChangeTicker {
  private timer: NodeJS.Timeout | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private toldMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly tell: () => void) {}

  changed(isNewState: boolean): void {
    const now = performance.now();
    const dueMs = Math.max(now, this.toldMs + (isNewState ? STATE_MS : PROGRESS_MS));
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
    this.toldMs = performance.now();
    this.tell();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.dueMs = Number.NEGATIVE_INFINITY;
  }
}
