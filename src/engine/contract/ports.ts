import type { ACLS, ENCRYPTIONS, STORAGE_CLASSES } from './ossLimits';

/** Where an object goes. Two windows, endpoints or regions that say the same bucket mean the same. */
export interface UploadTarget {
  readonly bucket: string;
  /** Object key, UTF-8, 1 to 1023 bytes, not starting with `/` or `\`. */
  readonly key: string;
  /** Region id without `oss-`, such as `cn-hangzhou`; '' when it is not known. */
  readonly region: string;
  /** Name of the credentials to use; '' is the default ones. */
  readonly profile: string;
}

/** Properties of the object, fixed when the upload is initiated. */
export interface ObjectOptions {
  /** Left out: decided by the extension of the key. */
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly acl?: (typeof ACLS)[number] | undefined;
  readonly storageClass?: (typeof STORAGE_CLASSES)[number] | undefined;
  readonly encryption?:
    | { readonly algorithm: (typeof ENCRYPTIONS)[number]; readonly keyId?: string | undefined }
    | undefined;
  /** User metadata without the `x-oss-meta-` prefix; names are lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Called by OSS after the object is stored: the JSON of `x-oss-callback` and its variables. */
  readonly callback?:
    | {
        readonly url: string;
        readonly body: string;
        readonly host?: string | undefined;
        readonly bodyType?: string | undefined;
        readonly variables?: Readonly<Record<string, string>> | undefined;
      }
    | undefined;
  /** `x-oss-traffic-limit` of every part, in bit/s, 819200 to 838860800. */
  readonly trafficLimitBitsPerSecond?: number | undefined;
}

/** Given with every request. */
export interface CallOptions {
  /** Ends the request at once; the call then rejects with kind `aborted`. */
  readonly signal: AbortSignal;
}

/**
 * Bytes to send. `chunks` is read once. The memory of a chunk is reused as soon as the next one is
 * asked for: the reader must have handed it to the system by then.
 */
export interface RequestBody {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What OSS answers when a multipart upload is begun. */
export interface InitiatedUpload {
  readonly uploadId: string;
  /** When OSS answered, by its own clock. */
  readonly initiatedServerMs?: number | undefined;
  /** See {@link StoredObject.requestId}. */
  readonly requestId?: string | undefined;
}

/** What OSS answers to an accepted part. */
export interface PartReceipt {
  /** As the server sent it, quotes included. */
  readonly etag: string;
  /** `x-oss-hash-crc64ecma` of the stored bytes; missing when something on the way strips it. */
  readonly crc64?: bigint | undefined;
  /** See {@link StoredObject.requestId}. */
  readonly requestId?: string | undefined;
}

/** A part as ListParts tells it. */
export interface ListedPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly crc64?: bigint | undefined;
}

/** What OSS answers when an object is complete. */
export interface StoredObject {
  readonly etag: string;
  readonly crc64?: bigint | undefined;
  /**
   * `x-oss-request-id`. Missing: something on the way strips it, or somebody else answered. Then
   * nothing has happened until its effect is seen.
   */
  readonly requestId?: string | undefined;
  readonly versionId?: string | undefined;
  /** Body of the application's answer, when a callback was asked for. */
  readonly callbackBody?: string | undefined;
  /** 203 CallbackFailed: the object is stored, but the application was not reached. */
  readonly callbackError?: { readonly code: string; readonly message: string } | undefined;
}

/** An object as HeadObject tells it. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly crc64?: bigint | undefined;
  /** By the clock of this computer, as far as it is known how that is off. */
  readonly lastModifiedMs?: number | undefined;
  /** The same moment by the clock of OSS. */
  readonly lastModifiedServerMs?: number | undefined;
}

/** An object as ListObjectsV2 tells it: without its CRC-64. */
export interface ListedObject extends Omit<ObjectInfo, 'crc64'> {
  readonly key: string;
}

/** A page of a listing. */
export interface ObjectPage {
  /** Ascending by the bytes of their keys, all of them after the place that was asked for. */
  readonly objects: readonly ListedObject[];
  /** Whether there are more behind them. Only a page with objects says so. */
  readonly isTruncated: boolean;
  /** Missing: as in {@link StoredObject.requestId}, so that HeadObject has to tell what is there. */
  readonly requestId?: string | undefined;
}

/** An unfinished multipart upload on the server. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  /** By the clock of this computer, as {@link ObjectInfo.lastModifiedMs}. */
  readonly initiatedMs: number;
}

/**
 * One bucket of OSS. Every call rejects with an UploadError only, never retries by itself, and may
 * run beside any other.
 */
export interface ObjectStore {
  /** InitiateMultipartUpload. */
  initiateMultipartUpload(
    key: string,
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<InitiatedUpload>;

  /** UploadPart. The caller compares the CRC. */
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: RequestBody,
    options: ObjectOptions,
    call: CallOptions,
  ): Promise<PartReceipt>;

  /** ListParts, all pages, ascending by part number. Rejects with `noSuchUpload`. */
  listParts(key: string, uploadId: string, call: CallOptions): Promise<ListedPart[]>;

  /** CompleteMultipartUpload with exactly these parts, ascending. */
  completeMultipartUpload(
    key: string,
    uploadId: string,
    parts: readonly { readonly partNumber: number; readonly etag: string }[],
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<StoredObject>;

  /**
   * AbortMultipartUpload. An upload that is unknown counts as aborted. Parts that are on their way
   * may still arrive: ListParts tells whether anything is left.
   */
  abortMultipartUpload(
    key: string,
    uploadId: string,
    call: CallOptions,
  ): Promise<{ readonly requestId?: string | undefined }>;

  /** PutObject, up to 5 GB. */
  putObject(
    key: string,
    body: RequestBody,
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<StoredObject>;

  /**
   * Whether OSS heeds `forbidOverwrite` in this bucket: it does not where versioning is enabled or
   * suspended (PutObject, `x-oss-forbid-overwrite`). False too where that cannot be known. Asked once
   * for all uploads; rejects with `aborted` only.
   */
  honoursForbidOverwrite(call: CallOptions): Promise<boolean>;

  /** HeadObject; undefined when there is no such object. */
  headObject(key: string, call: CallOptions): Promise<ObjectInfo | undefined>;

  /**
   * ListObjectsV2: up to 1,000 objects whose keys start with `prefix` and come after `startAfter`
   * ('' is from the first on), in the order of their bytes.
   */
  listObjects(prefix: string, startAfter: string, call: CallOptions): Promise<ObjectPage>;

  /** ListMultipartUploads of keys that start with `prefix`, all pages. */
  listMultipartUploads(prefix: string, call: CallOptions): Promise<UnfinishedUpload[]>;

  /**
   * Tries to remove the cause of a `credentials` or `clockSkew` failure: fetches credentials that
   * renew themselves again, corrects the clock by the server's. Callers at the same time share one
   * attempt. True when sending the request again makes sense.
   */
  recover(error: Error, call: CallOptions): Promise<boolean>;
}

/** A target's bucket, opened with its credentials and endpoint. Rejects with `noCredentials`. */
export type OpenStore = (target: UploadTarget) => Promise<ObjectStore>;
