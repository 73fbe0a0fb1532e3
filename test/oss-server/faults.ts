import type { OperationName } from './operationNames.ts';

/** Which requests a fault or a hold is for. What is left out matches everything. */
export interface RequestMatch {
  /** `any` is every operation; `connection` is a new connection, before any request. */
  readonly on?: OperationName | readonly OperationName[] | 'any' | 'connection' | undefined;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly uploadId?: string | undefined;
  readonly partNumber?: number | readonly number[] | undefined;
  readonly accessKeyId?: string | undefined;
}

/** An answer made up by a test. */
export interface FaultAnswer {
  readonly status: number;
  /** Code of the error body. Without code and body, the body is empty. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly ec?: string | undefined;
  /** Further elements of the error body, such as Endpoint or ServerTime. */
  readonly elements?: Readonly<Record<string, string>> | undefined;
  /** `Retry-After`: seconds, or a date as text. */
  readonly retryAfter?: number | string | undefined;
  /** `x-oss-qos-delay-time`. */
  readonly qosDelayMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as it is instead of error XML. */
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  /**
   * The answer comes before the request's body is read, and the connection is closed then. Left
   * out: the body is read to its end first.
   */
  readonly early?: boolean | undefined;
}

/** How a connection ends. */
export type Cut = 'reset' | 'fin';

/** A part as a lying ListParts shows it; null leaves the element out. */
export interface ListedPartLie {
  readonly partNumber: number;
  readonly sizeBytes?: number | undefined;
  readonly etag?: string | undefined;
  readonly crc64?: string | null | undefined;
}

/**
 * What goes wrong. Several fields at once, and several faults for one request, add up. In order of
 * the request's life:
 */
export interface FaultActions {
  /** Waits before the request is looked at. */
  readonly delayBeforeReadingMs?: number | undefined;
  /** The sender's key is disabled, or its token expires, with this request and for good. */
  readonly credential?: 'disable' | 'expire' | undefined;
  /** The upload of this request is gone when the request is looked at. */
  readonly dropUpload?: boolean | undefined;
  /** Answers this and does not carry the request out. */
  readonly answer?: FaultAnswer | undefined;

  /** Reads the body no faster than this. */
  readonly drainBytesPerSecond?: number | undefined;
  /** Ends the connection when so many bytes of the body have come; 0 is before the first. */
  readonly cut?: { readonly by: Cut; readonly afterBytes: number } | undefined;
  /**
   * Stops reading when so many bytes have come: for a time, or for ever. A system that does not
   * read does not learn that the client is gone: the request stays open until `resetConnections`.
   */
  readonly stall?: { readonly afterBytes: number; readonly forMs?: number | undefined } | undefined;
  /** One bit of the byte at this offset arrives turned over. */
  readonly flipByteAt?: number | undefined;
  /** Stores no more than so many bytes of the body. */
  readonly storeOnlyBytes?: number | undefined;

  /** Reads the request and never answers; it is not carried out. */
  readonly neverAnswer?: boolean | undefined;
  /** Carries the request out, and then this happens instead of the answer. */
  readonly carryOutThen?: Cut | 'neverAnswer' | FaultAnswer | undefined;
  /** The part is lost although its answer says 200. */
  readonly forgetPart?: boolean | undefined;
  /** The stored bytes rot on disk: their digests stay, a later GET shows it. */
  readonly rotByteAt?: number | undefined;

  /** Waits before the answer is sent. */
  readonly delayBeforeAnsweringMs?: number | undefined;
  /** Replaces headers of the answer, such as `etag` or `x-oss-hash-crc64ecma`; null removes. */
  readonly answerHeaders?: Readonly<Record<string, string | null>> | undefined;
  /** Replaces the body of the answer, which keeps its status. */
  readonly answerBody?: string | undefined;
  /** Sends only so many bytes of the answer's body (of its head, when it has none), then ends. */
  readonly truncateAnswerAfterBytes?: number | undefined;
  /** The answer's body goes on after its end: a character now and then, or as fast as it is read. */
  readonly answerGoesOn?: 'dripping' | 'flowing' | undefined;
  /** Sends this instead of HTTP, then ends the connection. */
  readonly rawAnswer?: string | undefined;
  /** Sends the answer, and a second one that nobody asked for. */
  readonly duplicateAnswer?: boolean | undefined;
  /** Pages of lists of parts, objects and buckets end after so many, whatever was asked for. */
  readonly maxPageSize?: number | undefined;
  /** Lies of ListParts. */
  readonly listParts?:
    | {
        readonly change?: readonly ListedPartLie[] | undefined;
        readonly add?: readonly Required<ListedPartLie>[] | undefined;
        readonly hide?: readonly number[] | undefined;
      }
    | undefined;
  /** CRC-64 of the whole object as Complete tells it (the stored one stays right). */
  readonly objectCrc64?: string | undefined;
}

