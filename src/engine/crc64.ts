const POLYNOMIAL = 0xc96c5795d7870f42n;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const tableHigh = new Uint32Array(256);
const tableLow = new Uint32Array(256);
for (let index = 0; index < 256; index += 1) {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) {
    value = (value & 1n) === 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n;
  }
  tableHigh[index] = Number(value >> 32n);
  tableLow[index] = Number(value & 0xffff_ffffn);
}

/** CRC-64/XZ of bytes that come in chunks: the value OSS sends as `x-oss-hash-crc64ecma`. */
export class Crc64 {
  private high = 0xffff_ffff;
  private low = 0xffff_ffff;

  /** Adds the next bytes. The chunk is not kept. */
  update(chunk: Uint8Array): void {
    let { high, low } = this;
    for (const byte of chunk) {
      const index = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[index] ?? 0);
      high = (high >>> 8) ^ (tableHigh[index] ?? 0);
    }
    this.high = high;
    this.low = low;
  }

  /** The checksum of all bytes so far, unsigned. More may be added afterwards. */
  digest(): bigint {
    const state = (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
    return state ^ ALL_ONES;
  }
}

/** CRC-64/XZ of these bytes. */
export function crc64Of(bytes: Uint8Array): bigint {
  const crc = new Crc64();
  crc.update(bytes);
  return crc.digest();
}

/** a·b modulo the polynomial, both bit-reflected: the highest bit is the coefficient of x^0. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 63n; bit >= 0n; bit -= 1n) {
    if (((a >> bit) & 1n) === 1n) product ^= shifted;
    shifted = (shifted & 1n) === 1n ? (shifted >> 1n) ^ POLYNOMIAL : shifted >> 1n;
  }
  return product;
}

const powers = new Map<number, bigint>();

function powerOfX(sizeBytes: number): bigint {
  const known = powers.get(sizeBytes);
  if (known !== undefined) return known;
  let result = 1n << 63n;
  let square = 1n << 55n;
  for (let rest = sizeBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  if (powers.size >= 64) powers.clear();
  powers.set(sizeBytes, result);
  return result;
}

/** The checksum of A followed by B, from the checksums of both and the size of B. */
export function combineCrc64(first: bigint, second: bigint, secondSizeBytes: number): bigint {
  return multiply(first, powerOfX(secondSizeBytes)) ^ second;
}

/** As OSS writes it: unsigned decimal. */
export function formatCrc64(value: bigint): string {
  return BigInt.asUintN(64, value).toString();
}

/** Reads what OSS writes; undefined when it is not an unsigned 64-bit decimal. */
export function parseCrc64(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= ALL_ONES ? value : undefined;
}
