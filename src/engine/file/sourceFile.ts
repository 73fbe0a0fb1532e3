import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BufferPool } from '../limits/bufferPool';
import { codeOf } from '../base/guards';
import { closeFile, lookAt, openFile, readInto, statOf, statOfPath } from './fileCalls';
import { FolderPaths } from './realPath';
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
  /** A read has asked for a byte behind the last one, and there was none. */
  private hasSeenEnd = false;

  private constructor(
    readonly filePath: string,
    readonly fingerprint: Fingerprint,
    private readonly descriptor: number,
  ) {}

  /**
   * Opens a regular file by its real path. Throws `sourceMissing`, `sourceNotAFile` (folder, FIFO,
   * socket, device) or `sourceUnreadable`, `sourceChanged` when it is replaced meanwhile, and
   * `sourceMissing` with code `LeadsElsewhere` when a link has taken the place of the file or of a
   * folder around it: what it leads to was not chosen. Never blocks on a FIFO.
   */
  static async open(filePath: string): Promise<SourceFile> {
    const descriptor = await guard(filePath, () => openToRead(filePath));
    try {
      return await guard(filePath, async () => {
        let stats = statOf(descriptor);
        assertIsFile(filePath, stats);
        await assertLeadsTo(filePath, stats);
        const settleMs = settlingMs(stats.mtimeNs, Date.now());
        if (settleMs > 0) {
          // In real time, not that of a Clock: it is the disk that has to tick.
          await delay(settleMs);
          stats = statOf(descriptor);
        }
        return new SourceFile(filePath, fingerprintOf(stats), descriptor);
      });
    } catch (error) {
      closeFile(descriptor);
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
    if (!this.hasSeenEnd) {
      const bytesRead = await guard(this.filePath, () =>
        readInto(this.descriptor, Buffer.alloc(1), this.sizeBytes),
      );
      if (bytesRead > 0) return 'changed';
    }
    const stats = await guard(this.filePath, () => statOf(this.descriptor));
    return compareFingerprints(this.fingerprint, fingerprintOf(stats));
  }

  /**
   * How both differ from what was opened: the open file, as in {@link change}, and the file that now
   * bears its name. A name that is gone tells nothing about the bytes: `doubtful`.
   */
  async changeAnywhere(): Promise<SourceChange> {
    const ofName = await this.changeOfName();
    // The name leads to the very file that is open, so that what is true of the one is of the other.
    const isOpenOne = ofName === 'same' && this.hasSeenEnd;
    if (ofName === 'changed' || isOpenOne) return ofName;
    const ofOpen = await this.change();
    return ofOpen === 'same' ? ofName : ofOpen;
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
    // One byte more at the end of the file: no further call has to ask whether there is one.
    const endBytes = offset + sizeBytes === this.sizeBytes ? 1 : 0;
    const first = pool.take(sizeBytes + endBytes);
    // What fits into one buffer is read side by side in it, in however many chunks.
    const fits = sizeBytes <= first.length;
    const buffers = fits ? ([first] as const) : ([first, pool.take(sizeBytes)] as const);
    let position = 0;
    const readNext = async (turn: number): Promise<Uint8Array> => {
      const buffer = buffers[turn % buffers.length] ?? first;
      const most = Math.min(buffer.length, hooks.chunkBytes?.() ?? buffer.length);
      const length = Math.min(most, sizeBytes - position);
      const start = fits ? position : 0;
      const end = start + length + (position + length === sizeBytes ? endBytes : 0);
      const chunk = await this.fill(buffer.subarray(start, end), offset + position);
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

  /** To be called once, when nothing of it is being read any more. */
  close(): void {
    closeFile(this.descriptor);
  }

  private async changeOfName(): Promise<SourceChange> {
    try {
      const stats = await statOfPath(this.filePath);
      return compareFingerprints(this.fingerprint, fingerprintOf(stats));
    } catch {
      return 'doubtful';
    }
  }

  /** Fills the buffer; where it is longer by a byte than the rest of the file, all but that byte. */
  private async fill(buffer: Uint8Array, position: number): Promise<Uint8Array> {
    const sizeBytes = Math.min(buffer.length, this.sizeBytes - position);
    for (let filled = 0; filled < sizeBytes;) {
      const rest = filled === 0 ? buffer : buffer.subarray(filled);
      const bytesRead = await guard(this.filePath, () =>
        readInto(this.descriptor, rest, position + filled),
      );
      filled += bytesRead;
      if (bytesRead === 0 || filled > sizeBytes) throw changedError(this.filePath);
    }
    if (sizeBytes === buffer.length) return buffer;
    this.hasSeenEnd = true;
    return buffer.subarray(0, sizeBytes);
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

/** Opens a path. Only what cannot be opened is looked at for what else it is. */
async function openToRead(filePath: string): Promise<number> {
  // No link is followed, and no pipe waited for.
  const flags =
    process.platform === 'win32'
      ? 0
      : constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW;
  try {
    return await openFile(filePath, constants.O_RDONLY | flags);
  } catch (error) {
    const found = await lookAt(filePath);
    // A link that leads nowhere, or in circles, is said to be that.
    if (found.isSymbolicLink()) await statOfPath(filePath);
    assertIsFile(filePath, found);
    throw error;
  }
}

/** Made at the first opening: a start of the editor reads nothing of this file. */
let folders: FolderPaths | undefined;

/** Throws unless the path leads, without a link, to what was opened by it. Asked after the opening. */
async function assertLeadsTo(filePath: string, opened: BigIntStats): Promise<void> {
  const folder = path.dirname(filePath);
  folders ??= new FolderPaths();
  const [realFolder, now] = await Promise.all([folders.realPathOf(folder), lookAt(filePath)]);
  if (realFolder !== folder || now.isSymbolicLink()) throw elsewhereError(filePath);
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

async function guard<T>(filePath: string, action: () => T | Promise<T>): Promise<T> {
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
