import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import { join } from 'node:path';
import { UploadError } from '../../../src/engine/contract/errors';
import type { RequestBody } from '../../../src/engine/contract/ports';
import type { Answer } from '../../../src/oss/ossErrors';
import { nextSliceBytes, OssTransport } from '../../../src/oss/ossTransport';
import type { TransportOptions, TransportRequest } from '../../../src/oss/ossTransport';
import { VirtualClock } from '../../support/virtualClock';

const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;

/** What a test opened, closed after it. */
const closers: (() => unknown)[] = [];

interface RawServer {
  readonly url: string;
  connections: number;
}

async function listen(server: net.Server, scheme: string): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const raw = { url: '', connections: 0 };
  server.on('connection', (socket: Socket) => {
    raw.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  raw.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return raw;
}

const httpServer = (handler: http.RequestListener) => listen(http.createServer(handler), 'http');

const tlsFolder = join(__dirname, '../../oss-server/tls');

const ca = readFileSync(join(tlsFolder, 'ca.pem'), 'utf8');

const httpsServer = (handler: http.RequestListener, name = 'good') =>
  listen(
    https.createServer(
      {
        cert: readFileSync(join(tlsFolder, `${name}.pem`)),
        key: readFileSync(join(tlsFolder, `${name}.key`)),
      },
      handler,
    ),
    'https',
  );

function transport(options: TransportOptions = {}): OssTransport {
  const made = new OssTransport(options);
  closers.push(() => {
    made.dispose();
  });
  return made;
}

const request = (url: string, more: Partial<TransportRequest> = {}): TransportRequest => ({
  method: 'PUT',
  url,
  headers: {},
  signal: NEVER,
  ...more,
});

const answerText =
  (text: string, status = 200) =>
  (answer: http.ServerResponse) => {
    answer.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
  };

/** Reads the whole body before it answers. */
const readThenAnswer =
  (onBody: (body: Buffer, message: http.IncomingMessage) => void = () => undefined) =>
  (message: http.IncomingMessage, answer: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      onBody(Buffer.concat(chunks), message);
      answerText('ok')(answer);
    });
  };

/** A body out of one buffer that is filled anew for each chunk, as the engine does it. */
function reusedBody(sizeBytes: number, chunkBytes: number, seed = 1): RequestBody {
  const buffer = Buffer.alloc(chunkBytes);
  return {
    sizeBytes,
    // eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
    chunks: (async function* () {
      for (let offset = 0; offset < sizeBytes; offset += chunkBytes) {
        const length = Math.min(chunkBytes, sizeBytes - offset);
        fill(buffer, offset, length, seed);
        yield buffer.subarray(0, length);
        buffer.fill(0xee);
      }
    })(),
  };
}

function fill(buffer: Buffer, offset: number, length: number, seed: number): void {
  for (let index = 0; index < length; index += 1) {
    buffer[index] = ((offset + index) * 31 + ((offset + index) >> 9) * seed) & 0xff;
  }
}

