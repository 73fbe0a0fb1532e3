import { OssError, invalidArgument, malformedXml } from './error.ts';
import {
  nameEncoder,
  pageSize,
  parseBody,
  readText,
  requireBucket,
  xmlAnswer,
  xmlTime,
  type Operation,
  type OperationContext,
  type OssAnswer,
} from './operation.ts';
import { checkAcl, checkPublicAccess } from './properties.ts';
import {
  compareKeys,
  type BoundDomain,
  type BucketRecord,
  type ObjectManifest,
} from './storage.ts';
import { childText, element, textElement } from './xml.ts';

const bucketAcls = ['private', 'public-read', 'public-read-write'];

/** One page of a listing: entries and, with a delimiter, the prefixes that stand for many. */
export interface ListingPage<T> {
  readonly entries: readonly T[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** Key or prefix that ends the page; undefined when the page is empty. */
  readonly lastName: string | undefined;
}

/** What a page is made of. */
export interface ListingRequest<T> {
  /** Sorted, and after the marker already. */
  readonly entries: readonly T[];
  readonly keyOf: (entry: T) => string;
  readonly prefix: string;
  readonly delimiter: string;
  /** A common prefix up to here was on an earlier page. */
  readonly marker: string;
  readonly maxEntries: number;
}

/** Cuts one page out of a listing. */
export function listPage<T>(request: ListingRequest<T>): ListingPage<T> {
  const { prefix, delimiter, maxEntries } = request;
  const entries: T[] = [];
  const commonPrefixes: string[] = [];
  let lastName: string | undefined;
  for (const entry of request.entries) {
    const key = request.keyOf(entry);
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const commonPrefix = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (commonPrefix !== undefined) {
      if (commonPrefix === commonPrefixes.at(-1)) continue;
      if (compareKeys(commonPrefix, request.marker) <= 0) continue;
    }
    if (entries.length + commonPrefixes.length === maxEntries) {
      return { entries, commonPrefixes, isTruncated: true, lastName };
    }
    if (commonPrefix === undefined) entries.push(entry);
    else commonPrefixes.push(commonPrefix);
    lastName = commonPrefix ?? key;
  }
  return { entries, commonPrefixes, isTruncated: false, lastName };
}

function owner(context: OperationContext): string {
  return element(
    'Owner',
    textElement('ID', context.ownerId),
    textElement('DisplayName', context.ownerId),
  );
}

function endpoints(bucket: BucketRecord): string {
  return (
    textElement('ExtranetEndpoint', `oss-${bucket.region}.aliyuncs.com`) +
    textElement('IntranetEndpoint', `oss-${bucket.region}-internal.aliyuncs.com`) +
    textElement('Location', `oss-${bucket.region}`)
  );
}

const listBuckets: Operation = (context) => {
  const { request, storage } = context;
  const prefix = request.parameter('prefix') ?? '';
  const marker = request.parameter('marker') ?? '';
  const maxKeys = pageSize(request, 'max-keys', 100);
  const names = storage.bucketNames().filter((name) => name.startsWith(prefix) && name > marker);
  const page = names.slice(0, Math.min(maxKeys, context.faults.maxPageSize ?? maxKeys));
  const isTruncated = page.length < names.length;
  const buckets = page.map((name) => {
    const bucket = storage.bucket(name)!;
    return element(
      'Bucket',
      textElement('CreationDate', xmlTime(bucket.createdMs)),
      endpoints(bucket),
      textElement('Name', name),
      textElement('Region', bucket.region),
      textElement('StorageClass', bucket.storageClass),
    );
  });
  return xmlAnswer(
    element(
      'ListAllMyBucketsResult',
      ...(isTruncated
        ? [
            textElement('Prefix', prefix),
            textElement('Marker', marker),
            textElement('MaxKeys', maxKeys),
            textElement('IsTruncated', true),
            textElement('NextMarker', page.at(-1)),
          ]
        : []),
      owner(context),
      element('Buckets', ...buckets),
    ),
  );
};

const putBucket: Operation = async (context) => {
  const { request, storage, bucket: name } = context;
  const text = await readText(context);
  if (!/^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/.test(name)) {
    throw new OssError(400, 'InvalidBucketName', 'The specified bucket is not valid.', {
      elements: { BucketName: name },
    });
  }
  const before = storage.bucket(name);
  if (!before && storage.bucketNames().length >= 100) {
    throw new OssError(
      400,
      'TooManyBuckets',
      'You have attempted to create more buckets than allowed.',
    );
  }
  const configuration = text === '' ? undefined : parseBody(text, 'CreateBucketConfiguration');
  const storageClass = configuration && childText(configuration, 'StorageClass');
  const acl = request.headers.get('x-oss-acl');
  if (acl !== undefined) checkPublicAccess(acl, before ?? {});
  storage.putBucket({
    ...before,
    name,
    region: before?.region ?? context.endpointRegion,
    createdMs: before?.createdMs ?? context.nowMs,
    acl: acl === undefined ? (before?.acl ?? 'private') : checkAcl(acl, bucketAcls),
    storageClass: storageClass ?? before?.storageClass ?? 'Standard',
  });
  return { status: 200, headers: { location: `/${name}` } };
};

const deleteBucket: Operation = (context) => {
  const { storage } = context;
  const { name } = requireBucket(context);
  const inTheWay =
    storage.objects(name).length > 0
      ? 'The bucket has objects. Please delete them first.'
      : storage.uploads(name).length > 0
        ? 'The bucket has Multipart Uploads. Please abort them first.'
        : undefined;
  if (inTheWay !== undefined) {
    throw new OssError(409, 'BucketNotEmpty', inTheWay, {
      ec: '0015-00000301',
      elements: { BucketName: name },
    });
  }
  storage.deleteBucket(name);
  return { status: 204 };
};

const getBucketInfo: Operation = (context) => {
  const bucket = requireBucket(context);
  return xmlAnswer(
    element(
      'BucketInfo',
      element(
        'Bucket',
        textElement('CreationDate', xmlTime(bucket.createdMs)),
        endpoints(bucket),
        textElement('StorageClass', bucket.storageClass),
        textElement('DataRedundancyType', 'LRS'),
        textElement(
          'TransferAcceleration',
          bucket.transferAcceleration === true ? 'Enabled' : 'Disabled',
        ),
        textElement('CrossRegionReplication', 'Disabled'),
        textElement('Versioning', bucket.versioning),
        textElement('BlockPublicAccess', bucket.blockPublicAccess ?? false),
        textElement('Name', bucket.name),
        owner(context),
        element('AccessControlList', textElement('Grant', bucket.acl)),
      ),
    ),
  );
};

const getBucketLocation: Operation = (context) =>
  xmlAnswer(textElement('LocationConstraint', `oss-${requireBucket(context).region}`));

const getBucketAcl: Operation = (context) => {
  const bucket = requireBucket(context);
  return xmlAnswer(
    element(
      'AccessControlPolicy',
      owner(context),
      element('AccessControlList', textElement('Grant', bucket.acl)),
    ),
  );
};

const getBucketVersioning: Operation = (context) => {
  const { versioning } = requireBucket(context);
  return xmlAnswer(element('VersioningConfiguration', textElement('Status', versioning)));
};

const putBucketVersioning: Operation = async (context) => {
  const bucket = requireBucket(context);
  const status = childText(parseBody(await readText(context), 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
  context.storage.putBucket({ ...bucket, versioning: status });
  return { status: 200 };
};

const listCname: Operation = (context) => {
  const bucket = requireBucket(context);
  const certificate = ({ certificate: own }: BoundDomain) =>
    own === undefined
      ? ''
      : element(
          'Certificate',
          textElement('Type', 'CAS'),
          textElement('CertId', `493-${bucket.region}`),
          textElement('Status', own.status ?? 'Enabled'),
          textElement('CreationDate', new Date(bucket.createdMs).toUTCString()),
          textElement('Fingerprint', 'DE:01:CF:EC:7C:A7:98:CB:D8:6E:FB:1D:97:EB:A9:64:1D:4E:**:**'),
          textElement('ValidStartDate', new Date(bucket.createdMs).toUTCString()),
          textElement(
            'ValidEndDate',
            new Date(own.validUntilMs ?? Date.UTC(2124, 0, 1)).toUTCString(),
          ),
        );
  return xmlAnswer(
    element(
      'ListCnameResult',
      textElement('Bucket', bucket.name),
      textElement('Owner', context.ownerId),
      ...(bucket.domains ?? []).map((bound) =>
        element(
          'Cname',
          textElement('Domain', bound.domain),
          textElement('LastModified', xmlTime(bucket.createdMs)),
          textElement('Status', bound.status ?? 'Enabled'),
          textElement('IsWildCard', bound.isWildcard),
          certificate(bound),
        ),
      ),
    ),
  );
};

const getBucketOverwriteConfig: Operation = (context) => {
  const { overwriteRules = [] } = requireBucket(context);
  if (overwriteRules.length === 0) {
    // The status is documented, the code is not.
    throw new OssError(404, 'NoSuchOverwriteConfiguration', 'There is no such configuration.');
  }
  return xmlAnswer(
    element(
      'OverwriteConfiguration',
      ...overwriteRules.map(({ id, prefix, suffix }) =>
        element(
          'Rule',
          textElement('ID', id),
          textElement('Action', 'forbid'),
          textElement('Prefix', prefix),
          textElement('Suffix', suffix),
        ),
      ),
    ),
  );
};

function contents(
  context: OperationContext,
  objects: readonly ObjectManifest[],
  encode: (name: string) => string,
  withOwner: boolean,
): string {
  return objects
    .map((object) =>
      element(
        'Contents',
        textElement('Key', encode(object.key)),
        textElement('LastModified', xmlTime(object.lastModifiedMs)),
        textElement('ETag', `"${object.etag}"`),
        textElement('Type', object.type),
        textElement('Size', object.sizeBytes),
        textElement('StorageClass', object.properties.storageClass),
        withOwner ? owner(context) : '',
      ),
    )
    .join('');
}

/** Elements of the common prefixes of a page. */
export function commonPrefixElements(
  prefixes: readonly string[],
  encode: (name: string) => string,
): string {
  return prefixes
    .map((prefix) => element('CommonPrefixes', textElement('Prefix', encode(prefix))))
    .join('');
}

function listObjectPage(
  context: OperationContext,
  marker: string,
  maxEntries: number,
): ListingPage<ObjectManifest> {
  const { request, storage } = context;
  return listPage({
    entries: storage
      .objects(requireBucket(context).name)
      .filter(({ key }) => compareKeys(key, marker) > 0),
    keyOf: ({ key }) => key,
    prefix: request.parameter('prefix') ?? '',
    delimiter: request.parameter('delimiter') ?? '',
    marker,
    maxEntries: Math.min(maxEntries, context.faults.maxPageSize ?? maxEntries),
  });
}

const listObjects: Operation = (context) => {
  const { request } = context;
  const encode = nameEncoder(request);
  const marker = request.parameter('marker') ?? '';
  const maxKeys = pageSize(request, 'max-keys', 100);
  const page = listObjectPage(context, marker, maxKeys);
  return xmlAnswer(
    element(
      'ListBucketResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Name', context.bucket),
      textElement('Prefix', encode(request.parameter('prefix') ?? '')),
      textElement('Marker', encode(marker)),
      textElement('MaxKeys', maxKeys),
      textElement('Delimiter', encode(request.parameter('delimiter') ?? '')),
      textElement('IsTruncated', page.isTruncated),
      page.isTruncated ? textElement('NextMarker', encode(page.lastName ?? '')) : '',
      contents(context, page.entries, encode, true),
      commonPrefixElements(page.commonPrefixes, encode),
    ),
  );
};

const listObjectsV2: Operation = (context) => {
  const { request } = context;
  const encode = nameEncoder(request);
  const token = request.parameter('continuation-token');
  const startAfter = request.parameter('start-after') ?? '';
  const marker = token ? Buffer.from(token, 'base64').toString('utf8') : startAfter;
  const maxKeys = pageSize(request, 'max-keys', 100);
  const page = listObjectPage(context, marker, maxKeys);
  const nextToken = Buffer.from(page.lastName ?? '').toString('base64');
  return xmlAnswer(
    element(
      'ListBucketResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Name', context.bucket),
      textElement('Prefix', encode(request.parameter('prefix') ?? '')),
      textElement('StartAfter', encode(startAfter)),
      textElement('ContinuationToken', token),
      textElement('MaxKeys', maxKeys),
      textElement('Delimiter', encode(request.parameter('delimiter') ?? '')),
      textElement('IsTruncated', page.isTruncated),
      page.isTruncated ? textElement('NextContinuationToken', nextToken) : '',
      textElement('KeyCount', page.entries.length + page.commonPrefixes.length),
      contents(context, page.entries, encode, request.parameter('fetch-owner') === 'true'),
      commonPrefixElements(page.commonPrefixes, encode),
    ),
  );
};

const deleteMultipleObjects: Operation = async (context): Promise<OssAnswer> => {
  const { request, storage } = context;
  const { name } = requireBucket(context);
  if (!request.headers.has('content-md5')) {
    throw invalidArgument('Missing Some Required Arguments.', 'Content-MD5');
  }
  const root = parseBody(await readText(context), 'Delete');
  const keys = root.children
    .filter((child) => child.name === 'Object')
    .map((child) => childText(child, 'Key') ?? '');
  if (keys.length === 0 || keys.length > 1000 || keys.includes('')) throw malformedXml();
  for (const key of keys) storage.deleteObject(name, key);
  if (childText(root, 'Quiet') === 'true') return { status: 200 };
  const encode = nameEncoder(request);
  return xmlAnswer(
    element(
      'DeleteResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      ...keys.map((key) => element('Deleted', textElement('Key', encode(key)))),
    ),
  );
};

/** The operations of the service and of buckets. */
export const bucketOperations = {
  listBuckets,
  putBucket,
  deleteBucket,
  getBucketInfo,
  getBucketLocation,
  getBucketAcl,
  getBucketVersioning,
  putBucketVersioning,
  listCname,
  getBucketOverwriteConfig,
  listObjects,
  listObjectsV2,
  deleteMultipleObjects,
};
