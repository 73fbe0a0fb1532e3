import { completeUpload, findFile, findObject, seenObject, verifyObject } from './complete';
import type { Crc64 } from '../base/crc64';
import { UploadError } from '../contract/errors';
import { dropUpload } from './abandon';
import { initiateUpload } from './initiate';
import { assertStored, md5Etag } from './integrity';
import type { LaneKind } from '../limits/lanes';
import { assertHeld } from '../record/lease';
import type { Lease } from '../record/lease';
import { assertNotThere } from './overwriting';
import { planParts } from '../file/partPlan';
import type { PartPlan } from '../file/partPlan';
import type { StoredObject } from '../contract/ports';
import { isMd5, normalEtag, reconcile } from './reconcile';
import { ChecksumCache, stateOf } from '../record/checksumCache';
import { hasSaved, loadSaved, proveParts } from './savedUpload';
import { openLane, sendParts } from './sending';
import { SourceFile, changedError } from '../file/sourceFile';
import { errorOf, openContext } from './uploadContext';
import type {
  OpenUpload,
  SourceContext,
  UploadContext,
  UploadEnvironment,
  UploadJob,
} from './uploadContext';
import { withLease } from './uploadLease';
import type { UploadMonitor } from './uploadMonitor';
import { sizeOfParts } from '../record/checkpoint';

/** The other half of this door, behind which all lies that is loaded with the first upload. */
export { discardUpload } from './discard';
export { setAside } from './setAside';

/** Times that a file may change during its upload before that fails. */
const MOST_CHANGES = 3;
/** Times that OSS may forget the upload id; more of them point to something else. */
const MOST_EXPIRIES = 1;
/** Bytes of the largest file that shares a lane with others of its kind. */
const SMALL_FILE_BYTES = 256 * 1024;

/**
 * Uploads one file, from whatever is already there to a verified object, has that recorded by
 * `whenVerified`, and only then removes the checkpoint. Rejects with an UploadError; the checkpoint
 * then says how far it is. Starts over by itself when the file changes (three times) or when OSS has
 * forgotten the upload (once).
 */
export async function runUpload(
  job: UploadJob,
  environment: UploadEnvironment,
  monitor: UploadMonitor,
  signal: AbortSignal,
  whenVerified: () => Promise<void>,
): Promise<StoredObject> {
  let changes = 0;
  let expiries = 0;
  for (;;) {
    try {
      monitor.enter('preparing');
      const context = await openContext(job, environment, monitor);
      return await runOnce(context, signal, whenVerified);
    } catch (error) {
      if (UploadError.is(error, 'sourceChanged') && ++changes <= MOST_CHANGES) {
        monitor.notice('sourceChanged');
      } else if (UploadError.is(error, 'noSuchUpload') && ++expiries <= MOST_EXPIRIES) {
        monitor.notice('uploadExpired');
      } else {
        throw errorOf(error, job);
      }
    }
  }
}

/** Uploads the file as it is now: small ones as a whole, others in parts and under a lease. */
async function runOnce(
  context: UploadContext,
  signal: AbortSignal,
  whenVerified: () => Promise<void>,
): Promise<StoredObject> {
  const { job, monitor } = context;
  const source = await SourceFile.open(job.filePath);
  try {
    const plan = planParts(source.sizeBytes, job.options.partSizeBytes);
    // What an earlier run has sent is shown until OSS can be asked how much of it is there.
    if (monitor.partsDone === 0) monitor.plan(source.sizeBytes, Math.max(1, plan.partCount), 0, 0);
    const inFile: SourceContext = { ...context, source };
    const isSmall = plan.partCount <= 1 && !(await hasSaved(context));
    if (isSmall) {
      const stored = await putFile(inFile, signal);
      await whenVerified();
      return stored;
    }
    return await withLease(context, signal, async (lease, held) => {
      const stored = await multipart(inFile, plan, lease, held);
      noteChecksums(inFile, stored.crc64);
      await whenVerified();
      await context.environment.checkpoints.remove(job.id);
      return stored;
    });
  } finally {
    source.close();
  }
}

/** Remembers checksums of the file as it is now, so that it is not read to be compared with OSS. */
function noteChecksums(
  { environment, source }: SourceContext,
  crc64: bigint | undefined,
  md5?: string,
): void {
  const { checksumFolder, logger } = environment;
  if (checksumFolder === '' || crc64 === undefined) return;
  environment.checksums ??= new ChecksumCache(checksumFolder, logger);
  environment.checksums.note(stateOf(source.filePath, source.fingerprint), { crc64, md5 });
}

