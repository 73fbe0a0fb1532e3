import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { BatchContent, BatchHeader, BatchItem } from './batchRecord';
import type { BatchStore } from './batchStore';
import { newerCheckpointError, sizeOfParts } from './checkpoint';
import type { Checkpoint, CheckpointContent, CheckpointHeader } from './checkpoint';
import type { CheckpointStore, RecordFolder } from './checkpointStore';
import { GUARD_SUFFIX, acquireLease, isRunning, leaseHolder } from './lease';
import { planParts } from '../file/partPlan';
import type { UploadOptions } from '../contract/transfers';
import { DEFAULT_PARALLEL } from '../contract/transfers';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/** A batch that lies in the folder. */
export interface SavedBatch {
  readonly id: string;
  readonly header: BatchHeader;
  readonly isElsewhere: boolean;
  readonly finishedEarlier: { readonly files: number; readonly sizeBytes: number };
  readonly items: readonly SavedItem[];
}

/** A file that is not finished. */
export interface SavedItem {
  readonly item: BatchItem;
  readonly progress: SavedProgress;
  readonly state: 'interrupted' | 'paused' | 'discarding';
  /** When it last moved, as far as that can be told. */
  readonly updatedMs: number | undefined;
}

/** How far the checkpoint says an upload is. */
export interface SavedProgress {
  readonly sizeBytes: number;
  readonly confirmedBytes: number;
  readonly uploadId: string;
  readonly partsDone: number;
  readonly partsTotal: number;
}

/** The checkpoint folder as a whole: what is in it, and keeping it clean. */
export class Folder {
  /** Files that cannot be made use of, and that were named in the log. */
  private readonly named = new Set<string>();

