import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointWriter, readCheckpoint } from './checkpoint';
import type { Checkpoint, CheckpointContent, CheckpointHeader, PartRecord } from './checkpoint';
import { fingerprintOf } from '../file/fingerprint';
import { isObject } from '../base/guards';
import type { Logger } from '../base/logger';

const SUFFIX = '.jsonl';
/**
 * A power cut may take the lines of so long: their parts are then proven by the file's bytes instead
 * of by the record. A disk that is flushed for every line slows down everybody who uses it.
 */
const SYNC_PAUSE_MS = 1000;
/** Who has a file open for a moment lets go of it within this time, or it is something else. */
const MOST_BUSY_MS = 500;
const BUSY_CODES: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** 10,000 parts are about 1 MB; a larger file is not one of ours and is not even read. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What the store does to files, so that tests can play a full or a read-only disk. */
export interface StoreFiles {
  mkdir: typeof mkdir;
  open: typeof open;
  rename: typeof rename;
}

/**
 * A folder of files that are replaced whole or appended to by lines. Whatever is written whole is
 * on disk, under its name, when the call resolves; or it rejects and nothing has changed.
 */
export class RecordFolder {
  constructor(
    readonly folder: string,
    private readonly logger: Logger,
    private readonly files: StoreFiles = { mkdir, open, rename },
  ) {}

  pathOf(name: string): string {
    return path.join(this.folder, name);
  }

  async prepare(): Promise<void> {
    await this.files.mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  /** Writes a file whole (temporary file, fsync, rename, fsync of the folder), open for appends. */
  async create(name: string, text: string): Promise<AppendFile> {
    await this.prepare();
    // The process is named so that another one can tell a file that was left behind.
    const temporary = this.pathOf(`${name}.${process.pid}-${randomUUID()}.tmp`);
    const handle = await this.files.open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
      await whenFree(() => this.files.rename(temporary, this.pathOf(name)));
    } catch (error) {
      await handle.close();
      await rm(temporary, { force: true });
      throw error;
    }
    await this.syncFolder();
    return new AppendFile(handle, Buffer.byteLength(text), this.logger);
  }

