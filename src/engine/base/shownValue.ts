/** A longer value is cut: it helps nobody, and whoever wrote it could make it any length. */
const MOST_CHARACTERS = 200;
const MOST_ENTRIES = 5;

/** Any value in a few words, for messages and logs. Looks at no more of it than it shows. */
export function shownValue(value: unknown): string {
  return shown(value, true);
}

function shown(value: unknown, isOuter: boolean): string {
  if (typeof value === 'string') {
    const isCut = value.length > MOST_CHARACTERS;
    return JSON.stringify(isCut ? `${value.slice(0, MOST_CHARACTERS)}…` : value);
  }
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value) && isOuter) {
    const entries = value.slice(0, MOST_ENTRIES).map((entry) => shown(entry, false));
    if (value.length > MOST_ENTRIES) entries.push('…');
    return `[${entries.join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  return String(value);
}
