import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crc64Of } from '../crc64.ts';
import { faultAnswers, type Fault, type FaultActions } from '../faults.ts';
import { readOperations } from '../operationsLog.ts';
import { bucket, openTestServer, testKey, type TestServer } from './testServer.ts';

const key = 'file.bin';
const part = Buffer.alloc(200_000, 'p');
const md5Hex = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex').toUpperCase();

describe('faults of the OSS server', () => {
  let oss: TestServer;
  let id: string;
  before(async () => {
    oss = await openTestServer();
  });
  beforeEach(async () => {
    oss.server.faults.length = 0;
    oss.server.unreadBody = 'drain';
    id = await oss.initiate(key);
  });
  after(() => oss.close());

  const play = (fault: Omit<Fault, 'do'>, actions: FaultActions) =>
    oss.server.faults.push({ ...fault, do: actions });
  const send = (partNumber = 1) => oss.uploadPart(key, id, partNumber, part);
  const last = () => oss.server.operations.at(-1)!;
  const isReset = (error: NodeJS.ErrnoException) =>
    error.code === 'ECONNRESET' || error.code === 'EPIPE';

  describe('strike', () => {
    it('the requests they are for, so many times, after so many', async () => {
      const answer = faultAnswers.serviceUnavailable;
      play({ on: 'uploadPart', partNumber: [2, 3], after: 1, times: 2 }, { answer });
      const statuses: number[] = [];
      for (const number of [1, 2, 3, 2, 3]) statuses.push((await send(number)).status);
      assert.deepEqual(statuses, [200, 200, 503, 503, 200]);
    });

    it('by bucket, key, upload, sender and operation', async () => {
      const { answer } = { answer: { status: 418 } };
      play({ bucket: 'other' }, { answer });
      play({ key: 'other' }, { answer });
      play({ uploadId: 'other' }, { answer });
      play({ accessKeyId: 'other' }, { answer });
      play({ on: ['listParts', 'headObject'] }, { answer });
      assert.equal((await send()).status, 200);
      play({ on: 'any', bucket, key, uploadId: id, accessKeyId: testKey.accessKeyId }, { answer });
      assert.equal((await send()).status, 418);
    });

    it('until they are taken away', async () => {
      play({ on: 'uploadPart' }, { answer: faultAnswers.internalError });
      assert.equal((await send()).status, 500);
      oss.server.faults.length = 0;
      assert.equal((await send()).status, 200);
    });
  });

  describe('answer', () => {
    for (const [name, answer] of Object.entries(faultAnswers)) {
      it(`${name} and do nothing`, async () => {
        play({ on: 'uploadPart' }, { answer });
        const { status, text, headers } = await send();
        assert.equal(status, answer.status);
        if ('code' in answer) assert.ok(text.includes(`<Code>${answer.code}</Code>`));
        assert.match(String(headers['x-oss-request-id']), /^[0-9A-F]{24}$/);
        assert.deepEqual(oss.server.parts(id), []);
        assert.equal(last().accepted, false);
        assert.equal(last().bytes, part.length);
      });
    }

    it('with Retry-After, in seconds or as a date, and with a delay in milliseconds', async () => {
      const date = new Date(Date.now() + 7000).toUTCString();
      play({ times: 1 }, { answer: { status: 503, retryAfter: 7, qosDelayMs: 300 } });
      play({ after: 1, times: 1 }, { answer: { status: 429, retryAfter: date } });
      const first = await send();
      assert.equal(first.headers['retry-after'], '7');
      assert.equal(first.headers['x-oss-qos-delay-time'], '300');
      assert.equal((await send()).headers['retry-after'], date);
    });

    it('before the body is read, and close', async () => {
      play({ on: 'uploadPart' }, { answer: { ...faultAnswers.accessDenied, early: true } });
      const answer = await send().catch((error: unknown) => error as NodeJS.ErrnoException);
      // A client that is still sending may get the reset first, as in life.
      if ('status' in answer) assert.equal(answer.headers.connection, 'close');
      else assert.ok(isReset(answer));
      assert.equal(last().bytes, 0);
    });

    it('with a redirect', async () => {
      const location = 'http://127.0.0.1:1/';
      play({ on: 'uploadPart' }, { answer: { status: 307, headers: { location } } });
      const answer = await send();
      assert.equal(answer.status, 307);
      assert.equal(answer.headers.location, location);
    });
  });

  it('disable a key or end a token from one request on', async () => {
    play({ on: 'uploadPart', after: 2 }, { credential: 'disable' });
    const codes: (string | undefined)[] = [];
    for (const number of [1, 2, 3]) codes.push((await send(number)).element('Code'));
    assert.deepEqual(codes, [undefined, undefined, 'InvalidAccessKeyId']);
    assert.equal((await send()).element('Code'), 'InvalidAccessKeyId');
    oss.server.credentials[0]!.disabled = false;
  });

  it('drop an upload under its client', async () => {
    play({ on: 'uploadPart', partNumber: 2 }, { dropUpload: true });
    assert.equal((await send(1)).status, 200);
    assert.equal((await send(2)).element('Code'), 'NoSuchUpload');
    assert.equal((await send(3)).element('Code'), 'NoSuchUpload');
  });

  describe('of the connection', () => {
    for (const by of ['reset', 'fin'] as const) {
      for (const afterBytes of [0, 100_000, 1e9]) {
        it(`${by} after ${afterBytes} bytes of the body`, async () => {
          play({ on: 'uploadPart' }, { cut: { by, afterBytes } });
          await assert.rejects(send(), isReset);
          await oss.server.waitFor(() => last().operation === 'uploadPart');
          assert.equal(last().status, 0);
          assert.equal(last().accepted, false);
          assert.ok(last().bytes >= Math.min(afterBytes, part.length));
          assert.deepEqual(oss.server.parts(id), []);
        });
      }
    }

    it('end requests without a body too', async () => {
      play({ on: 'listParts' }, { cut: { by: 'reset', afterBytes: 0 } });
      await assert.rejects(oss.send({ method: 'GET', key, query: { uploadId: id } }), isReset);
    });

    it('reset it as soon as it is made', async () => {
      play({ on: 'connection', times: 1 }, { cut: { by: 'reset', afterBytes: 0 } });
      const agent = new http.Agent();
      const request = { method: 'GET', agent };
      await assert.rejects(oss.send(request), isReset);
      assert.equal((await oss.send(request)).status, 200);
    });

    it('stall it for a time', async () => {
      play({ on: 'uploadPart' }, { stall: { afterBytes: 1000, forMs: 60 } });
      const startedMs = Date.now();
      assert.equal((await send()).status, 200);
      assert.ok(Date.now() - startedMs >= 55);
    });

    it('stall it for ever, until the client gives up', async () => {
      play({ on: 'uploadPart', times: 1 }, { stall: { afterBytes: 1000 } });
      const signal = AbortSignal.timeout(60);
      const request = { method: 'PUT', key, query: { partNumber: '1', uploadId: id }, body: part };
      await assert.rejects(oss.send({ ...request, signal }), { name: 'AbortError' });
      assert.equal((await send()).status, 200);
      oss.server.resetConnections();
      await oss.server.waitFor((all) => all.some(({ code }) => code === 'ClientDisconnected'));
    });

    it('drain it slowly', async () => {
      play({ on: 'uploadPart' }, { drainBytesPerSecond: 2_000_000 });
      const startedMs = Date.now();
      assert.equal((await send()).status, 200);
      assert.ok(Date.now() - startedMs >= 90);
    });

    it('take the request and never answer', async () => {
      play({ on: 'uploadPart' }, { neverAnswer: true });
      const { signal, abort } = withAbort();
      const request = { method: 'PUT', key, query: { partNumber: '1', uploadId: id }, body: part };
      const sent = oss.send({ ...request, signal });
      await oss.server.waitFor(() => last().operation === 'uploadPart');
      assert.equal(last().status, 0);
      assert.equal(last().bytes, part.length);
      assert.deepEqual(oss.server.parts(id), []);
      abort();
      await assert.rejects(sent, { name: 'AbortError' });
    });

    it('wait before reading and before answering', async () => {
      play({}, { delayBeforeReadingMs: 30, delayBeforeAnsweringMs: 30 });
      const startedMs = Date.now();
      assert.equal((await send()).status, 200);
      assert.ok(Date.now() - startedMs >= 55);
    });
  });

  describe('lose the answer of what was carried out', () => {
    for (const carryOutThen of ['reset', 'fin'] as const) {
      it(`by ${carryOutThen}, of a part`, async () => {
        play({ on: 'uploadPart' }, { carryOutThen });
        await assert.rejects(send(), isReset);
        assert.equal(oss.server.parts(id).length, 1);
        assert.equal(last().accepted, true);
        assert.equal(last().status, 0);
      });
    }

    it('of an initiate', async () => {
      const before = oss.server.uploads(bucket).length;
      play({ on: 'initiateMultipartUpload' }, { carryOutThen: 'reset' });
      await assert.rejects(oss.initiate(key), isReset);
      assert.equal(oss.server.uploads(bucket).length, before + 1);
    });

    it('of a complete', async () => {
      const { headers } = await send();
      play({ on: 'completeMultipartUpload' }, { carryOutThen: 'reset' });
      await assert.rejects(oss.complete(key, id, [[1, headers.etag!]]), isReset);
      assert.equal(oss.server.object(bucket, key)?.sizeBytes, part.length);
    });

    it('by answering 500', async () => {
      play({ on: 'uploadPart' }, { carryOutThen: faultAnswers.internalError });
      const answer = await send();
      assert.equal(answer.status, 500);
      assert.equal(answer.element('Code'), 'InternalError');
      assert.equal(oss.server.parts(id).length, 1);
      assert.equal(last().accepted, true);
    });

    it('not of what was refused', async () => {
      play({ on: 'uploadPart' }, { carryOutThen: 'reset' });
      assert.equal((await oss.uploadPart(key, 'none', 1, 'x')).element('Code'), 'NoSuchUpload');
    });
  });

  describe('of the bytes', () => {
    it('flip one on the way: ETag and CRC are those of the stored bytes', async () => {
      play({ on: 'uploadPart' }, { flipByteAt: 150_000 });
      const { headers } = await send();
      const stored = Buffer.from(part);
      stored[150_000]! ^= 1;
      assert.equal(headers.etag, `"${md5Hex(stored)}"`);
      assert.equal(headers['x-oss-hash-crc64ecma'], (await crc64Of(stored)).toString());
    });

    it('flip one of a part whose MD5 was sent', async () => {
      play({ on: 'uploadPart' }, { flipByteAt: 0 });
      const answer = await oss.send({
        method: 'PUT',
        key,
        query: { partNumber: '1', uploadId: id },
        headers: { 'content-md5': createHash('md5').update(part).digest('base64') },
        body: part,
      });
      assert.equal(answer.element('Code'), 'InvalidDigest');
    });

    it('store only the first ones', async () => {
      play({ on: 'uploadPart' }, { storeOnlyBytes: 5 });
      const { headers } = await send();
      assert.equal(headers.etag, `"${md5Hex(part.subarray(0, 5))}"`);
      assert.equal(oss.server.parts(id)[0]?.sizeBytes, 5);
    });

    it('rot on disk', async () => {
      play({ on: 'putObject' }, { rotByteAt: 1 });
      const answer = await oss.send({ method: 'PUT', key: 'rotten', body: 'abc' });
      assert.equal(answer.headers.etag, `"${md5Hex(Buffer.from('abc'))}"`);
      assert.equal((await oss.send({ method: 'GET', key: 'rotten' })).text, 'acc');
    });

    it('forget a part after 200', async () => {
      play({ on: 'uploadPart' }, { forgetPart: true });
      const { status, headers } = await send();
      assert.equal(status, 200);
      const complete = await oss.complete(key, id, [[1, headers.etag!]]);
      assert.equal(complete.element('Code'), 'InvalidPart');
    });
  });

  describe('of the answer', () => {
    it('change and remove headers', async () => {
      const answerHeaders = { etag: '"0"', 'x-oss-hash-crc64ecma': null };
      play({ on: 'uploadPart' }, { answerHeaders });
      const { headers } = await send();
      assert.equal(headers.etag, '"0"');
      assert.equal(headers['x-oss-hash-crc64ecma'], undefined);
    });

    it('replace the body of a 200', async () => {
      const answerBody = '<html>Please log in</html>';
      play({ on: 'initiateMultipartUpload', times: 1 }, { answerBody });
      const query = { uploads: '' };
      const answer = await oss.send({ method: 'POST', key, query });
      assert.equal(answer.status, 200);
      assert.equal(answer.text, answerBody);
      play({ on: 'initiateMultipartUpload' }, { answerBody: '' });
      assert.equal((await oss.send({ method: 'POST', key, query })).text, '');
    });

    it('put an error into the 200 of a complete', async () => {
      const { headers } = await send();
      const answer = { ...faultAnswers.internalError, status: 200 };
      play({ on: 'completeMultipartUpload' }, { answer });
      const complete = await oss.complete(key, id, [[1, headers.etag!]]);
      assert.equal(complete.status, 200);
      assert.equal(complete.element('Code'), 'InternalError');
    });

    it('lie about the CRC of the whole object', async () => {
      const { headers } = await send();
      play({ on: 'completeMultipartUpload' }, { objectCrc64: '42' });
      const complete = await oss.complete(key, id, [[1, headers.etag!]]);
      assert.equal(complete.headers['x-oss-hash-crc64ecma'], '42');
      assert.equal(oss.server.object(bucket, key)?.crc64, (await crc64Of(part)).toString());
    });

    it('cut it short, in its body or its head', async () => {
      play({}, { truncateAnswerAfterBytes: 20 });
      await assert.rejects(oss.send({ method: 'GET', key, query: { uploadId: id } }), isReset);
      await assert.rejects(send());
    });

    it('send garbage, or the answer twice', async () => {
      play({ times: 1 }, { rawAnswer: 'SSH-2.0-OpenSSH\r\n' });
      await assert.rejects(send(), { code: /^HPE_/ });
      play({ after: 1, times: 1 }, { duplicateAnswer: true });
      assert.equal((await send()).status, 200);
      assert.equal((await send()).status, 200);
    });

    it('lie in ListParts', async () => {
      for (const number of [1, 2, 3, 4]) await send(number);
      play(
        { on: 'listParts' },
        {
          listParts: {
            change: [
              { partNumber: 1, sizeBytes: 7 },
              { partNumber: 2, etag: 'WRONG', crc64: null },
            ],
            add: [{ partNumber: 99, sizeBytes: 1, etag: 'FOREIGN', crc64: '5' }],
            hide: [3],
          },
          maxPageSize: 2,
        },
      );
      const list = (marker: string) =>
        oss.send({
          method: 'GET',
          key,
          query: { uploadId: id, 'part-number-marker': marker },
        });
      const first = await list('0');
      assert.deepEqual(first.elements('PartNumber'), ['1', '2']);
      assert.deepEqual(first.elements('Size'), ['7', '200000']);
      assert.match(first.elements('ETag')[1]!, /WRONG/);
      assert.equal(first.elements('HashCrc64ecma').length, 1);
      assert.equal(first.element('IsTruncated'), 'true');
      const second = await list('2');
      assert.deepEqual(second.elements('PartNumber'), ['4', '99']);
    });
  });

  describe('a hold', () => {
    it('stops a request where it is asked to, until it is released', async () => {
      for (const [at, partsAtHold] of [
        ['arrived', 0],
        ['received', 0],
        ['carriedOut', 1],
      ] as const) {
        const uploadId = await oss.initiate(key);
        const hold = oss.server.hold({ on: 'uploadPart', uploadId, partNumber: 2, at });
        const sent = oss.uploadPart(key, uploadId, 2, part);
        const other = await oss.uploadPart(key, uploadId, 1, part);
        assert.equal(other.status, 200);
        assert.equal((await hold.reached).partNumber, 2);
        assert.equal(oss.server.parts(uploadId).length, 1 + partsAtHold);
        assert.equal(oss.server.openRequests.length, 1);
        hold.release();
        assert.equal((await sent).status, 200);
        assert.equal(oss.server.openRequests.length, 0);
      }
    });

    it('lets a part in flight end with NoSuchUpload when its upload is aborted', async () => {
      const hold = oss.server.hold({ on: 'uploadPart', at: 'received' });
      const sent = send();
      await hold.reached;
      await oss.send({ method: 'DELETE', key, query: { uploadId: id } });
      hold.release();
      assert.equal((await sent).element('Code'), 'NoSuchUpload');
    });
  });

  it('the network goes away and comes back on the same port', async () => {
    const { endpoint } = oss.server;
    await oss.server.stopListening();
    await assert.rejects(send(), { code: 'ECONNREFUSED' });
    await oss.server.listenAgain();
    assert.equal(oss.server.endpoint, endpoint);
    assert.equal((await send()).status, 200);
  });

  it('connections are reset in the middle of a request', async () => {
    const hold = oss.server.hold({ on: 'uploadPart' });
    const sent = send();
    const refused = assert.rejects(sent, isReset);
    await hold.reached;
    oss.server.resetConnections();
    await refused;
    hold.release();
    await oss.server.waitFor(() => last().code === 'ClientDisconnected');
  });

  it('a refused request with a body leaves the connection, or closes it', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const denied = {
      method: 'PUT',
      key,
      body: Buffer.alloc(50_000),
      agent,
      signing: undefined,
    };
    const drained = await oss.send(denied);
    assert.equal(drained.status, 403);
    assert.notEqual(drained.headers.connection, 'close');
    oss.server.unreadBody = 'close';
    const closed = await oss.send(denied).catch((error: unknown) => error);
    if (closed instanceof Error) assert.ok(isReset(closed));
    else assert.equal((closed as typeof drained).headers.connection, 'close');
    agent.destroy();
  });

  it('a client that waits for 100 Continue is refused before it sends', async () => {
    const continued: boolean[] = [];
    for (const refuse of [true, false]) {
      if (refuse) {
        play({ times: 1 }, { answer: { ...faultAnswers.accessDenied, early: true } });
      }
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const request = http.request(`${oss.server.endpoint}/${bucket}/x`, {
          method: 'PUT',
          headers: { expect: '100-continue', 'content-length': 5 },
        });
        let isContinued = false;
        request.on('continue', () => {
          isContinued = true;
          request.end('12345');
        });
        request.on('response', (response) => {
          continued.push(isContinued);
          response.resume();
          resolve(response.statusCode);
          request.destroy();
        });
        request.on('error', reject);
        request.flushHeaders();
      });
      assert.equal(status, 403);
    }
    assert.deepEqual(continued, [false, false]);
    assert.equal(
      (await oss.send({ method: 'PUT', key, body: 'x', headers: { expect: '100-continue' } }))
        .status,
      200,
    );
  });
});

