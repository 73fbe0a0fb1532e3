/** What other parts of the editor hand over, as a list of addresses. Knows no editor. */
import { isObject } from '../../../engine/index';

/** The addresses of a `text/uri-list` (RFC 2483): one a line. What is no address is left out. */
export function droppedUris(list: string): string[] {
  return list
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => /^[a-z][a-z0-9+.-]*:/i.test(line));
}

/**
 * The addresses in what a menu of the source control passes: states of files (`resourceUri`) or
 * groups of them (`resourceStates`), of which one may be empty. Each is whatever stands there.
 * Undefined where it passes neither: a whole repository, or nothing.
 */
export function changedUris(args: readonly unknown[]): unknown[] | undefined {
  const named = args
    .filter(isObject)
    .filter(({ resourceStates, resourceUri }) => Array.isArray(resourceStates) || resourceUri);
  if (named.length === 0) return undefined;
  return named.flatMap(({ resourceStates, resourceUri }) =>
    Array.isArray(resourceStates) ? (changedUris(resourceStates) ?? []) : resourceUri,
  );
}
