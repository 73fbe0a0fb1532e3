import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { mock } from 'node:test';
import type { CredentialsSource } from '../../../../src/account.ts';
import type {
  TransferManager,
  TransferSnapshot,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import type { HarnessOptions } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';
import { close, interruptAtPart, reopen, resumeToEnd } from '../../../support/reopenedWindow.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import type { Fault, FaultAnswer } from '../../../oss-server/faults.ts';
import { until } from '../../../support/until.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { watchedStore } from '../../../support/watchedStore.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;
const ALL_PARTS = [1, 2, 3, 4, 5];
const MINUTE_MS = 60_000;

/** A network that answers everything with its login page. */
const loginPage: Fault = {
  on: 'any',
  do: {
    answer: { status: 200, body: '<html>Please log in</html>', contentType: 'text/html' },
    answerHeaders: { 'x-oss-request-id': null },
  },
};

/** How often this process has that file open, which only Linux tells; 0 elsewhere. */
async function openDescriptors(file: string): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return targets.filter((target) => target === file).length;
}

describe('faults of the network, of OSS and of the disk', () => {
  let harness: EngineHarness;
  afterEach(async () => {
    await harness.close();
  });

  async function start(options: HarnessOptions = {}): Promise<void> {
    harness = await EngineHarness.start(options);
  }

  async function request(
    options: Partial<UploadRequest['options']> = {},
    sizeBytes = FILE_BYTES,
    key = 'folder/video.mp4',
  ): Promise<UploadRequest> {
    return harness.request(await harness.file('video.mp4', sizeBytes), key, options);
  }

  function fail(...faults: readonly Fault[]): void {
    harness.server.faults.push(...faults);
  }

  /** Lets the limits of a request that hangs pass, until it has been given up. */
  async function passUntilRetry(
    clock: VirtualClock,
    manager: TransferManager,
    retries = 1,
  ): Promise<void> {
    await until(() => {
      if (manager.snapshot().batches[0]?.transfers[0]?.retries === retries) return true;
      clock.advance(MINUTE_MS);
      return false;
    });
  }

  /** Uploads, asserts that it got there and that nothing is left. */
  async function succeed(
    upload: UploadRequest,
    manager: TransferManager = harness.manager(),
  ): Promise<TransferSnapshot> {
    const transfer = await harness.uploadOne(manager, upload);
    await close(harness, manager);
    return transfer;
  }

  /** Uploads, and resolves with what became of it. */
  async function outcome(
    manager: TransferManager,
    upload: UploadRequest,
  ): Promise<TransferSnapshot> {
    const { transfers } = await harness.upload(manager, upload);
    assert.ok(transfers[0]);
    return transfers[0];
  }

  /** Goes on with what that window has left, and asserts that it got there. */
  async function goOn(
    manager: TransferManager,
    transfer: TransferSnapshot,
    upload: UploadRequest,
    change?: Parameters<TransferManager['resume']>[1],
  ): Promise<void> {
    await manager.resume([transfer.id], change);
    const { transfers } = await manager.whenSettled(transfer.batchId);
    assert.equal(transfers[0]?.error, undefined, transfers[0]?.error?.stack);
    assert.equal(transfers[0]?.state, 'completed');
    await harness.assertUploaded(upload);
    await close(harness, manager);
  }

  describe('a passing failure of each part', () => {
    const answers: Record<string, FaultAnswer> = {
      500: faultAnswers.internalError,
      502: faultAnswers.badGateway,
      503: faultAnswers.serviceUnavailable,
      504: faultAnswers.gatewayTimeout,
      408: faultAnswers.requestTimeout,
      429: faultAnswers.tooManyRequests,
    };
    for (const [status, answer] of Object.entries(answers)) {
      it(`${status} once per part: succeeds, and counts the tries`, async () => {
        await start();
        fail(
          ...ALL_PARTS.map((partNumber) => ({
            on: 'uploadPart' as const,
            partNumber,
            times: 1,
            do: { answer },
          })),
        );
        const { retries } = await succeed(await request());
        assert.equal(retries, 5);
        assert.equal(harness.operations('uploadPart').length, 10);
        assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
      });
    }

    it('500 once at initiate, list and complete, too', async () => {
      await start();
      const upload = await request({ parallel: 1 });
      fail({ on: 'initiateMultipartUpload', times: 1, do: { answer: faultAnswers.internalError } });
      await interruptAtPart(harness, upload, 3);
      const before = harness.server.operations.length;
      fail(
        { on: 'listParts', times: 1, do: { answer: faultAnswers.badGateway } },
        {
          on: 'completeMultipartUpload',
          times: 1,
          do: { answer: faultAnswers.serviceUnavailable },
        },
      );
      await resumeToEnd(harness, upload);
      assert.deepEqual(harness.acceptedParts(before), [3, 4, 5]);
    });
  });

  it('503 on everything for a while: fewer lanes, no storm, and full speed again', async () => {
    await start();
    const clock = new VirtualClock();
    clock.run();
    const upload = await request({ parallel: 6 }, 40 * PART_BYTES);
    const startMs = clock.now();
    const endMs = startMs + 30_000;
    const slowDown: Fault = { on: 'uploadPart', do: { answer: faultAnswers.slowDown } };
    fail(slowDown);
    const manager = harness.manager({ clock, random: Math.random });
    const batchId = await harness.enqueue(manager, upload);
    // The service recovers after 30 seconds of the engine's time.
    await until(() => clock.now() >= endMs || harness.operations('uploadPart').length >= 200);
    harness.server.faults.length = 0;
    const refused = harness.operations('uploadPart').length;
    const { transfers } = await manager.whenSettled(batchId);
    clock.stop();
    assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
    assert.ok(refused < 60, `${refused} requests in 30 s are a storm`);
    await harness.assertUploaded(upload);
    await close(harness, manager);
  });

  it('throttled lanes close together: half of them stay', async () => {
    await start();
    const upload = await request({ parallel: 6 }, 12 * PART_BYTES);
    fail({ on: 'uploadPart', times: 6, do: { answer: faultAnswers.tooManyRequests } });
    const hold = harness.server.hold({ on: 'uploadPart', after: 6, times: 100 });
    let sending = 0;
    const openStore = watchedStore(harness.oss.openStore, ({ name }) => {
      if (name !== 'uploadPart') return () => undefined;
      sending++;
      return () => sending--;
    });
    const clock = new VirtualClock();
    const manager = harness.manager({ clock, openStore });
    const batchId = await harness.enqueue(manager, upload);
    await until(() => clock.waiting === 6);
    // All six come back at once.
    clock.advance(1000);
    await hold.reached;
    assert.equal(sending, 3, 'requests at once after throttling of 6');
    hold.release();
    await manager.whenSettled(batchId);
    await harness.assertUploaded(upload);
    await close(harness, manager);
  });

  describe('Retry-After', () => {
    const cases: readonly [string, FaultAnswer, number][] = [
      ['7', { ...faultAnswers.serviceUnavailable, retryAfter: 7 }, 7000],
      ['99999, capped', { ...faultAnswers.serviceUnavailable, retryAfter: 99_999 }, 5 * MINUTE_MS],
      ['x-oss-qos-delay-time', { ...faultAnswers.slowDown, qosDelayMs: 4000 }, 4000],
    ];
    for (const [name, answer, waitMs] of cases) {
      it(`${name}: waits as told`, async () => {
        await start();
        const clock = new VirtualClock();
        clock.run();
        fail({ on: 'uploadPart', partNumber: 3, times: 1, do: { answer } });
        const upload = await request({ parallel: 1 });
        const startMs = clock.now();
        await succeed(upload, harness.manager({ clock }));
        clock.stop();
        const tookMs = clock.now() - startMs;
        assert.ok(clock.delays.includes(waitMs), `waits: ${clock.delays.join()}`);
        assert.ok(tookMs >= waitMs && tookMs < waitMs + 2000, `took ${tookMs} ms`);
      });
    }

    it('an HTTP date is read against the clock of the server', async () => {
      await start();
      harness.server.clockOffsetMs = 10 * MINUTE_MS;
      const clock = new VirtualClock();
      clock.run();
      const retryAfter = new Date(harness.server.now() + 60_000).toUTCString();
      const answer = { ...faultAnswers.serviceUnavailable, retryAfter };
      fail({ on: 'uploadPart', partNumber: 3, times: 1, do: { answer } });
      await succeed(await request({ parallel: 1 }), harness.manager({ clock }));
      clock.stop();
      const longest = Math.max(...clock.delays.filter((delayMs) => delayMs !== 1000));
      assert.ok(longest > 50_000 && longest <= 61_000, `waits: ${clock.delays.join()}`);
    });
  });

  it('AccessDenied at part 3 of 100: stops at once, keeps the parts', async () => {
    await start();
    const upload = await request({ parallel: 3 }, 100 * PART_BYTES);
    fail({ on: 'uploadPart', partNumber: 3, do: { answer: faultAnswers.accessDenied } });
    const manager = harness.manager();
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'failed');
    const { error } = transfer;
    assert.equal(error?.kind, 'accessDenied');
    assert.equal(error.partNumber, 3);
    assert.ok(error.requestId);
    const sent = harness.operations('uploadPart');
    const refusedAt = sent.findIndex(({ partNumber }) => partNumber === 3);
    assert.ok(sent.length - refusedAt - 1 <= 3, `${sent.length} parts were sent`);
    assert.ok(sent.every(({ partNumber }) => (partNumber ?? 0) <= 6));
    assert.equal(sent.filter(({ partNumber }) => partNumber === 3).length, 1);
    const accepted = harness.acceptedParts();
    assert.equal(harness.server.uploads(BUCKET).length, 1);

    harness.server.faults.length = 0;
    const before = harness.server.operations.length;
    await goOn(manager, transfer, upload);
    const again = harness.acceptedParts(before);
    assert.equal(again.length + accepted.length, 100);
  });

  it('NoSuchBucket at a later part: stops', async () => {
    await start();
    const upload = await request({ parallel: 3 }, 50 * PART_BYTES);
    fail({ on: 'uploadPart', partNumber: 25, do: { answer: faultAnswers.noSuchBucket } });
    const manager = harness.manager();
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'failed');
    assert.equal(transfer.error?.kind, 'noSuchBucket');
    assert.ok(harness.acceptedParts().every((partNumber) => partNumber <= 28));
    harness.server.faults.length = 0;
    await goOn(manager, transfer, upload);
  });

  it('NoSuchUpload at a later part: starts over once, and says so', async () => {
    await start();
    fail({ on: 'uploadPart', partNumber: 4, times: 1, do: { dropUpload: true } });
    await succeed(await request());
    assert.equal(harness.notices.filter(({ kind }) => kind === 'uploadExpired').length, 1);
    assert.equal(harness.operations('initiateMultipartUpload').length, 2);
  });

  it('NoSuchUpload again and again: asks', async () => {
    await start();
    fail({ on: 'uploadPart', partNumber: 4, do: { dropUpload: true } });
    const manager = harness.manager();
    const upload = await request();
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'failed');
    assert.equal(transfer.error?.kind, 'noSuchUpload');
    assert.equal(harness.operations('initiateMultipartUpload').length, 2);
    harness.server.faults.length = 0;
    await goOn(manager, transfer, upload);
  });

  it('the upload was aborted between two runs: all parts again', async () => {
    await start();
    const upload = await request({ parallel: 1 });
    const uploadId = await interruptAtPart(harness, upload, 4);
    harness.server.abortUpload(uploadId);
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before), ALL_PARTS);
    assert.ok(harness.notices.some(({ kind }) => kind === 'uploadExpired'));
  });

  it('ListParts fails and hangs, then works: no part is sent again', async () => {
    const clock = new VirtualClock();
    await start({ oss: { clock } });
    const upload = await request({ parallel: 1 });
    const uploadId = await interruptAtPart(harness, upload, 4);
    fail(
      { on: 'listParts', times: 1, do: { answer: faultAnswers.internalError } },
      { on: 'listParts', after: 1, times: 1, do: { neverAnswer: true } },
    );
    const before = harness.server.operations.length;
    const { manager, batchId } = await reopen(harness);
    await manager.resume([batchId]);
    await harness.server.waitFor(() => harness.operations('listParts').length === 2);
    await passUntilRetry(clock, manager, 2);
    await manager.whenSettled(batchId);
    await harness.assertUploaded(upload);
    await close(harness, manager);
    assert.equal(harness.operations('listParts').length, 3);
    assert.deepEqual(harness.acceptedParts(before), [4, 5]);
    assert.equal(harness.operations('completeMultipartUpload')[0]?.uploadId, uploadId);
  });

  it('ListParts has many pages, and the key is any text', async () => {
    await start();
    const upload = await request({ parallel: 1 }, 11 * PART_BYTES, 'ä 日本/%2F&<+>=?#.bin');
    await interruptAtPart(harness, upload, 11);
    fail({ on: 'listParts', do: { maxPageSize: 3 } });
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before), [11]);
    assert.equal(harness.operations('listParts').length, 4);
  });

  describe('ListParts shows what should not be there', () => {
    const good = '"00000000000000000000000000000000"';
    const cases: readonly [string, NonNullable<Fault['do']['listParts']>, number[]][] = [
      ['another size', { change: [{ partNumber: 2, sizeBytes: PART_BYTES - 1 }] }, [2, 5]],
      ['another CRC', { change: [{ partNumber: 2, etag: good, crc64: '1234567890' }] }, [2, 5]],
      ['another ETag and no CRC', { change: [{ partNumber: 2, etag: good, crc64: null }] }, [2, 5]],
      ['no part 3', { hide: [3] }, [3, 5]],
    ];
    for (const [name, listParts, expected] of cases) {
      it(`${name}: that part is sent again`, async () => {
        await start();
        const upload = await request({ parallel: 1 });
        await interruptAtPart(harness, upload, 5);
        fail({ on: 'listParts', do: { listParts } });
        const before = harness.server.operations.length;
        await resumeToEnd(harness, upload);
        assert.deepEqual(harness.acceptedParts(before).sort(), expected);
      });
    }

    it('numbers beyond the plan and duplicates: left out of the completion', async () => {
      await start();
      const upload = await request({ parallel: 1 });
      await interruptAtPart(harness, upload, 5);
      const foreign = { sizeBytes: PART_BYTES, etag: good, crc64: '1' };
      const add = [
        { partNumber: 6, ...foreign },
        { partNumber: 10_000, ...foreign },
        { partNumber: 2, ...foreign },
      ];
      fail({ on: 'listParts', do: { listParts: { add } } });
      const before = harness.server.operations.length;
      await resumeToEnd(harness, upload);
      assert.ok(harness.acceptedParts(before).includes(5));
      assert.ok(harness.acceptedParts(before).every((partNumber) => partNumber <= 5));
    });

    it('a part that only the server knows is proven by its bytes and kept', async () => {
      await start();
      const upload = await request({ parallel: 1 });
      fail({ on: 'uploadPart', partNumber: 3, do: { carryOutThen: 'reset' } });
      const manager = harness.manager();
      const batchId = await harness.enqueue(manager, upload);
      await harness.server.waitFor((all) => all.some(({ partNumber }) => partNumber === 3));
      await manager.pause([batchId]);
      await manager.shutdown();
      harness.server.faults.length = 0;
      const before = harness.server.operations.length;
      await resumeToEnd(harness, upload);
      assert.deepEqual(harness.acceptedParts(before), [4, 5]);
    });
  });

  it('Complete is done and its answer lost: uploaded, nothing is sent twice', async () => {
    for (const lost of ['reset', 'fin'] as const) {
      await start();
      fail({ on: 'completeMultipartUpload', times: 1, do: { carryOutThen: lost } });
      await succeed(await request());
      assert.equal(harness.operations('completeMultipartUpload').length, 1);
      assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
      if (lost === 'reset') await harness.close();
    }
  });

  it('the answer is lost together with the window: the next one finds the object', async () => {
    await start();
    const upload = await request();
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
    const batchId = await harness.enqueue(manager, upload);
    await hold.reached;
    await manager.pause([batchId]);
    hold.release();
    await manager.shutdown();
    const before = harness.server.operations.length;
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts(before), []);
    assert.equal(harness.operations('completeMultipartUpload').length, 1);
  });

  it('Complete is done, but the answer says that there is no such upload', async () => {
    await start();
    fail({
      on: 'completeMultipartUpload',
      times: 1,
      do: { carryOutThen: { status: 404, code: 'NoSuchUpload' } },
    });
    await succeed(await request());
    assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
    assert.equal(harness.operations('initiateMultipartUpload').length, 1);
  });

  it('an older object of the same size does not pass for ours', async () => {
    await start();
    const upload = await request();
    await harness.server.putObject(BUCKET, upload.target.key, Buffer.alloc(FILE_BYTES));
    fail({
      on: 'completeMultipartUpload',
      times: 1,
      do: { dropUpload: true },
    });
    await succeed(upload);
    assert.equal(harness.operations('initiateMultipartUpload').length, 2);
  });

  it('the answer to a small file is lost: stored once more or found, never refused', async () => {
    await start();
    fail({ on: 'putObject', times: 1, do: { carryOutThen: 'reset' } });
    await succeed(await request({ forbidOverwrite: true }, 1000));
  });

  it('the answer to initiate is lost: the orphan is aborted', async () => {
    await start();
    fail({ on: 'initiateMultipartUpload', times: 1, do: { carryOutThen: 'reset' } });
    await succeed(await request());
    assert.equal(harness.operations('initiateMultipartUpload').length, 2);
  });

  it('the answer to initiate is lost, and what it began cannot be looked for: the record stays, its file is closed', async () => {
    await start();
    const answer = { status: 403, code: 'InvalidAccessKeyId' };
    fail(
      { on: 'initiateMultipartUpload', times: 1, do: { carryOutThen: 'reset' } },
      { on: 'listMultipartUploads', times: 1, do: { answer } },
    );
    const manager = harness.manager();
    const upload = await request();
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'paused');
    assert.equal(transfer.error?.code, 'InvalidAccessKeyId');
    const record = path.join(harness.stateDir, `${transfer.id}.jsonl`);
    assert.ok(fs.existsSync(record));
    assert.equal(await openDescriptors(record), 0);
    assert.equal(harness.server.uploads(BUCKET).length, 1);
    await goOn(manager, transfer, upload);
    assert.equal(harness.server.uploads(BUCKET).length, 0);
  });

  for (const what of ['resumed', 'discarded'] as const) {
    it(`paused before the answer to initiate, and a record beside it cannot be read: ${what}, the orphan is aborted`, async () => {
      await start();
      const hold = harness.server.hold({ on: 'initiateMultipartUpload', at: 'carriedOut' });
      const disk = new PlayedDisk(({ call, name }) =>
        call === 'open' && name === 'locked.jsonl' ? 'EACCES' : undefined,
      );
      const manager = harness.manager({ files: disk.files });
      const upload = await request();
      const id = await harness.enqueue(manager, upload);
      await hold.reached;
      await manager.pause([id]);
      hold.release();
      const locked = path.join(harness.stateDir, 'locked.jsonl');
      await writeFile(locked, 'x');
      assert.equal(harness.server.uploads(BUCKET).length, 1);
      if (what === 'resumed') {
        await manager.resume([id]);
        const { transfers } = await manager.whenSettled(id);
        assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
        await harness.assertUploaded(upload);
      } else {
        await manager.discard([id]);
        assert.deepEqual(manager.snapshot().batches, []);
      }
      await manager.shutdown();
      await rm(locked);
      await harness.assertNothingLeft();
    });
  }

  it('Complete answers 500 and then works', async () => {
    await start();
    fail({ on: 'completeMultipartUpload', times: 2, do: { answer: faultAnswers.internalError } });
    const { retries } = await succeed(await request());
    assert.equal(retries, 2);
    const completions = harness.operations('completeMultipartUpload');
    assert.equal(completions.filter(({ accepted }) => accepted).length, 1);
  });

  it('Complete answers 200 with an error in it', async () => {
    await start();
    const body =
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>Try again.</Message></Error>';
    const answer = { status: 200, body };
    fail({ on: 'completeMultipartUpload', times: 1, do: { answer } });
    await succeed(await request());
    assert.equal(harness.operations('completeMultipartUpload').length, 2);
  });

  it('Complete is slower than any other answer may be: "completing", no timeout', async () => {
    const clock = new VirtualClock();
    await start({ oss: { clock } });
    const upload = await request();
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
    const batchId = await harness.enqueue(manager, upload);
    await hold.reached;
    assert.equal(manager.snapshot().batches[0]?.transfers[0]?.state, 'completing');
    clock.advance(4 * MINUTE_MS);
    hold.release();
    const { transfers } = await manager.whenSettled(batchId);
    assert.equal(transfers[0]?.state, 'completed');
    assert.equal(transfers[0].retries, 0);
    await close(harness, manager);
  });

  it('a part that was accepted is lost: found by listing, sent again, completed', async () => {
    await start();
    fail({ on: 'uploadPart', partNumber: 2, times: 1, do: { forgetPart: true } });
    await succeed(await request());
    assert.deepEqual(harness.acceptedParts().sort(), [1, 2, 2, 3, 4, 5]);
    assert.equal(harness.operations('listParts').length, 1);
    assert.equal(harness.operations('completeMultipartUpload').length, 2);
  });

  for (const code of ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall']) {
    it(`${code} again and again: one more try, then an error with its id`, async () => {
      await start();
      fail({ on: 'completeMultipartUpload', do: { answer: { status: 400, code } } });
      const manager = harness.manager();
      const upload = await request();
      const transfer = await outcome(manager, upload);
      assert.equal(transfer.state, 'failed');
      assert.equal(transfer.error?.kind, 'invalidParts');
      assert.equal(transfer.error.code, code);
      assert.ok(transfer.error.requestId);
      assert.equal(harness.operations('completeMultipartUpload').length, 2);
      assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
      harness.server.faults.length = 0;
      await goOn(manager, transfer, upload);
    });
  }

  it('203 CallbackFailed: uploaded, said, not sent again', async () => {
    await start();
    const callback = { url: 'http://127.0.0.1:1/nobody', body: 'key=${object}' };
    for (const [key, sizeBytes] of [
      ['large.bin', FILE_BYTES],
      ['small.bin', 1000],
    ] as const) {
      const file = await harness.file(key, sizeBytes);
      await succeed(harness.request(file, key, { object: { callback } }));
    }
    const failed = harness.notices.filter(({ kind }) => kind === 'callbackFailed');
    assert.equal(failed.length, 2);
    assert.match(failed[0]?.detail ?? '', /CallbackFailed/);
    assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
    assert.equal(harness.operations('putObject').length, 1);
  });

  describe('a connection that dies within a part', () => {
    for (const by of ['reset', 'fin'] as const) {
      it(`${by} before, in the middle and at the end: the whole part again`, async () => {
        await start();
        fail(
          ...[0, PART_BYTES / 2, Math.floor(PART_BYTES * 0.99)].map((afterBytes, index) => ({
            on: 'uploadPart' as const,
            partNumber: index + 1,
            times: 1,
            do: { cut: { by, afterBytes } },
          })),
        );
        const { retries } = await succeed(await request());
        assert.equal(retries, 3);
        const accepted = harness.operations('uploadPart').filter((part) => part.accepted);
        assert.deepEqual(
          accepted.map(({ bytes }) => bytes).sort(),
          [...Array.from({ length: 4 }, () => PART_BYTES), 12_345].sort(),
        );
      });
    }

    it('half-open: no byte moves, the stall is seen and the part sent again', async () => {
      const clock = new VirtualClock();
      await start({ oss: { clock } });
      const upload = await request({ partSizeBytes: 8 * 1024 * 1024, parallel: 1 }, 17_000_000);
      fail({ on: 'uploadPart', partNumber: 2, times: 1, do: { stall: { afterBytes: 100_000 } } });
      const manager = harness.manager();
      const succeeded = succeed(upload, manager);
      await until(() => harness.server.openRequests.some(({ partNumber }) => partNumber === 2));
      await passUntilRetry(clock, manager);
      const { retries } = await succeeded;
      assert.equal(retries, 1);
      assert.deepEqual(harness.acceptedParts(), [1, 2, 3]);
    });

    it('the answer to a part is lost: sent again, one object', async () => {
      const clock = new VirtualClock();
      await start({ oss: { clock } });
      fail(
        { on: 'uploadPart', partNumber: 2, times: 1, do: { carryOutThen: 'reset' } },
        { on: 'uploadPart', partNumber: 4, times: 1, do: { carryOutThen: 'neverAnswer' } },
      );
      const manager = harness.manager();
      const succeeded = succeed(await request({ parallel: 1 }), manager);
      await harness.server.waitFor((all) => all.some(({ partNumber }) => partNumber === 4));
      await passUntilRetry(clock, manager, 2);
      assert.equal((await succeeded).retries, 2);
    });
  });

  describe('the network is gone', () => {
    it('for two minutes: waits, and goes on by itself', async () => {
      await start();
      const clock = new VirtualClock();
      const upload = await request();
      const manager = harness.manager({ clock });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      await harness.server.stopListening();
      hold.release();
      const waiting = await stateOf(manager, 'waiting');
      assert.equal(waiting.error?.kind, 'network');
      assert.ok((waiting.nextTryMs ?? 0) >= clock.now());
      const endMs = clock.now() + 2 * MINUTE_MS;
      while (clock.now() < endMs) {
        clock.advance(10_000);
        await nextTry(manager, clock);
      }
      await harness.server.listenAgain();
      clock.advance(30_000);
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });

    /** Lets time pass with each try, until that is so. */
    const passTries = (clock: VirtualClock, isMet: () => boolean): Promise<true> =>
      until(() => {
        if (isMet()) return true;
        if (clock.waiting > 0) clock.advance(20_000);
        return false;
      });
    const isOver = (manager: TransferManager) => (): boolean =>
      manager.snapshot().batches[0]?.transfers[0]?.state === 'interrupted';

    it('for half an hour: interrupted is what runs and what waits for its turn', async () => {
      await start();
      const clock = new VirtualClock();
      const manager = harness.manager({ clock, limits: { concurrency: 3, maxBytesPerSecond: 0 } });
      const uploads = [
        ...(await Promise.all(['a', 'b', 'c'].map((key) => request({}, FILE_BYTES, key)))),
        ...(await Promise.all(
          Array.from({ length: 30 }, (_, number) => request({}, 1000, `small ${number}`)),
        )),
      ];
      await harness.server.stopListening();
      const batchId = await harness.enqueue(manager, ...uploads);
      await passTries(clock, isOver(manager));
      const firstMs = clock.now();
      await passTries(clock, () => manager.snapshot().totals.active === 0);
      assert.ok(clock.now() - firstMs <= MINUTE_MS, `${clock.now() - firstMs} ms after the first`);
      const { transfers } = await manager.whenSettled(batchId);
      assert.deepEqual([...new Set(transfers.map(({ state }) => state))], ['interrupted']);
      await harness.server.listenAgain();
      await manager.resume([batchId]);
      const settled = await manager.whenSettled(batchId);
      assert.deepEqual([...new Set(settled.transfers.map(({ state }) => state))], ['completed']);
      await close(harness, manager);
    });

    it('for one file, as some filters on the way do it: the others are sent', async () => {
      await start();
      const clock = new VirtualClock();
      const manager = harness.manager({ clock, limits: { concurrency: 2, maxBytesPerSecond: 0 } });
      const uploads = await Promise.all(
        ['a', 'b', 'c'].map((key) => request({ parallel: 1 }, FILE_BYTES, key)),
      );
      fail({ on: 'uploadPart', key: 'a', do: { cut: { by: 'reset', afterBytes: 0 } } });
      const hold = harness.server.hold({ on: 'uploadPart', key: 'b', partNumber: 3 });
      const batchId = await harness.enqueue(manager, ...uploads);
      await hold.reached;
      await passTries(clock, isOver(manager));
      hold.release();
      const { transfers } = await manager.whenSettled(batchId);
      assert.deepEqual(
        transfers.map(({ state }) => state),
        ['interrupted', 'completed', 'completed'],
      );
      await manager.discard([batchId]);
      await close(harness, manager);
    });

    it('goes on at once when somebody says that it is back', async () => {
      await start();
      const clock = new VirtualClock();
      const upload = await request();
      const manager = harness.manager({ clock });
      await harness.server.stopListening();
      const batchId = await harness.enqueue(manager, upload);
      await stateOf(manager, 'waiting');
      await harness.server.listenAgain();
      manager.retryNow();
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'completed');
      await close(harness, manager);
    });

    it('while it is resumed: shows what it has', async () => {
      await start();
      const upload = await request();
      const { batchId } = await interruptUpload(harness, upload, [1, 2]);
      const manager = harness.manager({ clock: new VirtualClock() });
      await manager.refresh();
      await harness.server.stopListening();
      await manager.resume([batchId]);
      const { confirmedBytes, partsDone } = await stateOf(manager, 'waiting');
      assert.deepEqual([confirmedBytes, partsDone], [2 * PART_BYTES, 2]);
      await harness.server.listenAgain();
      manager.retryNow();
      await manager.whenSettled(batchId);
      await close(harness, manager);
    });

    it('behind a login page: waits, says so, and goes on at once when the user is back', async () => {
      await start();
      const clock = new VirtualClock();
      const upload = await request();
      const manager = harness.manager({ clock });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      fail(loginPage);
      hold.release();
      // Longer than tries that are counted would last.
      const endMs = clock.now() + 20 * MINUTE_MS;
      while (clock.now() < endMs) {
        const waiting = await nextTry(manager, clock);
        assert.equal(waiting.error?.kind, 'badResponse');
        clock.advance(30_000);
      }
      await stateOf(manager, 'waiting');
      harness.server.faults.length = 0;
      manager.retryNow();
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });

    it('a login page does not make a discard believe that the parts are gone', async () => {
      await start();
      const upload = await request();
      await interruptUpload(harness, upload, [1, 2]);
      const manager = harness.manager();
      await manager.refresh();
      const { id } = manager.snapshot().batches[0] ?? {};
      assert.ok(id);
      fail(loginPage);
      const discarding = manager.discard([id]);
      await until(() => harness.operations('abortMultipartUpload').length > 0);
      assert.equal(harness.server.uploads(BUCKET).length, 1);
      harness.server.faults.length = 0;
      await discarding;
      await close(harness, manager);
    });

    it('for 30 minutes: interrupted, and resumed from there', async () => {
      await start();
      const clock = new VirtualClock();
      const upload = await request({ parallel: 1 });
      const manager = harness.manager({ clock });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      await harness.server.stopListening();
      hold.release();
      const startMs = clock.now();
      clock.run();
      const { transfers } = await manager.whenSettled(batchId);
      clock.stop();
      assert.ok(clock.now() - startMs >= 30 * MINUTE_MS);
      assert.equal(transfers[0]?.state, 'interrupted');
      assert.equal(transfers[0].error?.kind, 'network');
      await harness.server.listenAgain();
      const before = harness.server.operations.length;
      await goOn(manager, transfers[0], upload);
      assert.deepEqual(harness.acceptedParts(before), [3, 4, 5]);
    });

    it('the computer sleeps for a night: goes on by itself', async () => {
      await start();
      const clock = new VirtualClock();
      const upload = await request({ parallel: 2 });
      const manager = harness.manager({ clock });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      await harness.server.stopListening();
      hold.release();
      const { retries } = await stateOf(manager, 'waiting');
      clock.sleep(8 * 60 * MINUTE_MS);
      // The line comes back some time after the computer: within a second all try again in vain.
      clock.advance(1000);
      await until(() => clock.waiting === 2);
      const again = await nextTry(manager, clock);
      assert.equal(again.error?.kind, 'network');
      assert.equal(again.retries, retries + 2);
      await harness.server.listenAgain();
      clock.run();
      const { transfers } = await manager.whenSettled(batchId);
      clock.stop();
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });
  });

  describe('the clock is wrong', () => {
    const DAY_MS = 24 * 60 * MINUTE_MS;
    for (const [name, offsetMs] of [
      ['an hour behind', 60 * MINUTE_MS],
      ['a day ahead', -DAY_MS],
    ] as const) {
      it(`${name}: corrected from the answer of OSS, once`, async () => {
        await start();
        harness.server.clockOffsetMs = offsetMs;
        await succeed(await request());
        const skewed = harness.server.operations.filter(
          ({ code }) => code === 'RequestTimeTooSkewed',
        );
        assert.equal(skewed.length, 1);
      });

      it(`${name}, and the answer to Complete is lost: nothing is sent again`, async () => {
        await start();
        harness.server.clockOffsetMs = offsetMs;
        fail({ on: 'completeMultipartUpload', times: 1, do: { carryOutThen: 'reset' } });
        await succeed(await request());
        assert.equal(harness.operations('completeMultipartUpload').length, 1);
        assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
      });

      it(`${name}, and the answer to initiate is lost: the orphan is found`, async () => {
        await start();
        harness.server.clockOffsetMs = offsetMs;
        fail({
          on: 'initiateMultipartUpload',
          after: 1,
          times: 1,
          do: { carryOutThen: 'reset' },
        });
        await succeed(await request());
      });
    }

    it('a correction that does not help: fails, and tells by how much', async () => {
      await start();
      const answer = {
        status: 403,
        code: 'RequestTimeTooSkewed',
        elements: { ServerTime: new Date(Date.now() + DAY_MS).toISOString() },
      };
      fail({ on: 'initiateMultipartUpload', do: { answer } });
      const manager = harness.manager();
      const { state, error } = await outcome(manager, await request());
      assert.equal(state, 'failed');
      assert.equal(error?.kind, 'clockSkew');
      assert.ok(Math.abs((error.clockSkewMs ?? 0) - DAY_MS) < 5000);
      assert.ok(harness.operations('initiateMultipartUpload').length <= 3);
    });
  });

  describe('credentials that end', () => {
    /** Gives out a key after the other, as an instance's role does. */
    class Issuer {
      given = 0;
      isBroken = false;
      readonly server = createServer((_message, response) => {
        if (this.isBroken) {
          response.writeHead(500).end('{}');
          return;
        }
        const key = issued(++this.given);
        response.end(
          JSON.stringify({
            Code: 'Success',
            AccessKeyId: key.accessKeyId,
            AccessKeySecret: key.accessKeySecret,
            SecurityToken: key.securityToken,
            Expiration: new Date(Date.now() + 3_600_000).toISOString(),
          }),
        );
      });

      async listen(): Promise<string> {
        await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
      }
    }

    function issued(number: number): {
      accessKeyId: string;
      accessKeySecret: string;
      securityToken: string;
    } {
      return {
        accessKeyId: `STS.NTtemporaryKey${number}`,
        accessKeySecret: `temporarySecret${number}`,
        securityToken: `CAIStemporaryToken${number}NobodyMaySeeIt`,
      };
    }

    let issuer: Issuer;
    afterEach(() => {
      issuer.server.close();
    });

    async function startWithIssuer(): Promise<void> {
      issuer = new Issuer();
      const url = await issuer.listen();
      await start({
        server: { credentials: [1, 2, 3].map(issued) },
        oss: { credentials: () => Promise.resolve({ kind: 'uri', url }) },
      });
    }

    it('in the middle of eight parts: one refresh, and all go on', async () => {
      await startWithIssuer();
      const upload = await request({ parallel: 8 }, 30 * PART_BYTES);
      const hold = harness.server.hold({ on: 'uploadPart', after: 5, times: 8 });
      const manager = harness.manager({ limits: { concurrency: 8, maxBytesPerSecond: 0 } });
      const batchId = await harness.enqueue(manager, upload);
      await until(
        () => harness.acceptedParts().length === 5 && harness.server.openRequests.length === 8,
      );
      const [first] = harness.server.credentials;
      assert.ok(first);
      first.expiresAt = Date.now() - 1;
      hold.release();
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      assert.equal(issuer.given, 2, 'one key at the start and one refresh');
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      assert.equal(harness.acceptedParts().length, 30);
      const refused = harness.operations('uploadPart').filter(({ status }) => status === 403);
      assert.ok(refused.length >= 8, `${refused.length} parts were refused`);
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });

    it('refusals that come when the key is renewed already: still one refresh', async () => {
      await startWithIssuer();
      const upload = await request({ parallel: 4 }, 12 * PART_BYTES);
      const [first, ...late] = [1, 2, 3, 4].map((partNumber) =>
        harness.server.hold({ on: 'uploadPart', partNumber }),
      );
      const manager = harness.manager();
      const batchId = await harness.enqueue(manager, upload);
      await until(() => harness.server.openRequests.length === 4);
      const [key] = harness.server.credentials;
      assert.ok(key);
      key.expiresAt = Date.now() - 1;
      first?.release();
      await harness.server.waitFor(() => harness.acceptedParts().includes(1));
      late.forEach((hold) => {
        hold.release();
      });
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      assert.equal(issuer.given, 2, 'one key at the start and one refresh');
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });

    it('in a single lane: the refused part is sent again', async () => {
      await startWithIssuer();
      const upload = await request({ parallel: 1 });
      fail({ on: 'uploadPart', partNumber: 2, times: 1, do: { credential: 'expire' } });
      await succeed(upload);
      assert.equal(issuer.given, 2);
      assert.deepEqual(harness.acceptedParts(), ALL_PARTS);
    });

    it('the refresh fails: pauses, says why, and the same parts go on later', async () => {
      await startWithIssuer();
      const upload = await request({ parallel: 2 }, 10 * PART_BYTES);
      fail({ on: 'uploadPart', partNumber: 5, times: 1, do: { credential: 'expire' } });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 5 });
      const manager = harness.manager();
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      issuer.isBroken = true;
      hold.release();
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'paused');
      assert.equal(transfers[0].error?.kind, 'credentials');
      assert.equal(transfers[0].error.code, 'SecurityTokenExpired');
      issuer.isBroken = false;
      const before = harness.server.operations.length;
      await goOn(manager, transfers[0], upload);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      assert.ok(harness.acceptedParts(before).every((partNumber) => partNumber >= 5));
    });

    it('fixed credentials: all transfers pause together, and go on with new ones', async () => {
      issuer = new Issuer();
      let source: CredentialsSource = { kind: 'accessKey', key: issued(1) };
      await start({
        server: { credentials: [1, 2].map(issued) },
        oss: { credentials: () => Promise.resolve(source) },
      });
      const requests = await Promise.all(
        ['a', 'b', 'c'].map(async (name) =>
          harness.request(await harness.file(name, 10 * PART_BYTES), name, { parallel: 2 }),
        ),
      );
      fail({ on: 'uploadPart', after: 8, times: 1, do: { credential: 'expire' } });
      const manager = harness.manager();
      const { id, transfers } = await harness.upload(manager, ...requests);
      assert.deepEqual(
        transfers.map(({ state }) => state),
        ['paused', 'paused', 'paused'],
      );
      assert.ok(transfers.every(({ error }) => error?.kind === 'credentials'));
      source = { kind: 'accessKey', key: issued(2) };
      await manager.resume([id]);
      const { transfers: done } = await manager.whenSettled(id);
      assert.ok(done.every(({ state }) => state === 'completed'));
      const initiated = harness.operations('initiateMultipartUpload');
      assert.equal(initiated.filter(({ accepted }) => accepted).length, 3);
      await Promise.all(requests.map((upload) => harness.assertUploaded(upload)));
      await close(harness, manager);
    });
  });

  it('the key is revoked for good: asked once, and stopped', async () => {
    await start();
    fail({ on: 'uploadPart', partNumber: 3, times: 1, do: { credential: 'disable' } });
    const manager = harness.manager();
    const upload = await request({ parallel: 3 }, 50 * PART_BYTES);
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'paused');
    assert.equal(transfer.error?.kind, 'credentials');
    assert.equal(transfer.error.code, 'InvalidAccessKeyId');
    const refused = harness.server.operations.filter(({ status }) => status === 403);
    assert.ok(refused.length <= 3, `${refused.length} requests with a revoked key`);
    const [key] = harness.server.credentials;
    assert.ok(key);
    key.disabled = false;
    await goOn(manager, transfer, upload);
  });

  it('the wrong region: the error names the right endpoint, which works', async () => {
    await start({
      server: { buckets: [{ name: BUCKET, region: 'cn-shanghai' }] },
    });
    const manager = harness.manager();
    const upload = await request();
    const transfer = await outcome(manager, upload);
    assert.equal(transfer.state, 'failed');
    assert.equal(transfer.error?.kind, 'wrongRegion');
    assert.equal(transfer.error.endpoint, 'oss-cn-shanghai.aliyuncs.com');
    assert.equal(harness.server.operations.length, 1);
    await goOn(manager, transfer, upload, { region: 'cn-shanghai' });
  });

  describe('the file cannot be read', () => {
    let restore: (() => void) | undefined;
    afterEach(() => {
      restore?.();
      restore = undefined;
    });

    /** Lets reads of parts fail with that code after so many. */
    function failReads(after: number, code: string): void {
      const { read } = fs;
      let reads = 0;
      const failing = (...parameters: unknown[]): unknown => {
        const [, buffer] = parameters;
        const isPart = buffer instanceof Uint8Array && buffer.length >= 12_345;
        if (isPart && ++reads > after) {
          const done = parameters.at(-1) as (error: Error) => void;
          setImmediate(done, Object.assign(new Error(code), { code }));
          return undefined;
        }
        return Reflect.apply(read, fs, parameters);
      };
      const mocked = mock.method(fs, 'read', failing as typeof read);
      restore = () => {
        mocked.mock.restore();
      };
    }

    for (const code of ['EIO', 'EMFILE']) {
      it(`${code}: a clear error, the parts are kept, the file is closed`, async () => {
        await start();
        const upload = await request({ parallel: 2 });
        failReads(3, code);
        const manager = harness.manager();
        const transfer = await outcome(manager, upload);
        assert.equal(transfer.state, 'failed');
        assert.equal(transfer.error?.kind, 'sourceUnreadable');
        assert.equal(transfer.error.code, code);
        assert.equal(transfer.error.sourcePath, upload.filePath);
        const accepted = harness.acceptedParts();
        assert.equal(await openDescriptors(upload.filePath), 0);
        restore?.();
        const before = harness.server.operations.length;
        await goOn(manager, transfer, upload);
        assert.equal(harness.acceptedParts(before).length + accepted.length, 5);
      });
    }
  });

  describe('the object exists and must not be overwritten', () => {
    it('at the start: fails before anything is sent; allowed, it is replaced', async () => {
      await start();
      const upload = await request({ forbidOverwrite: true });
      await harness.server.putObject(BUCKET, upload.target.key, Buffer.from('old'));
      const manager = harness.manager();
      const transfer = await outcome(manager, upload);
      assert.equal(transfer.state, 'failed');
      assert.equal(transfer.error?.kind, 'alreadyExists');
      assert.equal(harness.operations('uploadPart').length, 0);
      await goOn(manager, transfer, upload, { forbidOverwrite: false });
    });

    it('when it appears during the upload: kept as it is; allowed, no part is sent again', async () => {
      await start();
      const upload = await request({ forbidOverwrite: true });
      const manager = harness.manager();
      const hold = harness.server.hold({ on: 'completeMultipartUpload' });
      const batchId = await harness.enqueue(manager, upload);
      await hold.reached;
      await harness.server.putObject(BUCKET, upload.target.key, Buffer.from('new'));
      hold.release();
      const { transfers } = await manager.whenSettled(batchId);
      assert.equal(transfers[0]?.state, 'failed');
      assert.equal(transfers[0].error?.kind, 'alreadyExists');
      const kept = await harness.server.object(BUCKET, upload.target.key)?.bytes();
      assert.equal(kept?.toString(), 'new');
      const before = harness.server.operations.length;
      await goOn(manager, transfers[0], upload, { forbidOverwrite: false });
      assert.deepEqual(harness.acceptedParts(before), []);
    });

    it('because a window that was closed had put it there: done', async () => {
      await start();
      const upload = await request({ forbidOverwrite: true }, 1000);
      const first = harness.manager();
      const hold = harness.server.hold({ on: 'putObject', at: 'carriedOut' });
      await first.enqueue({ label: 'test', workspacePath: '', requests: [upload] });
      await hold.reached;
      await first.shutdown();
      hold.release();
      await resumeToEnd(harness, upload);
    });

    it("an equal one that is older is somebody else's", async () => {
      await start();
      const upload = await request({ forbidOverwrite: true }, 1000);
      const content = await readFile(upload.filePath);
      await harness.server.putObject(BUCKET, upload.target.key, content);
      const clock = new VirtualClock();
      clock.advance(20 * MINUTE_MS);
      const transfer = await outcome(harness.manager({ clock }), upload);
      assert.equal(transfer.error?.kind, 'alreadyExists');
    });

    it('and its discard removes the parts', async () => {
      await start();
      const upload = await request({ forbidOverwrite: true });
      fail({
        on: 'completeMultipartUpload',
        do: { answer: { status: 409, code: 'FileAlreadyExists' } },
      });
      const manager = harness.manager();
      const transfer = await outcome(manager, upload);
      assert.equal(transfer.error?.kind, 'alreadyExists');
      await manager.discard([transfer.id]);
      await close(harness, manager);
    });
  });

  it('every part fails three times: finishes, the budget is refilled', async () => {
    await start();
    const parts = Array.from({ length: 40 }, (_, index) => index + 1);
    fail(
      ...parts.map((partNumber) => ({
        on: 'uploadPart' as const,
        partNumber,
        times: 3,
        do: { answer: faultAnswers.internalError },
      })),
    );
    const clock = new VirtualClock();
    clock.run();
    const upload = await request({ parallel: 3 }, 40 * PART_BYTES);
    const { retries } = await succeed(upload, harness.manager({ clock }));
    clock.stop();
    assert.equal(retries, 120);
  });

  it('nothing gets through: stops after some tries, keeps the parts', async () => {
    await start();
    fail({ on: 'uploadPart', after: 2, do: { answer: faultAnswers.internalError } });
    const clock = new VirtualClock();
    clock.run();
    const manager = harness.manager({ clock });
    const upload = await request({ parallel: 2 });
    const transfer = await outcome(manager, upload);
    clock.stop();
    assert.equal(transfer.state, 'failed');
    assert.equal(transfer.error?.kind, 'server');
    assert.ok(transfer.retries >= 12 && transfer.retries <= 40, `${transfer.retries} retries`);
    harness.server.faults.length = 0;
    await manager.shutdown();
    await resumeToEnd(harness, upload);
    assert.deepEqual(harness.acceptedParts().sort(), ALL_PARTS);
  });

  /** The first transfer, as soon as all of it waits for a next try that is not due. */
  async function nextTry(manager: TransferManager, clock: VirtualClock): Promise<TransferSnapshot> {
    return until(() => {
      const transfer = manager.snapshot().batches[0]?.transfers[0];
      return (transfer?.nextTryMs ?? 0) > clock.now() && transfer;
    });
  }

  /** The first transfer, as soon as it is in that state. */
  async function stateOf(
    manager: TransferManager,
    state: TransferSnapshot['state'],
  ): Promise<TransferSnapshot> {
    return until(() => {
      const transfer = manager.snapshot().batches[0]?.transfers[0];
      return transfer?.state === state && transfer;
    });
  }
});
