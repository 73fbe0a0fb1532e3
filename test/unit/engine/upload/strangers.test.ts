import { strict as assert } from 'node:assert';
import { appendFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Fault, FaultActions } from '../../../oss-server/faults.ts';
import type { OperationName } from '../../../oss-server/operationNames.ts';
import { fuzzAnswers } from '../../../fuzz/answers.ts';
import { removeUpload } from '../../../../src/engine/upload/abandon.ts';
import { SourceFile } from '../../../../src/engine/file/sourceFile.ts';
import {
  ACCESS_KEY,
  BUCKET,
  EngineHarness,
  PART_BYTES,
  hastyClock,
} from '../../../support/engineHarness.ts';
import type { HarnessOptions } from '../../../support/engineHarness.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const NO_ID = { 'x-oss-request-id': null, 'x-oss-hash-crc64ecma': null };
const STRIPPED: Fault = {
  do: {
    answerHeaders: { ...NO_ID, 'x-oss-err': null, 'x-oss-ec': null, 'x-oss-version-id': null },
  },
};
const OTHER_KEY = { accessKeyId: 'LTAIofAnotherComputer', accessKeySecret: 'another' };

describe('answers that are not of OSS', () => {
  let harness: EngineHarness;
  afterEach(() => harness.close());

  const start = async (options: HarnessOptions = {}) => {
    harness = await EngineHarness.start({
      server: { credentials: [{ ...ACCESS_KEY }, { ...OTHER_KEY }], ...options.server },
      ...options,
    });
  };
  const once = (on: OperationName, actions: FaultActions): void => {
    harness.server.faults.push({ on, times: 1, do: actions });
  };
  const request = async (parts: number) =>
    harness.request(await harness.file('a.bin', parts * PART_BYTES - 7), 'folder/a.bin');
  const kinds = () => harness.notices.map(({ kind }) => kind);

  for (const contentType of ['application/json', 'text/plain', '']) {
    for (const status of [200, 203]) {
      it(`are no upload: ${status} ${contentType} to a put, whose effect is looked for`, async () => {
        await start();
        const headers = { etag: '"A"', 'content-type': contentType };
        for (const [after, body] of ['', '{"ok":true}'].entries()) {
          const answer = { status, body, headers };
          const told = { answer, answerHeaders: NO_ID };
          harness.server.faults.push({ on: 'putObject', after, times: 1, do: told });
        }
        await harness.uploadOne(harness.manager(), await request(1));
        assert.equal(harness.operations('putObject').length, 3);
        assert.deepEqual(kinds(), []);
      });
    }
  }

  it('are no upload of an empty file, whose checksum anybody can say', async () => {
    await start();
    const headers = { etag: '"A"', 'x-oss-hash-crc64ecma': '0' };
    const answerHeaders = { 'x-oss-request-id': null };
    once('putObject', { answer: { status: 204, headers }, answerHeaders });
    const empty = await harness.file('empty.bin', 0);
    await harness.uploadOne(harness.manager(), harness.request(empty, 'empty.bin'));
    assert.equal(harness.operations('putObject').length, 2);
  });

  it('begin no upload: what was begun behind them is looked for and removed', async () => {
    await start();
    const id = '0123456789ABCDEF0123456789ABCDEF';
    const body = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    once('initiateMultipartUpload', {
      carryOutThen: { status: 200, body },
      answerHeaders: NO_ID,
    });
    const manager = harness.manager();
    await harness.uploadOne(manager, await request(3));
    assert.equal(harness.operations('initiateMultipartUpload').length, 2);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('begin an upload that is not forgotten where OSS refuses to say whether it is there', async () => {
    await start();
    once('initiateMultipartUpload', { answerHeaders: NO_ID });
    once('listParts', { answer: { status: 418, body: '{"ok":true}' } });
    const manager = harness.manager();
    const upload = await request(3);
    const { id, transfers } = await harness.upload(manager, upload);
    assert.equal(transfers[0]?.state, 'failed');
    await manager.resume([id]);
    await manager.whenSettled(id);
    await harness.assertUploaded(upload);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('are no completion: what is not there is completed again', async () => {
    await start();
    const body = '<CompleteMultipartUploadResult><ETag>"A"</ETag></CompleteMultipartUploadResult>';
    once('completeMultipartUpload', { answer: { status: 200, body }, answerHeaders: NO_ID });
    const upload = await request(3);
    await harness.uploadOne(harness.manager(), upload);
    assert.equal(harness.operations('completeMultipartUpload').length, 2);
  });

  it('may be those of OSS behind something that strips them: uploads end all the same', async () => {
    await start();
    harness.server.faults.push(STRIPPED);
    const manager = harness.manager();
    await harness.uploadOne(manager, await request(3));
    await harness.uploadOne(manager, harness.request(await harness.file('b.bin', 1000), 'b.bin'));
  });

  it('are believed by the right ETag alone where nobody may look: of a put, too', async () => {
    await start({
      server: { credentials: [{ ...ACCESS_KEY, deny: ['headObject', 'getObject'] }] },
    });
    harness.server.faults.push(STRIPPED, {
      on: 'putObject',
      times: 1,
      do: { answer: { status: 200, headers: { etag: '"A"' } }, answerHeaders: NO_ID },
    });
    await harness.uploadOne(harness.manager(), await request(1));
    assert.equal(harness.operations('putObject').length, 2);
    assert.deepEqual(kinds(), ['notCompared']);
  });

  it('say nothing of a comparison where nothing could be compared', async () => {
    await start({
      server: { credentials: [{ ...ACCESS_KEY, deny: ['headObject', 'getObject'] }] },
    });
    harness.server.faults.push({ do: { answerHeaders: { 'x-oss-hash-crc64ecma': null } } });
    await harness.uploadOne(harness.manager(), await request(1));
    assert.deepEqual(kinds(), ['notCompared']);
  });
});

describe('what is whose', () => {
  let harness: EngineHarness;
  afterEach(() => harness.close());

  const request = async (parts = 3) =>
    harness.request(await harness.file('a.bin', parts * PART_BYTES - 7), 'folder/a.bin');
  const start = async (options: HarnessOptions = {}) => {
    harness = await EngineHarness.start(options);
  };
  const interrupted = async (parts = 3) => {
    const manager = harness.manager();
    const upload = await request(parts);
    harness.server.faults.push({
      on: 'uploadPart',
      partNumber: parts,
      do: { answer: { status: 403, code: 'AccessDenied' } },
    });
    const { transfers } = await harness.upload(manager, upload);
    assert.equal(transfers[0]?.state, 'failed');
    harness.server.faults.length = 0;
    return { manager, upload, transfer: transfers[0] };
  };

  it('an upload of another computer is left alone, whatever became of our Initiate', async () => {
    for (const actions of [
      { answer: { status: 503, code: 'ServiceUnavailable' } },
      { carryOutThen: 'reset' },
    ] as const) {
      await start();
      const upload = await request();
      const target = { ...upload.target };
      const store = await harness.oss.openStore(target);
      const call = { signal: new AbortController().signal };
      const { uploadId } = await store.initiateMultipartUpload(
        target.key,
        { forbidOverwrite: false },
        call,
      );
      const bytes = Buffer.alloc(1000);
      const chunks = (async function* () {
        await Promise.resolve();
        yield bytes;
      })();
      await store.uploadPart(target.key, uploadId, 1, { sizeBytes: 1000, chunks }, {}, call);
      harness.server.faults.push({ on: 'initiateMultipartUpload', times: 1, do: actions });
      await harness.uploadOne(harness.manager(), upload);
      assert.deepEqual(
        harness.server.uploads(BUCKET).map((other) => other.uploadId),
        [uploadId],
      );
      assert.equal(harness.server.parts(uploadId).length, 1);
      await harness.close();
    }
    await start();
  });

  it('an orphan is looked for until somebody says what is there', async () => {
    await start();
    harness.server.faults.push(
      { on: 'initiateMultipartUpload', times: 1, do: { carryOutThen: 'reset' } },
      {
        on: 'listMultipartUploads',
        times: 1,
        do: { answer: { status: 407 }, answerHeaders: NO_ID },
      },
    );
    const manager = harness.manager();
    const upload = await request();
    const { transfers, id } = await harness.upload(manager, upload);
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(harness.server.uploads(BUCKET).length, 1);
    await manager.resume([id]);
    await manager.whenSettled(id);
    await harness.assertUploaded(upload);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a discard that was not heard stays in the list', async () => {
    for (const answer of [
      { status: 200, body: '' },
      { status: 204 },
      { status: 403, code: 'AccessDenied' },
      { status: 404, code: 'NoSuchUpload' },
    ]) {
      await start();
      const { manager, transfer } = await interrupted();
      harness.server.faults.push({ on: 'abortMultipartUpload', do: { answer } });
      await manager.discard([transfer.id]);
      const left = manager.snapshot().batches.flatMap(({ transfers }) => transfers);
      assert.deepEqual(
        left.map(({ state }) => state),
        ['discarding'],
        `${answer.status}`,
      );
      harness.server.faults.length = 0;
      await manager.discard([transfer.id]);
      assert.deepEqual(manager.snapshot().batches, []);
      assert.deepEqual(harness.server.uploads(BUCKET), []);
      await harness.close();
    }
    await start();
  });

  it('a discard that only strangers answer ends, and stays in the list', async () => {
    await start();
    const { manager, transfer } = await interrupted();
    await manager.shutdown();
    const clock = new VirtualClock();
    const next = harness.manager({ clock });
    await next.refresh();
    harness.server.faults.push({
      on: 'listParts',
      do: { answer: { status: 200, body: '' }, answerHeaders: NO_ID },
    });
    // What nothing but the limit holds on to is gone then.
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const asked = harness.server.waitFor(
      (done) => done.filter(({ operation }) => operation === 'listParts').length > 0,
    );
    const discarded = next.discard([transfer.id]);
    await asked;
    collectGarbage();
    const startedMs = clock.now();
    await clock.passUntil(discarded);
    assert.ok(clock.now() - startedMs < 60_000, 'the line is tried for half an hour, this is not');
    const [left] = next.snapshot().batches.flatMap(({ transfers }) => transfers);
    assert.equal(left?.state, 'discarding');
  });

  it('an upload of the bucket is removed when OSS knows it no more, whoever said so before', async () => {
    await start();
    const { upload } = await interrupted();
    const [left] = harness.server.uploads(BUCKET);
    assert.ok(left);
    const options = { openStore: harness.oss.openStore, logger: harness.log, clock: hastyClock };
    const remove = () =>
      removeUpload(options, upload.target, left.uploadId, new AbortController().signal);
    harness.server.faults.push({
      on: 'abortMultipartUpload',
      do: { answer: { status: 204 }, answerHeaders: NO_ID },
    });
    await assert.rejects(remove(), { code: 'PartsLeft' });
    harness.server.faults.length = 0;
    await remove();
    assert.deepEqual(harness.server.uploads(BUCKET), []);
  });

  it('an abort is repeated until no part is left', async () => {
    await start();
    const { manager, transfer } = await interrupted();
    harness.server.faults.push({
      on: 'abortMultipartUpload',
      times: 2,
      do: { answer: { status: 204 } },
    });
    await manager.discard([transfer.id]);
    assert.deepEqual(harness.server.uploads(BUCKET), []);
    assert.equal(harness.operations('abortMultipartUpload').length, 3);
  });

  it('a false NoSuchUpload leaves no parts behind', async () => {
    await start();
    const { manager, upload, transfer } = await interrupted();
    harness.server.faults.push({
      on: 'listParts',
      times: 1,
      do: { answer: { status: 404, code: 'NoSuchUpload' } },
    });
    await manager.resume([transfer.id]);
    await manager.whenSettled(transfer.batchId);
    await harness.assertUploaded(upload);
    assert.deepEqual(harness.server.uploads(BUCKET), []);
  });

  it('a part whose ETag was damaged on its way to us is not sent again', async () => {
    await start();
    harness.server.faults.push({
      on: 'uploadPart',
      partNumber: 2,
      times: 1,
      do: { answerHeaders: { etag: '"00000000000000000000000000000000"' } },
    });
    await harness.uploadOne(harness.manager(), await request());
    assert.equal(harness.operations('uploadPart').length, 3);
  });

  it('bytes that always arrive damaged are sent four times, and then it is said', async () => {
    await start();
    harness.server.faults.push({ on: 'putObject', do: { flipByteAt: 10 } });
    const { transfers } = await harness.upload(harness.manager(), await request(1));
    assert.equal(transfers[0]?.error?.kind, 'checksumMismatch');
    assert.equal(harness.operations('putObject').length, 4);
  });

  it('parts of a bucket with KMS are proven by ListParts where headers are stripped', async () => {
    await start();
    const etag = '"NOT-AN-MD5"';
    harness.server.faults.push(
      {
        on: 'uploadPart',
        partNumber: 2,
        do: { answerHeaders: { 'x-oss-hash-crc64ecma': null, etag } },
      },
      { on: 'listParts', times: 1, do: { listParts: { change: [{ partNumber: 2, etag }] } } },
    );
    await harness.uploadOne(harness.manager(), await request());
    assert.equal(harness.operations('uploadPart').length, 3);
  });

  it('a file with bytes beyond its size is not sent as it seems to be', async () => {
    await start();
    if (process.platform === 'linux') {
      const upload = harness.request('/proc/cpuinfo', 'cpuinfo');
      const { transfers } = await harness.upload(harness.manager(), upload);
      assert.equal(transfers[0]?.error?.kind, 'sourceChanged');
      assert.equal(harness.server.object(BUCKET, 'cpuinfo'), undefined);
    }
    const file = await harness.file('grows.bin', 10);
    const source = await SourceFile.open(file);
    assert.equal(await source.change(), 'same');
    await appendFile(file, 'x');
    assert.equal(await source.change(), 'changed');
    source.close();
  });
});

describe('a fuzz of answers', function () {
  this.timeout(120_000);

  it('finds nothing that is believed and false', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? 20261129);
    const { findings } = await fuzzAnswers(80, seed);
    assert.deepEqual(findings, [], `seed ${seed}`);
  });
});
