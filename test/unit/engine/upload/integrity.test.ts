import { strict as assert } from 'node:assert';
import { chmod, open, readFile, readdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { completeUpload } from '../../../../src/engine/upload/complete.ts';
import { UploadError } from '../../../../src/engine/index.ts';
import type { UploadRequest } from '../../../../src/engine/index.ts';
import type { Lease } from '../../../../src/engine/record/lease.ts';
import { planParts } from '../../../../src/engine/file/partPlan.ts';
import type { OpenUpload, UploadContext } from '../../../../src/engine/upload/uploadContext.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import type { Fault } from '../../../oss-server/faults.ts';
import { close, interruptAtPart, reopen, resumeToEnd } from '../../../support/reopenedWindow.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;
const ALL_PARTS = [1, 2, 3, 4, 5];
const NO_CRC = { 'x-oss-hash-crc64ecma': null };

/** The vectors of CRC-64 are in crc64.test.ts. That the bytes arrive is what all tests here ask. */
describe('integrity', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  async function request(
    options: Partial<UploadRequest['options']> = {},
    sizeBytes = FILE_BYTES,
  ): Promise<UploadRequest> {
    return harness.request(await harness.file('a.bin', sizeBytes), 'a.bin', options);
  }

  function fail(...faults: readonly Fault[]): void {
    harness.server.faults.push(...faults);
  }

  async function succeed(upload: UploadRequest): Promise<void> {
    const manager = harness.manager();
    await harness.uploadOne(manager, upload);
    await close(harness, manager);
  }

  it('a byte of part 4 is turned over on the way: that part again, not the file', async () => {
    fail({ on: 'uploadPart', partNumber: 4, times: 1, do: { flipByteAt: 50_000 } });
    await succeed(await request());
    assert.deepEqual(harness.acceptedParts().sort(), [1, 2, 3, 4, 4, 5]);
    assert.equal(harness.operations('completeMultipartUpload').length, 1);
  });

  it('the server keeps only the begin of a part', async () => {
    fail({ on: 'uploadPart', partNumber: 2, times: 1, do: { storeOnlyBytes: 1000 } });
    await succeed(await request());
    assert.deepEqual(harness.acceptedParts().sort(), [1, 2, 2, 3, 4, 5]);
  });

  it('a byte of a file that is sent in one request', async () => {
    fail({ on: 'putObject', times: 1, do: { flipByteAt: 500 } });
    await succeed(await request({}, 1000));
    assert.equal(harness.operations('putObject').length, 2);
  });

  it('a byte that is turned over each time: an error, and never a wrong object', async () => {
    fail({ on: 'uploadPart', partNumber: 4, do: { flipByteAt: 50_000 } });
    const upload = await request();
    const clock = new VirtualClock();
    clock.run();
    const manager = harness.manager({ clock });
    const { transfers } = await harness.upload(manager, upload);
    clock.stop();
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.kind, 'checksumMismatch');
    assert.equal(transfers[0].error.partNumber, 4);
    assert.equal(harness.server.object(BUCKET, 'a.bin'), undefined);
    await manager.discard([transfers[0].id]);
    await close(harness, manager);
  });

  it('another checksum of the whole object: an error, the checkpoint kept', async () => {
    const lies = [
      { on: 'completeMultipartUpload' as const, do: { objectCrc64: '1234567890' } },
      {
        on: 'headObject' as const,
        do: { answerHeaders: { 'x-oss-hash-crc64ecma': '1234567890' } },
      },
    ];
    fail(...lies);
    const upload = await request();
    const first = harness.manager();
    const { transfers } = await harness.upload(first, upload);
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.kind, 'checksumMismatch');
    assert.match(transfers[0].error.message, /other bytes/);
    assert.equal(harness.operations('completeMultipartUpload').length, 1);
    assert.ok((await harness.stateFiles()).some((name) => name.endsWith('.jsonl')));
    await first.shutdown();

    // The next run asks again, is told the same, and sends everything once more.
    fail({ on: 'completeMultipartUpload', do: { objectCrc64: undefined } });
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before).sort(), ALL_PARTS);
  });

  it('only the answer was wrong: the next run finds the object right', async () => {
    fail({ on: 'completeMultipartUpload', times: 1, do: { objectCrc64: '1234567890' } });
    const upload = await request();
    const manager = harness.manager();
    const { transfers } = await harness.upload(manager, upload);
    assert.equal(transfers[0]?.error?.kind, 'checksumMismatch');
    await manager.shutdown();
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before), []);
  });

  describe('without a checksum from the server', () => {
    beforeEach(() => {
      fail(
        { on: 'any', do: { answerHeaders: NO_CRC } },
        {
          on: 'listParts',
          do: {
            listParts: { change: ALL_PARTS.map((partNumber) => ({ partNumber, crc64: null })) },
          },
        },
      );
    });

    const OTHER_ETAG = { ...NO_CRC, etag: '"00000000000000000000000000000000-5"' };
    const isNotVerified = (): boolean => harness.notices.some(({ kind }) => kind === 'notVerified');

    it('uploaded, parts proven by their MD5, the object by the MD5 of theirs', async () => {
      await succeed(await request());
      assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
      assert.ok(!isNotVerified());
    });

    it('an object whose ETag is made in another way counts, and that is said', async () => {
      fail({ on: 'headObject', do: { answerHeaders: OTHER_ETAG } });
      await succeed(await request());
      assert.ok(isNotVerified());
    });

    it('a small file, too', async () => {
      await succeed(await request({}, 1000));
      assert.ok(harness.notices.some(({ kind }) => kind === 'notVerified'));
    });

    it('a byte that is turned over is still seen', async () => {
      harness.server.faults.unshift({
        on: 'uploadPart',
        partNumber: 2,
        times: 1,
        do: { flipByteAt: 7 },
      });
      await succeed(await request());
      assert.deepEqual(harness.acceptedParts().sort(), [1, 2, 2, 3, 4, 5]);
    });

    it('resumed: parts are kept by number, size and ETag', async () => {
      const upload = await request({ parallel: 1 });
      await interruptAtPart(harness, upload, 4);
      const before = harness.server.operations.length;
      await resumeToEnd(harness, upload);
      assert.deepEqual(harness.acceptedParts(before), [4, 5]);
    });

    it('the answer to Complete is lost: the ETags of the parts prove the object', async () => {
      fail({ on: 'completeMultipartUpload', times: 1, do: { carryOutThen: 'reset' } });
      await succeed(await request());
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
    });

    it('the answer to Complete is lost with the window: proven by the ETags, also of a touched file', async () => {
      for (const key of ['same.bin', 'touched.bin']) {
        const upload = harness.request(await harness.file(key, FILE_BYTES), key);
        const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
        const manager = harness.manager();
        await manager.enqueue({ label: 'test', workspacePath: '', requests: [upload] });
        await hold.reached;
        await manager.shutdown();
        hold.release();
        if (key === 'touched.bin') await chmod(upload.filePath, 0o600);
        const before = harness.server.operations.length;
        await resumeToEnd(harness, upload);
        assert.deepEqual(harness.acceptedParts(before), [], key);
      }
    });

    it('the answer to Complete is lost: an object of another ETag does not pass for ours', async () => {
      fail({ on: 'headObject', do: { answerHeaders: OTHER_ETAG } });
      fail({ on: 'completeMultipartUpload', times: 1, do: { carryOutThen: 'reset' } });
      await succeed(await request());
      assert.equal(harness.operations('initiateMultipartUpload').length, 2);
    });
  });

  it('bytes of a finished part changed, the time restored: seen, all parts again', async () => {
    const upload = await request({ parallel: 1 });
    await interruptAtPart(harness, upload, 4);
    const { atime, mtime } = await stat(upload.filePath);
    const handle = await open(upload.filePath, 'r+');
    await handle.write(Buffer.from('other'), 0, 5, PART_BYTES + 100);
    await handle.close();
    await utimes(upload.filePath, atime, mtime);
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before), ALL_PARTS);
    assert.ok(harness.notices.some(({ kind }) => kind === 'sourceChanged'));
  });

  it('a part on the server is another than was sent: that part again', async () => {
    const upload = await request({ parallel: 1 });
    const uploadId = await interruptAtPart(harness, upload, 4);
    const [part] = harness.server.parts(uploadId);
    assert.ok(part);
    const lie = { partNumber: 1, etag: '"00000000000000000000000000000000"', crc64: '1' };
    fail({ on: 'listParts', times: 1, do: { listParts: { change: [lie] } } });
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before).sort(), [1, 4, 5]);
  });

  describe('a plan that lacks a part', () => {
    const plan = planParts(FILE_BYTES, PART_BYTES);

    /** Asks for the completion with these parts; nothing of the context may be used. */
    async function complete(sizes: readonly number[]): Promise<void> {
      const accepted = new Map(
        sizes.map((sizeBytes, index) => [
          index + 1,
          { partNumber: index + 1, sizeBytes, etag: 'x', crc64: 0n },
        ]),
      );
      const context = { job: { target: { key: 'a.bin' } } } as unknown as UploadContext;
      const upload = { uploadId: 'id', plan, accepted } as Partial<OpenUpload> as OpenUpload;
      const { signal } = new AbortController();
      await completeUpload(context, upload, {} as Lease, signal);
    }

    const full = [PART_BYTES, PART_BYTES, PART_BYTES, PART_BYTES, 12_345];
    for (const [name, sizes] of [
      ['one part fewer', full.slice(0, 4)],
      ['one part more', [...full, 1]],
      ['the right number, one byte short', [...full.slice(0, 4), 12_344]],
      ['nothing', []],
    ] as const) {
      it(`${name}: refused here`, async () => {
        await assert.rejects(
          complete(sizes),
          (error) => UploadError.is(error, 'internal') && error.code === 'PartsMissing',
        );
      });
    }
  });

  it('every part is written down with the checksum that its bytes have', async () => {
    const upload = await request({ parallel: 1 });
    const uploadId = await interruptAtPart(harness, upload, 5);
    const names = (await readdir(harness.stateDir)).filter((name) => name.endsWith('.jsonl'));
    const text = await readFile(path.join(harness.stateDir, names[0] ?? ''), 'utf8');
    const recorded = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line.slice(line.indexOf(' ') + 1)) as unknown[]);
    const stored = harness.server
      .parts(uploadId)
      .map(({ partNumber, sizeBytes, etag, crc64 }) => [partNumber, sizeBytes, `"${etag}"`, crc64]);
    assert.deepEqual(recorded, stored);
    const { manager, batchId } = await reopen(harness);
    await manager.discard([batchId]);
    await close(harness, manager);
  });
});
