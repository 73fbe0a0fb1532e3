/**
 * What may be written where an endpoint is asked for, and what it means. The one reader of it: what
 * a setting takes, an upload takes.
 */

import { isOssHost, regionOfEndpoint } from './ossHosts';

/** What may be wrong with an endpoint. */
export type EndpointProblem = 'endpoint';

/** Words that stand for OSS itself. */
export type EndpointWord = 'public' | 'internal' | 'accelerate';

/** An address that was written, taken apart. */
export interface EndpointAddress {
  readonly secure: boolean;
  /** Lower case, with the port where it is not the scheme's own; IPv6 in brackets. */
  readonly host: string;
  /**
   * Where a bucket goes: before the host, into the path, or nowhere because the host is the bucket's
   * own domain. `unknown` for a plain name, which may be an own domain or a private cloud.
   */
  readonly place: 'host' | 'path' | 'unknown';
  /** Region id that the name tells, '' when it tells none. */
  readonly region: string;
}

/**
 * Reads an endpoint: `public`, `internal`, `accelerate`, or a host or URL without user, path and
 * query. `{bucket}` before the host or as the path says where the bucket goes. Undefined for
 * anything else.
 */
export function parseEndpoint(text: string): EndpointWord | EndpointAddress | undefined {
  const written = text.trim().toLowerCase();
  if (written === 'public' || written === 'internal' || written === 'accelerate') return written;
  const [, scheme = '', rest = ''] = /^(https?:\/\/)?(.*)$/.exec(written) ?? [];
  const beforeHost = /^\{bucket\}\.(.+)$/.exec(rest)?.[1];
  const beforePath = /^([^/]+)\/\{bucket\}\/?$/.exec(rest)?.[1];
  const address = beforeHost ?? beforePath ?? rest;
  // No user, no query: somebody may paste a signed URL, or one with a password.
  if (!/^[^/?#@\\\s]+\/?$/.test(address)) return undefined;
  let url: URL;
  try {
    url = new URL(`${scheme === '' ? 'https://' : scheme}${address}`);
  } catch {
    return undefined;
  }
  const hostname = url.hostname.replace(/\.$/, '');
  const isIp = isIpAddress(hostname);
  if (!isIp && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(hostname)) return undefined;
  const isLocal = isLoopback(hostname);
  // A single word is a misspelt choice rather than a host.
  if (scheme === '' && url.port === '' && !isLocal && !/[.:]/.test(hostname)) return undefined;
  // A bucket before a number is no name that anybody could look up.
  if (beforeHost !== undefined && isIp) return undefined;
  const said = beforeHost !== undefined ? 'host' : beforePath !== undefined ? 'path' : undefined;
  return {
    secure: scheme === '' ? !isLocal : url.protocol === 'https:',
    host: `${hostname}${url.port === '' ? '' : `:${url.port}`}`,
    place: said ?? (isIp || isLocal ? 'path' : isOssHost(hostname) ? 'host' : 'unknown'),
    region: regionOfEndpoint(hostname),
  };
}

/** The rule that an endpoint breaks, see {@link parseEndpoint}. */
export function checkEndpoint(text: string): EndpointProblem | undefined {
  return parseEndpoint(text) === undefined ? 'endpoint' : undefined;
}

/** The rule that the address of a single bucket breaks: as an endpoint, but none of the words. */
export function checkBucketEndpoint(text: string): EndpointProblem | undefined {
  return typeof parseEndpoint(text) === 'object' ? undefined : 'endpoint';
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

/** As the URL parser leaves it: `0x7f.1` is four numbers by then. */
function isIpAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^\d+(\.\d+){3}$/.test(hostname);
}
