import { createHash } from 'node:crypto';
import { OssError, invalidArgument, malformedXml, noSuchBucket } from './error.ts';
import type { FaultActions } from './faults.ts';
import type { OssRequest } from './request.ts';
import { encodeStrictly } from './signature.ts';
import type { BucketRecord, OssStorage, StoredBytes } from './storage.ts';
import { parseXml, xmlDocument, type XmlElement } from './xml.ts';

/** An answer before faults are applied to it. */
export interface OssAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Buffer>;
  /** Code for the operations log, when the answer is an error. */
  readonly code?: string;
}

/** What an operation works with. */
export interface OperationContext {
  readonly request: OssRequest;
  /** '' for operations of the service. */
  readonly bucket: string;
  /** '' for operations of a bucket. */
  readonly key: string;
  readonly storage: OssStorage;
  readonly nowMs: number;
  readonly faults: FaultActions;
  readonly requestId: string;
  /** Region that the request was sent to: the one of a bucket that it creates. */
  readonly endpointRegion: string;
  /** Id of the account that owns the buckets. */
  readonly ownerId: string;
  /** The body as it comes. May be called once. */
  readonly body: () => AsyncIterable<Buffer>;
  /** Must be awaited when the request is complete and nothing has been changed yet. */
  readonly received: () => Promise<void>;
}

/** Carries a request out. Rejects with an OssError to refuse it. */
export type Operation = (context: OperationContext) => OssAnswer | Promise<OssAnswer>;

/** A 200 with an XML document. */
export function xmlAnswer(root: string, headers: Readonly<Record<string, string>> = {}): OssAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: xmlDocument(root),
  };
}

/** The bucket of the request. Throws NoSuchBucket. */
export function requireBucket(context: OperationContext): BucketRecord {
  const bucket = context.storage.bucket(context.bucket);
  if (!bucket) throw noSuchBucket(context.bucket);
  return bucket;
}

/** Largest XML body that is read into memory: 10,000 parts are about 1 MB. */
const maxTextBytes = 8 * 1024 * 1024;

/** The whole body as text, its Content-MD5 checked. */
export async function readText(context: OperationContext): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of context.body()) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxTextBytes) throw malformedXml();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  checkContentMd5(context.request, createHash('md5').update(bytes).digest('hex'));
  await context.received();
  return bytes.toString('utf8');
}

/** Parses the body of a request, or throws MalformedXML. */
export function parseBody(text: string, rootName: string): XmlElement {
  try {
    const root = parseXml(text);
    if (root.name === rootName) return root;
  } catch {
    // Falls through to the one answer that OSS has for it.
  }
  throw malformedXml();
}

/** Compares `Content-MD5`, when it was sent, with the MD5 (hex) of what came. */
function checkContentMd5(request: OssRequest, md5Hex: string): void {
  const sent = request.headers.get('content-md5');
  if (sent === undefined) return;
  const wellFormed = /^[A-Za-z0-9+/]{22}==$/.test(sent);
  if (wellFormed && Buffer.from(sent, 'base64').toString('hex') === md5Hex.toLowerCase()) return;
  throw new OssError(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.', {
    ec: wellFormed ? '0017-00000503' : '0017-00000502',
    elements: { 'Content-MD5': sent },
  });
}

/** Compares `x-oss-hash-crc64ecma`, when it was sent, with the CRC-64 of what came. */
function checkCrc64(request: OssRequest, crc64: string): void {
  const sent = request.headers.get('x-oss-hash-crc64ecma');
  if (sent === undefined || sent === crc64) return;
  throw new OssError(
    400,
    'InvalidCRC64',
    'The x-oss-hash-crc64ecma you specified does not match what we calculated.',
  );
}

const maxBodyBytes = 5 * 1024 ** 3;

/** Stores the body of PutObject or UploadPart and checks the digests that came with it. */
export async function receiveBytes(context: OperationContext): Promise<StoredBytes> {
  const { request, storage } = context;
  const length = request.headers.get('content-length');
  if (length === undefined && !request.headers.has('transfer-encoding')) {
    throw new OssError(
      411,
      'MissingContentLength',
      'You must provide the Content-Length HTTP header.',
    );
  }
  if (Number(length ?? 0) > maxBodyBytes) {
    throw new OssError(
      400,
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed size.',
      { elements: { MaxSizeAllowed: maxBodyBytes, ProposedSize: Number(length) } },
    );
  }
  const bytes = await storage.receive(context.body());
  try {
    checkContentMd5(request, bytes.etag);
    checkCrc64(request, bytes.crc64);
    await context.received();
  } catch (error) {
    storage.discard(bytes);
    throw error;
  }
  return bytes;
}

/** Headers that tell the digests of stored bytes. */
export function digestHeaders(bytes: StoredBytes): Record<string, string> {
  return {
    etag: `"${bytes.etag}"`,
    'x-oss-hash-crc64ecma': bytes.crc64,
    'content-md5': Buffer.from(bytes.etag, 'hex').toString('base64'),
  };
}

/** How the names in a listing are written: with `encoding-type=url` percent-encoded, `/` too. */
export function nameEncoder(request: OssRequest): (name: string) => string {
  const type = request.parameter('encoding-type');
  if (type === undefined || type === '') return (name) => name;
  if (type !== 'url') throw invalidArgument('Invalid Encoding Method.', 'encoding-type', type);
  return encodeStrictly;
}

/** A `max-...` parameter. */
export function pageSize(request: OssRequest, name: string, defaultSize: number): number {
  const text = request.parameter(name);
  if (text === undefined || text === '') return defaultSize;
  const size = Number(text);
  if (Number.isInteger(size) && size >= 1 && size <= 1000) return size;
  throw invalidArgument(`Argument ${name} must be an integer between 1 and 1000.`, name, text);
}

/** Time as listings write it. */
export function xmlTime(ms: number): string {
  return new Date(ms).toISOString();
}
