import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BufferPool } from '../limits/bufferPool';
import { UploadError } from '../contract/errors';
import { runParallel } from '../base/runParallel';
import type { ObjectInfo, ObjectStore, OpenStore } from '../contract/ports';
import { retryDelayMs } from './retry';
import { SourceFile } from '../file/sourceFile';
import type { UploadRequest } from '../contract/transfers';

/** HeadObject requests at the same time: latency is all they cost. */
const HEADS_AT_ONCE = 16;
/** Somebody waits for the answer, so a line that is gone must show soon. */
const MOST_TRIES = 3;
const MOST_DELAY_MS = 5_000;

/** A request whose object is already there, with the file that would replace it. */
export interface ExistingObject {
  readonly request: UploadRequest;
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
export async function findExisting(
  openStore: OpenStore,
  requests: readonly UploadRequest[],
  signal: AbortSignal,
): Promise<readonly ExistingObject[]> {
  const storeOf = onePerBucket(openStore);
  const found = new Array<ExistingObject | undefined>(requests.length);
  try {
    await runParallel(requests.entries(), HEADS_AT_ONCE, signal, async ([index, request], stop) => {
      const info = await head(await storeOf(request), request, stop);
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
  const source = await SourceFile.open(request.filePath);
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

/** Opens a store once for all requests that share a bucket, its region and credentials. */
function onePerBucket(openStore: OpenStore): (request: UploadRequest) => Promise<ObjectStore> {
  const stores = new Map<string, Promise<ObjectStore>>();
  return ({ target }) => {
    const name = JSON.stringify([target.bucket, target.region, target.profile]);
    const store = stores.get(name) ?? openStore(target);
    stores.set(name, store);
    return store;
  };
}

/** The object of a request; undefined when there is none, or none that may be seen. */
async function head(
  store: ObjectStore,
  { target, options }: UploadRequest,
  signal: AbortSignal,
): Promise<ObjectInfo | undefined> {
  let hasRecovered = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await store.headObject(target.key, options.object, { signal });
    } catch (thrown) {
      throwIfAborted(signal);
      const error = UploadError.from(thrown);
      if (error.kind === 'accessDenied') return undefined;
      const mayRecover = error.kind === 'credentials' || error.kind === 'clockSkew';
      if (mayRecover && !hasRecovered && (await store.recover(error, { signal }))) {
        hasRecovered = true;
        continue;
      }
      const delayMs = retryDelayMs(error, attempt, Math.random());
      const isWorthIt = error.isRetryable && attempt < MOST_TRIES && delayMs <= MOST_DELAY_MS;
      if (!isWorthIt) throw error;
      await delay(delayMs, undefined, { signal });
    }
  }
}

async function withLocal(
  request: UploadRequest,
  info: ObjectInfo,
): Promise<ExistingObject | undefined> {
  try {
    const { size, mtimeMs } = await stat(request.filePath);
    return { request, info, localSizeBytes: size, localMtimeMs: mtimeMs };
  } catch {
    return undefined;
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new UploadError('aborted', 'aborted', { code: 'AbortError' });
}
