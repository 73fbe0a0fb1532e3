import type { CheckpointHeader, PartRecord } from '../record/checkpoint';
import { UploadError } from '../contract/errors';
import type { InitiatedUpload } from '../contract/ports';
import { partAt } from '../file/partPlan';
import type { PartPlan } from '../file/partPlan';
import { abortOrphans, unlessDenied } from './abandon';
import { assertNotThere } from './overwriting';
import { openJournal } from './uploadContext';
import type { OpenUpload, SourceContext } from './uploadContext';

/**
 * Opens a multipart upload on the server. Its id is on disk before this resolves (or the user has
 * been told that it cannot be). Before each request a record without an id is written: should the
 * answer get lost, what that request may have begun is looked for, by this run or by the next one.
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
  const options = { ...job.options.object, forbidOverwrite: job.options.forbidOverwrite };
  /** When the last request was under way, if it may have begun an upload that nobody knows. */
  let unclear: { readonly fromMs: number; readonly toMs: number } | undefined;
  const initiated = await requests.send(`initiate ${key}`, signal, async () => {
    if (unclear !== undefined) {
      const { fromMs, toMs } = unclear;
      await unlessDenied(context, () => abortOrphans(context, fromMs, toMs, signal));
      unclear = undefined;
    }
    // OSS looks here, too: nobody wants to learn it after the last part.
    await assertNotThere(context, signal);
    const fromMs = clock.now();
    const initiating = { ...pending, createdMs: fromMs };
    await (await openJournal(context, initiating, new Map()))?.close();
    let answer: InitiatedUpload;
    try {
      answer = await store.initiateMultipartUpload(key, options, { signal });
    } catch (error) {
      if (isRefusal(error)) await checkpoints.remove(job.id);
      else unclear = { fromMs, toMs: clock.now() };
      throw error;
    }
    if (answer.requestId === undefined) {
      // As long as this is not known, another upload than the one that is told may have begun.
      unclear = { fromMs, toMs: clock.now() };
      await assertKnown(context, answer.uploadId, signal);
      unclear = undefined;
    }
    return answer;
  });
  const { uploadId, initiatedServerMs } = initiated;
  const header = { ...pending, uploadId, createdMs: clock.now(), initiatedServerMs };
  const accepted = new Map<number, PartRecord>();
  const journal = await openJournal(context, header, accepted);
  const toSend = Array.from({ length: plan.partCount }, (_, index) => partAt(plan, index + 1));
  monitor.uploadId = uploadId;
  monitor.plan(plan.fileSizeBytes, plan.partCount, 0, 0);
  return { uploadId, plan, header, journal, accepted, toSend };
}

/**
 * For an upload id that came without a sign of OSS, so that anything on the way may have made it up:
 * ListParts tells whether OSS knows it, where the key may ask that. Throws `badResponse` when not.
 */
async function assertKnown(
  { job, store }: SourceContext,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.listParts(job.target.key, uploadId, { signal });
  } catch (error) {
    if (UploadError.is(error, 'accessDenied')) return;
    if (!UploadError.is(error, 'noSuchUpload')) throw error;
    const message = 'nobody but somebody else says that the upload is begun';
    throw new UploadError('badResponse', message, { code: 'NotProven', isForeign: true });
  }
}

/** Whether OSS itself has refused, so that nothing is left behind; anything else may have done it. */
function isRefusal(error: unknown): boolean {
  return UploadError.is(error) && error.requestId !== undefined && isBelow500(error.status);
}

function isBelow500(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500;
}