  /** Opens a file for appends; what lies behind `intactBytes` is cut off. */
  async append(name: string, intactBytes: number): Promise<AppendFile> {
    const handle = await this.files.open(this.pathOf(name), 'r+');
    try {
      await handle.truncate(intactBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new AppendFile(handle, intactBytes, this.logger);
  }

  /** When the file was last written to; undefined when there is none. */
  async modifiedMs(name: string): Promise<number | undefined> {
    return stat(this.pathOf(name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  }

  /** The file's bytes; undefined when there is none. Files over the limit read as empty. */
  async read(name: string, mostBytes: number): Promise<Uint8Array | undefined> {
    let handle: FileHandle;
    try {
      handle = await whenFree(() => open(this.pathOf(name), 'r'));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    try {
      const { size } = await handle.stat();
      return size > mostBytes ? new Uint8Array() : await readFile(handle);
    } finally {
      await handle.close();
    }
  }

  /** Names of files that end so; none when the folder does not exist. */
  async list(suffix: string): Promise<string[]> {
    try {
      const entries = await readdir(this.folder, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
        .map(({ name }) => name);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  /**
   * A file that is not there is removed already. One that cannot be removed is judged again when it
   * is read the next time: it takes nothing back from what has been reached without it.
   */
  async remove(name: string): Promise<void> {
    try {
      await rm(this.pathOf(name), { force: true });
    } catch (error) {
      if (!isNotFound(error)) this.logger.warn(`cannot remove ${name}: ${String(error)}`);
    }
  }

  /**
   * Without this a power cut may take the new name back. Windows and some network file systems have
   * no such call; the file is there all the same.
   */
  private async syncFolder(): Promise<void> {
    if (process.platform === 'win32') return;
    try {
      const handle = await this.files.open(this.folder, 'r');
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      this.logger.debug(`cannot flush ${this.folder}: ${String(error)}`);
    }
  }
}

/**
 * A file that only grows, by whole lines. A line that cannot be written is taken back, so that the
 * file stays readable; after that nothing is written any more.
 */
export class AppendFile {
  private queue: Promise<unknown> = Promise.resolve();
  private syncing: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private broken = false;

  constructor(
    private readonly handle: FileHandle,
    private sizeBytes: number,
    private readonly logger: Logger,
  ) {}

  /**
   * Resolves when the system has the line: it then survives the end of this process. What a power
   * cut could still take is asked to disk in the background, for the lines of a second at once. `broken` is
   * told once, by the line that could not be written.
   */
  async append(line: string): Promise<'written' | 'broken' | 'skipped'> {
    const written = this.queue.then(() => this.write(Buffer.from(line)));
    this.queue = written;
    return written;
  }

  async close(): Promise<void> {
    await this.queue;
    this.closing.abort();
    await this.syncing;
    await this.handle.close();
  }

  private async write(bytes: Buffer): Promise<'written' | 'broken' | 'skipped'> {
    if (this.broken) return 'skipped';
    try {
      const { bytesWritten } = await this.handle.write(bytes, 0, bytes.length, this.sizeBytes);
      if (bytesWritten < bytes.length) throw new Error('the disk took only a part of a line');
      this.sizeBytes += bytes.length;
      this.syncing ??= this.sync();
      return 'written';
    } catch (error) {
      this.broken = true;
      this.logger.warn(`cannot write to the checkpoint folder: ${String(error)}`);
      await this.handle.truncate(this.sizeBytes).catch(() => undefined);
      return 'broken';
    }
  }

  private async sync(): Promise<void> {
    for (let syncedBytes = -1; syncedBytes < this.sizeBytes;) {
      syncedBytes = this.sizeBytes;
      await this.handle.datasync().catch((error: unknown) => {
        this.logger.warn(`cannot flush the checkpoint: ${String(error)}`);
      });
      const { signal } = this.closing;
      await delay(SYNC_PAUSE_MS, undefined, { ref: false, signal }).catch(() => undefined);
    }
    this.syncing = undefined;
  }
}

/** A checkpoint that is being written to. */
export class OpenCheckpoint {
  constructor(
    private readonly writer: CheckpointWriter,
    private readonly file: AppendFile,
  ) {}

  /** See {@link AppendFile.append}; after `broken` the upload cannot be resumed in full. */
  async record(part: PartRecord): Promise<'written' | 'broken' | 'skipped'> {
    return this.file.append(this.writer.partLine(part));
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** The checkpoints of all uploads, a file each, named after {@link checkpointId}. */
export class CheckpointStore {
  constructor(private readonly records: RecordFolder) {}

  async prepare(): Promise<void> {
    await this.records.prepare();
  }

  /** Puts a new checkpoint in the place of any older one. On disk when it resolves. */
  async create(
    id: string,
    header: CheckpointHeader,
    parts: Iterable<PartRecord> = [],
  ): Promise<OpenCheckpoint> {
    const writer = new CheckpointWriter(header);
    const lines = [...parts].map((part) => writer.partLine(part));
    const file = await this.records.create(id + SUFFIX, writer.headerLine + lines.join(''));
    return new OpenCheckpoint(writer, file);
  }

  /**
   * Goes on with a checkpoint that was read, behind its last whole line. Where its header is not
   * this one, the file is written anew, with these parts.
   */
  async reopen(
    id: string,
    read: Checkpoint,
    header: CheckpointHeader,
    parts: Iterable<PartRecord>,
  ): Promise<OpenCheckpoint> {
    const writer = new CheckpointWriter(header);
    if (read.headerLine !== writer.headerLine) return this.create(id, header, parts);
    const file = await this.records.append(id + SUFFIX, read.intactBytes);
    return new OpenCheckpoint(writer, file);
  }

  /** Undefined when there is none. Rejects when the folder or the file cannot be read. */
  async read(id: string): Promise<CheckpointContent | undefined> {
    const bytes = await this.records.read(id + SUFFIX, MOST_BYTES);
    return bytes === undefined ? undefined : readCheckpoint(bytes);
  }

  async ids(): Promise<string[]> {
    const names = await this.records.list(SUFFIX);
    return names.map((name) => name.slice(0, -SUFFIX.length));
  }

  /** Every checkpoint of the folder, one after the other: there may be many. */
  async list(): Promise<{ readonly id: string; readonly content: CheckpointContent }[]> {
    const found: { id: string; content: CheckpointContent }[] = [];
    for (const id of await this.ids()) {
      const content = await this.read(id);
      if (content !== undefined) found.push({ id, content });
    }
    return found;
  }

  async remove(id: string): Promise<void> {
    await this.records.remove(id + SUFFIX);
  }

  /**
   * Puts the upload of one file under the name of another, whose bytes are then proven part by part
   * before any of it is used.
   */
  async move(fromId: string, toId: string, filePath: string): Promise<void> {
    const content = await this.read(fromId);
    if (content?.state !== 'valid') return;
    const { header, parts } = content.checkpoint;
    const stats = await stat(filePath, { bigint: true });
    const source = { ...fingerprintOf(stats), sizeBytes: header.source.sizeBytes, inode: '' };
    const moved = await this.create(toId, { ...header, filePath, source }, parts.values());
    await moved.close();
    await this.remove(fromId);
  }

  leaseFile(id: string): string {
    return this.records.pathOf(`${id}.lease`);
  }
}

/**
 * Windows does not replace a file that somebody has open, be it only for reading, and does not open
 * one that a virus scanner looks at or that is being removed: tries again for a moment.
 */
async function whenFree<T>(action: () => Promise<T>): Promise<T> {
  for (let delayMs = 10; ; delayMs *= 2) {
    try {
      return await action();
    } catch (error) {
      const isBusy = isObject(error) && BUSY_CODES.has(error['code']);
      if (!isBusy || delayMs > MOST_BUSY_MS) throw error;
      await delay(delayMs);
    }
  }
}

function isNotFound(error: unknown): boolean {
  return isObject(error) && (error['code'] === 'ENOENT' || error['code'] === 'ENOTDIR');
}
