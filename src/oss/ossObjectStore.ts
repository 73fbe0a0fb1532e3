import { parseCrc64 } from '../engine/base/crc64';
import { compareUtf8 } from '../engine/base/utf8Order';
import { UploadError, throwIfAborted } from '../engine/contract/errors';
import type { UploadErrorDetails } from '../engine/contract/errors';
import { MAX_PARTS } from '../engine/contract/ossLimits';
import type {
  CallOptions,
  InitiatedUpload,
  ListedObject,
  ListedPart,
  ObjectInfo,
  ObjectOptions,
  ObjectPage,
  ObjectStore,
  PartReceipt,
  RequestBody,
  StoredObject,
  UnfinishedUpload,
} from '../engine/contract/ports';
import { validateObjectKey } from '../engine/contract/validate';
import type { BucketClient } from './bucketClient';
import type { RenewableKey } from './credentials/renewableKey';
import { parseAnswer } from './ossClient';
import type { OssRequest, ServerClock } from './ossClient';
import type { Answer } from './ossErrors';
import {
  badResponse,
  errorOfAnswer,
  invalidArgument,
  isErrorBody,
  requestIdOf as idOf,
} from './ossErrors';
import { completeHeaders, initiateHeaders, partHeaders, putHeaders } from './ossHeaders';
import { putRight } from './putRight';
import { xmlElements, xmlName, xmlText } from './xml';
import type { Logger } from '../engine/base/logger';

/** Putting 10,000 parts together takes OSS a while; until then it sends nothing. */
const COMPLETE_ANSWER_MS = 600_000;

const PAGE_SIZE = 1000;

/** A million unfinished uploads of one prefix: nobody waits for more. */
const MOST_UPLOAD_PAGES = 1000;

/** What an answer names and requests repeat: no such id or tag of OSS has other characters. */
const TOKEN = /^[!-~]{1,256}$/;

/** One bucket of OSS, see {@link ObjectStore}. */
export class OssObjectStore implements ObjectStore {
  readonly #bucket: string;
  readonly #client: BucketClient;
  readonly #key: RenewableKey;
  readonly #clock: ServerClock;
  readonly #log: Logger;

  constructor(
    bucket: string,
    client: BucketClient,
    key: RenewableKey,
    clock: ServerClock,
    log: Logger,
  ) {
    this.#bucket = bucket;
    this.#client = client;
    this.#key = key;
    this.#clock = clock;
    this.#log = log;
  }

