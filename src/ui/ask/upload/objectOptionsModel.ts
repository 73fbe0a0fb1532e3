/** What an object is stored as, read from texts that the user typed. Knows no editor. */
import { ACLS, UploadError, validateObjectOptions } from '../../../engine/index';
import type { ObjectOptions, STORAGE_CLASSES } from '../../../engine/index';
import type { Rule } from '../../text/keyNames';
import type { Localizer } from '../../text/words';

/** Who may read an object, as it can be chosen: without `default`, which is to say nothing. */
export const CHOSEN_ACLS = ACLS.filter((acl) => acl !== 'default');

/** A value of OSS that its console and its documentation call by a name. */
export type NamedValue = (typeof CHOSEN_ACLS)[number] | (typeof STORAGE_CLASSES)[number];

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

/** The name of a value, and the value itself where that says more; that is what is typed to find it. */
export function nameOfValue(
  value: NamedValue,
  l10n: Localizer,
): { readonly label: string; readonly description: string } {
  const label = NAMES[value](l10n);
  return { label, description: label.toLowerCase() === value.toLowerCase() ? '' : value };
}

/** One KiB in bits: people count in the one, OSS in the other. */
const BITS_PER_KIB = 8192;

/** More than OSS takes in any header, so that what is pasted by mistake costs nothing. */
const MOST_CHARACTERS = 64 * 1024;

/** Names and values such as `project=web; owner=me`. */
export function parsePairs(text: string): Readonly<Record<string, string>> | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
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

/** The rule that was broken, if these are no pairs, or the engine refuses what they make. */
function problemOfPairs(text: string, rule: Rule, object: ObjectOptions): Rule | undefined {
  return parsePairs(text) === undefined ? 'pairs' : problemOf(rule, object);
}

/** The rule, if the engine refuses such an object. */
function problemOf(rule: Rule, object: ObjectOptions): Rule | undefined {
  try {
    validateObjectOptions(object);
    return undefined;
  } catch (error) {
    if (UploadError.is(error, 'invalidArgument')) return rule;
    throw error;
  }
}

/** Tags: how many, and how long, is the engine's rule. */
export function tagsProblem(text: string): Rule | undefined {
  return problemOfPairs(text, 'tags', { tags: parseTags(text) });
}

/** Metadata: by the engine's rule, which knows lower-case names only; two must not become one. */
export function metadataProblem(text: string): Rule | undefined {
  const metadata = parseMetadata(text);
  const count = (pairs: object = {}): number => Object.keys(pairs).length;
  return count(metadata) === count(parsePairs(text))
    ? problemOfPairs(text, 'metadata', { metadata })
    : 'metadata';
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

/** A whole number of KiB per second, within the engine's limits; '' is no limit. */
export function trafficLimitProblem(text: string): Rule | undefined {
  if (!/^\d*$/.test(text)) return 'trafficLimit';
  return problemOf('trafficLimit', { trafficLimitBitsPerSecond: trafficLimitBits(text) });
}

/** KiB per second as bits per second, which is what OSS counts in. */
export function trafficLimitBits(text: string): number | undefined {
  return text === '' ? undefined : Number(text) * BITS_PER_KIB;
}

/** The application that OSS calls after the object is stored, by the engine's rule; '' is none. */
export function callbackProblem(text: string): Rule | undefined {
  return problemOf('callback', { callback: callbackOf(text) });
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
