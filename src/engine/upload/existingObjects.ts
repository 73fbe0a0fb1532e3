import { stat } from 'node:fs/promises';
import { systemClock } from '../base/clock';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import { BufferPool } from '../limits/bufferPool';
import { UploadError, throwIfAborted } from '../contract/errors';
import { runParallel } from '../base/runParallel';
import type { ObjectInfo, OpenStore } from '../contract/ports';
import { RequestRunner, WakeUp } from './requestRunner';
import type { RequestMonitor, RetryPolicy } from './requestRunner';
import { realPathOf } from '../file/realPath';
import { SourceFile } from '../file/sourceFile';
import type { UploadRequest } from '../contract/transfers';

/** HeadObject requests at the same time: latency is all they cost. */
const HEADS_AT_ONCE = 16;
/** Tries of one HeadObject. */
const MOST_TRIES = 3;
/** The longest wait that a server may ask for. */
const LONGEST_WAIT_MS = 5_000;

/** Tries again a little, because the user waits for the answer. */
const IMPATIENT: RetryPolicy = {
  allows: ({ isRetryable, retryAfterMs = 0 }, _outageMs, attempt) =>
    isRetryable && attempt < MOST_TRIES && retryAfterMs <= LONGEST_WAIT_MS,
};

/** The search takes no lane of the uploads, and no user sees how far it is. */
const UNLIMITED = { lanes: { speedUp: () => undefined, slowDown: () => undefined } };
const UNSEEN: RequestMonitor = { track: (request) => request, waitFor: (_retry, wait) => wait() };

/** How OSS is asked for what is there. */
export interface LookupOptions {
  readonly openStore: OpenStore;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** An object that is there already, the request that would replace it, and the file of that. */
export interface ExistingObject<Request extends UploadRequest = UploadRequest> {
  readonly request: Request;
  readonly info: ObjectInfo;
  readonly localSizeBytes: number;
  readonly localMtimeMs: number;
}

/**
 * The requests whose object exists, in their order. Left out are objects that may not be looked at
 * (`accessDenied`: uploading may be allowed where reading is not), and files that are gone: their
 * uploads say so. Nothing is locked: an object can appear a moment later, which only
 * `forbidOverwrite` prevents. Rejects with the first other failure that three tries do not heal, or
 * with `aborted`; no request is under way then.
 */
export async function findExisting<Request extends UploadRequest>(
  options: LookupOptions,
  requests: readonly Request[],
  signal: AbortSignal,
): Promise<readonly ExistingObject<Request>[]> {
  const bucketOf = bucketOpener(options);
  const found = new Array<ExistingObject<Request> | undefined>(requests.length);
  try {
    await runParallel(requests.entries(), HEADS_AT_ONCE, signal, async ([index, request], stop) => {
      const info = await head(await bucketOf(request), request, stop);
      if (info !== undefined) found[index] = await withLocal(request, info);
    });
  } catch (error) {
    throwIfAborted(signal);
    throw UploadError.from(error);
  }
  return found.filter((existing) => existing !== undefined);
}

/**
 * Whether the object has the very bytes of the file, by size and CRC-64; false when OSS did not tell
 * its CRC, and when the file changes while it is read. Reads the file once, in chunks,
 * and only if the sizes agree. Rejects with `sourceMissing`, `sourceUnreadable`, `sourceNotAFile` or
 * `aborted`.
 */
export async function isIdentical(existing: ExistingObject, signal: AbortSignal): Promise<boolean> {
  const { request, info } = existing;
  throwIfAborted(signal);
  if (info.crc64 === undefined) return false;
  const source = await SourceFile.open(request.realPath ?? (await realPathOf(request.filePath)));
  try {
    if (source.sizeBytes !== info.sizeBytes) return false;
    const crc64 = await source.crc64(0, source.sizeBytes, new BufferPool(), signal);
    return crc64 === info.crc64;
  } catch (error) {
    throwIfAborted(signal);
    if (UploadError.is(error, 'sourceChanged')) return false;
    throw error;
  } finally {
    await source.close();
  }
}

/** Opens a bucket once for all requests that share it, its region and credentials. */
function bucketOpener({
  openStore,
  logger,
  clock = systemClock,
}: LookupOptions): (request: UploadRequest) => Promise<RequestRunner> {
  const environment = { ...UNLIMITED, logger, clock, wakeUp: new WakeUp(), random: Math.random };
  const buckets = new Map<string, Promise<RequestRunner>>();
  return ({ target }) => {
    const name = JSON.stringify([target.bucket, target.region, target.profile]);
    const bucket =
      buckets.get(name) ??
      openStore(target).then((store) => new RequestRunner(environment, store, IMPATIENT, UNSEEN));
    buckets.set(name, bucket);
    return bucket;
  };
}

/** The object of a request; undefined when there is none, or none that may be seen. */
async function head(
  bucket: RequestRunner,
  { target: { bucket: name, key } }: UploadRequest,
  signal: AbortSignal,
): Promise<ObjectInfo | undefined> {
  try {
    return await bucket.send(`head ${key}`, signal, () => bucket.store.headObject(key, { signal }));
  } catch (error) {
    if (UploadError.is(error, 'accessDenied')) return undefined;
    throw UploadError.from(error).with({ bucket: name, key });
  }
}

/** The object beside the file of the request; undefined when that is gone. */
async function withLocal<Request extends UploadRequest>(
  request: Request,
  info: ObjectInfo,
): Promise<ExistingObject<Request> | undefined> {
  try {
    const { size, mtimeMs } = await stat(request.filePath);
    return { request, info, localSizeBytes: size, localMtimeMs: mtimeMs };
  } catch {
    return undefined;
  }
}
