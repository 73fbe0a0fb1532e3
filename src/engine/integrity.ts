import { createHash } from 'node:crypto';
import type { BufferPool } from './bufferPool';
import { Crc64, combineCrc64 } from './crc64';
import { UploadError } from './errors';
import { normalEtag } from './reconcile';
import type { ListedPart, ObjectInfo } from './ports';
import type { SourceFile } from './sourceFile';

/** CRC-64 of the whole from those of its parts, in order. */
export function combinedCrc64(
  parts: readonly { readonly crc64: bigint; readonly sizeBytes: number }[],
): bigint {
  return parts.reduce((whole, part) => combineCrc64(whole, part.crc64, part.sizeBytes), 0n);
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

/** Whether an object has that size and content. Without a checksum it is not known to have. */
export function matchesObject(found: ObjectInfo, sizeBytes: number, crc64: bigint): boolean {
  return found.sizeBytes === sizeBytes && found.crc64 === crc64;
}

/**
 * Whether a part that the server holds has the bytes of the file: the CRC-64 of the local range if
 * so, else undefined. Where the server tells no CRC-64, the ETag of a part is the MD5 of its bytes.
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