/** A fault as data. It may be added and removed while the server runs. */
export interface Fault extends RequestMatch {
  /** Lets so many matching requests pass first. */
  readonly after?: number | undefined;
  /** Strikes so many times; left out: always. */
  readonly times?: number | undefined;
  readonly do: FaultActions;
}

/** What a match looks at. */
export interface MatchedRequest {
  readonly operation: OperationName | 'connection';
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly uploadId?: string | undefined;
  readonly partNumber?: number | undefined;
  readonly accessKeyId?: string | undefined;
}

function isOneOf<T>(wanted: T | readonly T[] | undefined, actual: T | undefined): boolean {
  if (wanted === undefined) return true;
  if (actual === undefined) return false;
  return Array.isArray(wanted) ? wanted.includes(actual) : wanted === actual;
}

/** Whether a request is one of those meant. Connections are meant only when they are named. */
export function matches(match: RequestMatch, request: MatchedRequest): boolean {
  if (request.operation === 'connection' || match.on === 'connection') {
    return match.on === request.operation;
  }
  const anyOperation = match.on === undefined || match.on === 'any';
  return (
    (anyOperation || isOneOf<OperationName>(match.on, request.operation)) &&
    isOneOf(match.bucket, request.bucket) &&
    isOneOf(match.key, request.key) &&
    isOneOf(match.uploadId, request.uploadId) &&
    isOneOf<number>(match.partNumber, request.partNumber) &&
    isOneOf(match.accessKeyId, request.accessKeyId)
  );
}

/** Counts how often each fault was met. The list belongs to the test; it is read at every request. */
export class FaultCounter {
  readonly #met = new WeakMap<Fault, number>();

  constructor(private readonly faults: readonly Fault[]) {}

  /** The faults that strike this request, as one. */
  take(request: MatchedRequest): FaultActions {
    const striking = this.faults.filter((fault) => {
      if (!matches(fault, request)) return false;
      const met = this.#met.get(fault) ?? 0;
      this.#met.set(fault, met + 1);
      const { after = 0, times = Infinity } = fault;
      return met >= after && met < after + times;
    });
    return Object.assign({}, ...striking.map((fault) => fault.do)) as FaultActions;
  }
}

/** Frequent answers of a service in trouble, as OSS or what stands before it words them. */
export const faultAnswers = {
  internalError: {
    status: 500,
    code: 'InternalError',
    message: 'Please contact the server administrator, oss@service.aliyun.com.',
  },
  badGateway: {
    status: 502,
    contentType: 'text/html',
    body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>tengine<br></body></html>',
  },
  serviceUnavailable: {
    status: 503,
    code: 'ServiceUnavailable',
    message: 'Thread pool is almost full, please retry later.',
  },
  slowDown: {
    status: 503,
    code: 'UploadTrafficRateLimitExceeded',
    message: 'Please reduce your upload request traffic.',
    qosDelayMs: 200,
  },
  gatewayTimeout: {
    status: 504,
    contentType: 'text/html',
    body: '<html><body><h1>504 Gateway Time-out</h1></body></html>',
  },
  requestTimeout: { status: 408 },
  /** What OSS says when a body stops coming. */
  idleConnection: {
    status: 400,
    code: 'RequestTimeout',
    message:
      'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  },
  tooManyRequests: { status: 429, code: 'TooManyRequests', message: 'Too many requests.' },
  accessDenied: {
    status: 403,
    code: 'AccessDenied',
    message: 'You have no right to access this object because of bucket acl.',
    ec: '0003-00000001',
  },
  securityTokenExpired: {
    status: 403,
    code: 'SecurityTokenExpired',
    message: 'The security token you provided has expired.',
    ec: '0002-00000007',
  },
  noSuchBucket: {
    status: 404,
    code: 'NoSuchBucket',
    message: 'The specified bucket does not exist.',
    ec: '0015-00000101',
  },
} as const satisfies Record<string, FaultAnswer>;
