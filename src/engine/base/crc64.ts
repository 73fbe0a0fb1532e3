import { CRC64_MODULE_BASE64 } from './crc64Module';

/** What crc64.wat exports. An i64 is a bigint on this side, signed when it comes back. */
interface Crc64Module {
  readonly memory: { readonly buffer: ArrayBuffer };
  slice(state: bigint, address: number, sizeBytes: number): bigint;
  start(): void;
  fold(state: bigint, sizeBytes: number): void;
  finish(sizeBytes: number): bigint;
  multiply(a: bigint, b: bigint): bigint;
}

/** The part of WebAssembly used here; its types come with those of a browser, which this is not. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** Places and sizes in the module's memory, as crc64.wat describes them. */
const BLOCK_ADDRESS = 36_864;
const BLOCK_SIZE_BYTES = 32_768;
const TAIL_ADDRESS = 69_632;
const TAIL_MIN_SIZE_BYTES = 3_616;
const FOLD_STEP_BYTES = 16;

/** The smallest chunk that is folded. For less, the table alone is quicker than the end of folding. */
const FOLD_MIN_SIZE_BYTES = 2 * TAIL_MIN_SIZE_BYTES;

/** The states of CRC-64/XZ are inverted at both ends. */
const INVERTED = 0xffff_ffff_ffff_ffffn;

/** x^0 and x^8 in the order of bits of the checksum: the highest bit is the coefficient of x^0. */
const ONE = 1n << 63n;
const ONE_BYTE = 1n << 55n;

/** The most operators kept: one for each size of a part, and for each last part, seen so far. */
const OPERATORS_KEPT = 64;

let loaded: { readonly module: Crc64Module; readonly memory: Uint8Array } | undefined;
const operators = new Map<number, bigint>();

/**
 * The module, compiled at first use. It is under 2 KB, so that doing this synchronously costs less
 * than a millisecond. One instance serves all checksums: its memory holds nothing between calls.
 */
function load(): { readonly module: Crc64Module; readonly memory: Uint8Array } {
  if (loaded !== undefined) return loaded;
  const bytes = Buffer.from(CRC64_MODULE_BASE64, 'base64');
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  // WebAssembly does not tell the types of its exports; the tests of this file do.
  const module = instance.exports as Crc64Module;
  loaded = { module, memory: new Uint8Array(module.memory.buffer) };
  return loaded;
}

/** CRC-64/XZ of bytes that come in chunks: the value OSS sends as `x-oss-hash-crc64ecma`. */
export class Crc64 {
  private state = INVERTED;

  /** Adds the next bytes. The chunk is not kept. Large chunks (256 KiB and more) cost least per byte. */
  update(chunk: Uint8Array): void {
    this.state =
      chunk.length < FOLD_MIN_SIZE_BYTES
        ? addByTable(this.state, chunk)
        : addByFolding(this.state, chunk);
  }

  /** The checksum of all bytes so far, unsigned. More may be added afterwards. */
  digest(): bigint {
    return BigInt.asUintN(64, this.state ^ INVERTED);
  }
}

function addByTable(state: bigint, chunk: Uint8Array): bigint {
  const { module, memory } = load();
  memory.set(chunk, BLOCK_ADDRESS);
  return module.slice(state, BLOCK_ADDRESS, chunk.length);
}

function addByFolding(state: bigint, chunk: Uint8Array): bigint {
  const { module, memory } = load();
  const spare = chunk.length - TAIL_MIN_SIZE_BYTES;
  const foldedBytes = spare - (spare % FOLD_STEP_BYTES);
  module.start();
  for (let offset = 0; offset < foldedBytes; offset += BLOCK_SIZE_BYTES) {
    const block = chunk.subarray(offset, Math.min(offset + BLOCK_SIZE_BYTES, foldedBytes));
    memory.set(block, BLOCK_ADDRESS);
    module.fold(offset === 0 ? state : 0n, block.length);
  }
  memory.set(chunk.subarray(foldedBytes), TAIL_ADDRESS);
  return module.finish(chunk.length - foldedBytes);
}

/** The CRC-64/XZ of these bytes, unsigned. */
export function crc64Of(bytes: Uint8Array): bigint {
  const crc = new Crc64();
  crc.update(bytes);
  return crc.digest();
}

/**
 * The checksum of A followed by B, from the checksums of both and the size of B (0 or more, up to
 * any size a number holds exactly). Cheap for a size that was used before, so that thousands of
 * equal parts can be folded one by one. Throws a RangeError for a size that is none.
 */
export function combineCrc64(first: bigint, second: bigint, secondSizeBytes: number): bigint {
  if (!Number.isSafeInteger(secondSizeBytes) || secondSizeBytes < 0) {
    throw new RangeError(`not a size: ${secondSizeBytes}`);
  }
  // The inversions at the ends of A, of B and of both cancel each other out.
  const moved = load().module.multiply(first, operatorOf(secondSizeBytes));
  return BigInt.asUintN(64, moved ^ second);
}

/** x^(8·sizeBytes) modulo the polynomial: what so many further bytes multiply a checksum by. */
function operatorOf(sizeBytes: number): bigint {
  const known = operators.get(sizeBytes);
  if (known !== undefined) return known;
  const { module } = load();
  let operator = ONE;
  let square = ONE_BYTE;
  // Not by bit operators: they would cut the size to 32 bits.
  for (let rest = sizeBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) operator = module.multiply(operator, square);
    square = module.multiply(square, square);
  }
  if (operators.size >= OPERATORS_KEPT) operators.clear();
  operators.set(sizeBytes, operator);
  return operator;
}

/** A checksum as unsigned decimal: as OSS writes it in `x-oss-hash-crc64ecma` and `HashCrc64ecma`. */
export function formatCrc64(value: bigint): string {
  return BigInt.asUintN(64, value).toString();
}

/** A checksum from what OSS writes; undefined for anything that is not an unsigned 64-bit decimal. */
export function parseCrc64(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= INVERTED ? value : undefined;
}
