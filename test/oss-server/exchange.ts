import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cut, FaultActions } from './faults.ts';
import type { OssAnswer } from './operation.ts';

/** Ends the dealing with a request: the connection is ended, or the client has ended it. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';

  constructor(readonly by: 'client' | Cut) {
    super(`The connection ended: ${by}.`);
  }
}

/** Ends a TCP connection. A reset loses what is under way; a FIN lets it arrive. */
export function cutSocket(socket: Socket, how: Cut): void {
  if (how === 'reset') socket.resetAndDestroy();
  else socket.end(() => socket.destroy());
}

/**
 * One request and its answer on the wire, with the faults of the wire: it knows bytes, sockets and
 * times, and nothing of OSS.
 */
export class Exchange {
  /** Bytes of the body that were read. */
  bytesRead = 0;
  #continued = false;

  constructor(
    private readonly message: IncomingMessage,
    private readonly response: ServerResponse,
    /** The TCP socket, below TLS. */
    private readonly socket: Socket,
    private readonly expectsContinue: boolean,
  ) {}

  /** Whether the head announces a body. */
  get hasBody(): boolean {
    const { headers } = this.message;
    return 'transfer-encoding' in headers || Number(headers['content-length'] ?? 0) > 0;
  }

  /** Whether the body has not been read to its end. */
  get hasUnreadBody(): boolean {
    return this.hasBody && !this.message.complete;
  }

  /** Waits, but not beyond the life of the connection. Rejects with ConnectionEnded. */
  async wait(delayMs: number | undefined): Promise<void> {
    if (delayMs === undefined) return;
    const waiting = new AbortController();
    const end = () => {
      waiting.abort();
    };
    this.socket.once('close', end);
    try {
      if (this.socket.destroyed) end();
      await delay(Math.min(delayMs, 2 ** 31 - 1), undefined, { signal: waiting.signal });
    } catch {
      throw new ConnectionEnded('client');
    } finally {
      this.socket.off('close', end);
    }
  }

