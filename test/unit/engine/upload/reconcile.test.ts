import { strict as assert } from 'node:assert';
import type { PartRecord } from '../../../../src/engine/record/checkpoint.ts';
import type { ListedPart } from '../../../../src/engine/index.ts';
import { partAt, planParts } from '../../../../src/engine/file/partPlan.ts';
import { reconcile, sameEtag } from '../../../../src/engine/upload/reconcile.ts';
import { seededRandom } from '../../../support/random.ts';

const PART_BYTES = 102_400;
/** 4 parts, the last of 500 bytes. */
const PLAN = planParts(3 * PART_BYTES + 500, PART_BYTES);

function record(partNumber: number, change: Partial<PartRecord> = {}): PartRecord {
  const { sizeBytes } = partAt(PLAN, partNumber);
  return { partNumber, sizeBytes, etag: `"E${partNumber}"`, crc64: BigInt(partNumber), ...change };
}

function outcome(
  recorded: readonly PartRecord[],
  listed: readonly ListedPart[],
): { done: number[]; toVerify: number[]; toSend: number[] } {
  const byNumber = new Map(recorded.map((part) => [part.partNumber, part]));
  const { done, toVerify, toSend } = reconcile(PLAN, byNumber, listed);
  return {
    done: done.map(({ partNumber }) => partNumber),
    toVerify: toVerify.map(({ part }) => part.partNumber),
    toSend: toSend.map(({ partNumber }) => partNumber),
  };
}

describe('reconcile', () => {
  const all = [1, 2, 3, 4].map((partNumber) => record(partNumber));

  it('keeps what record and server agree on, the short last part included', () => {
    assert.deepEqual(outcome(all, all), { done: [1, 2, 3, 4], toVerify: [], toSend: [] });
  });

  it('sends what the server lacks, whatever the record says', () => {
    assert.deepEqual(outcome(all, [record(2), record(4)]), {
      done: [2, 4],
      toVerify: [],
      toSend: [1, 3],
    });
  });

  it('verifies what only the server knows', () => {
    assert.deepEqual(outcome([record(1)], all), { done: [1], toVerify: [2, 3, 4], toSend: [] });
  });

  const differing: readonly (readonly [string, Partial<ListedPart>, 'toVerify' | 'toSend'])[] = [
    ['another ETag', { etag: '"OTHER"' }, 'toVerify'],
    ['another CRC-64', { crc64: 99n }, 'toVerify'],
    ['another size', { sizeBytes: PART_BYTES - 1 }, 'toSend'],
    ['no bytes', { sizeBytes: 0 }, 'toSend'],
  ];
  for (const [what, change, expected] of differing) {
    it(`does not believe a listed part with ${what}`, () => {
      const listed = all.map((part) => (part.partNumber === 2 ? { ...part, ...change } : part));
      const found = outcome(all, listed);
      assert.deepEqual(found.done, [1, 3, 4]);
      assert.deepEqual(found[expected], [2]);
    });
  }

  it('judges the last part by its own size: a full one is another', () => {
    const listed = all.map((part) =>
      part.partNumber === 4 ? { ...part, sizeBytes: PART_BYTES } : part,
    );
    assert.deepEqual(outcome(all, listed).toSend, [4]);
  });

  it('leaves out numbers beyond the plan, and takes the last of doubled ones', () => {
    const listed = [...all, { ...record(3), etag: '"LATER"' }, { ...record(1), partNumber: 5 }];
    assert.deepEqual(outcome(all, listed), { done: [1, 2, 4], toVerify: [3], toSend: [] });
  });

  it('does without a CRC-64 where the server tells none', () => {
    const listed = all.map((part) => ({ ...part, crc64: undefined }));
    assert.deepEqual(outcome(all, listed).done, [1, 2, 3, 4]);
  });

  it('compares ETags without quotes and case', () => {
    assert.ok(sameEtag('"abc"', 'ABC'));
    assert.ok(!sameEtag('"abc"', '"abd"'));
  });

  it('puts each part in one list, keeps only what agrees, and never asks for a part that is done', () => {
    const seed = Date.now() % 1e9;
    console.log(`      seed ${seed}`);
    const random = seededRandom(seed);
    const any = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
    for (let round = 0; round < 5000; round++) {
      const partCount = 1 + Math.floor(random() * 12);
      const plan = planParts((partCount - 1) * PART_BYTES + any(1, 500, PART_BYTES), PART_BYTES);
      const sizeOf = (partNumber: number): number =>
        any(PART_BYTES, 500, 1, partAt(plan, Math.min(partNumber, partCount)).sizeBytes);
      const make = (partNumber: number): PartRecord => ({
        partNumber,
        sizeBytes: sizeOf(partNumber),
        etag: any('"A"', 'a', '"B"'),
        crc64: any(1n, 2n),
      });
      const numbers = Array.from({ length: partCount + 2 }, (_, index) => index + 1);
      const recorded = numbers.filter(() => random() < 0.6).map(make);
      const listed = numbers
        .filter(() => random() < 0.6)
        .map(make)
        .map((part): ListedPart => (random() < 0.2 ? { ...part, crc64: undefined } : part));
      const byNumber = new Map(recorded.map((part) => [part.partNumber, part]));
      const { done, toVerify, toSend } = reconcile(plan, byNumber, listed);

      const placed = [...done, ...toVerify.map(({ part }) => part), ...toSend]
        .map(({ partNumber }) => partNumber)
        .sort((left, right) => left - right);
      assert.deepEqual(placed, numbers.slice(0, partCount));
      const onServer = new Map(listed.map((part) => [part.partNumber, part]));
      for (const kept of done) {
        const theirs = onServer.get(kept.partNumber);
        const planned = partAt(plan, kept.partNumber);
        assert.equal(kept, byNumber.get(kept.partNumber));
        assert.equal(theirs?.sizeBytes, planned.sizeBytes);
        assert.equal(kept.sizeBytes, planned.sizeBytes);
        assert.ok(sameEtag(kept.etag, theirs.etag));
        assert.ok(theirs.crc64 === undefined || theirs.crc64 === kept.crc64);
      }
      for (const { part, listed: theirs } of toVerify) {
        assert.equal(theirs, onServer.get(part.partNumber));
        assert.equal(theirs.sizeBytes, part.sizeBytes);
      }
      for (const part of toSend) {
        assert.deepEqual(part, partAt(plan, part.partNumber));
        assert.notEqual(onServer.get(part.partNumber)?.sizeBytes, part.sizeBytes);
      }
    }
  });

  it('takes 10,000 parts in a moment', () => {
    const plan = planParts(10_000 * PART_BYTES, PART_BYTES);
    const parts = Array.from({ length: 10_000 }, (_, index): PartRecord => ({
      partNumber: index + 1,
      sizeBytes: PART_BYTES,
      etag: `"${index}"`,
      crc64: BigInt(index),
    }));
    const start = process.cpuUsage();
    const { done } = reconcile(plan, new Map(parts.map((part) => [part.partNumber, part])), parts);
    assert.equal(done.length, 10_000);
    assert.ok(process.cpuUsage(start).user < 300_000);
  });
});
