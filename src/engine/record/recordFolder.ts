import type { BigIntStats } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../base/guards';
import { systemClock } from '../base/clock';
import { KnownNames } from './knownNames';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/**
 * The pause between two flushes of a file. A power cut may take the lines written in it: their parts
 * are then proven by the file's bytes instead of by the record. Flushing for every line would slow
 * down every program that uses the disk.
 */
const SYNC_PAUSE_MS = 1000;
/** Characters that are written at once when a file is written whole. */
const BLOCK_LENGTH = 256 * 1024;
/** The longest wait for a file that another program has open: a virus scanner is done sooner. */
const MOST_BUSY_MS = 500;
const NEVER_ABORTED = new AbortController().signal;
/** What Windows answers for a file that another program has open, or that is being removed. */
const BUSY_CODES: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** The calls of the file system that tests replace: a full disk, a read-only one, a count of reads. */
export interface RecordFiles {
  mkdir: typeof mkdir;
  open: typeof open;
  rename: typeof rename;
}

/**
 * A folder of files that are replaced whole or appended to by lines. A file that is written whole is
 * on disk, under its name, when the call resolves; or it rejects and nothing has changed.
 */
export class RecordFolder {
  private readonly names = new KnownNames({
    changedMs: async () => {
      const stats = await this.look('.');
      return stats === undefined ? undefined : Number(stats.mtimeNs) / 1e6;
    },
    list: () => this.list(),
  });
  private isOwn = false;

  constructor(
    readonly folder: string,
    private readonly logger: Logger,
    private readonly files: RecordFiles = { mkdir, open, rename },
    private readonly clock: Clock = systemClock,
  ) {}

  /** The path of the file of that name. */
  pathOf(name: string): string {
    return path.join(this.folder, name);
  }

  /** Whether there may be a file of that name, see {@link KnownNames.mayHave}. */
  mayHave(name: string): Promise<boolean> {
    return this.names.mayHave(name);
  }

  /**
   * Makes the folder, for its owner only, unless it is there. Rejects when it is there and somebody
   * else could write what this user then uploads: when it is a link, or of another owner.
   */
  async prepare(): Promise<void> {
    await this.files.mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.assertOwn();
  }

  /** Writes a file whole (temporary file, fsync, rename, fsync of the folder), open for appends. */
  async create(name: string, lines: Iterable<string>): Promise<GrowingFile> {
    await this.prepare();
    // The process is named so that another one can tell a file that was left behind.
    const temporary = this.pathOf(`${name}.${process.pid}-${randomUUID()}.tmp`);
    const handle = await this.files.open(temporary, 'wx', 0o600);
    let sizeBytes = 0;
    try {
      for (const block of blocksOf(lines)) {
        await handle.writeFile(block);
        sizeBytes += block.length;
      }
      await handle.sync();
      await whenFree(this.clock, () => this.files.rename(temporary, this.pathOf(name)));
    } catch (error) {
      await handle.close();
      await rm(temporary, { force: true });
      throw error;
    }
    this.names.add(name);
    await this.syncFolder();
    return new GrowingFile(handle, sizeBytes, this.logger);
  }

