import type { CheckpointHeader } from '../record/checkpoint';
import { UploadError } from '../contract/errors';
import { partAt } from '../file/partPlan';
import type { PartPlan } from '../file/partPlan';
import { abortOrphans } from './abandon';
import { openJournal } from './uploadContext';
import type { OpenUpload, SourceContext } from './uploadContext';

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
  await (await openJournal(context, () => checkpoints.create(job.id, pending, [])))?.close();
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
  const journal = await openJournal(context, () => checkpoints.create(job.id, header, []));
  if (tries > 1) await abortOrphans(context, pending.createdMs, uploadId, signal);
  const toSend = Array.from({ length: plan.partCount }, (_, index) => partAt(plan, index + 1));
  monitor.uploadId = uploadId;
  monitor.plan(plan.fileSizeBytes, plan.partCount, 0, 0);
  return { uploadId, plan, header, journal, accepted: new Map(), toSend };
}
