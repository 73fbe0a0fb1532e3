import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { UploadError } from '../contract/errors';
import type { Fingerprint } from '../file/fingerprint';
import { isObject, isWhole } from '../base/guards';
import { readJournal } from './journal';
import { JournalStore } from './journalStore';
import type { JournalEnd, JournalFormat, OpenJournal } from './journalStore';
import type { RecordFolder } from './recordFolder';
import { fingerprintOf } from '../file/fingerprint';
import type { ObjectOptions, UploadTarget } from '../contract/ports';
import type { UploadOptions } from '../contract/transfers';
import { MAX_PARTS, MAX_PART_SIZE_BYTES, MIN_PART_SIZE_BYTES } from '../contract/ossLimits';
import { validateOptions, validateTarget } from '../contract/validate';

const KIND = 'oss-upload-checkpoint';
const VERSION = 2;
/** 10,000 parts are about 1 MB. */
const MOST_BYTES = 16 * 1024 * 1024;
/** The longest upload id or ETag: those of OSS have 32 characters, and an id has to fit into a URL. */
const MOST_TOKEN_LENGTH = 1024;

/** A part that OSS has accepted, its CRC compared. */
export interface PartRecord {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly crc64: bigint;
}

/** What one multipart upload is. Written once, before the first part is sent. */
export interface CheckpointHeader {
  /**
   * '' while the upload is being initiated: should the answer get lost, the next run knows that an
   * orphan may exist and since when.
   */
  readonly uploadId: string;
  readonly filePath: string;
  readonly source: Fingerprint;
  readonly target: UploadTarget;
  /** Of this upload, which may be more than was asked for in the options. */
  readonly partSizeBytes: number;
  /**
   * As it was asked for, whole: the record goes on in the very same way when nothing else is left.
   * No option is a secret: OSS signs its callbacks, and their addresses may hold no password.
   */
  readonly options: UploadOptions;
  readonly createdMs: number;
  /** When OSS initiated it, by its own clock; undefined where its answer had no date. */
  readonly initiatedServerMs?: number | undefined;
}

/** A header and the parts accepted since. */
export interface Checkpoint extends JournalEnd {
  readonly header: CheckpointHeader;
  readonly parts: ReadonlyMap<number, PartRecord>;
}

/** What a file of the checkpoint folder turned out to be. */
export type CheckpointContent =
  | { readonly state: 'valid'; readonly checkpoint: Checkpoint }
  /** Not to be trusted. The upload id, if one could be read, is good for nothing but an abort. */
  | ({ readonly state: 'damaged'; readonly uploadId: string | undefined } & DamagedHeader)
  /** Written by a newer version of this program: to be left alone. */
  | { readonly state: 'newer'; readonly version: number };

/** What can still be read of a damaged checkpoint. */
export interface DamagedHeader {
  readonly header: CheckpointHeader | undefined;
  /** It verifies: only parts are damaged. */
  readonly isHeaderIntact: boolean;
}

/** Identity of an upload: one file to one object, whatever the endpoint. Safe as a file name. */
export function checkpointId(realFilePath: string, bucket: string, key: string): string {
  return createHash('sha256')
    .update([realFilePath, bucket, key].join('\0'))
    .digest('hex')
    .slice(0, 32);
}

/** The checkpoints of all uploads, a file each, named after {@link checkpointId}. */
export type CheckpointStore = JournalStore<CheckpointHeader, PartRecord, CheckpointContent>;

/** A checkpoint that parts are written to. */
export type OpenCheckpoint = OpenJournal<PartRecord>;

/** How a checkpoint lies on disk: its header, then a line for each accepted part. */
export const CHECKPOINT: JournalFormat<PartRecord, CheckpointContent> = {
  kind: KIND,
  version: VERSION,
  suffix: '.jsonl',
  mostBytes: MOST_BYTES,
  encode: ({ partNumber, sizeBytes, etag, crc64 }) => [partNumber, sizeBytes, etag, String(crc64)],
  read: readCheckpoint,
};

/** The checkpoints of a folder. */
export function checkpointsIn(records: RecordFolder): CheckpointStore {
  return new JournalStore(records, CHECKPOINT);
}

/**
 * Puts the upload of one file under the name of another, whose bytes are then proven part by part
 * before any of it is used. Does nothing when that one has an upload of its own, which goes on.
 */
export async function moveCheckpoint(
  checkpoints: CheckpointStore,
  fromId: string,
  toId: string,
  filePath: string,
): Promise<void> {
  const content = await checkpoints.read(fromId);
  if (content?.state !== 'valid' || (await checkpoints.read(toId)) !== undefined) return;
  const { header, parts } = content.checkpoint;
  const stats = await stat(filePath, { bigint: true });
  const source = { ...fingerprintOf(stats), sizeBytes: header.source.sizeBytes, inode: '' };
  const moved = await checkpoints.create(toId, { ...header, filePath, source }, parts.values());
  await moved.close();
  await checkpoints.remove(fromId);
}

/**
 * Whether two sets of properties make the same object. Only those count that OSS fixes when an upload
 * is initiated: the traffic limit and the callback travel with each part or with the completion, and
 * may change in between.
 */
