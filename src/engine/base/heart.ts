import type { Disposable } from './events';
import { every } from './clock';
import type { Clock } from './clock';

const TICK_MS = 1000;
/** The clock jumps by more than this only when the computer slept. */
const SLEEP_MS = 10_000;

/** Calls `tick` once a second, and says when the computer has slept in between. */
export function startHeart(clock: Clock, tick: (hasSlept: boolean) => void): Disposable {
  let lastMs = clock.now();
  return every(clock, TICK_MS, () => {
    const nowMs = clock.now();
    const hasSlept = nowMs - lastMs > SLEEP_MS;
    lastMs = nowMs;
    tick(hasSlept);
  });
}
