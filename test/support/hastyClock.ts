import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/engine/index.ts';

/** The system's time, but waits take a hundredth of what they should. */
export const hastyClock: Clock = {
  now: () => Date.now(),
  delay: (delayMs, signal) => delay(delayMs / 100, undefined, { signal }),
};
