import { withFacts } from './words';
import type { OneOrMany, Words } from './words';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** A size in binary units with one decimal: `1.2 GB`, `512 B`. */
export function formatBytes(bytes: number, language: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.95 would be rounded to "1,024.0", so it already belongs to the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : 1;
  const number = numbers(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
  return `${number} ${UNITS[unit] ?? ''}`;
}

/** A speed: `8.4 MB/s`. */
export function formatSpeed(bytesPerSecond: number, language: string): string {
  return `${formatBytes(bytesPerSecond, language)}/s`;
}

/** A count with the separators of the language: `1,240`. */
export function formatCount(count: number, language: string): string {
  return numbers(language).format(count);
}

/** The text for so many things; `{n}` in it is their number. */
export function counted([one, many]: OneOrMany, count: number, { l10n, language }: Words): string {
  const text = count === 1 ? one : many;
  return text(withFacts(l10n, { n: formatCount(count, language) }));
}

/**
 * A duration in one or two units, coarser the longer it is, because an estimate of hours is not
 * right to the second: `40 sec`, `2 min`, `1 hr 5 min`, `3 days`.
 */
export function formatDuration(seconds: number, language: string): string {
  const unit = (value: number, name: 'second' | 'minute' | 'hour' | 'day'): string =>
    numbers(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  if (seconds < 55) {
    const rounded = seconds < 10 ? Math.max(1, Math.round(seconds)) : Math.round(seconds / 5) * 5;
    return unit(rounded, 'second');
  }
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return unit(minutes, 'minute');
  if (minutes < 24 * 60) {
    const hours = Math.floor(minutes / 60);
    // Steps of five minutes; the last one would read "1 hr 60 min" if it were rounded up.
    const rest = Math.floor((minutes % 60) / 5) * 5;
    return rest === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(rest, 'minute')}`;
  }
  return unit(Math.round(minutes / (24 * 60)), 'day');
}

/** How much is done, 0 to 100 and whole. 100 only when nothing is missing. */
export function percentOf(doneBytes: number, sizeBytes: number): number {
  if (sizeBytes <= 0) return 0;
  const share = Math.floor((doneBytes * 100) / sizeBytes);
  return Math.min(100, Math.max(0, share));
}

/** How long ago something was: `just now`, `3 hours ago`, `昨天`. */
export function formatAge(thenMs: number, nowMs: number, { l10n, language }: Words): string {
  const minutes = Math.floor((nowMs - thenMs) / 60_000);
  // Also what another computer's clock puts into the future.
  if (minutes < 1) return l10n.t('just now');
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  if (minutes < 60) return relative.format(-minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  // "Yesterday" is about the calendar, so the days are counted from midnight to midnight.
  const days = Math.round((midnight(nowMs) - midnight(thenMs)) / 86_400_000);
  if (days < 1) return relative.format(-hours, 'hour');
  if (days < 30) return relative.format(-days, 'day');
  return days < 365
    ? relative.format(-Math.floor(days / 30), 'month')
    : relative.format(-Math.floor(days / 365), 'year');
}

/** Two sizes as texts: to the byte where they differ and would read the same. */
export function sizesApart(
  one: number,
  other: number,
  language: string,
): readonly [string, string] {
  const isClose = one !== other && formatBytes(one, language) === formatBytes(other, language);
  const text = (bytes: number): string =>
    isClose ? `${formatCount(bytes, language)} B` : formatBytes(bytes, language);
  return [text(one), text(other)];
}

/** Date and time of day, in the form of the language; `short` where a line holds two of them. */
export function formatDate(
  timeMs: number,
  language: string,
  dateStyle: 'medium' | 'short' = 'medium',
): string {
  return dates(language, { dateStyle, timeStyle: 'short' }).format(timeMs);
}

/** The time of day, of another day the date: short, and right for as long as the day lasts. */
export function formatWhen(thenMs: number, nowMs: number, language: string): string {
  const isToday = midnight(thenMs) === midnight(nowMs);
  return dates(language, isToday ? { timeStyle: 'short' } : { dateStyle: 'medium' }).format(thenMs);
}

/**
 * The name of a file in so many columns, its beginning and its end: `holiday-in-…-2026.mp4`. A
 * Chinese character and an emoji take two of them.
 */
export function shortName(name: string, mostColumns: number): string {
  if (name.length <= mostColumns && !WIDE.test(name)) return name;
  // Of a name without end, both ends are all that is looked at.
  const reach = mostColumns * LONGEST_SIGN;
  const isLong = name.length > 2 * reach;
  const signs = signsOf(isLong ? name.slice(0, reach) : name);
  if (!isLong && columnsOf(signs) <= mostColumns) return name;
  const lastSigns = isLong ? signsOf(name.slice(-reach)) : signs;
  const end = Math.floor((mostColumns - 1) / 2);
  const first = fitting(signs, mostColumns - 1 - end);
  const last = fitting(lastSigns.toReversed(), end).reverse();
  return `${first.join('')}…${last.join('')}`;
}

/** An emoji of a family has 11 units in a text. */
const LONGEST_SIGN = 16;

/** The name of a file where a sentence or a line of a list goes on behind it. */
export function nameInSentence(name: string): string {
  return shortName(name, SENTENCE_COLUMNS);
}

/** A longer name would hide the verdict that it is about. */
const SENTENCE_COLUMNS = 48;

/** The name of a file in a row of the view, so that its state beside it is seen whole. */
export function nameInRow(name: string, state: string): string {
  const left = ROW_COLUMNS - columnsOf(signsOf(state));
  return shortName(name, Math.min(MOST_NAME_COLUMNS, Math.max(LEAST_NAME_COLUMNS, left)));
}

/** What a side bar has room for in a window of 800 pixels, beside the icon and indented. */
const ROW_COLUMNS = 29;
const MOST_NAME_COLUMNS = 24;
const LEAST_NAME_COLUMNS = 12;

/** Drawn twice as wide as a letter. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303F\uFE0F\uFF01-\uFF60]/u;

/** What a reader takes for one sign, so that no emoji and no accent is cut in two. */
function signsOf(text: string): readonly string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

function columnsOf(signs: readonly string[]): number {
  return signs.reduce((columns, sign) => columns + (WIDE.test(sign) ? 2 : 1), 0);
}

/** As many of the first signs as have room in so many columns. */
function fitting(signs: readonly string[], columns: number): string[] {
  let left = columns;
  const tooMany = signs.findIndex((sign) => (left -= columnsOf([sign])) < 0);
  return signs.slice(0, tooMany);
}

/** The same formatter again: making one takes longer than all it formats for a row. */
const numbers = kept(
  (language, options?: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options),
);
const dates = kept(
  (language, options?: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options),
);

function kept<O, T>(make: (language: string, options?: O) => T): typeof make {
  const made = new Map<string, T>();
  return (language, options) => {
    const key = language + JSON.stringify(options);
    const known = made.get(key) ?? make(language, options);
    made.set(key, known);
    return known;
  };
}

function midnight(timeMs: number): number {
  const date = new Date(timeMs);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
