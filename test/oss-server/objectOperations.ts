import { randomBytes } from 'node:crypto';
import { readCallback, sendCallback, type CallbackEvent } from './callback.ts';
import { OssError, fileAlreadyExists, invalidArgument, malformedXml, noSuchKey } from './error.ts';
import {
  digestHeaders,
  parseBody,
  readText,
  receiveBytes,
  requireBucket,
  xmlAnswer,
  type Operation,
  type OperationContext,
  type OssAnswer,
} from './operation.ts';
import {
  checkAcl,
  checkKey,
  checkPublicAccess,
  checkTags,
  checkTrafficLimit,
  forbidsOverwrite,
  propertyHeaders,
  readProperties,
} from './properties.ts';
import type { BucketRecord, ObjectManifest, ObjectProperties } from './storage.ts';
import { childText, element, textElement } from './xml.ts';

/** The object of the request. Throws NoSuchBucket or NoSuchKey. */
function requireObject(context: OperationContext): ObjectManifest {
  const { request, storage, bucket, key } = context;
  requireBucket(context);
  const newest = storage.object(bucket, key);
  const versionId = request.parameter('versionId');
  if (versionId !== undefined) {
    const versions = [...storage.formerVersions(bucket, key), ...(newest ? [newest] : [])];
    const named = versions.find((version) => (version.versionId ?? 'null') === versionId);
    if (!named) throw new OssError(404, 'NoSuchVersion', 'The specified version does not exist.');
    return named;
  }
  if (!newest) throw noSuchKey(key);
  return newest;
}

/** Version id for a new object: one of its own, or that of the null version, which it replaces. */
export function newVersion({ versioning }: BucketRecord): { readonly versionId?: string } {
  if (versioning === undefined) return {};
  const isEnabled = versioning === 'Enabled';
  return { versionId: isEnabled ? `CAEQ${randomBytes(20).toString('hex')}` : 'null' };
}

/** Header that tells the version. */
export function versionHeaders(manifest: ObjectManifest): Record<string, string> {
  return manifest.versionId === undefined ? {} : { 'x-oss-version-id': manifest.versionId };
}

/**
 * Replaces the answer of a stored object by the application's, when a callback was asked for. The
 * object stays whatever the application says.
 */
export async function answerWithCallback(
  context: OperationContext,
  manifest: ObjectManifest,
  answer: OssAnswer,
): Promise<OssAnswer> {
  const callback = readCallback(context.request);
  if (!callback) return answer;
  const event: CallbackEvent = {
    bucket: context.bucket,
    key: manifest.key,
    etag: manifest.etag,
    sizeBytes: manifest.sizeBytes,
    mimeType: manifest.properties.headers['content-type'] ?? '',
  };
  try {
    const body = await sendCallback(callback, event);
    return { ...answer, headers: { ...answer.headers, 'content-type': 'application/json' }, body };
  } catch (error) {
    if (!(error instanceof OssError)) throw error;
    return {
      status: error.status,
      headers: {
        ...answer.headers,
        'content-type': 'application/xml',
        'x-oss-ec': error.details.ec ?? '',
      },
      body: error.toXml(context.requestId, context.request.host),
      code: error.code,
    };
  }
}

/**
 * Throws when the object must not be replaced by this request. `x-oss-forbid-overwrite` and the
 * bucket's own rules have no effect where versioning is enabled or suspended.
 */
export function checkReplacement(
  { request, storage, key, nowMs }: OperationContext,
  bucket: BucketRecord,
  ec: string,
): void {
  const before = storage.object(bucket.name, key);
  if (!before || bucket.versioning !== undefined) return;
  checkRetention(bucket, before, nowMs);
  if (forbidsOverwrite(request)) throw fileAlreadyExists(ec);
  const isRuled = bucket.overwriteRules?.some(
    ({ prefix = '', suffix = '' }) => key.startsWith(prefix) && key.endsWith(suffix),
  );
  // Which EC the service has for its own rules is not documented.
  if (isRuled === true) throw fileAlreadyExists(undefined);
}

function checkRetention(
  { retentionDays = 0 }: BucketRecord,
  { lastModifiedMs }: ObjectManifest,
  nowMs: number,
): void {
  if (nowMs >= lastModifiedMs + retentionDays * 86_400_000) return;
  throw new OssError(409, 'FileImmutable', 'The object you specified is immutable.');
}

