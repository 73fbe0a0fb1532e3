/** What becomes of files whose objects already exist. Knows no editor. */
import { UploadError } from '../../../engine/index';
import type { ExistingObject, UploadOptions, UploadRequest } from '../../../engine/index';
import { formatBytes, formatDate, sizesApart } from '../../text/format';
import type { Words } from '../../text/words';
import { numberedKey } from '../../text/keyNames';
import type { IfExists } from '../../settings/settingsModel';

/** What becomes of one of them; `unchanged` is skipped, because it has the bytes of the file. */
export type ConflictAnswer = 'overwrite' | 'skip' | 'rename' | 'unchanged';

/** What the settings say about a file: each workspace folder has its own. */
export type IfExistsOf<Request extends UploadRequest = UploadRequest> = (
  request: Request,
) => IfExists;

/** Asks OSS which of these objects exist. */
export type FindTaken = (requests: readonly UploadRequest[]) => Promise<readonly UploadRequest[]>;

/** A bucket that has so many copies of a name, or says so of any name, has no free one. */
const MOST_NUMBERS = 1000;

/** Options that allow to replace an object or not, by those they are made of: files share them. */
const allowing = new WeakMap<UploadOptions, UploadOptions>();
const refusing = new WeakMap<UploadOptions, UploadOptions>();

/** The same request, allowed to replace the object or not. */
export function withOverwrite<Request extends UploadRequest>(
  request: Request,
  isAllowed: boolean,
): Request {
  // Most of them as they are: there may be a hundred thousand.
  if (request.options.forbidOverwrite === !isAllowed) return request;
  const known = isAllowed ? allowing : refusing;
  const options = known.get(request.options) ?? { ...request.options, forbidOverwrite: !isAllowed };
  known.set(request.options, options);
  return { ...request, options };
}

/** The requests, of which those may replace an object whose settings say so. */
export function withSettings<Request extends UploadRequest>(
  requests: readonly Request[],
  ifExists: IfExistsOf<Request>,
): readonly Request[] {
  return requests.map((request) => withOverwrite(request, ifExists(request) === 'overwrite'));
}

/** Whether an object has to be looked for, because the request must not replace it. */
export function isCareful(request: UploadRequest): boolean {
  return request.options.forbidOverwrite;
}

/** What the settings answer for objects that exist, by {@link objectOf}, and what is left to ask. */
export function answeredBySettings<
  Request extends UploadRequest,
  T extends { readonly request: Request },
>(
  existing: readonly T[],
  ifExists: IfExistsOf<Request>,
): {
  readonly answers: ReadonlyMap<string, ConflictAnswer>;
  /** Those whose content decides. */
  readonly toCompare: readonly T[];
  readonly open: readonly T[];
} {
  const answers = new Map<string, ConflictAnswer>();
  const toCompare: T[] = [];
  const open: T[] = [];
  for (const object of existing) {
    const answer = ifExists(object.request);
    if (answer === 'ask') open.push(object);
    else if (answer === 'skipIdentical') toCompare.push(object);
    else answers.set(objectOf(object.request), answer);
  }
  return { answers, toCompare, open };
}

/** Identity of the object a request or a transfer makes. */
export function objectOf(request: Pick<UploadRequest, 'target'>): string {
  return `${request.target.bucket}/${request.target.key}`;
}

/**
 * Gives requests keys that are free: `name-1`, `name-2`, … Keys in `reserved` are those of the rest
 * of the batch, which do not exist yet but will. Throws `alreadyExists` where a thousand are taken.
 */
