import type { Disposable, Logger, TransferSnapshot, Transfers } from '../engine/index';
import { formatSpeed } from './format';
import { isActive, ossPath } from './transferFacts';

/** What a finished upload took in this window. */
export interface UploadRun {
  readonly startedMs: number;
  /** Bytes OSS had already accepted when this run began. */
  readonly startedBytes: number;
}

/** One line per upload, in English: logs are for whoever helps, and they may not read Chinese. */
export function uploadedLine(transfer: TransferSnapshot, run: UploadRun): string {
  const seconds = Math.max(0.001, (transfer.updatedMs - run.startedMs) / 1000);
  const sentBytes = Math.max(0, transfer.sizeBytes - run.startedBytes);
  return [
    'uploaded',
    ossPath(transfer.target),
    ...fields({
      size: transfer.sizeBytes,
      parts: transfer.partsTotal,
      retried: transfer.retries,
      resumed: run.startedBytes > 0 ? run.startedBytes : undefined,
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

/** Writes one line for each upload that ends in this window. */
export class UploadLog implements Disposable {
  private readonly runs = new Map<string, UploadRun>();
  private readonly subscription: Disposable;

  constructor(
    private readonly transfers: Transfers,
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
    for (const batch of this.transfers.snapshot().batches) {
      if (batch.isElsewhere) continue;
      for (const transfer of batch.transfers) this.observeTransfer(transfer);
    }
  }

  private observeTransfer(transfer: TransferSnapshot): void {
    const run = this.runs.get(transfer.id);
    if (isActive(transfer)) {
      if (run === undefined && transfer.state !== 'queued') {
        this.runs.set(transfer.id, {
          startedMs: Date.now(),
          startedBytes: transfer.confirmedBytes,
        });
      }
      return;
    }
    if (run === undefined) return;
    this.runs.delete(transfer.id);
    if (transfer.state === 'completed') this.log.info(uploadedLine(transfer, run));
    else if (transfer.state === 'failed') this.log.error(stoppedLine(transfer));
    else this.log.info(stoppedLine(transfer));
  }
}
