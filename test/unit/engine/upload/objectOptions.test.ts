import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { inspect } from 'node:util';
import { UploadError } from '../../../../src/engine/index.ts';
import type {
  ObjectOptions,
  TransferManager,
  TransferSnapshot,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import { BUCKET, EngineHarness, MemoryLog, PART_BYTES } from '../../../support/engineHarness.ts';
import type { HarnessOptions } from '../../../support/engineHarness.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import { close, interruptAtPart, reopen, resumeToEnd } from '../../../support/reopenedWindow.ts';
import { SentRequests } from '../../../support/sentRequests.ts';
import { watchedStore } from '../../../support/watchedStore.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;
const SMALL_BYTES = 1000;

/** Folders and their rules are in folderScan.test.ts, many files in twoWindows.test.ts. */
describe('options of an upload', () => {
  let harness: EngineHarness;
  afterEach(async () => {
    await harness.close();
  });

  async function start(options: HarnessOptions = {}): Promise<void> {
    harness = await EngineHarness.start(options);
  }

  async function request(
    key: string,
    sizeBytes: number,
    object: ObjectOptions = {},
    options: Partial<UploadRequest['options']> = {},
  ): Promise<UploadRequest> {
    const file = await harness.file(`source of ${path.basename(key)}`, sizeBytes);
    return harness.request(file, key, { parallel: 1, object, ...options });
  }

  /** Uploads in all four ways; resolves with the keys. */
  async function inFourWays(object: ObjectOptions, extension = '.bin'): Promise<string[]> {
    const keys = ['put', 'put resumed', 'parts', 'parts resumed'].map((key) => key + extension);
    const [put = '', putResumed = '', parts = '', partsResumed = ''] = keys;
    const manager = harness.manager();
    await harness.uploadOne(manager, await request(put, SMALL_BYTES, object));
    await harness.uploadOne(manager, await request(parts, FILE_BYTES, object));
    await close(harness, manager);

    const large = await request(partsResumed, FILE_BYTES, object);
    await interruptAtPart(harness, large, 3);
    await resumeToEnd(harness, large);

    const small = await request(putResumed, SMALL_BYTES, object);
    const first = harness.manager();
    const hold = harness.server.hold({ on: 'putObject', at: 'arrived' });
    await first.enqueue({ label: 'test', workspacePath: '', requests: [small] });
    await hold.reached;
    await first.shutdown();
    harness.server.resetConnections();
    hold.release();
    await resumeToEnd(harness, small);
    return keys;
  }

  function propertiesOf(key: string): unknown {
    const object = harness.server.object(BUCKET, key);
    assert.ok(object, key);
    return { headers: object.headers, acl: object.acl, tags: object.tags };
  }

  describe('the properties of the object', () => {
    const all: ObjectOptions = {
      acl: 'public-read',
      storageClass: 'IA',
      tags: {
        project: 'a b+c=d',
        'x:y/z': '-._',
        ...Object.fromEntries(['1', '2', '3', '4', '5', '6', '7', '8'].map((tag) => [tag, tag])),
      },
      metadata: { author: 'Zoë 上海', 'two-words': 'a, b; c' },
      cacheControl: 'max-age=60',
      contentDisposition: 'attachment; filename="a b.bin"',
      contentType: 'application/x-test',
    };
    const encryptions: readonly NonNullable<ObjectOptions['encryption']>[] = [
      { algorithm: 'AES256' },
      { algorithm: 'KMS', keyId: '9468da86-3509-4f8d-a61e-6eab1eac' },
      { algorithm: 'SM4' },
    ];
    for (const encryption of encryptions) {
      it(`the same by put and by parts, fresh and resumed (${encryption.algorithm})`, async () => {
        await start();
        const keys = await inFourWays({ ...all, encryption });
        const [expected] = keys.map(propertiesOf);
        keys.forEach((key) => {
          assert.deepEqual(propertiesOf(key), expected, key);
        });
        const text = JSON.stringify(expected);
        for (const value of [
          'public-read',
          'IA',
          encryption.algorithm,
          encryption.keyId ?? '',
          'a b+c=d',
          'max-age=60',
          'attachment',
          'application/x-test',
        ]) {
          assert.ok(text.includes(value), `${value} is missing in ${text}`);
        }
      });
    }

    it('11 tags are refused before anything is sent', async () => {
      await start();
      const tags = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, '']));
      const manager = harness.manager();
      await assert.rejects(
        harness.upload(manager, await request('a.bin', SMALL_BYTES, { tags })),
        (error) => UploadError.is(error, 'invalidArgument') && error.field === 'tags',
      );
      assert.equal(harness.server.operations.length, 0);
    });

    it('other properties than before: all parts again, with the new ones', async () => {
      await start();
      const before = await request('a.bin', FILE_BYTES, { storageClass: 'Standard' });
      await interruptAtPart(harness, before, 4);
      const manager = harness.manager();
      const after = harness.request(before.filePath, 'a.bin', { object: { storageClass: 'IA' } });
      await harness.uploadOne(manager, after);
      assert.ok(harness.notices.some(({ kind }) => kind === 'optionsChanged'));
      assert.match(JSON.stringify(propertiesOf('a.bin')), /"IA"/);
      await close(harness, manager);
    });
  });

  it('tags without the right to them fail, and it is told that the object was to get some', async () => {
    await start();
    const [key] = harness.server.credentials;
    if (key) key.deny = ['putObjectTagging'];
    const object = { tags: { a: 'b' } };
    const manager = harness.manager();
    const id = await harness.enqueue(manager, await request('a.bin', SMALL_BYTES, object));
    const [failed] = (await manager.whenSettled(id)).transfers;
    assert.equal(failed?.error?.kind, 'accessDenied');
    assert.deepEqual(failed.object, object);
    await manager.discard([id]);
    await close(harness, manager);
  });

  it('the content type follows the key, in all four ways; a given one wins', async () => {
    await start();
    const keys = await inFourWays({}, '.HTML');
    const types = keys.map((key) => harness.server.object(BUCKET, key)?.headers['content-type']);
    assert.equal(new Set(types).size, 1);
    assert.match(types[0] ?? '', /^text\/html/);
    const manager = harness.manager();
    const given = { contentType: 'text/x-given' };
    await harness.uploadOne(manager, await request('b.html', FILE_BYTES, given));
    assert.equal(harness.server.object(BUCKET, 'b.html')?.headers['content-type'], 'text/x-given');
    await close(harness, manager);
  });

  it('an object that appears during the upload is not overwritten', async () => {
    await start();
    const sent = new SentRequests();
    const forbidOverwrite = true;
    const upload = await request('a.bin', FILE_BYTES, {}, { forbidOverwrite });
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'completeMultipartUpload' });
    const id = await harness.enqueue(manager, upload);
    await hold.reached;
    await harness.server.putObject(BUCKET, 'a.bin', Buffer.from('theirs'));
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    sent.stop();
    assert.equal(transfers[0]?.error?.code, 'FileAlreadyExists');
    const kept = await harness.server.object(BUCKET, 'a.bin')?.bytes();
    assert.equal(kept?.toString(), 'theirs');
    const [initiate] = sent.matching('POST', /\?uploads/);
    const [complete] = sent.matching('POST', /uploadId=/);
    assert.equal(initiate?.headers['x-oss-forbid-overwrite'], 'true');
    assert.equal(complete?.headers['x-oss-forbid-overwrite'], 'true');
    await manager.discard([id]);
    await close(harness, manager);
  });

  it('the callback is called with its variables, and its answer comes back, both ways', async () => {
    await start();
    const received: string[] = [];
    const application = createServer((message, response) => {
      let body = '';
      message.on('data', (chunk: Buffer) => (body += chunk.toString()));
      message.on('end', () => {
        received.push(body);
        response.end('{"seen":true}');
      });
    });
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const { port } = application.address() as AddressInfo;
    const callback = {
      url: `http://127.0.0.1:${port}/`,
      body: '{"key":${object},"size":${size},"who":${x:who}}',
      bodyType: 'application/json',
      variables: { who: 'Zoë' },
    };
    const answers: unknown[] = [];
    const openStore = watchedStore(harness.oss.openStore, ({ name }) => (result) => {
      const isLast = name === 'putObject' || name === 'completeMultipartUpload';
      if (isLast) answers.push((result as { callbackBody?: string }).callbackBody);
    });
    const manager = harness.manager({ openStore });
    await harness.uploadOne(manager, await request('small', SMALL_BYTES, { callback }));
    await harness.uploadOne(manager, await request('large', FILE_BYTES, { callback }));
    application.close();
    assert.deepEqual(
      received.map((body) => JSON.parse(body) as unknown),
      [
        { key: 'small', size: SMALL_BYTES, who: 'Zoë' },
        { key: 'large', size: FILE_BYTES, who: 'Zoë' },
      ],
    );
    assert.deepEqual(answers, ['{"seen":true}', '{"seen":true}']);
    await close(harness, manager);
  });

  it('the traffic limit goes with each body and with nothing else', async () => {
    await start();
    const sent = new SentRequests();
    const object = { trafficLimitBitsPerSecond: 838_860_800 };
    const manager = harness.manager();
    await harness.uploadOne(manager, await request('small', SMALL_BYTES, object));
    await close(harness, manager);
    const upload = await request('large', FILE_BYTES, object);
    await interruptAtPart(harness, upload, 3);
    await resumeToEnd(harness, upload);
    const dropped = await request('dropped', FILE_BYTES, object);
    await interruptAtPart(harness, dropped, 3);
    const { manager: last, batchId } = await reopen(harness);
    await last.discard([batchId]);
    await close(harness, last);
    sent.stop();

    const withBody = sent.matching('PUT', /./);
    assert.ok(withBody.length >= 6);
    for (const { path: where, headers } of withBody) {
      assert.equal(headers['x-oss-traffic-limit'], '838860800', where);
    }
    for (const { method, path: where, headers } of sent.all) {
      if (method !== 'PUT') assert.equal(headers['x-oss-traffic-limit'], undefined, where);
    }
    assert.ok(sent.matching('DELETE', /uploadId=/).length > 0);
    assert.ok(sent.matching('GET', /uploadId=/).length > 0);
  });

  it('one part at a time: in order, and resumed after the last one', async () => {
    await start();
    const upload = await request('a.bin', FILE_BYTES);
    await interruptAtPart(harness, upload, 3);
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(), [1, 2, 3, 4, 5]);
  });

  it('a bucket with versions: the result names the version', async () => {
    await start({
      server: { buckets: [{ name: BUCKET, region: 'cn-hangzhou', versioning: 'Enabled' }] },
    });
    const manager = harness.manager();
    for (const sizeBytes of [SMALL_BYTES, FILE_BYTES]) {
      const { result } = await harness.uploadOne(manager, await request('a.bin', sizeBytes));
      assert.ok(result?.versionId);
      assert.ok(result.etag);
    }
    await close(harness, manager);
  });

  describe('progress', () => {
    /** Everything that was told about the first transfer. */
    function watch(manager: TransferManager): TransferSnapshot[] {
      const seen: TransferSnapshot[] = [];
      manager.onDidChange(() => {
        const transfer = manager.snapshot().batches[0]?.transfers[0];
        if (transfer !== undefined) seen.push(transfer);
      });
      return seen;
    }

    it('resumed: starts where it was, never over 100 %, never back', async () => {
      await start();
      const upload = await request('a.bin', 10 * PART_BYTES);
      await interruptAtPart(harness, upload, 7);
      const { manager, batchId } = await reopen(harness);
      const seen = watch(manager);
      assert.equal(
        manager.snapshot().batches[0]?.transfers[0]?.confirmedBytes,
        6 * PART_BYTES,
        'known before it is resumed',
      );
      await manager.resume([batchId]);
      await manager.whenSettled(batchId);
      const uploading = seen.filter(({ state }) => state === 'uploading');
      assert.ok(uploading.every(({ confirmedBytes }) => confirmedBytes >= 6 * PART_BYTES));
      for (const { confirmedBytes, inFlightBytes, sizeBytes } of seen) {
        assert.ok(confirmedBytes + inFlightBytes <= sizeBytes);
        assert.ok(inFlightBytes >= 0);
      }
      const confirmed = uploading.map(({ confirmedBytes }) => confirmedBytes);
      assert.deepEqual(
        confirmed,
        [...confirmed].sort((left, right) => left - right),
      );
      assert.equal(manager.snapshot().totals.doneBytes, 10 * PART_BYTES);
      await close(harness, manager);
    });

    it('a part fails: its bytes are not counted as sent', async () => {
      await start();
      const upload = await request('a.bin', FILE_BYTES);
      const stuck = {
        on: 'uploadPart' as const,
        partNumber: 3,
        do: { answer: { ...faultAnswers.serviceUnavailable, retryAfter: 10 } },
      };
      harness.server.faults.push(stuck);
      const manager = harness.manager();
      const id = await harness.enqueue(manager, upload);
      await new Promise<void>((resolve) => {
        manager.onDidChange(() => {
          if (manager.snapshot().batches[0]?.transfers[0]?.state === 'waiting') resolve();
        });
      });
      const waiting = manager.snapshot();
      assert.equal(waiting.batches[0]?.transfers[0]?.confirmedBytes, 2 * PART_BYTES);
      assert.equal(waiting.batches[0].transfers[0].inFlightBytes, 0);
      assert.equal(waiting.totals.doneBytes, 2 * PART_BYTES);
      assert.equal(waiting.totals.speedBytesPerSecond, 0);
      assert.equal(waiting.totals.secondsLeft, undefined);
      harness.server.faults.length = 0;
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.confirmedBytes, FILE_BYTES);
      assert.equal(transfers[0].retries, 1);
      await close(harness, manager);
    });

    it('the states of an upload, in order', async () => {
      await start();
      const manager = harness.manager();
      const seen = watch(manager);
      harness.server.faults.push({ on: 'any', do: { delayBeforeAnsweringMs: 60 } });
      await harness.uploadOne(manager, await request('a.bin', 2 * PART_BYTES));
      await close(harness, manager);
      const states = seen
        .map(({ state }) => state)
        .filter((state, at, all) => state !== all[at - 1]);
      const order = ['queued', 'preparing', 'uploading', 'completing', 'verifying', 'completed'];
      assert.deepEqual(
        states,
        order.filter((state) => states.includes(state as TransferSnapshot['state'])),
      );
      assert.ok(states.includes('uploading') && states.includes('completing'));
    });
  });

  describe('errors', () => {
    it('what is known about a failure', async () => {
      await start();
      harness.server.faults.push({
        on: 'uploadPart',
        partNumber: 3,
        do: {
          answer: {
            ...faultAnswers.accessDenied,
            elements: { RecommendDoc: 'https://api.aliyun.com/troubleshoot?q=0003-00000001' },
          },
        },
      });
      const upload = await request('a.bin', FILE_BYTES);
      const manager = harness.manager();
      const { transfers } = await harness.upload(manager, upload);
      const error = transfers[0]?.error;
      assert.ok(UploadError.is(error, 'accessDenied'));
      const refused = harness.operations('uploadPart').find(({ status }) => status === 403);
      assert.ok(refused);
      assert.deepEqual(
        {
          code: error.code,
          status: error.status,
          requestId: error.requestId,
          ec: error.ec,
          helpUrl: error.helpUrl,
          partNumber: error.partNumber,
          uploadId: error.uploadId,
          bucket: error.bucket,
          key: error.key,
          sourcePath: error.sourcePath,
          isRetryable: error.isRetryable,
          message: error.message,
        },
        {
          code: 'AccessDenied',
          status: 403,
          requestId: refused.requestId,
          ec: '0003-00000001',
          helpUrl: 'https://api.aliyun.com/troubleshoot?q=0003-00000001',
          partNumber: 3,
          uploadId: refused.uploadId,
          bucket: BUCKET,
          key: 'a.bin',
          sourcePath: upload.filePath,
          isRetryable: false,
          message: 'You have no right to access this object because of bucket acl.',
        },
      );
      await manager.discard([transfers[0]?.id ?? '']);
      await close(harness, manager);
    });

    it('no secret in any log line, notice, error or file of a run with many faults', async () => {
      const key = {
        accessKeyId: 'STS.NTxxSecretsTestKey77',
        accessKeySecret: 'theSecretThatNobodyMaySee77',
        securityToken: 'CAISthisIsTheTokenThatNobodyMaySee77==',
      };
      const ossLog = new MemoryLog();
      await start({
        server: { credentials: [{ ...key }] },
        oss: { credentials: () => Promise.resolve({ kind: 'accessKey', key }), log: ossLog },
      });
      const sent = new SentRequests();
      const texts: string[] = [];
      const manager = harness.manager();
      const tell = async (): Promise<void> => {
        for (const name of await harness.stateFiles()) {
          texts.push(await readFile(path.join(harness.stateDir, name), 'utf8').catch(() => ''));
        }
        for (const transfer of manager.snapshot().batches.flatMap((batch) => batch.transfers)) {
          const { error } = transfer;
          texts.push(JSON.stringify(transfer), inspect(transfer, { depth: 9, showHidden: true }));
          for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
            texts.push(cause.message, cause.stack ?? '', JSON.stringify(cause), inspect(cause));
          }
        }
      };
      // OSS repeats what was sent to it in some of its errors.
      const quoted = {
        StringToSign: 'PUT x-oss-security-token:' + key.securityToken,
        OSSAccessKeyId: key.accessKeyId,
        SignatureProvided: 'c2lnbmF0dXJlVGhhdE5vYm9keU1heVNlZQ==',
        SecurityToken: key.securityToken,
      };
      const message = `The signature does not match, security-token=${key.securityToken}`;
      for (const [on, status, code] of [
        ['initiateMultipartUpload', 403, 'SignatureDoesNotMatch'],
        ['uploadPart', 403, 'InvalidAccessKeyId'],
        ['uploadPart', 403, 'SecurityTokenExpired'],
        ['uploadPart', 403, 'AccessDenied'],
        ['uploadPart', 400, 'InvalidArgument'],
        ['completeMultipartUpload', 409, 'FileAlreadyExists'],
        ['completeMultipartUpload', 400, 'InvalidPart'],
      ] as const) {
        harness.server.faults.splice(0, Infinity, {
          on,
          do: { answer: { status, code, message, elements: quoted } },
        });
        const upload = await request('a.bin', FILE_BYTES);
        const { transfers } = await harness.upload(manager, upload);
        assert.notEqual(transfers[0]?.state, 'completed', code);
        await tell();
      }
      harness.server.faults.splice(
        0,
        Infinity,
        { on: 'uploadPart', partNumber: 1, times: 1, do: { cut: { by: 'reset', afterBytes: 9 } } },
        { on: 'uploadPart', partNumber: 2, times: 1, do: { answer: faultAnswers.badGateway } },
        { on: 'uploadPart', partNumber: 3, times: 1, do: { rawAnswer: 'garbage' } },
        { on: 'completeMultipartUpload', times: 1, do: { carryOutThen: 'reset' } },
      );
      await harness.uploadOne(manager, await request('a.bin', FILE_BYTES));
      await tell();
      await close(harness, manager);
      sent.stop();

      texts.push(...harness.log.lines, ...ossLog.lines, JSON.stringify(harness.notices));
      const authorizations = sent.all.map(({ headers }) => headers['authorization'] ?? '');
      const signatures = authorizations.map(
        (value) => /Signature=(\w+)|OSS [^:]+:(\S+)/.exec(value)?.[1] ?? '',
      );
      assert.ok(authorizations.length > 30 && signatures.every((value) => value.length > 20));
      assert.ok(texts.join('').length > 10_000, 'there has to be something to search in');
      const secrets = [key.accessKeySecret, key.securityToken, ...authorizations, ...signatures];
      for (const secret of secrets) {
        const found = texts.find((text) => text.includes(secret));
        assert.equal(found, undefined, `a secret in: ${found}`);
      }
      const withId = texts.find((text) => text.includes(key.accessKeyId));
      assert.equal(withId, undefined, `an AccessKey id in: ${withId}`);
    });
  });
});
