import { createCRC64, type IHasher } from 'hash-wasm';

/** CRC-64/XZ, the polynomial of `x-oss-hash-crc64ecma`, with its bits reflected. */
const polynomial = 0xc96c5795d7870f42n;
/** The polynomial 1 (x to the power of 0) in the reflected notation. */
const one = 1n << 63n;

// A WebAssembly memory reserves a large address range, so hashers are used again.
const idleHashers: IHasher[] = [];

/** A running CRC-64 as OSS computes it. `finish` must be called once, and ends its use. */
export interface RunningCrc64 {
  update(chunk: Uint8Array): void;
  finish(): bigint;
}

/** Starts a CRC-64 at the value of no bytes, which is 0. */
export async function startCrc64(): Promise<RunningCrc64> {
  const hasher = idleHashers.pop() ?? (await createCRC64());
  hasher.init();
  return {
    update: (chunk) => void hasher.update(chunk),
    finish() {
      const value = BigInt(`0x${hasher.digest('hex')}`);
      idleHashers.push(hasher);
      return value;
    },
  };
}

/** CRC-64 of bytes that are in memory. */
export async function crc64Of(bytes: Uint8Array): Promise<bigint> {
  const crc = await startCrc64();
  crc.update(bytes);
  return crc.finish();
}

/** Product of two polynomials modulo the CRC polynomial, all of them reflected. */
function multiply(a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = one; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

/** x to the power of 8 times `sizeBytes`: multiplying by it appends so many zero bytes. */
function zeroBytes(sizeBytes: number): bigint {
  let result = one;
  // x^8 is one byte; squaring doubles the number of bytes.
  let power = one >> 8n;
  for (let rest = BigInt(sizeBytes); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, power);
    power = multiply(power, power);
  }
  return result;
}

// The parts of an upload nearly all have one size, so one power serves ten thousand of them.
const zeroBytesBySize = new Map<number, bigint>();

/** CRC-64 of A followed by B, from the CRC-64 of each and the length of B. */
export function combineCrc64(crcA: bigint, crcB: bigint, sizeBytesOfB: number): bigint {
  let power = zeroBytesBySize.get(sizeBytesOfB);
  if (power === undefined) {
    power = zeroBytes(sizeBytesOfB);
    zeroBytesBySize.set(sizeBytesOfB, power);
  }
  return multiply(power, crcA) ^ crcB;
}
