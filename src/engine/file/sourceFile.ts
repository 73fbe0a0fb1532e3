import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { lstat, open, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { BufferPool } from '../limits/bufferPool';
import { codeOf } from '../base/guards';
import { Crc64 } from '../base/crc64';
import { UploadError } from '../contract/errors';
import { compareFingerprints, fingerprintOf } from './fingerprint';
import type { Fingerprint, SourceChange } from './fingerprint';

/** The longest tick of the clock of a file system that counts fractions of a second. */
const FINE_TICK_MS = 50;
/** The longest tick of any file system: FAT and exFAT count in two seconds, HFS+ in one. */
const COARSE_TICK_MS = 2000;

/** What is called while a range is read. */
export interface ReadHooks {
  /** Waits for permission to send so many bytes. */
  beforeChunk?(sizeBytes: number): Promise<void>;
  /** The most bytes of a chunk, below the size of a buffer. */
  chunkBytes?(): number;
  /**
   * Looks at the file before the last chunk, which is in the checksum already, instead of
   * {@link SourceFile.assertUnchanged}: throws when nothing may be sent.
   */
  beforeLast?(): Promise<void>;
  /** So many bytes were taken by the reader of the chunks. */
  onTaken?(sizeBytes: number): void;
}

/** A file that is open for an upload, and the identity it had when it was opened. */
export class SourceFile {
  private constructor(
    readonly filePath: string,
    readonly fingerprint: Fingerprint,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Opens a regular file by its real path. Throws `sourceMissing`, `sourceNotAFile` (folder, FIFO,
   * socket, device) or `sourceUnreadable`, `sourceChanged` when it is replaced meanwhile, and `sourceMissing` with code `LeadsElsewhere` when a link
   * has taken the place of the file or of a folder around it: what it leads to was not chosen. Never
   * blocks on a FIFO.
   */
  static async open(filePath: string): Promise<SourceFile> {
    const handle = await guard(filePath, async () => {
      const found = await lstat(filePath, { bigint: true });
      // One that leads nowhere, or in circles, is said to be that.
      if (found.isSymbolicLink()) await stat(filePath);
      assertIsFile(filePath, found);
      // No link is followed, and no pipe waited for.
      const flags = process.platform === 'win32' ? 0 : constants.O_NONBLOCK | constants.O_NOFOLLOW;
      return open(filePath, constants.O_RDONLY | flags);
    });
    try {
      return await guard(filePath, async () => {
        let stats = await handle.stat({ bigint: true });
        await assertLeadsTo(filePath, stats);
        const settleMs = settlingMs(stats.mtimeNs, Date.now());
        if (settleMs > 0) {
          // In real time, not that of a Clock: it is the disk that has to tick.
          await delay(settleMs);
          stats = await handle.stat({ bigint: true });
        }
        assertIsFile(filePath, stats);
        return new SourceFile(filePath, fingerprintOf(stats), handle);
      });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get sizeBytes(): number {
    return this.fingerprint.sizeBytes;
  }

  /**
   * How the open file differs from what it was when it was opened. A file that has bytes beyond its
   * size, such as those of /proc, is none that can be sent: `changed`.
   */
  async change(): Promise<SourceChange> {
    const { bytesRead } = await guard(this.filePath, () =>
      this.handle.read(Buffer.alloc(1), 0, 1, this.sizeBytes),
    );
    if (bytesRead > 0) return 'changed';
    const stats = await guard(this.filePath, () => this.handle.stat({ bigint: true }));
    return compareFingerprints(this.fingerprint, fingerprintOf(stats));
  }

  /**
   * How the file that now bears the name differs from the one that was opened. A name that is gone
   * tells nothing about the bytes, which are still open: `doubtful`.
   */
  async changeOfPath(): Promise<SourceChange> {
    try {
      const stats = await stat(this.filePath, { bigint: true });
      return compareFingerprints(this.fingerprint, fingerprintOf(stats));
    } catch {
      return 'doubtful';
    }
  }

  /**
   * The bytes of a range, in chunks whose memory is reused as soon as the next one is asked for. The
   * next chunk is read from disk while one is being sent. Throws `sourceChanged` when the file ends
   * early, and before the last chunk when size or mtime are not what they were: a request is never
   * completed with bytes of two versions.
   */
  async *read(
    offset: number,
    sizeBytes: number,
    pool: BufferPool,
    crc: Crc64,
    hooks: ReadHooks = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const first = pool.take(sizeBytes);
    // What fits into one buffer is read side by side in it, in however many chunks.
    const fits = sizeBytes <= first.length;
    const buffers = fits ? ([first] as const) : ([first, pool.take(sizeBytes)] as const);
    let position = 0;
    const readNext = async (turn: number): Promise<Uint8Array> => {
      const buffer = buffers[turn % buffers.length] ?? first;
      const most = Math.min(buffer.length, hooks.chunkBytes?.() ?? buffer.length);
      const length = Math.min(most, sizeBytes - position);
      const start = fits ? position : 0;
      const chunk = await this.fill(buffer.subarray(start, start + length), offset + position);
      position += chunk.length;
      return chunk;
    };
    let pending: Promise<Uint8Array> | undefined;
    try {
      pending = sizeBytes > 0 ? readNext(0) : undefined;
      for (let turn = 1; pending !== undefined; turn++) {
        const chunk: Uint8Array = await pending;
        pending = undefined;
        const isLast = position >= sizeBytes;
        if (!isLast) {
          pending = readNext(turn);
          // It may fail while the chunk before it is on its way, when nobody waits for it yet.
          pending.catch(() => undefined);
        }
        crc.update(chunk);
        if (isLast) await (hooks.beforeLast?.() ?? this.assertUnchanged());
        await hooks.beforeChunk?.(chunk.length);
        yield chunk;
        hooks.onTaken?.(chunk.length);
      }
    } finally {
      // A read that is under way still writes into its buffer.
      await pending?.catch(() => undefined);
      buffers.forEach((buffer) => {
        pool.giveBack(buffer);
      });
    }
  }

  /** CRC-64 of a range. Throws as {@link read}. */
  async crc64(
    offset: number,
    sizeBytes: number,
    pool: BufferPool,
    signal: AbortSignal,
  ): Promise<bigint> {
    const crc = new Crc64();
    const chunks = this.read(offset, sizeBytes, pool, crc);
    try {
      while ((await chunks.next()).done !== true) signal.throwIfAborted();
    } finally {
      await chunks.return();
    }
    return crc.digest();
  }

  /** Throws `sourceChanged` unless size and mtime are what they were. */
  async assertUnchanged(): Promise<void> {
    if ((await this.change()) === 'changed') throw changedError(this.filePath);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async fill(buffer: Uint8Array, position: number): Promise<Uint8Array> {
    for (let filled = 0; filled < buffer.length;) {
      const { bytesRead } = await guard(this.filePath, () =>
        this.handle.read(buffer, filled, buffer.length - filled, position + filled),
      );
      if (bytesRead === 0) throw changedError(this.filePath);
      filled += bytesRead;
    }
    return buffer;
  }
}

/**
 * How long to wait before the time of a file tells later writes apart: two writes within one tick of
 * the file system's clock bear the same time. Full seconds are those of a coarse clock.
 */
export function settlingMs(mtimeNs: bigint, nowMs: number): number {
  const ageMs = nowMs - Number(mtimeNs / 1_000_000n);
  const isCoarse = mtimeNs % 1_000_000_000n === 0n && Math.abs(ageMs) < COARSE_TICK_MS;
  const tickMs = isCoarse ? COARSE_TICK_MS : FINE_TICK_MS;
  return ageMs < tickMs ? tickMs : 0;
}

/** The file is not what it was: everything that was sent of it is void. */
export function changedError(filePath: string): UploadError {
  return new UploadError('sourceChanged', `${filePath} changed while it was being uploaded`, {
    code: 'SourceChanged',
    sourcePath: filePath,
  });
}

/** Throws unless the path leads, without a link, to what was opened by it. Asked after the opening. */
async function assertLeadsTo(filePath: string, opened: BigIntStats): Promise<void> {
  // Some drives of Windows (in memory, encrypted) cannot tell.
  const [realPath, now] = await Promise.all([
    realpath(filePath).catch(() => filePath),
    lstat(filePath, { bigint: true }),
  ]);
  if (realPath !== filePath) throw elsewhereError(filePath);
  // Replaced in this very moment, as editors save a file.
  if (now.ino !== opened.ino || now.dev !== opened.dev) throw changedError(filePath);
}

function elsewhereError(filePath: string): UploadError {
  return new UploadError('sourceMissing', `${filePath} leads to another file than was chosen`, {
    code: 'LeadsElsewhere',
    sourcePath: filePath,
  });
}

function assertIsFile(filePath: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  if (stats.isSymbolicLink()) throw elsewhereError(filePath);
  throw new UploadError('sourceNotAFile', `${filePath} is not a regular file`, {
    code: stats.isDirectory() ? 'EISDIR' : 'NotAFile',
    sourcePath: filePath,
  });
}

async function guard<T>(filePath: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (UploadError.is(error)) throw error;
    const code = codeOf(error) ?? 'EIO';
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    const message = `${filePath} cannot be read (${code})`;
    throw new UploadError(isMissing ? 'sourceMissing' : 'sourceUnreadable', message, {
      code,
      sourcePath: filePath,
      cause: error,
    });
  }
}
