import { stat } from 'node:fs/promises';
import { BatchWriter, readBatch } from './batchRecord';
import type { BatchContent, BatchHeader, BatchItem } from './batchRecord';
import type { AppendFile, RecordFolder } from './checkpointStore';

const SUFFIX = '.batch';
/** 100,000 files are about 50 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

/** A batch file that is being written to. */
export class OpenBatch {
  constructor(
    private readonly writer: BatchWriter,
    private readonly file: AppendFile,
  ) {}

  async putItem(item: BatchItem): Promise<void> {
    await this.file.append(this.writer.itemLine(item));
  }

  async finish(id: string): Promise<void> {
    await this.file.append(this.writer.finishedLine(id));
  }

  async pause(ids: readonly string[]): Promise<void> {
    await this.file.append(this.writer.pausedLine(ids));
  }

  async resume(ids: readonly string[]): Promise<void> {
    await this.file.append(this.writer.resumedLine(ids));
  }

  async remove(id: string): Promise<void> {
    await this.file.append(this.writer.removedLine(id));
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** What the user asked for and is not finished: a file for each batch, beside the checkpoints. */
export class BatchStore {
  /** What was read, by name, as long as the file is the same: other windows write now and then. */
  private readonly known = new Map<
    string,
    { readonly mark: string; readonly content: BatchContent }
  >();

  constructor(private readonly records: RecordFolder) {}

  async prepare(): Promise<void> {
    await this.records.prepare();
  }

  /** On disk, with all items, when it resolves. */
  async create(id: string, header: BatchHeader, items: readonly BatchItem[]): Promise<OpenBatch> {
    const writer = new BatchWriter(header);
    const lines = items.map((item) => writer.itemLine(item));
    const file = await this.records.create(id + SUFFIX, writer.headerLine + lines.join(''));
    return new OpenBatch(writer, file);
  }

  /**
   * Goes on with a batch that was read. Where lines could not be read, the file is written anew from
   * those that could.
   */
  async reopen(id: string, content: BatchContent & { state: 'valid' }): Promise<OpenBatch> {
    if (content.isDamaged) return this.create(id, content.header, [...content.items.values()]);
    const file = await this.records.append(id + SUFFIX, content.intactBytes);
    return new OpenBatch(new BatchWriter(content.header), file);
  }

  /** Undefined when there is none. */
  async read(id: string): Promise<BatchContent | undefined> {
    const name = id + SUFFIX;
    const mark = await stat(this.records.pathOf(name), { bigint: true }).then(
      ({ mtimeNs, size, ino }) => [mtimeNs, size, ino].join(),
      () => undefined,
    );
    if (mark === undefined) {
      this.known.delete(name);
      return undefined;
    }
    const known = this.known.get(name);
    if (known?.mark === mark) return known.content;
    const bytes = await this.records.read(name, MOST_BYTES);
    if (bytes === undefined) return undefined;
    const content = readBatch(bytes);
    this.known.set(name, { mark, content });
    return content;
  }

  async ids(): Promise<string[]> {
    const names = await this.records.list(SUFFIX);
    return names.map((name) => name.slice(0, -SUFFIX.length));
  }

  async remove(id: string): Promise<void> {
    this.known.delete(id + SUFFIX);
    await this.records.remove(id + SUFFIX);
  }

  leaseFile(id: string): string {
    return this.records.pathOf(`${id}.lease`);
  }
}
