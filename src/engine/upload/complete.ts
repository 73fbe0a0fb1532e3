import { UploadError } from '../contract/errors';
import { assertStored, expectedObject, matchesObject } from './integrity';
import type { ExpectedObject } from './integrity';
import { abortUpload, unlessDenied } from './abandon';
import { assertNotThere } from './overwriting';
import { sameEtag } from './reconcile';
import type { CheckpointHeader } from '../record/checkpoint';
import { assertHeld } from '../record/lease';
import type { Lease } from '../record/lease';
import type { ObjectInfo, StoredObject } from '../contract/ports';
import { CLOCK_TOLERANCE_MS } from './uploadContext';
import type { OpenUpload, SourceContext, UploadContext } from './uploadContext';
import { sizeOfParts } from '../record/checkpoint';

/** Clocks of OSS tell whole seconds. */
const SERVER_TICK_MS = 2000;

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
    findObject(context, expected, header, signal);
  // Should an equal object have been there before, our parts would stay for ever.
  const dropParts = (): Promise<void> =>
    unlessDenied(context, () => abortUpload(context, uploadId, signal));
  let isUnsure = false;
  const stored = await requests.send(`complete ${key}`, signal, async () => {
    const found = isUnsure ? await find() : undefined;
    if (found !== undefined) {
      await dropParts();
      return found;
    }
    try {
      await assertNotThere(context, signal);
      const answer = await store.completeMultipartUpload(key, uploadId, parts, options, { signal });
      return await seenObject(context, answer, expected, signal);
    } catch (error) {
      const mayBeDone =
        UploadError.is(error, 'noSuchUpload') || UploadError.is(error, 'alreadyExists');
      const done = mayBeDone ? await find() : undefined;
      if (done !== undefined) {
        await dropParts();
        return done;
      }
      isUnsure = true;
      throw error;
    }
  });
  return verifyObject(context, stored, expected);
}

/** Since when an object can be the one that was asked for. */
export type Since = Pick<CheckpointHeader, 'createdMs' | 'initiatedServerMs'>;

/** An object whose effect was looked for; `found` is what HeadObject tells, where it was asked. */
export interface SeenObject extends StoredObject {
  readonly found?: ObjectInfo | 'forbidden' | undefined;
}

/**
 * The object, if it is there with this content and is no older than that: then it is the one that was
 * asked for, whatever answer got lost. Both times are OSS's where both are known: the clock of this
 * computer may have been set in between.
 */
export async function findObject(
  context: UploadContext,
  expected: ExpectedObject,
  since: Since,
  signal: AbortSignal,
): Promise<SeenObject | undefined> {
  const found = await headObject(context, signal);
  if (found === undefined || found === 'forbidden' || !matchesObject(found, expected)) {
    return undefined;
  }
  return isSince(found, since) ? { etag: found.etag, crc64: found.crc64, found } : undefined;
}

/**
 * The same for a file of which nothing is known yet: read, to compare its CRC-64, only where an
 * object of its size is there.
 */
export async function findFile(
  context: SourceContext,
  since: Since,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const { environment, source } = context;
  const { sizeBytes } = source;
  const found = await headObject(context, signal);
  if (found === undefined || found === 'forbidden' || found.crc64 === undefined) return undefined;
  if (found.sizeBytes !== sizeBytes || !isSince(found, since)) return undefined;
  const local = await source.crc64(0, sizeBytes, environment.pools.usual, signal);
  return local === found.crc64 ? { etag: found.etag, crc64: local } : undefined;
}

function isSince(
  { lastModifiedMs, lastModifiedServerMs }: ObjectInfo,
  { createdMs, initiatedServerMs }: Since,
): boolean {
  return initiatedServerMs !== undefined && lastModifiedServerMs !== undefined
    ? lastModifiedServerMs >= initiatedServerMs - SERVER_TICK_MS
    : (lastModifiedMs ?? createdMs) >= createdMs - CLOCK_TOLERANCE_MS;
}

/**
 * An answer that says "stored", with what is seen of the object. A checksum in it proves it; without
 * one HeadObject has to find the object. Where the key may not look, an answer that is OSS's own is
 * enough; one that may be of something on the way also needs the ETag that our bytes have. Throws
 * `badResponse` where that does not show the object.
 */
export async function seenObject(
  context: UploadContext,
  stored: StoredObject,
  expected: ExpectedObject,
  signal: AbortSignal,
  etagOfBytes: () => Promise<string | undefined> = () => Promise.resolve(expected.etag),
): Promise<SeenObject> {
  const { requestId } = stored;
  const isOfOss = requestId !== undefined;
  // The CRC-64 of an empty file is 0, which proves nothing where somebody else answers.
  if (stored.crc64 !== undefined && (isOfOss || expected.sizeBytes > 0)) return stored;
  const found = await headObject(context, signal);
  if (found === undefined) {
    const message = 'the answer says that the object is stored, and it is not there';
    throw new UploadError('badResponse', message, { code: 'NotStored', requestId });
  }
  if (found !== 'forbidden') {
    // An object of another size passes here: verifyObject tells what is wrong with it.
    const isProven = isOfOss || matchesObject(found, expected) || sameEtag(found.etag, stored.etag);
    if (isProven) return { ...stored, found };
  } else if (isOfOss || sameEtag((await etagOfBytes()) ?? '', stored.etag)) {
    return { ...stored, found };
  }
  const message = 'nobody but somebody else says that the object is stored';
  throw new UploadError('badResponse', message, { code: 'NotProven', isForeign: true });
}

/**
 * Compares what OSS has stored with the file, and tells what else the answer says. Throws
 * `checksumMismatch`: the object is there, and it is not the file.
 */
export function verifyObject(
  { monitor }: UploadContext,
  stored: SeenObject,
  expected: ExpectedObject,
): StoredObject {
  monitor.enter('verifying');
  const { found, crc64 } = stored;
  if (crc64 !== undefined) {
    assertStored(crc64, expected.crc64, 'object');
  } else if (found === undefined || found === 'forbidden') {
    monitor.notice('notCompared');
  } else {
    assertStored(found.crc64 ?? expected.crc64, expected.crc64, 'object');
    if (found.sizeBytes !== expected.sizeBytes) {
      const message = `the object has ${found.sizeBytes} bytes, the file ${expected.sizeBytes}`;
      throw new UploadError('checksumMismatch', message, { code: 'SizeMismatch' });
    }
    if (!matchesObject(found, expected)) monitor.notice('notVerified');
  }
  if (stored.callbackError !== undefined) {
    const { code, message } = stored.callbackError;
    monitor.notice('callbackFailed', `${code}: ${message}`);
  }
  return { ...stored, crc64: expected.crc64 };
}

/** The object as HeadObject tells it; undefined when OSS says that there is none. */
async function headObject(
  { job, store, requests }: UploadContext,
  signal: AbortSignal,
): Promise<ObjectInfo | 'forbidden' | undefined> {
  const { key } = job.target;
  try {
    return await requests.send(`head ${key}`, signal, () => store.headObject(key, { signal }));
  } catch (error) {
    if (!UploadError.is(error, 'accessDenied')) throw error;
    return 'forbidden';
  }
}
