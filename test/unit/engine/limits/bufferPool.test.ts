import { strict as assert } from 'node:assert';
import { BufferPools } from '../../../../src/engine/limits/bufferPool.ts';

const KIB = 1024;
const PART_BYTES = 8 * KIB * KIB;

describe('buffers', () => {
  it('are large for few parts in flight, so that all of them fit the caches', () => {
    const pools = new BufferPools();
    const sizeFor = (parallel: number): number => {
      const pool = pools.forParts(parallel);
      const buffer = pool.take(PART_BYTES);
      pool.giveBack(buffer);
      return buffer.length;
    };
    assert.deepEqual([1, 3, 4, 5, 8, 64].map(sizeFor), [
      ...Array.from({ length: 3 }, () => KIB * KIB),
      ...Array.from({ length: 3 }, () => 512 * KIB),
    ]);
  });

  it('are used again by all uploads of a window', () => {
    const pools = new BufferPools();
    const buffer = pools.forParts(3).take(PART_BYTES);
    pools.forParts(3).giveBack(buffer);
    assert.equal(pools.forParts(1).take(PART_BYTES), buffer);
    assert.notEqual(pools.usual.take(PART_BYTES), buffer);
  });

  it('have just the size of a small range, and are not kept then', () => {
    const { usual } = new BufferPools();
    const buffer = usual.take(100);
    assert.equal(buffer.length, 100);
    usual.giveBack(buffer);
    assert.notEqual(usual.take(100), buffer);
  });
});