describe('the log of operations', () => {
  it('has every request, in memory and in a file', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'oss-log-')), 'operations.jsonl');
    const logged = await openTestServer({ operationsFile: file });
    try {
      const before = logged.server.waitFor((all) => all.length === 2);
      const id = await logged.initiate('k');
      const answer = await logged.uploadPart('k', id, 3, 'body');
      await before;
      const record = logged.server.operations[1]!;
      assert.deepEqual(
        { ...record, at: 0, startedAt: 0 },
        {
          startedAt: 0,
          at: 0,
          operation: 'uploadPart',
          bucket,
          key: 'k',
          uploadId: id,
          partNumber: 3,
          accessKeyId: testKey.accessKeyId,
          host: '127.0.0.1',
          signature: 'v4',
          status: 200,
          code: undefined,
          bytes: 4,
          requestId: answer.headers['x-oss-request-id'],
          accepted: true,
        },
      );
      assert.deepEqual(
        readOperations(file).map(({ operation }) => operation),
        ['initiateMultipartUpload', 'uploadPart'],
      );
    } finally {
      await logged.close();
      rmSync(dirname(file), { recursive: true });
    }
  });

  it('wakes nobody for ever when the server is closed', async () => {
    const oss = await openTestServer();
    const waiting = assert.rejects(
      oss.server.waitFor(() => false),
      /closed/,
    );
    await oss.close();
    await waiting;
  });

  it('closes in the middle of everything', async () => {
    const oss = await openTestServer();
    oss.server.faults.push({ on: 'putObject', do: { stall: { afterBytes: 1 } } });
    const stalled = oss.send({ method: 'PUT', key: 'a', body: 'abc' }).catch(() => 'ended');
    const hold = oss.server.hold({ on: 'headObject' });
    const held = oss.send({ method: 'HEAD', key: 'a' }).catch(() => 'ended');
    await hold.reached;
    while (oss.server.openRequests.length < 2) await delay(1);
    await oss.close();
    assert.deepEqual(await Promise.all([stalled, held]), ['ended', 'ended']);
  });
});

function withAbort(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}
