import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BufferPool } from '../limits/bufferPool';
import { BufferPools } from '../limits/bufferPool';
import { UploadError, throwIfAborted } from '../contract/errors';
import { runParallel } from '../base/runParallel';
import type { ListedObject, ObjectInfo, UploadTarget } from '../contract/ports';
import type { UploadRequest } from '../contract/transfers';
import { realPathOf } from '../file/realPath';
import { SourceFile } from '../file/sourceFile';
import { compareFingerprints } from '../file/fingerprint';
import { ChecksumCache, stateOf } from '../record/checksumCache';
import type { Checksums } from '../record/checksumCache';
import { bucketOpener, lookFor, nameOf, withFiles } from './existingObjects';
import type { ExistingObject, LookupOptions, OnProgress } from './existingObjects';
import { checksumsOf } from './integrity';
import { HEADS_AT_ONCE, headObject, listAll } from './objectLookup';
import type { Looked } from './objectLookup';
import { isMd5, normalEtag } from './reconcile';

/** Files read at the same time. */
const READS_AT_ONCE = 4;
/** Objects whose CRC-64 agrees that another ETag means other bytes, before the ETag is believed. */
const ETAGS_ON_TRIAL = 4;
/** Files and objects that are judged in one go: a few milliseconds. */
const JUDGED_AT_ONCE = 256;
/** Names of objects that are kept where no file belongs to them; all are counted. */
const MOST_NAMES = 10_000;

/** How objects are compared with files. */
export interface CompareOptions extends LookupOptions {
  /** Where checksums of files are remembered; made when needed. */
  readonly checksumFolder: string;
}

/** What a file is beside its object. */
export interface Comparison {
  /** `unknown`: it could not be compared, for `error` or because OSS told no checksum. */
  readonly verdict: 'equal' | 'different' | 'unknown';
  readonly error?: UploadError | undefined;
}

/**
 * Compares files with their objects by content, never by time: size, then the ETag where that is the
 * MD5 of a PutObject, else the CRC-64. A file whose checksum is remembered and that is in the same
 * state is not read. An ETag that differs from the MD5 may be that of an encrypted object: with
 * `isExact` each such is settled by its CRC-64, otherwise only the first ones. A file that cannot be read is
 * `unknown`. Rejects with a failure of OSS that three tries do not heal, and with `aborted`; what was
 * computed by then is remembered.
 */
export async function compareContent<Request extends UploadRequest>(
  options: CompareOptions,
  existing: readonly ExistingObject<Request>[],
  { isExact }: { readonly isExact: boolean },
  signal: AbortSignal,
  onProgress?: OnProgress,
): Promise<ReadonlyMap<ExistingObject<Request>, Comparison>> {
  const comparisons = new Map<ExistingObject<Request>, Comparison>();
  const total = existing.length;
  const settle = (object: ExistingObject<Request>, comparison: Comparison): void => {
    comparisons.set(object, comparison);
    onProgress?.(comparisons.size, total);
  };
  const sameSize = existing.filter((object) => {
    const isSame = object.info.sizeBytes === object.local.sizeBytes;
    if (!isSame) settle(object, { verdict: 'different' });
    return isSame;
  });
  const bucketOf = bucketOpener(options);
  const trial = new EtagTrial(isExact);
  const cache = new ChecksumCache(options.checksumFolder, options.logger);
  const states = new Map<ExistingObject<Request>, string>();
  try {
    for await (const object of inTurns(sameSize, signal)) {
      const { filePath, realPath = filePath } = object.request;
      states.set(object, stateOf(realPath, object.local));
    }
    const known = await cache.find(new Set(states.values()), signal);
    const pool = new BufferPools().usual;
    const read: ExistingObject<Request>[] = [];
    const sums = new Map<ExistingObject<Request>, Checksums>();
    for (const [object, state] of states) {
      const checksums = known.get(state);
      const isEnough =
        checksums !== undefined && (!needsMd5(object.info) || checksums.md5 !== undefined);
      if (isEnough) sums.set(object, checksums);
      else read.push(object);
    }
    const asked = new Map<ExistingObject<Request>, Checksums>();
    for await (const [object, checksums] of inTurns(sums, signal)) {
      const comparison = trial.judge(object.info, checksums);
      if (comparison === undefined) asked.set(object, checksums);
      else settle(object, comparison);
    }
    const judge = async (
      object: ExistingObject<Request>,
      checksums: Checksums,
      stop: AbortSignal,
    ): Promise<void> => {
      const comparison =
        trial.judge(object.info, checksums) ??
        trial.settle(object.info, checksums, await seen(object, stop));
      settle(object, comparison);
    };
    const seen = async (
      { info, request: { target } }: ExistingObject,
      stop: AbortSignal,
    ): Promise<Looked> =>
      info.crc64 === undefined ? headObject(await bucketOf(target), target.key, stop) : info;
    await runParallel(asked, HEADS_AT_ONCE, signal, ([object, checksums], stop) =>
      judge(object, checksums, stop),
    );
    await runParallel(read, READS_AT_ONCE, signal, async (object, stop) => {
      const checksums = await readChecksums(object, cache, pool, stop);
      if (UploadError.is(checksums)) settle(object, { verdict: 'unknown', error: checksums });
      else await judge(object, checksums, stop);
    });
  } catch (error) {
    throwIfAborted(signal);
    throw UploadError.from(error);
  } finally {
    await cache.flush();
  }
  return comparisons;
}

