import { compareUtf8 } from '../base/utf8Order';
import { runParallel } from '../base/runParallel';
import { UploadError } from '../contract/errors';
import type { ListedObject, ObjectInfo } from '../contract/ports';
import type { RequestRunner } from './requestRunner';

/** HeadObject requests at the same time: latency is all they cost. */
export const HEADS_AT_ONCE = 16;
/** Fewer keys than this are asked for one by one. */
const FEW_KEYS = 64;
/**
 * A page of a listing takes OSS as long as a few rounds of HeadObject side by side. So a listing that
 * settles fewer keys a page than this, because of objects that nobody asked for, is given up.
 */
const LEAST_KEYS_PER_PAGE = 32;
/** Pages before that is judged. */
const PAGES_ON_TRIAL = 2;
/** Parts of the keys that are listed side by side, of so many keys at least. */
const RANGES_AT_ONCE = 4;
const LEAST_KEYS_PER_RANGE = 1000;
/** A million objects of one prefix: nobody waits for more. */
const MOST_PAGES = 1000;

/** What is known of a key: the object, that there is none (`missing`), or that it may not be seen. */
export type Looked = ObjectInfo | 'missing' | 'denied';

/**
 * Looks for objects of one bucket, each key once: by pages of ListObjectsV2 where that takes fewer
 * requests, else by HeadObject. What is listed comes without a CRC-64. `onSettled` is told how many
 * keys more are settled. Rejects as {@link RequestRunner.send}.
 */
export async function findObjects(
  bucket: RequestRunner,
  keys: Iterable<string>,
  signal: AbortSignal,
  onSettled: (count: number) => void = () => undefined,
): Promise<ReadonlyMap<string, Looked>> {
  const looked = new Map<string, Looked>();
  const sorted = [...new Set(keys)].sort(compareUtf8);
  const open: string[] = [];
  if (sorted.length < FEW_KEYS) open.push(...sorted);
  else {
    const most = Math.max(LEAST_KEYS_PER_RANGE, Math.ceil(sorted.length / RANGES_AT_ONCE));
    const ranges = [];
    for (let at = 0; at < sorted.length; at += most) ranges.push(sorted.slice(at, at + most));
    await runParallel(ranges, RANGES_AT_ONCE, signal, async (range, stop) => {
      open.push(...(await listRange(bucket, range, looked, stop, onSettled)));
    });
  }
  await runParallel(open, HEADS_AT_ONCE, signal, async (key, stop) => {
    looked.set(key, await headObject(bucket, key, stop));
    onSettled(1);
  });
  return looked;
}

/** HeadObject of one key. */
export async function headObject(
  bucket: RequestRunner,
  key: string,
  signal: AbortSignal,
): Promise<Looked> {
  try {
    const info = await bucket.send(`head ${key}`, signal, () =>
      bucket.store.headObject(key, { signal }),
    );
    return info ?? 'missing';
  } catch (error) {
    if (UploadError.is(error, 'accessDenied')) return 'denied';
    throw error;
  }
}

/** How far a listing can be relied on. */
export interface Listing {
  /** False when there are over a million objects: then not all were listed. */
  readonly isComplete: boolean;
  /** Whether each page is OSS's beyond doubt. */
  readonly isProven: boolean;
}

/** Every object whose key starts with a prefix, up to a million. */
export async function listAll(
  bucket: RequestRunner,
  prefix: string,
  signal: AbortSignal,
  onObject: (object: ListedObject) => void,
): Promise<Listing> {
  let [last, isProven] = ['', true];
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await list(bucket, prefix, last, signal);
    for (const object of page.objects) onObject(object);
    isProven &&= page.requestId !== undefined;
    if (!page.isTruncated) return { isComplete: true, isProven };
    last = page.objects.at(-1)?.key ?? last;
  }
  return { isComplete: false, isProven };
}

/**
 * Lists from one wanted key to the next; returns the keys that it did not get to: because there are
 * too many others, listing is not allowed, or it is not sure that OSS answered.
 */
async function listRange(
  bucket: RequestRunner,
  range: readonly string[],
  looked: Map<string, Looked>,
  signal: AbortSignal,
  onSettled: (count: number) => void,
): Promise<readonly string[]> {
  const wanted = new Set(range);
  const prefix = commonPrefix(range[0] ?? '', range.at(-1) ?? '');
  let [settled, last] = [0, ''];
  for (let pages = 0; pages < PAGES_ON_TRIAL + settled / LEAST_KEYS_PER_PAGE; pages++) {
    const next = range[settled];
    if (next === undefined) break;
    const start = justBefore(next);
    let page;
    try {
      page = await list(bucket, prefix, compareUtf8(start, last) > 0 ? start : last, signal);
    } catch (error) {
      // Who may look at objects need not be allowed to list them.
      if (UploadError.is(error, 'accessDenied')) break;
      throw error;
    }
    if (page.requestId === undefined) break;
    for (const { key, ...info } of page.objects) if (wanted.has(key)) looked.set(key, info);
    last = page.objects.at(-1)?.key ?? last;
    const before = settled;
    while (
      settled < range.length &&
      (!page.isTruncated || compareUtf8(range[settled] ?? '', last) <= 0)
    ) {
      const key = range[settled++] ?? '';
      if (!looked.has(key)) looked.set(key, 'missing');
    }
    onSettled(settled - before);
  }
  return range.slice(settled);
}

function list(
  bucket: RequestRunner,
  prefix: string,
  startAfter: string,
  signal: AbortSignal,
): ReturnType<RequestRunner['store']['listObjects']> {
  return bucket.send(`list ${prefix}`, signal, () =>
    bucket.store.listObjects(prefix, startAfter, { signal }),
  );
}

/** What two texts begin with, of whole characters: that of a sorted list is that of its ends. */
function commonPrefix(first: string, last: string): string {
  let prefix = '';
  for (const character of first) {
    if (!last.startsWith(prefix + character)) break;
    prefix += character;
  }
  return prefix;
}

/** A place in a listing before a key, and behind most of what comes before it. */
function justBefore(key: string): string {
  const code = key.charCodeAt(key.length - 1);
  // Only among letters and signs that every answer can repeat.
  if (code > 0x21 && code < 0x7f) return key.slice(0, -1) + String.fromCharCode(code - 1);
  const isPair = code >= 0xdc00 && code < 0xe000;
  return key.slice(0, isPair ? -2 : -1);
}
