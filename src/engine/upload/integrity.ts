import { createHash, hash } from 'node:crypto';
import type { BufferPool } from '../limits/bufferPool';
import { Crc64, combineCrc64 } from '../base/crc64';
import { UploadError } from '../contract/errors';
import { normalEtag, sameEtag } from './reconcile';
import type { ListedPart, ObjectInfo } from '../contract/ports';
import type { SourceFile } from '../file/sourceFile';
import type { Checksums } from '../record/checksumCache';

/** What an object is when it has the bytes of the file. */
export interface ExpectedObject {
  readonly sizeBytes: number;
  readonly crc64: bigint;
  /** Known when the object is made of parts whose ETags are known. */
  readonly etag?: string | undefined;
}

/** A part of the file, and its ETag if OSS has told one. */
export interface ExpectedPart {
  readonly sizeBytes: number;
  readonly crc64: bigint;
  readonly etag?: string | undefined;
}

/** The object that these parts make: all of them, in order. */
export function expectedObject(parts: readonly ExpectedPart[]): ExpectedObject {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const etags = parts.map(({ etag }) => etag).filter((etag) => etag !== undefined);
  const etag = etags.length === parts.length ? multipartEtag(etags) : undefined;
  const crc64 = parts.reduce((whole, part) => combineCrc64(whole, part.crc64, part.sizeBytes), 0n);
  return { sizeBytes, crc64, etag };
}

/**
 * The ETag that CompleteMultipartUpload gives to these parts: the MD5 of their ETags, and their number.
 * OSS does not promise it ("CompleteMultipartUpload"): one that is equal proves the content, another
 * one says nothing.
 */
function multipartEtag(etags: readonly string[]): string {
  const text = etags.map(normalEtag).join('');
  return `"${hash('md5', text).toUpperCase()}-${etags.length}"`;
}

/** Throws `checksumMismatch` unless OSS has stored the bytes that were read here. */
export function assertStored(theirs: bigint | undefined, ours: bigint, what: string): void {
  if (theirs === ours) return;
  const said = theirs === undefined ? 'does not match' : `is ${theirs}`;
  throw new UploadError(
    'checksumMismatch',
    `OSS stored other bytes than were sent: the checksum of the ${what} ${said}, here it is ${ours}`,
    { code: 'ChecksumMismatch' },
  );
}

/**
 * Whether an object has that size and content: by its CRC-64, or by its ETag where something on the
 * way strips that. With neither it is not known to have.
 */
export function matchesObject(found: ObjectInfo, expected: ExpectedObject): boolean {
  if (found.sizeBytes !== expected.sizeBytes) return false;
  if (found.crc64 !== undefined) return found.crc64 === expected.crc64;
  return expected.etag !== undefined && sameEtag(found.etag, expected.etag);
}

/** ETag of an object that is stored by PutObject and not encrypted by KMS: the MD5 of its bytes. */
export async function md5Etag(
  source: SourceFile,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<string> {
  const { md5 } = await checksumsOf(source, true, pool, signal);
  return `"${md5 ?? ''}"`;
}

/** The checksums of a whole file, read once. Throws as {@link SourceFile.read}. */
export async function checksumsOf(
  source: SourceFile,
  isWithMd5: boolean,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<Checksums> {
  const crc = new Crc64();
  const md5 = isWithMd5 ? createHash('md5') : undefined;
  for await (const chunk of source.read(0, source.sizeBytes, pool, crc)) {
    signal.throwIfAborted();
    md5?.update(chunk);
  }
  return { crc64: crc.digest(), md5: md5?.digest('hex').toUpperCase() };
}

/**
 * Whether a part that the server holds has the bytes of the file: the CRC-64 of the local range if
 * so, else undefined. Where the server tells no CRC-64, the ETag decides: that of a part is the MD5 of
 * its bytes ("UploadPart").
 */
export async function provesPart(
  listed: ListedPart,
  source: SourceFile,
  offset: number,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const crc = new Crc64();
  const md5 = listed.crc64 === undefined ? createHash('md5') : undefined;
  for await (const chunk of source.read(offset, listed.sizeBytes, pool, crc)) {
    signal.throwIfAborted();
    md5?.update(chunk);
  }
  const isEqual =
    md5 === undefined
      ? crc.digest() === listed.crc64
      : md5.digest('hex').toUpperCase() === normalEtag(listed.etag);
  return isEqual ? crc.digest() : undefined;
}
