/**
 * What the editor asks of an OSS account besides uploading: credentials, buckets, regions, links.
 * Between `ui`, which asks, and `oss`, which answers; neither imports the other.
 */
import type { UploadError } from './engine/contract/errors';
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
  /**
   * ALIBABA_CLOUD_ACCESS_KEY_ID / _SECRET / _SECURITY_TOKEN, with ALIBABA_CLOUD_ROLE_ARN the role
   * that this key assumes; or OSS_ACCESS_KEY_ID / _SECRET, OSS_SESSION_TOKEN.
   */
  | { readonly kind: 'environment' }
  /** `~/.ossutilconfig` or OSSUTIL_CONFIG_FILE, versions 1 and 2; '' is the default section. */
  | ({ readonly kind: 'ossutil'; readonly section: string } & MayRunProgram)
  /** `~/.aliyun/config.json`, a profile by name; '' is the current one. */
  | ({ readonly kind: 'aliyun'; readonly profile: string } & MayRunProgram)
  /** `~/.alibabacloud/credentials` or ALIBABA_CLOUD_CREDENTIALS_FILE, the file of the SDKs. */
  | { readonly kind: 'sdk'; readonly section: string }
  /** RAM role of this ECS instance; '' asks the instance for its role. */
  | { readonly kind: 'ecsRamRole'; readonly role: string }
  /** A URL that answers with credentials (ALIBABA_CLOUD_CREDENTIALS_URI). */
  | { readonly kind: 'uri'; readonly url: string }
  /** ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE. */
  | { readonly kind: 'oidc' };

/** A source that may name a program which gives the key. */
interface MayRunProgram {
  /** The command line that the user allowed. Another one is never run. */
  readonly program?: string;
}

/** Why credentials that are there cannot be used; also the code of an UploadError that says so. */
export type CredentialsProblemCode =
  /** A kind of sign-in that OSS does not know, or we do not; the subject is its name. */
  | 'ModeNotSupported'
  /** The entry, or variable, that is missing. */
  | 'EntryMissing'
  /** The entry, or variable, whose value cannot be used. */
  | 'ValueNotUsable'
  /** The entry, or variable, whose address would send the key in clear text. */
  | 'PlainHttp'
  /** The profile that is not there. */
  | 'NoSuchProfile'
  /** The profile that is its own source. */
  | 'ProfileCircle'
  /** The file that is no JSON. */
  | 'FileNotJson'
  /** The file that cannot be read. */
  | 'FileUnreadable'
  /** The file that is no regular one of at most 1 MB. */
  | 'FileNotUsable'
  /** The command that signs in again. */
  | 'SignInOver'
  /** The program that the user has not allowed. */
  | 'ProgramNotAllowed'
  /** The program that gave no key. */
  | 'ProgramFailed'
  /** The variable that forbids this way. */
  | 'Forbidden'
  /** The role that this ECS instance does not have; '' when it has none. */
  | 'NoInstanceRole';

/** Why credentials cannot be used, and what that is about; nothing of it is a secret. */
export interface CredentialsProblem {
  readonly code: CredentialsProblemCode;
  readonly subject: string;
}

/** Credentials that were found on this machine. */
export interface FoundCredentials {
  readonly source: CredentialsSource;
  /** Undefined when they can be used, as far as files and environment tell. */
  readonly problem?: CredentialsProblem | undefined;
  /** The command line that gives the key, to be asked about; '' when no program is run. */
  readonly program: string;
  /** Such as `LTAI****x3Qf`; '' when only a role is named. */
  readonly maskedId: string;
  /** Hints found beside them, '' when there are none. */
  readonly region: string;
  readonly bucket: string;
}

/**
 * How OSS is reached: a word, or a URL such as `http://127.0.0.1:9000`, an own domain, or
 * `https://{bucket}.oss.corp.example.com`. See `parseEndpoint` of the engine's contract.
 */
export type Endpoint = string;

/** Whose eyes to look with: a stored profile, or credentials that are not stored yet. */
export type Access = { readonly profile: string } | { readonly source: CredentialsSource };

/** A bucket as a list of buckets shows it. */
export interface BucketSummary {
  readonly name: string;
  /** Region id without `oss-`. */
  readonly region: string;
}

/** What GetBucketInfo tells; undefined where the key may ask for the region only. */
export interface BucketFacts extends BucketSummary {
  /** '' where versioning was never enabled. `x-oss-forbid-overwrite` has no effect elsewhere. */
  readonly versioning?: '' | 'Enabled' | 'Suspended' | undefined;
}