const conditionalHeaders = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];

const putObject: Operation = async (context) => {
  const { request, storage, key } = context;
  const bucket = requireBucket(context);
  checkKey(key);
  const conditional = conditionalHeaders.find((name) => request.headers.has(name));
  if (conditional !== undefined) {
    throw new OssError(
      400,
      'NotImplemented',
      'A header you provided implies functionality that is not implemented.',
      { elements: { Header: conditional } },
    );
  }
  const properties = readProperties(request, bucket);
  checkTrafficLimit(request);
  // A wrong callback is refused before anything is stored.
  readCallback(request);
  const refuseOverwrite = () => {
    checkReplacement(context, bucket, '0026-00000002');
  };
  refuseOverwrite();
  const bytes = await receiveBytes(context);
  try {
    refuseOverwrite();
  } catch (error) {
    storage.discard(bytes);
    throw error;
  }
  const digests = digestHeaders(bytes);
  const manifest: ObjectManifest = {
    key,
    type: 'Normal',
    sizeBytes: bytes.sizeBytes,
    etag: bytes.etag,
    crc64: bytes.crc64,
    contentMd5: digests['content-md5'],
    lastModifiedMs: context.nowMs,
    ...newVersion(bucket),
    properties,
    files: [{ file: bytes.file, sizeBytes: bytes.sizeBytes }],
  };
  storage.putObject(bucket.name, manifest);
  return answerWithCallback(context, manifest, {
    status: 200,
    headers: { ...digests, ...properties.encryption, ...versionHeaders(manifest) },
  });
};

function objectHeaders(manifest: ObjectManifest): Record<string, string> {
  return {
    ...propertyHeaders(manifest.properties),
    ...versionHeaders(manifest),
    etag: `"${manifest.etag}"`,
    'last-modified': new Date(manifest.lastModifiedMs).toUTCString(),
    'x-oss-object-type': manifest.type,
    'x-oss-hash-crc64ecma': manifest.crc64,
    'accept-ranges': 'bytes',
    ...(manifest.contentMd5 !== undefined && { 'content-md5': manifest.contentMd5 }),
  };
}

/** Answer to a conditional HEAD or GET that must not go on; undefined when it may. */
function refuseByCondition(
  context: OperationContext,
  manifest: ObjectManifest,
): OssAnswer | undefined {
  const { headers } = context.request;
  const etag = `"${manifest.etag}"`;
  const modifiedSeconds = Math.floor(manifest.lastModifiedMs / 1000);
  const seconds = (name: string) => Math.floor(Date.parse(headers.get(name) ?? '') / 1000);
  const names = (name: string) =>
    headers
      .get(name)
      ?.split(',')
      .map((text) => text.trim());
  const isNamed = (list: readonly string[]) =>
    list.includes(etag) || list.includes(manifest.etag) || list.includes('*');
  const ifMatch = names('if-match');
  const ifNoneMatch = names('if-none-match');
  if ((ifMatch && !isNamed(ifMatch)) || modifiedSeconds > seconds('if-unmodified-since')) {
    throw new OssError(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold.',
      { elements: { Condition: ifMatch ? 'If-Match' : 'If-Unmodified-Since' } },
    );
  }
  if ((ifNoneMatch && isNamed(ifNoneMatch)) || modifiedSeconds <= seconds('if-modified-since')) {
    return { status: 304, headers: { etag }, code: 'NotModified' };
  }
  return undefined;
}

const headObject: Operation = (context) => {
  const manifest = requireObject(context);
  return (
    refuseByCondition(context, manifest) ?? {
      status: 200,
      headers: { ...objectHeaders(manifest), 'content-length': String(manifest.sizeBytes) },
    }
  );
};

const getObjectMeta: Operation = (context) => {
  const manifest = requireObject(context);
  return {
    status: 200,
    headers: {
      etag: `"${manifest.etag}"`,
      'last-modified': new Date(manifest.lastModifiedMs).toUTCString(),
      ...versionHeaders(manifest),
      // Only HEAD may tell a length that no body follows.
      'content-length': context.request.method === 'HEAD' ? String(manifest.sizeBytes) : '0',
    },
  };
};

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The bytes a Range header asks for, end exclusive; undefined when it is not a valid one. */
function parseRange(text: string, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text);
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(sizeBytes - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return start < end ? { start, end } : undefined;
}

