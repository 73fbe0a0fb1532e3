import type { ObjectOptions } from '../engine/contract/ports';
import { contentTypeOf } from './contentType';
import { invalidArgument } from './ossErrors';

/** Header names are lower case; every value can be sent as it is. */
export type Headers = Readonly<Record<string, string>>;

type NewObjectOptions = ObjectOptions & { readonly forbidOverwrite: boolean };

/** Of InitiateMultipartUpload: the properties of the object are given here, not at its parts. */
export function initiateHeaders(key: string, options: NewObjectOptions): Headers {
  return { ...objectHeaders(key, options), ...overwriteHeader(options) };
}

/** Of UploadPart. OSS refuses encryption headers here and ignores the others. */
export function partHeaders(options: ObjectOptions): Headers {
  return {
    ...trafficLimitHeader(options),
    'content-type': 'application/octet-stream',
  };
}

/** Of CompleteMultipartUpload: what concerns the moment in which the object appears. */
export function completeHeaders(options: NewObjectOptions): Headers {
  return {
    ...overwriteHeader(options),
    ...aclHeader(options),
    ...callbackHeaders(options),
    'content-type': 'application/xml',
  };
}

/** Of PutObject, which is all of it in one request. */
export function putHeaders(key: string, options: NewObjectOptions): Headers {
  return {
    ...initiateHeaders(key, options),
    ...trafficLimitHeader(options),
    ...callbackHeaders(options),
  };
}

function objectHeaders(key: string, options: ObjectOptions): Headers {
  const { encryption, metadata = {}, tags = {} } = options;
  return sendable({
    'content-type': options.contentType ?? contentTypeOf(key),
    'cache-control': options.cacheControl,
    'content-disposition': options.contentDisposition,
    'x-oss-storage-class': options.storageClass,
    'x-oss-server-side-encryption': encryption?.algorithm,
    'x-oss-server-side-encryption-key-id': encryption?.keyId,
    'x-oss-tagging': Object.entries(tags)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&'),
    ...aclHeader(options),
    ...Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [`x-oss-meta-${name.toLowerCase()}`, value]),
    ),
  });
}

/** On Initiate and Complete: the documents name it for the one, SDKs send it with the other. */
function aclHeader({ acl }: ObjectOptions): Headers {
  return sendable({ 'x-oss-object-acl': acl === 'default' ? undefined : acl });
}

function overwriteHeader({ forbidOverwrite }: NewObjectOptions): Headers {
  return sendable({ 'x-oss-forbid-overwrite': forbidOverwrite ? 'true' : undefined });
}

function trafficLimitHeader({ trafficLimitBitsPerSecond: limit }: ObjectOptions): Headers {
  return sendable({ 'x-oss-traffic-limit': limit === undefined ? undefined : String(limit) });
}

function callbackHeaders({ callback }: ObjectOptions): Headers {
  if (callback === undefined) return {};
  const variables = Object.entries(callback.variables ?? {});
  return sendable({
    'x-oss-callback': base64Json({
      callbackUrl: callback.url,
      callbackHost: callback.host,
      callbackBody: callback.body,
      callbackBodyType: callback.bodyType,
    }),
    'x-oss-callback-var':
      variables.length === 0
        ? undefined
        : base64Json(
            Object.fromEntries(
              variables.map(([name, value]) => [name.startsWith('x:') ? name : `x:${name}`, value]),
            ),
          ),
  });
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/**
 * Only what has a value: ali-oss signs the word "undefined" but does not send it. Values are
 * trimmed, because servers trim what they check. Throws `invalidArgument` for a control character.
 */
function sendable(headers: Readonly<Record<string, string | undefined>>): Headers {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const trimmed = value?.trim() ?? '';
    if (trimmed === '') continue;
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(trimmed) || !/^[\w-]+$/.test(name)) {
      throw invalidArgument(name, `the header ${JSON.stringify(name)} cannot be sent`);
    }
    result[name] = trimmed;
  }
  return result;
}
