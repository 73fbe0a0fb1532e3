import { createHash, randomBytes } from 'node:crypto';
import { combineCrc64 } from './crc64.ts';
import { commonPrefixElements, listPage } from './bucketOperations.ts';
import { readCallback } from './callback.ts';
import { OssError, invalidArgument, malformedXml, noSuchUpload, noSuchUploadEc } from './error.ts';
import type { FaultActions } from './faults.ts';
import {
  answerWithCallback,
  checkReplacement,
  newVersion,
  requireCopySource,
  versionHeaders,
} from './objectOperations.ts';
import {
  digestHeaders,
  nameEncoder,
  pageSize,
  parseBody,
  readText,
  receiveBytes,
  requireBucket,
  xmlAnswer,
  xmlTime,
  type Operation,
  type OperationContext,
} from './operation.ts';
import { checkKey, checkPublicAccess, checkTrafficLimit, readProperties } from './properties.ts';
import { encodeStrictly } from './signature.ts';
import {
  compareKeys,
  type ObjectManifest,
  type StoredBytes,
  type StoredPart,
  type StoredUpload,
} from './storage.ts';
import { childText, element, textElement } from './xml.ts';

/** Smallest part that may stand before another one. It is looked at by Complete only. */
const minPartSizeBytes = 102_400;
/** Highest part number. */
const maxPartNumber = 10_000;

/**
 * ETag of an object made of parts: MD5 over their ETags as text (upper-case hex, no quotes), a dash
 * and how many they are.
 */
export function multipartEtag(partEtags: readonly string[]): string {
  const md5 = createHash('md5').update(partEtags.join('')).digest('hex').toUpperCase();
  return `${md5}-${partEtags.length}`;
}

/** CRC-64 (decimal) of parts put together. */
export function combinedCrc64(parts: readonly StoredBytes[]): string {
  return parts
    .reduce((crc, part) => combineCrc64(crc, BigInt(part.crc64), part.sizeBytes), 0n)
    .toString();
}

function requireUpload(context: OperationContext, ec: string): StoredUpload {
  requireBucket(context);
  const uploadId = context.request.parameter('uploadId') ?? '';
  const upload = context.storage.upload(uploadId);
  if (upload?.bucket !== context.bucket || upload.key !== context.key) {
    throw noSuchUpload(uploadId, ec);
  }
  return upload;
}

const initiateMultipartUpload: Operation = async (context) => {
  const { request, storage, key } = context;
  const bucket = requireBucket(context);
  checkKey(key);
  const encode = nameEncoder(request);
  const properties = readProperties(request, bucket);
  // The bucket's own rules are about what is replaced in the end, by Complete.
  checkReplacement(context, { ...bucket, overwriteRules: [], retentionDays: 0 }, '0026-00000002');
  await context.received();
  const uploadId = randomBytes(16).toString('hex').toUpperCase();
  storage.createUpload({
    uploadId,
    bucket: bucket.name,
    key,
    initiatedMs: context.nowMs,
    sequential: request.parameter('sequential') !== undefined,
    properties,
  });
  return xmlAnswer(
    element(
      'InitiateMultipartUploadResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Bucket', bucket.name),
      textElement('Key', encode(key)),
      textElement('UploadId', uploadId),
    ),
    properties.encryption,
  );
};

function readPartNumber(context: OperationContext): number {
  const text = context.request.parameter('partNumber');
  if (text === undefined) {
    throw invalidArgument(
      'Unexpected query string parameter',
      'ResourceType',
      undefined,
      '0017-00000219',
    );
  }
  const partNumber = Number(text);
  if (/^\d+$/.test(text) && partNumber >= 1 && partNumber <= maxPartNumber) return partNumber;
  throw invalidArgument(
    'Part number must be an integer between 1 and 10000, inclusive.',
    'PartNumber',
    text,
    '0017-00000220',
  );
}

/** Records received bytes as a part, unless the upload ended meanwhile. */
function commitPart(
  context: OperationContext,
  partNumber: number,
  bytes: StoredBytes,
  ec: string,
): StoredPart {
  const part: StoredPart = { partNumber, ...bytes, lastModifiedMs: context.nowMs };
  try {
    const upload = requireUpload(context, ec);
    if (upload.sequential && partNumber !== upload.parts.size + 1) {
      throw new OssError(400, 'PartNotSequential', 'The part number is not sequential.');
    }
    context.storage.putPart(upload, part);
  } catch (error) {
    context.storage.discard(bytes);
    throw error;
  }
  return part;
}

