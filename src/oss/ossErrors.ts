import { codeOf } from '../engine/base/guards';
import { cutOff, redact } from '../engine/base/redact';
import { isAbortError, UploadError } from '../engine/contract/errors';
import type { UploadErrorDetails, UploadErrorKind } from '../engine/contract/errors';
import { withoutEntities } from './xml';

/** What came back over HTTP, whatever the status. Header names are lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Whether it came over TLS; left out where nobody can tell. */
  readonly isSecure?: boolean | undefined;
}

/**
 * Whose an answer is. `unknown`: it may be OSS's, with its headers removed on the way, or of anything
 * else. A success of that kind is believed only when its effect is seen.
 */
export type Answerer = 'oss' | 'unknown' | 'other';

/** Decides whose an answer is. This is the only place that does. */
export function answererOf(answer: Answer): Answerer {
  if (requestIdOf(answer) !== undefined || isDocument(answer)) return 'oss';
  const isPage = answer.headers['content-type']?.startsWith('text/html') === true;
  return isPage || answer.body.length > 0 ? 'other' : 'unknown';
}

/** `x-oss-request-id`, which every answer of OSS carries; undefined also for what is none. */
export function requestIdOf({ headers }: Answer): string | undefined {
  return wordOf(headers['x-oss-request-id']);
}

/** A code, an id: words that go into logs and texts as they are. Undefined for anything else. */
function wordOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.-]{1,128}$/.test(text) ? text : undefined;
}

/**
 * Whether a body is a document that OSS writes with such a status, by its root: it refuses by no
 * other than an error, and an error of OSS names its request.
 */
function isDocument({ status, body }: Answer): boolean {
  const start = body.toString('latin1', 0, LONGEST_PROLOGUE);
  const root = /^\s*(?:<\?xml[^>]*>\s*)?<([A-Za-z]+)[\s/>]/.exec(start)?.[1] ?? '';
  if (root === 'Error') return body.includes('<RequestId>') || body.includes('<HostId>');
  return status < 300 && /^(?:[A-Z][A-Za-z]*Result|BucketInfo|LocationConstraint)$/.test(root);
}

const LONGEST_PROLOGUE = 512;

const KIND_OF_CODE: ReadonlyMap<string, UploadErrorKind> = new Map(
  Object.entries({
    timeout: ['RequestTimeout'],
    network: ['IncompleteBody'],
    throttled: [
      'ServiceUnavailable',
      'SlowDown',
      'TooManyRequests',
      'QpsLimitExceeded',
      'TotalQpsLimitExceeded',
      'MetaOperationQpsLimitExceeded',
      'UploadTrafficRateLimitExceeded',
      'DownloadTrafficRateLimitExceeded',
      'ActiveRequestLimitExceeded',
      'CpuLimitExceeded',
      'Throttling',
      'Throttling.User',
      'Throttling.Api',
    ],
    server: ['InternalError'],
    checksumMismatch: ['InvalidCRC64', 'InvalidDigest'],
    noSuchUpload: ['NoSuchUpload'],
    invalidParts: ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'FilePartNotExist'],
    credentials: [
      'InvalidAccessKeyId',
      'InvalidAccessKeyId.NotFound',
      'InvalidAccessKeyId.Inactive',
      'SignatureDoesNotMatch',
      'SecurityTokenExpired',
      'InvalidSecurityToken',
      'InvalidSecurityToken.Expired',
      'InvalidSecurityToken.Malformed',
      'InvalidSecurityToken.MismatchWithAccessKey',
      'AccessKeyIdAndSecurityTokenNotMatch',
      'SecurityTokenNotSupported',
    ],
    clockSkew: ['RequestTimeTooSkewed', 'InvalidTimeStamp.Expired'],
    accessDenied: ['AccessDenied', 'NoPermission', 'AccessForbidden', 'SecondLevelDomainForbidden'],
    noSuchBucket: ['NoSuchBucket'],
    publicEndpointForbidden: ['PublicEndpointForbidden'],
    accountBlocked: [
      'UserDisable',
      'AccountProblem',
      'NotSignUp',
      'QuotaExceeded',
      'StorageQuotaExceeded',
      'BucketQuotaExceeded',
    ],
    alreadyExists: ['FileAlreadyExists', 'ObjectAlreadyExists'],
  } satisfies Partial<Record<UploadErrorKind, string[]>>).flatMap(([kind, codes]) =>
    codes.map((code) => [code, kind as UploadErrorKind] as const),
  ),
);

/**
 * EC of "Invalid signing region in Authorization header": the region of a V4 signature is not that of
 * the endpoint.
 */
const EC_SIGNING_REGION = '0002-00000226';

/**
 * What an OSS answer means. `endpoint` is the `<Endpoint>` of its body, which OSS gives when the
 * bucket lives elsewhere.
 */
