import { isObject } from '../base/guards';

/**
 * What went wrong, as far as a decision depends on it: the retry policy, the
 * resume prompt and the user's text are three readers of the same word.
 */
export type UploadErrorKind =
  /** Connection refused, lost or reset, name not resolved, network gone. */
  | 'network'
  /** No byte moved for the stall limit, or no answer came (also OSS 400 RequestTimeout, 408). */
  | 'timeout'
  /** 429, 503 and OSS's qps and traffic limits: everybody has to slow down. */
  | 'throttled'
  /** Another 5xx. */
  | 'server'
  /** An answer that OSS does not give: truncated, HTML, no ETag, no upload id. */
  | 'badResponse'
  /** The server stored other bytes than the file has (CRC-64 differs). */
  | 'checksumMismatch'
  /** The multipart upload is unknown to OSS: aborted, completed or expired. */
  | 'noSuchUpload'
  /** CompleteMultipartUpload refused the list: InvalidPart, InvalidPartOrder, EntityTooSmall. */
  | 'invalidParts'
  /** The credentials are wrong, revoked or expired; other credentials help. */
  | 'credentials'
  /** There are no credentials to sign with. */
  | 'noCredentials'
  /** RequestTimeTooSkewed: the clock of this computer is off by {@link UploadError.clockSkewMs}. */
  | 'clockSkew'
  /** The credentials are right but lack a permission. */
  | 'accessDenied'
  /** The bucket does not exist (in this region). */
  | 'noSuchBucket'
  /** The bucket is addressed by the wrong endpoint; {@link UploadError.endpoint} is the right one. */
  | 'wrongRegion'
  /**
   * PublicEndpointForbidden: accounts opened since 2025-03-20 reach the data of a bucket in mainland
   * China by a domain of its own only.
   */
  | 'publicEndpointForbidden'
  /**
   * The bucket's own {@link UploadError.domain} does not lead to it any more: bound no longer, gone
   * from the DNS, or without a valid certificate. The bucket itself is there.
   */
  | 'domainUnusable'
  /** Arrears, disabled account or bucket, quota: only the account's owner can help. */
  | 'accountBlocked'
  /** FileAlreadyExists: the object exists and must not be overwritten. */
  | 'alreadyExists'
  /** OSS refused the request for another reason (4xx). */
  | 'refused'
  /** TLS: the server's certificate is not trusted. */
  | 'certificate'
  /** A parameter is out of range; nothing was sent. */
  | 'invalidArgument'
  /** The local file is gone. */
  | 'sourceMissing'
  /** The local file cannot be read (permission, device, I/O error, too many open files). */
  | 'sourceUnreadable'
  /** A folder, FIFO, socket or device was given where a file is needed. */
  | 'sourceNotAFile'
  /** The local file kept changing while it was sent. */
  | 'sourceChanged'
  /** Another window or process works on this upload. */
  | 'heldElsewhere'
  /** The checkpoint was written by a newer version of this program. */
  | 'checkpointNewer'
  /** Stopped on purpose; never shown. */
  | 'aborted'
  /** A bug of ours. */
  | 'internal';

