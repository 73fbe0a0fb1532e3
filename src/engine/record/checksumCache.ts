import { hash } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { formatCrc64, parseCrc64 } from '../base/crc64';
import { codeOf } from '../base/guards';
import type { Logger } from '../base/logger';
import type { Fingerprint } from '../file/fingerprint';
import { JournalWriter, readJournal } from './journal';
import { RecordFolder } from './recordFolder';

const KIND = 'oss-upload checksums';
const CURRENT = 'checksums.log';
const EARLIER = 'checksums.old.log';
/** 300,000 lines: then the file becomes the earlier one, and what is not used again goes with that. */
const MOST_BYTES = 32 * 1024 ** 2;
/** What is checked in one go: a few milliseconds. */
const CHUNK_BYTES = 64 * 1024;
/** Lines written at once: what a killed process has to compute again. */
const LINES_AT_ONCE = 256;
const LINE_END = 0x0a;

/** What is known of the bytes of a file. */
export interface Checksums {
  readonly crc64: bigint;
  /** Upper case hex, as OSS writes an ETag; computed only where it is compared with one. */
  readonly md5?: string | undefined;
}

/**
 * The identity of a file in one state: another one as soon as the file is renamed, written to,
 * replaced or touched. No name can be read from it.
 */
export function stateOf(filePath: string, fingerprint: Fingerprint): string {
  const { sizeBytes, mtimeNs, ctimeNs, inode, device } = fingerprint;
  const text = JSON.stringify([filePath, sizeBytes, mtimeNs, ctimeNs, inode, device]);
  return hash('sha256', text).slice(0, 32);
}

/**
 * Checksums of files by their {@link stateOf}, over all windows and sessions, so that a file that has
 * not changed is not read again. It is a cache: damaged lines are not there, a disk that takes nothing
 * is logged, and no call rejects but for `find` when it is aborted. Bounded to two files of 32 MiB.
 */
export class ChecksumCache {
  private readonly writer = new JournalWriter(KIND, { version: 1 });
  private lines: string[] = [];
  private writing: Promise<void> = Promise.resolve();

  private readonly records: RecordFolder;

  constructor(
    folder: string,
    private readonly logger: Logger,
    private readonly mostBytes = MOST_BYTES,
  ) {
    this.records = new RecordFolder(folder, logger);
  }

  /** What is known of files in these states. */
  async find(
    states: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Checksums>> {
    const found = new Map<string, Checksums>();
    const earlier = new Map<string, Checksums>();
    if (states.size === 0) return found;
    await this.read(EARLIER, states, earlier, signal);
    await this.read(CURRENT, states, found, signal);
    for (const [state, checksums] of earlier) {
      if (found.has(state)) continue;
      found.set(state, checksums);
      // It is still of use, and must not go with the earlier file.
      this.note(state, checksums);
    }
    return found;
  }

  /** Remembers checksums of a file that was in this state before and after it was read. */
  note(state: string, { crc64, md5 }: Checksums): void {
    this.lines.push(
      this.writer.line([state, formatCrc64(crc64), ...(md5 === undefined ? [] : [md5])]),
    );
    if (this.lines.length >= LINES_AT_ONCE) void this.flush();
  }

  /** Resolves when all that was noted is written, or cannot be. */
  flush(): Promise<void> {
    const lines = this.lines.splice(0);
    if (lines.length > 0) {
      this.writing = this.writing.then(() =>
        this.write(lines).catch((error: unknown) => {
          this.logger.warn(`cannot write the cache of checksums: ${String(error)}`);
        }),
      );
    }
    return this.writing;
  }

  private async write(lines: readonly string[]): Promise<void> {
    await this.records.prepare();
    const name = this.records.pathOf(CURRENT);
    // At the end of the file, wherever that is: other windows write to it, too.
    const handle = await open(name, 'a', 0o600);
    let sizeBytes: number;
    try {
      // The first line ends one that was torn by the end of a process, in its own stead.
      await handle.writeFile(this.writer.headerLine + lines.join(''));
      ({ size: sizeBytes } = await handle.stat());
    } finally {
      await handle.close();
    }
    if (sizeBytes > this.mostBytes) await rename(name, this.records.pathOf(EARLIER));
  }

  /** Adds what a file says of these states. Its lines verify each for itself. */
  private async read(
    name: string,
    states: ReadonlySet<string>,
    found: Map<string, Checksums>,
    signal: AbortSignal,
  ): Promise<void> {
    let handle: FileHandle;
    try {
      // A line of somebody else would have a file left out as unchanged.
      if (!(await this.records.isOurs())) return;
      handle = await open(this.records.pathOf(name), 'r');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.logger.warn(`cannot read ${name}: ${String(error)}`);
      return;
    }
    try {
      const header = Buffer.from(this.writer.headerLine);
      let rest: Uint8Array = new Uint8Array();
      for (let position = 0; ;) {
        signal.throwIfAborted();
        const { buffer, bytesRead } = await handle.read(
          Buffer.allocUnsafe(CHUNK_BYTES),
          0,
          CHUNK_BYTES,
          position,
        );
        if (bytesRead === 0) break;
        position += bytesRead;
        const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        const end = bytes.lastIndexOf(LINE_END) + 1;
        // A line that never ends is damage.
        rest = bytes.length - end > CHUNK_BYTES ? new Uint8Array() : bytes.subarray(end);
        const { records } = readJournal(KIND, Buffer.concat([header, bytes.subarray(0, end)]));
        for (const record of records) take(record, states, found);
        await nextTurn();
      }
    } catch (error) {
      signal.throwIfAborted();
      this.logger.warn(`cannot read ${name}: ${String(error)}`);
    } finally {
      await handle.close();
    }
  }
}

function take(record: unknown, states: ReadonlySet<string>, found: Map<string, Checksums>): void {
  if (!Array.isArray(record)) return;
  const [state, crc, md5] = record as unknown[];
  if (typeof state !== 'string' || !states.has(state) || typeof crc !== 'string') return;
  const crc64 = parseCrc64(crc);
  if (crc64 === undefined) return;
  const known = found.get(state)?.md5;
  found.set(state, { crc64, md5: typeof md5 === 'string' ? md5 : known });
}
