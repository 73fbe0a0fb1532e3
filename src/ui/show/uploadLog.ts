import { RUNNING_STATES } from '../../engine/index';
import type {
  Disposable,
  EndedTransfer,
  Logger,
  TransferSnapshot,
  TransferState,
  Transfers,
} from '../../engine/index';
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

/** A speed over fewer bytes is that of the questions around them. */
const LEAST_MEASURED_BYTES = 1 << 20;

/** An upload that is done, how long this run took, and how fast what it sent went. */
export function uploadedLine(transfer: TransferSnapshot, elapsedMs: number): string {
  const seconds = Math.max(0.001, elapsedMs / 1000);
  const sentBytes = Math.max(0, transfer.sizeBytes - transfer.resumedBytes);
  return [
    'uploaded',
    ossPath(transfer.target),
    ...fields({
      size: transfer.sizeBytes,
      parts: transfer.partsTotal,
      retried: transfer.retries,
      resumed: transfer.resumedBytes > 0 ? transfer.resumedBytes : undefined,
      sent: transfer.resumedBytes > 0 ? sentBytes : undefined,
    }),
    `${seconds.toFixed(1)} s`,
    ...(sentBytes < LEAST_MEASURED_BYTES ? [] : [formatSpeed(sentBytes / seconds, 'en')]),
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

/** States in which it is known what was in OSS before. One that waits may still have to ask. */
const SENDING: ReadonlySet<TransferState> = new Set(['uploading', 'completing', 'verifying']);

/** Writes one line for each upload that ends in this window, and one where it begins to send parts. */
export class UploadLog implements Disposable {
  /** Uploads whose first line is written. */
  private readonly started = new Set<string>();
  private readonly subscriptions: readonly Disposable[];

  constructor(
    private readonly transfers: Pick<Transfers, 'onDidChange' | 'onDidEnd' | 'snapshot'>,
    private readonly log: Logger,
  ) {
    this.subscriptions = [
      transfers.onDidChange((ids) => {
        this.logStarts(new Set(ids));
      }),
      transfers.onDidEnd((end) => {
        this.logEnd(end);
      }),
    ];
  }

  dispose(): void {
    this.subscriptions.forEach((subscription) => {
      subscription.dispose();
    });
  }

  private logStarts(changed: ReadonlySet<string>): void {
    for (const { isElsewhere, files } of this.transfers.snapshot().batches) {
      if (isElsewhere) continue;
      for (const transfer of files.select(RUNNING_STATES)) {
        const { id, state, partsTotal } = transfer;
        // Thousands of files go by one PutObject each: the line at their end says it all.
        if (!changed.has(id) || partsTotal <= 1) continue;
        // A file that changed is sent again from its first part, which is another start.
        if (state === 'preparing') this.started.delete(id);
        if (!SENDING.has(state) || this.started.has(id)) continue;
        this.started.add(id);
        this.log.info(startedLine(transfer));
      }
    }
  }

  private logEnd({ transfer, elapsedMs }: EndedTransfer): void {
    this.started.delete(transfer.id);
    if (transfer.state === 'completed') this.log.info(uploadedLine(transfer, elapsedMs));
    else if (transfer.state === 'failed') this.log.error(stoppedLine(transfer));
    else this.log.info(stoppedLine(transfer));
  }
}
