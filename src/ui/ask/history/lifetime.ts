/** How long a signed URL is good for, as a user types it. Knows no editor. */
import { formatDuration } from '../../text/format';
import type { Words } from '../../text/words';

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  秒: 1,
  '': 60,
  m: 60,
  min: 60,
  分钟: 60,
  分: 60,
  h: 3600,
  hr: 3600,
  小时: 3600,
  d: 86_400,
  day: 86_400,
  days: 86_400,
  天: 86_400,
};

/** Seconds, of a text such as `90`, `90 min`, `2h`, `3 days`; undefined when it is none. */
export function parseLifetime(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,7})\s*(\p{L}*)$/u.exec(text.trim()) ?? [];
  const seconds = Number(number) * (SECONDS[unit.toLowerCase()] ?? 0);
  return seconds >= 1 ? seconds : undefined;
}

/** A row of the list of lifetimes. */
export interface LifetimeRow {
  readonly label: string;
  readonly description: string;
  readonly seconds: number;
}

/**
 * The row for what was typed; where that is longer than a link of this key may live, the longest it
 * may, and that it is. Undefined for what is no time.
 */
export function typedLifetime(
  text: string,
  longestSeconds: number,
  { l10n, language }: Words,
): LifetimeRow | undefined {
  const seconds = parseLifetime(text);
  if (seconds === undefined) return undefined;
  const typed = text.trim();
  if (seconds <= longestSeconds) {
    return { label: typed, description: formatDuration(seconds, language), seconds };
  }
  return {
    label: formatDuration(longestSeconds, language),
    description: l10n.t('{typed} is too long: links of this key live no longer', { typed }),
    seconds: longestSeconds,
  };
}
