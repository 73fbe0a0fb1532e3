import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { codeOf, isObject, isWhole } from '../base/guards';
import { Emitter } from '../base/events';
import { systemClock } from '../base/clock';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import type { UploadTarget } from '../contract/ports';
import type { TransferResult } from '../contract/transfers';
import { isTarget } from './checkpoint';
import { JournalWriter, readHeader } from './journal';
import { RecordFolder } from './recordFolder';
import type { RecordFiles } from './recordFolder';

const KIND = 'oss-upload-history';
const FILES_KIND = 'oss-upload-history-files';
const VERSION = 1;
const NAME = 'history.jsonl';
const FILES_SUFFIX = '.files';

/** What the history holds at most. */
const MOST_ENTRIES = 1000;
const DAY_MS = 86_400_000;
const MOST_AGE_MS = 30 * DAY_MS;
/** A file that grew beyond this, or has so many lines that later ones replace, is written anew. */
const COMPACT_BYTES = 1 << 20;
const COMPACT_LINES = 200;
/** The longest first line of a file of ours. */
const HEADER_BYTES = 512;
const LINE_END = 0x0a;

/** A file that is uploaded and verified. */
export interface FinishedFile {
  /** Id of its transfer. */
  readonly id: string;
  readonly filePath: string;
  readonly target: UploadTarget;
  readonly sizeBytes: number;
  readonly finishedMs: number;
  readonly result: TransferResult;
}

/** What was asked for together and is uploaded, as far as it is. */
export interface HistoryEntry {
  /** Id of the batch. */
  readonly id: string;
  /** File or folder name. */
  readonly label: string;
  readonly createdMs: number;
  readonly finishedMs: number;
  /** Files that are uploaded, and their bytes. */
  readonly files: number;
  readonly sizeBytes: number;
  /** The object, or the folder all objects share. */
  readonly place: Pick<UploadTarget, 'bucket' | 'key'>;
  /** The file of a batch that has but one; the others lie in a file of their own. */
  readonly only?: FinishedFile | undefined;
}

/** Why the history is not what it should be: it is damaged, of a newer version, or cannot be written. */
export type HistoryProblem = 'damaged' | 'newer' | 'notWritten';

/**
 * What was uploaded, over all windows: a journal of a line for each batch, and for a batch of several
 * files another one with a line for each file, because there may be 100,000 of them. At most 1,000
 * entries of the last 30 days. Nothing in it is a secret, and no failure here stops an upload.
 */
export class UploadHistory {
  private readonly records: RecordFolder;
  private readonly report = (error: unknown): void => {
    this.logger.error(`a listener failed: ${String(error)}`);
  };
  private readonly change = new Emitter<void>(this.report);
  private readonly problem = new Emitter<HistoryProblem>(this.report);
  /** The history is another one. */
  readonly onDidChange = this.change.event;
  /** Told once for each kind. */
  readonly onProblem = this.problem.event;
  private readonly told = new Set<HistoryProblem>();
  /** Lines that wait for the write before them, by the name of their file. */
  private readonly waiting = new Map<string, string[]>();
  private writing: Promise<void> = Promise.resolve();
  private compactBytes = COMPACT_BYTES;
  /** When a write is to look for what is past: nobody may ever look at the history. */
  private dueMs = 0;
  private known: { readonly mark: string; readonly entries: readonly HistoryEntry[] } | undefined;

  constructor(
    folder: string,
    private readonly logger: Logger,
    private readonly files: Pick<RecordFiles, 'open'> = { open },
    private readonly clock: Clock = systemClock,
  ) {
    this.records = new RecordFolder(folder, logger, undefined, clock);
  }

  /** Adds an entry; one of the same id gives way. */
  add(entry: HistoryEntry): void {
    this.append(NAME, { entry });
  }

  /** Adds a file to the entry of that id, which is one of several files. */
  addFile(entryId: string, file: FinishedFile): void {
    this.append(entryId + FILES_SUFFIX, { file });
  }

  /** Resolves when all that was added is written, or was given up. */
  async whenWritten(): Promise<void> {
    while (this.waiting.size > 0) await this.writing;
    await this.writing;
  }

  /** All entries, the latest first. Empty when there is no history, or one that cannot be read. */
  async entries(): Promise<readonly HistoryEntry[]> {
    await this.whenWritten();
    try {
      if (!(await this.records.isOurs())) return [];
      const stats = await this.records.look(NAME);
      const mark = [stats?.mtimeNs, stats?.size, stats?.ino].join();
      if (this.known?.mark !== mark) this.known = { mark, entries: await this.read() };
      return this.known.entries;
    } catch (error) {
      this.logger.warn(`cannot read the history: ${String(error)}`);
      this.tell('damaged');
      return [];
    }
  }

