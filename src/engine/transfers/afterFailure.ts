import type { UploadError } from '../contract/errors';
import type { UploadTarget } from '../contract/ports';
import { isUnreachable } from '../upload/retry';
import type { RestState } from './transfer';

/** Where a failure leaves a transfer. */
export function restAfter(error: UploadError): RestState {
  const { kind } = error;
  if (kind === 'aborted' || isUnreachable(error)) return 'interrupted';
  return error.isAboutCredentials ? 'paused' : 'failed';
}

/** Whether a failure may be one of other targets too. */
export function isEverShared(error: UploadError): boolean {
  return error.isAboutCredentials || isOfBucket(error) || isUnreachable(error);
}

/** Whether a failure that may be shared is one of the other target too. */
export function isShared(error: UploadError, failed: UploadTarget, other: UploadTarget): boolean {
  if (error.isAboutCredentials) return other.profile === failed.profile;
  return other.bucket === failed.bucket;
}

function isOfBucket({ kind }: UploadError): boolean {
  return [
    'noSuchBucket',
    'wrongRegion',
    'publicEndpointForbidden',
    'domainUnusable',
    'accountBlocked',
  ].includes(kind);
}

/** A failure in one line of the log. */
export function describeFailure(error: UploadError): string {
  const { code, message, status, requestId, ec, partNumber, uploadId, bucket, key } = error;
  const facts = { code, status, requestId, ec, partNumber, uploadId, bucket, key };
  return `${error.kind}: ${message} ${JSON.stringify(facts)}`;
}
