/** Answers that no server should give, made by chance. */
import type { Fault, FaultActions, FaultAnswer } from '../oss-server/faults.ts';
import type { OperationName } from '../oss-server/operationNames.ts';

/** Whose requests are answered falsely. */
export const OURS = { accessKeyId: 'LTAIfuzzOurKey', accessKeySecret: 'fuzzOurSecret' };

/** In [0, 1). */
export type Random = () => number;

/** One of them, by chance. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

const STATUSES = [
  200, 200, 200, 200, 201, 203, 204, 206, 301, 302, 304, 307, 400, 401, 403, 403, 404, 404, 405,
  407, 408, 409, 411, 412, 413, 416, 418, 429, 500, 502, 503, 504, 511,
] as const;

const CODES = [
  'NoSuchUpload',
  'NoSuchKey',
  'NoSuchBucket',
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'SecurityTokenExpired',
  'FileAlreadyExists',
  'InvalidPart',
  'RequestTimeTooSkewed',
  'InternalError',
  'CallbackFailed',
  'bad\u001b[31mcode\u202e',
  'C'.repeat(100_000),
] as const;

const ROOTS = [
  'InitiateMultipartUploadResult',
  'CompleteMultipartUploadResult',
  'ListPartsResult',
  'ListMultipartUploadsResult',
] as const;

const EVIL_NAMES = [
  'x.evil.com#',
  'a\u202eb',
  'a&#10;b',
  '..',
  '$(x)',
  'a'.repeat(100_000),
] as const;

const STRIPPED: NonNullable<FaultActions['answerHeaders']> = {
  'x-oss-request-id': null,
  'x-oss-hash-crc64ecma': null,
  'x-oss-server-time': null,
  'x-oss-version-id': null,
  'x-oss-err': null,
  'x-oss-ec': null,
};

function errorBody(random: Random): string {
  const id = random() < 0.5 ? '<RequestId>5C3D9175B6FC201293AD0000</RequestId>' : '';
  const time = pick(random, ['', '2038-01-19T00:00:00.000Z', '+275760-01-01T00:00:00.000Z']);
  const endpoint = random() < 0.1 ? '<Endpoint>x.evil.com#</Endpoint>' : '';
  const server = time === '' ? '' : `<ServerTime>${time}</ServerTime>`;
  return `<Error><Code>${pick(random, CODES)}</Code><Message>m\u0007</Message>${id}${server}${endpoint}</Error>`;
}

/** A document as OSS answers it to this question, with what nobody should believe in it. */
function questionBody(random: Random, operation: OperationName): string | undefined {
  const name = pick(random, EVIL_NAMES);
  const isTruncated = `<IsTruncated>${pick(random, ['true', 'false', ''])}</IsTruncated>`;
  const object = `<Contents><Key>${name}</Key><ETag>"A"</ETag><Size>1</Size></Contents>`;
  const listing = `<ListBucketResult>${pick(random, ['', object])}${isTruncated}</ListBucketResult>`;
  const bodies: Partial<Record<OperationName, string>> = {
    listObjects: listing,
    listObjectsV2: listing,
    listMultipartUploads: `<ListMultipartUploadsResult><Upload><Key>${name}</Key><UploadId>${name}</UploadId></Upload>${isTruncated}</ListMultipartUploadsResult>`,
    listParts: `<ListPartsResult><UploadId>${name}</UploadId>${isTruncated}</ListPartsResult>`,
    listBuckets: `<ListAllMyBucketsResult><Buckets><Bucket><Name>${name}</Name><Location>oss-${name}</Location></Bucket></Buckets></ListAllMyBucketsResult>`,
    listCname: `<ListCnameResult><Cname><Domain>${name}</Domain><Status>Enabled</Status></Cname></ListCnameResult>`,
    getBucketInfo: `<BucketInfo><Bucket><Name>${name}</Name><Location>oss-${name}</Location></Bucket></BucketInfo>`,
    getBucketLocation: `<LocationConstraint>oss-${name}</LocationConstraint>`,
  };
  return bodies[operation];
}

function documentBody(random: Random): string {
  const root = pick(random, ROOTS);
  const inside = pick(random, [
    '',
    '<UploadId>0123456789ABCDEF0123456789ABCDEF</UploadId>',
    '<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>',
    '<IsTruncated>true</IsTruncated><NextKeyMarker>zzz</NextKeyMarker>',
    '<Part><PartNumber>1</PartNumber><Size>102400</Size><ETag>"A"</ETag></Part>',
    '<ETag>"A"</ETag>',
    '<a>'.repeat(2000),
  ]);
  return `<${root}>${inside}</${root}>`;
}

function bodyBy(random: Random): string {
  const whole = pick(random, [
    () => '',
    () => '',
    () => '<html><body>Please log in</body></html>',
    () => '{"ok":true}',
    () => 'OK',
    () => errorBody(random),
    () => errorBody(random),
    () => documentBody(random),
    () => documentBody(random),
    () => '\u0000\u001b]0;title\u0007\u202e',
    () => `<Error><Message>${'m'.repeat(300_000)}</Message></Error>`,
  ])();
  return random() < 0.1 ? whole.slice(0, Math.floor(random() * whole.length)) : whole;
}

