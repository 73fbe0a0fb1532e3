import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';

const LENGTH = 1000;
const DOUBLINGS = 3;
/** Twice the text takes twice the time, and four times where it is gone through for each character. */
const MOST_GROWTH = 2.5;
/** Of a short text; what is measured is 2^DOUBLINGS of it. Longer, and other programs have their turn. */
const LEAST_MS = 0.05;
const LEAST_ROUNDS = 10;
const MOST_ROUNDS = 200;

/**
 * Asserts that a function takes at most 2.5 times as long for twice the text, for each of these
 * texts, which are repeated to 1,000 and to 8,000 characters.
 */
export function assertLinear(run: (text: string) => unknown, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const short = filled(pattern, LENGTH);
    const long = filled(pattern, LENGTH * 2 ** DOUBLINGS);
    const times = timesFor(run, short);
    // The best of several, because what else the computer does only adds: of as much text in both,
    // so that it adds alike.
    let [shortMs, longMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    let growth = Number.POSITIVE_INFINITY;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (round >= LEAST_ROUNDS && growth <= MOST_GROWTH) break;
      shortMs = Math.min(shortMs, msOf(run, short, times * 2 ** DOUBLINGS));
      longMs = Math.min(longMs, msOf(run, long, times));
      growth = 2 * (longMs / shortMs) ** (1 / DOUBLINGS);
    }
    assert.ok(growth <= MOST_GROWTH, `${JSON.stringify(pattern)}: ${growth.toFixed(1)} times`);
  }
}

function filled(pattern: string, length: number): string {
  return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
}

/** As many calls as take long enough to be measured. */
function timesFor(run: (text: string) => unknown, text: string): number {
  let times = 1;
  while (msOf(run, text, times) < LEAST_MS) times *= 2;
  return times;
}

function msOf(run: (text: string) => unknown, text: string, times: number): number {
  const startMs = performance.now();
  for (let n = 0; n < times; n++) run(text);
  return performance.now() - startMs;
}
