import { setTimeout as delay } from 'node:timers/promises';

/** Long enough for a busy computer, short enough that a test fails by itself and not by its limit. */
const LONGEST_MS = 5000;

/** Resolves with the first value that is there; asks every millisecond, and rejects after 5 s. */
export async function until<T>(look: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + LONGEST_MS;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`never came true: ${String(look)}`);
    await delay(1);
  }
}
