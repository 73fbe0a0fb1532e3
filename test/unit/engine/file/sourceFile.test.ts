import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Crc64 } from '../../../../src/engine/base/crc64.ts';
import { SourceFile, settlingMs } from '../../../../src/engine/file/sourceFile.ts';
import { BufferPool } from '../../../../src/engine/limits/bufferPool.ts';
import { removeFolder, temporaryFolder, writeTestFile } from '../../../support/files.ts';

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

describe('a file that is read ahead', () => {
  const CHUNK_BYTES = 512 * 1024;
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder('source');
  });
  afterEach(async () => {
    mock.restoreAll();
    await removeFolder(folder);
  });

  it('fails where its next chunk is asked for, and nowhere before', async () => {
    const filePath = path.join(folder, 'a.bin');
    await writeTestFile(filePath, 4 * CHUNK_BYTES);
    const { read } = fs;
    let reads = 0;
    mock.method(fs, 'read', ((...parameters: Parameters<typeof read>) => {
      if (++reads === 1) {
        Reflect.apply(read, fs, parameters);
        return;
      }
      const done = parameters.at(-1) as unknown as (error: Error) => void;
      setImmediate(done, Object.assign(new Error('the drive is gone'), { code: 'EIO' }));
    }) as unknown as typeof read);
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', onUnhandled);
    const source = await SourceFile.open(filePath);
    try {
      const chunks = source.read(0, 4 * CHUNK_BYTES, new BufferPool(CHUNK_BYTES), new Crc64());
      assert.equal((await chunks.next()).value?.byteLength, CHUNK_BYTES);
      // The second read has failed, and the first chunk is still being sent.
      assert.equal(reads, 2);
      await turn();
      await turn();
      await assert.rejects(chunks.next(), { kind: 'sourceUnreadable' });
    } finally {
      process.off('unhandledRejection', onUnhandled);
      source.close();
    }
    assert.deepEqual(unhandled, []);
  });
});
