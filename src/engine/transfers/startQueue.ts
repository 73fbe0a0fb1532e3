import type { Transfer } from './transfer';
import type { TransferTable } from './transferTable';

/** Small files under way for each lane of the limit: four share it, the others are being prepared. */
const SMALL_FILES_PER_LANE = 6;

/** Transfers of one batch, in the order of their turns. */
interface Stretch {
  readonly transfers: TransferTable;
  readonly indices: number[];
  next: number;
}

/** Transfers that wait. Taking the first one costs the same however many there are. */
class Queue {
  private readonly stretches: (Stretch | undefined)[] = [];
  private first = 0;

  push(transfers: TransferTable, index: number): void {
    const last = this.stretches.at(-1);
    if (last?.transfers === transfers) last.indices.push(index);
    else this.stretches.push({ transfers, indices: [index], next: 0 });
  }

  /** Puts one before the others. */
  unshift(transfers: TransferTable, index: number): void {
    const stretch = { transfers, indices: [index], next: 0 };
    if (this.first === 0) this.stretches.unshift(stretch);
    else this.stretches[--this.first] = stretch;
  }

  /** The next one that is still queued and not driven already, with its number. */
  shift(): { readonly transfers: TransferTable; readonly index: number } | undefined {
    for (;;) {
      const stretch = this.stretches[this.first];
      if (stretch === undefined) return undefined;
      const { transfers } = stretch;
      while (stretch.next < stretch.indices.length) {
        const index = stretch.indices[stretch.next++] ?? 0;
        if (transfers.isQueuedAt(index)) return { transfers, index };
      }
      this.stretches[this.first++] = undefined;
      if (this.first === this.stretches.length) this.first = this.stretches.length = 0;
    }
  }
}

/**
 * Decides which transfers run. Large files start one after the other, as many as fill the lanes;
 * small files have a queue of their own, so that neither waits behind the other. Two files for the
 * same object run one after the other: the one that was asked for last is what stays.
 */
export class StartQueue {
  private readonly large = new Queue();
  private readonly small = new Queue();
  private largeLanes = 0;
  private smallRunning = 0;
  /** Objects that are being written, and who waits for them. */
  private readonly targets = new Map<string, [TransferTable, number][]>();

  constructor(
    private lanes: number,
    private readonly drive: (transfer: Transfer) => Promise<void>,
  ) {}

  setLimit(lanes: number): void {
    this.lanes = lanes;
    this.pump();
  }

  push(transfers: TransferTable, index: number): void {
    this.queueOf(transfers, index).push(transfers, index);
  }

  /** Starts what there is room for. */
  pump(): void {
    while (this.largeLanes < this.lanes && this.startNext(this.large));
    while (this.smallRunning < this.lanes * SMALL_FILES_PER_LANE && this.startNext(this.small));
  }

  /** Whether there was something to take from the queue. */
  private startNext(queue: Queue): boolean {
    const next = queue.shift();
    if (next === undefined) return false;
    const transfer = next.transfers.at(next.index);
    const { bucket, key } = transfer.item.target;
    const target = `${bucket}/${key}`;
    const waiting = this.targets.get(target);
    if (waiting !== undefined) {
      waiting.push([next.transfers, next.index]);
      return true;
    }
    this.targets.set(target, []);
    const leave = this.enter(transfer);
    void this.drive(transfer).finally(() => {
      leave();
      const waiters = this.targets.get(target) ?? [];
      this.targets.delete(target);
      // To the front: those that came later for the same object must not pass them.
      waiters.toReversed().forEach(([transfers, index]) => {
        this.queueOf(transfers, index).unshift(transfers, index);
      });
      this.pump();
    });
    return true;
  }

  private enter({ item }: Transfer): () => void {
    if (item.sizeBytes <= item.options.partSizeBytes) {
      this.smallRunning++;
      return () => {
        this.smallRunning--;
      };
    }
    const { parallel } = item.options;
    this.largeLanes += parallel;
    return () => {
      this.largeLanes -= parallel;
    };
  }

  private queueOf(transfers: TransferTable, index: number): Queue {
    return transfers.sizeAt(index) <= transfers.items.partSizeAt(index) ? this.small : this.large;
  }
}
