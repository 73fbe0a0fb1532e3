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

/** What was read last: each request of a hundred thousand asks for the same. */
let last: { readonly text: string; readonly parsed: EndpointWord | EndpointAddress | undefined } = {
  text: '',
  parsed: undefined,
};

/**
 * Reads an endpoint: `public`, `internal`, `accelerate`, or a host or URL without user, path and
 * query. `{bucket}` before the host or as the path says where the bucket goes. Undefined for
 * anything else.
 */
export function parseEndpoint(text: string): EndpointWord | EndpointAddress | undefined {
  if (text !== last.text) last = { text, parsed: read(text) };
  return last.parsed;
}

function read(text: string): EndpointWord | EndpointAddress | undefined {
  const written = text.trim().toLowerCase();
  if (/^(public|internal|accelerate)$/.test(written)) return written as EndpointWord;
  // No user, no query: somebody may paste a signed URL, or one with a password.
  const [, scheme = '', before, address = '', after] =
    /^(https?:\/\/)?(\{bucket\}\.)?([^/?#@\\\s{}]+)(\/\{bucket\})?\/?$/.exec(written) ?? [];
  const href = `${scheme === '' ? 'https://' : scheme}${address}`;
  if (!URL.canParse(href)) return undefined;
  const { host, hostname, port, protocol } = new URL(href);
  // The URL parser has made numbers of whatever stands for some, such as 0x7f.1.
  const isIp = /^(\[.*|[\d.]+)$/.test(hostname);
  const isLocal = /^((.*\.)?localhost|\[::1\]|127[\d.]+)$/.test(hostname);
  // A single word is a misspelt choice rather than a host.
  const isWord = scheme + port === '' && !isLocal && !/[.:]/.test(hostname);
  const isHost = isIp ? before === undefined : /^\w[\w.-]*$/.test(hostname);
  if (isWord || !isHost || (before !== undefined && after !== undefined)) return undefined;
  const isAtNumber = isIp || (isLocal && before === undefined);
  const isOfOss = before !== undefined || isOssHost(hostname.replace(/\.$/, ''));
  return {
    secure: scheme === '' ? !isLocal : protocol === 'https:',
    host: host.replace(/\.(?=:|$)/, ''),
    place: after !== undefined || isAtNumber ? 'path' : isOfOss ? 'host' : 'unknown',
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