const uploadPart: Operation = async (context) => {
  const partNumber = readPartNumber(context);
  requireUpload(context, noSuchUploadEc.uploadPart);
  const encryption = context.request.headers.get('x-oss-server-side-encryption');
  if (encryption !== undefined) {
    throw invalidArgument(
      'x-oss-server-side-encryption is not allowed here.',
      'x-oss-server-side-encryption',
      encryption,
    );
  }
  checkTrafficLimit(context.request);
  const bytes = await receiveBytes(context);
  commitPart(context, partNumber, bytes, noSuchUploadEc.uploadPart);
  return { status: 200, headers: digestHeaders(bytes) };
};

const uploadPartCopy: Operation = async (context) => {
  const { storage, request } = context;
  const ec = '0042-00000311';
  const partNumber = readPartNumber(context);
  requireUpload(context, ec);
  const source = requireCopySource(context);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('x-oss-copy-source-range') ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range ? Number(range[2]) + 1 : source.sizeBytes;
  const bytes = await storage.receive(storage.read(source, start, Math.min(end, source.sizeBytes)));
  const part = commitPart(context, partNumber, bytes, ec);
  return xmlAnswer(
    element(
      'CopyPartResult',
      textElement('LastModified', xmlTime(part.lastModifiedMs)),
      textElement('ETag', `"${part.etag}"`),
    ),
    { etag: `"${part.etag}"`, 'x-oss-hash-crc64ecma': part.crc64 },
  );
};

interface NamedPart {
  readonly partNumber: number;
  readonly etag: string;
}

function readNamedParts(text: string): NamedPart[] {
  const parts = parseBody(text, 'CompleteMultipartUpload')
    .children.filter((child) => child.name === 'Part')
    .map((child) => ({
      partNumber: Number(childText(child, 'PartNumber')),
      etag: (childText(child, 'ETag') ?? '').replaceAll('"', '').trim().toUpperCase(),
    }));
  if (parts.length === 0 || parts.some(({ partNumber }) => !Number.isInteger(partNumber))) {
    throw malformedXml();
  }
  return parts;
}

function checkOrder(named: readonly NamedPart[]): void {
  if (named.some(({ partNumber }) => partNumber < 1 || partNumber > maxPartNumber)) {
    throw new OssError(
      400,
      'InvalidPartOrder',
      'Part number must be an integer between 1 and 10000, inclusive.',
      { ec: '0042-00000209' },
    );
  }
  // A repeated number is out of order too: the documents do not say.
  if (named.some(({ partNumber }, index) => partNumber <= (named[index - 1]?.partNumber ?? 0))) {
    throw new OssError(
      400,
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts list must specified in order by part number.',
      { ec: '0042-00000209' },
    );
  }
}

function findParts(upload: StoredUpload, named: readonly NamedPart[]): StoredPart[] {
  return named.map(({ partNumber, etag }) => {
    const part = upload.parts.get(partNumber);
    if (part?.etag === etag) return part;
    throw new OssError(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
      { elements: { PartNumber: partNumber, ETag: etag, UploadId: upload.uploadId } },
    );
  });
}

function checkSizes(parts: readonly StoredPart[]): void {
  const small = parts.slice(0, -1).find(({ sizeBytes }) => sizeBytes < minPartSizeBytes);
  if (!small) return;
  throw new OssError(
    400,
    'EntityTooSmall',
    'Your proposed upload smaller than the minimum allowed size.',
    {
      ec: '0042-00000213',
      elements: {
        ProposedSize: small.sizeBytes,
        MinSizeAllowed: minPartSizeBytes,
        PartNumber: small.partNumber,
      },
    },
  );
}

