import { OssError, accessDenied, invalidArgument } from './error.ts';
import { utf8Header, type OssRequest } from './request.ts';
import type { BucketRecord, ObjectProperties } from './storage.ts';

const keptHeaders = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];
const acls = ['default', 'private', 'public-read', 'public-read-write'];
const storageClasses = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'];
const encryptionHeader = 'x-oss-server-side-encryption';
const encryptionAlgorithms = ['AES256', 'KMS', 'SM4'];
const maxMetadataBytes = 8 * 1024;
const maxTags = 10;

/** Throws unless the ACL is one of an object. */
export function checkAcl(acl: string, allowed: readonly string[] = acls): string {
  if (allowed.includes(acl)) return acl;
  throw invalidArgument('The object acl is invalid.', 'x-oss-object-acl', acl);
}

/** Throws when a public ACL is asked for in a bucket that blocks public access. */
export function checkPublicAccess(
  acl: string | undefined,
  { blockPublicAccess = false }: Pick<BucketRecord, 'blockPublicAccess'>,
): void {
  if (!blockPublicAccess || acl?.startsWith('public-') !== true) return;
  throw accessDenied('Put public object acl is not allowed', { ec: '0016-00000901' });
}

function invalidTag(message: string): OssError {
  return new OssError(400, 'InvalidTag', message);
}

/** Throws unless the tags are within the limits of OSS. */
export function checkTags(tags: readonly (readonly [string, string])[]): Record<string, string> {
  if (tags.length > maxTags) throw invalidTag('Object tags cannot be greater than 10.');
  const names = tags.map(([name]) => name);
  if (new Set(names).size !== names.length) {
    throw invalidArgument('Duplicate tag key.', 'x-oss-tagging');
  }
  const allowed = /^[A-Za-z0-9 +\-=._:/]*$/;
  for (const [name, value] of tags) {
    const nameBytes = Buffer.byteLength(name);
    if (nameBytes < 1 || nameBytes > 128 || !allowed.test(name)) {
      throw invalidTag('The TagKey you have provided is invalid.');
    }
    if (Buffer.byteLength(value) > 256 || !allowed.test(value)) {
      throw invalidTag('The TagValue you have provided is invalid.');
    }
  }
  return Object.fromEntries(tags);
}

function readMetadata(request: OssRequest): Record<string, string> {
  const metadata = [...request.headers].filter(([name]) => name.startsWith('x-oss-meta-'));
  if (metadata.some(([name]) => !/^x-oss-meta-[a-z0-9-]+$/.test(name))) {
    throw invalidArgument('The name of user metadata is invalid.', 'x-oss-meta');
  }
  const sizeBytes = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  // Which code the service has for this is not documented.
  if (sizeBytes > maxMetadataBytes) {
    throw invalidArgument('The size of user metadata exceeds 8 KB.', 'x-oss-meta');
  }
  return Object.fromEntries(metadata);
}

function readEncryption(request: OssRequest): Record<string, string> {
  const algorithm = request.headers.get(encryptionHeader);
  const keyId = request.headers.get(`${encryptionHeader}-key-id`);
  if (algorithm === undefined) return {};
  if (!encryptionAlgorithms.includes(algorithm)) {
    throw new OssError(
      400,
      'InvalidEncryptionAlgorithmError',
      'The Encryption request you specified is not valid. Supported value: AES256/KMS/SM4.',
    );
  }
  return {
    [encryptionHeader]: algorithm,
    ...(keyId !== undefined && { [`${encryptionHeader}-key-id`]: keyId }),
  };
}

/** The properties that the headers of PutObject or Initiate fix. Throws when one is not allowed. */
export function readProperties(request: OssRequest, bucket: BucketRecord): ObjectProperties {
  const storageClass = request.headers.get('x-oss-storage-class') ?? bucket.storageClass;
  if (!storageClasses.includes(storageClass)) {
    throw invalidArgument(
      'The storage class you specified is invalid.',
      'x-oss-storage-class',
      storageClass,
    );
  }
  const acl = checkAcl(request.headers.get('x-oss-object-acl') ?? 'default');
  checkPublicAccess(acl, bucket);
  const tagging = new URLSearchParams(utf8Header(request, 'x-oss-tagging') ?? '');
  const headers = keptHeaders.flatMap((name) => {
    const value = request.headers.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    headers: {
      'content-type': request.headers.get('content-type') ?? 'application/octet-stream',
      ...Object.fromEntries(headers),
    },
    metadata: readMetadata(request),
    acl,
    storageClass,
    encryption: readEncryption(request),
    tags: checkTags([...tagging]),
  };
}

/** Headers of an object as HEAD and GET show them. */
export function propertyHeaders(properties: ObjectProperties): Record<string, string> {
  const tagCount = Object.keys(properties.tags).length;
  return {
    ...properties.headers,
    ...properties.metadata,
    ...properties.encryption,
    'x-oss-storage-class': properties.storageClass,
    ...(tagCount > 0 && { 'x-oss-tagging-count': String(tagCount) }),
  };
}

/** Whether `x-oss-forbid-overwrite: true` is set. */
export function forbidsOverwrite(request: OssRequest): boolean {
  return request.headers.get('x-oss-forbid-overwrite')?.toLowerCase() === 'true';
}

/** Throws unless the key is one that OSS stores. */
export function checkKey(key: string): void {
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes >= 1 && sizeBytes <= 1023 && !/^[/\\]/.test(key)) return;
  throw new OssError(400, 'InvalidObjectName', 'The specified object is not valid.', {
    elements: { ObjectName: key },
  });
}

/** Throws unless `x-oss-traffic-limit`, in header or query, is within its range (bit/s). */
export function checkTrafficLimit(request: OssRequest): void {
  const text =
    request.headers.get('x-oss-traffic-limit') ?? request.parameter('x-oss-traffic-limit');
  if (text === undefined) return;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 819_200 && limit <= 838_860_800) return;
  throw invalidArgument(
    'The traffic limit must be an integer between 819200 and 838860800.',
    'x-oss-traffic-limit',
    text,
  );
}