export function hasSameProperties(left: ObjectOptions, right: ObjectOptions): boolean {
  return isDeepStrictEqual(fixedProperties(left), fixedProperties(right));
}

function fixedProperties(options: ObjectOptions): unknown {
  const travelling = { callback: undefined, trafficLimitBitsPerSecond: undefined };
  // By way of JSON, as the record on disk: what is undefined is not there.
  return JSON.parse(JSON.stringify({ ...options, ...travelling }));
}

/** Reads a checkpoint file, whatever it holds; never throws. */
export function readCheckpoint(bytes: Uint8Array): CheckpointContent {
  const content = readJournal(KIND, bytes);
  const { header: raw, firstLine } = content;
  const version = isObject(raw) ? raw['version'] : undefined;
  if (content.state === 'intact' && typeof version === 'number' && version > VERSION) {
    return { state: 'newer', version };
  }
  const header = version === VERSION ? parseHeader(raw) : undefined;
  const records = content.records.map(parsePart);
  const isWhole = content.state === 'intact' && records.every((part) => part !== undefined);
  if (!isWhole || header === undefined) {
    const isHeaderIntact = content.state === 'intact' || content.isHeaderIntact;
    return { state: 'damaged', uploadId: uploadIdIn(firstLine), header, isHeaderIntact };
  }
  const parts = new Map(records.map((part) => [part.partNumber, part]));
  const headerLine = `${firstLine}\n`;
  const { intactBytes } = content;
  return { state: 'valid', checkpoint: { header, parts, headerLine, intactBytes } };
}

/** The error for a record of a newer version, which is named and never touched. */
export function newerCheckpointError(file: string, version: number): UploadError {
  return new UploadError(
    'checkpointNewer',
    `${file} was written by a newer version (${version}) of this extension`,
    { code: 'CheckpointNewer' },
  );
}

function parseHeader(raw: unknown): CheckpointHeader | undefined {
  if (!isObject(raw)) return undefined;
  const { uploadId, filePath, source, target, partSizeBytes, options, createdMs } = raw;
  const { initiatedServerMs } = raw;
  const isValid =
    isToken(uploadId) &&
    typeof filePath === 'string' &&
    isOptions(options) &&
    isWhole(createdMs, 0, Number.MAX_SAFE_INTEGER) &&
    (initiatedServerMs === undefined || isWhole(initiatedServerMs, 0, Number.MAX_SAFE_INTEGER)) &&
    isWhole(partSizeBytes, MIN_PART_SIZE_BYTES, MAX_PART_SIZE_BYTES) &&
    isFingerprint(source) &&
    isTarget(target);
  if (!isValid) return undefined;
  const known = { uploadId, filePath, source, target, partSizeBytes, options, createdMs };
  return initiatedServerMs === undefined ? known : { ...known, initiatedServerMs };
}

function parsePart(raw: unknown): PartRecord | undefined {
  if (!Array.isArray(raw) || raw.length !== 4) return undefined;
  const [partNumber, sizeBytes, etag, crc64] = raw as unknown[];
  const isValid =
    isWhole(partNumber, 1, MAX_PARTS) &&
    isWhole(sizeBytes, 1, MAX_PART_SIZE_BYTES) &&
    isToken(etag) &&
    typeof crc64 === 'string' &&
    /^\d{1,20}$/.test(crc64);
  return isValid ? { partNumber, sizeBytes, etag, crc64: BigInt(crc64) } : undefined;
}

function isFingerprint(raw: unknown): raw is Fingerprint {
  return (
    isObject(raw) &&
    isWhole(raw['sizeBytes'], 0, MAX_PARTS * MAX_PART_SIZE_BYTES) &&
    ['mtimeNs', 'ctimeNs', 'inode', 'device'].every((name) => typeof raw[name] === 'string')
  );
}

/** Whether OSS can have given this as an id or an ETag: it goes into a URL, or into XML. */
function isToken(raw: unknown): raw is string {
  return typeof raw === 'string' && raw.length <= MOST_TOKEN_LENGTH && /^[!-~]*$/.test(raw);
}

/** Bytes of these parts together. */
export function sizeOfParts(parts: ReadonlyMap<number, PartRecord>): number {
  let total = 0;
  for (const { sizeBytes } of parts.values()) total += sizeBytes;
  return total;
}

/** Whether a value read from disk is a target. */
export function isTarget(raw: unknown): raw is UploadTarget {
  return passes(validateTarget, raw as UploadTarget);
}

/** Whether a value read from disk is a set of options. */
export function isOptions(raw: unknown): raw is UploadOptions {
  return passes(validateOptions, raw as UploadOptions);
}

function passes<T>(validate: (value: T) => void, value: T): boolean {
  try {
    validate(value);
    return true;
  } catch {
    return false;
  }
}

/** What looks like an upload id, in text that need not be JSON any more. */
function uploadIdIn(line: string): string | undefined {
  return /"uploadId":"([\w.-]{8,128})"/.exec(line)?.[1];
}
