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

/** Text of a header as UTF-8, which is how OSS reads header bytes. */
export function utf8Header(request: OssRequest, name: string): string | undefined {
  const value = request.headers.get(name);
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}
