/** Names that OSS knows: buckets, regions, folders, keys. What is allowed, and how one is made. */
import path from 'node:path';

import { checkObjectKey } from '../../engine/index';
import type {
  BucketNameProblem,
  EndpointProblem,
  GlobProblem,
  ObjectKeyProblem,
  RegionProblem,
} from '../../engine/index';

/** A rule that what the user wrote does not keep; `ruleText` has the sentence for each. */
export type Rule =
  | BucketNameProblem
  | RegionProblem
  | ObjectKeyProblem
  | EndpointProblem
  | GlobProblem
  | 'urlBase'
  | 'accessKeyId'
  | 'secret'
  | 'tokenMissing'
  | 'required'
  | 'profileName'
  | 'prefixVariable'
  | 'prefixDots'
  | 'partSize'
  | 'trafficLimit'
  | 'pairs'
  | 'tags'
  | 'metadata'
  | 'header'
  | 'callback'
  | 'text'
  | 'list'
  | 'flag'
  | 'long'
  | 'unseen';

/** What may stand as `${name}` in a prefix. */
const VARIABLES = ['workspaceFolderBasename', 'relativeDir', 'yyyy', 'MM', 'dd'] as const;
const VARIABLE = /\$\{(\w+)\}/g;

/**
 * A folder in the bucket: as a key, but it may be empty, and slashes around it do not matter. Its
 * variables exist, and none of its names is `.` or `..`: OSS would store it, but whatever takes a
 * link apart, such as a browser, would ask for another object.
 */
export function prefixProblem(prefix: string): Rule | undefined {
  const normalized = normalizePrefix(prefix);
  const variables = [...prefix.matchAll(VARIABLE)].map((match) => match[1] ?? '');
  if (!variables.every(isVariable)) return 'prefixVariable';
  if (normalized.split('/').some((name) => name === '.' || name === '..')) return 'prefixDots';
  return unseenProblem(prefix) ?? (normalized === '' ? undefined : checkObjectKey(normalized));
}

/** '' or a web address to which keys are appended. */
export function urlBaseProblem(urlBase: string): Rule | undefined {
  if (urlBase === '') return undefined;
  const isUrl = /^https?:\/\//.test(urlBase) && URL.canParse(urlBase);
  const url = isUrl ? new URL(urlBase) : undefined;
  const isPlain = url?.username === '' && url.search === '' && url.hash === '';
  return isPlain ? unseenProblem(urlBase) : 'urlBase';
}

/** What is not seen, and moves or hides what is: it would get into links, and into the clipboard. */
export function unseenProblem(text: string): Rule | undefined {
  return /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b\ufeff]/u.test(text) ? 'unseen' : undefined;
}

/** A secret has no blank inside; those around it come from copying and are cut off before. */
export function secretProblem(secret: string): Rule | undefined {
  if (secret === '') return 'required';
  return /^[\x21-\x7e]+$/.test(secret) ? undefined : 'secret';
}

/** A token may be left out, but a temporary AccessKey is refused by OSS without its own. */
export function tokenProblem(token: string, accessKeyId: string): Rule | undefined {
  if (token !== '') return secretProblem(token);
  return accessKeyId.startsWith('STS.') ? 'tokenMissing' : undefined;
}

/** AccessKey IDs are letters, digits and few signs. */
export function accessKeyIdProblem(id: string): Rule | undefined {
  if (id === '') return 'required';
  return /^[A-Za-z0-9._-]{4,128}$/.test(id) ? undefined : 'accessKeyId';
}

/** Names of stored credentials: short, without control characters, because they are shown. */
export function profileProblem(name: string): Rule | undefined {
  return /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u.test(name) ? undefined : 'profileName';
}

/** Without slashes in front, with one at the end unless it is empty. */
export function normalizePrefix(prefix: string): string {
  const inner = prefix.trim().replace(/^[/\\]+/, '');
  return inner === '' || inner.endsWith('/') ? inner : `${inner}/`;
}

/** What the variables of a prefix stand for. */
export interface PrefixVariables {
  /** Absolute path of the file or folder that is uploaded. */
  readonly filePath: string;
  /** Absolute path of the workspace folder it lies in; '' when it lies in none. */
  readonly workspaceFolderPath: string;
  readonly now: Date;
}

/** Replaces the variables of a prefix and normalizes it. Unknown ones stay as they are. */
export function expandPrefix(
  prefix: string,
  variables: PrefixVariables,
  platform: Pick<typeof path, 'basename' | 'dirname' | 'relative' | 'sep'> = path,
): string {
  const { filePath, workspaceFolderPath, now } = variables;
  const inside = workspaceFolderPath !== '';
  const values: Readonly<Record<(typeof VARIABLES)[number], string>> = {
    workspaceFolderBasename: inside ? platform.basename(workspaceFolderPath) : '',
    relativeDir: inside
      ? platform
          .relative(workspaceFolderPath, platform.dirname(filePath))
          .split(platform.sep)
          // The workspace folder itself may be uploaded; its parent has no place in the bucket.
          .filter((name) => name !== '..')
          .join('/')
      : '',
    yyyy: String(now.getFullYear()).padStart(4, '0'),
    MM: String(now.getMonth() + 1).padStart(2, '0'),
    dd: String(now.getDate()).padStart(2, '0'),
  };
  const replaced = prefix.replace(VARIABLE, (text, name: string) =>
    isVariable(name) ? values[name] : text,
  );
  // An empty variable in the middle would leave two slashes, an empty folder name in OSS.
  const collapsed = prefix.includes('${') ? replaced.replace(/\/{2,}/g, '/') : replaced;
  return normalizePrefix(collapsed);
}

/** Key of the n-th copy that keeps the existing object: `a/video.mp4` → `a/video-1.mp4`. */
export function numberedKey(key: string, n: number): string {
  const folderEnd = key.lastIndexOf('/') + 1;
  const name = key.slice(folderEnd);
  // A leading dot starts a hidden file's name, not its extension.
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${key.slice(0, folderEnd)}${stem}-${n}${extension}`;
}

function isVariable(name: string): name is (typeof VARIABLES)[number] {
  return VARIABLES.some((known) => known === name);
}
