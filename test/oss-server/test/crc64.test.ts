import assert from 'node:assert/strict';
import { combineCrc64, crc64Of } from '../crc64.ts';
import { multipartEtag, combinedCrc64 } from '../multipartOperations.ts';
import crcVectors from '../vectors/crc64.json';
import etagVectors from '../vectors/multipart-etag.json';

describe('CRC-64 of the OSS server', () => {
  for (const { input, decimal, hex } of crcVectors.vectors) {
    it(`is ${hex} for "${input}"`, async () => {
      const crc = await crc64Of(Buffer.from(input));
      assert.equal(crc.toString(), decimal);
      assert.equal(crc, BigInt(`0x${hex}`));
    });
  }

  for (const { zeros, decimal } of crcVectors.zeroRuns) {
    it(`is right for ${zeros} zero bytes`, async () => {
      assert.equal((await crc64Of(Buffer.alloc(zeros))).toString(), decimal);
    });
  }

  for (const { input, rightHex } of crcVectors.notOss) {
    it(`is not CRC-64/ISO for "${input}"`, async () => {
      assert.equal(await crc64Of(Buffer.from(input)), BigInt(`0x${rightHex}`));
    });
  }

  for (const { a, b, crcA, crcB, lenB, combined } of crcVectors.combine) {
    it(`combines "${a}" and "${b}"`, () => {
      assert.equal(combineCrc64(BigInt(crcA), BigInt(crcB), lenB).toString(), combined);
    });
  }

  it('combines any split of some bytes to the CRC-64 of the whole', async () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256));
    const whole = await crc64Of(bytes);
    for (const split of [0, 1, 255, 256, 500, 999, 1000]) {
      const [a, b] = [bytes.subarray(0, split), bytes.subarray(split)];
      assert.equal(combineCrc64(await crc64Of(a), await crc64Of(b), b.length), whole);
    }
  });
});

describe('digests of a multipart object', () => {
  const { partETags, objectETag, objectCrc64, partCrc64 } = etagVectors.example;

  it('have the MD5 over the ETags as text', () => {
    const texts = partETags.map((etag) => etag.replaceAll('"', ''));
    assert.equal(`"${multipartEtag(texts)}"`, objectETag);
  });

  it('have the combined CRC-64', () => {
    const parts = partCrc64.map((crc64) => ({ file: '', sizeBytes: 102_400, etag: '', crc64 }));
    assert.equal(combinedCrc64(parts), objectCrc64);
  });
});