/** The same items, with a turn for others after every few of them. */
async function* inTurns<Item>(items: Iterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  let count = 0;
  for (const item of items) {
    yield item;
    if (++count % JUDGED_AT_ONCE !== 0) continue;
    await nextTurn();
    throwIfAborted(signal);
  }
}

/** Whether ETags that look like an MD5 may be taken for one when they say "different". */
class EtagTrial {
  private agreed = 0;
  private hasFailed: boolean;

  constructor(isExact: boolean) {
    this.hasFailed = isExact;
  }

  /** What size and ETag say, of an object of the same size; undefined when its CRC-64 has to be asked for. */
  judge(info: ObjectInfo, { md5 }: Checksums): Comparison | undefined {
    if (!needsMd5(info) || md5 === undefined) return undefined;
    if (normalEtag(info.etag) === md5) return { verdict: 'equal' };
    const isBelieved = !this.hasFailed && this.agreed >= ETAGS_ON_TRIAL;
    return isBelieved ? { verdict: 'different' } : undefined;
  }

  /** What the object says as it is now. */
  settle(before: ObjectInfo, { crc64, md5 }: Checksums, now: Looked): Comparison {
    if (now === 'missing') return { verdict: 'different' };
    if (now === 'denied') return { verdict: 'unknown' };
    if (now.sizeBytes !== before.sizeBytes) return { verdict: 'different' };
    if (now.crc64 === undefined) return { verdict: 'unknown' };
    const isEqual = now.crc64 === crc64;
    if (needsMd5(before) && md5 !== undefined) {
      if (isEqual) this.hasFailed = true;
      else this.agreed++;
    }
    return { verdict: isEqual ? 'equal' : 'different' };
  }
}

/** Whether the ETag decides, which is there to be compared when the CRC-64 is not. */
function needsMd5({ crc64, etag }: ObjectInfo): boolean {
  return crc64 === undefined && isMd5(etag);
}