  /** The files of an entry in the order they were finished, one by one: memory holds one of them. */
  async *filesOf({ id, only }: HistoryEntry): AsyncGenerator<FinishedFile> {
    if (only !== undefined) {
      yield only;
      return;
    }
    await this.whenWritten();
    const name = id + FILES_SUFFIX;
    if (!(await this.records.isOurs()) || (await this.records.look(name)) === undefined) return;
    const writer = this.writerOf(name);
    for await (const line of linesOf(this.records.pathOf(name))) {
      const record = writer.parse(line);
      const file = isObject(record) ? parseFile(record['file']) : undefined;
      if (file !== undefined) yield file;
    }
  }

  /** Takes entries out of the history. The objects stay where they are. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.append(NAME, { removed: id });
    await this.whenWritten();
    await Promise.all(ids.map((id) => this.records.remove(id + FILES_SUFFIX)));
  }

  /** Takes all of it out. */
  async clear(): Promise<void> {
    await this.whenWritten();
    const names = await this.records.list();
    const ours = names.filter((name) => name === NAME || name.endsWith(FILES_SUFFIX));
    await Promise.all(ours.map((name) => this.records.remove(name)));
    this.change.fire();
  }

  /** One write at a time; what comes meanwhile goes together with the next one. */
  private append(name: string, record: unknown): void {
    const line = this.writerOf(name).line(record);
    const waiting = this.waiting.get(name);
    if (waiting !== undefined) {
      waiting.push(line);
      return;
    }
    this.waiting.set(name, [line]);
    this.writing = this.writing.then(async () => {
      const lines = this.waiting.get(name) ?? [];
      this.waiting.delete(name);
      try {
        await this.write(name, lines.join(''));
      } catch (error) {
        this.logger.warn(`cannot write the history: ${String(error)}`);
        this.tell('notWritten');
      }
      if (name === NAME) this.change.fire();
    });
  }

  /** Puts whole lines at the end of a file that other windows write to as well. */
  private async write(name: string, lines: string): Promise<void> {
    await this.records.prepare();
    const handle = await this.files.open(this.records.pathOf(name), 'a+', 0o600);
    let sizeBytes: number;
    try {
      ({ size: sizeBytes } = await handle.stat());
      let text = lines;
      if (sizeBytes === 0) {
        text = this.writerOf(name).headerLine + lines;
      } else {
        const head = Buffer.alloc(Math.min(HEADER_BYTES, sizeBytes));
        await handle.read(head, 0, head.length, 0);
        if (this.isNewer(head.toString('utf8').split('\n', 1)[0] ?? '')) return;
        const last = Buffer.alloc(1);
        await handle.read(last, 0, 1, sizeBytes - 1);
        // A line that was torn is left behind, and does not take this one with it.
        if (last[0] !== LINE_END) text = `\n${lines}`;
      }
      const bytes = Buffer.from(text);
      const { bytesWritten } = await handle.write(bytes);
      if (bytesWritten < bytes.length) throw new Error('the disk took only a part of the lines');
      sizeBytes += bytes.length;
    } finally {
      await handle.close();
    }
    const isDue = sizeBytes > this.compactBytes || this.clock.now() >= this.dueMs;
    if (name === NAME && isDue) await this.read();
  }

  /** Reads the journal; writes it anew without what is past, and when much of it is of no use. */
  private async read(): Promise<readonly HistoryEntry[]> {
    this.dueMs = this.clock.now() + DAY_MS;
    const before = await this.records.look(NAME);
    if (before === undefined) return [];
    const writer = this.writerOf(NAME);
    const header = writer.headerLine.trimEnd();
    const found = new Map<string, HistoryEntry>();
    const gone = new Set<string>();
    let lines = 0;
    let damaged = 0;
    for await (const line of linesOf(this.records.pathOf(NAME))) {
      if (lines++ === 0 && this.isNewer(line)) return [];
      if (line === header || line === '') continue;
      const record = writer.parse(line);
      const { entry: raw, removed } = isObject(record) ? record : {};
      const entry = parseEntry(raw);
      if (entry !== undefined) {
        // A later line of the same id is the latest of all.
        found.delete(entry.id);
        found.set(entry.id, entry);
        gone.delete(entry.id);
      } else if (typeof removed === 'string') {
        found.delete(removed);
        gone.add(removed);
      } else {
        damaged++;
      }
    }
    if (damaged > 0) {
      this.logger.warn(`${damaged} lines of the history are damaged and left out`);
      this.tell('damaged');
    }
    const sinceMs = this.clock.now() - MOST_AGE_MS;
    const all = [...found.values()].sort((one, other) => other.finishedMs - one.finishedMs);
    const kept = all.filter(({ finishedMs }) => finishedMs >= sinceMs).slice(0, MOST_ENTRIES);
    const keptIds = new Set(kept.map(({ id }) => id));
    for (const { id } of all) if (!keptIds.has(id)) gone.add(id);
    const isMuch = lines - kept.length > COMPACT_LINES || before.size > this.compactBytes;
    if (damaged > 0 || gone.size > 0 || isMuch) await this.compact(kept, before.size, gone);
    return kept;
  }