  /** InitiateMultipartUpload. */
  initiateMultipartUpload(
    key: string,
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<InitiatedUpload> {
    return this.#about({ key }, async () => {
      const answer = await this.#send(
        {
          method: 'POST',
          key,
          subresource: { uploads: '' },
          headers: initiateHeaders(key, options),
        },
        call,
      );
      const result = parseAnswer(answer, 'InitiateMultipartUploadResult');
      const uploadId = xmlText(result, 'UploadId');
      if (!TOKEN.test(uploadId)) throw badResponse('NoUploadId', 'OSS gave no upload id', answer);
      const initiatedServerMs = Date.parse(answer.headers['date'] ?? '');
      return {
        uploadId,
        ...(Number.isFinite(initiatedServerMs) && { initiatedServerMs }),
        ...requestIdOf(answer),
      };
    });
  }

  /** UploadPart. */
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: RequestBody,
    options: ObjectOptions,
    call: CallOptions,
  ): Promise<PartReceipt> {
    return this.#about({ key, uploadId, partNumber }, async () => {
      assertPartNumber(partNumber);
      const answer = await this.#send(
        {
          method: 'PUT',
          key,
          subresource: { partNumber, uploadId },
          headers: partHeaders(options),
          body,
        },
        call,
      );
      return receiptOf(answer);
    });
  }

  /** ListParts, all pages. */
  listParts(key: string, uploadId: string, call: CallOptions): Promise<ListedPart[]> {
    return this.#about({ key, uploadId }, async () => {
      const parts: ListedPart[] = [];
      for (let marker = 0; ;) {
        const answer = await this.#send(
          {
            method: 'GET',
            key,
            subresource: { uploadId },
            query: {
              'encoding-type': 'url',
              'max-parts': PAGE_SIZE,
              'part-number-marker': marker === 0 ? '' : marker,
            },
          },
          call,
        );
        const page = parseAnswer(answer, 'ListPartsResult');
        const about = xmlText(page, 'UploadId');
        if (about !== '' && about !== uploadId) {
          throw badResponse('OtherUpload', 'the listing is of another upload', answer);
        }
        for (const part of xmlElements(page, 'Part')) parts.push(listedPart(part, answer));
        if (!isTruncated(page, answer)) break;
        const next = Number(xmlText(page, 'NextPartNumberMarker'));
        // Also when it is no number: the same page again and again would never end.
        if (!(next > marker && next <= MAX_PARTS)) throw endlessList(answer);
        marker = next;
      }
      return parts.sort((left, right) => left.partNumber - right.partNumber);
    });
  }

  /** CompleteMultipartUpload. */
  completeMultipartUpload(
    key: string,
    uploadId: string,
    parts: readonly { readonly partNumber: number; readonly etag: string }[],
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<StoredObject> {
    return this.#about({ key, uploadId }, async () => {
      const answer = await this.#send(
        {
          method: 'POST',
          key,
          subresource: { uploadId },
          headers: completeHeaders(options),
          content: completeDocument(parts),
          answerTimeoutMs: COMPLETE_ANSWER_MS,
        },
        call,
      );
      if (options.callback === undefined) {
        // OSS sends the status before it knows the outcome: a 200 may carry an error.
        const result = parseAnswer(answer, 'CompleteMultipartUploadResult');
        return storedObject(answer, options, xmlText(result, 'ETag'));
      }
      return storedObject(answer, options);
    });
  }

  /** AbortMultipartUpload. */
  abortMultipartUpload(
    key: string,
    uploadId: string,
    call: CallOptions,
  ): Promise<{ readonly requestId?: string }> {
    return this.#about({ key, uploadId }, async () => {
      try {
        const request = { method: 'DELETE', key, subresource: { uploadId } } as const;
        return requestIdOf(await this.#send(request, call));
      } catch (error) {
        if (!UploadError.is(error, 'noSuchUpload')) throw error;
        return error.requestId === undefined ? {} : { requestId: error.requestId };
      }
    });
  }

  /** PutObject. */
  putObject(
    key: string,
    body: RequestBody,
    options: ObjectOptions & { readonly forbidOverwrite: boolean },
    call: CallOptions,
  ): Promise<StoredObject> {
    return this.#about({ key }, async () => {
      const answer = await this.#send(
        { method: 'PUT', key, headers: putHeaders(key, options), body },
        call,
      );
      return storedObject(answer, options);
    });
  }

  /** See {@link ObjectStore.honoursForbidOverwrite}. */
  async honoursForbidOverwrite({ signal }: CallOptions): Promise<boolean> {
    throwIfAborted(signal);
    const versioning = await this.#client.versioning();
    throwIfAborted(signal);
    return versioning === '';
  }

  /** HeadObject. */
  headObject(key: string, call: CallOptions): Promise<ObjectInfo | undefined> {
    return this.#about({ key }, async () => {
      const answer = await this.#head(key, call);
      if (answer === undefined) return undefined;
      const length = answer.headers['content-length'] ?? '';
      if (!/^\d{1,16}$/.test(length)) throw badResponse('NoLength', 'OSS gave no size', answer);
      const lastModifiedServerMs = Date.parse(answer.headers['last-modified'] ?? '');
      const lastModifiedMs = lastModifiedServerMs - this.#clock.offsetMs;
      return {
        sizeBytes: Number(length),
        etag: etagOf(answer),
        ...crc64Of(answer),
        ...(Number.isFinite(lastModifiedMs) && { lastModifiedMs, lastModifiedServerMs }),
      };
    });
  }

  /** The answer to HeadObject; undefined when OSS says that there is no such object. */
  async #head(key: string, call: CallOptions): Promise<Answer | undefined> {
    try {
      return await this.#send({ method: 'HEAD', key }, call);
    } catch (error) {
      if (isNoSuchKey(error)) return undefined;
      if (!UploadError.is(error) || error.isForeign !== true) throw error;
      // A HEAD has no body that could tell whose the refusal is; that of a GET has one.
      try {
        await this.#send({ method: 'GET', key, headers: { range: 'bytes=0-0' } }, call);
      } catch (said) {
        if (isNoSuchKey(said)) return undefined;
        if (UploadError.is(said) && said.isForeign !== true) throw said;
      }
      throw error;
    }
  }

  /** ListObjectsV2, one page. */
  listObjects(prefix: string, startAfter: string, call: CallOptions): Promise<ObjectPage> {
    return this.#about({}, async () => {
      const answer = await this.#send(
        {
          method: 'GET',
          query: {
            'list-type': 2,
            'encoding-type': 'url',
            'max-keys': PAGE_SIZE,
            prefix,
            'start-after': startAfter,
          },
        },
        call,
      );
      const page = parseAnswer(answer, 'ListBucketResult');
      const objects = xmlElements(page, 'Contents').map((entry) =>
        this.#listedObject(page, entry, answer),
      );
      let last = startAfter;
      for (const { key } of objects) {
        // Who goes on behind the last key, and takes what is not there for missing, needs the order.
        if (!key.startsWith(prefix) || compareUtf8(key, last) <= 0) throw endlessList(answer);
        last = key;
      }
      const hasMore = isTruncated(page, answer);
      if (hasMore && objects.length === 0) throw endlessList(answer);
      return { objects, isTruncated: hasMore, ...requestIdOf(answer) };
    });
  }

  #listedObject(page: unknown, entry: unknown, answer: Answer): ListedObject {
    const size = xmlText(entry, 'Size');
    const etag = xmlText(entry, 'ETag');
    if (!/^\d{1,16}$/.test(size) || !TOKEN.test(etag)) {
      throw badResponse('MalformedObject', 'a listed object lacks its size or ETag', answer);
    }
    const lastModifiedServerMs = Date.parse(xmlText(entry, 'LastModified'));
    const lastModifiedMs = lastModifiedServerMs - this.#clock.offsetMs;
    return {
      key: xmlName(page, entry, 'Key'),
      sizeBytes: Number(size),
      etag,
      ...(Number.isFinite(lastModifiedMs) && { lastModifiedMs, lastModifiedServerMs }),
    };
  }

  /** ListMultipartUploads, all pages. */
  listMultipartUploads(prefix: string, call: CallOptions): Promise<UnfinishedUpload[]> {
    return this.#about({}, async () => {
      const uploads: UnfinishedUpload[] = [];
      for (let pages = 1, keyMarker = '', uploadIdMarker = ''; ; pages += 1) {
        const answer = await this.#send(
          {
            method: 'GET',
            subresource: { uploads: '' },
            query: {
              'encoding-type': 'url',
              'max-uploads': PAGE_SIZE,
              prefix,
              'key-marker': keyMarker,
              'upload-id-marker': uploadIdMarker,
            },
          },
          call,
        );
        const page = parseAnswer(answer, 'ListMultipartUploadsResult');
        for (const upload of xmlElements(page, 'Upload')) {
          const uploadId = xmlText(upload, 'UploadId');
          if (!TOKEN.test(uploadId)) {
            throw badResponse('MalformedUpload', 'a listed upload lacks its id', answer);
          }
          const initiatedMs = this.#localMs(xmlText(upload, 'Initiated'));
          uploads.push({ key: xmlName(page, upload, 'Key'), uploadId, initiatedMs });
        }
        if (!isTruncated(page, answer)) break;
        const nextKey = xmlName(page, page, 'NextKeyMarker');
        const nextUploadId = xmlText(page, 'NextUploadIdMarker');
        const step = compareUtf8(nextKey, keyMarker);
        const isNext = step > 0 || (step === 0 && nextUploadId > uploadIdMarker);
        if (!isNext || nextKey === '' || pages >= MOST_UPLOAD_PAGES) throw endlessList(answer);
        [keyMarker, uploadIdMarker] = [nextKey, nextUploadId];
      }
      return uploads;
    });
  }

  /** See {@link ObjectStore.recover}. */
  async recover(error: Error, call: CallOptions): Promise<boolean> {
    if (!UploadError.is(error) || call.signal.aborted) return false;
    const what = await putRight(error, this.#clock, this.#key);
    if (what === 'clock' && error.clockSkewMs !== undefined) {
      const seconds = Math.round(error.clockSkewMs / 1000);
      this.#log.warn(`the clock of this computer is off by ${seconds} s; signing with OSS's time`);
    }
    if (what === 'key') this.#log.info('credentials were renewed');
    else if (what === undefined && error.kind === 'credentials') {
      this.#log.info('there are no other credentials');
    }
    return what !== undefined;
  }

  /** A time of OSS by the clock of this computer, which is what it is compared with. */
  #localMs(text: string): number {
    return Date.parse(text) - this.#clock.offsetMs;
  }

  #send(request: Omit<OssRequest, 'bucket'>, call: CallOptions): Promise<Answer> {
    if (request.key !== undefined) validateObjectKey(request.key);
    return this.#client.send({ ...request, bucket: this.#bucket }, call);
  }

  /** Says in every error what it is about. What is no UploadError becomes one. */
  async #about<Result>(
    details: Partial<UploadErrorDetails>,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      // The very error of a body's iterator has to come out of a call, so it is not copied.
      if (UploadError.is(error) && !comesFromOss(error)) throw error;
      throw UploadError.from(error).with({ bucket: this.#bucket, ...details });
    }
  }
}

