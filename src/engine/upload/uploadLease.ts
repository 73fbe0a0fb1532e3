import { UploadError, isAbortError } from '../contract/errors';
import { acquireLease } from '../record/lease';
import type { Lease } from '../record/lease';
import type { UploadContext, UploadEnvironment, UploadJob } from './uploadContext';

/** Works while this window holds the lease of the upload; `held` is aborted when it loses it. */
export async function withLease<T>(
  { job, environment }: UploadContext,
  signal: AbortSignal,
  work: (lease: Lease, held: AbortSignal) => Promise<T>,
): Promise<T> {
  const lease = await takeLease(job, environment, signal);
  try {
    return await work(lease, AbortSignal.any([signal, lease.lost]));
  } finally {
    await lease.release();
  }
}

/** The lease of the upload. A folder that cannot be written holds none, and the upload goes on without. */
async function takeLease(
  job: UploadJob,
  { checkpoints, clock, logger }: UploadEnvironment,
  signal: AbortSignal,
): Promise<Lease> {
  try {
    await checkpoints.records.prepare();
    return await acquireLease(checkpoints.leaseFile(job.id), clock, signal);
  } catch (error) {
    if (UploadError.is(error) || isAbortError(error)) throw error;
    logger.warn(`no lease: ${String(error)}`);
    return {
      lost: new AbortController().signal,
      isHeld: () => Promise.resolve(true),
      release: () => Promise.resolve(),
    };
  }
}
