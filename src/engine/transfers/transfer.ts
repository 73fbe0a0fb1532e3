import type { BatchItem } from '../record/batchRecord';
import type { UploadError } from '../contract/errors';
import type { StoredObject } from '../contract/ports';
import { isActive, isWaitingForUser } from '../contract/transfers';
import type {
  TransferNotice,
  TransferResult,
  TransferSnapshot,
  TransferState,
} from '../contract/transfers';
import type { UploadJob } from '../upload/uploadContext';
import { UploadMonitor } from '../upload/uploadMonitor';

/** The states of a transfer that is not being driven. */
export type RestState = Exclude<
  TransferState,
  'preparing' | 'uploading' | 'waiting' | 'completing' | 'verifying'
>;

/** One transfer of this window, as the manager moves it. Gives snapshots that are made once. */
export class Transfer {
  readonly monitor: UploadMonitor;
  error: UploadError | undefined;
  result: StoredObject | undefined;
  private rest: RestState;
  private run: AbortController | undefined;
  /** Resolves when the run is over; also before the first one. */
  private over: Promise<void> = Promise.resolve();
  private cached: TransferSnapshot | undefined;
  private updatedMs: number;

  constructor(
    public item: BatchItem,
    readonly batchId: string,
    state: RestState,
    private readonly createdMs: number,
    private readonly now: () => number,
    private readonly onChange: (isNewState: boolean) => void,
    onNotice: (notice: TransferNotice) => void,
    updatedMs: number = createdMs,
  ) {
    this.rest = state;
    this.updatedMs = updatedMs;
    this.monitor = new UploadMonitor(
      (isNewState) => {
        this.changed(isNewState);
      },
      (kind, detail) => {
        onNotice({ transferId: this.id, filePath: this.item.filePath, kind, detail });
      },
    );
    this.monitor.sizeBytes = item.sizeBytes;
  }

  get id(): string {
    return this.item.id;
  }

  get job(): UploadJob {
    return { ...this.item, askedMs: this.createdMs };
  }

  get state(): TransferState {
    if (this.run === undefined || this.rest !== 'queued') return this.rest;
    return this.monitor.waiting === undefined ? this.monitor.phase : 'waiting';
  }

  get isActive(): boolean {
    return isActive(this);
  }

  get isRunning(): boolean {
    return this.run !== undefined;
  }

  get isWaitingForUser(): boolean {
    return isWaitingForUser(this);
  }

  /** Comes to rest in that state; a run that is under way goes on until it is stopped. */
  moveTo(state: RestState, error?: UploadError): void {
    this.rest = state;
    this.error = error;
    this.changed(true);
  }

  /** Drives the transfer with `work` until that is over; `work` decides the state at the end. */
  start(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.run = controller;
    this.error = undefined;
    this.over = work(controller.signal).finally(() => {
      this.run = undefined;
      this.changed(true);
    });
    return this.over;
  }

  /** Ends the run, if there is one. Resolves when nothing is sent any more. */
  async stop(): Promise<void> {
    this.run?.abort();
    await this.over;
  }

  snapshot(): TransferSnapshot {
    this.cached ??= this.build();
    return this.cached;
  }

  private build(): TransferSnapshot {
    const { monitor, item } = this;
    const { waiting } = monitor;
    const state = this.state;
    const isWaiting = state === 'waiting' && waiting !== undefined;
    const isDone = state === 'completed';
    return {
      id: this.id,
      batchId: this.batchId,
      filePath: item.filePath,
      target: item.target,
      hasTags: Object.keys(item.options.object.tags ?? {}).length > 0,
      state,
      error: isWaiting ? waiting.error : this.error,
      nextTryMs: isWaiting ? waiting.nextTryMs : undefined,
      sizeBytes: monitor.sizeBytes,
      confirmedBytes: isDone ? monitor.sizeBytes : monitor.confirmedBytes,
      resumedBytes: monitor.resumedBytes,
      inFlightBytes: monitor.inFlightBytes,
      uploadId: monitor.uploadId,
      partsDone: monitor.partsDone,
      partsTotal: monitor.partsTotal,
      createdMs: this.createdMs,
      updatedMs: this.updatedMs,
      result: this.result && resultOf(this.result),
      retries: monitor.retries,
    };
  }

  private changed(isNewState: boolean): void {
    this.cached = undefined;
    this.updatedMs = this.now();
    this.onChange(isNewState);
  }
}

function resultOf({ etag, crc64, versionId, requestId }: StoredObject): TransferResult {
  return { etag, crc64: crc64?.toString(), versionId, requestId };
}