export function kindOfAnswer(
  status: number,
  code: string,
  {
    endpoint,
    ec,
  }: { readonly endpoint?: string | undefined; readonly ec?: string | undefined } = {},
): UploadErrorKind {
  if (endpoint !== undefined && status < 500) return 'wrongRegion';
  if (ec === EC_SIGNING_REGION) return 'wrongRegion';
  const kind = KIND_OF_CODE.get(code);
  if (kind !== undefined) return kind;
  if (status === 408) return 'timeout';
  // Network Authentication Required: what a login page should say, and few do.
  if (status === 511) return 'badResponse';
  if (status === 429 || status === 503) return 'throttled';
  if (status >= 500) return 'server';
  if (status < 400) return 'badResponse';
  // Without a code of OSS it may be anybody's, a proxy's for example.
  if (isOwnCode(code)) return 'refused';
  return status === 401 ? 'credentials' : status === 403 ? 'accessDenied' : 'refused';
}

/** The code of an answer that has none of OSS. */
function codeOfStatus(status: number): string {
  return `Http${status}`;
}

function isOwnCode(code: string): boolean {
  return code.startsWith('Http');
}

/** Text of a flat element of an OSS error body; undefined when it is missing or empty. */
function elementText(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  const text = found?.slice(0, LONGEST_ELEMENT).trim();
  if (text === undefined || text === '') return undefined;
  try {
    return withoutEntities(text);
  } catch {
    return text;
  }
}

/** Whether a body is OSS's `<Error>` document, which may come with status 200 as well. */
export function isErrorBody(body: Buffer): boolean {
  const start = body.toString('utf8', 0, LONGEST_PROLOGUE);
  return /^\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/.test(start);
}

/** No error of OSS is longer. What comes after that is not read. */
const LONGEST_ERROR_BYTES = 64 * 1024;

/** No element of it that we read is longer. */
const LONGEST_ELEMENT = 4096;

/** Of the body, or of `x-oss-err`, where OSS puts it when HEAD forbids a body. */
function errorDocument(answer: Answer): string {
  if (isErrorBody(answer.body)) return answer.body.toString('utf8', 0, LONGEST_ERROR_BYTES);
  const inHeader = answer.headers['x-oss-err'];
  if (inHeader === undefined || answer.body.length > 0) return '';
  const decoded = Buffer.from(inHeader, 'base64');
  return isErrorBody(decoded) ? decoded.toString('utf8') : '';
}

const LONGEST_MESSAGE = 500;

/** Of one line, cut, and as {@link redact} leaves it. */
function readable(message: string): string {
  const oneLine = message.slice(0, LONGEST_ELEMENT).replace(/\s+/g, ' ').trim();
  return redact(cutOff(oneLine, LONGEST_MESSAGE));
}

/** How long the server asks us to wait: `Retry-After` or `x-oss-qos-delay-time`. */
function retryAfterMs(headers: Answer['headers'], nowMs: number): number | undefined {
  const delay = headers['x-oss-qos-delay-time'];
  if (delay !== undefined && /^\d+$/.test(delay)) return Number(delay);
  const after = headers['retry-after'];
  if (after === undefined) return undefined;
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  // Against the server's own clock: ours may be the one that is off.
  const dateMs = Date.parse(after) - (serverDateMs(headers['date']) ?? nowMs);
  return Number.isFinite(dateMs) ? Math.max(0, dateMs) : undefined;
}

const YEAR_2000_MS = Date.UTC(2000, 0, 1);

/** Undefined for what cannot be true: some edges answer `Date: 1970`. */
function serverDateMs(text: string | undefined): number | undefined {
  const dateMs = text === undefined ? Number.NaN : Date.parse(text);
  return dateMs > YEAR_2000_MS ? dateMs : undefined;
}

/** The answer may be that of a proxy, and a click opens the page. */
const VENDORS_PAGE =
  /^https:\/\/(?:[\w-]{1,63}\.){0,4}(?:aliyun|aliyuncs|alibabacloud)\.com(?:\/[!\x23-\x26\x28-;=?-~]{0,500})?$/;

/** The page that explains a failure: the one OSS names, else a search by its EC. */
function helpUrlOf(document: string, ec: string | undefined): string | undefined {
  const recommended = elementText(document, 'RecommendDoc');
  if (recommended !== undefined && VENDORS_PAGE.test(recommended)) return recommended;
  return ec === undefined
    ? undefined
    : `https://api.aliyun.com/troubleshoot?q=${encodeURIComponent(ec)}`;
}

const ENDPOINT = /^(?:https?:\/\/)?[a-z\d.-]{1,253}(?::\d{1,5})?\/?$/i;