  private async compact(
    kept: readonly HistoryEntry[],
    sizeBytes: bigint,
    gone: ReadonlySet<string>,
  ): Promise<void> {
    try {
      const writer = this.writerOf(NAME);
      const lines = [...kept].reverse().map((entry) => writer.line({ entry }));
      // Another window has added something: its turn.
      if ((await this.records.look(NAME))?.size !== sizeBytes) return;
      const file = await this.records.create(NAME, writer.headerLine + lines.join(''));
      await file.close();
      await Promise.all([...gone].map((id) => this.records.remove(id + FILES_SUFFIX)));
    } catch (error) {
      this.logger.warn(`cannot write the history anew: ${String(error)}`);
    }
    const after = await this.records.look(NAME);
    this.compactBytes = Math.max(COMPACT_BYTES, 2 * Number(after?.size ?? 0));
  }

  /** Whether a later version has written the file: it is left alone. */
  private isNewer(firstLine: string): boolean {
    const header = readHeader(KIND, firstLine);
    const version = isObject(header) ? header['version'] : undefined;
    const isNewer = typeof version === 'number' && version > VERSION;
    if (isNewer) this.tell('newer');
    return isNewer;
  }

  /** The header is the same in every window, so that each can write without reading. */
  private writerOf(name: string): JournalWriter {
    return name === NAME
      ? new JournalWriter(KIND, { version: VERSION })
      : new JournalWriter(FILES_KIND, {
          version: VERSION,
          id: name.slice(0, -FILES_SUFFIX.length),
        });
  }

  private tell(problem: HistoryProblem): void {
    if (this.told.has(problem)) return;
    this.told.add(problem);
    this.problem.fire(problem);
  }
}

/** The whole lines of a file without their ends, one by one. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, {
      encoding: 'utf8',
    }) as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function parseEntry(raw: unknown): HistoryEntry | undefined {
  if (!isObject(raw)) return undefined;
  const { id, label, createdMs, finishedMs, files, sizeBytes, place, only } = raw;
  const file = only === undefined ? undefined : parseFile(only);
  const isValid =
    typeof id === 'string' &&
    /^[0-9a-z-]{1,64}$/.test(id) &&
    typeof label === 'string' &&
    isCount(createdMs) &&
    isCount(finishedMs) &&
    isCount(files) &&
    isCount(sizeBytes) &&
    isPlace(place) &&
    (only === undefined || file !== undefined);
  if (!isValid) return undefined;
  return { id, label, createdMs, finishedMs, files, sizeBytes, place, only: file };
}

function isPlace(raw: unknown): raw is HistoryEntry['place'] {
  return isObject(raw) && typeof raw['bucket'] === 'string' && typeof raw['key'] === 'string';
}

function parseFile(raw: unknown): FinishedFile | undefined {
  if (!isObject(raw)) return undefined;
  const { id, filePath, target, sizeBytes, finishedMs, result } = raw;
  const isValid =
    typeof id === 'string' &&
    typeof filePath === 'string' &&
    isTarget(target) &&
    isCount(sizeBytes) &&
    isCount(finishedMs) &&
    isObject(result) &&
    typeof result['etag'] === 'string';
  if (!isValid) return undefined;
  const text = (name: string): string | undefined =>
    typeof result[name] === 'string' ? result[name] : undefined;
  const said = { crc64: text('crc64'), versionId: text('versionId'), requestId: text('requestId') };
  const etag = text('etag') ?? '';
  return { id, filePath, target, sizeBytes, finishedMs, result: { etag, ...said } };
}

function isCount(raw: unknown): raw is number {
  return isWhole(raw, 0, Number.MAX_SAFE_INTEGER);
}
