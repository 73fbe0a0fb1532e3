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

/** Who is told about transfers. One for all of them: there may be a hundred thousand. */
export interface TransferHost {
  /** Milliseconds since 1970. */
  now(): number;
  changed(isNewState: boolean, id: string): void;
  notice(notice: TransferNotice): void;
}

/** How a transfer stands that does not run. */
export interface TransferRest {
  readonly state: RestState;
  readonly updatedMs: number;
  /** Another window may have sent the file meanwhile. */
  readonly mayBeDone: boolean;
}

/**
 * One transfer of this window, as the manager moves it: from its start until it is completed. Before
 * and after it is a line in a `TransferTable`. Gives snapshots that are made once.
 */
export class Transfer {
  error: UploadError | undefined;
  result: StoredObject | undefined;
  private rest: RestState;
  private run: AbortController | undefined;
  /** Resolves when the run is over; undefined when there is none. */
  private over: Promise<void> | undefined;
  private cached: TransferSnapshot | undefined;
  private progress: UploadMonitor | undefined;
  private updatedMs: number;
  private mayBeDone: boolean;

  constructor(
    public item: BatchItem,
    readonly batchId: string,
    { state, updatedMs, mayBeDone }: TransferRest,
    private readonly createdMs: number,
    private readonly host: TransferHost,
  ) {
    this.rest = state;
    this.updatedMs = updatedMs;
    this.mayBeDone = mayBeDone;
  }

  /** How far it is; made when something is to be told of that. */
  get monitor(): UploadMonitor {
    if (this.progress === undefined) {
      this.progress = new UploadMonitor(
        (isNewState) => {
          this.changed(isNewState);
        },
        (kind, detail) => {
          this.host.notice({ transferId: this.id, filePath: this.item.filePath, kind, detail });
        },
      );
      this.progress.sizeBytes = this.item.sizeBytes;
    }
    return this.progress;
  }

  /** {@link monitor}, unless nothing was told yet: then it has all of its bytes before it. */
  get monitorIfAny(): UploadMonitor | undefined {
    return this.progress;
  }

  get id(): string {
    return this.item.id;
  }

  /** Of the file as it was last seen. */
  get sizeBytes(): number {
    return this.progress?.sizeBytes ?? this.item.sizeBytes;
  }

  get job(): UploadJob {
    return { ...this.item, askedMs: this.createdMs, mayBeDone: this.mayBeDone };
  }

  get state(): TransferState {
    if (this.run === undefined || this.rest !== 'queued') return this.rest;
    const { progress } = this;
    if (progress === undefined) return 'preparing';
    return progress.waiting === undefined ? progress.phase : 'waiting';
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
    this.mayBeDone ||= error?.kind === 'heldElsewhere';
    this.changed(true);
  }

  /** Drives the transfer with `work` until that is over; `work` decides the state at the end. */
  start(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    this.run = controller;
    this.error = undefined;
    const over = work(controller.signal).finally(() => {
      this.run = undefined;
      if (this.over === over) this.over = undefined;
      this.changed(true);
    });
    this.over = over;
    return over;
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
    const { item, progress } = this;
    const waiting = progress?.waiting;
    const { sizeBytes } = this;
    const state = this.state;
    const isWaiting = state === 'waiting' && waiting !== undefined;
    const isDone = state === 'completed';
    return {
      id: this.id,
      batchId: this.batchId,
      filePath: item.filePath,
      target: item.target,
      object: item.options.object,
      state,
      error: isWaiting ? waiting.error : this.error,
      nextTryMs: isWaiting ? waiting.nextTryMs : undefined,
      sizeBytes,
      confirmedBytes: isDone ? sizeBytes : (progress?.confirmedBytes ?? 0),
      resumedBytes: progress?.resumedBytes ?? 0,
      inFlightBytes: progress?.inFlightBytes ?? 0,
      uploadId: progress?.uploadId ?? '',
      partsDone: progress?.partsDone ?? 0,
      partsTotal: progress?.partsTotal ?? 0,
      createdMs: this.createdMs,
      updatedMs: this.updatedMs,
      result: this.result && resultOf(this.result),
      retries: progress?.retries ?? 0,
    };
  }

  private changed(isNewState: boolean): void {
    this.cached = undefined;
    this.updatedMs = this.host.now();
    this.host.changed(isNewState, this.id);
  }
}

function resultOf({ etag, crc64, versionId, requestId }: StoredObject): TransferResult {
  return { etag, crc64: crc64?.toString(), versionId, requestId };
}
