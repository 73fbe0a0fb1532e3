import type { BatchHeader, OpenBatch } from '../record/batchRecord';
import type { Lease } from '../record/lease';
import type { Transfer } from './transfer';
import type { BatchSnapshot } from '../contract/transfers';

/** Transfers that were asked for together, and who drives them. */
export class Batch {
  readonly transfers = new Map<string, Transfer>();
  /** Undefined until this window takes it up, or when the folder cannot be written. */
  journal: OpenBatch | undefined;
  lease: Lease | undefined;
  /** This window drives it. */
  isOwned = false;
  /** While this window tries to become the one that drives it. */
  taking: Promise<void> | undefined;
  /** Another window drives it. */
  isElsewhere = false;
  finishedEarlier = { files: 0, sizeBytes: 0 };
  private waiters: (() => void)[] = [];
  /** The last one that was active when that was asked: as long as it is, the others do not matter. */
  private lastActive: Transfer | undefined;

  constructor(
    readonly id: string,
    readonly header: BatchHeader,
  ) {}

  /** This window drives it, or is about to: what the disk says about it is older. */
  get isOurs(): boolean {
    return this.isOwned || this.taking !== undefined;
  }

  get isSettled(): boolean {
    const known = this.lastActive;
    if (known?.isActive === true && this.transfers.get(known.id) === known) return false;
    this.lastActive = [...this.transfers.values()].findLast((transfer) => transfer.isActive);
    return this.lastActive === undefined;
  }

  /** Nothing is left to do, not even by the user. */
  get isFinished(): boolean {
    if (!this.isSettled) return false;
    return [...this.transfers.values()].every((transfer) => transfer.state === 'completed');
  }

  /** Resolves as soon as no transfer runs or waits for its turn. */
  async whenSettled(): Promise<void> {
    while (!this.isSettled) {
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** To be called when a transfer came to rest. */
  checkSettled(): void {
    if (!this.isSettled) return;
    const waiters = this.waiters;
    this.waiters = [];
    waiters.forEach((resolve) => {
      resolve();
    });
  }

  snapshot(): BatchSnapshot {
    const { label, createdMs, workspacePath } = this.header;
    return {
      id: this.id,
      label,
      createdMs,
      workspacePath,
      isElsewhere: this.isElsewhere,
      finishedEarlier: this.finishedEarlier,
      transfers: [...this.transfers.values()].map((transfer) => transfer.snapshot()),
    };
  }
}
