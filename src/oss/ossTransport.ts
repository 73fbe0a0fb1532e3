import { setMaxListeners } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { systemClock } from '../engine/base/clock';
import type { Clock } from '../engine/base/clock';
import type { Disposable } from '../engine/base/events';
import { UploadError } from '../engine/contract/errors';
import type { RequestBody } from '../engine/contract/ports';
import { badResponse, errorOfConnection } from './ossErrors';
import type { Answer } from './ossErrors';

/** All in milliseconds. There is no limit on the total time of a body that moves. */
export interface TransportTimeouts {
  /** From the request to a usable connection: name, TCP, TLS and proxy. */
  readonly connectMs: number;
  /** Without a byte moving while the network, not the body's source, is what we wait for. */
  readonly stallMs: number;
  /** From the last byte of the body to the status line. */
  readonly answerMs: number;
  /** From the status line to the end of the answer, however steadily it drips. */
  readonly wholeAnswerMs: number;
}

/** How a transport connects. All may be left out. */
export interface TransportOptions {
  readonly timeouts?: Partial<TransportTimeouts> | undefined;
  /** Certificates to trust instead of Node's own, PEM. */
  readonly ca?: string | readonly string[] | undefined;
  /** Whether only trusted certificates are taken; asked for each request. They are, if not given. */
  readonly isStrict?: (() => boolean) | undefined;
  /** Time of the limits; the system's, if not given. */
  readonly clock?: Clock | undefined;
}

/** A request as it goes over the wire. */
export interface TransportRequest {
  readonly method: string;
  /** Absolute; path and query are sent byte for byte, because they are what was signed. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal: AbortSignal;
  /** Instead of {@link TransportTimeouts.answerMs}. */
  readonly answerTimeoutMs?: number | undefined;
  /** Goes by no proxy, whatever the editor's settings; of plain http only. */
  readonly isDirect?: boolean | undefined;
}

const DEFAULT_TIMEOUTS: TransportTimeouts = {
  connectMs: 20_000,
  stallMs: 30_000,
  answerMs: 60_000,
  wholeAnswerMs: 120_000,
};

/** Under the idle limit of OSS, so that mostly we are the ones who close an idle connection. */
const IDLE_CONNECTION_MS = 15_000;

/** 1000 keys of 1023 bytes, each of them percent-encoded, are 3 MB; more than this is not OSS. */
const LARGEST_ANSWER_BYTES = 4 * 1024 * 1024;

/** Moves requests over connections that are kept alive and shared by all uploads. */
export class OssTransport {
  readonly #timeouts: TransportTimeouts;
  readonly #ca: { ca?: string | string[] };
  readonly #isStrict: () => boolean;
  readonly #clock: Clock;
  readonly #pace = new Pace();
  readonly #agents: { readonly http: http.Agent; readonly https: https.Agent };

