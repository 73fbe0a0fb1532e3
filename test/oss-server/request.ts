import type { IncomingMessage } from 'node:http';
import { OssError } from './error.ts';
import type { QueryParameter } from './signature.ts';

/** One way to read which bucket and key a request is about; neither for the service itself. */
export interface Address {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

/** A request, read but not yet believed. */
export interface OssRequest {
  readonly method: string;
  /** Name of the host without the port, lower case. */
  readonly host: string;
  /** Path after its slash, decoded. */
  readonly path: string;
  readonly query: readonly QueryParameter[];
  /** Lower-case names; byte strings as values, repeated headers joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** First value of a query parameter; undefined when it is not there at all. */
  parameter(name: string): string | undefined;
}

/** Host names of OSS: `[bucket.]oss-<region>[-internal].aliyuncs.com` and `oss-accelerate`. */
const ossHost = /^(?:(.*)\.)?(oss-[a-z0-9-]+?)(-internal)?\.aliyuncs\.com$/;

function parseQuery(rawQuery: string): QueryParameter[] {
  return rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
      return equals === -1
        ? { name: decode(pair), value: '' }
        : { name: decode(pair.slice(0, equals)), value: decode(pair.slice(equals + 1)) };
    });
}

function collectHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/** Reads the head of a request. Throws an OssError when path or query cannot be decoded. */
export function parseRequest(message: IncomingMessage): OssRequest {
  const target = message.url ?? '/';
  const question = target.indexOf('?');
  const rawPath = question === -1 ? target : target.slice(0, question);
  const rawQuery = question === -1 ? '' : target.slice(question + 1);
  const headers = collectHeaders(message.rawHeaders);
  let path: string;
  let query: QueryParameter[];
  try {
    path = decodeURIComponent(rawPath.replace(/^\//, ''));
    query = parseQuery(rawQuery);
  } catch {
    throw new OssError(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
  return {
    method: message.method ?? 'GET',
    host: (headers.get('host') ?? '').replace(/:\d+$/, '').toLowerCase(),
    path,
    query,
    headers,
    parameter: (name) => query.find((parameter) => parameter.name === name)?.value,
  };
}

/** Region that the name of the host tells, such as `cn-hangzhou`; undefined on loopback. */
export function regionOfHost(host: string): string | undefined {
  return ossHost.exec(host)?.[2]?.slice('oss-'.length);
}

/** Whether the host is an endpoint of OSS itself, with no bucket before it. */
export function isBareEndpoint(host: string): boolean {
  const match = ossHost.exec(host);
  return match !== null && match[1] === undefined;
}

/** Text of a header as UTF-8, which is how OSS reads header bytes. */
export function utf8Header(request: OssRequest, name: string): string | undefined {
  const value = request.headers.get(name);
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}

function pathStyle(path: string): Address {
  const slash = path.indexOf('/');
  const bucket = slash === -1 ? path : path.slice(0, slash);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  return { bucket: bucket || undefined, key: key || undefined };
}

function isLoopback(host: string): boolean {
  return host === '' || host === 'localhost' || host === '[::1]' || /^[\d.]+$/.test(host);
}

/**
 * Every way to read the address, the most likely first. Only the signature can tell them apart:
 * ali-oss sends `Host: bucket.oss-cn-hangzhou.aliyuncs.com` to an IP endpoint, with the bucket in
 * the path too when `sldEnable` is set, and no bucket anywhere when `cname` is set.
 */
export function possibleAddresses(
  request: OssRequest,
  bucketNames: readonly string[],
): [Address, ...Address[]] {
  const { host, path } = request;
  const asCname = bucketNames.map((bucket): Address => ({ bucket, key: path || undefined }));
  if (isLoopback(host)) return [pathStyle(path), ...asCname];
  const subdomain = ossHost.test(host)
    ? ossHost.exec(host)?.[1]
    : /^(.+)\.localhost$/.exec(host)?.[1];
  if (subdomain !== undefined && subdomain !== '' && subdomain !== 'undefined') {
    return [{ bucket: subdomain, key: path || undefined }, pathStyle(path)];
  }
  return [pathStyle(path), ...asCname];
}
