import * as http from 'node:http';
import * as https from 'node:https';
import {
  encodeStrictly,
  v1Signature,
  v1StringToSign,
  v4CanonicalRequest,
  v4Signature,
  v4SigningKey,
  v4StringToSign,
  type QueryParameter,
} from './signature.ts';
import { testCaCertificate } from './server.ts';

/** How a request is signed. */
export interface Signing {
  readonly version: 'v1' | 'v4';
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
  /** In the URL instead of a header; valid for so many seconds. */
  readonly urlSeconds?: number | undefined;
  /** V4 only; left out: cn-hangzhou. */
  readonly region?: string | undefined;
  /** Clock of the client; left out: now. */
  readonly nowMs?: number | undefined;
}

/** One request, written by hand. */
export interface PlainRequest {
  readonly method: string;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** Says nothing of the body: neither its length nor that it is chunked. */
  readonly withoutLength?: boolean | undefined;
  readonly signing?: Signing | undefined;
  /** Host header; with one, the bucket is not in the path. */
  readonly host?: string | undefined;
  /** Left out: a connection of its own. */
  readonly agent?: http.Agent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** Text of the first element of this name in the body. */
  element(name: string): string | undefined;
  /** Texts of all elements of this name. */
  elements(name: string): string[];
}

function timestamp(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
}

interface Signed {
  readonly headers: Map<string, string>;
  readonly query: QueryParameter[];
}

function sign(request: PlainRequest, signing: Signing): Signed {
  const nowMs = signing.nowMs ?? Date.now();
  const { accessKeyId, accessKeySecret, securityToken, urlSeconds } = signing;
  const headers = new Map(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const query = Object.entries(request.query ?? {}).map(([name, value]) => ({ name, value }));
  const signable = () => ({
    method: request.method,
    bucket: request.bucket,
    key: request.key,
    query,
    headers,
  });
  const add = (name: string, value: string) => query.push({ name, value });
  if (signing.version === 'v1') {
    if (urlSeconds === undefined) {
      headers.set('x-oss-date', new Date(nowMs).toUTCString());
      if (securityToken !== undefined) headers.set('x-oss-security-token', securityToken);
      const text = v1StringToSign(signable(), headers.get('x-oss-date')!);
      headers.set('authorization', `OSS ${accessKeyId}:${v1Signature(accessKeySecret, text)}`);
    } else {
      const expires = String(Math.floor(nowMs / 1000) + urlSeconds);
      if (securityToken !== undefined) add('security-token', securityToken);
      const signature = v1Signature(accessKeySecret, v1StringToSign(signable(), expires));
      add('OSSAccessKeyId', accessKeyId);
      add('Expires', expires);
      add('Signature', signature);
    }
    return { headers, query };
  }
  const time = timestamp(nowMs);
  const scope = {
    day: time.slice(0, 8),
    region: signing.region ?? 'cn-hangzhou',
    product: 'oss',
  };
  const credential = `${accessKeyId}/${scope.day}/${scope.region}/oss/aliyun_v4_request`;
  const signature = () =>
    v4Signature(
      v4SigningKey(accessKeySecret, scope),
      v4StringToSign(scope, time, v4CanonicalRequest(signable(), [], 'bareName')),
    );
  if (urlSeconds === undefined) {
    headers.set('x-oss-date', time);
    headers.set('x-oss-content-sha256', 'UNSIGNED-PAYLOAD');
    if (securityToken !== undefined) headers.set('x-oss-security-token', securityToken);
    const authorization = `OSS4-HMAC-SHA256 Credential=${credential},Signature=${signature()}`;
    headers.set('authorization', authorization);
  } else {
    add('x-oss-signature-version', 'OSS4-HMAC-SHA256');
    add('x-oss-credential', credential);
    add('x-oss-date', time);
    add('x-oss-expires', String(urlSeconds));
    if (securityToken !== undefined) add('x-oss-security-token', securityToken);
    add('x-oss-signature', signature());
  }
  return { headers, query };
}

function formatQuery(query: readonly QueryParameter[]): string {
  const pairs = query.map(({ name, value }) =>
    value === '' ? encodeStrictly(name) : `${encodeStrictly(name)}=${encodeStrictly(value)}`,
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/**
 * Sends one request to an OSS server and resolves with whatever it answers. Rejects when the
 * connection fails. It shares only the signature functions with the server; the vectors of the
 * SDKs check those.
 */
export async function sendRequest(endpoint: string, request: PlainRequest): Promise<PlainAnswer> {
  const { bucket, key = '', body, signing } = request;
  const signed: Signed = signing
    ? sign(request, signing)
    : {
        headers: new Map(Object.entries(request.headers ?? {})),
        query: Object.entries(request.query ?? {}).map(([name, value]) => ({ name, value })),
      };
  const inPath = request.host === undefined && bucket !== undefined ? `${bucket}/` : '';
  const path = `/${inPath}${encodeStrictly(key).replaceAll('%2F', '/')}${formatQuery(signed.query)}`;
  const url = new URL(endpoint);
  const transport = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = transport.request(
      {
        host: url.hostname,
        port: url.port,
        method: request.method,
        path,
        headers: {
          ...Object.fromEntries(signed.headers),
          ...(request.host !== undefined && { host: request.host }),
          ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        },
        ...(url.protocol === 'https:' && { ca: testCaCertificate() }),
        agent: request.agent ?? false,
        ...(request.signal && { signal: request.signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString('utf8');
          const elements = (name: string) =>
            [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(
              ([, content]) => content!,
            );
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            bytes,
            text,
            elements,
            element: (name) => elements(name)[0],
          });
        });
      },
    );
    outgoing.on('error', reject);
    if (request.withoutLength) {
      outgoing.removeHeader('content-length');
      outgoing.removeHeader('transfer-encoding');
    }
    // As bytes: node writes the head in the encoding of a text that follows it.
    outgoing.end(body === undefined ? undefined : Buffer.from(body));
  });
}