  constructor(options: TransportOptions = {}) {
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#clock = options.clock ?? systemClock;
    this.#isStrict = options.isStrict ?? (() => true);
    this.#ca = {
      ...(options.ca !== undefined && {
        ca: typeof options.ca === 'string' ? options.ca : [...options.ca],
      }),
    };
    const pool = {
      keepAlive: true,
      scheduling: 'lifo',
      maxFreeSockets: 64,
      timeout: IDLE_CONNECTION_MS,
    } as const;
    this.#agents = { http: new http.Agent(pool), https: new https.Agent(pool) };
  }

  /**
   * Sends one request and reads its whole answer, whatever the status. Rejects with an UploadError,
   * or with exactly what the body's iterator threw. An answer of 300 or more that comes before the
   * body is out ends the sending; a success counts only with a body of exactly `sizeBytes`.
   */
  send(request: TransportRequest): Promise<Answer> {
    if (request.signal.aborted) return Promise.reject(aborted());
    let sent: ClientRequest;
    try {
      sent = this.#open(request);
    } catch (error) {
      return Promise.reject(errorOfConnection(error));
    }
    const answerMs = request.answerTimeoutMs ?? this.#timeouts.answerMs;
    // OSS may begin to answer long before it knows the outcome.
    const wholeAnswerMs = Math.max(answerMs, this.#timeouts.wholeAnswerMs);
    const timeouts = { ...this.#timeouts, answerMs, wholeAnswerMs };
    return new Exchange(request, sent, timeouts, this.#clock, this.#pace).answer;
  }

  /** Closes all connections. */
  dispose(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #open({ url, method, headers, body, isDirect }: TransportRequest): ClientRequest {
    const { secure, hostname, port, path } = splitUrl(url);
    const withLength = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length'),
    );
    if (body !== undefined || method === 'PUT' || method === 'POST') {
      withLength['content-length'] = String(body?.sizeBytes ?? 0);
    }
    // Without this header the editor's patched http closes the connection after each request.
    withLength['connection'] = 'keep-alive';
    // The protocol is said because the editor's agent would look for it in a stack trace.
    const protocol = secure ? 'https:' : 'http:';
    const options = { protocol, method, hostname, port, path, headers: withLength };
    // On the request and not on the agent: the editor replaces the agent.
    const tls = { ...this.#ca, ...(!this.#isStrict() && { rejectUnauthorized: false }) };
    // Looked up on the module at each call: the editor patches `request` for proxies.
    if (secure) return https.request({ ...options, ...tls, agent: this.#agents.https });
    const plain = { ...options, agent: this.#agents.http };
    // What `request` makes, made by ourselves, is outside of that patch.
    return isDirect === true ? new http.ClientRequest(plain) : http.request(plain);
  }
}

/** Taken apart by hand: `new URL` would resolve `/../` in a key, and the signature would not match. */
function splitUrl(url: string): { secure: boolean; hostname: string; port: string; path: string } {
  const match = /^(https?):\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?(.*)$/s.exec(url);
  if (match === null) {
    throw new UploadError('invalidArgument', 'not an http(s) URL', {
      code: 'ERR_INVALID_URL',
      field: 'endpoint',
    });
  }
  const secure = match[1] === 'https';
  const path = match[4] ?? '';
  return {
    secure,
    hostname: (match[2] ?? '').replace(/^\[|\]$/g, ''),
    port: match[3] ?? (secure ? '443' : '80'),
    path: path.startsWith('/') ? path : `/${path}`,
  };
}

function aborted(): UploadError {
  return new UploadError('aborted', 'aborted', { code: 'AbortError' });
}

const SMALLEST_SLICE_BYTES = 16 * 1024;
const FIRST_SLICE_BYTES = 64 * 1024;
const LARGEST_SLICE_BYTES = 1024 * 1024;

/**
 * How many bytes to hand over at once, from how long the last ones took. On a slow line a whole
 * chunk would need longer than the stall limit although it moves; on a fast one every write costs.
 */
export function nextSliceBytes(lastBytes: number, tookMs: number): number {
  if (tookMs > 2000) return Math.max(SMALLEST_SLICE_BYTES, lastBytes / 4);
  if (tookMs < 250) return Math.min(LARGEST_SLICE_BYTES, lastBytes * 2);
  return lastBytes;
}

/** What one request learns about the line holds for the next one. */
class Pace {
  sliceBytes = FIRST_SLICE_BYTES;

  /** A slice of that size was taken by the system. One that was short tells nothing good. */
  took(sizeBytes: number, tookMs: number): void {
    const next = nextSliceBytes(sizeBytes, tookMs);
    if (next > this.sliceBytes || next < sizeBytes) this.sliceBytes = next;
  }

  /** A slice did not get through within the limit: perhaps the line has become a slow one. */
  stalled(): void {
    this.sliceBytes = SMALLEST_SLICE_BYTES;
  }
}

/** One request on its way. */
class Exchange {
  readonly answer: Promise<Answer>;
  readonly #request: TransportRequest;
  readonly #sent: ClientRequest;
  readonly #timeouts: TransportTimeouts;
  readonly #clock: Clock;
  readonly #pace: Pace;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #connected = false;
  #waitingForSource = false;
  #bodyIsOut = false;
  /** Set by an early answer of 300 or more. */
  #stopped = false;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #response: IncomingMessage | undefined;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #responseIsRead = false;
  #timer: Disposable | undefined;
  #timerName: keyof TransportTimeouts | undefined;
  #answerTimer: Disposable | undefined;

  constructor(
    request: TransportRequest,
    sent: ClientRequest,
    timeouts: TransportTimeouts,
    clock: Clock,
    pace: Pace,
  ) {
    this.#clock = clock;
    this.#pace = pace;
    this.#request = request;
    this.#sent = sent;
    this.#timeouts = timeouts;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // All parts of an upload share one signal; more than ten listeners are no leak here.
    setMaxListeners(0, request.signal);
    request.signal.addEventListener('abort', this.#onAbort);
    sent.on('error', (error) => {
      this.#connectionLost(error);
    });
    sent.on('close', () => {
      // Every request closes, and an error costs as much as the rest of its end.
      if (this.#settled) return;
      this.#connectionLost(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' }));
    });
    sent.on('socket', (socket) => {
      if (sent.reusedSocket) this.#onConnected();
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', this.#onConnected);
    });
    sent.on('finish', () => {
      this.#onConnected();
      this.#bodyIsOut = true;
      this.#watch();
      this.#finish();
    });
    sent.on('response', (response) => {
      this.#onResponse(response);
    });
    this.#watch();
    if (request.body === undefined) sent.end();
    else void this.#sendBody(request.body);
  }

  readonly #onAbort = (): void => {
    this.#fail(aborted());
  };

  readonly #onConnected = (): void => {
    this.#connected = true;
    this.#watch();
  };

  async #sendBody(body: RequestBody): Promise<void> {
    try {
      const chunks = body.chunks[Symbol.asyncIterator]();
      this.#chunks = chunks;
      let leftBytes = body.sizeBytes;
      for (;;) {
        this.#waitingForSource = true;
        this.#watch();
        const next = await chunks.next();
        this.#waitingForSource = false;
        if (next.done === true) this.#chunks = undefined;
        if (this.#isOver()) return;
        this.#watch();
        if (next.done === true) break;
        leftBytes -= next.value.byteLength;
        if (leftBytes < 0) throw wrongLength(body.sizeBytes, 'more');
        await this.#writeChunk(next.value);
        if (this.#isOver()) return;
      }
      if (leftBytes > 0) throw wrongLength(body.sizeBytes, 'fewer');
      this.#sent.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Resolves when the system has the whole chunk: its memory is used again after that. */
  async #writeChunk(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.byteLength && !this.#settled && !this.#stopped;) {
      const slice = chunk.subarray(offset, offset + this.#pace.sliceBytes);
      const startMs = this.#clock.now();
      await new Promise<void>((resolve) => {
        this.#sent.write(slice, () => {
          resolve();
        });
      });
      this.#onConnected();
      offset += slice.byteLength;
      this.#pace.took(slice.byteLength, this.#clock.now() - startMs);
    }
  }

  /** Whether the rest of the body is not wanted any more. */
  #isOver(): boolean {
    return this.#settled || this.#stopped;
  }

  #onResponse(response: IncomingMessage): void {
    this.#connected = true;
    this.#response = response;
    this.#answerTimer = this.#clock.after(this.#timeouts.wholeAnswerMs, () => {
      this.#onLimit('wholeAnswerMs');
    });
    if (statusOf(response) >= 300 && !this.#bodyIsOut) {
      this.#stopped = true;
      this.#endSource();
    }
    this.#watch();
    response.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      this.#receivedBytes += bytes.length;
      if (this.#receivedBytes > LARGEST_ANSWER_BYTES) {
        this.#fail(badResponse('AnswerTooLong', 'the answer is longer than any of OSS'));
      } else {
        this.#watch();
      }
    });
    response.on('end', () => {
      this.#responseIsRead = true;
      this.#answerTimer?.dispose();
      this.#finish();
    });
    response.on('error', (error) => {
      this.#connectionLost(error);
    });
  }

  /** A refusal counts at once; a success when the whole body is out. */
  #finish(): void {
    const response = this.#response;
    if (this.#settled || response === undefined || !this.#responseIsRead) return;
    if (!this.#bodyIsOut && !this.#stopped) return;
    this.#settle();
    // What is left of the body is not worth sending; a connection that sent all goes to the pool.
    if (!this.#bodyIsOut) this.#sent.destroy();
    this.#resolve(answerOf(response, this.#received));
  }

  #connectionLost(error: Error): void {
    if (this.#settled) return;
    const response = this.#response;
    if (response === undefined) {
      this.#fail(errorOfConnection(error));
    } else if (statusOf(response) >= 300) {
      // The refusal says more than the reset that follows it.
      this.#settle();
      this.#sent.destroy();
      this.#resolve(answerOf(response, this.#received));
    } else if (this.#responseIsRead || UploadError.is(error)) {
      this.#fail(errorOfConnection(error));
    } else {
      this.#fail(badResponse('TruncatedAnswer', 'the connection was lost within the answer'));
    }
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#sent.destroy();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#timer?.dispose();
    this.#answerTimer?.dispose();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#endSource();
  }

  /** Not awaited: a source that hangs must not hold up an abort. */
  #endSource(): void {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    // What the source says when it is no longer asked concerns nobody.
    chunks?.return?.().then(undefined, () => undefined);
  }

  /** Arms the one limit that fits the moment, from now on. */
  #watch(): void {
    if (this.#settled) return;
    const name = this.#limitNow();
    // Connecting is one wait, however many things happen on our side meanwhile.
    if (name === this.#timerName && name === 'connectMs') return;
    this.#timer?.dispose();
    this.#timerName = name;
    if (name === undefined) return;
    this.#timer = this.#clock.after(this.#timeouts[name], () => {
      this.#onLimit(name);
    });
  }

  #limitNow(): keyof TransportTimeouts | undefined {
    if (!this.#connected) return 'connectMs';
    if (this.#response !== undefined && !this.#responseIsRead) return 'stallMs';
    if (this.#bodyIsOut) return 'answerMs';
    return this.#waitingForSource ? undefined : 'stallMs';
  }

  #onLimit(name: keyof TransportTimeouts): void {
    if (name === 'stallMs') this.#pace.stalled();
    const [code, what] = LIMITS[name];
    const error = new UploadError('timeout', `${what} for ${this.#timeouts[name]} ms`, { code });
    // An error status that came before the stall is still the better answer.
    this.#connectionLost(error);
  }
}

const LIMITS: Readonly<Record<keyof TransportTimeouts, readonly [code: string, what: string]>> = {
  connectMs: ['ConnectTimeout', 'no connection'],
  stallMs: ['StallTimeout', 'no byte moved'],
  answerMs: ['AnswerTimeout', 'no answer'],
  wholeAnswerMs: ['AnswerTooSlow', 'no end of the answer'],
};

function wrongLength(sizeBytes: number, which: 'more' | 'fewer'): UploadError {
  return new UploadError('internal', `the body has ${which} than its ${sizeBytes} bytes`, {
    code: 'BodyLengthMismatch',
  });
}

function statusOf(response: IncomingMessage): number {
  return response.statusCode ?? 0;
}

function answerOf(response: IncomingMessage, received: readonly Buffer[]): Answer {
  return {
    status: statusOf(response),
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]),
    ),
    body: Buffer.concat(received),
  };
}
