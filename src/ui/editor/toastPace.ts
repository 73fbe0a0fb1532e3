import { setTimeout as sleep } from 'node:timers/promises';

/** As many notifications as the workbench shows of those that come within {@link WITHIN_MS}. */
const MOST = 3;
/**
 * The workbench counts over 800 ms (`SPAM_PROTECTION` of its notificationsToasts.ts). The rest is
 * for messages that are sent one after the other and arrive together.
 */
const WITHIN_MS = 1000;

/**
 * Keeps our notifications so far apart that the workbench shows each: one too many it puts silently
 * under its bell, and that one may be the failure, or the word that the upload is done.
 */
export class ToastPace {
  private readonly openedMs: number[] = [];

  /** Takes the next place, and says how many milliseconds from `nowMs` it is. */
  take(nowMs: number): number {
    const tooManyUntilMs = (this.openedMs.at(-MOST) ?? Number.NEGATIVE_INFINITY) + WITHIN_MS;
    const atMs = Math.max(nowMs, tooManyUntilMs);
    this.openedMs.push(atMs);
    if (this.openedMs.length > MOST) this.openedMs.shift();
    return atMs - nowMs;
  }

  /** Resolves when a notification will be seen. One that cannot wait calls this all the same. */
  async turn(): Promise<void> {
    // The clock of the wall may be put back.
    const pauseMs = this.take(performance.now());
    if (pauseMs > 0) await sleep(pauseMs);
  }
}
