import type { UploadError } from '../contract/errors';
import { isUnreachable } from './retry';
import type { TransferNotice, TransferState } from '../contract/transfers';

/** What a running upload is doing; `waiting` is derived from its lanes. */
export type UploadPhase = Extract<
  TransferState,
  'preparing' | 'uploading' | 'completing' | 'verifying'
>;

/** A lane that failed and will try again. */
export interface PendingRetry {
  readonly error: UploadError;
  readonly nextTryMs: number;
}

/** One request with a body, while it is under way. */
export interface SendingLane {
  /** So many more bytes have left. */
  readonly add: (sizeBytes: number) => void;
  /** The part is accepted and recorded. */
  readonly confirm: () => void;
  /** The request is over. Bytes that were not confirmed have to be sent again. */
  readonly end: () => void;
}

/**
 * Where a running upload tells how far it is. Numbers only: what they look like is decided where a
 * snapshot is made of them.
 */
export class UploadMonitor {
  phase: UploadPhase = 'preparing';
  sizeBytes = 0;
  confirmedBytes = 0;
  inFlightBytes = 0;
  /** Bytes that were there before this run. */
  resumedBytes = 0;
  /** The upload that is open in OSS; '' before there is one. */
  uploadId = '';
  partsDone = 0;
  /** Parts accepted in this run. */
  partsSent = 0;
  partsTotal = 0;
  retries = 0;
  /** Nothing has answered since a try that nothing answered. */
  isCutOff = false;
  private requests = 0;
  private readonly pending = new Set<PendingRetry>();

  constructor(
    private readonly onChange: (isNewState: boolean) => void,
    readonly notice: (kind: TransferNotice['kind'], detail?: string) => void,
  ) {}

  enter(phase: UploadPhase): void {
    this.phase = phase;
    this.onChange(true);
  }

  /** What was sent until now belongs to an earlier run, whose requests are over. */
  beginRun(): void {
    this.resumedBytes = this.confirmedBytes;
    this.partsSent = this.retries = 0;
  }

  /** Starts over with a plan and with what is already there. */
  plan(sizeBytes: number, partsTotal: number, confirmedBytes: number, partsDone: number): void {
    Object.assign(this, { sizeBytes, partsTotal, confirmedBytes, partsDone });
    this.resumedBytes = confirmedBytes;
    this.onChange(true);
  }

  /** Bytes of this run that OSS accepted or that are on their way. */
  get sentBytes(): number {
    return this.confirmedBytes + this.inFlightBytes - this.resumedBytes;
  }

  startLane(partSizeBytes: number): SendingLane {
    let laneBytes = 0;
    const end = (): void => {
      this.inFlightBytes -= laneBytes;
      laneBytes = 0;
    };
    return {
      add: (sizeBytes) => {
        laneBytes += sizeBytes;
        this.inFlightBytes += sizeBytes;
        this.onChange(false);
      },
      end,
      confirm: () => {
        end();
        this.confirmedBytes += partSizeBytes;
        this.partsDone++;
        this.partsSent++;
        this.onChange(false);
      },
    };
  }

  /** Waits for one try of a request: as long as it lasts, something is under way. */
  async track<T>(request: Promise<T>): Promise<T> {
    this.requests++;
    try {
      const answer = await request;
      this.isCutOff = false;
      return answer;
    } finally {
      this.requests--;
    }
  }

  /** Runs the wait before the next try. */
  async waitFor(retry: PendingRetry, wait: () => Promise<void>): Promise<void> {
    this.retries++;
    this.isCutOff = isUnreachable(retry.error);
    this.pending.add(retry);
    this.onChange(true);
    try {
      await wait();
    } finally {
      this.pending.delete(retry);
      this.onChange(true);
    }
  }

  /** The next try, when every lane waits for one. */
  get waiting(): PendingRetry | undefined {
    if (this.requests > 0) return undefined;
    const retries = [...this.pending].sort((left, right) => left.nextTryMs - right.nextTryMs);
    return retries[0];
  }
}
