import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './ports';

/** The time of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  delay: (delayMs, signal) => delay(delayMs, undefined, { signal }),
};
