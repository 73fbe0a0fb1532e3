/** What OSS allows, each with the operation or the page of Alibaba Cloud that says so. */

/** Bytes of the smallest part but the last: 100 KB. CompleteMultipartUpload refuses less. */
export const MIN_PART_SIZE_BYTES = 102_400;
/** Bytes of the largest part: 5 GB ("UploadPart"). */
export const MAX_PART_SIZE_BYTES = 5 * 1024 ** 3;
/** The most parts of one object ("UploadPart": part numbers are 1 to 10,000). */
export const MAX_PARTS = 10_000;
/** Bytes of UTF-8 in the longest object key ("Object naming conventions"). */
export const MAX_KEY_BYTES = 1023;

/** Bytes of all names and values of user metadata together: 8 KB ("PutObject", `x-oss-meta-*`). */
export const MAX_METADATA_BYTES = 8 * 1024;
/** The most tags of one object ("PutObjectTagging"). */
export const MAX_TAGS = 10;
/** Characters in the longest name of a tag ("PutObjectTagging"). */
export const MAX_TAG_NAME_LENGTH = 128;
/** Characters in the longest value of a tag ("PutObjectTagging"). */
export const MAX_TAG_VALUE_LENGTH = 256;
/** The lowest `x-oss-traffic-limit`, in bit/s: 100 KiB/s ("Single-connection bandwidth throttling"). */
export const MIN_TRAFFIC_LIMIT = 819_200;
/** The highest `x-oss-traffic-limit`, in bit/s: 100 MiB/s (the same page). */
export const MAX_TRAFFIC_LIMIT = 838_860_800;
/** The most addresses of one callback ("Callback", `callbackUrl`). */
export const MAX_CALLBACK_URLS = 5;
/** Bytes of the JSON of a callback ("Callback"). */
export const MAX_CALLBACK_BYTES = 5 * 1024;

/** Who may read an object: `x-oss-object-acl` ("PutObjectACL"). `default` is the ACL of the bucket. */
export const ACLS = ['default', 'private', 'public-read', 'public-read-write'] as const;
/** Storage classes, from the quickest to the cheapest: `x-oss-storage-class` ("PutObject"). */
export const STORAGE_CLASSES = [
  'Standard',
  'IA',
  'Archive',
  'ColdArchive',
  'DeepColdArchive',
] as const;
/** Algorithms of `x-oss-server-side-encryption` ("PutObject"). */
export const ENCRYPTIONS = ['AES256', 'KMS', 'SM4'] as const;
/** Kinds of the body of a callback ("Callback", `callbackBodyType`). */
export const CALLBACK_BODY_TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
] as const;
