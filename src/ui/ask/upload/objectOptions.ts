/** What an object is stored as, read from texts that the user typed. Knows no editor. */
import { UploadError, validateObjectOptions } from '../../../engine/index';
import type { ObjectOptions } from '../../../engine/index';
import type { Rule } from '../../text/keyNames';
import type { Localizer } from '../../text/words';

/** Who may read an object; without `default`, which is to say nothing. */
export const ACLS = ['private', 'public-read', 'public-read-write'] as const;

/** Storage classes, from the quickest to the cheapest. */
export const STORAGE_CLASSES = [
  'Standard',
  'IA',
  'Archive',
  'ColdArchive',
  'DeepColdArchive',
] as const;

/** A value of OSS that its console and its documentation call by a name. */
export type NamedValue = (typeof ACLS)[number] | (typeof STORAGE_CLASSES)[number];

const NAMES: Readonly<Record<NamedValue, (l10n: Localizer) => string>> = {
  private: (l10n) => l10n.t('Private'),
  'public-read': (l10n) => l10n.t('Public Read'),
  'public-read-write': (l10n) => l10n.t('Public Read/Write'),
  Standard: (l10n) => l10n.t('Standard'),
  IA: (l10n) => l10n.t('Infrequent Access'),
  Archive: (l10n) => l10n.t('Archive'),
  ColdArchive: (l10n) => l10n.t('Cold Archive'),
  DeepColdArchive: (l10n) => l10n.t('Deep Cold Archive'),
};

/** The name of a value, and the value itself where that says more; whoever knows OSS types it. */
export function nameOfValue(
  value: NamedValue,
  l10n: Localizer,
): { readonly label: string; readonly description: string } {
  const label = NAMES[value](l10n);
  return { label, description: label.toLowerCase() === value.toLowerCase() ? '' : value };
}

/** The limits of `x-oss-traffic-limit` in KiB/s: 819,200 to 838,860,800 bit/s. */
const MIN_TRAFFIC_KIB = 100;
const MAX_TRAFFIC_KIB = 102_400;
const BITS_PER_KIB = 8192;

/** Names and values such as `project=web; owner=me`. */
export function parsePairs(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = text
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  const entries: [string, string][] = [];
  for (const pair of pairs) {
    const [, name = '', value = ''] = pair ?? [];
    if (name.trim() === '') return undefined;
    entries.push([name.trim(), value.trim()]);
  }
  const isDistinct = new Set(entries.map(([name]) => name)).size === entries.length;
  return isDistinct ? Object.fromEntries(entries) : undefined;
}

/** Tags: at most ten, names up to 128 and values up to 256 characters. */
export function tagsProblem(text: string): Rule | undefined {
  const tags = parsePairs(text);
  if (tags === undefined) return 'pairs';
  const entries = Object.entries(tags);
  const allowed = /^[A-Za-z0-9 +=._:/-]*$/;
  const isRight = entries.every(
    ([name, value]) =>
      name.length <= 128 && value.length <= 256 && allowed.test(name) && allowed.test(value),
  );
  return entries.length <= 10 && isRight ? undefined : 'tags';
}

/** Metadata travels in headers: names are tokens, and all of it is at most 8 KB. */
export function metadataProblem(text: string): Rule | undefined {
  const metadata = parsePairs(text);
  if (metadata === undefined) return 'pairs';
  const names = Object.keys(metadata).map((name) => name.toLowerCase());
  const isRight = names.every((name) => /^[a-z0-9-]+$/.test(name));
  const isDistinct = new Set(names).size === names.length;
  return isRight && isDistinct && Buffer.byteLength(text) <= 8192 ? undefined : 'metadata';
}

/** Metadata with lower-case names, as the engine takes it. */
export function parseMetadata(text: string): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(parsePairs(text) ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

/** Tags as the engine takes them; undefined when there are none. */
export function parseTags(text: string): Readonly<Record<string, string>> | undefined {
  const tags = parsePairs(text) ?? {};
  return Object.keys(tags).length === 0 ? undefined : tags;
}

/** A whole number of KiB per second; '' is no limit. */
export function trafficLimitProblem(text: string): Rule | undefined {
  if (text === '') return undefined;
  const value = Number(text);
  const isRight = /^\d+$/.test(text) && value >= MIN_TRAFFIC_KIB && value <= MAX_TRAFFIC_KIB;
  return isRight ? undefined : 'trafficLimit';
}

/** KiB per second as bits per second, which is what OSS counts in. */
export function trafficLimitBits(text: string): number | undefined {
  return text === '' ? undefined : Number(text) * BITS_PER_KIB;
}

/** The application that OSS calls after the object is stored, by the engine's rule; '' is none. */
export function callbackProblem(text: string): Rule | undefined {
  try {
    validateObjectOptions({ callback: callbackOf(text) });
    return undefined;
  } catch (error) {
    if (UploadError.is(error, 'invalidArgument')) return 'callback';
    throw error;
  }
}

/** What OSS tells the application: place, size and kind of the object. */
export function callbackOf(url: string): ObjectOptions['callback'] {
  if (url === '') return undefined;
  return {
    url,
    body: 'bucket=${bucket}&object=${object}&etag=${etag}&size=${size}&mimeType=${mimeType}',
  };
}

/** A header's value: printable ASCII, on one line. */
export function headerProblem(text: string): Rule | undefined {
  return /^[\x20-\x7e]*$/.test(text) ? undefined : 'header';
}
