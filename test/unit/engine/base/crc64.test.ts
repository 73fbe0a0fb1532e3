import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleCrc64, crc64ModuleSource } from '../../../../scripts/crc64/assemble';
import {
  combineCrc64,
  Crc64,
  crc64Of,
  formatCrc64,
  parseCrc64,
} from '../../../../src/engine/base/crc64';
import vectors from '../../../oss-server/vectors/crc64.json';

const POLYNOMIAL = 0xc96c5795d7870f42n;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const FIVE_GIB = '15254415181109384076';

/** The definition, bit by bit: the checksums of all beginnings of these bytes. */
function referenceOfAllPrefixes(bytes: Uint8Array): bigint[] {
  let state = ALL_ONES;
  const checksums = [0n];
  for (const byte of bytes) {
    state ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) {
      state = (state & 1n) === 1n ? (state >> 1n) ^ POLYNOMIAL : state >> 1n;
    }
    checksums.push(state ^ ALL_ONES);
  }
  return checksums;
}

/** Numbers that look random and are the same for the same seed (mulberry32), from 0 to below 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('crc64', () => {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31);
  const random = randomNumbers(seed);
  const upTo = (limit: number): number => Math.floor(random() * (limit + 1));
  const randomBytes = (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, () => upTo(255));

  before(() => {
    console.log(`    crc64: TEST_SEED=${seed}`);
  });

  for (const { input, decimal, hex, source } of vectors.vectors) {
    it(`of "${input}" is ${decimal} (${source})`, () => {
      const checksum = crc64Of(Buffer.from(input));
      assert.equal(formatCrc64(checksum), decimal);
      assert.equal(checksum.toString(16).padStart(16, '0'), hex);
    });
  }

  for (const { zeros, decimal } of vectors.zeroRuns) {
    it(`of ${zeros} zero bytes is ${decimal}`, () => {
      assert.equal(formatCrc64(crc64Of(new Uint8Array(zeros))), decimal);
    });
  }

  for (const { input, rightHex, wrongIsoHex } of vectors.notOss) {
    it(`of "${input}" is not the CRC-64/ISO of another table`, () => {
      assert.equal(crc64Of(Buffer.from(input)).toString(16), rightHex);
      assert.notEqual(rightHex, wrongIsoHex);
    });
  }

  it('is right for every length to 2,000 at every offset in 16 bytes', () => {
    const bytes = randomBytes(2_016);
    for (let offset = 0; offset < 16; offset += 1) {
      const expected = referenceOfAllPrefixes(bytes.subarray(offset, offset + 2_000));
      for (const [length, checksum] of expected.entries()) {
        const actual = crc64Of(bytes.subarray(offset, offset + length));
        assert.equal(actual, checksum, `length ${length} at ${offset}`);
      }
    }
  });

  it('is right where folding begins, where blocks end, and in between', () => {
    const bytes = randomBytes(110_000);
    const expected = referenceOfAllPrefixes(bytes);
    const lengths = [7_232, 3_616 + 32_768, 3_616 + 2 * 32_768, 3_616 + 3 * 32_768]
      .flatMap((edge) => Array.from({ length: 81 }, (_, index) => edge - 40 + index))
      .concat(Array.from({ length: 200 }, () => upTo(bytes.length)));
    for (const length of lengths) {
      assert.equal(crc64Of(bytes.subarray(0, length)), expected[length], `length ${length}`);
    }
  });

  it('does not depend on how the bytes are split', () => {
    const bytes = randomBytes(300_000);
    const whole = crc64Of(bytes);
    for (let round = 0; round < 100; round += 1) {
      // Mostly small splits in some rounds, mostly large ones in others.
      const largest = 2 ** upTo(18);
      const crc = new Crc64();
      for (let offset = 0; offset < bytes.length;) {
        const end = Math.min(bytes.length, offset + upTo(Math.max(largest, 1_000)));
        crc.update(bytes.subarray(offset, end));
        offset = end;
      }
      assert.equal(crc.digest(), whole, `round ${round}`);
    }
  });

  it('keeps instances apart that take turns, and can be asked in between', () => {
    const inputs = Array.from({ length: 8 }, () => randomBytes(upTo(60_000)));
    const running = inputs.map((bytes) => ({ bytes, offset: 0, crc: new Crc64() }));
    while (running.some(({ bytes, offset }) => offset < bytes.length)) {
      const one = running[upTo(running.length - 1)]!;
      const end = Math.min(one.bytes.length, one.offset + upTo(20_000));
      one.crc.update(one.bytes.subarray(one.offset, end));
      one.offset = end;
      assert.equal(one.crc.digest(), crc64Of(one.bytes.subarray(0, end)));
    }
  });

  it('does not keep the chunk, which is reused by the reader', () => {
    const buffer = randomBytes(40_000);
    const copy = Uint8Array.from(buffer);
    const crc = new Crc64();
    crc.update(buffer);
    buffer.fill(0);
    assert.equal(crc.digest(), crc64Of(copy));
  });

  describe('combined', () => {
    for (const { a, b, crcA, crcB, lenB, combined } of vectors.combine) {
      it(`"${a}" and "${b}" give ${combined}`, () => {
        assert.equal(formatCrc64(combineCrc64(BigInt(crcA), BigInt(crcB), lenB)), combined);
      });
    }

    it('equals the checksum of the whole, wherever it was split', () => {
      const bytes = randomBytes(50_000);
      const whole = crc64Of(bytes);
      const splits = [0, 1, 49_999, 50_000, ...Array.from({ length: 200 }, () => upTo(50_000))];
      for (const split of splits) {
        const [first, second] = [bytes.subarray(0, split), bytes.subarray(split)];
        const combined = combineCrc64(crc64Of(first), crc64Of(second), second.length);
        assert.equal(combined, whole, `split at ${split}`);
      }
    });

    it('knows 5 GiB of zeros, part by part and by doubling', () => {
      const mebibyte = 1024 ** 2;
      const one = crc64Of(new Uint8Array(mebibyte));
      let folded = 0n;
      for (let count = 0; count < 5_120; count += 1) folded = combineCrc64(folded, one, mebibyte);

      let doubled = one;
      let size = mebibyte;
      for (; size < 1024 ** 3; size *= 2) doubled = combineCrc64(doubled, doubled, size);
      const gibibyte = doubled;
      for (; size < 4 * 1024 ** 3; size *= 2) doubled = combineCrc64(doubled, doubled, size);
      doubled = combineCrc64(doubled, gibibyte, 1024 ** 3);

      // What hash-wasm 4.13 says after reading 5 GiB of zeros.
      assert.equal(formatCrc64(folded), FIVE_GIB);
      assert.equal(formatCrc64(doubled), FIVE_GIB);
    });

    it('does not depend on the order, up to the largest object', () => {
      for (let round = 0; round < 200; round += 1) {
        const [a, b, c] = [0, 0, 0].map(() => crc64Of(randomBytes(8))) as [bigint, bigint, bigint];
        const [sizeB, sizeC] = [upTo(24e12), upTo(24e12)];
        const fromLeft = combineCrc64(combineCrc64(a, b, sizeB), c, sizeC);
        const fromRight = combineCrc64(a, combineCrc64(b, c, sizeC), sizeB + sizeC);
        assert.equal(fromLeft, fromRight, `sizes ${sizeB} and ${sizeC}`);
      }
    });

    it('refuses what is not a size', () => {
      for (const size of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
        assert.throws(() => combineCrc64(1n, 2n, size), RangeError, String(size));
      }
    });
  });

  it('is written as unsigned decimal and read back', () => {
    for (const value of [0n, 1n, 2n ** 63n, ALL_ONES]) {
      assert.equal(parseCrc64(formatCrc64(value)), value);
    }
    assert.equal(formatCrc64(ALL_ONES), '18446744073709551615');
    // A signed 64-bit value, as WebAssembly and other languages give it, is the same checksum.
    assert.equal(formatCrc64(-1n), '18446744073709551615');
  });

  it('is not read from anything else', () => {
    for (const text of ['', ' ', '-1', '+1', '1.0', '0x10', '1e3', '12 ', '18446744073709551616']) {
      assert.equal(parseCrc64(text), undefined, JSON.stringify(text));
    }
    assert.equal(parseCrc64('9'.repeat(1_000)), undefined);
  });

  describe('module', () => {
    it('is what its source assembles to', async () => {
      const path = join(__dirname, '../../../../src/engine/base/crc64Module.ts');
      assert.equal(await readFile(path, 'utf8'), crc64ModuleSource(await assembleCrc64()));
    });

    it('folds by a true multiple of the polynomial', async () => {
      const source = await readFile(join(__dirname, '../../../../scripts/crc64/crc64.wat'), 'utf8');
      const equation = /;; +(x\^\(8\*\d+\) = .*)/.exec(source)?.[1] ?? '';
      const exponents = [...equation.matchAll(/8\*(\d+)/g)].map(([, digits]) => Number(digits));
      assert.equal(exponents.length, 7);

      const powers = new Map<number, bigint>();
      let power = 1n << 63n;
      for (let bits = 0; bits <= 8 * Math.max(...exponents); bits += 1) {
        powers.set(bits, power);
        power = (power & 1n) === 1n ? (power >> 1n) ^ POLYNOMIAL : power >> 1n;
      }
      const sum = [0, ...exponents].reduce((total, bytes) => total ^ powers.get(8 * bytes)!, 0n);
      assert.equal(sum, 0n);
    });
  });
});
