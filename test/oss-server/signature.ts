import { createHash, createHmac } from 'node:crypto';

/** A query parameter, decoded. A parameter without a value has the value ''. */
export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

/**
 * The part of a request that signatures cover. Header names are lower case; header values are byte
 * strings, one character a byte, as node's parser gives them. Key and query are Unicode.
 */
export interface SignableRequest {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: readonly QueryParameter[];
  readonly headers: ReadonlyMap<string, string>;
}

/** What a V4 signature is for: a day (YYYYMMDD), a region without `oss-`, and a product. */
export interface V4Scope {
  readonly day: string;
  readonly region: string;
  readonly product: string;
}

/**
 * How V4 writes a parameter with an empty value. The document says the bare name; ali-oss signs
 * `name=`.
 */
export type EmptyValueForm = 'bareName' | 'withEqualsSign';

const subResources = new Set(
  (
    'acl uploads location cors logging website referer lifecycle delete append tagging objectMeta ' +
    'uploadId partNumber security-token position img style styleName replication ' +
    'replicationProgress replicationLocation cname bucketInfo comp qos live status vod startTime ' +
    'endTime symlink callback callback-var stat restore versions versioning versionId sequential ' +
    'continuation-token policy requestPayment encryption worm wormId wormExtend inventory ' +
    'inventoryId asyncFetch transferAcceleration regionList cloudboxes resourceGroup accessPoint ' +
    'accessPointPolicy metaQuery httpsConfig group link objectInfo qosInfo ' +
    'bucketArchiveDirectRead redundancyTransition publicAccessBlock response-content-type ' +
    'response-content-language response-content-disposition response-content-encoding ' +
    'response-expires response-cache-control'
  ).split(' '),
);

/** Byte string of the UTF-8 form of a text. */
function utf8Bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function resourcePath(request: SignableRequest): string {
  if (request.bucket === undefined) return '/';
  return `/${request.bucket}/${request.key ?? ''}`;
}

/** What V1 signs, as a byte string. `date` is the text in the date's place: `Date`, `x-oss-date` or `Expires`. */
export function v1StringToSign(request: SignableRequest, date: string): string {
  const ossHeaders = [...request.headers]
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('');
  const seen = new Set<string>();
  const resources = request.query
    .filter(({ name }) => subResources.has(name) || name.startsWith('x-oss-'))
    // The first value wins when a parameter is repeated.
    .filter(({ name }) => !seen.has(name) && seen.add(name))
    .sort((a, b) => compareText(a.name, b.name))
    .map(({ name, value }) => (value === '' ? name : `${name}=${value}`))
    .join('&');
  return [
    request.method,
    request.headers.get('content-md5') ?? '',
    request.headers.get('content-type') ?? '',
    date,
    ossHeaders + utf8Bytes(resourcePath(request) + (resources && `?${resources}`)),
  ].join('\n');
}

/** Signature V1 of a byte string. */
export function v1Signature(secret: string, stringToSign: string): string {
  return createHmac('sha1', secret).update(stringToSign, 'latin1').digest('base64');
}

/** Percent-encodes all bytes but the unreserved ones of RFC 3986. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The headers that V4 signs, as it writes them: one line each, sorted, with the line end. */
export function v4CanonicalHeaders(
  headers: ReadonlyMap<string, string>,
  additionalHeaders: readonly string[],
): string {
  return [...headers]
    .filter(([name]) => isSignedByDefault(name) || additionalHeaders.includes(name))
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('');
}

/** Whether V4 signs this header without being told to; such a name must not be an additional header. */
export function isSignedByDefault(headerName: string): boolean {
  return (
    headerName === 'content-type' || headerName === 'content-md5' || headerName.startsWith('x-oss-')
  );
}

/** The canonical request of V4, as a byte string. `additionalHeaders` are lower case and sorted. */
export function v4CanonicalRequest(
  request: SignableRequest,
  additionalHeaders: readonly string[],
  emptyValues: EmptyValueForm,
): string {
  const query = request.query
    .filter(({ name }) => name !== 'x-oss-signature')
    .map(({ name, value }) => ({ name: encodeStrictly(name), value: encodeStrictly(value) }))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.value, b.value))
    .map(({ name, value }) =>
      value === '' && emptyValues === 'bareName' ? name : `${name}=${value}`,
    )
    .join('&');
  return [
    request.method,
    encodeStrictly(resourcePath(request)).replaceAll('%2F', '/'),
    query,
    v4CanonicalHeaders(request.headers, additionalHeaders),
    additionalHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
}

/** The text that V4 signs. `timestamp` is `YYYYMMDDTHHMMSSZ`. */
export function v4StringToSign(
  scope: V4Scope,
  timestamp: string,
  canonicalRequest: string,
): string {
  return [
    'OSS4-HMAC-SHA256',
    timestamp,
    `${scope.day}/${scope.region}/${scope.product}/aliyun_v4_request`,
    createHash('sha256').update(canonicalRequest, 'latin1').digest('hex'),
  ].join('\n');
}

/** The key that V4 derives from a secret for one scope. */
export function v4SigningKey(secret: string, scope: V4Scope): Buffer {
  return [scope.day, scope.region, scope.product, 'aliyun_v4_request'].reduce<Buffer>(
    (key, text) => createHmac('sha256', key).update(text).digest(),
    Buffer.from(`aliyun_v4${secret}`),
  );
}

/** Signature V4 of a text. */
export function v4Signature(signingKey: Buffer, stringToSign: string): string {
  return createHmac('sha256', signingKey).update(stringToSign).digest('hex');
}
