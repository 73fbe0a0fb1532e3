import { hasSameProperties, newerCheckpointError, sizeOfParts } from '../record/checkpoint';
import type {
  Checkpoint,
  CheckpointContent,
  CheckpointHeader,
  PartRecord,
} from '../record/checkpoint';
import { UploadError } from '../contract/errors';
import { compareFingerprints } from '../file/fingerprint';
import type { SourceChange } from '../file/fingerprint';
import { dropDamaged, dropUpload } from './abandon';
import { expectedObject, provesPart } from './integrity';
import type { ExpectedObject, ExpectedPart } from './integrity';
import { findObject } from './complete';
import { partAt, planParts } from '../file/partPlan';
import type { PartPlan } from '../file/partPlan';
import type { StoredObject } from '../contract/ports';
import { reconcile } from './reconcile';
import { openJournal, recordPart } from './uploadContext';
import type { OpenUpload, SourceContext, UploadContext } from './uploadContext';

/** What an earlier run has left: an upload to go on with, or an object that is already complete. */
export type SavedUpload = OpenUpload | { readonly finished: StoredObject };

/** The checkpoint of this upload. A folder that cannot be read is told, and holds none. */
export async function readSaved({
  job,
  environment,
  monitor,
}: UploadContext): Promise<CheckpointContent | undefined> {
  try {
    return await environment.checkpoints.read(job.id);
  } catch (error) {
    monitor.notice('notResumable', String(error));
    return undefined;
  }
}

/** Whether there is a checkpoint of a small file: one may be left of the larger file it was before. */
export async function hasSaved(context: UploadContext): Promise<boolean> {
  const { job, environment } = context;
  if (!(await environment.checkpoints.mayHave(job.id))) return false;
  return (await readSaved(context)) !== undefined;
}

/**
 * Goes on with the checkpoint if it can be trusted and still fits the file and the options. If not,
 * its upload is aborted, it is removed, the user is told why, and there is nothing saved. Throws
 * `checkpointNewer`.
 */
export async function loadSaved(
  context: SourceContext,
  signal: AbortSignal,
): Promise<SavedUpload | undefined> {
  const content = await readSaved(context);
  switch (content?.state) {
    case undefined:
      return undefined;
    case 'newer':
      throw newerCheckpointError(
        context.environment.checkpoints.nameOf(context.job.id),
        content.version,
      );
    case 'damaged':
      context.monitor.notice('checkpointDamaged');
      await dropDamaged(context, content.uploadId, signal);
      return undefined;
    case 'valid':
      return loadValid(context, content.checkpoint, signal);
  }
}

async function loadValid(
  context: SourceContext,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<SavedUpload | undefined> {
  const { job, monitor, source } = context;
  const { header, parts } = checkpoint;
  const change = compareFingerprints(header.source, source.fingerprint);
  const hasOtherOptions = !hasSameProperties(header.options.object, job.options.object);
  const wasInitiated = header.uploadId !== '';
  if (wasInitiated && change === 'changed') monitor.notice('sourceChanged');
  else if (wasInitiated && hasOtherOptions) monitor.notice('optionsChanged');
  if (!wasInitiated || change === 'changed' || hasOtherOptions) {
    await dropUpload(context, header, signal);
    return undefined;
  }
  const plan = planParts(source.sizeBytes, header.partSizeBytes);
  const wanted = planParts(source.sizeBytes, job.options.partSizeBytes);
  if (wanted.partSizeBytes !== plan.partSizeBytes) {
    monitor.notice('partSizeKept', String(plan.partSizeBytes));
  }
  try {
    return await takeStock(context, checkpoint, plan, change, signal);
  } catch (error) {
    if (!UploadError.is(error, 'noSuchUpload')) throw error;
    const expected = await expectedOf(context, parts, plan, change, signal);
    const finished = await findObject(context, expected, header, signal);
    if (finished !== undefined) {
      monitor.plan(plan.fileSizeBytes, plan.partCount, plan.fileSizeBytes, plan.partCount);
      return { finished };
    }
    monitor.notice('uploadExpired');
    // Should it be there after all, its parts would stay for ever.
    await dropUpload(context, header, signal);
    return undefined;
  }
}

/** Brings checkpoint, server and file together. */
async function takeStock(
  context: SourceContext,
  checkpoint: Checkpoint,
  plan: PartPlan,
  change: SourceChange,
  signal: AbortSignal,
): Promise<OpenUpload | undefined> {
  const { job, environment, store, monitor, requests, source } = context;
  const { checkpoints, pools } = environment;
  const { header, parts } = checkpoint;
  const { key } = job.target;
  const listed = await requests.send(`list parts of ${key}`, signal, () =>
    store.listParts(key, header.uploadId, { signal }),
  );
  const found = reconcile(plan, parts, listed);
  if (change === 'doubtful' && !(await proveParts(context, found.done, plan, signal))) {
    monitor.notice('sourceChanged');
    await dropUpload(context, header, signal);
    return undefined;
  }
  const toSend = [...found.toSend];
  const adopted: PartRecord[] = [];
  for (const { part, listed: theirs } of found.toVerify) {
    const { partNumber, offset, sizeBytes } = part;
    const crc64 = await provesPart(theirs, source, offset, pools.usual, signal);
    if (crc64 === undefined) toSend.push(part);
    else adopted.push({ partNumber, sizeBytes, etag: theirs.etag, crc64 });
  }
  // What was proven is written down under the file's present identity, so that it is proven once;
  // and what the user has changed meanwhile is not lost with the batch.
  const { target, options } = job;
  const current: CheckpointHeader = { ...header, source: source.fingerprint, target, options };
  const accepted = new Map([...found.done, ...adopted].map((part) => [part.partNumber, part]));
  const journal = await openJournal(context, current, accepted, () =>
    checkpoints.reopen(job.id, checkpoint, current, found.done),
  );
  for (const part of adopted) {
    await recordPart(context, { journal, header: current, accepted }, part);
  }
  monitor.uploadId = header.uploadId;
  monitor.plan(plan.fileSizeBytes, plan.partCount, sizeOfParts(accepted), accepted.size);
  return { uploadId: header.uploadId, plan, header: current, journal, accepted, toSend };
}

/** Whether the local bytes of these parts are still those that were sent. */
export async function proveParts(
  { environment, source }: SourceContext,
  parts: Iterable<PartRecord>,
  plan: PartPlan,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { partNumber, crc64 } of parts) {
    const { offset, sizeBytes } = partAt(plan, partNumber);
    const local = await source.crc64(offset, sizeBytes, environment.pools.usual, signal);
    if (local !== crc64) return false;
  }
  return true;
}

/** What the file would be as an object, from recorded parts where they can be believed. */
async function expectedOf(
  { environment, source }: SourceContext,
  recorded: ReadonlyMap<number, PartRecord>,
  plan: PartPlan,
  change: SourceChange,
  signal: AbortSignal,
): Promise<ExpectedObject> {
  const parts: ExpectedPart[] = [];
  for (let partNumber = 1; partNumber <= plan.partCount; partNumber++) {
    const { offset, sizeBytes } = partAt(plan, partNumber);
    const known = recorded.get(partNumber);
    const crc64 =
      change === 'same' && known !== undefined
        ? known.crc64
        : await source.crc64(offset, sizeBytes, environment.pools.usual, signal);
    parts.push(known?.crc64 === crc64 ? known : { sizeBytes, crc64 });
  }
  return expectedObject(parts);
}
