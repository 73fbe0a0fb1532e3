import type { ChecksumCache } from '../record/checksumCache';
import type {
  CheckpointHeader,
  CheckpointContent,
  CheckpointStore,
  OpenCheckpoint,
  PartRecord,
} from '../record/checkpoint';
import type { BufferPools } from '../limits/bufferPool';
import type { Lanes } from '../limits/lanes';
import type { Part, PartPlan } from '../file/partPlan';
import type { ObjectStore, OpenStore } from '../contract/ports';
import type { RateLimiter } from '../limits/rateLimiter';
import { UploadError } from '../contract/errors';
import { RequestRunner } from './requestRunner';
import type { RequestEnvironment } from './requestRunner';
import { RetryBudget } from './retry';
import type { SourceFile } from '../file/sourceFile';
import type { UploadRequest } from '../contract/transfers';
import type { UploadMonitor } from './uploadMonitor';

/** What all uploads of a window share. */
export interface UploadEnvironment extends RequestEnvironment {
  readonly lanes: Lanes;
  readonly openStore: OpenStore;
  readonly checkpoints: CheckpointStore;
  readonly limiter: RateLimiter;
  readonly pools: BufferPools;
  /** Where checksums of files are remembered; '' for nowhere. */
  readonly checksumFolder: string;
  /** Made when the first upload is done. */
  checksums?: ChecksumCache;
}

/** One upload: a request, under the id of its checkpoint. */
export interface UploadJob extends UploadRequest {
  readonly id: string;
  /** When it was asked for, in the first of the windows that worked on it. */
  readonly askedMs: number;
  /** Another window may have sent the file meanwhile: what has no checkpoint need not be new. */
  readonly mayBeDone: boolean;
}

/** What every step of one upload has at hand. */
export interface UploadContext {
  readonly job: UploadJob;
  readonly environment: UploadEnvironment;
  readonly store: ObjectStore;
  readonly monitor: UploadMonitor;
  readonly requests: RequestRunner;
  readonly budget: RetryBudget;
}

/** An {@link UploadContext} with the file open, for the steps that look at it. */
export interface SourceContext extends UploadContext {
  readonly source: SourceFile;
}

/** A multipart upload that OSS knows, and what is there of it. */
export interface OpenUpload {
  readonly uploadId: string;
  readonly plan: PartPlan;
  readonly header: CheckpointHeader;
  /** Undefined when the checkpoint folder cannot be written. */
  readonly journal: OpenCheckpoint | undefined;
  /** By part number. */
  readonly accepted: Map<number, PartRecord>;
  readonly toSend: readonly Part[];
}

/** Opens the bucket of an upload, and begins with a full budget of tries. */
export async function openContext(
  job: UploadJob,
  environment: UploadEnvironment,
  monitor: UploadMonitor,
): Promise<UploadContext> {
  const store = await environment.openStore(job.target);
  const budget = new RetryBudget(job.options.parallel);
  const requests = new RequestRunner(environment, store, budget, monitor);
  return { job, environment, store, monitor, requests, budget };
}

/**
 * How far the clocks of OSS and of this computer may differ before OSS refuses requests as
 * RequestTimeTooSkewed: 15 minutes ("Add a signature to the header").
 */
export const CLOCK_TOLERANCE_MS = 15 * 60_000;

/**
 * Writes an accepted part down. When the disk takes no more of them the user is told, once, and this
 * window goes on with what is in its memory.
 */
export async function recordPart(
  { job, environment, monitor }: UploadContext,
  { journal, header, accepted }: Pick<OpenUpload, 'journal' | 'header' | 'accepted'>,
  part: PartRecord,
): Promise<void> {
  if ((await journal?.append(part)) !== 'broken') return;
  environment.checkpoints.hold(job.id, heldContent(header, accepted));
  monitor.notice('notResumable');
}

/**
 * A checkpoint file to write to, by default a new one. When there can be none the user is told, the
 * upload goes on, and this window keeps in its memory what the disk cannot hold.
 */
export async function openJournal(
  { job, environment, monitor }: UploadContext,
  header: CheckpointHeader,
  accepted: ReadonlyMap<number, PartRecord>,
  open: () => Promise<OpenCheckpoint> = () => environment.checkpoints.create(job.id, header, []),
): Promise<OpenCheckpoint | undefined> {
  try {
    return await open();
  } catch (error) {
    environment.checkpoints.hold(job.id, heldContent(header, accepted));
    monitor.notice('notResumable', String(error));
    return undefined;
  }
}

/** What a record would say that is held in memory; `parts` may go on growing. */
function heldContent(
  header: CheckpointHeader,
  parts: ReadonlyMap<number, PartRecord>,
): CheckpointContent {
  return {
    state: 'valid',
    checkpoint: { header, parts, headerLine: '', intactBytes: undefined },
  };
}

/** A failure of an upload, with the file and the object it is about. */
export function errorOf(error: unknown, job: UploadJob): UploadError {
  const { bucket, key } = job.target;
  const isBucketRule = UploadError.is(error, 'alreadyExists') && !job.options.forbidOverwrite;
  return UploadError.from(error).with({
    bucket,
    key,
    sourcePath: job.filePath,
    ...(isBucketRule && { isBucketRule }),
  });
}
