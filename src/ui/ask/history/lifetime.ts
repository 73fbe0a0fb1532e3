/** How long a signed URL is good for, as a user types it. Knows no editor. */

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

/** The longest that OSS signs for with V4 (seven days), in seconds. */
const MOST_SECONDS = 604_800;

/** Seconds, of a text such as `90`, `90 min`, `2h`, `3 days`; undefined when it is none, or too long. */
export function parseLifetime(text: string, mostSeconds = MOST_SECONDS): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,7})\s*(\p{L}*)$/u.exec(text.trim()) ?? [];
  const seconds = Number(number) * (SECONDS[unit.toLowerCase()] ?? 0);
  return seconds >= 1 && seconds <= mostSeconds ? seconds : undefined;
}