export async function renameAll(
  requests: readonly UploadRequest[],
  reserved: readonly UploadRequest[],
  findTaken: FindTaken,
): Promise<readonly UploadRequest[]> {
  const used = new Set(reserved.map(objectOf));
  const free = new Map<UploadRequest, UploadRequest>();
  let open = requests;
  for (let number = 1; open.length > 0; number++) {
    const { bucket, key } = open[0]?.target ?? {};
    if (number > MOST_NUMBERS) {
      const message = `${key} and ${MOST_NUMBERS} names like it are taken`;
      throw new UploadError('alreadyExists', message, { code: 'NoFreeName', bucket, key });
    }
    const tried = new Map<UploadRequest, UploadRequest>();
    for (const request of open) {
      const key = numberedKey(request.target.key, number);
      const renamed = withOverwrite({ ...request, target: { ...request.target, key } }, false);
      if (!used.has(objectOf(renamed))) tried.set(request, renamed);
    }
    const taken = new Set((await findTaken([...tried.values()])).map(objectOf));
    for (const [request, renamed] of tried) {
      // Two of them may want the same name: the first one gets it.
      if (taken.has(objectOf(renamed)) || used.has(objectOf(renamed))) continue;
      free.set(request, renamed);
      used.add(objectOf(renamed));
    }
    open = open.filter((request) => !free.has(request));
  }
  return requests.map((request) => free.get(request) ?? request);
}

/**
 * Two files of a batch that would become the same object, such as `a/x.txt` and `b/x.txt` chosen
 * together: the later ones get a number, so that none replaces the other unseen.
 */
export function withDistinctKeys<Request extends UploadRequest>(
  requests: readonly Request[],
): readonly Request[] {
  if (!hasEqualKeys(requests)) return requests;
  const used = new Set<string>();
  // Keys that are asked for as they are go first; a number must not take them.
  const wanted = new Set(requests.map(objectOf));
  /** By name, the first number that is not known to be taken. */
  const next = new Map<string, number>();
  return requests.map((request) => {
    let distinct = request;
    while (used.has(objectOf(distinct))) {
      const number = next.get(objectOf(request)) ?? 1;
      next.set(objectOf(request), number + 1);
      const key = numberedKey(request.target.key, number);
      const candidate = { ...request, target: { ...request.target, key } };
      if (!wanted.has(objectOf(candidate))) distinct = candidate;
    }
    used.add(objectOf(distinct));
    return distinct;
  });
}

/** Whether two of them would become one object; makes no text for each of them. */
function hasEqualKeys(requests: readonly UploadRequest[]): boolean {
  const known = new Map<string, Set<string>>();
  return requests.some(({ target: { bucket, key } }) => {
    const keys = known.get(bucket) ?? new Set();
    known.set(bucket, keys);
    return keys.size === keys.add(key).size;
  });
}

/** File and object side by side. */
export interface Facts {
  /** Which is the larger, in few words. */
  readonly verdict: string;
  /** Sizes and dates of both, on one line. */
  readonly line: string;
}

/**
 * What is known of files and of the objects they would replace. Sizes that would read the same and
 * are not are told to the byte; of several the sizes are added up, and the newest date is told.
 */
export function factsOf(existing: readonly ExistingObject[], { l10n, language }: Words): Facts {
  const localBytes = sum(existing.map(({ local }) => local.sizeBytes));
  const ossBytes = sum(existing.map(({ info }) => info.sizeBytes));
  const [local, oss] = sizesApart(localBytes, ossBytes, language);
  const date = (times: readonly (number | undefined)[]): string => {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? '?' : formatDate(Math.max(...known), language, 'short');
  };
  const line = l10n.t('local: {local}, {localDate} · in OSS: {oss}, {ossDate}', {
    local,
    localDate: date(existing.map(({ local }) => Number(local.mtimeNs) / 1e6)),
    oss,
    ossDate: date(existing.map(({ info }) => info.lastModifiedMs)),
  });
  const n = formatBytes(Math.abs(localBytes - ossBytes), language);
  const isOne = existing.length === 1;
  if (localBytes === ossBytes) {
    const verdict = isOne ? l10n.t('same size') : l10n.t('same size in all, newest dates');
    return { verdict, line };
  }
  if (localBytes > ossBytes) {
    const larger = isOne
      ? l10n.t('{n} larger than in OSS', { n })
      : l10n.t('{n} larger in all, newest dates', { n });
    return { verdict: larger, line };
  }
  const smaller = isOne
    ? l10n.t('{n} smaller than in OSS', { n })
    : l10n.t('{n} smaller in all, newest dates', { n });
  return { verdict: smaller, line };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