const getObject: Operation = (context) => {
  const { request, storage } = context;
  const manifest = requireObject(context);
  const refused = refuseByCondition(context, manifest);
  if (refused) return refused;
  const rangeText = request.headers.get('range');
  const range = rangeText === undefined ? undefined : parseRange(rangeText, manifest.sizeBytes);
  if (rangeText !== undefined && !range) {
    if (request.headers.get('x-oss-range-behavior') === 'standard') {
      throw new OssError(416, 'InvalidRange', 'The requested range cannot be satisfied.', {
        elements: { ActualObjectSize: manifest.sizeBytes, RangeRequested: rangeText },
      });
    }
  }
  const { start, end } = range ?? { start: 0, end: manifest.sizeBytes };
  const overrides = request.query
    .filter(({ name }) => name.startsWith('response-'))
    .map(({ name, value }) => [name.slice('response-'.length), value] as const);
  return {
    status: range ? 206 : 200,
    headers: {
      ...objectHeaders(manifest),
      ...Object.fromEntries(overrides),
      'content-length': String(end - start),
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${manifest.sizeBytes}` }),
    },
    body: storage.read(manifest, start, end),
  };
};

const deleteObject: Operation = async (context) => {
  const bucket = requireBucket(context);
  await context.received();
  const before = context.storage.object(context.bucket, context.key);
  if (before) checkRetention(bucket, before, context.nowMs);
  context.storage.deleteObject(context.bucket, context.key);
  return { status: 204 };
};

function changeProperties(context: OperationContext, change: Partial<ObjectProperties>): void {
  const manifest = requireObject(context);
  context.storage.putObject(context.bucket, {
    ...manifest,
    properties: { ...manifest.properties, ...change },
  });
}

const getObjectAcl: Operation = (context) =>
  xmlAnswer(
    element(
      'AccessControlPolicy',
      element(
        'Owner',
        textElement('ID', context.ownerId),
        textElement('DisplayName', context.ownerId),
      ),
      element('AccessControlList', textElement('Grant', requireObject(context).properties.acl)),
    ),
  );

const putObjectAcl: Operation = (context) => {
  const acl = checkAcl(context.request.headers.get('x-oss-object-acl') ?? '');
  checkPublicAccess(acl, requireBucket(context));
  changeProperties(context, { acl });
  return { status: 200 };
};

const getObjectTagging: Operation = (context) =>
  xmlAnswer(
    element(
      'Tagging',
      element(
        'TagSet',
        ...Object.entries(requireObject(context).properties.tags).map(([name, value]) =>
          element('Tag', textElement('Key', name), textElement('Value', value)),
        ),
      ),
    ),
  );

const putObjectTagging: Operation = async (context) => {
  const root = parseBody(await readText(context), 'Tagging');
  const set = root.children.find((child) => child.name === 'TagSet');
  if (!set) throw malformedXml();
  const tags = set.children.map(
    (tag) => [childText(tag, 'Key') ?? '', childText(tag, 'Value') ?? ''] as const,
  );
  changeProperties(context, { tags: checkTags(tags) });
  return { status: 200 };
};

const deleteObjectTagging: Operation = (context) => {
  changeProperties(context, { tags: {} });
  return { status: 204 };
};

/** Reads `x-oss-copy-source`: `/bucket/percent-encoded key`. Throws when there is no such object. */
export function requireCopySource(context: OperationContext): ObjectManifest {
  const text = context.request.headers.get('x-oss-copy-source') ?? '';
  const [, bucket, key] = /^\/?([^/]+)\/([^?]+)/.exec(decodeURIComponent(text)) ?? [];
  if (bucket === undefined || key === undefined) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key.',
      'x-oss-copy-source',
    );
  }
  requireBucket({ ...context, bucket });
  const manifest = context.storage.object(bucket, key);
  if (!manifest) throw noSuchKey(key);
  return manifest;
}

/** The operations of objects, apart from multipart uploads. */
export const objectOperations = {
  putObject,
  headObject,
  getObjectMeta,
  getObject,
  deleteObject,
  getObjectAcl,
  putObjectAcl,
  getObjectTagging,
  putObjectTagging,
  deleteObjectTagging,
};
