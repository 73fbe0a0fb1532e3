import { systemClock } from '../base/clock';
import { UploadError } from '../contract/errors';
import type { ListedPart, UnfinishedUpload, UploadTarget } from '../contract/ports';
import type { CheckpointHeader } from '../record/checkpoint';
import { bucketOpener } from './existingObjects';
import type { LookupOptions } from './existingObjects';
import type { UploadContext, UploadEnvironment, UploadJob } from './uploadContext';

/** Aborts of one upload, with a look after each at what is left of it. */
const MOST_ABORTS = 5;
const ABORT_PAUSE_MS = 1000;

/** OSS carries a request out at the latest so long after it was sent, or not at all. */
const LONGEST_REQUEST_MS = 90_000;
/** Clocks of OSS tell whole seconds. */
const TICK_MS = 2000;

/** What it takes to abort an upload. */
type AbortContext = Pick<UploadContext, 'requests'> & {
  readonly job: Pick<UploadJob, 'target'>;
  readonly environment: Pick<UploadEnvironment, 'clock'>;
};

/**
 * Removes an unfinished upload that only OSS knows. Resolves when nothing of it is left, as OSS says,
 * and rejects otherwise.
 */
export async function removeUpload(
  options: LookupOptions,
  target: UploadTarget,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  const requests = await bucketOpener(options)(target);
  const { clock = systemClock } = options;
  await abortUpload({ job: { target }, environment: { clock }, requests }, uploadId, signal);
}

/**
 * Gives up what a run cannot use any more, and its checkpoint. Where parts may not be removed the run
 * goes on all the same, and the user is told.
 */
export async function dropUpload(
  context: UploadContext,
  header: Pick<CheckpointHeader, 'uploadId' | 'createdMs'>,
  signal: AbortSignal,
): Promise<void> {
  await unlessDenied(context, () => abortAll(context, header, signal));
  await context.environment.checkpoints.remove(context.job.id);
}

/** The same for a checkpoint that cannot be trusted, with the upload it names if it names one. */
export async function dropDamaged(
  context: UploadContext,
  uploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (uploadId !== undefined) {
    await unlessDenied(context, () => abortUpload(context, uploadId, signal));
  }
  await context.environment.checkpoints.remove(context.job.id);
}

/** Runs what removes parts; the user is told where that is not allowed. */
export async function unlessDenied(
  { environment, monitor }: UploadContext,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!UploadError.is(error, 'accessDenied')) throw error;
    environment.logger.warn(`parts may not be removed: ${error.message}`);
    monitor.notice('partsLeft', error.message);
  }
}

/** Aborts the upload of a record, or what its initiation may have begun. Rejects as {@link abortUpload}. */
export async function abortAll(
  context: UploadContext,
  { uploadId, createdMs }: Pick<CheckpointHeader, 'uploadId' | 'createdMs'>,
  signal: AbortSignal,
): Promise<void> {
  if (uploadId !== '') await abortUpload(context, uploadId, signal);
  else await abortOrphans(context, createdMs, createdMs + LONGEST_REQUEST_MS, signal);
}

/**
 * Aborts an upload (OSS AbortMultipartUpload) until nothing of it is left, as ListParts tells it: a
 * part that was on its way may arrive after an abort. One that OSS does not know any more, or whose
 * bucket is gone, counts as aborted. Rejects when OSS refuses, and when parts stay.
 */
export async function abortUpload(
  context: AbortContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, requests } = context;
  const { key } = job.target;
  for (let round = 1; ; round++) {
    try {
      const { requestId } = await requests.send(`abort ${key}`, signal, () =>
        requests.store.abortMultipartUpload(key, uploadId, { signal }),
      );
      if (await isGone(context, uploadId, requestId !== undefined, signal)) return;
    } catch (error) {
      // A bucket that is gone has no parts; that it is gone is believed when it is said twice.
      if (!UploadError.is(error, 'noSuchBucket')) throw error;
      if (await isGone(context, uploadId, false, signal)) return;
    }
    if (round >= MOST_ABORTS) {
      const message = `parts of ${uploadId} are still in OSS after ${round} aborts`;
      throw new UploadError('server', message, { code: 'PartsLeft', uploadId });
    }
    await environment.clock.delay(ABORT_PAUSE_MS, signal);
  }
}

/** Whether OSS knows nothing of an upload any more; `isTold`: where that may not be asked. */
async function isGone(
  context: AbortContext,
  uploadId: string,
  isTold: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await partsOf(context, uploadId, signal);
    return false;
  } catch (error) {
    if (UploadError.is(error, 'noSuchUpload') || UploadError.is(error, 'noSuchBucket')) return true;
    if (UploadError.is(error, 'accessDenied') && isTold) return true;
    throw error;
  }
}

async function partsOf(
  { job, requests }: AbortContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<readonly ListedPart[]> {
  const { key } = job.target;
  return requests.send(`list parts of ${key}`, signal, () =>
    requests.store.listParts(key, uploadId, { signal }),
  );
}

/**
 * Aborts what an InitiateMultipartUpload of ours has begun whose answer got lost: uploads of our key
 * that were initiated while that request was under way, that no checkpoint knows and that have no
 * part. All others may be those of another window or program, and are left alone. Rejects when OSS
 * cannot be asked, or this key may not ask.
 */
export async function abortOrphans(
  context: UploadContext,
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, store, requests } = context;
  const { logger, checkpoints } = environment;
  const ownKey = job.target.key;
  let uploads: readonly UnfinishedUpload[];
  try {
    uploads = await requests.send(`list uploads of ${ownKey}`, signal, () =>
      store.listMultipartUploads(ownKey, { signal }),
    );
  } catch (error) {
    if (UploadError.is(error, 'noSuchBucket')) return;
    throw error;
  }
  const known = new Set<string>();
  for (const id of [
    ...checkpoints.idsIn(await checkpoints.records.list()),
    ...checkpoints.heldIds,
  ]) {
    const content = await checkpoints.read(id).catch((error: unknown) => {
      logger.warn(`${checkpoints.nameOf(id)} cannot be read: ${String(error)}`);
      return undefined;
    });
    if (content?.state === 'valid') known.add(content.checkpoint.header.uploadId);
  }
  for (const { key, uploadId, initiatedMs } of uploads) {
    const isInWindow = initiatedMs >= fromMs - TICK_MS && initiatedMs <= toMs + TICK_MS;
    if (key !== ownKey || !isInWindow || known.has(uploadId)) continue;
    if (!(await isEmpty(context, uploadId, signal))) continue;
    logger.info(`aborting ${uploadId} of ${key}, whose initiation was not answered`);
    await abortUpload(context, uploadId, signal);
  }
}

async function isEmpty(
  context: UploadContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await partsOf(context, uploadId, signal)).length === 0;
  } catch (error) {
    if (UploadError.is(error, 'noSuchUpload')) return false;
    throw error;
  }
}
