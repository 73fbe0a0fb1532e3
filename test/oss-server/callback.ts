import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { OssError, invalidArgument } from './error.ts';
import type { OssRequest } from './request.ts';

/** What happened to an object, as the application is told. */
export interface CallbackEvent {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly mimeType: string;
}

/** A callback that a request asks for. */
export interface Callback {
  readonly urls: readonly string[];
  readonly host: string | undefined;
  readonly bodyTemplate: string;
  readonly bodyType: string;
  readonly variables: Readonly<Record<string, string>>;
}

const maxCallbackBytes = 5 * 1024;
const callbackTimeoutMs = 5000;

function decode(text: string, name: string): Record<string, string> {
  try {
    if (text.length > maxCallbackBytes) throw new RangeError('Too long');
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    if (typeof value !== 'object' || value === null) throw new TypeError('Not an object');
    return value as Record<string, string>;
  } catch {
    throw invalidArgument(`The ${name} configuration is not correct.`, name, text);
  }
}

/** Reads header or query. Undefined when there is no callback; throws when it is not right. */
export function readCallback(request: OssRequest): Callback | undefined {
  const inHeader = request.headers.get('x-oss-callback');
  const inQuery = request.parameter('callback');
  if (inHeader !== undefined && inQuery !== undefined) {
    throw invalidArgument('The callback is in both header and query.', 'callback');
  }
  const text = inHeader ?? inQuery;
  if (text === undefined) return undefined;
  const { callbackUrl, callbackBody, callbackHost, callbackBodyType } = decode(text, 'callback');
  const urls = callbackUrl?.split(';') ?? [];
  if (!callbackBody || urls.length === 0 || urls.length > 5) {
    throw invalidArgument('The callback configuration is not correct.', 'callback', text);
  }
  const variableText =
    request.headers.get('x-oss-callback-var') ?? request.parameter('callback-var');
  const variables = variableText === undefined ? {} : decode(variableText, 'callback-var');
  if (Object.keys(variables).some((name) => !/^x:[^A-Z]+$/.test(name))) {
    throw invalidArgument('The callback-var configuration is not correct.', 'callback-var');
  }
  return {
    urls: urls.map((url) => (/^https?:/.test(url) ? url : `http://${url}`)),
    host: callbackHost,
    bodyTemplate: callbackBody,
    bodyType: callbackBodyType ?? 'application/x-www-form-urlencoded',
    variables,
  };
}

function fillTemplate(callback: Callback, event: CallbackEvent): string {
  const values: Readonly<Record<string, string | number>> = {
    bucket: event.bucket,
    object: event.key,
    etag: event.etag,
    size: event.sizeBytes,
    mimeType: event.mimeType,
    ...callback.variables,
  };
  const quote =
    callback.bodyType === 'application/json'
      ? (value: string | number) => JSON.stringify(value)
      : (value: string | number) => encodeURIComponent(value);
  return callback.bodyTemplate.replace(/\$\{([^}]+)\}/g, (_, name: string) =>
    quote(values[name] ?? ''),
  );
}

/** One POST, with a Host header of its own, which `fetch` would not send. */
async function post(
  url: string,
  callback: Callback,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const transport = url.startsWith('https:') ? https : http;
  const request = transport.request(url, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': callback.bodyType,
      ...(callback.host !== undefined && { host: callback.host }),
    },
    signal: AbortSignal.timeout(callbackTimeoutMs),
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

/** Tells the application. Its JSON is the answer to the client; a failure is 203 CallbackFailed. */
export async function sendCallback(callback: Callback, event: CallbackEvent): Promise<string> {
  let reason = '';
  for (const url of callback.urls) {
    try {
      const { status, text } = await post(url, callback, fillTemplate(callback, event));
      if (status === 200) {
        JSON.parse(text);
        return text;
      }
      reason = `Error status : ${status}.`;
    } catch (error) {
      reason =
        error instanceof SyntaxError
          ? 'Response body is not valid json format.'
          : 'Connect failed.';
    }
  }
  throw new OssError(203, 'CallbackFailed', reason, { ec: '0007-00000203' });
}
