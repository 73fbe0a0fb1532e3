import OssSdk from 'ali-oss';
import type { AccessKey } from '../account';
import { UploadError } from '../engine/contract/errors';
import type { CallOptions, RequestBody } from '../engine/contract/ports';
import { SHARED_ATTEMPT_MS } from './credentials/renewableKey';
import { signingRegion } from './endpoints';
import type { Address } from './endpoints';
import type { Answer } from './ossErrors';
import { answererOf, badResponse, errorOfAnswer, isErrorBody, requestIdOf } from './ossErrors';
import type { Headers } from './ossHeaders';
import type { OssTransport } from './ossTransport';
import { parseXml } from './xml';

/** By how much the clock of this computer is off, learned from the server; shared by all clients. */
export class ServerClock {
  #skewMs = 0;
  #correctedAtMs = Number.NEGATIVE_INFINITY;
  #offsetMs: number | undefined;

  /** Server time minus local time. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Server time minus local time, as the last answer told: to compare with, not to sign with. */
  get offsetMs(): number {
    return this.#offsetMs ?? this.#skewMs;
  }

  /** The time of the server, as far as it is known. */
  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** Takes the `Date` of an answer of OSS that has just come. */
  observe(date: string | undefined, nowMs: number = Date.now()): void {
    const offsetMs = Date.parse(date ?? '') - nowMs;
    // The header counts in whole seconds: half of one is no news.
    if (Math.abs(offsetMs - this.offsetMs) > 1000) this.#offsetMs = offsetMs;
  }

  /**
   * Takes what a refused request taught. False when this has been tried already and some time ago:
   * then the clock is not the cause.
   */
  correct(skewMs: number, nowMs: number = Date.now()): boolean {
    const isNews = Math.abs(skewMs - this.#skewMs) > NEWS_MS;
    // Many requests fail at once; all but the first come here when the correction is made.
    if (!isNews) {
      const isShared = nowMs - this.#correctedAtMs < SHARED_ATTEMPT_MS;
      if (!isShared) this.reset();
      return isShared;
    }
    this.#skewMs = skewMs;
    this.#correctedAtMs = nowMs;
    return true;
  }

  /** Forgets what was learned, when a signature with it is refused; false when nothing was. */
  reset(): boolean {
    const wasCorrected = this.#skewMs !== 0;
    this.#skewMs = 0;
    return wasCorrected;
  }
}

/** OSS accepts 15 minutes. */
const NEWS_MS = 60_000;

/** A request in terms of OSS; no value is '' except that of a subresource without one. */
export interface OssRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** '' for the service itself. */
  readonly bucket: string;
  /** '' for the bucket itself. */
  readonly key?: string | undefined;
  /** Parameters that are part of what is addressed: `uploads`, `uploadId`, `partNumber`. */
  readonly subresource?: Readonly<Record<string, string | number>>;
  /** Other parameters. Empty ones are left out: ali-oss signs them otherwise than OSS. */
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Headers;
  /** Sent with its MD5. */
  readonly content?: string;
  readonly body?: RequestBody;
  readonly answerTimeoutMs?: number;
}

/** What travels with a request through ali-oss to the transport, and back. */
class Journey {
  failure: { readonly error: unknown } | undefined;

  constructor(
    readonly request: OssRequest,
    readonly signal: AbortSignal,
  ) {}
}

/** Signed requests, wherever they go. */
export interface OssClient {
  /**
   * Resolves with an answer of OSS below 300, 203 included. Rejects with an UploadError, or with what
   * the body's iterator threw.
   */
  send(request: OssRequest, call: CallOptions): Promise<Answer>;
}

/** OSS signature versions; V4 covers the region of the address. */
export type SignatureVersion = 'v1' | 'v4';

/** Stands for an IPv6 host until ali-oss, which cannot write one, has made its URL. */
const IPV6_STAND_IN = 'ipv6.invalid';

/**
 * Signed requests to one address. ali-oss signs and builds the URL; the transport moves
 * the bytes.
 */
