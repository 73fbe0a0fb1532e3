/** The contract of `executeCommand('ossUpload.upload', …)` with other extensions. Knows no editor. */
import type { ObjectOptions } from '../../../engine/index';
import {
  ACLS,
  STORAGE_CLASSES,
  UploadError,
  checkBucketName,
  checkRegion,
  isObject,
} from '../../../engine/index';
import { prefixProblem } from '../../text/keyNames';
import type { Rule } from '../../text/keyNames';
import { IF_EXISTS } from '../../settings/settingsModel';
import type { IfExists } from '../../settings/settingsModel';

/** What a caller may say about the upload. What is left out comes from the settings. */
export interface UploadCallOptions {
  readonly bucket?: string;
  readonly region?: string;
  readonly prefix?: string;
  readonly ifExists?: IfExists;
  readonly object?: ObjectOptions;
}

/** What a call resolves with, when nothing is sent any more. */
export interface UploadCallResult {
  readonly uploaded: readonly { readonly uri: string; readonly url: string }[];
  readonly failed: readonly {
    readonly uri: string;
    readonly code: string;
    readonly message: string;
  }[];
  /** Files that were not sent, because OSS has their very bytes. */
  readonly unchanged: number;
}

/** What `ossUpload.verify` resolves with: numbers of files, and of objects without one. */
export interface VerifyCallResult {
  readonly equal: number;
  readonly different: number;
  readonly missing: number;
  /** Could not be compared. */
  readonly unknown: number;
  readonly onlyInOss: number;
}

/** The result of a call after which nothing is sent. */
export const NOTHING_UPLOADED: UploadCallResult = { uploaded: [], failed: [], unchanged: 0 };

/**
 * Reads options that another extension passed. Unknown names are ignored, because menus of the
 * editor pass objects of their own. Throws `invalidArgument` when a known one has a wrong value.
 */
export function parseCallOptions(given: unknown): UploadCallOptions {
  if (!isObject(given)) return {};
  const options: { -readonly [K in keyof UploadCallOptions]: UploadCallOptions[K] } = {};
  const bucket = text(given, 'bucket', checkBucketName);
  if (bucket !== undefined) options.bucket = bucket;
  const region = text(given, 'region', checkRegion);
  if (region !== undefined) options.region = region;
  const prefix = text(given, 'prefix', prefixProblem);
  if (prefix !== undefined) options.prefix = prefix;
  const ifExists = choice(given, 'ifExists', IF_EXISTS);
  if (ifExists !== undefined) options.ifExists = ifExists;
  const acl = choice(given, 'acl', ACLS);
  const storageClass = choice(given, 'storageClass', STORAGE_CLASSES);
  const contentType = text(given, 'contentType');
  const cacheControl = text(given, 'cacheControl');
  const object = { acl, storageClass, contentType, cacheControl };
  if (Object.values(object).some((entry) => entry !== undefined)) options.object = object;
  return options;
}

function text(
  given: Record<string, unknown>,
  name: string,
  problem?: (value: string) => Rule | undefined,
): string | undefined {
  const value = given[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && problem?.(value) === undefined) return value;
  throw wrong(name);
}

function choice<T extends string>(
  given: Record<string, unknown>,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  const found = choices.find((one) => one === value);
  if (found === undefined) throw wrong(name);
  return found;
}

function wrong(field: string): UploadError {
  return new UploadError('invalidArgument', `option ${field} has a wrong value`, {
    code: 'InvalidArgument',
    field,
  });
}