/** Reads a file; the error when that cannot be done, or when it is not what it was. */
async function readChecksums(
  { request: { filePath, realPath }, local, info }: ExistingObject,
  cache: ChecksumCache,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<Checksums | UploadError> {
  try {
    const source = await SourceFile.open(realPath ?? (await realPathOf(filePath)));
    try {
      if (compareFingerprints(local, source.fingerprint) === 'changed') {
        return new UploadError('sourceChanged', `${filePath} changed while it was compared`, {
          code: 'SourceChanged',
          sourcePath: filePath,
        });
      }
      const checksums = await checksumsOf(source, needsMd5(info), pool, signal);
      // Attributes that were touched meanwhile may hide a write.
      if ((await source.change()) === 'same') {
        cache.note(stateOf(realPath ?? filePath, source.fingerprint), checksums);
      }
      return checksums;
    } finally {
      source.close();
    }
  } catch (error) {
    throwIfAborted(signal);
    return UploadError.from(error);
  }
}

/** A file and its object, after a verification. */
export interface ComparedFile<Request extends UploadRequest = UploadRequest> {
  readonly request: Request;
  readonly verdict: Comparison['verdict'] | 'missing';
  /** Why, for `unknown`. */
  readonly error?: UploadError | undefined;
  readonly localSizeBytes?: number | undefined;
  readonly info?: ObjectInfo | undefined;
}

/** All that was compared. */
export interface Verification<Request extends UploadRequest = UploadRequest> {
  /** In the order of the requests. */
  readonly files: readonly ComparedFile<Request>[];
  /** Objects below the prefixes that no file belongs to. */
  readonly onlyInOss: {
    readonly count: number;
    /** The first 10,000 of them. */
    readonly objects: readonly (ListedObject & { readonly bucket: string })[];
    /** False when there are over a million objects: then not all were looked at. */
    readonly isComplete: boolean;
  };
}

/** A place in a bucket: the objects whose keys start with its `prefix`. */
export interface ComparedPlace {
  readonly target: UploadTarget;
  readonly prefix: string;
}

/**
 * Compares each file with its object, and counts the objects of these places that belong to none of
 * them. Changes nothing. `onLooked` is told how many objects were looked at in OSS, `onProgress` then
 * how many files were compared. Rejects as {@link compareContent}, and with `accessDenied` when a
 * place may not be listed.
 */
export async function verifyObjects<Request extends UploadRequest>(
  options: CompareOptions,
  requests: readonly Request[],
  places: readonly ComparedPlace[],
  signal: AbortSignal,
  onProgress?: OnProgress,
  onLooked: (objects: number) => void = () => undefined,
): Promise<Verification<Request>> {
  try {
    let listed = 0;
    const { looked, onlyInOss } = await listPlaces(options, requests, places, signal, () => {
      onLooked(++listed);
    });
    const rest = requests.filter((request) => !looked.has(request));
    const found = await lookFor(options, rest, signal, (done) => {
      onLooked(listed + done);
    });
    rest.forEach((request, index) => looked.set(request, found[index] ?? 'missing'));
    const existing = await withFiles(requests, (request) => looked.get(request), signal);
    const comparisons = await compareContent(
      options,
      existing,
      { isExact: true },
      signal,
      onProgress,
    );
    const byRequest = new Map(existing.map((object) => [object.request, object]));
    const files = requests.map((request): ComparedFile<Request> => {
      const object = byRequest.get(request);
      if (object !== undefined) {
        const comparison = comparisons.get(object) ?? { verdict: 'unknown' };
        return {
          request,
          ...comparison,
          info: object.info,
          localSizeBytes: object.local.sizeBytes,
        };
      }
      const what = looked.get(request);
      if (what === 'missing') return { request, verdict: 'missing' };
      return { request, verdict: 'unknown', error: notSeen(request, what) };
    });
    return { files, onlyInOss };
  } catch (error) {
    throwIfAborted(signal);
    throw UploadError.from(error);
  }
}

/** Why a file has no object beside it although there may be one. */
function notSeen({ filePath, target }: UploadRequest, what: Looked | undefined): UploadError {
  const { bucket, key } = target;
  const details = { sourcePath: filePath, bucket, key };
  return what === 'denied'
    ? new UploadError('accessDenied', `${key} may not be read`, {
        ...details,
        code: 'AccessDenied',
      })
    : new UploadError('sourceMissing', `${filePath} is gone`, { ...details, code: 'ENOENT' });
}

/** What the listings of the places tell of the requests, and of all else. */
async function listPlaces<Request extends UploadRequest>(
  options: CompareOptions,
  requests: readonly Request[],
  places: readonly ComparedPlace[],
  signal: AbortSignal,
  onObject: () => void,
): Promise<{
  readonly looked: Map<Request, Looked>;
  readonly onlyInOss: Verification['onlyInOss'];
}> {
  const bucketOf = bucketOpener(options);
  const looked = new Map<Request, Looked>();
  const objects: (ListedObject & { bucket: string })[] = [];
  let [count, isComplete] = [0, true];
  for (const { target, prefix } of places) {
    const name = nameOf(target);
    const inPlace = requests.filter(
      (request) => nameOf(request.target) === name && request.target.key.startsWith(prefix),
    );
    const byKey = new Map(inPlace.map((request) => [request.target.key, request]));
    const found = new Map<Request, Looked>();
    const listing = await listAll(await bucketOf(target), prefix, signal, (object) => {
      onObject();
      const request = byKey.get(object.key);
      if (request !== undefined) found.set(request, object);
      else if (++count <= MOST_NAMES) objects.push({ ...object, bucket: target.bucket });
    });
    if (!listing.isComplete) isComplete = false;
    if (!listing.isProven) continue;
    for (const request of inPlace) {
      const object = found.get(request) ?? (listing.isComplete ? 'missing' : undefined);
      if (object !== undefined) looked.set(request, object);
    }
  }
  return { looked, onlyInOss: { count, objects, isComplete } };
}
