/** Large enough that system calls do not count, small enough that a checksum blocks for 0.3 ms. */
const BUFFER_BYTES = 256 * 1024;
/** Buffers kept for later: what 8 lanes use. More are made when needed and dropped afterwards. */
const MOST_KEPT = 16;

/** Buffers that are used again, so that memory depends on the lanes in use and on nothing else. */
export class BufferPool {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  giveBack(buffer: Buffer): void {
    if (this.free.length < MOST_KEPT) this.free.push(buffer);
  }
}
