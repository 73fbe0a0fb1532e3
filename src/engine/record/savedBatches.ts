import path from 'node:path';
import type {
  BatchContent,
  BatchHeader,
  BatchItem,
  BatchStore,
  SavedBatchFile,
} from './batchRecord';
import { checkpointId, newerCheckpointError, sizeOfParts } from './checkpoint';
import type {
  Checkpoint,
  CheckpointContent,
  CheckpointHeader,
  CheckpointStore,
  DamagedHeader,
} from './checkpoint';
import type { ItemTable } from './itemTable';
import type { RecordFolder } from './recordFolder';
import { GUARD_SUFFIX, acquireLease, isRunning, leaseHolder } from './lease';
import { planParts } from '../file/partPlan';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import type { UploadError } from '../contract/errors';

/** A batch that lies in the folder. */
export interface SavedBatch {
  readonly id: string;
  readonly header: BatchHeader;
  readonly isElsewhere: boolean;
  readonly finishedEarlier: { readonly files: number; readonly sizeBytes: number };
  /** Each made when it is asked for. */
  readonly items: Iterable<SavedItem>;
}

/** A file that is not finished. */
export interface SavedItem {
  readonly item: BatchItem;
  /** Undefined when nothing of it is sent yet. */
  readonly progress: SavedProgress | undefined;
  readonly state: 'interrupted' | 'paused' | 'failed' | 'discarding';
  /** Why it failed. */
  readonly error?: UploadError | undefined;
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

/** What this window drives: the disk says nothing newer about it. */
export interface OwnUploads {
  /** Ids of the batches. */
  readonly batches: ReadonlySet<string>;
  /** Whether a file of that id is in one of them. */
  hasItem(id: string): boolean;
}

/** A record that is damaged, and of which no batch knows; or a batch of which some lines are. */
export interface DamagedRecord {
  readonly store: BatchStore | CheckpointStore;
  readonly id: string;
  /**
   * The file of its upload, where that can be read: it is listed, and can be discarded. What a batch
   * is called.
   */
  readonly filePath: string | undefined;
  /** Only some lines of it are damaged, and all others go on. */
  readonly isPartly?: boolean;
}

/** The batches that lie in the checkpoint folder. Reading them keeps the folder clean. */
export class SavedBatches {
  /** Files that cannot be made use of, and that were named in the log. */
  private readonly named = new Set<string>();
  /** Of those, the damaged ones of which somebody was told. */
  private readonly told = new Set<string>();

  constructor(
    private readonly records: RecordFolder,
    private readonly batches: BatchStore,
    private readonly checkpoints: CheckpointStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Told once of each damaged record that no batch names. */
    private readonly onDamaged: (record: DamagedRecord) => void,
  ) {}

  /** Changes whenever a file of the folder comes or goes. */
  async mark(): Promise<string> {
    const stats = await this.records.look('.').catch(() => undefined);
    return String(stats?.mtimeNs);
  }

  /** The batches but our own; a checkpoint that no batch names is a batch of its own. */
  async read(own: OwnUploads): Promise<SavedBatch[]> {
    const names = await this.records.list();
    const checkpoints = new Map<string, Checkpoint>();
    const damaged = new Map<string, DamagedHeader>();
    for (const id of this.checkpoints.idsIn(names)) {
      if (own.hasItem(id)) continue;
      const name = this.checkpoints.nameOf(id);
      const content = await this.readable(name, this.checkpoints.read(id));
      if (content?.state === 'valid') checkpoints.set(id, content.checkpoint);
      else if (content !== undefined) this.nameUnusable(name, content);
      if (content?.state === 'damaged') damaged.set(id, content);
    }
    const named: ItemTable[] = [];
    const isNamed = (id: string): boolean => named.some((items) => items.has(id));
    const valid: { id: string; content: SavedBatchFile; isElsewhere: boolean }[] = [];
    let isAllRead = true;
    for (const id of this.batches.idsIn(names)) {
      if (own.batches.has(id)) continue;
      const name = this.batches.nameOf(id);
      const content = await this.readable(name, this.batches.read(id));
      if (content?.state !== 'valid') isAllRead = false;
      if (content === undefined) continue;
      this.nameUnusable(name, content);
      const holder = await leaseHolder(this.batches.leaseFile(id), this.clock);
      if (content.state === 'damaged' && holder === undefined) this.tellDamaged(this.batches, id);
      if (content.state !== 'valid') continue;
      if (content.intactBytes === undefined && holder === undefined) {
        this.tellDamaged(this.batches, id, content.header.label, true);
      }
      named.push(content.items);
      valid.push({ id, content, isElsewhere: holder !== undefined });
    }
    const found: SavedBatch[] = [];
    for (const { id, content, isElsewhere } of valid) {
      // What one batch has finished may have been begun again in another: also in one that cannot be read.
      if (!isElsewhere && isAllRead) await this.tidy(content.finished, checkpoints, isNamed);
      if (content.items.size > 0)
        found.push(this.savedBatch(id, content, isElsewhere, checkpoints));
      else if (!isElsewhere) await this.batches.remove(id);
    }
    for (const [id, checkpoint] of checkpoints) {
      if (isNamed(id) || own.batches.has(aloneId(id))) continue;
      found.push(await this.alone(id, checkpoint.header, checkpoint));
    }
    for (const [id, { header, isHeaderIntact }] of damaged) {
      if (isNamed(id) || own.batches.has(aloneId(id))) continue;
      // Its name is the check value of file and object, so these are right whatever else is not.
      const isRight = header !== undefined && id === idOf(header);
      if (isRight) found.push(await this.alone(id, header, undefined, !isHeaderIntact));
      if (!isRight || !isHeaderIntact) {
        this.tellDamaged(this.checkpoints, id, isRight ? header.filePath : undefined);
      }
    }
    if (names.some((name) => !/\.(jsonl|batch)$/.test(name))) await this.clean(own.batches);
    return found;
  }