async function chooseParts(context: OperationContext, upload: StoredUpload): Promise<StoredPart[]> {
  const text = await readText(context);
  const completeAll = context.request.headers.get('x-oss-complete-all');
  if (completeAll?.toLowerCase() !== 'yes') {
    const named = readNamedParts(text);
    checkOrder(named);
    return findParts(upload, named);
  }
  if (text !== '') {
    throw invalidArgument(
      'Should not speficy both complete all header and http body.',
      'x-oss-complete-all',
      completeAll,
      '0042-00000216',
    );
  }
  const all = [...upload.parts.values()].sort((a, b) => a.partNumber - b.partNumber);
  // What an upload without parts is told is not documented.
  if (all.length === 0) throw malformedXml();
  return all;
}

async function md5Of(context: OperationContext, parts: readonly StoredPart[]): Promise<string> {
  const md5 = createHash('md5');
  for (const { file, sizeBytes } of parts) {
    const chunks = context.storage.read({ files: [{ file, sizeBytes }] }, 0, sizeBytes);
    for await (const chunk of chunks) md5.update(chunk);
  }
  return md5.digest('base64');
}

const completeMultipartUpload: Operation = async (context) => {
  const { request, storage, key } = context;
  const bucket = requireBucket(context);
  const encode = nameEncoder(request);
  requireUpload(context, noSuchUploadEc.other);
  // A wrong callback is refused before anything is changed.
  readCallback(request);
  const parts = await chooseParts(context, requireUpload(context, noSuchUploadEc.other));
  checkSizes(parts);
  const acl = request.headers.get('x-oss-object-acl');
  checkPublicAccess(acl, bucket);
  const { sequential } = requireUpload(context, noSuchUploadEc.other);
  const contentMd5 = sequential ? await md5Of(context, parts) : undefined;
  // Looked up again: another Complete or an abort may have come while this one was read.
  const upload = requireUpload(context, noSuchUploadEc.other);
  checkReplacement(context, bucket, '0042-00000214');
  const manifest: ObjectManifest = {
    key,
    type: 'Multipart',
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    etag: multipartEtag(parts.map(({ etag }) => etag)),
    crc64: combinedCrc64(parts),
    lastModifiedMs: context.nowMs,
    ...newVersion(bucket),
    uploadId: upload.uploadId,
    properties: acl === undefined ? upload.properties : { ...upload.properties, acl },
    ...(contentMd5 !== undefined && { contentMd5 }),
    files: parts.map(({ file, sizeBytes }) => ({ file, sizeBytes })),
  };
  storage.putObject(bucket.name, manifest);
  storage.deleteUpload(upload.uploadId, manifest.files);
  const answer = xmlAnswer(
    element(
      'CompleteMultipartUploadResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Location', `http://${request.headers.get('host') ?? ''}/${encodeStrictly(key)}`),
      textElement('Bucket', bucket.name),
      textElement('Key', encode(key)),
      textElement('ETag', `"${manifest.etag}"`),
    ),
    {
      etag: `"${manifest.etag}"`,
      'x-oss-hash-crc64ecma': context.faults.objectCrc64 ?? manifest.crc64,
      ...manifest.properties.encryption,
      ...versionHeaders(manifest),
    },
  );
  return answerWithCallback(context, manifest, answer);
};

const abortMultipartUpload: Operation = async (context) => {
  const upload = requireUpload(context, noSuchUploadEc.other);
  await context.received();
  context.storage.deleteUpload(upload.uploadId);
  return { status: 204 };
};

interface ShownPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly crc64: string | null;
  readonly lastModifiedMs: number;
}

/** The parts as ListParts shows them, which a fault may falsify. */
function shownParts(
  upload: StoredUpload,
  lies: FaultActions['listParts'],
  nowMs: number,
): ShownPart[] {
  const changes = new Map(lies?.change?.map((lie) => [lie.partNumber, lie]));
  const hidden = new Set(lies?.hide);
  const parts = [...upload.parts.values()]
    .filter(({ partNumber }) => !hidden.has(partNumber))
    .map((part): ShownPart => {
      const lie = changes.get(part.partNumber);
      return {
        ...part,
        sizeBytes: lie?.sizeBytes ?? part.sizeBytes,
        etag: lie?.etag ?? part.etag,
        crc64: lie?.crc64 === undefined ? part.crc64 : lie.crc64,
      };
    });
  const added = (lies?.add ?? []).map((part): ShownPart => ({
    partNumber: part.partNumber,
    sizeBytes: part.sizeBytes ?? 0,
    etag: part.etag ?? '',
    crc64: part.crc64 ?? null,
    lastModifiedMs: nowMs,
  }));
  return [...parts, ...added].sort((a, b) => a.partNumber - b.partNumber);
}