function answerBy(random: Random): { answer: FaultAnswer; headers: Record<string, string | null> } {
  const contentType = pick(random, [
    'application/xml',
    'text/html',
    'application/json',
    'text/plain',
  ]);
  const headers: Record<string, string | null> = {
    ...(random() < 0.6 && STRIPPED),
    ...(random() < 0.6 && { etag: pick(random, ['"A"', '', '"0"', 'x'.repeat(500)]) }),
    ...(random() < 0.1 && { 'x-oss-hash-crc64ecma': pick(random, ['0', '1', 'x']) }),
    ...(random() < 0.1 && {
      date: pick(random, ['Thu, 01 Jan 1970 00:00:00 GMT', 'Tue, 19 Jan 2038 03:14:08 GMT', 'x']),
    }),
    ...(random() < 0.1 && { 'retry-after': pick(random, ['0', '1', '-1', 'x', '9'.repeat(30)]) }),
    ...(random() < 0.1 && { 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  };
  return { answer: { status: pick(random, STATUSES), body: bodyBy(random), contentType }, headers };
}

function actionsBy(random: Random): FaultActions {
  const kind = random();
  if (kind < 0.75) {
    const { answer, headers } = answerBy(random);
    const goesOn = random() < 0.05 ? pick(random, ['dripping', 'flowing'] as const) : undefined;
    const carriedOut = random() < 0.5;
    return {
      ...(carriedOut ? { carryOutThen: answer } : { answer }),
      answerHeaders: headers,
      ...(goesOn !== undefined && { answerGoesOn: goesOn }),
    };
  }
  return pick<FaultActions>(random, [
    { carryOutThen: 'reset' },
    { carryOutThen: 'fin' },
    { cut: { by: 'reset', afterBytes: 0 } },
    { cut: { by: 'fin', afterBytes: 50_000 } },
    { neverAnswer: true },
    { carryOutThen: 'neverAnswer' },
    { truncateAnswerAfterBytes: Math.floor(random() * 200) },
    { rawAnswer: 'SSH-2.0-OpenSSH_9.2\r\n' },
    { duplicateAnswer: true },
    { forgetPart: true },
    { flipByteAt: 100 },
    { answerHeaders: STRIPPED },
    { answerHeaders: STRIPPED },
  ]);
}

/** An answer to an issuer's question, which is JSON where it is one; `null` when it never ends. */
export function issuerAnswerBy(random: Random): { status: number; body: string } | null {
  if (random() < 0.05) return null;
  const body = pick(random, [
    () => bodyBy(random),
    () => '{"Code":"Success"}',
    () => '{"AccessKeyId":"x","Expiration":"+275760-01-01T00:00:00.000Z"}',
    () => '{"Credentials":null}',
    () => '[]',
    () => '{"Code":"InvalidAccessKeyId.NotFound"}',
    () => '{"error":"expired_token"}',
    () => `{"Code":"${'C'.repeat(60_000)}\\u202e"}`,
  ])();
  return { status: pick(random, STATUSES), body };
}

/** One fault, and the operation it is played at. */
export interface Played {
  readonly operation: OperationName;
  readonly fault: Fault;
}

/** A fault of one of these operations. */
export function playedBy(random: Random, operations: readonly OperationName[]): Played {
  const operation = pick(random, operations);
  return {
    operation,
    fault: {
      on: operation,
      accessKeyId: OURS.accessKeyId,
      after: random() < 0.7 ? 0 : Math.floor(random() * 3),
      times: pick(random, [1, 1, 2, 3, 1000]),
      do: actionsBy(random),
    },
  };
}

/** The same, or an answer in the words of OSS. */
export function questionedBy(random: Random, operations: readonly OperationName[]): Played {
  const { operation, fault } = playedBy(random, operations);
  const answerBody = random() < 0.4 ? questionBody(random, operation) : undefined;
  if (answerBody === undefined) return { operation, fault };
  const answerHeaders = random() < 0.5 ? STRIPPED : undefined;
  return { operation, fault: { ...fault, do: { answerBody, answerHeaders } } };
}

/**
 * Whether nobody could see through the lie: OSS itself, by its request id or its document, says of an
 * upload that is there that it is not, again and again, or refuses what it does.
 */
export function isUndetectable({ operation, fault }: Played): boolean {
  const { carryOutThen } = fault.do;
  if (operation === 'initiateMultipartUpload' && typeof carryOutThen === 'object') {
    const isOfOss =
      fault.do.answerHeaders?.['x-oss-request-id'] !== null ||
      carryOutThen.body?.includes('<RequestId>') === true;
    if (isOfOss && carryOutThen.status >= 400 && carryOutThen.status < 500) return true;
  }
  const isAboutUpload = operation === 'listParts' || operation === 'abortMultipartUpload';
  const text = fault.do.answer?.body ?? '';
  return isAboutUpload && /NoSuch(?:Upload|Bucket)/.test(text) && (fault.times ?? 0) > 1;
}
