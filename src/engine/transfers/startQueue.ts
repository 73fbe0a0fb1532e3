import type { Transfer } from './transfer';

/** Small files under way for each lane of the limit: four share it, the others are being prepared. */
const SMALL_FILES_PER_LANE = 6;

/** Transfers that wait. Taking the first one costs the same however many there are. */
class Queue {
  private readonly items: (Transfer | undefined)[] = [];
  private first = 0;

  push(transfer: Transfer): void {
    this.items.push(transfer);
  }

  /** Puts one before the others. */
  unshift(transfer: Transfer): void {
    if (this.first === 0) this.items.unshift(transfer);
    else this.items[--this.first] = transfer;
  }

  shift(): Transfer | undefined {
    const transfer = this.items[this.first];
    if (transfer === undefined) return undefined;
    this.items[this.first++] = undefined;
    if (this.first === this.items.length) this.first = this.items.length = 0;
    return transfer;
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
  /** Objects that are being written, and the transfers that wait for them. */
  private readonly targets = new Map<string, Transfer[]>();

  constructor(
    private lanes: number,
    private readonly drive: (transfer: Transfer) => Promise<void>,
  ) {}

  setLimit(lanes: number): void {
    this.lanes = lanes;
    this.pump();
  }

  push(transfer: Transfer): void {
    this.queueOf(transfer).push(transfer);
  }

  /** Starts what there is room for. */
  pump(): void {
    while (this.largeLanes < this.lanes && this.startNext(this.large));
    while (this.smallRunning < this.lanes * SMALL_FILES_PER_LANE && this.startNext(this.small));
  }

  /** Whether there was something to take from the queue. */
  private startNext(queue: Queue): boolean {
    const transfer = queue.shift();
    if (transfer === undefined) return false;
    if (transfer.state !== 'queued' || transfer.isRunning) return true;
    const { bucket, key } = transfer.item.target;
    const target = `${bucket}/${key}`;
    const waiting = this.targets.get(target);
    if (waiting !== undefined) {
      waiting.push(transfer);
      return true;
    }
    this.targets.set(target, []);
    const leave = this.enter(transfer);
    void this.drive(transfer).finally(() => {
      leave();
      const next = this.targets.get(target) ?? [];
      this.targets.delete(target);
      // To the front: those that came later for the same object must not pass them.
      next.toReversed().forEach((waiter) => {
        this.queueOf(waiter).unshift(waiter);
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

  private queueOf({ item }: Transfer): Queue {
    return item.sizeBytes <= item.options.partSizeBytes ? this.small : this.large;
  }
}
