import { isActive } from '../../engine/index';
import type { TransferSnapshot, TransfersSnapshot } from '../../engine/index';
import type { SettledBatch } from './completionModel';

/** What is remembered of a batch while it runs. */
interface BatchRun {
  readonly startedMs: number;
  readonly ended: Set<string>;
}

/**
 * Finds out, from one snapshot to the next, which batches came to rest and which of their
 * transfers ended since they last moved. What was at rest when this began is old news.
 */
export class Settlements {
  /** The states that were seen last, by transfer. */
  private readonly states = new Map<string, string>();
  private readonly runs = new Map<string, BatchRun>();

  constructor(private readonly openedMs: number) {}

  /** Takes the next snapshot. */
  observe(snapshot: TransfersSnapshot, nowMs: number): SettledBatch[] {
    const settled: SettledBatch[] = [];
    const present = new Set<string>();
    for (const batch of snapshot.batches) {
      let run = this.runs.get(batch.id);
      for (const transfer of batch.transfers) {
        present.add(transfer.id);
        const hasMoved = !batch.isElsewhere && this.hasMoved(transfer);
        this.states.set(transfer.id, stateOf(transfer));
        if (!hasMoved) continue;
        run ??= {
          startedMs: Math.min(nowMs, Math.max(transfer.createdMs, this.openedMs)),
          ended: new Set(),
        };
        this.runs.set(batch.id, run);
        if (isActive(transfer)) run.ended.delete(transfer.id);
        else run.ended.add(transfer.id);
      }
      if (run === undefined || batch.isElsewhere || batch.transfers.some(isActive)) continue;
      this.runs.delete(batch.id);
      const ended = run.ended;
      settled.push({
        batch,
        ended: batch.transfers.filter((transfer) => ended.has(transfer.id)),
        elapsedMs: nowMs - run.startedMs,
      });
    }
    for (const id of this.states.keys()) if (!present.has(id)) this.states.delete(id);
    return settled;
  }

  /** Whether the transfer is in another state than before, and got there in this window. */
  private hasMoved(transfer: TransferSnapshot): boolean {
    const before = this.states.get(transfer.id);
    if (before !== undefined) return before !== stateOf(transfer);
    // Asked for and already over between two snapshots; or found in the checkpoint folder.
    return isActive(transfer) || transfer.createdMs >= this.openedMs;
  }
}

/** One that is tried again and refused at once may never be seen running: it failed anew. */
function stateOf({ state, updatedMs }: TransferSnapshot): string {
  return state === 'failed' ? `${state} ${updatedMs}` : state;
}
