import type { UploadError } from './errors';
import type { Event } from '../base/events';
import type { ObjectOptions, UploadTarget } from './ports';

/** Bytes of a part when nothing else is said: 8 MB. */
export const DEFAULT_PART_SIZE_BYTES = 8 * 1024 ** 2;
/** The most parts in flight for one file. */
export const MAX_PARALLEL = 64;

/** How a file is sent, and as what. */
export interface UploadOptions {
  /** Bytes of a part, 102,400 to 5,368,709,120; grown when the file would need over 10,000 parts. */
  readonly partSizeBytes: number;
  /** Parts in flight at once for one file, 1 to 64. */
  readonly parallel: number;
  /** Refuse to replace an existing object, without a race (`x-oss-forbid-overwrite`). */
  readonly forbidOverwrite: boolean;
  readonly object: ObjectOptions;
}

/** One file to one object. */
export interface UploadRequest {
  /** Absolute path. */
  readonly filePath: string;
  /** Its real path, from a search; left out: it is asked of the disk. */
  readonly realPath?: string | undefined;
  /** Its size when it was found; left out: it is asked of the disk. */
  readonly sizeBytes?: number | undefined;
  readonly target: UploadTarget;
  readonly options: UploadOptions;
}

/**
 * - `queued` waits for its turn · `preparing` looks at the file and at OSS · `uploading`
 * - `waiting` for the network, tries by itself · `completing` combines the parts · `verifying`
 * - `completed` and verified · `paused` by the user, or because credentials are needed
 * - `interrupted` ended by the editor or the network · `failed` needs a decision of the user
 * - `discarding` the discard could not reach OSS yet, and is tried again
 */
export type TransferState = (typeof TRANSFER_STATES)[number];

/** The states of a transfer that runs. */
export const RUNNING_STATES = [
  'preparing',
  'uploading',
  'waiting',
  'completing',
  'verifying',
] as const;
/** The states of a transfer that runs or waits for its turn. */
export const ACTIVE_STATES = ['queued', ...RUNNING_STATES] as const;
/** The states of a transfer that stands still until the user says something. */
export const WAITING_STATES = ['paused', 'interrupted', 'failed'] as const;
/** All states. */
export const TRANSFER_STATES = [
  ...ACTIVE_STATES,
  'completed',
  ...WAITING_STATES,
  'discarding',
] as const;

const ACTIVE: ReadonlySet<TransferState> = new Set(ACTIVE_STATES);
const WAITING_FOR_USER: ReadonlySet<TransferState> = new Set(WAITING_STATES);

/** The states of what is not done. */
export const UNFINISHED_STATES = [...ACTIVE_STATES, ...WAITING_STATES, 'discarding'] as const;

/** None in any state. */
export function noCounts(): Record<TransferState, number> {
  return Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as Record<
    TransferState,
    number
  >;
}

/** Runs or waits for its turn, by itself. */
export function isActive({ state }: { readonly state: TransferState }): boolean {
  return ACTIVE.has(state);
}

/** Stands still until the user says something. */
export function isWaitingForUser({ state }: { readonly state: TransferState }): boolean {
  return WAITING_FOR_USER.has(state);
}

/** What OSS said of an object when it was complete. */
export interface TransferResult {
  /** As the server sent it, quotes included. */
  readonly etag: string;
  /** Of the whole object, in decimal as OSS writes it (`x-oss-hash-crc64ecma`). */
  readonly crc64?: string | undefined;
  readonly versionId?: string | undefined;
  readonly requestId?: string | undefined;
}

/** One transfer, at one moment. Immutable. */
export interface TransferSnapshot {
  readonly id: string;
  readonly batchId: string;
  readonly filePath: string;
  readonly target: UploadTarget;
  /** What its object gets beside its bytes; left out where that is not known any more. */
  readonly object?: ObjectOptions | undefined;
  readonly state: TransferState;
  /** Why, for `failed`, `interrupted`, `waiting`, and for `paused` by credentials. */
  readonly error?: UploadError | undefined;
  /** When the next try starts, for `waiting`. */
  readonly nextTryMs?: number | undefined;
  readonly sizeBytes: number;
  /** Bytes OSS has accepted (parts that are recorded), 0 to sizeBytes. */
  readonly confirmedBytes: number;
  /** Bytes OSS had accepted before this run, which is known when that is past `preparing`. */
  readonly resumedBytes: number;
  /** Bytes of parts being sent right now that have left this process. */
  readonly inFlightBytes: number;
  /** The upload in OSS that has those parts; '' as long as there is none, or it is not known. */
  readonly uploadId: string;
  readonly partsDone: number;
  /** 0 until planned, 1 for a file that is sent by one PutObject. */
  readonly partsTotal: number;
  /** When this transfer was asked for, and last moved. */
  readonly createdMs: number;
  readonly updatedMs: number;
  /** For `completed` in this window. */
  readonly result?: TransferResult | undefined;
  /** Retries so far in this run. */
  readonly retries: number;
}