const listParts: Operation = (context) => {
  const { request } = context;
  const encode = nameEncoder(request);
  const upload = requireUpload(context, noSuchUploadEc.other);
  const lies = context.faults.listParts;
  const maxParts = pageSize(request, 'max-parts', 1000);
  const marker = Number(request.parameter('part-number-marker') ?? 0);
  if (!Number.isInteger(marker) || marker < 0) {
    throw invalidArgument('Invalid part-number-marker.', 'part-number-marker', String(marker));
  }
  const all = shownParts(upload, lies, context.nowMs).filter((part) => part.partNumber > marker);
  const page = all.slice(0, Math.min(maxParts, context.faults.maxPageSize ?? maxParts));
  return xmlAnswer(
    element(
      'ListPartsResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Bucket', upload.bucket),
      textElement('Key', encode(upload.key)),
      textElement('UploadId', upload.uploadId),
      textElement('StorageClass', upload.properties.storageClass),
      textElement('PartNumberMarker', marker),
      textElement('NextPartNumberMarker', page.at(-1)?.partNumber),
      textElement('MaxParts', maxParts),
      textElement('IsTruncated', page.length < all.length),
      ...page.map((part) =>
        element(
          'Part',
          textElement('PartNumber', part.partNumber),
          textElement('LastModified', xmlTime(part.lastModifiedMs)),
          textElement('ETag', `"${part.etag}"`),
          textElement('HashCrc64ecma', part.crc64 ?? undefined),
          textElement('Size', part.sizeBytes),
        ),
      ),
    ),
  );
};

const listMultipartUploads: Operation = (context) => {
  const { request, storage } = context;
  const { name } = requireBucket(context);
  const encode = nameEncoder(request);
  const prefix = request.parameter('prefix') ?? '';
  const delimiter = request.parameter('delimiter') ?? '';
  const keyMarker = request.parameter('key-marker') ?? '';
  const uploadIdMarker = request.parameter('upload-id-marker') ?? '';
  const maxUploads = pageSize(request, 'max-uploads', 1000);
  const isAfterMarker = (upload: StoredUpload): boolean => {
    const order = compareKeys(upload.key, keyMarker);
    if (keyMarker === '' || order > 0) return true;
    return uploadIdMarker !== '' && order === 0 && upload.uploadId > uploadIdMarker;
  };
  const page = listPage({
    entries: storage.uploads(name).filter(isAfterMarker),
    keyOf: ({ key }) => key,
    prefix,
    delimiter,
    marker: keyMarker,
    maxEntries: maxUploads,
  });
  const last = page.entries.at(-1);
  const endsWithUpload = last?.key === page.lastName;
  return xmlAnswer(
    element(
      'ListMultipartUploadsResult',
      textElement('EncodingType', request.parameter('encoding-type')),
      textElement('Bucket', name),
      textElement('KeyMarker', encode(keyMarker)),
      textElement('UploadIdMarker', uploadIdMarker),
      textElement('NextKeyMarker', encode(page.lastName ?? '')),
      textElement('NextUploadIdMarker', endsWithUpload ? (last?.uploadId ?? '') : ''),
      textElement('Delimiter', encode(delimiter)),
      textElement('Prefix', encode(prefix)),
      textElement('MaxUploads', maxUploads),
      textElement('IsTruncated', page.isTruncated),
      ...page.entries.map((upload) =>
        element(
          'Upload',
          textElement('Key', encode(upload.key)),
          textElement('UploadId', upload.uploadId),
          textElement('StorageClass', upload.properties.storageClass),
          textElement('Initiated', xmlTime(upload.initiatedMs)),
        ),
      ),
      commonPrefixElements(page.commonPrefixes, encode),
    ),
  );
};

/** The operations of multipart uploads. */
export const multipartOperations = {
  initiateMultipartUpload,
  uploadPart,
  uploadPartCopy,
  completeMultipartUpload,
  abortMultipartUpload,
  listParts,
  listMultipartUploads,
};
