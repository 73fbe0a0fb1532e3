/** What a value of unknown kind is: read from disk, thrown, or given by other programs. */

/** An object with fields, and no array. */
export function isObject(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

/** A whole number in that range, both ends included. */
export function isWhole(raw: unknown, least: number, most: number): raw is number {
  return typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= least && raw <= most;
}

/** The code of a system error, such as `ENOENT`; undefined when the value has none. */
export function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}
