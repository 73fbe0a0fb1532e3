import type { Logger } from '../base/logger';
import { UploadError } from '../contract/errors';
import type { CheckpointHeader } from '../record/checkpoint';
import { CLOCK_TOLERANCE_MS, errorOf, openContext } from './uploadContext';
import type { UploadContext, UploadEnvironment, UploadJob } from './uploadContext';
import { withLease } from './uploadLease';
import type { UploadMonitor } from './uploadMonitor';

/** Removes what an upload has left on the server and on disk. Rejects when OSS cannot be asked. */
export async function discardUpload(
  job: UploadJob,
  environment: UploadEnvironment,
  monitor: UploadMonitor,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { checkpoints } = environment;
    if ((await checkpoints.read(job.id)) === undefined) return;
    const context = await openContext(job, environment, monitor);
    await withLease(context, signal, async (_lease, held) => {
      // The window that had the lease may have finished that upload, and begun another.
      const content = await checkpoints.read(job.id);
      if (content?.state === 'damaged') await dropDamaged(context, content.uploadId, held);
      if (content?.state === 'valid') await dropUpload(context, content.checkpoint.header, held);
    });
  } catch (error) {
    throw errorOf(error, job);
  }
}

/** Removes an upload from the server and its checkpoint from disk. */
export async function dropUpload(
  context: UploadContext,
  header: Pick<CheckpointHeader, 'uploadId' | 'createdMs'>,
  signal: AbortSignal,
): Promise<void> {
  if (header.uploadId !== '') await abortUpload(context, header.uploadId, signal);
  else await abortOrphans(context, header.createdMs, undefined, signal);
  await context.environment.checkpoints.remove(context.job.id);
}

/** Removes a checkpoint that cannot be trusted, and the upload it names if it names one. */
export async function dropDamaged(
  context: UploadContext,
  uploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (uploadId !== undefined) await abortUpload(context, uploadId, signal);
  await context.environment.checkpoints.remove(context.job.id);
}

/** Aborts an upload; one that OSS does not know any more, or whose bucket is gone, counts as aborted. */
export async function abortUpload(
  { job, environment, store, requests }: UploadContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  const { key } = job.target;
  await asFarAsAllowed(environment.logger, `abort ${uploadId} of ${key}`, () =>
    requests.send(`abort ${key}`, signal, () =>
      store.abortMultipartUpload(key, uploadId, { signal }),
    ),
  );
}

/**
 * Aborts uploads of our key that were initiated since then and that no checkpoint knows: what an
 * InitiateMultipartUpload of ours has begun whose answer got lost.
 */
export async function abortOrphans(
  context: UploadContext,
  sinceMs: number,
  ownUploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, store, requests } = context;
  const { logger, checkpoints } = environment;
  const ownKey = job.target.key;
  await asFarAsAllowed(logger, `list unfinished uploads of ${ownKey}`, async () => {
    const uploads = await requests.send(`list uploads of ${ownKey}`, signal, () =>
      store.listMultipartUploads(ownKey, { signal }),
    );
    const known = new Set([ownUploadId]);
    for (const id of checkpoints.idsIn(await checkpoints.records.list())) {
      const content = await checkpoints.read(id);
      if (content?.state === 'valid') known.add(content.checkpoint.header.uploadId);
    }
    for (const { key, uploadId, initiatedMs } of uploads) {
      const isOurs = key === ownKey && initiatedMs >= sinceMs - CLOCK_TOLERANCE_MS;
      if (!isOurs || known.has(uploadId)) continue;
      logger.info(`aborting ${uploadId} of ${key}, whose initiation was not answered`);
      await abortUpload(context, uploadId, signal);
    }
  });
}

/**
 * Does what removes parts. A bucket that is gone has none; without the permission they stay until the
 * bucket's lifecycle rule removes them.
 */
async function asFarAsAllowed(
  logger: Logger,
  what: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (UploadError.is(error, 'noSuchBucket')) return;
    if (!UploadError.is(error, 'accessDenied')) throw error;
    logger.warn(`may not ${what}: ${error.message}`);
  }
}
