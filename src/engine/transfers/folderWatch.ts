import type { Batch, Batches } from './batches';
import type { Disposable } from '../base/events';
import type { BatchHeader } from '../record/batchRecord';
import type { SavedBatches, SavedItem } from '../record/savedBatches';
import { every, steadyTime } from '../base/clock';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/** How soon another window's uploads, or their end, are seen here. */
const LOOKOUT_MS = 3000;
/** Looking out takes no more than this share of the time, however much another window uploads. */
const MOST_SHARE = 0.02;
/** No rest is longer: a reading that took more than a second stood still with the whole machine. */
const LONGEST_MS = 60_000;

/**
 * Keeps the batches that other windows drive or have left as the folder says: on request, and when
 * another window has written into the folder.
 */
export class FolderWatch {
  private reading: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private lookout: Disposable | undefined;
  private isOver = false;

  constructor(
    private readonly folder: Pick<SavedBatches, 'mark' | 'read'>,
    private readonly batches: Batches,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly tell: {
      readonly make: (id: string, header: BatchHeader) => Batch;
      /** Puts a transfer that lies on disk into its batch. */
      readonly add: (batch: Batch, saved: SavedItem) => void;
      /** These batches came, went or changed. */
      readonly changed: (ids: readonly string[]) => void;
    },
  ) {}

  /** Resolves when all is read that was there at this moment. The first call starts looking out. */
  refresh(): Promise<void> {
    this.lookOut();
    // A reading that is under way may have missed what just happened.
    this.next ??= this.reading.then(() => {
      this.next = undefined;
      this.reading = this.read().catch((error: unknown) => {
        this.logger.warn(`cannot read the checkpoint folder: ${String(error)}`);
      });
      return this.reading;
    });
    return this.next;
  }

  /** Ends the looking out. Resolves when nothing is being read any more. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.lookout?.dispose();
    await (this.next ?? this.reading);
  }

  private lookOut(): void {
    if (this.lookout !== undefined || this.isOver) return;
    let marks = ['', ''];
    let isStale = false;
    const nowMs = steadyTime(this.clock);
    let dueMs = 0;
    this.lookout = every(this.clock, LOOKOUT_MS, () => {
      void this.folder.mark().then(async (mark) => {
        // Twice for each change: some file systems keep whole seconds, in which more may follow.
        isStale ||= marks.some((earlier) => earlier !== mark);
        // While another window drives something, its lease comes and goes, and its parts come.
        const isShared = [...this.batches].some((batch) => batch.isElsewhere);
        marks = [mark, ...marks.slice(0, 1)];
        const startMs = nowMs();
        if ((!isStale && !isShared) || startMs < dueMs) return;
        isStale = false;
        dueMs = Number.POSITIVE_INFINITY;
        await this.refresh();
        dueMs = startMs + Math.min((nowMs() - startMs) / MOST_SHARE, LONGEST_MS);
      });
    });
  }

  private async read(): Promise<void> {
    const own = [...this.batches].filter((batch) => batch.isOwned);
    const owned = new Set(own.map(({ id }) => id));
    const found = await this.folder.read({
      batches: owned,
      hasItem: (id) => own.some(({ transfers }) => transfers.has(id)),
    });
    const driven = [...this.batches].filter(({ id }) => owned.has(id));
    const isDriven = (id: string): boolean =>
      driven.some(({ transfers }) => {
        const index = transfers.items.indexOf(id);
        return index >= 0 && transfers.stateAt(index) !== 'completed';
      });
    const gone = [...this.batches].filter(
      (batch) => !batch.isOurs && !batch.isFinished && !found.some(({ id }) => id === batch.id),
    );
    // Most windows never find anything: there is nothing to tell.
    if (found.length === 0 && gone.length === 0) return;
    gone.forEach((batch) => {
      this.batches.remove(batch);
    });
    for (const saved of found) {
      if (this.batches.get(saved.id)?.isOurs === true) continue;
      const batch = this.tell.make(saved.id, saved.header);
      batch.isElsewhere = saved.isElsewhere;
      batch.finishedEarlier = saved.finishedEarlier;
      for (const one of saved.items) if (!isDriven(one.item.id)) this.tell.add(batch, one);
      if (batch.transfers.size > 0) this.batches.put(batch);
      else this.batches.remove(batch);
    }
    this.tell.changed([...gone, ...found].map(({ id }) => id));
  }
}
