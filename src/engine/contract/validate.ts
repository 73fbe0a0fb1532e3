import path from 'node:path';
import { isObject } from '../base/guards';
import { shownValue } from '../base/shownValue';
import { UploadError } from './errors';
import {
  ACLS,
  CALLBACK_BODY_TYPES,
  ENCRYPTIONS,
  MAX_CALLBACK_BYTES,
  MAX_CALLBACK_URLS,
  MAX_KEY_BYTES,
  MAX_METADATA_BYTES,
  MAX_PART_SIZE_BYTES,
  MAX_TAGS,
  MAX_TAG_NAME_LENGTH,
  MAX_TAG_VALUE_LENGTH,
  MAX_TRAFFIC_LIMIT,
  MIN_PART_SIZE_BYTES,
  MIN_TRAFFIC_LIMIT,
  STORAGE_CLASSES,
} from './ossLimits';
import type { ObjectOptions, UploadTarget } from './ports';
import { MAX_PARALLEL } from './transfers';
import type { UploadOptions, UploadRequest } from './transfers';

const LONE_SURROGATE = /\p{Surrogate}/u;
/** Control characters but the tab; a line break would add a header of its own. */
const NOT_IN_HEADERS = /[^\t\P{Cc}]|\p{Surrogate}/u;

/** What may be wrong with a bucket name. */
export type BucketNameProblem = 'bucketName';
/** What may be wrong with a region id. */
export type RegionProblem = 'region';
/** What may be wrong with an object key. */
export type ObjectKeyProblem = 'keyEmpty' | 'keyStart' | 'keyCharacters' | 'keyTooLong';

/**
 * 3 to 63 lower-case letters, digits, hyphens and underscores; first and last is no hyphen. OSS
 * creates no bucket with an underscore any more (PutBucket), but those that have one still exist.
 */
export function checkBucketName(name: string): BucketNameProblem | undefined {
  return /^[a-z0-9_][a-z0-9_-]{1,61}[a-z0-9_]$/.test(name) ? undefined : 'bucketName';
}

/**
 * A region id such as `cn-hangzhou`, without the `oss-` of endpoints; it becomes a part of a host. ''
 * is a problem too.
 */
export function checkRegion(region: string): RegionProblem | undefined {
  return /^(?!oss-)(?=.{1,50}$)[a-z][a-z0-9]*(-[a-z0-9]+)+$/.test(region) ? undefined : 'region';
}

/** 1 to 1,023 bytes of UTF-8, not starting with a slash or backslash. All else is legal in OSS. */
export function checkObjectKey(key: string): ObjectKeyProblem | undefined {
  if (key === '') return 'keyEmpty';
  if (key.startsWith('/') || key.startsWith('\\')) return 'keyStart';
  // A lone surrogate has no UTF-8 form: the object would get another name than asked for.
  if (LONE_SURROGATE.test(key)) return 'keyCharacters';
  return Buffer.byteLength(key) > MAX_KEY_BYTES ? 'keyTooLong' : undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1024,
  kib: 1024,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
};

/**
 * Bytes of a part, from "8 MB", "8MiB", "100 KB", "5 GB" or plain bytes. Units are binary, as OSS
 * counts: 8 MB is 8,388,608. A fraction of a byte is cut off ("0.3 MB"), but not of plain bytes.
 * Throws `invalidArgument` for anything else and outside of 100 KB to 5 GB.
 */
export function parsePartSize(value: string | number): number {
  const sizeBytes = typeof value === 'number' ? value : sizeOfText(value);
  checkPartSize(sizeBytes, shownValue(value));
  return sizeBytes;
}

function sizeOfText(text: string): number {
  const match = /^(\d{1,16}(?:\.\d{1,16})?)\s*([kmg]?i?b)?$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return NaN;
  const size = Number(match[1]) * unit;
  return unit === 1 ? size : Math.floor(size);
}

function checkPartSize(sizeBytes: number, shown: string): void {
  const isAllowed =
    Number.isSafeInteger(sizeBytes) &&
    sizeBytes >= MIN_PART_SIZE_BYTES &&
    sizeBytes <= MAX_PART_SIZE_BYTES;
  if (!isAllowed) {
    refuse('partSizeBytes', 'partSize', `the part size must be from 100 KB to 5 GB, not ${shown}`);
  }
}