function expectedBytes(sizeBytes: number, seed = 1): Buffer {
  const buffer = Buffer.alloc(sizeBytes);
  fill(buffer, 0, sizeBytes, seed);
  return buffer;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function bodyOf(...chunks: Uint8Array[]): RequestBody {
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  return { sizeBytes, chunks: chunksOf(chunks) };
}

// eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
async function* chunksOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function rejection(promise: Promise<unknown>): Promise<UploadError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(UploadError.is(error), `not an UploadError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not reject' });
}

describe('OssTransport', () => {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  describe('connections', () => {
    for (const [scheme, start] of [
      ['http', httpServer],
      ['https', httpsServer],
    ] as const) {
      it(`sends 20 requests in a row over one ${scheme} connection`, async () => {
        const server = await start(readThenAnswer());
        const sender = transport({ ca });
        for (let count = 0; count < 20; count += 1) {
          const body = reusedBody(100_000, 30_000);
          assert.equal((await sender.send(request(`${server.url}/k`, { body }))).status, 200);
        }
        assert.equal(server.connections, 1);
      });
    }

    it('asks for keep-alive by name: the editor replaces the agent by one that would close', async () => {
      const seen: (string | undefined)[] = [];
      const server = await httpServer((message, answer) => {
        seen.push(message.headers.connection);
        answerText('')(answer);
      });
      const original = http.request;
      const closing = new http.Agent();
      http.request = ((options: http.RequestOptions) =>
        original({ ...options, agent: closing })) as typeof original;
      try {
        await transport().send(request(server.url, { method: 'GET' }));
      } finally {
        http.request = original;
        closing.destroy();
      }
      assert.deepEqual(seen, ['keep-alive']);
    });

    it('looks up http.request at each call, so that a later patch counts', async () => {
      const server = await httpServer((_message, answer) => {
        answerText('')(answer);
      });
      const sender = transport();
      const original = http.request;
      let patched = 0;
      http.request = ((...parameters: Parameters<typeof original>) => {
        patched += 1;
        return original(...parameters);
      }) as typeof original;
      try {
        await sender.send(request(server.url));
      } finally {
        http.request = original;
      }
      assert.equal(patched, 1);
    });

    it('says network when a kept connection turns out to be closed', async () => {
      let count = 0;
      const server = await httpServer((message, answer) => {
        count += 1;
        if (count === 1) answerText('')(answer);
        else message.socket.resetAndDestroy();
      });
      const sender = transport();
      await sender.send(request(server.url));
      const error = await rejection(sender.send(request(server.url)));
      assert.equal(server.connections, 1);
      assert.deepEqual([error.kind, error.code], ['network', 'ECONNRESET']);
    });

    it('says network when nobody listens', async () => {
      const server = net.createServer();
      const { url } = await listen(server, 'http');
      server.close();
      await once(server, 'close');
      const error = await rejection(transport().send(request(url)));
      assert.deepEqual([error.kind, error.code], ['network', 'ECONNREFUSED']);
    });

    it('says certificate for one that is not trusted, and accepts any when told so', async () => {
      const server = await httpsServer(readThenAnswer(), 'selfSigned');
      assert.equal((await rejection(transport().send(request(server.url)))).kind, 'certificate');
      const careless = transport({ isStrict: () => false });
      assert.equal((await careless.send(request(server.url))).status, 200);
    });
  });

  describe('what is sent', () => {
    it('says its protocol, which the patched http of the editor would look for in a stack trace', async () => {
      const said: unknown[] = [];
      for (const [module, protocol] of [
        [http, 'http:'],
        [https, 'https:'],
      ] as const) {
        const original = module.request;
        module.request = ((options: http.RequestOptions) => {
          said.push(options.protocol);
          return original(options);
        }) as typeof original;
        try {
          await rejection(transport().send(request(`${protocol}//127.0.0.1:1/`)));
        } finally {
          module.request = original;
        }
      }
      assert.deepEqual(said, ['http:', 'https:']);
    });

    it('keeps the bytes of the URL as they were signed', async () => {
      const seen: (string | undefined)[] = [];
      const server = await httpServer((message, answer) => {
        seen.push(message.url);
        answerText('')(answer);
      });
      const path = "/a/../b/./%2e%2e/c%2Fd'!()*//e?x=%20+&y=";
      await transport().send(request(`${server.url}${path}`));
      assert.deepEqual(seen, [path]);
    });

    it('replaces a length it was given by that of the body', async () => {
      let received = 0;
      const server = await httpServer(
        readThenAnswer((body) => {
          received = body.length;
        }),
      );
      const headers = { 'Content-Length': '3' };
      await transport().send(request(server.url, { headers, body: bodyOf(Buffer.alloc(10)) }));
      assert.equal(received, 10);
    });

    it('sends an empty body as length 0, after its source has been read to the end', async () => {
      const seen: (string | undefined)[] = [];
      const server = await httpServer((message, answer) => {
        seen.push(message.headers['content-length'], message.headers['transfer-encoding']);
        answerText('')(answer);
      });
      let ended = false;
      const chunks = (async function* () {
        await Promise.resolve();
        yield Buffer.alloc(0);
        ended = true;
      })();
      const answer = await transport().send(
        request(server.url, { body: { sizeBytes: 0, chunks } }),
      );
      assert.equal(answer.status, 200);
      assert.deepEqual(seen, ['0', undefined]);
      assert.ok(ended);
    });

    for (const [scheme, start] of [
      ['http', httpServer],
      ['https', httpsServer],
    ] as const) {
      it(`has sent a chunk when it asks for the next one: memory may be reused (${scheme})`, async () => {
        const digests = new Map<string, string>();
        const server = await start((message, answer) => {
          const hash = createHash('sha256');
          let readBytes = 0;
          message.on('data', (chunk: Buffer) => {
            hash.update(chunk);
            readBytes += chunk.length;
            // Slower than the sender, so that its buffers fill.
            if (readBytes % 7 === 0) {
              message.pause();
              setImmediate(() => message.resume());
            }
          });
          message.on('end', () => {
            digests.set(message.url ?? '', hash.digest('hex'));
            answerText('')(answer);
          });
        });
        const sender = transport({ ca });
        const sizes = [1, 65_536, 1_000_003, 5 * MIB + 1];
        await Promise.all(
          sizes.map((size) =>
            sender.send(
              request(`${server.url}/${size}`, { body: reusedBody(size, 256 * 1024, size) }),
            ),
          ),
        );
        for (const size of sizes) {
          assert.equal(digests.get(`/${size}`), sha256(expectedBytes(size, size)), `${size} bytes`);
        }
      });
    }

    it('refuses to count a body with fewer bytes than promised', async () => {
      let complete = 0;
      const server = await httpServer(
        readThenAnswer(() => {
          complete += 1;
        }),
      );
      const body = { ...bodyOf(Buffer.alloc(1000)), sizeBytes: 1001 };
      const error = await rejection(transport().send(request(server.url, { body })));
      assert.deepEqual([error.kind, error.code], ['internal', 'BodyLengthMismatch']);
      assert.equal(complete, 0);
    });

    it('refuses to count a body with more bytes than promised, and ends its source', async () => {
      const server = await httpServer(readThenAnswer());
      let ended = false;
      const chunks = (async function* () {
        try {
          for (;;) {
            await Promise.resolve();
            yield Buffer.alloc(600);
          }
        } finally {
          ended = true;
        }
      })();
      const body = { sizeBytes: 1000, chunks };
      const error = await rejection(transport().send(request(server.url, { body })));
      assert.equal(error.code, 'BodyLengthMismatch');
      await new Promise(setImmediate);
      assert.ok(ended);
    });

    it('rejects with the very error that the source of the body threw', async () => {
      const server = await httpServer(readThenAnswer());
      const thrown = new UploadError('sourceChanged', 'changed', { code: 'SourceChanged' });
      const chunks = (async function* () {
        await Promise.resolve();
        yield Buffer.alloc(10);
        throw thrown;
      })();
      const body = { sizeBytes: 20, chunks };
      await assert.rejects(
        transport().send(request(server.url, { body })),
        (error) => error === thrown,
      );
    });
  });

  describe('abort', () => {
    it('sends nothing when the signal is aborted already', async () => {
      const server = await httpServer(readThenAnswer());
      const error = await rejection(
        transport().send(request(server.url, { signal: AbortSignal.abort() })),
      );
      assert.equal(error.kind, 'aborted');
      assert.equal(server.connections, 0);
    });

    it('ends a request in the middle of its body at once, and its source too', async () => {
      const server = await httpServer((message) => {
        message.pause();
      });
      const controller = new AbortController();
      let ended = false;
      const chunks = (async function* () {
        try {
          for (;;) {
            await new Promise(setImmediate);
            yield Buffer.alloc(MIB);
          }
        } finally {
          ended = true;
        }
      })();
      const body = { sizeBytes: 1024 * MIB, chunks };
      const sending = rejection(
        transport().send(request(server.url, { body, signal: controller.signal })),
      );
      while (server.connections === 0) await new Promise(setImmediate);
      // By no other way: the limits of this transport are longer than those of a test.
      controller.abort();
      assert.equal((await sending).kind, 'aborted');
      await new Promise(setImmediate);
      assert.ok(ended);
    });

    it('does not wait for a source that hangs', async () => {
      const server = await httpServer(readThenAnswer());
      const controller = new AbortController();
      let returned = 0;
      const chunks = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<Uint8Array>>(() => undefined),
          return: () => {
            returned += 1;
            return Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      };
      const body = { sizeBytes: 10, chunks };
      const sending = rejection(
        transport().send(request(server.url, { body, signal: controller.signal })),
      );
      controller.abort();
      assert.equal((await sending).kind, 'aborted');
      assert.equal(returned, 1);
    });

    it('ends a request whose body is out and that waits for its answer', async () => {
      let arrived: () => void = () => undefined;
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const server = await httpServer((message) => {
        message.resume().on('end', arrived);
      });
      const controller = new AbortController();
      const body = bodyOf(Buffer.alloc(10));
      const sending = rejection(
        transport().send(request(server.url, { body, signal: controller.signal })),
      );
      await arrival;
      controller.abort();
      assert.equal((await sending).kind, 'aborted');
    });

    it('leaves no listener on the signal', async () => {
      const server = await httpServer(readThenAnswer());
      const signal = new AbortController().signal;
      let listeners = 0;
      const counted = new Proxy(signal, {
        get: (target, name) => {
          if (name === 'addEventListener') listeners += 1;
          if (name === 'removeEventListener') listeners -= 1;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      await transport().send(request(server.url, { signal: counted }));
      assert.equal(listeners, 0);
    });
  });

  describe('limits', () => {
    let clock: VirtualClock;
    beforeEach(() => {
      clock = new VirtualClock();
    });

    /** Asserts that this limit ends the request, and not before its time. */
    async function assertEnds(
      url: string,
      limit: string,
      seconds: number,
      more: Partial<TransportRequest> = {},
    ): Promise<void> {
      const startMs = clock.now();
      const sending = transport({ clock }).send(request(url, more));
      const { kind, code } = await rejection(clock.passUntil(sending));
      assert.deepEqual([kind, code], ['timeout', limit]);
      assert.ok(clock.now() - startMs >= seconds * 1000, `${clock.now() - startMs} ms`);
    }

    it('gives up a body that nobody reads', async () => {
      const server = await httpServer((message) => {
        message.pause();
      });
      await assertEnds(server.url, 'StallTimeout', 30, { body: reusedBody(64 * MIB, MIB) });
    });

    it('does not give up a body that moves slowly, however long it takes', async () => {
      const server = await httpServer((message, answer) => {
        message.on('data', () => {
          message.pause();
          // So that the sender, in this process too, sees what has moved.
          setImmediate(() => {
            clock.advance(1000);
            message.resume();
          });
        });
        message.on('end', () => {
          answerText('')(answer);
        });
      });
      // The kernel's buffers take the first megabytes; after them each 64 KiB takes a second.
      const body = reusedBody(12 * MIB, 12 * MIB);
      const startMs = clock.now();
      // The last megabytes are out for us when those buffers have them: the answer comes later.
      const slow = request(server.url, { body, answerTimeoutMs: 3_600_000 });
      assert.equal((await transport({ clock }).send(slow)).status, 200);
      assert.ok(clock.now() - startMs > 60_000, 'it has to take longer than the limit');
    });

    it('does not count the time in which the source is being read', async () => {
      const server = await httpServer(readThenAnswer());
      // eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
      const chunks = (async function* () {
        yield Buffer.alloc(10);
        clock.advance(3_600_000);
        yield Buffer.alloc(10);
      })();
      const body = { sizeBytes: 20, chunks };
      const { status } = await transport({ clock }).send(request(server.url, { body }));
      assert.equal(status, 200);
    });

    it('gives up when no answer comes, later where a request may take longer', async () => {
      const server = await httpServer((message) => {
        message.resume();
      });
      await assertEnds(server.url, 'AnswerTimeout', 60);
      await assertEnds(server.url, 'AnswerTimeout', 120, { answerTimeoutMs: 120_000 });
    });

    it('gives up when there is no connection', async () => {
      // Accepts TCP and never says a word of TLS.
      const server = await listen(net.createServer(), 'https');
      await assertEnds(server.url, 'ConnectTimeout', 20, { body: bodyOf(Buffer.alloc(9)) });
    });

    it('gives up an answer that stops in its middle', async () => {
      const server = await httpServer((message, answer) => {
        message.resume();
        answer.writeHead(200, { 'content-length': 100 });
        answer.write('half');
      });
      await assertEnds(server.url, 'StallTimeout', 30);
    });

    for (const status of [200, 403]) {
      it(`gives up an answer ${status} that drips for ever`, async () => {
        const server = await httpServer((message, answer) => {
          message.resume();
          answer.writeHead(status);
          const drip = setInterval(() => answer.write('.'), 10);
          answer.on('close', () => {
            clearInterval(drip);
          });
        });
        const sender = transport({
          timeouts: { stallMs: 5000, answerMs: 100, wholeAnswerMs: 150 },
        });
        const sent = sender.send(request(server.url));
        if (status === 403) assert.equal((await sent).status, 403);
        else assert.match((await rejection(sent)).code, /AnswerTooSlow|TruncatedAnswer/);
      });
    }

    it('gives up an answer that has no end', async () => {
      const server = await httpServer((message, answer) => {
        message.resume();
        answer.writeHead(200);
        const more = (): void => {
          while (!answer.destroyed && answer.write(Buffer.alloc(64 * 1024)));
        };
        answer.on('drain', more);
        more();
      });
      const error = await rejection(transport().send(request(server.url)));
      assert.deepEqual([error.kind, error.code], ['badResponse', 'AnswerTooLong']);
    });

    it('hands over small pieces on a slow line and large ones on a fast one', () => {
      assert.equal(nextSliceBytes(65_536, 5000), 16_384);
      assert.equal(nextSliceBytes(16_384, 60_000), 16_384);
      assert.equal(nextSliceBytes(65_536, 1000), 65_536);
      assert.equal(nextSliceBytes(65_536, 1), 131_072);
      assert.equal(nextSliceBytes(MIB, 1), MIB);
    });
  });

  describe('answers', () => {
    it('gives status, headers and body of any answer', async () => {
      const server = await httpServer((message, answer) => {
        message.resume();
        answer.writeHead(404, { 'x-oss-request-id': 'R', 'set-cookie': ['a', 'b'] }).end('gone');
      });
      const answer = await transport().send(request(server.url, { method: 'GET' }));
      assert.equal(answer.status, 404);
      assert.equal(answer.headers['x-oss-request-id'], 'R');
      assert.equal(answer.headers['set-cookie'], 'a, b');
      assert.equal(answer.body.toString(), 'gone');
    });

    it('gives an early refusal and does not send the rest of 8 MiB', async () => {
      let received = 0;
      const server = await httpServer((message, answer) => {
        message.once('data', (chunk: Buffer) => {
          received += chunk.length;
          message.pause();
          answer.writeHead(403, { connection: 'close', 'content-length': 6 }).end('denied');
        });
      });
      const sender = transport();
      const answers: Answer[] = [];
      for (let count = 0; count < 20; count += 1) {
        const body = reusedBody(8 * MIB, 256 * 1024);
        answers.push(await sender.send(request(server.url, { body })));
      }
      assert.ok(
        answers.every((answer) => answer.status === 403 && String(answer.body) === 'denied'),
      );
      assert.ok(received < 20 * MIB);
    });

    it('gives an early refusal of a server that neither reads on nor closes', async () => {
      const server = await listen(
        net.createServer((socket) => {
          socket.once('data', () => {
            socket.pause();
            socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\n\r\ndenied');
          });
        }),
        'http',
      );
      const sender = transport({ timeouts: { stallMs: 60_000 } });
      const answer = await sender.send(
        request(server.url, { body: reusedBody(64 * MIB, 256 * 1024) }),
      );
      assert.equal(answer.status, 403);
    });

    it('gives a refusal whose end is lost: its head says enough', async () => {
      const server = await listen(
        net.createServer((socket) => {
          socket.once('data', () => {
            socket.end('HTTP/1.1 503 Busy\r\nretry-after: 3\r\ncontent-length: 99\r\n\r\nhalf');
          });
        }),
        'http',
      );
      const answer = await transport().send(request(server.url));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '3');
    });

    it('does not take an early success for one before the whole body is out', async () => {
      let received = 0;
      const server = await httpServer((message, answer) => {
        answerText('early')(answer);
        message.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
      });
      const body = reusedBody(8 * MIB, 256 * 1024);
      const answer = await transport().send(request(server.url, { body }));
      assert.equal(answer.status, 200);
      while (received < 8 * MIB) await new Promise(setImmediate);
    });

    it('calls a success that is cut off a bad response', async () => {
      const server = await httpServer((message, answer) => {
        message.resume();
        answer.writeHead(200, { 'content-length': 100 });
        answer.write('half', () => message.socket.destroy());
      });
      const error = await rejection(transport().send(request(server.url)));
      assert.deepEqual([error.kind, error.code], ['badResponse', 'TruncatedAnswer']);
    });

    it('says network when the connection ends without an answer', async () => {
      const server = await httpServer((message) => {
        message.socket.destroy();
      });
      const error = await rejection(transport().send(request(server.url)));
      assert.deepEqual([error.kind, error.code], ['network', 'ECONNRESET']);
    });

    it('says network when something else than HTTP answers', async () => {
      const server = await listen(
        net.createServer((socket) => {
          socket.end('SSH-2.0-OpenSSH_9.2\r\n');
        }),
        'http',
      );
      assert.equal((await rejection(transport().send(request(server.url)))).kind, 'network');
    });

    it('calls what cannot be a header or a URL an invalid argument', async () => {
      const sender = transport();
      const headers = { 'x-oss-meta-a': 'line\nbreak' };
      const error = await rejection(sender.send(request('http://127.0.0.1:9/', { headers })));
      assert.equal(error.kind, 'invalidArgument');
      assert.equal((await rejection(sender.send(request('ftp://host/')))).kind, 'invalidArgument');
    });
  });
});
