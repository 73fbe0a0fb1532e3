/** Large enough that waking a thread for a read does not count, small enough for the caches of a core. */
const BUFFER_BYTES = 512 * 1024;
/** For less than this, memory of just that size costs less than keeping a large buffer busy. */
const SMALL_BYTES = 64 * 1024;
/** Buffers kept for later: what 8 lanes use. More are made when needed and dropped afterwards. */
const MOST_KEPT = 16;

/** Buffers that are used again, so that memory depends on the lanes in use and on nothing else. */
export class BufferPool {
  private readonly free: Buffer[] = [];

  /** A buffer for a range of that size: all of it when it is small, else a usual buffer. */
  take(sizeBytes: number): Buffer {
    if (sizeBytes <= SMALL_BYTES) return Buffer.allocUnsafeSlow(sizeBytes);
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  giveBack(buffer: Buffer): void {
    if (buffer.length === BUFFER_BYTES && this.free.length < MOST_KEPT) this.free.push(buffer);
  }
}
