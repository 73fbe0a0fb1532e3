import type { CheckpointHeader } from '../record/checkpoint';
import { UploadError } from '../contract/errors';
import { partAt } from '../file/partPlan';
import type { PartPlan } from '../file/partPlan';
import { CLOCK_TOLERANCE_MS, openJournal } from './uploadContext';
import type { OpenUpload, SourceContext, UploadContext } from './uploadContext';

/**
 * Opens a multipart upload on the server. Its id is on disk before this resolves (or the user has
 * been told that it cannot be). Before the request, a record without an id is written: should the
 * answer get lost with this process, the next run looks for the orphan.
 */
export async function initiateUpload(
  context: SourceContext,
  plan: PartPlan,
  signal: AbortSignal,
): Promise<OpenUpload> {
  const { job, environment, store, monitor, requests, source } = context;
  const { checkpoints, clock } = environment;
  const { key } = job.target;
  if (plan.partSizeBytes !== job.options.partSizeBytes) {
    monitor.notice('partSizeRaised', String(plan.partSizeBytes));
  }
  const pending: CheckpointHeader = {
    uploadId: '',
    filePath: job.filePath,
    source: source.fingerprint,
    target: job.target,
    partSizeBytes: plan.partSizeBytes,
    options: job.options,
    createdMs: clock.now(),
  };
  await (await openJournal(context, () => checkpoints.create(job.id, pending)))?.close();
  const options = { ...job.options.object, forbidOverwrite: job.options.forbidOverwrite };
  let tries = 0;
  let uploadId: string;
  try {
    ({ uploadId } = await requests.send(`initiate ${key}`, signal, (attempt) => {
      tries = attempt;
      return store.initiateMultipartUpload(key, options, { signal });
    }));
  } catch (error) {
    // A clear refusal leaves nothing behind; anything else may have.
    const isRefusal = UploadError.is(error) && (error.status ?? 500) < 500 && tries === 1;
    if (isRefusal) await checkpoints.remove(job.id);
    throw error;
  }
  const header = { ...pending, uploadId };
  const journal = await openJournal(context, () => checkpoints.create(job.id, header));
  if (tries > 1) await abortOrphans(context, pending.createdMs, uploadId, signal);
  const toSend = Array.from({ length: plan.partCount }, (_, index) => partAt(plan, index + 1));
  monitor.uploadId = uploadId;
  monitor.plan(plan.fileSizeBytes, plan.partCount, 0, 0);
  return { uploadId, plan, header, journal, accepted: new Map(), toSend };
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

/** Aborts an upload; one that OSS does not know any more, or whose bucket is gone, counts as aborted. */
export async function abortUpload(
  { job, environment, store, requests }: UploadContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  const { key } = job.target;
  const { requestPayer } = job.options.object;
  try {
    await requests.send(`abort ${key}`, signal, () =>
      store.abortMultipartUpload(key, uploadId, { signal, requestPayer }),
    );
  } catch (error) {
    if (UploadError.is(error, 'noSuchBucket')) return;
    // Without the permission the parts stay until the bucket's lifecycle rule removes them.
    if (!UploadError.is(error, 'accessDenied')) throw error;
    environment.logger.warn(`may not abort ${uploadId} of ${key}: ${error.message}`);
  }
}

/**
 * Aborts uploads of our key that were initiated since then and that no checkpoint knows: the answer
 * to one of our own requests got lost.
 */
async function abortOrphans(
  context: UploadContext,
  sinceMs: number,
  ownUploadId: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, store, requests } = context;
  const { logger, checkpoints } = environment;
  const ownKey = job.target.key;
  const { requestPayer } = job.options.object;
  try {
    const uploads = await requests.send(`list uploads of ${ownKey}`, signal, () =>
      store.listMultipartUploads(ownKey, { signal, requestPayer }),
    );
    const known = new Set([ownUploadId]);
    for (const { content } of await checkpoints.list()) {
      if (content.state === 'valid') known.add(content.checkpoint.header.uploadId);
    }
    for (const { key, uploadId, initiatedMs } of uploads) {
      const isOurs = key === ownKey && initiatedMs >= sinceMs - CLOCK_TOLERANCE_MS;
      if (!isOurs || known.has(uploadId)) continue;
      logger.info(`aborting ${uploadId} of ${key}, whose initiation was not answered`);
      await abortUpload(context, uploadId, signal);
    }
  } catch (error) {
    if (UploadError.is(error, 'noSuchBucket')) return;
    if (!UploadError.is(error, 'accessDenied')) throw error;
    logger.warn(`may not list unfinished uploads of ${ownKey}: ${error.message}`);
  }
}
