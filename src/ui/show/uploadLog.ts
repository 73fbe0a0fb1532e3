import { isActive } from '../../engine/index';
import type { Disposable, Logger, TransferSnapshot, Transfers } from '../../engine/index';
import { formatSpeed } from '../text/format';
import { ossPath } from '../text/transferFacts';

/**
 * An upload that begins to send parts. All lines are in English: those who help with them may not
 * read Chinese.
 */
function startedLine(transfer: TransferSnapshot): string {
  const isResumed = transfer.resumedBytes > 0;
  return [
    isResumed ? 'resumed' : 'started',
    ossPath(transfer.target),
    ...fields({
      size: transfer.sizeBytes,
      confirmed: isResumed ? transfer.resumedBytes : undefined,
      parts: transfer.partsTotal,
      id: transfer.id,
    }),
  ].join(' ');
}

/** An upload that is done, and what it took from `startedMs` on. */
export function uploadedLine(transfer: TransferSnapshot, startedMs: number): string {
  const seconds = Math.max(0.001, (transfer.updatedMs - startedMs) / 1000);
  const sentBytes = Math.max(0, transfer.sizeBytes - transfer.resumedBytes);
  return [
    'uploaded',
    ossPath(transfer.target),
    ...fields({
      size: transfer.sizeBytes,
      parts: transfer.partsTotal,
      retried: transfer.retries,
      resumed: transfer.resumedBytes > 0 ? transfer.resumedBytes : undefined,
    }),
    `${seconds.toFixed(1)} s`,
    formatSpeed(sentBytes / seconds, 'en'),
    `id=${transfer.id}`,
  ].join(' ');
}

/** The counterpart for an upload that did not get there. */
export function stoppedLine(transfer: TransferSnapshot): string {
  const { error } = transfer;
  return [
    transfer.state,
    ossPath(transfer.target),
    ...fields({
      size: transfer.sizeBytes,
      confirmed: transfer.confirmedBytes,
      parts: `${transfer.partsDone}/${transfer.partsTotal}`,
      kind: error?.kind,
      code: error?.code,
      requestId: error?.requestId,
      ec: error?.ec,
      message: error && JSON.stringify(error.message),
      id: transfer.id,
    }),
  ].join(' ');
}

function fields(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}

/** Writes one line for each upload that ends in this window, and one where it begins to send parts. */
export class UploadLog implements Disposable {
  /** What runs, since when, and whether the line of its start was due. */
  private readonly runs = new Map<string, { startedMs: number; isSending: boolean }>();
  /** How each that ended did so, and when: what is looked at again did not end again. */
  private ends: ReadonlyMap<string, string> = new Map();
  private readonly subscription: Disposable;

  constructor(
    private readonly transfers: Pick<Transfers, 'onDidChange' | 'snapshot'>,
    private readonly log: Logger,
  ) {
    this.subscription = transfers.onDidChange(() => {
      this.observe();
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private observe(): void {
    const ends = new Map<string, string>();
    for (const batch of this.transfers.snapshot().batches) {
      if (batch.isElsewhere) continue;
      for (const transfer of batch.transfers) {
        if (isActive(transfer)) {
          this.observeRun(transfer);
          continue;
        }
        const end = `${transfer.state} ${transfer.updatedMs}`;
        ends.set(transfer.id, end);
        if (this.ends.get(transfer.id) !== end) this.observeEnd(transfer);
      }
    }
    this.ends = ends;
  }

  private observeRun(transfer: TransferSnapshot): void {
    const { id, state } = transfer;
    if (state === 'queued') return;
    const run = this.runs.get(id) ?? { startedMs: Date.now(), isSending: false };
    this.runs.set(id, run);
    // A file that changed is sent again from its first part, which is another start.
    if (state === 'preparing') run.isSending = false;
    // One that waits may still have to ask what is in OSS.
    if (run.isSending || state === 'preparing' || state === 'waiting') return;
    run.isSending = true;
    // Thousands of files go by one PutObject each: the line at their end says it all.
    if (transfer.partsTotal > 1) this.log.info(startedLine(transfer));
  }

  private observeEnd(transfer: TransferSnapshot): void {
    const run = this.runs.get(transfer.id);
    this.runs.delete(transfer.id);
    // A small file, or one that is refused at once, ends before anyone has seen it run. What is
    // read from the disk never has these two states.
    if (transfer.state === 'completed') {
      this.log.info(uploadedLine(transfer, run?.startedMs ?? transfer.createdMs));
    } else if (transfer.state === 'failed') this.log.error(stoppedLine(transfer));
    else if (run !== undefined) this.log.info(stoppedLine(transfer));
  }
}