/**
 * Transfers at one moment, in order. Immutable. There may be a hundred thousand: they are counted,
 * and a snapshot of one is made when it is asked for.
 */
export interface TransferList {
  readonly length: number;
  /** How many there are in each state. */
  readonly counts: Readonly<Record<TransferState, number>>;
  readonly sizeBytes: number;
  /** Bytes OSS has accepted. */
  readonly confirmedBytes: number;
  /** When the last of them moved that moved; 0 when there is none. */
  readonly updatedMs: number;
  /** The folders that their objects lie in, or those of the ones in some states; not each once. */
  folders(states?: readonly TransferState[]): readonly Pick<UploadTarget, 'bucket' | 'key'>[];
  /** Those in one of these states, the first `most` of them. */
  select(states: readonly TransferState[], most?: number): readonly TransferSnapshot[];
  get(id: string): TransferSnapshot | undefined;
  /** All of them: for what is done once, not for what is drawn. */
  all(): readonly TransferSnapshot[];
}

/** What the user asked for at once: a file, several files, a folder. Immutable. */
export interface BatchSnapshot {
  readonly id: string;
  /** File or folder name. */
  readonly label: string;
  readonly createdMs: number;
  /** Driven by another window: shown, not touched. */
  readonly isElsewhere: boolean;
  /** The folder of the workspace it was started from; '' when there was none. */
  readonly workspacePath: string;
  /** Its files, counted. */
  readonly files: TransferList;
  /** All of {@link files}, made when they are asked for. */
  readonly transfers: readonly TransferSnapshot[];
  /** Files of the batch that were finished before this window took it up; not in `transfers`. */
  readonly finishedEarlier: { readonly files: number; readonly sizeBytes: number };
}

/** A batch of which nothing runs or waits for its turn any more. */
export interface SettledBatch {
  readonly batch: BatchSnapshot;
  /** Those of its transfers that were started since it had settled before; in any state of rest. */
  readonly ended: TransferList;
  /** Since the first of them was started. */
  readonly elapsedMs: number;
}

/** A transfer whose run is over. */
export interface EndedTransfer {
  /** In its state of rest. */
  readonly transfer: TransferSnapshot;
  /** The batch it is in, and how many files that has, with those that were finished earlier. */
  readonly batch: { readonly label: string; readonly createdMs: number; readonly files: number };
  /** How long it ran. */
  readonly elapsedMs: number;
}

/** What became of requests. */
export interface Enqueued {
  /** The batch they are in; undefined when all of them are held. */
  readonly batchId: string | undefined;
  /** Requests for objects that another window is uploading: left to it. */
  readonly held: readonly UploadRequest[];
}

/** All batches of this window plus those waiting in the checkpoint folder, at one moment. */
export interface TransfersSnapshot {
  readonly batches: readonly BatchSnapshot[];
  /** Over the running transfers. `speedBytesPerSecond` counts only bytes sent now. */
  readonly totals: {
    /** Transfers that run or wait for their turn. */
    readonly active: number;
    /** Paused, interrupted and failed ones: they wait for the user. */
    readonly waitingForUser: number;
    /**
     * Of the batches in the current run, what was finished before it included: files, files done,
     * bytes, bytes that OSS has accepted.
     */
    readonly files: number;
    readonly filesDone: number;
    readonly sizeBytes: number;
    readonly doneBytes: number;
    readonly speedBytesPerSecond: number;
    /** Undefined until it can be believed, and while waiting. */
    readonly secondsLeft?: number | undefined;
  };
}