/** Sends a file of at most one part as a whole (OSS PutObject). */
async function putFile(context: SourceContext, signal: AbortSignal): Promise<StoredObject> {
  const { job, environment, store, monitor, requests, source } = context;
  const { key } = job.target;
  const { sizeBytes } = source;
  const kind: LaneKind = sizeBytes <= SMALL_FILE_BYTES ? 'smallFile' : 'part';
  const options = { ...job.options.object, forbidOverwrite: job.options.forbidOverwrite };
  const whole = { partNumber: 1, offset: 0, sizeBytes };
  let local = 0n;
  let md5: string | undefined;
  // The last bytes are held back until it is sure that those before them are still in the file.
  const prove = (crc: Crc64): Promise<void> =>
    proveSource(context, async () => {
      const now = await source.crc64(0, sizeBytes, environment.pools.usual, signal);
      return now === crc.digest();
    });
  monitor.plan(sizeBytes, 1, 0, 0);
  monitor.enter('uploading');
  const stored = await requests.send(`put ${key}`, signal, async () => {
    const lane = await openLane(context, kind, whole, signal, prove);
    try {
      if (sizeBytes === 0) await prove(lane.crc);
      await assertNotThere(context, signal);
      const answer = await store.putObject(key, lane.body, options, { signal });
      local = lane.crc.digest();
      assertStored(answer.crc64 ?? local, local, 'object');
      // An object with the same ETag is this very one, also where OSS makes that of something else.
      if (answer.crc64 !== undefined && isMd5(answer.etag)) md5 = normalEtag(answer.etag);
      const etagOfBytes = (): Promise<string> => md5Etag(source, environment.pools.usual, signal);
      const expected = { sizeBytes, crc64: local };
      const seen = await seenObject(context, answer, expected, signal, etagOfBytes);
      lane.confirm();
      return seen;
    } catch (error) {
      // An earlier try, also one of a window that was closed meanwhile, may have stored the object
      // although its answer got lost.
      if (!UploadError.is(error, 'alreadyExists')) throw error;
      local = await source.crc64(0, sizeBytes, environment.pools.usual, signal);
      const since = { createdMs: job.askedMs };
      const found = await findObject(context, { sizeBytes, crc64: local }, since, signal);
      if (found === undefined) throw error;
      return found;
    } finally {
      await lane.close();
    }
  });
  const verified = verifyObject(context, stored, { sizeBytes, crc64: local });
  noteChecksums(context, local, md5);
  return verified;
}

/** Goes on with what checkpoint and server know, or starts anew; then completes. */
async function multipart(
  context: SourceContext,
  plan: PartPlan,
  lease: Lease,
  signal: AbortSignal,
): Promise<StoredObject> {
  const saved = await loadSaved(context, signal);
  if (saved !== undefined && 'finished' in saved) return saved.finished;
  if (saved === undefined && context.job.mayBeDone) {
    const { job, monitor, source } = context;
    const done = await findFile(context, { createdMs: job.askedMs }, signal);
    if (done !== undefined) {
      monitor.plan(source.sizeBytes, plan.partCount, source.sizeBytes, plan.partCount);
      return done;
    }
  }
  if (saved === undefined && plan.partCount <= 1) return putFile(context, signal);
  const upload = saved ?? (await initiateUpload(context, plan, signal));
  try {
    await sendParts(context, upload, signal);
    return await finish(context, upload, lease, signal);
  } catch (error) {
    const isVoid = UploadError.is(error, 'sourceChanged') || UploadError.is(error, 'noSuchUpload');
    if (isVoid) {
      // A window that took it over may have completed it, or be at it.
      await assertHeld(lease, upload.uploadId);
      await dropUpload(context, upload.header, signal);
    }
    throw error;
  } finally {
    await upload.journal?.close();
  }
}

/** Completes; once more after sending again what OSS says is missing. */
async function finish(
  context: SourceContext,
  upload: OpenUpload,
  lease: Lease,
  signal: AbortSignal,
): Promise<StoredObject> {
  const prove = (): Promise<void> =>
    proveSource(context, () => {
      context.monitor.enter('verifying');
      return proveParts(context, upload.accepted.values(), upload.plan, signal);
    });
  await prove();
  try {
    return await completeUpload(context, upload, lease, signal);
  } catch (error) {
    if (!UploadError.is(error, 'invalidParts')) throw error;
    await resendMissing(context, upload, signal);
    await prove();
    return await completeUpload(context, upload, lease, signal);
  }
}

/** Asks which parts OSS lost or holds otherwise than we know (ListParts), and sends those again. */
async function resendMissing(
  context: SourceContext,
  upload: OpenUpload,
  signal: AbortSignal,
): Promise<void> {
  const { job, store, monitor, requests } = context;
  const { uploadId, plan, accepted } = upload;
  const { key } = job.target;
  const listed = await requests.send(`list parts of ${key}`, signal, () =>
    store.listParts(key, uploadId, { signal }),
  );
  const found = reconcile(plan, accepted, listed);
  const toSend = [...found.toSend];
  for (const { part, listed: theirs } of found.toVerify) {
    const known = accepted.get(part.partNumber);
    // An ETag that was damaged on its way to us: the bytes are there.
    const isThere = known !== undefined && theirs.crc64 === known.crc64;
    if (isThere) accepted.set(part.partNumber, { ...known, etag: theirs.etag });
    else toSend.push(part);
  }
  toSend.forEach(({ partNumber }) => accepted.delete(partNumber));
  monitor.plan(plan.fileSizeBytes, plan.partCount, sizeOfParts(accepted), accepted.size);
  await sendParts(context, { ...upload, toSend }, signal);
}

/** Throws `sourceChanged` unless the bytes that were sent are still those of the file. */
async function proveSource(
  { job, source }: SourceContext,
  compareBytes: () => Promise<boolean>,
): Promise<void> {
  const change = await source.changeAnywhere();
  if (change === 'same') return;
  if (change === 'changed' || !(await compareBytes())) throw changedError(job.filePath);
}
