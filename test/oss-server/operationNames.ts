import type { OssRequest, Address } from './request.ts';

/** An operation that the server knows, in one spelling for log, faults and denials. */
export type OperationName =
  | 'listBuckets'
  | 'putBucket'
  | 'deleteBucket'
  | 'getBucketInfo'
  | 'getBucketLocation'
  | 'getBucketAcl'
  | 'getBucketVersioning'
  | 'putBucketVersioning'
  | 'listCname'
  | 'getBucketOverwriteConfig'
  | 'listObjects'
  | 'listObjectsV2'
  | 'deleteMultipleObjects'
  | 'putObject'
  | 'headObject'
  | 'getObjectMeta'
  | 'getObject'
  | 'deleteObject'
  | 'getObjectAcl'
  | 'putObjectAcl'
  | 'getObjectTagging'
  | 'putObjectTagging'
  | 'deleteObjectTagging'
  | 'initiateMultipartUpload'
  | 'uploadPart'
  | 'uploadPartCopy'
  | 'completeMultipartUpload'
  | 'abortMultipartUpload'
  | 'listParts'
  | 'listMultipartUploads'
  | 'copyObject'
  | 'unknown';

function bucketOperation(request: OssRequest): OperationName {
  const has = (name: string) => request.parameter(name) !== undefined;
  switch (request.method) {
    case 'GET':
      if (has('bucketInfo')) return 'getBucketInfo';
      if (has('location')) return 'getBucketLocation';
      if (has('acl')) return 'getBucketAcl';
      if (has('versioning')) return 'getBucketVersioning';
      if (has('cname')) return 'listCname';
      if (has('overwriteConfig')) return 'getBucketOverwriteConfig';
      if (has('uploads')) return 'listMultipartUploads';
      return request.parameter('list-type') === '2' ? 'listObjectsV2' : 'listObjects';
    case 'PUT':
      return has('versioning') ? 'putBucketVersioning' : 'putBucket';
    case 'DELETE':
      return 'deleteBucket';
    case 'POST':
      return has('delete') ? 'deleteMultipleObjects' : 'unknown';
    default:
      return 'unknown';
  }
}

function objectOperation(request: OssRequest): OperationName {
  const has = (name: string) => request.parameter(name) !== undefined;
  const copies = request.headers.has('x-oss-copy-source');
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      if (has('objectMeta')) return 'getObjectMeta';
      if (request.method === 'HEAD') return 'headObject';
      if (has('uploadId')) return 'listParts';
      if (has('acl')) return 'getObjectAcl';
      return has('tagging') ? 'getObjectTagging' : 'getObject';
    case 'PUT':
      if (has('uploadId')) return copies ? 'uploadPartCopy' : 'uploadPart';
      if (has('acl')) return 'putObjectAcl';
      if (has('tagging')) return 'putObjectTagging';
      return copies ? 'copyObject' : 'putObject';
    case 'POST':
      if (has('uploads')) return 'initiateMultipartUpload';
      return has('uploadId') ? 'completeMultipartUpload' : 'unknown';
    case 'DELETE':
      if (has('uploadId')) return 'abortMultipartUpload';
      return has('tagging') ? 'deleteObjectTagging' : 'deleteObject';
    default:
      return 'unknown';
  }
}

/** Which operation a request asks for. */
export function operationOf(request: OssRequest, address: Address): OperationName {
  if (address.bucket === undefined) return request.method === 'GET' ? 'listBuckets' : 'unknown';
  return address.key === undefined ? bucketOperation(request) : objectOperation(request);
}

/** Operations that look at or change a bucket or the service, not what is in a bucket. */
const bucketLevel: ReadonlySet<OperationName> = new Set([
  'listBuckets',
  'putBucket',
  'deleteBucket',
  'getBucketInfo',
  'getBucketLocation',
  'getBucketAcl',
  'getBucketVersioning',
  'putBucketVersioning',
  'listCname',
  'getBucketOverwriteConfig',
] as const);

/** Whether this is a data operation, which not every account may call at the default domain. */
export function isDataOperation(operation: OperationName): boolean {
  return !bucketLevel.has(operation);
}