  constructor(
    private readonly records: RecordFolder,
    private readonly batches: BatchStore,
    private readonly checkpoints: CheckpointStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Changes whenever a file of the folder comes or goes. */
  async mark(): Promise<string> {
    return stat(this.records.folder, { bigint: true }).then(
      ({ mtimeNs }) => String(mtimeNs),
      () => '',
    );
  }

  /** The batches but those of `owned`; a checkpoint that no batch names is a batch of its own. */
  async read(owned: ReadonlySet<string>): Promise<SavedBatch[]> {
    const checkpoints = new Map<string, Checkpoint>();
    for (const id of await this.checkpoints.ids()) {
      const name = `${id}.jsonl`;
      const content = await this.readable(name, this.checkpoints.read(id));
      if (content?.state === 'valid') checkpoints.set(id, content.checkpoint);
      else if (content !== undefined) this.nameUnusable(name, content);
    }
    const named = new Set<string>();
    const found: SavedBatch[] = [];
    for (const id of await this.batches.ids()) {
      const name = `${id}.batch`;
      const content = await this.readable(name, this.batches.read(id));
      if (content === undefined) continue;
      this.nameUnusable(name, content);
      if (content.state !== 'valid') continue;
      for (const itemId of content.items.keys()) named.add(itemId);
      if (owned.has(id)) continue;
      const holder = await leaseHolder(this.batches.leaseFile(id), this.clock);
      if (holder === undefined) await this.tidy(id, content, checkpoints);
      if (content.items.size === 0) continue;
      const items: SavedItem[] = [];
      for (const item of content.items.values()) {
        const checkpoint = checkpoints.get(item.id);
        const progress = progressOf(item, checkpoint);
        const rest = content.paused.has(item.id) ? 'paused' : 'interrupted';
        const state = item.isDiscarding ? 'discarding' : rest;
        const file = checkpoint === undefined ? `${id}.batch` : `${item.id}.jsonl`;
        items.push({ item, progress, state, updatedMs: await this.records.modifiedMs(file) });
      }
      const { header, finished, finishedBytes } = content;
      const finishedEarlier = { files: finished.size, sizeBytes: finishedBytes };
      found.push({ id, header, isElsewhere: holder !== undefined, finishedEarlier, items });
    }
    for (const [id, checkpoint] of checkpoints) {
      if (named.has(id) || owned.has(aloneId(id))) continue;
      found.push(await this.alone(id, checkpoint));
    }
    await this.clean(owned);
    return found;
  }

  /** Finishes what a process was killed at after its object was verified. */
  private async tidy(
    batchId: string,
    { items, finished }: BatchContent & { state: 'valid' },
    checkpoints: Map<string, Checkpoint>,
  ): Promise<void> {
    for (const id of finished) {
      if (items.has(id) || !checkpoints.delete(id)) continue;
      await this.checkpoints.remove(id);
    }
    if (items.size === 0) await this.batches.remove(batchId);
  }

  private async alone(id: string, checkpoint: Checkpoint): Promise<SavedBatch> {
    const { filePath, target, source, createdMs } = checkpoint.header;
    const options = optionsOf(checkpoint.header);
    const { sizeBytes } = source;
    const item: BatchItem = { id, filePath, target, options, sizeBytes, isDiscarding: false };
    const holder = await leaseHolder(this.checkpoints.leaseFile(id), this.clock);
    const updatedMs = await this.records.modifiedMs(`${id}.jsonl`);
    return {
      id: aloneId(id),
      header: { label: path.basename(filePath), workspacePath: '', createdMs },
      isElsewhere: holder !== undefined,
      finishedEarlier: { files: 0, sizeBytes: 0 },
      items: [{ item, progress: progressOf(item, checkpoint), state: 'interrupted', updatedMs }],
    };
  }

  /** Removes what a process left behind that was killed between two steps. */
  private async clean(owned: ReadonlySet<string>): Promise<void> {
    const names = new Set(await this.records.list(''));
    for (const name of names) {
      const pid = /\.(\d+)-[0-9a-f-]+\.tmp$/.exec(name)?.[1];
      if (pid !== undefined && !isRunning(Number(pid))) await this.records.remove(name);
      const id = /^(.+)\.lease$/.exec(name)?.[1];
      const isOrphan =
        id !== undefined &&
        !owned.has(id) &&
        !names.has(`${id}.jsonl`) &&
        !names.has(`${id}.batch`);
      if (isOrphan) await this.cleanLease(name);
      const guarded = name.endsWith(GUARD_SUFFIX) ? name.slice(0, -GUARD_SUFFIX.length) : name;
      if (!names.has(guarded)) await this.records.remove(name);
    }
  }

  /** Undefined for a file that is gone or cannot be read now: it does not keep the others away. */
  private async readable<T>(name: string, reading: Promise<T>): Promise<T | undefined> {
    try {
      return await reading;
    } catch (error) {
      this.nameOnce(name, `${name} cannot be read: ${String(error)}`);
      return undefined;
    }
  }

  /** Such a file stays where it is, so that nothing is lost that somebody else can read. */
  private nameUnusable(name: string, content: CheckpointContent | BatchContent): void {
    const isWhole = content.state === 'valid' && !('isDamaged' in content && content.isDamaged);
    if (isWhole) return;
    const { message } =
      content.state === 'newer'
        ? newerCheckpointError(name, content.version)
        : { message: `${name} is damaged: what it says is used only as far as it verifies` };
    this.nameOnce(name, message);
  }

  private nameOnce(name: string, message: string): void {
    if (this.named.has(name)) return;
    this.named.add(name);
    this.logger.warn(message);
  }

  private async cleanLease(name: string): Promise<void> {
    const file = this.records.pathOf(name);
    if ((await leaseHolder(file, this.clock)) !== undefined) return;
    try {
      const lease = await acquireLease(file, this.clock, AbortSignal.timeout(1000));
      await lease.release();
    } catch {
      // Somebody else is at it, or it goes with the next look.
    }
  }
}

/** The batch of a checkpoint that no batch names; its lease is another than that of the upload. */
function aloneId(checkpointId: string): string {
  return `alone-${checkpointId}`;
}

/** As it was asked for; of an old record, which does not say, what most are asked for with. */
function optionsOf({ options, partSizeBytes }: CheckpointHeader): UploadOptions {
  if (!('objectHash' in options)) return options;
  return { partSizeBytes, parallel: DEFAULT_PARALLEL, forbidOverwrite: false, object: {} };
}

function progressOf(item: BatchItem, checkpoint: Checkpoint | undefined): SavedProgress {
  if (checkpoint === undefined || checkpoint.header.uploadId === '') {
    const { sizeBytes } = item;
    return { sizeBytes, confirmedBytes: 0, uploadId: '', partsDone: 0, partsTotal: 0 };
  }
  const { header, parts } = checkpoint;
  const { sizeBytes } = header.source;
  return {
    sizeBytes,
    confirmedBytes: Math.min(sizeBytes, sizeOfParts(parts)),
    uploadId: header.uploadId,
    partsDone: parts.size,
    partsTotal: planParts(sizeBytes, header.partSizeBytes).partCount,
  };
}
