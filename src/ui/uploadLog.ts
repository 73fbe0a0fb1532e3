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
    if (transfer.state === 'queued' || this.runs.has(transfer.id)) return;
    // Who is first seen at the end has sent its bytes in this run.
    const isAtEnd = transfer.state === 'completing' || transfer.state === 'verifying';
    const startedBytes = isAtEnd ? 0 : transfer.confirmedBytes;
    this.runs.set(transfer.id, { startedMs: Date.now(), startedBytes });
  }

  private observeEnd(transfer: TransferSnapshot): void {
    const run = this.runs.get(transfer.id);
    this.runs.delete(transfer.id);
    // A small file, or one that is refused at once, ends before anyone has seen it run. What is
    // read from the disk never has these two states.
    if (transfer.state === 'completed') {
      const started = run ?? { startedMs: transfer.createdMs, startedBytes: 0 };
      this.log.info(uploadedLine(transfer, started));
    } else if (transfer.state === 'failed') this.log.error(stoppedLine(transfer));
    else if (run !== undefined) this.log.info(stoppedLine(transfer));
  }
}
