import { strict as assert } from 'node:assert';
import { settlingMs } from '../../../../src/engine/file/sourceFile.ts';

const NOW_MS = 1_700_000_000_000;
const SECOND_NS = 1_000_000_000n;

describe('a file that was just written', () => {
  /** Time of the file against the clock, and how long to wait until a later write bears another. */
  const cases: readonly (readonly [string, bigint, number])[] = [
    ['a clock with fractions, 10 ms ago', -10_123_456n, 50],
    ['a clock with fractions, 51 ms ago', -51_123_456n, 0],
    ['a clock with fractions that is ahead', 5_000_000_001n, 50],
    ['full seconds, now', 0n, 2000],
    ['full seconds, 1 s ago', -SECOND_NS, 2000],
    ['full seconds, 2 s ago', -2n * SECOND_NS, 0],
    ['full seconds, rounded up', SECOND_NS, 2000],
    ['full seconds, far ahead', 3600n * SECOND_NS, 50],
  ];
  for (const [what, ageNs, waitMs] of cases) {
    it(`${what}: ${waitMs} ms`, () => {
      assert.equal(settlingMs(BigInt(NOW_MS) * 1_000_000n + ageNs, NOW_MS), waitMs);
    });
  }
});
