/**
 * What the editor asks of an OSS account besides uploading: credentials, buckets, regions, links.
 * Between `ui`, which asks, and `oss`, which answers; neither imports the other.
 */
import type { CallOptions, UploadTarget } from './engine/contract/ports';

/** An AccessKey, with a token when it is a temporary one. Never logged, never in a message. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
}

/**
 * Where the credentials of a profile come from. What is kept in SecretStorage is this value as
 * JSON; only `accessKey` holds a secret, the others name a place that is read again each time.
 */
export type CredentialsSource =
  | { readonly kind: 'accessKey'; readonly key: AccessKey }
  /** ALIBABA_CLOUD_ACCESS_KEY_ID / _SECRET / _SECURITY_TOKEN, or OSS_ACCESS_KEY_ID / _SECRET, OSS_SESSION_TOKEN. */
  | { readonly kind: 'environment' }
  /** `~/.ossutilconfig`, versions 1 and 2; '' is the default section. */
  | { readonly kind: 'ossutil'; readonly section: string }
  /** `~/.aliyun/config.json`, a profile by name; '' is the current one. */
  | { readonly kind: 'aliyun'; readonly profile: string }
  /** RAM role of this ECS instance; '' asks the instance for its role. */
  | { readonly kind: 'ecsRamRole'; readonly role: string }
  /** A URL that answers with credentials (ALIBABA_CLOUD_CREDENTIALS_URI). */
  | { readonly kind: 'uri'; readonly url: string }
  /** ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE. */
  | { readonly kind: 'oidc' };

/** Credentials that were found on this machine and can be used as they are. */
export interface FoundCredentials {
  readonly source: CredentialsSource;
  /** Such as `LTAI****x3Qf`; '' when only a role is named. */
  readonly maskedId: string;
  /** Hints found beside them, '' when there are none. */
  readonly region: string;
  readonly bucket: string;
}

/** How OSS is reached: a word, or a URL such as `http://127.0.0.1:9000` or an own domain. */
export type Endpoint = string;

/** Whose eyes to look with: a stored profile, or credentials that are not stored yet. */
export type Access = { readonly profile: string } | { readonly source: CredentialsSource };

export interface BucketSummary {
  readonly name: string;
  /** Region id without `oss-`. */
  readonly region: string;
}

/** Questions about an account. Every call rejects with an UploadError only. */
export interface OssAccount {
  /** Looks in the environment and in the vendor's own files; never in the network. */
  findCredentials(): Promise<readonly FoundCredentials[]>;

  /** One cheap signed request. Rejects with `credentials` when OSS does not accept the key. */
  checkCredentials(access: Access, call: CallOptions): Promise<void>;

  /** ListBuckets, all pages. Rejects with `accessDenied` when the key may not list. */
  listBuckets(access: Access, call: CallOptions): Promise<readonly BucketSummary[]>;

  /** The bucket's region. Rejects with `noSuchBucket`; works without permission to list. */
  locateBucket(access: Access, bucket: string, call: CallOptions): Promise<BucketSummary>;

  /** ListObjects with delimiter `/`: the folders directly under a prefix, for a pick list. */
  listFolders(
    access: Access,
    bucket: BucketSummary,
    prefix: string,
    call: CallOptions,
  ): Promise<readonly string[]>;

  /** Address of the object, percent-encoded; under `urlBase` when that is not ''. */
  objectUrl(target: UploadTarget, urlBase: string): Promise<string>;

  /** The same, signed: anyone who has it may read the object for that long (1 to 604800 s). */
  signedUrl(target: UploadTarget, expiresSeconds: number): Promise<string>;
}
