import { stat } from 'node:fs/promises';
import { systemClock } from '../base/clock';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import { UploadError, throwIfAborted } from '../contract/errors';
import { runParallel } from '../base/runParallel';
import type { ObjectInfo, OpenStore, UploadTarget } from '../contract/ports';
import { findObjects } from './objectLookup';
import type { Looked } from './objectLookup';
import { RequestRunner, WakeUp } from './requestRunner';
import type { RequestMonitor, RetryPolicy } from './requestRunner';
import { fingerprintOf } from '../file/fingerprint';
import type { Fingerprint } from '../file/fingerprint';
import type { UploadRequest } from '../contract/transfers';

/** Files that are looked at, at the same time. */
const STATS_AT_ONCE = 32;
/** Tries of one request. */
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

/** How far something is: so many files of all. */
export type OnProgress = (done: number, total: number) => void;

/** An object that is there already, the request that would replace it, and the file of that. */
export interface ExistingObject<Request extends UploadRequest = UploadRequest> {
  readonly request: Request;
  /** Without a CRC-64 where it comes from a listing. */
  readonly info: ObjectInfo;
  /** The file as it was when the object was found. */
  readonly local: Fingerprint;
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
  onProgress?: OnProgress,
): Promise<readonly ExistingObject<Request>[]> {
  try {
    const looked = await lookFor(options, requests, signal, onProgress);
    return await withFiles(requests, (_request, index) => looked[index], signal);
  } catch (error) {
    throwIfAborted(signal);
    throw UploadError.from(error);
  }
}

/** The objects that are there, with the files that are, in the order of the requests. */
export async function withFiles<Request extends UploadRequest>(
  requests: readonly Request[],
  lookedOf: (request: Request, index: number) => Looked | undefined,
  signal: AbortSignal,
): Promise<readonly ExistingObject<Request>[]> {
  const found = new Array<ExistingObject<Request> | undefined>(requests.length);
  await runParallel(requests.entries(), STATS_AT_ONCE, signal, async ([index, request]) => {
    const info = lookedOf(request, index);
    if (typeof info !== 'object') return;
    const local = await fingerprintAt(request.filePath);
    if (local !== undefined) found[index] = { request, info, local };
  });
  return found.filter((existing) => existing !== undefined);
}

/** The fingerprint of a file; undefined when it is gone. */
async function fingerprintAt(filePath: string): Promise<Fingerprint | undefined> {
  return stat(filePath, { bigint: true }).then(fingerprintOf, () => undefined);
}

/** What is at the target of each request, bucket by bucket. */
export async function lookFor(
  options: LookupOptions,
  requests: readonly UploadRequest[],
  signal: AbortSignal,
  onProgress?: OnProgress,
): Promise<readonly (Looked | undefined)[]> {
  const bucketOf = bucketOpener(options);
  const byBucket = new Map<string, UploadTarget[]>();
  for (const { target } of requests) {
    const name = nameOf(target);
    const ofBucket = byBucket.get(name);
    if (ofBucket === undefined) byBucket.set(name, [target]);
    else ofBucket.push(target);
  }
  const looked = new Map<string, ReadonlyMap<string, Looked>>();
  let done = 0;
  // Side by side, as single requests to all of them would be.
  await runParallel(byBucket, byBucket.size, signal, async ([name, targets], stop) => {
    const [first] = targets;
    if (first === undefined) return;
    const keys = targets.map(({ key }) => key);
    const objects = await findObjects(await bucketOf(first), keys, stop, (count) => {
      done += count;
      onProgress?.(done, requests.length);
    });
    looked.set(name, objects);
  });
  return requests.map(({ target }) => looked.get(nameOf(target))?.get(target.key));
}

/** Opens a bucket once for all requests that share it, its region and credentials. */
export function bucketOpener({
  openStore,
  logger,
  clock = systemClock,
}: LookupOptions): (target: UploadTarget) => Promise<RequestRunner> {
  const environment = { ...UNLIMITED, logger, clock, wakeUp: new WakeUp(), random: Math.random };
  const buckets = new Map<string, Promise<RequestRunner>>();
  return (target) => {
    const name = nameOf(target);
    const bucket =
      buckets.get(name) ??
      openStore(target).then((store) => new RequestRunner(environment, store, IMPATIENT, UNSEEN));
    buckets.set(name, bucket);
    return bucket;
  };
}

/** The same for targets that are reached in the same way. */
export function nameOf({ bucket, region, profile }: UploadTarget): string {
  return `${bucket}\0${region}\0${profile}`;
}