/** Everything known about a failure. No field ever holds a secret. */
export interface UploadErrorDetails {
  /** OSS error code (`NoSuchUpload`), system error code (`ECONNRESET`), or our own word. */
  readonly code: string;
  readonly status?: number | undefined;
  /** `x-oss-request-id`, needed by the vendor's support. */
  readonly requestId?: string | undefined;
  /** The answer is not OSS's: of a proxy, a gateway or a login page on the way to it. */
  readonly isForeign?: boolean | undefined;
  /** A rule of the bucket forbids it, whatever the request allows (`alreadyExists`). */
  readonly isBucketRule?: boolean | undefined;
  /** OSS's fine-grained error code, such as `0042-00000214`. */
  readonly ec?: string | undefined;
  /** The page OSS recommends for this error (`RecommendDoc`). */
  readonly helpUrl?: string | undefined;
  readonly partNumber?: number | undefined;
  readonly uploadId?: string | undefined;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly sourcePath?: string | undefined;
  /** How long the server asked us to wait (`Retry-After`, `x-oss-qos-delay-time`). */
  readonly retryAfterMs?: number | undefined;
  /** Server time minus local time, for `clockSkew`. */
  readonly clockSkewMs?: number | undefined;
  /** The endpoint the server names, for `wrongRegion`. */
  readonly endpoint?: string | undefined;
  /** The bucket's own domain, for `domainUnusable`. */
  readonly domain?: string | undefined;
  /** The parameter that is out of range, for `invalidArgument`. */
  readonly field?: string | undefined;
  /** What was refused, as it was written but not all of it, for `invalidArgument`. */
  readonly value?: string | undefined;
  /** Who holds the upload, for `heldElsewhere`. */
  readonly holder?: { readonly pid: number; readonly sinceMs: number } | undefined;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('oss-resumable-upload.UploadError');

const RETRYABLE: ReadonlySet<UploadErrorKind> = new Set([
  'network',
  'timeout',
  'throttled',
  'server',
  'badResponse',
  'checksumMismatch',
]);

/** The one error class of the engine and of its ports. The message is for logs, in English. */
export class UploadError extends Error implements UploadErrorDetails {
  readonly [BRAND] = true;
  readonly code: string;
  declare readonly status?: number | undefined;
  declare readonly requestId?: string | undefined;
  declare readonly isForeign?: boolean | undefined;
  declare readonly isBucketRule?: boolean | undefined;
  declare readonly ec?: string | undefined;
  declare readonly helpUrl?: string | undefined;
  declare readonly partNumber?: number | undefined;
  declare readonly uploadId?: string | undefined;
  declare readonly bucket?: string | undefined;
  declare readonly key?: string | undefined;
  declare readonly sourcePath?: string | undefined;
  declare readonly retryAfterMs?: number | undefined;
  declare readonly clockSkewMs?: number | undefined;
  declare readonly endpoint?: string | undefined;
  declare readonly domain?: string | undefined;
  declare readonly field?: string | undefined;
  declare readonly value?: string | undefined;
  declare readonly holder?: { readonly pid: number; readonly sinceMs: number } | undefined;

  constructor(
    readonly kind: UploadErrorKind,
    message: string,
    details: UploadErrorDetails,
  ) {
    super(message);
    this.name = 'UploadError';
    this.code = details.code;
    const { cause, ...rest } = details;
    Object.assign(this, rest);
    if (cause !== undefined) this.cause = cause;
  }

  /** Whether the same request may succeed when it is sent again later. */
  get isRetryable(): boolean {
    return RETRYABLE.has(this.kind);
  }

  /** Whether other credentials help. */
  get isAboutCredentials(): boolean {
    return this.kind === 'credentials' || this.kind === 'noCredentials';
  }

  /** Whether another domain of the bucket helps. */
  get isAboutDomain(): boolean {
    return this.kind === 'publicEndpointForbidden' || this.kind === 'domainUnusable';
  }

  /** The same failure with more context; fields that are already known are kept. */
  with(details: Partial<UploadErrorDetails>): UploadError {
    const known = Object.fromEntries(
      Object.entries(this).filter(([name, value]) => name !== 'name' && value !== undefined),
    );
    return new UploadError(this.kind, this.message, {
      ...details,
      ...known,
      code: this.code,
      cause: this.cause,
    });
  }

  /**
   * Whether this is an UploadError, of that kind if one is given. By brand and not by `instanceof`,
   * because the two bundles of the extension each hold a copy of this class.
   */
  static is(error: unknown, kind?: UploadErrorKind): error is UploadError {
    return isObject(error) && BRAND in error && (kind === undefined || error['kind'] === kind);
  }

  /** Any thrown value as an UploadError: an abort stays an abort, the rest is a bug of ours. */
  static from(error: unknown): UploadError {
    if (UploadError.is(error)) return error;
    if (isAbortError(error)) return new UploadError('aborted', 'aborted', { code: 'AbortError' });
    const message = error instanceof Error ? error.message : String(error);
    return new UploadError('internal', message, { code: 'InternalError', cause: error });
  }
}

/** Throws `aborted` when the signal is, or the UploadError that it was aborted with. */
export function throwIfAborted({ aborted, reason }: AbortSignal): void {
  if (!aborted) return;
  if (UploadError.is(reason)) throw reason;
  throw new UploadError('aborted', 'aborted', { code: 'AbortError', cause: reason });
}

/** Whether a thrown value means "stopped on purpose": ours, or that of Node and the DOM. */
export function isAbortError(error: unknown): boolean {
  return (
    UploadError.is(error, 'aborted') || (error instanceof Error && error.name === 'AbortError')
  );
}
