import { UploadError } from '../contract/errors';
import type { StoredObject } from '../contract/ports';
import { planParts } from '../file/partPlan';
import type { Checkpoint } from '../record/checkpoint';
import { abortAll, abortUpload } from './abandon';
import { findObject } from './complete';
import { expectedObject } from './integrity';
import { errorOf, openContext } from './uploadContext';
import type { UploadContext, UploadEnvironment, UploadJob } from './uploadContext';
import { withLease } from './uploadLease';
import type { UploadMonitor } from './uploadMonitor';

/**
 * Removes what an upload has left on the server and on disk. Resolves with the object if it turns out
 * to be there: its completion was carried out, and the answer never came. Rejects when OSS cannot be
 * asked, and when it does not let go of the parts: the record then stays.
 */
export async function discardUpload(
  job: UploadJob,
  environment: UploadEnvironment,
  monitor: UploadMonitor,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  try {
    const { checkpoints } = environment;
    if ((await checkpoints.read(job.id)) === undefined) return undefined;
    const context = await openContext(job, environment, monitor);
    return await withLease(context, signal, async (_lease, held) => {
      // The window that had the lease may have finished that upload, and begun another.
      const content = await checkpoints.read(job.id);
      if (content?.state === 'damaged' && content.uploadId !== undefined) {
        await abortUpload(context, content.uploadId, held);
      }
      let done: StoredObject | undefined;
      if (content?.state === 'valid') {
        await abortAll(context, content.checkpoint.header, held);
        done = await findCompleted(context, content.checkpoint, held);
      }
      if (content?.state !== 'newer') await checkpoints.remove(job.id);
      return done;
    });
  } catch (error) {
    throw errorOf(error, job);
  }
}

/** The object that all parts make, which only an upload can have become that has all of them. */
async function findCompleted(
  context: UploadContext,
  { header, parts }: Checkpoint,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const { partCount } = planParts(header.source.sizeBytes, header.partSizeBytes);
  if (parts.size === 0 || parts.size !== partCount) return undefined;
  const inOrder = [...parts.values()].sort((left, right) => left.partNumber - right.partNumber);
  try {
    return await findObject(context, expectedObject(inOrder), header, signal);
  } catch (error) {
    // A bucket that is gone holds nothing, as the abort has found already.
    if (!UploadError.is(error, 'noSuchBucket')) throw error;
    return undefined;
  }
}
