import { isObject } from '../base/guards';
import { UploadError } from '../contract/errors';
import type { UploadErrorDetails, UploadErrorKind } from '../contract/errors';

/**
 * Failures that another start of the editor does not mend: only the user can, or who owns the bucket.
 * Of the others a resume finds out by itself whether they are still there.
 */
const LASTING: readonly unknown[] = [
  'accessDenied',
  'noSuchBucket',
  'wrongRegion',
  'publicEndpointForbidden',
  'domainUnusable',
  'accountBlocked',
  'alreadyExists',
  'refused',
  'certificate',
  'sourceMissing',
  'sourceUnreadable',
] satisfies UploadErrorKind[];

/** What sentences and remedies are made of, with the type of each. */
const FACTS = {
  code: 'string',
  status: 'number',
  requestId: 'string',
  helpUrl: 'string',
  isForeign: 'boolean',
  isBucketRule: 'boolean',
  ec: 'string',
  bucket: 'string',
  key: 'string',
  endpoint: 'string',
  domain: 'string',
} satisfies Partial<Record<keyof UploadErrorDetails, string>>;

/** A failure as it lies on disk. */
export type FailureRecord = Pick<UploadError, 'kind' | 'message' | keyof typeof FACTS>;

/** What is written of a failure; undefined where nothing is, because a resume is what helps. */
export function failureRecord(error: UploadError): FailureRecord | undefined {
  if (!LASTING.includes(error.kind)) return undefined;
  const names = Object.keys(FACTS) as (keyof typeof FACTS)[];
  const facts = Object.fromEntries(names.map((name) => [name, error[name]]));
  return { kind: error.kind, message: error.message, code: error.code, ...facts };
}

/** The failure that was written, undefined when that is none. Facts of another type are left out. */
export function parseFailure(raw: unknown): UploadError | undefined {
  if (!isObject(raw)) return undefined;
  const { kind, message, code } = raw;
  if (!LASTING.includes(kind) || typeof message !== 'string' || typeof code !== 'string') {
    return undefined;
  }
  const facts = Object.entries(FACTS).filter(([name, type]) => typeof raw[name] === type);
  const details = Object.fromEntries(facts.map(([name]) => [name, raw[name]]));
  return new UploadError(kind as UploadErrorKind, message, { code, ...details });
}
