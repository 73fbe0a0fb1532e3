import { UploadError } from '../contract/errors';
import { assertStored, expectedObject, matchesObject } from './integrity';
import type { ExpectedObject } from './integrity';
import { abortUpload } from './abandon';
import { assertHeld } from '../record/lease';
import type { Lease } from '../record/lease';
import type { ObjectInfo, StoredObject } from '../contract/ports';
import { CLOCK_TOLERANCE_MS } from './uploadContext';
import type { OpenUpload, UploadContext } from './uploadContext';
import { sizeOfParts } from '../record/checkpoint';

/**
 * Combines the parts to the object (OSS CompleteMultipartUpload) and verifies it. An answer that got lost is looked up by its
 * effect: an object of this content is the answer, and nothing is sent again. Throws
 * `invalidParts` when OSS misses a part, `noSuchUpload` when upload and object are both gone.
 */
export async function completeUpload(
  context: UploadContext,
  { uploadId, plan, accepted, header }: OpenUpload,
  lease: Lease,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { job, store, monitor, requests } = context;
  const { key } = job.target;
  const sizeBytes = plan.fileSizeBytes;
  const parts = [...accepted.values()].sort((left, right) => left.partNumber - right.partNumber);
  if (parts.length !== plan.partCount || sizeOfParts(accepted) !== sizeBytes) {
    const message = `${parts.length} of ${plan.partCount} parts are there before the completion`;
    throw new UploadError('internal', message, { code: 'PartsMissing', uploadId });
  }
  await assertHeld(lease, uploadId);
  monitor.enter('completing');
  const expected = expectedObject(parts);
  const options = { ...job.options.object, forbidOverwrite: job.options.forbidOverwrite };
  const find = (): Promise<StoredObject | undefined> =>
    findObject(context, expected, header.createdMs - CLOCK_TOLERANCE_MS, signal);
  let isUnsure = false;
  const stored = await requests.send(`complete ${key}`, signal, async () => {
    const found = isUnsure ? await find() : undefined;
    if (found !== undefined) {
      // Should an equal object have been there before, our parts would stay for ever.
      await abortUpload(context, uploadId, signal);
      return found;
    }
    try {
      return await store.completeMultipartUpload(key, uploadId, parts, options, { signal });
    } catch (error) {
      const mayBeDone =
        UploadError.is(error, 'noSuchUpload') ||
        (isUnsure && UploadError.is(error, 'alreadyExists'));
      const done = mayBeDone ? await find() : undefined;
      if (done !== undefined) return done;
      isUnsure = true;
      throw error;
    }
  });
  return verifyObject(context, stored, expected, signal);
}

/**
 * The object, if it is there with this content and is no older than that: then it is the one that was
 * asked for, whatever answer got lost.
 */
export async function findObject(
  context: UploadContext,
  expected: ExpectedObject,
  sinceMs: number,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const found = await headObject(context, signal);
  const isOurs =
    found !== undefined &&
    matchesObject(found, expected) &&
    (found.lastModifiedMs ?? sinceMs) >= sinceMs;
  return isOurs ? { etag: found.etag, crc64: found.crc64 } : undefined;
}

/**
 * Compares what OSS has stored with the file, and tells what else the answer says. Throws
 * `checksumMismatch`: the object is there, and it is not the file.
 */
export async function verifyObject(
  context: UploadContext,
  stored: StoredObject,
  expected: ExpectedObject,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { monitor } = context;
  monitor.enter('verifying');
  if (stored.crc64 !== undefined) {
    assertStored(stored.crc64, expected.crc64, 'object');
  } else {
    const found = await headObject(context, signal);
    assertStored(found?.crc64 ?? expected.crc64, expected.crc64, 'object');
    if (found !== undefined && found.sizeBytes !== expected.sizeBytes) {
      const message = `the object has ${found.sizeBytes} bytes, the file ${expected.sizeBytes}`;
      throw new UploadError('checksumMismatch', message, { code: 'SizeMismatch' });
    }
    if (found === undefined || !matchesObject(found, expected)) monitor.notice('notVerified');
  }
  if (stored.callbackError !== undefined) {
    const { code, message } = stored.callbackError;
    monitor.notice('callbackFailed', `${code}: ${message}`);
  }
  return stored;
}

/** The object as HeadObject tells it; undefined when there is none, and where it is not allowed. */
async function headObject(
  { job, store, requests }: UploadContext,
  signal: AbortSignal,
): Promise<ObjectInfo | undefined> {
  const { key } = job.target;
  try {
    return await requests.send(`head ${key}`, signal, () => store.headObject(key, { signal }));
  } catch (error) {
    if (!UploadError.is(error, 'accessDenied')) throw error;
    return undefined;
  }
}