/** Throws `invalidArgument` for a bucket, key or region that OSS would refuse; region '' passes. */
export function validateTarget(target: UploadTarget): void {
  requireObject('target', target);
  const { bucket, key, region, profile } = target;
  for (const [field, value] of Object.entries({ bucket, key, region, profile })) {
    requireText(field, value);
  }
  if (checkBucketName(bucket) !== undefined) {
    refuse(
      'bucket',
      'bucketName',
      `${shownValue(bucket)} is not a bucket name: 3 to 63 lower-case letters, digits, hyphens and underscores, with no hyphen at its ends`,
    );
  }
  validateObjectKey(key);
  if (region !== '' && checkRegion(region) !== undefined) {
    refuse(
      'region',
      'region',
      `${shownValue(region)} is not a region id such as cn-hangzhou, without "oss-"`,
    );
  }
}

/** Throws `invalidArgument` for a key that OSS would refuse, see {@link checkObjectKey}. */
export function validateObjectKey(key: string): void {
  const problem = checkObjectKey(key);
  if (problem !== undefined) refuse('key', problem, KEY_RULES[problem]);
}

const KEY_RULES: Readonly<Record<ObjectKeyProblem, string>> = {
  keyEmpty: 'the object key is empty',
  keyStart: 'the object key must not start with / or \\',
  keyCharacters: 'the object key has characters that UTF-8 cannot hold',
  keyTooLong: `the object key must be at most ${MAX_KEY_BYTES} bytes of UTF-8`,
};

/** Throws `invalidArgument` for the first option that is out of range or that OSS would refuse. */
export function validateOptions(options: UploadOptions): void {
  requireObject('options', options);
  const { partSizeBytes, parallel, forbidOverwrite } = options;
  checkPartSize(partSizeBytes, shownValue(partSizeBytes));
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL) {
    refuse(
      'parallel',
      'parallel',
      `parallel must be a whole number from 1 to ${MAX_PARALLEL}, not ${shownValue(parallel)}`,
    );
  }
  requireBoolean('forbidOverwrite', forbidOverwrite);
  validateObjectOptions(options.object);
}

/** Throws `invalidArgument` if the file's path is not absolute, or the target or options are bad. */
export function validateRequest(request: UploadRequest): void {
  const { filePath } = request;
  requireText('filePath', filePath);
  // A relative path would mean another file as soon as the process changes its folder.
  if (!path.isAbsolute(filePath) || filePath.includes('\0')) {
    refuse('filePath', 'filePath', `${shownValue(filePath)} is not an absolute path`);
  }
  validateTarget(request.target);
  validateOptions(request.options);
}

/** Throws `invalidArgument` for the first of these that is out of range or that OSS would refuse. */
export function validateObjectOptions(object: ObjectOptions): void {
  requireObject('object', object);
  checkHeader('contentType', object.contentType);
  checkHeader('cacheControl', object.cacheControl);
  checkHeader('contentDisposition', object.contentDisposition);
  checkChoice('acl', object.acl, ACLS);
  checkChoice('storageClass', object.storageClass, STORAGE_CLASSES);
  if (object.encryption !== undefined) {
    requireObject('encryption', object.encryption);
    checkChoice('encryption', object.encryption.algorithm, ENCRYPTIONS);
    checkHeader('encryption', object.encryption.keyId);
  }
  if (object.metadata !== undefined) validateMetadata(object.metadata);
  if (object.tags !== undefined) validateTags(object.tags);
  if (object.callback !== undefined) validateCallback(object.callback);
  const limit = object.trafficLimitBitsPerSecond;
  const isLimitAllowed =
    limit === undefined ||
    (Number.isInteger(limit) && limit >= MIN_TRAFFIC_LIMIT && limit <= MAX_TRAFFIC_LIMIT);
  if (!isLimitAllowed) {
    refuse(
      'trafficLimitBitsPerSecond',
      'trafficLimit',
      `the traffic limit must be a whole number from ${MIN_TRAFFIC_LIMIT} to ${MAX_TRAFFIC_LIMIT} bit/s, not ${shownValue(limit)}`,
    );
  }
}