  private savedBatch(
    id: string,
    content: SavedBatchFile,
    isElsewhere: boolean,
    checkpoints: ReadonlyMap<string, Checkpoint>,
  ): SavedBatch {
    const { header, finished, finishedBytes, paused, failed } = content;
    const batchMs = this.batches.modifiedMs(id);
    const savedItem = (item: BatchItem): SavedItem => {
      const checkpoint = checkpoints.get(item.id);
      const error = failed.get(item.id);
      const stopped = error === undefined ? 'interrupted' : 'failed';
      const rest = paused.has(item.id) ? 'paused' : stopped;
      return {
        item,
        progress: progressOf(checkpoint),
        state: item.isDiscarding ? 'discarding' : rest,
        error,
        updatedMs: checkpoint === undefined ? batchMs : this.checkpoints.modifiedMs(item.id),
      };
    };
    const items: Iterable<SavedItem> = {
      *[Symbol.iterator]() {
        for (const item of content.items.values()) yield savedItem(item);
      },
    };
    const finishedEarlier = { files: finished.size, sizeBytes: finishedBytes };
    return { id, header, isElsewhere, finishedEarlier, items };
  }

  /** Removes the records of verified objects, which a process left that was killed meanwhile. */
  private async tidy(
    finished: Iterable<string>,
    checkpoints: Map<string, Checkpoint>,
    isNamed: (id: string) => boolean,
  ): Promise<void> {
    for (const id of finished) {
      if (!checkpoints.has(id) || isNamed(id)) continue;
      if (await leaseHolder(this.checkpoints.leaseFile(id), this.clock)) continue;
      checkpoints.delete(id);
      await this.checkpoints.remove(id);
    }
  }

  /** `isDiscarding`: what it says is good for nothing but an abort. */
  private async alone(
    id: string,
    header: CheckpointHeader,
    checkpoint: Checkpoint | undefined,
    isDiscarding = false,
  ): Promise<SavedBatch> {
    const { filePath, target, options, source, createdMs } = header;
    const { sizeBytes } = source;
    const item: BatchItem = { id, filePath, target, options, sizeBytes, isDiscarding };
    const holder = await leaseHolder(this.checkpoints.leaseFile(id), this.clock);
    const updatedMs = this.checkpoints.modifiedMs(id);
    const state = isDiscarding ? 'discarding' : 'interrupted';
    return {
      id: aloneId(id),
      header: { label: path.basename(filePath), workspacePath: '', createdMs },
      isElsewhere: holder !== undefined,
      finishedEarlier: { files: 0, sizeBytes: 0 },
      items: [{ item, progress: progressOf(checkpoint), state, updatedMs }],
    };
  }

  /** Removes what processes left behind that were killed between two steps. */
  private async clean(owned: ReadonlySet<string>): Promise<void> {
    // As it is now: a lease whose journal came meanwhile is no orphan.
    const names = new Set(await this.records.list());
    for (const name of names) {
      const pid = /\.(\d+)-[0-9a-f-]+\.tmp$/.exec(name)?.[1];
      if (pid !== undefined && !isRunning(Number(pid))) await this.records.remove(name);
      const id = /^(.+)\.lease$/.exec(name)?.[1];
      const isOrphan =
        id !== undefined &&
        !owned.has(id) &&
        !names.has(this.checkpoints.nameOf(id)) &&
        !names.has(this.batches.nameOf(id));
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

  /** Names a file that cannot be used, once. It stays: a newer version can read it. */
  private nameUnusable(name: string, content: CheckpointContent | BatchContent): void {
    const isWhole =
      content.state === 'valid' && ('checkpoint' in content || content.intactBytes !== undefined);
    if (isWhole) return;
    const { message } =
      content.state === 'newer'
        ? newerCheckpointError(name, content.version)
        : { message: `${name} is damaged: what it says is used only as far as it verifies` };
    this.nameOnce(name, message);
  }

  private tellDamaged(
    store: DamagedRecord['store'],
    id: string,
    filePath?: string,
    isPartly = false,
  ): void {
    const name = store.nameOf(id);
    if (this.told.has(name)) return;
    this.told.add(name);
    this.onDamaged({ store, id, filePath, isPartly });
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
      // Another window is at it, or it goes with the next reading.
    }
  }
}

/** The batch of a checkpoint that no batch names; its lease is another than that of the upload. */
function aloneId(checkpointId: string): string {
  return `alone-${checkpointId}`;
}

function idOf({ filePath, target }: CheckpointHeader): string {
  return checkpointId(filePath, target.bucket, target.key);
}

function progressOf(checkpoint: Checkpoint | undefined): SavedProgress | undefined {
  if (checkpoint === undefined || checkpoint.header.uploadId === '') return undefined;
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
