import { JournalWriter } from './journal';
import type { Appended, GrowingFile, RecordFolder } from './recordFolder';

/** One kind of journal: how its lines are written, and what a file of them says. */
export interface JournalFormat<Line, Content> {
  /** Part of the check value of every file of this kind. */
  readonly kind: string;
  readonly version: number;
  /** How the names of its files end. */
  readonly suffix: string;
  /** A larger file is none of ours: it is not read, and judged as an empty one. */
  readonly mostBytes: number;
  /** The line as it is written to JSON. */
  encode(line: Line): unknown;
  /** What a file says, whatever it holds; never throws. */
  read(bytes: Uint8Array): Content;
}

/** A journal as it was read: where its lines go on. */
export interface JournalEnd {
  /** As it lies on disk: lines of another header would not verify behind it. */
  readonly headerLine: string;
  /** Bytes of the file that verify; undefined when a line among them does not. */
  readonly intactBytes: number | undefined;
}

/** The text of one file: its first line, and the lines that verify behind it. */
export class JournalText<Line> {
  private readonly writer: JournalWriter;

  constructor(
    private readonly format: JournalFormat<Line, unknown>,
    header: object,
  ) {
    this.writer = new JournalWriter(format.kind, { version: format.version, ...header });
  }

  /** The first line. */
  get headerLine(): string {
    return this.writer.headerLine;
  }

  /** Any other line. */
  line(line: Line): string {
    return this.writer.line(this.format.encode(line));
  }

  /** All lines of the file. */
  *whole(lines: Iterable<Line>): Generator<string> {
    yield this.headerLine;
    for (const line of lines) yield this.line(line);
  }
}

/** A journal that is being written to. */
export class OpenJournal<Line> {
  constructor(
    private readonly text: JournalText<Line>,
    private readonly file: GrowingFile,
  ) {}

  /** Writes a line, see {@link GrowingFile.append}. */
  append(line: Line): Promise<Appended> {
    return this.file.append(this.text.line(line));
  }

  /** Closes the file when every line is written. */
  close(): Promise<void> {
    return this.file.close();
  }
}

/** The journals of one kind, a file each. Keeps what it read for as long as the file is the same. */
export class JournalStore<Header extends object, Line, Content> {
  private readonly known = new Map<
    string,
    { readonly mark: string; readonly content: Content; readonly modifiedMs: number }
  >();

  /** What the disk cannot hold, for the life of this window. */
  private readonly held = new Map<string, Content>();

  constructor(
    readonly records: RecordFolder,
    private readonly format: JournalFormat<Line, Content>,
  ) {}

  /** Keeps in memory what cannot be written, until it is written or removed. */
  hold(id: string, content: Content): void {
    this.held.set(id, content);
  }

  /** The ids of what is in memory only. */
  get heldIds(): string[] {
    return [...this.held.keys()];
  }

  /** The file of a journal. */
  nameOf(id: string): string {
    return id + this.format.suffix;
  }

  /** The file of its lease: the right to write to the journal. */
  leaseFile(id: string): string {
    return this.records.pathOf(`${id}.lease`);
  }

  /** The ids among the names of all files; what was read of others is forgotten. */
  idsIn(names: readonly string[]): string[] {
    const { suffix } = this.format;
    const ids = names
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length));
    const present = new Set(ids);
    for (const id of this.known.keys()) if (!present.has(id)) this.known.delete(id);
    return ids;
  }

  /** Puts a new journal in the place of any older one. On disk, with all lines, when it resolves. */
  async create(id: string, header: Header, lines: Iterable<Line>): Promise<OpenJournal<Line>> {
    this.known.delete(id);
    const text = new JournalText(this.format, header);
    const file = await this.records.create(this.nameOf(id), text.whole(lines));
    this.held.delete(id);
    return new OpenJournal(text, file);
  }

  /**
   * Goes on behind the last whole line of a journal that was read. Where its header is not this one,
   * or some lines could not be read, the file is written anew with these lines; so it is, if there is
   * room for it, where it has grown to half of what is ever read.
   */
  async reopen(
    id: string,
    { headerLine, intactBytes }: JournalEnd,
    header: Header,
    lines: Iterable<Line>,
  ): Promise<OpenJournal<Line>> {
    const text = new JournalText(this.format, header);
    if (intactBytes === undefined || headerLine !== text.headerLine) {
      return this.create(id, header, lines);
    }
    if (intactBytes > this.format.mostBytes / 2) {
      const anew = await this.create(id, header, lines).catch(() => undefined);
      if (anew !== undefined) return anew;
    }
    this.known.delete(id);
    return new OpenJournal(text, await this.records.append(this.nameOf(id), intactBytes));
  }

  /** What a journal says; undefined when there is none. Rejects when it cannot be read. */
  async read(id: string): Promise<Content | undefined> {
    const held = this.held.get(id);
    if (held !== undefined) return held;
    const name = this.nameOf(id);
    const stats = await this.records.look(name);
    const known = this.known.get(id);
    this.known.delete(id);
    if (stats === undefined) return undefined;
    const mark = [stats.mtimeNs, stats.size, stats.ino].join();
    if (known?.mark === mark) {
      this.known.set(id, known);
      return known.content;
    }
    const bytes = await this.records.read(name, this.format.mostBytes);
    if (bytes === undefined) return undefined;
    const content = this.format.read(bytes);
    this.known.set(id, { mark, content, modifiedMs: Number(stats.mtimeMs) });
    return content;
  }

  /** Whether there may be one, see {@link RecordFolder.mayHave}. */
  async mayHave(id: string): Promise<boolean> {
    return this.held.has(id) || this.records.mayHave(this.nameOf(id));
  }

  /** When a journal that was read had last been written to. */
  modifiedMs(id: string): number | undefined {
    return this.known.get(id)?.modifiedMs;
  }

  /** Removes a journal, if there is one. */
  async remove(id: string): Promise<void> {
    this.known.delete(id);
    this.held.delete(id);
    await this.records.remove(this.nameOf(id));
  }
}