/** A domain that is bound to a bucket, as ListCname tells it. */
export interface BoundDomain {
  /** A wildcard's without `*.`. */
  readonly domain: string;
  readonly isEnabled: boolean;
  /** Stands for many names, and is none itself. */
  readonly isWildcard: boolean;
  /** Undefined: there is none, and no HTTPS at this domain. */
  readonly certificate?: { readonly isEnabled: boolean; readonly validUntilMs: number } | undefined;
}

/**
 * The addresses of bound domains that can be used as they are: those with a valid certificate first,
 * then those that are reached by plain http.
 */
export function usableAddresses(domains: readonly BoundDomain[], nowMs: number): string[] {
  const usable = domains.filter(({ isEnabled, isWildcard }) => isEnabled && !isWildcard);
  const isSecure = ({ certificate }: BoundDomain): boolean =>
    certificate?.isEnabled === true && certificate.validUntilMs > nowMs;
  return [
    ...usable.filter(isSecure).map(({ domain }) => `https://${domain}`),
    ...usable.filter((bound) => !isSecure(bound)).map(({ domain }) => `http://${domain}`),
  ];
}

/** What one request through a domain has shown. */
export type DomainVerdict =
  /** It serves the bucket, and takes the key's signature. */
  | 'usable'
  /** It is bound to no bucket, or at least not to this one. */
  | 'notBound'
  /** It serves another bucket. */
  | 'otherBucket'
  /** Its certificate is missing, over or another name's. */
  | 'certificate'
  /** The name is not known, or nothing answers. */
  | 'unreachable'
  /** What answers is not OSS. */
  | 'notOss';

/** A verdict, with the failure that led to it when it is not `usable`. */
export interface DomainCheck {
  readonly verdict: DomainVerdict;
  readonly error?: UploadError | undefined;
}

/** Questions about an account. Every call rejects with an UploadError only. */
export interface OssAccount {
  /**
   * Looks in the environment and in the vendor's own files; never in the network. What is there
   * and cannot be used comes with the reason.
   */
  findCredentials(): Promise<readonly FoundCredentials[]>;

  /** One cheap signed request. Rejects with `credentials` when OSS does not accept the key. */
  checkCredentials(access: Access, call: CallOptions): Promise<void>;

  /** ListBuckets, all pages. Rejects with `accessDenied` when the key may not list. */
  listBuckets(access: Access, call: CallOptions): Promise<readonly BucketSummary[]>;

  /**
   * The bucket's region, '' where none is known nor needed. Rejects with `noSuchBucket`; works without
   * permission to list.
   */
  locateBucket(access: Access, bucket: string, call: CallOptions): Promise<BucketSummary>;

  /** ListCname. Rejects with `accessDenied` when the key has no right to `oss:ListCname`. */
  listCnames(
    access: Access,
    bucket: BucketSummary,
    call: CallOptions,
  ): Promise<readonly BoundDomain[]>;

  /**
   * One harmless signed request through a domain: is it bound, reachable, does it serve this bucket,
   * is its certificate right? Rejects with what does not depend on the domain, such as
   * `credentials`, and with `invalidArgument` for what is no address.
   */
  checkDomain(
    access: Access,
    bucket: BucketSummary,
    address: string,
    call: CallOptions,
  ): Promise<DomainCheck>;

  /** ListObjects with delimiter `/`: the folders directly under a prefix, for a pick list. */
  listFolders(
    access: Access,
    bucket: BucketSummary,
    prefix: string,
    call: CallOptions,
  ): Promise<readonly string[]>;

  /** Address of the object, percent-encoded; under `urlBase` when that is not ''. */
  objectUrl(target: UploadTarget, urlBase: string): Promise<string>;

  /**
   * Whether OSS refuses to show what is at this address to a stranger, by one request without a
   * signature. False also for the refusal of somebody else, which says nothing about the object.
   */
  isPrivate(url: string, call: CallOptions): Promise<boolean>;

  /**
   * Address of the object, signed: anyone who has it may read the object for that long. From 1 s to
   * {@link longestLinkSeconds}.
   */
  signedUrl(target: UploadTarget, expiresSeconds: number): Promise<string>;

  /**
   * How long a signed URL of this profile's key may live: 7 days, 12 hours of a temporary key, and no
   * longer than the key.
   */
  longestLinkSeconds(profile: string): Promise<number>;
}