function isNoSuchKey(error: unknown): boolean {
  return UploadError.is(error) && error.status === 404 && error.code === 'NoSuchKey';
}

function comesFromOss(error: UploadError): boolean {
  return error.status !== undefined;
}

function assertPartNumber(partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > MAX_PARTS) {
    throw invalidArgument('partNumber', `${partNumber} is no part number`);
  }
}

/** The answer's own, or the one of its body. */
function etagOf(answer: Answer, etagOfBody = ''): string {
  const etag = answer.headers['etag'] ?? etagOfBody;
  if (!TOKEN.test(etag)) throw badResponse('NoETag', 'OSS gave no ETag', answer);
  return etag;
}

function crc64Of(answer: Answer): { readonly crc64?: bigint } {
  return crc64From(answer.headers['x-oss-hash-crc64ecma'] ?? '');
}

function crc64From(text: string): { readonly crc64?: bigint } {
  const crc64 = parseCrc64(text);
  return crc64 === undefined ? {} : { crc64 };
}

function requestIdOf(answer: Answer): { readonly requestId?: string } {
  const requestId = idOf(answer);
  return requestId === undefined ? {} : { requestId };
}

function receiptOf(answer: Answer): PartReceipt {
  return { etag: etagOf(answer), ...crc64Of(answer), ...requestIdOf(answer) };
}

