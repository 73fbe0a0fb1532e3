import { strict as assert } from 'node:assert';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import { partAt, planParts } from '../../../../src/engine/file/partPlan.ts';
import { seededRandom } from '../../../support/random.ts';

const KB = 1024;
const MB = 1024 ** 2;
const GB = 1024 ** 3;
const LEAST = 100 * KB;
const MOST = 5 * GB;

describe('planParts', () => {
  const cases: readonly (readonly [number, number, number, number])[] = [
    // file, wanted, part size, parts
    [0, 8 * MB, 8 * MB, 0],
    [1, 8 * MB, 8 * MB, 1],
    [8 * MB - 1, 8 * MB, 8 * MB, 1],
    [8 * MB, 8 * MB, 8 * MB, 1],
    [8 * MB + 1, 8 * MB, 8 * MB, 2],
    [16 * MB, 8 * MB, 8 * MB, 2],
    [10_000 * 8 * MB, 8 * MB, 8 * MB, 10_000],
    [10_000 * 8 * MB + 1, 8 * MB, 8 * MB + 4096, 9996],
    [10_000 * LEAST, LEAST, LEAST, 10_000],
    [10_000 * MOST, LEAST, MOST, 10_000],
    [10_000 * MOST - 1, MOST, MOST, 10_000],
  ];
  for (const [fileBytes, wanted, partSizeBytes, partCount] of cases) {
    it(`cuts ${fileBytes} bytes by ${wanted} into ${partCount} parts`, () => {
      assert.deepEqual(planParts(fileBytes, wanted), {
        fileSizeBytes: fileBytes,
        partSizeBytes,
        partCount,
      });
    });
  }

  it('refuses what OSS cannot hold', () => {
    assert.throws(
      () => planParts(10_000 * MOST + 1, LEAST),
      (error: unknown) =>
        UploadError.is(error, 'invalidArgument') && error.code === 'EntityTooLarge',
    );
  });

  it('covers every byte once, with no part too small, too large or too many', () => {
    const seed = Date.now() % 1e9;
    console.log(`      seed ${seed}`);
    const random = seededRandom(seed);
    for (let round = 0; round < 20_000; round++) {
      const fileBytes = Math.floor(2 ** (random() * Math.log2(10_000 * MOST)));
      const wanted = Math.floor(LEAST + (MOST - LEAST) * random() ** 8);
      const plan = planParts(fileBytes, wanted);
      const about = `${fileBytes} by ${wanted}`;
      assert.ok(plan.partCount <= 10_000, about);
      assert.ok(plan.partSizeBytes >= wanted && plan.partSizeBytes <= MOST, about);
      // Grown no further than one step above what is needed.
      const least = Math.max(wanted, Math.ceil(fileBytes / 10_000));
      assert.ok(plan.partSizeBytes < least + 4096, about);
      const last = partAt(plan, plan.partCount);
      assert.ok(last.sizeBytes >= 1 && last.sizeBytes <= plan.partSizeBytes, about);
      assert.equal(last.offset + last.sizeBytes, fileBytes, about);
      const middle = 1 + Math.floor(random() * plan.partCount);
      const part = partAt(plan, middle);
      assert.equal(part.offset, (middle - 1) * plan.partSizeBytes, about);
      if (middle < plan.partCount) {
        assert.equal(part.offset + part.sizeBytes, partAt(plan, middle + 1).offset, about);
      }
    }
  });
});