export class AddressClient implements OssClient {
  readonly #address: Address;
  readonly #version: SignatureVersion;
  readonly #transport: OssTransport;
  readonly #accessKey: () => Promise<AccessKey>;
  readonly #clock: ServerClock;
  readonly #base: OssSdk;
  #lastView:
    | {
        readonly key: AccessKey;
        readonly bucket: string;
        readonly skewMs: number;
        readonly client: OssSdk;
      }
    | undefined;

  constructor(
    address: Address,
    version: SignatureVersion,
    transport: OssTransport,
    accessKey: () => Promise<AccessKey>,
    clock: ServerClock,
  ) {
    this.#address = address;
    this.#version = version;
    this.#transport = transport;
    this.#accessKey = accessKey;
    this.#clock = clock;
    this.#base = new OssSdk({
      // Each call brings its own; the constructor only insists that there are some.
      accessKeyId: 'none',
      accessKeySecret: 'none',
      region: `oss-${signingRegion(address.region)}`,
      endpoint: `${address.secure ? 'https' : 'http'}://${address.host.replace(/^\[.*\]/, IPV6_STAND_IN)}`,
      secure: address.secure,
      cname: address.place === 'domain',
      sldEnable: address.place === 'path',
      authorizationV4: version === 'v4',
      // UTF-8 bytes in headers; with the default a header beyond ASCII throws.
      headerEncoding: 'latin1',
      retryMax: 0,
      urllib: { request: (url, args) => this.#carry(url, args) },
    });
    // ali-oss takes an address for an IP by this field alone, then replaces the Host header and
    // refuses to sign URLs. Path style works with IPs as with any name.
    this.#base.options.endpoint = { ...(this.#base.options.endpoint as object), hostname: '' };
  }

  /** See {@link OssClient.send}. */
  async send(request: OssRequest, { signal }: CallOptions): Promise<Answer> {
    const { method, bucket, key, subresource, query = {}, headers, content } = request;
    const journey = new Journey(request, signal);
    const client = await this.#signedClient(bucket);
    let answer: Answer;
    try {
      const result = await client.request({
        method,
        bucket: bucket === '' ? undefined : bucket,
        object: key === '' ? undefined : key,
        ...(subresource !== undefined && { subres: subresource }),
        query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')),
        headers: { ...headers },
        content,
        ctx: journey,
      });
      const { status, headers: answerHeaders, data: body } = result;
      answer = { status, headers: answerHeaders, body, isSecure: this.#address.secure };
    } catch (error) {
      // ali-oss keeps only the name and text of an error; ours went round it.
      throw journey.failure === undefined ? UploadError.from(error) : journey.failure.error;
    }
    if (requestIdOf(answer) !== undefined) this.#clock.observe(answer.headers['date']);
    if (answer.status >= 300) throw errorOfAnswer(answer);
    // The body of an answer with a callback is the application's, and may be anything but a page.
    const mayBeAnything = headers?.['x-oss-callback'] !== undefined && !isPage(answer);
    if (answererOf(answer) === 'other' && !mayBeAnything) {
      throw badResponse('NotFromOss', 'somebody else answered', answer);
    }
    return answer;
  }

  /** An address of the object that is valid for `expiresSeconds`, 1 to 604800. */
  async signUrl(bucket: string, key: string, expiresSeconds: number): Promise<string> {
    const client = this.#viewOf(await this.#accessKey(), bucket);
    const { skewMs } = this.#clock;
    if (this.#version === 'v4') return this.#withHost(urlV4(client, key, expiresSeconds, skewMs));
    // Version 1 signs URLs as UTF-8 whatever is set, but encodes the key as it is set.
    client.options.headerEncoding = 'utf-8';
    // It says when a link is over, by a clock that may be wrong; 0 stands for half an hour.
    const expires = expiresSeconds + Math.round(skewMs / 1000) || 1;
    return this.#withHost(await client.asyncSignatureUrl(key, { expires }, false));
  }

  /** The URL with the host that ali-oss could not write. */
  #withHost(url: string): string {
    const ipv6 = /^\[.*\]/.exec(this.#address.host)?.[0];
    return ipv6 === undefined ? url : url.replace(`//${IPV6_STAND_IN}`, `//${ipv6}`);
  }

  /** The view for a request: the last one, as long as key and clock are what they were. */
  async #signedClient(bucket: string): Promise<OssSdk> {
    const key = await this.#accessKey();
    const { skewMs } = this.#clock;
    const last = this.#lastView;
    if (last?.key === key && last.bucket === bucket && last.skewMs === skewMs) return last.client;
    const client = this.#viewOf(key, bucket);
    this.#lastView = { key, bucket, skewMs, client };
    return client;
  }

  /** A view of the client with its own credentials and bucket. Requests change nothing of it. */
  #viewOf(key: AccessKey, bucket: string): OssSdk {
    const view = Object.create(this.#base) as OssSdk;
    view.options = {
      ...this.#base.options,
      accessKeyId: key.accessKeyId,
      accessKeySecret: key.accessKeySecret,
      stsToken: key.securityToken,
      bucket,
      amendTimeSkewed: this.#clock.skewMs,
    };
    return view;
  }

  async #carry(url: string, args: OssSdk.UrllibArguments): Promise<OssSdk.UrllibResult> {
    const journey = args.ctx;
    if (!(journey instanceof Journey)) throw new Error('a request without its journey');
    try {
      const answer = await this.#transport.send({
        method: args.method,
        url: this.#withHost(url),
        headers: textHeaders(args.headers),
        body: journey.request.body ?? bodyOf(args.content),
        signal: journey.signal,
        answerTimeoutMs: journey.request.answerTimeoutMs,
      });
      return { status: answer.status, headers: answer.headers, data: answer.body };
    } catch (error) {
      journey.failure = { error };
      throw error;
    }
  }
}