function storedObject(answer: Answer, options: ObjectOptions, etagOfBody = ''): StoredObject {
  const versionId = answer.headers['x-oss-version-id'];
  const common = {
    ...crc64Of(answer),
    ...requestIdOf(answer),
    ...(versionId !== undefined && { versionId }),
  };
  // A proxy that changes an answer makes a 203 of it, too: OSS says what has failed.
  const isOfCallback = isErrorBody(answer.body) || idOf(answer) !== undefined;
  if (answer.status === 203 && options.callback !== undefined && isOfCallback) {
    const { code, message } = errorOfAnswer(answer);
    // The object is stored: that its ETag may be missing here must not fail the upload.
    const etag = answer.headers['etag'] ?? '';
    return { ...common, etag, callbackError: { code, message } };
  }
  const etag = etagOf(answer, etagOfBody);
  if (options.callback === undefined) return { ...common, etag };
  return { ...common, etag, callbackBody: answer.body.toString('utf8') };
}

function listedPart(part: unknown, answer: Answer): ListedPart {
  const partNumber = Number(xmlText(part, 'PartNumber'));
  const size = xmlText(part, 'Size');
  const etag = xmlText(part, 'ETag');
  const isWhole = /^\d{1,16}$/.test(size) && TOKEN.test(etag);
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > MAX_PARTS || !isWhole) {
    throw badResponse('MalformedPart', 'a listed part lacks its number, size or ETag', answer);
  }
  return {
    partNumber,
    sizeBytes: Number(size),
    etag,
    ...crc64From(xmlText(part, 'HashCrc64ecma')),
  };
}

/** Whether there are more pages. One that does not say so is none of OSS, or not all of one. */
function isTruncated(page: unknown, answer: Answer): boolean {
  const text = xmlText(page, 'IsTruncated');
  if (text !== 'true' && text !== 'false') {
    throw badResponse('NoIsTruncated', 'a listing does not say whether it is all', answer);
  }
  return text === 'true';
}

function endlessList(answer: Answer): UploadError {
  return badResponse('MarkerDoesNotAdvance', 'a listing of OSS does not advance', answer);
}

/** Body of CompleteMultipartUpload. The order is the caller's: OSS refuses a wrong one. */
function completeDocument(
  parts: readonly { readonly partNumber: number; readonly etag: string }[],
): string {
  const lines = parts.map(
    ({ partNumber, etag }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<CompleteMultipartUpload>',
    ...lines,
    '</CompleteMultipartUpload>',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
