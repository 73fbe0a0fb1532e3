/**
 * Bytes of a usual buffer: enough that waking a thread for a read does not count, and few enough for
 * the caches of a core.
 */
const USUAL_BYTES = 512 * 1024;
/**
 * Bytes of a large buffer, which saves half of the wakings. Two for each of more than a few lanes are
 * more than the caches hold, and then each byte comes from memory twice.
 */
const LARGE_BYTES = 1024 * 1024;
/** The most lanes that large buffers are good for. */
const FEW_LANES = 4;
/**
 * The largest range that gets memory of just its size: cheaper than keeping a usual buffer busy. A
 * byte more than a power of two, because whole files are read with one more.
 */
const SMALL_BYTES = 64 * 1024 + 1;
/** The most buffers kept for later: what 8 lanes use. Those made beyond are dropped afterwards. */
const MOST_KEPT = 16;

/** Buffers that are used again, so that memory depends on the lanes in use and on nothing else. */
export class BufferPool {
  private readonly free: Buffer[] = [];

  constructor(private readonly bufferBytes = USUAL_BYTES) {}

  /** A buffer for a range of that size: all of it when it is small, else a usual buffer. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes <= SMALL_BYTES) return Buffer.allocUnsafeSlow(sizeBytes);
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  /** Takes a buffer of {@link take} back, which is not in use any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === this.bufferBytes && this.free.length < MOST_KEPT) this.free.push(buffer);
  }
}

/** The pools of a window. */
export class BufferPools {
  /** For small files, of which many are read at once, and for all that is read but not sent. */
  readonly usual = new BufferPool();
  private readonly large = new BufferPool(LARGE_BYTES);

  /** For the parts of an upload that has so many of them in flight. */
  forParts(parallel: number): BufferPool {
    return parallel <= FEW_LANES ? this.large : this.usual;
  }
}
