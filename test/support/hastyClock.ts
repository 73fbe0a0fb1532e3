import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/engine/index.ts';
import { systemClock } from '../../src/engine/base/clock.ts';

/** The system's time, but the work waits a hundredth of what it should. */
export const hastyClock: Clock = {
  ...systemClock,
  delay: (delayMs, signal) => delay(delayMs / 100, undefined, { signal }),
};
