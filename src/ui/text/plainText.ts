import { redact } from '../../engine/index';

/**
 * A text as a notification shows it letter by letter, on one line and without secrets. The editor
 * makes a link of `[…](command:…)` in it, and runs the command at a click; names of files and words
 * of a server may hold one.
 */
export function plainText(text: string): string {
  // A word joiner is not seen, and nothing can be escaped there.
  return redact(text).replaceAll('](', ']\u2060(');
}