  /** Opens a file for appends; what lies behind `intactBytes` is cut off. */
  async append(name: string, intactBytes: number): Promise<GrowingFile> {
    const handle = await whenFree(this.clock, () => this.files.open(this.pathOf(name), 'r+'));
    try {
      await handle.truncate(intactBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new GrowingFile(handle, intactBytes, this.logger);
  }

  /** Size and times of a file, or of the folder ('.'); undefined when there is none. */
  async look(name: string): Promise<BigIntStats | undefined> {
    try {
      return await whenFree(this.clock, () => stat(this.pathOf(name), { bigint: true }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The file's bytes; undefined when there is none. A file over the limit reads as empty. */
  async read(name: string, mostBytes: number): Promise<Uint8Array | undefined> {
    let handle: FileHandle;
    try {
      handle = await whenFree(this.clock, () => this.files.open(this.pathOf(name), 'r'));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    try {
      const { size } = await handle.stat();
      return size > mostBytes ? new Uint8Array() : await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /**
   * Whether the folder is there and this user's own, as {@link prepare} wants it: else nobody knows who
   * has written what is in it, which is told in the log.
   */
  async isOurs(): Promise<boolean> {
    try {
      await this.assertOwn();
      return true;
    } catch (error) {
      if (error instanceof ForeignFolderError) this.logger.error(error.message);
      else if (!isNotFound(error)) throw error;
      return false;
    }
  }

  /** Names of all files of the folder; none when it does not exist, or is not this user's own. */
  async list(): Promise<string[]> {
    if (!(await this.isOurs())) return [];
    try {
      const entries = await readdir(this.folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  /**
   * Removes a file, if there is one; never rejects. A file that cannot be removed is judged again when
   * it is read the next time: it takes nothing back from what has been reached without it.
   */
  async remove(name: string): Promise<void> {
    try {
      await whenFree(this.clock, () => rm(this.pathOf(name), { force: true }));
    } catch (error) {
      if (!isNotFound(error)) this.logger.warn(`cannot remove ${name}: ${String(error)}`);
    }
  }

  /** Looks once, and mends what it can: a folder that was open to others is closed. */
  private async assertOwn(): Promise<void> {
    if (this.isOwn) return;
    const found = await lstat(this.folder);
    // Windows has no owners and modes here: the rights are those of the folder around.
    const uid = process.getuid?.() ?? found.uid;
    if (!found.isDirectory() || !isOf(uid, found)) throw new ForeignFolderError(this.folder);
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
      this.logger.warn(`${this.folder} was open to other users of this computer: closing it`);
      await chmod(this.folder, 0o700).catch((error: unknown) => {
        // Some file systems have no modes.
        this.logger.warn(`${this.folder} stays open: ${String(error)}`);
      });
      await this.removeForeign(uid);
    }
    this.isOwn = true;
  }

  /** Removes what others have put into the folder while it was open to them. */
  private async removeForeign(uid: number): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const found = await lstat(this.pathOf(name));
      if (isOf(uid, found) && !found.isSymbolicLink()) continue;
      this.logger.warn(`removed ${name}, which another user of this computer has put there`);
      await rm(this.pathOf(name), { recursive: true, force: true });
    }
  }

  /**
   * Flushes the folder: without that a power cut may take a new name back. Windows and some network
   * file systems have no such call; the file is there all the same.
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

/** The folder is there and not this user's own: nothing is read from it, and nothing written. */
class ForeignFolderError extends Error {
  constructor(folder: string) {
    super(`${folder} is not used: it is a link, or belongs to another user. Remove it.`);
  }
}

/** Whether something is the user's own; what the administrator may do anyway tells nothing. */
function isOf(uid: number, found: { readonly uid: number }): boolean {
  return found.uid === uid || found.uid === 0;
}

/** These lines in pieces of memory of a bounded size, however many there are. */
function* blocksOf(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < BLOCK_LENGTH) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

/** What became of a line. */
export type Appended = 'written' | 'broken' | 'skipped';

/** A line that waits to be written, and who waits for it. */
interface PendingLine {
  readonly line: string;
  readonly done: (appended: Appended) => void;
}

/**
 * A file that only grows, by whole lines: those that come while others are being written are written
 * together. Lines that cannot be written are taken back, so that the file stays readable; they wait,
 * in their order, and are tried again with the next line and when the file is closed.
 */
export class GrowingFile {
  private pending: PendingLine[] = [];
  private writing: Promise<void> | undefined;
  private syncing: Promise<void> | undefined;
  private readonly closing = new AbortController();
  /** Lines that are written at once: few where the disk had no room, which it may still not have. */
  private most = Infinity;
  /** Of the pending ones, those of which it is told that the disk did not take them. */
  private waiting = 0;
  private isTold = false;

  constructor(
    private readonly handle: FileHandle,
    private sizeBytes: number,
    private readonly logger: Logger,
  ) {}

  /**
   * Writes a line. Resolves when the system has it: it then survives the end of this process, and is
   * flushed in the background with the lines of the same second. `broken`: the line could not be
   * written, told once; `skipped`: so it is again, or with an earlier one. Either may be written yet.
   */
  append(line: string): Promise<Appended> {
    return new Promise((done) => {
      this.pending.push({ line, done });
      this.writing ??= this.writeAll();
    });
  }

  /** Closes the file when every line is written that can be. */
  async close(): Promise<void> {
    await this.writing;
    if (this.pending.length > 0) await this.writeAll();
    this.closing.abort();
    await this.syncing;
    await this.handle.close();
  }

  private async writeAll(): Promise<void> {
    // Answers that came together are written together.
    await nextTurn();
    while (this.pending.length > 0) {
      const lines = this.pending.slice(0, this.most);
      const failure = await this.write(lines.map(({ line }) => line).join(''));
      if (failure === undefined) {
        this.pending.splice(0, lines.length);
        this.waiting = Math.max(0, this.waiting - lines.length);
        for (const { done } of lines) done('written');
        this.most *= 2;
      } else if (lines.length > 1) {
        // A disk that has no room for all of them may have some for the first.
        this.most = 1;
      } else {
        this.giveUp(failure);
        break;
      }
    }
    this.writing = undefined;
  }

  /** Until the next line comes. */
  private giveUp(failure: Error): void {
    this.most = 1;
    for (const { done } of this.pending.slice(this.waiting)) {
      done(this.isTold ? 'skipped' : 'broken');
      if (!this.isTold)
        this.logger.warn(`cannot write to the checkpoint folder: ${String(failure)}`);
      this.isTold = true;
    }
    this.waiting = this.pending.length;
  }

  /** Writes text, or takes it back and resolves with the reason. */
  private async write(text: string): Promise<Error | undefined> {
    const bytes = Buffer.from(text);
    try {
      const { bytesWritten } = await this.handle.write(bytes, 0, bytes.length, this.sizeBytes);
      if (bytesWritten < bytes.length) throw new Error('the disk took only a part of a line');
      this.sizeBytes += bytes.length;
      this.syncing ??= this.sync();
      return undefined;
    } catch (error) {
      await this.handle.truncate(this.sizeBytes).catch(() => undefined);
      return error instanceof Error ? error : new Error(String(error));
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

/**
 * An action on a file that other programs may have open: tried again for a moment. Windows replaces
 * no file that is open, be it only for reading, and opens none that is being scanned or removed.
 */
async function whenFree<T>(clock: Clock, action: () => Promise<T>): Promise<T> {
  for (let delayMs = 10; ; delayMs *= 2) {
    try {
      return await action();
    } catch (error) {
      const isBusy = BUSY_CODES.has(codeOf(error));
      if (!isBusy || delayMs > MOST_BUSY_MS) throw error;
      await clock.delay(delayMs, NEVER_ABORTED);
    }
  }
}

function isNotFound(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}
