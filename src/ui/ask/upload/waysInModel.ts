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
 * groups of them (`resourceStates`); none for a whole repository. Each is whatever stands there.
 */
export function changedUris(args: readonly unknown[]): unknown[] {
  return args
    .filter(isObject)
    .flatMap(({ resourceStates, resourceUri }) =>
      Array.isArray(resourceStates) ? changedUris(resourceStates) : (resourceUri ?? []),
    );
}