/** Something worth one sentence that is not a failure. */
export interface TransferNotice {
  readonly transferId: string;
  readonly filePath: string;
  readonly kind:
    /** The file changed: sent again from the first part. */
    | 'sourceChanged'
    /** The parts are gone from OSS: sent again from the first part. */
    | 'uploadExpired'
    /** The checkpoint was damaged: sent again from the first part. */
    | 'checkpointDamaged'
    /** A record of an earlier window is damaged: its files have to be uploaded anew. */
    | 'recordDamaged'
    /** Some lines of the record of a batch are damaged: files that only they name do not go on. */
    | 'recordIncomplete'
    /** Other ACL, class, encryption, metadata or tags than before: sent again from the first part. */
    | 'optionsChanged'
    /** The checkpoint folder cannot be written: this upload cannot be resumed. */
    | 'notResumable'
    /** The file would need more than 10,000 parts: larger parts are used. */
    | 'partSizeRaised'
    /** Begun with another part size, which is kept. */
    | 'partSizeKept'
    /** Parts that are not needed any more could not be removed from OSS. */
    | 'partsLeft'
    /** Uploaded, but the callback failed. */
    | 'callbackFailed'
    /** No checksum came from the server: size compared only. */
    | 'notVerified'
    /** OSS says that it is stored, but the object may not be looked at. */
    | 'notCompared';
  readonly detail?: string | undefined;
}

/** The limits over all transfers of a window. */
export interface TransferLimits {
  /** Parts sent at the same time, 1 to 64. */
  readonly concurrency: number;
  /** 0 is no limit. */
  readonly maxBytesPerSecond: number;
}

/**
 * The set of transfers, as the user interface sees it. Ids are those of transfers or of batches;
 * ids that are unknown are ignored.
 */
export interface Transfers {
  /**
   * The snapshot changed: the ids of the transfers and batches that changed, came or went. At most
   * every 250 ms, and soon after each change of a state.
   */
  readonly onDidChange: Event<readonly string[]>;
  /** A transfer of this window has ended. Told once for each run, before its batch settles. */
  readonly onDidEnd: Event<EndedTransfer>;
  /** A batch of this window has settled. Told once for each run. */
  readonly onDidSettle: Event<SettledBatch>;
  /** Something is worth a sentence. */
  readonly onNotice: Event<TransferNotice>;

  /** Cheap; the same object as long as nothing changed. */
  snapshot(): TransfersSnapshot;

  /** Reads the checkpoint folder again: what other windows started, finished or left behind. */
  refresh(): Promise<void>;

  /**
   * Starts uploads that belong together. Resolves as soon as they are queued; what happens later is
   * in the snapshot. A file that already has an unfinished upload to the same object joins it; an
   * object that another window is uploading is left to it. Rejects with `invalidArgument` before
   * anything is sent.
   */
  enqueue(batch: {
    readonly label: string;
    readonly workspacePath: string;
    readonly requests: Iterable<UploadRequest>;
  }): Promise<Enqueued>;

  /** Resolves when the batch has settled: no transfer of it runs or waits for its turn any more. */
  whenSettled(batchId: string): Promise<BatchSnapshot>;

  /** Stops at once and keeps everything. Resolves when nothing is sent any more. */
  pause(ids: readonly string[]): Promise<void>;

  /** Goes on where it stopped: paused, interrupted and failed ones. */
  resume(
    ids: readonly string[],
    change?: {
      /** Answer to `alreadyExists`. */
      readonly forbidOverwrite?: boolean | undefined;
      /** Answer to `wrongRegion`. */
      readonly region?: string | undefined;
      /** Answer to `accessDenied` and `credentials`: other credentials. */
      readonly profile?: string | undefined;
    },
  ): Promise<void>;

  /** Stops, removes the parts from OSS and the checkpoint. What OSS did not hear is tried later. */
  discard(ids: readonly string[]): Promise<void>;

  /** Takes a file from a place it was moved to (`sourceMissing`), and goes on. */
  relocate(id: string, filePath: string): Promise<void>;

  /** Forgets the completed ones: all of them, or those among these transfers. */
  clearFinished(ids?: readonly string[]): void;

  setLimits(limits: TransferLimits): void;

  /** Tries at once whatever waits for its next try: the network may be back. */
  retryNow(): void;

  /** Stops everything, keeps everything, gives the leases back. At most a second. */
  shutdown(): Promise<void>;
}