function endpointOf(document: string): string | undefined {
  const endpoint = elementText(document, 'Endpoint');
  return endpoint !== undefined && ENDPOINT.test(endpoint) ? endpoint : undefined;
}

/** A clock that is off by more than a day, and what OSS tolerates, is not corrected by an answer. */
const MOST_SKEW_MS = (24 * 60 + 15) * 60_000;

/**
 * How far our clock is off, of an answer that refuses our time. In clear text only the refusal
 * itself counts, not the header that everybody on the way may write.
 */
function clockSkewOf(answer: Answer, document: string, nowMs: number): number | undefined {
  const date = answer.isSecure === false ? undefined : answer.headers['date'];
  const serverMs = serverDateMs(elementText(document, 'ServerTime')) ?? serverDateMs(date);
  const skewMs = serverMs === undefined ? undefined : serverMs - nowMs;
  return skewMs !== undefined && Math.abs(skewMs) <= MOST_SKEW_MS ? skewMs : undefined;
}

/** The error of an answer that is not a success, or of a 200 that carries an `<Error>` document. */
export function errorOfAnswer(answer: Answer, nowMs: number = Date.now()): UploadError {
  const { status, headers } = answer;
  const retryMs = retryAfterMs(headers, nowMs);
  if (answererOf(answer) !== 'oss') return errorOfOthers(answer, retryMs);
  const document = errorDocument(answer);
  const code =
    wordOf(elementText(document, 'Code')) ??
    // HEAD of a missing object: neither a body nor always the header that replaces it.
    (status === 404 && answer.body.length === 0 ? 'NoSuchKey' : codeOfStatus(status));
  const ec = wordOf(elementText(document, 'EC')) ?? wordOf(headers['x-oss-ec']);
  const endpoint = endpointOf(document);
  const known403 = code === codeOfStatus(403) ? 'AccessDenied' : code;
  const kind = kindOfAnswer(status, known403, { endpoint, ec });
  return new UploadError(
    kind,
    readable(elementText(document, 'Message') ?? `OSS answered with status ${status}`),
    {
      code,
      status,
      ...known({
        requestId: requestIdOf(answer) ?? wordOf(elementText(document, 'RequestId')),
        ec,
        helpUrl: helpUrlOf(document, ec),
        retryAfterMs: retryMs,
        clockSkewMs: kind === 'clockSkew' ? clockSkewOf(answer, document, nowMs) : undefined,
        endpoint,
      }),
    },
  );
}

/** What a proxy or gateway answered instead of OSS. Its text is not repeated: it may hold anything. */
function errorOfOthers({ status }: Answer, retryMs: number | undefined): UploadError {
  const code = codeOfStatus(status);
  return new UploadError(
    kindOfAnswer(status, code),
    `status ${status} came from something between this computer and OSS`,
    { code, status, isForeign: true, ...known({ retryAfterMs: retryMs }) },
  );
}

/** An answer that OSS does not give; `what` says in English what is wrong with it. */
export function badResponse(code: string, what: string, answer?: Answer): UploadError {
  const requestId = answer === undefined ? undefined : requestIdOf(answer);
  return new UploadError('badResponse', readable(what), {
    code,
    ...known({
      status: answer?.status,
      requestId,
      isForeign: answer !== undefined && requestId === undefined ? true : undefined,
    }),
  });
}

/** A parameter that OSS would refuse or that cannot be sent. */
export function invalidArgument(field: string, message: string): UploadError {
  return new UploadError('invalidArgument', message, { code: 'InvalidArgument', field });
}

function known(details: Partial<UploadErrorDetails>): Partial<UploadErrorDetails> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);

const CERTIFICATE_CODE =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|CRL_|HOSTNAME_MISMATCH$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|ERROR_IN_CERT_)/;

/** Thrown by `http.request` before anything is sent. */
const UNSENDABLE_CODE = /^(?:ERR_INVALID_CHAR|ERR_HTTP_INVALID_|ERR_UNESCAPED_|ERR_INVALID_URL)/;

/** The error of a request that got no answer: name resolution, socket, TLS. */
export function errorOfConnection(error: unknown): UploadError {
  if (UploadError.is(error)) return error;
  if (isAbortError(error)) return UploadError.from(error);
  const code = codeOf(error) ?? 'NetworkError';
  const message = error instanceof Error ? error.message : String(error);
  // An AggregateError (several addresses were tried) has no message of its own.
  return new UploadError(kindOfConnectionCode(code), readable(message === '' ? code : message), {
    code,
  });
}

function kindOfConnectionCode(code: string): UploadErrorKind {
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  if (CERTIFICATE_CODE.test(code)) return 'certificate';
  if (UNSENDABLE_CODE.test(code)) return 'invalidArgument';
  return 'network';
}