function validateMetadata(metadata: Readonly<Record<string, string>>): void {
  requireObject('metadata', metadata);
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    requireText('metadata', value);
    if (!/^[a-z0-9-]+$/.test(name)) {
      refuse(
        'metadata',
        'metadataName',
        `the metadata name ${shownValue(name)} may have lower-case letters, digits and hyphens only`,
      );
    }
    checkHeader('metadata', value);
    sizeBytes += name.length + Buffer.byteLength(value);
  }
  if (sizeBytes > MAX_METADATA_BYTES) {
    refuse('metadata', 'metadataSize', 'the metadata must be at most 8 KB in all');
  }
}

function validateTags(tags: Readonly<Record<string, string>>): void {
  requireObject('tags', tags);
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) {
    refuse('tags', 'tagCount', `there must be at most ${MAX_TAGS} tags, not ${entries.length}`);
  }
  for (const [name, value] of entries) {
    requireText('tags', value);
    const isLong = name.length > MAX_TAG_NAME_LENGTH || value.length > MAX_TAG_VALUE_LENGTH;
    if (name === '' || isLong) {
      refuse(
        'tags',
        'tagLength',
        `a tag has a name of 1 to ${MAX_TAG_NAME_LENGTH} and a value of up to ${MAX_TAG_VALUE_LENGTH} characters`,
      );
    }
    if (!/^[A-Za-z0-9 +=._:/-]*$/.test(name + value)) {
      refuse(
        'tags',
        'tagCharacters',
        `the tag ${shownValue(name)} may have letters, digits, blanks and + - = . _ : / only`,
      );
    }
  }
}

function validateCallback(callback: NonNullable<ObjectOptions['callback']>): void {
  requireObject('callback', callback);
  requireText('callback', callback.url);
  requireText('callback', callback.body);
  const variables = callback.variables ?? {};
  requireObject('callback', variables);
  Object.values(variables).forEach((value) => {
    requireText('callback', value);
  });
  const urls = callback.url.split(';');
  if (urls.length > MAX_CALLBACK_URLS || !urls.every(isCallbackUrl)) {
    refuse(
      'callback',
      'callbackUrl',
      `the callback needs 1 to ${MAX_CALLBACK_URLS} http(s) URLs, separated by ;`,
    );
  }
  if (callback.body === '') refuse('callback', 'callbackBody', 'the callback needs a body');
  checkHeader('callback', callback.host);
  checkChoice('callback', callback.bodyType, CALLBACK_BODY_TYPES);
  // OSS reads the names of variables in lower case only; the prefix x: may be left out here.
  const names = Object.keys(variables);
  if (!names.every((name) => /^(x:)?[a-z0-9_.-]+$/.test(name))) {
    refuse(
      'callback',
      'callbackVariable',
      'names of callback variables may have lower-case letters, digits and _ . - only',
    );
  }
  if (Buffer.byteLength(JSON.stringify(callback)) > MAX_CALLBACK_BYTES) {
    refuse('callback', 'callbackSize', 'the callback must be at most 5 KB in all');
  }
}

/** OSS takes addresses without a scheme as http. */
function isCallbackUrl(text: string): boolean {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = hasScheme ? text : `http://${text}`;
  if (!/^https?:\/\//i.test(url) || /\s/.test(url) || !URL.canParse(url)) return false;
  // A password would lie in the records on disk.
  const { username, password } = new URL(url);
  return username === '' && password === '';
}

function checkChoice(field: string, value: unknown, choices: readonly unknown[]): void {
  if (value === undefined || choices.includes(value)) return;
  refuse(
    field,
    'choice',
    `${field} must be one of ${choices.join(', ')}, not ${shownValue(value)}`,
  );
}

function checkHeader(field: string, value: string | undefined): void {
  if (value === undefined) return;
  requireText(field, value);
  if (!NOT_IN_HEADERS.test(value)) return;
  refuse(field, 'headerCharacters', `${field} must not have line breaks or control characters`);
}

// Settings and files on disk hold values of any kind, whatever the types here say.

function requireText(field: string, value: unknown): void {
  if (typeof value !== 'string')
    refuse(field, 'type', `${field} must be text, not ${shownValue(value)}`);
}

function requireBoolean(field: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  refuse(field, 'type', `${field} must be true or false, not ${shownValue(value)}`);
}

function requireObject(field: string, value: unknown): void {
  if (isObject(value)) return;
  refuse(field, 'type', `${field} must be an object, not ${shownValue(value)}`);
}

/** Throws `invalidArgument`; the code is the rule's own word, so that it can be translated. */
function refuse(field: string, code: string, message: string): never {
  throw new UploadError('invalidArgument', message, { code, field });
}