  /** The body as the storage sees it: with the faults of the way. Rejects with ConnectionEnded. */
  async *body(faults: FaultActions): AsyncGenerator<Buffer> {
    const { cut, stall, drainBytesPerSecond, flipByteAt, storeOnlyBytes = Infinity } = faults;
    const startedAt = Date.now();
    let stalled = false;
    const pauseOrCut = async (isEnd: boolean) => {
      if (stall && !stalled && (isEnd || this.bytesRead >= stall.afterBytes)) {
        stalled = true;
        await this.wait(stall.forMs ?? Infinity);
      }
      if (cut && (isEnd || this.bytesRead >= cut.afterBytes)) throw new ConnectionEnded(cut.by);
    };
    await pauseOrCut(false);
    if (this.expectsContinue && !this.#continued) {
      this.#continued = true;
      this.response.writeContinue();
    }
    for await (const chunk of this.#chunks()) {
      const start = this.bytesRead;
      this.bytesRead += chunk.length;
      if (flipByteAt !== undefined && flipByteAt >= start && flipByteAt < this.bytesRead) {
        chunk[flipByteAt - start]! ^= 1;
      }
      if (start < storeOnlyBytes) yield chunk.subarray(0, storeOnlyBytes - start);
      if (drainBytesPerSecond !== undefined) {
        const dueMs = (this.bytesRead / drainBytesPerSecond) * 1000;
        await this.wait(Math.max(startedAt + dueMs - Date.now(), 0));
      }
      await pauseOrCut(false);
    }
    await pauseOrCut(true);
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.message.iterator({ destroyOnReturn: false })) {
        yield chunk as Buffer;
      }
    } catch {
      throw new ConnectionEnded('client');
    }
  }

  /** Reads the body and throws it away. */
  async drain(faults: FaultActions): Promise<void> {
    const chunks = this.body(faults);
    while (!(await chunks.next()).done);
  }

  /** Ends the connection without an answer. */
  cut(how: Cut): void {
    cutSocket(this.socket, how);
  }

  /** Sends an answer, with the faults of answers. `headers` of the answer are lower case. */
  async send(answer: OssAnswer, faults: FaultActions, closes: boolean): Promise<void> {
    await this.wait(faults.delayBeforeAnsweringMs);
    if (faults.rawAnswer !== undefined) {
      this.message.socket.end(faults.rawAnswer, 'latin1');
      return;
    }
    const body = faults.answerBody ?? answer.body ?? '';
    const headers = this.#headers({ ...answer, body }, faults, closes);
    const { response } = this;
    if (faults.truncateAnswerAfterBytes !== undefined) {
      this.#sendTruncated(answer.status, headers, body, faults.truncateAnswerAfterBytes);
      return;
    }
    if (faults.answerGoesOn !== undefined) {
      await this.#sendWithoutEnd(answer.status, headers, body, faults.answerGoesOn);
      return;
    }
    response.writeHead(answer.status, headers);
    if (typeof body === 'string') {
      // As bytes: node writes the head in the encoding of a text that follows it.
      response.end(this.message.method === 'HEAD' ? undefined : Buffer.from(body));
    } else {
      for await (const chunk of body) {
        if (this.socket.destroyed) throw new ConnectionEnded('client');
        if (!response.write(chunk)) await this.#writable();
      }
      response.end();
    }
    if (faults.duplicateAnswer) {
      response.once('finish', () => {
        this.message.socket.write(
          'HTTP/1.1 200 OK\r\nServer: AliyunOSS\r\nContent-Length: 0\r\n\r\n',
        );
      });
    }
  }

  /** Ends with the connection, which is the client's to end. */
  async #sendWithoutEnd(
    status: number,
    headers: Record<string, string>,
    body: string | AsyncIterable<Buffer>,
    how: 'dripping' | 'flowing',
  ): Promise<void> {
    const { response } = this;
    response.writeHead(
      status,
      Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-length')),
    );
    if (typeof body === 'string') response.write(body);
    const more = Buffer.alloc(how === 'flowing' ? 64 * 1024 : 1, ' ');
    for (;;) {
      // Also without a pause others get their turn: Node drops what an answer may not have.
      await this.wait(how === 'dripping' ? 10 : 0);
      if (this.socket.destroyed) throw new ConnectionEnded('client');
      if (!response.write(more)) await this.#writable();
    }
  }

  async #writable(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      this.response.once('drain', done).once('close', done);
    });
  }

  #headers(answer: OssAnswer, faults: FaultActions, closes: boolean): Record<string, string> {
    const hasNoLength = answer.status === 204 || answer.status === 304;
    const isHead = this.message.method === 'HEAD';
    const headers: Record<string, string> = { ...answer.headers };
    if (typeof answer.body === 'string' && !hasNoLength && !isHead) {
      headers['content-length'] = String(Buffer.byteLength(answer.body));
    }
    if (closes) headers['connection'] = 'close';
    const replaced = Object.entries(faults.answerHeaders ?? {});
    const removed = replaced.filter(([, value]) => value === null).map(([name]) => name);
    const all = { ...headers, ...Object.fromEntries(replaced) };
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) =>
        value === null || removed.includes(name) ? [] : [[name.toLowerCase(), value]],
      ),
    );
  }

  #sendTruncated(
    status: number,
    headers: Record<string, string>,
    body: string | AsyncIterable<Buffer>,
    afterBytes: number,
  ): void {
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const headText = `HTTP/1.1 ${status} OK\r\n${head.join('')}\r\n`;
    const text = typeof body === 'string' ? body : '';
    const bytes =
      text === ''
        ? Buffer.from(headText, 'latin1').subarray(0, afterBytes)
        : Buffer.concat([
            Buffer.from(headText, 'latin1'),
            Buffer.from(text).subarray(0, afterBytes),
          ]);
    this.message.socket.end(bytes);
  }
}