/** As ali-oss's `signatureUrlV4`, which knows the time of this computer only. */
function urlV4(client: OssSdk, key: string, expiresSeconds: number, skewMs: number): string {
  const { accessKeyId, stsToken, bucket, region } = client.options;
  const date = new Date(Date.now() + skewMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const place = region.replace(/^oss-/, '');
  const queries = {
    'x-oss-credential': `${accessKeyId}/${date.slice(0, 8)}/${place}/oss/aliyun_v4_request`,
    'x-oss-date': date,
    'x-oss-expires': expiresSeconds,
    'x-oss-signature-version': 'OSS4-HMAC-SHA256',
    ...(stsToken !== undefined && { 'x-oss-security-token': stsToken }),
  };
  const authorization = client.authorizationV4('GET', { headers: {}, queries }, bucket, key);
  const signature = /Signature=(\w+)$/.exec(authorization)?.[1];
  const query = { ...queries, 'x-oss-signature': signature };
  return client._getReqUrl({ bucket, object: key, query });
}

function isPage({ headers }: Answer): boolean {
  return headers['content-type']?.startsWith('text/html') === true;
}

/**
 * The XML of an answer as an object, without its root, which must be `root`; an element that
 * occurs once is not an array. Throws `badResponse`, or the error it carries.
 */
export function parseAnswer(answer: Answer, root: string): unknown {
  if (isErrorBody(answer.body)) throw errorOfAnswer(answer);
  const text = answer.body.toString('utf8');
  if (!new RegExp(`^\\s*(?:<\\?xml[^>]*>\\s*)?<${root}[\\s/>]`).test(text.slice(0, 1024))) {
    throw badResponse('UnexpectedBody', `the answer is not a ${root}`, answer);
  }
  try {
    return parseXml(text);
  } catch {
    throw badResponse('MalformedXML', `the ${root} cannot be read`, answer);
  }
}

function textHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, String(value)]),
  );
}

function bodyOf(content: string | undefined): RequestBody | undefined {
  if (content === undefined) return undefined;
  const bytes = Buffer.from(content);
  // eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
  const chunks = (async function* () {
    yield bytes;
  })();
  return { sizeBytes: bytes.length, chunks };
}
