import { strict as assert } from 'node:assert';
import {
  appendFile,
  chmod,
  copyFile,
  open,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
} from 'node:fs/promises';
import path from 'node:path';
import { BufferPool } from '../../../../src/engine/limits/bufferPool.ts';
import { readCheckpoint } from '../../../../src/engine/record/checkpoint.ts';
import { fingerprintOf } from '../../../../src/engine/file/fingerprint.ts';
import { scanFolder, UploadError } from '../../../../src/engine/index.ts';
import type {
  TransferManager,
  TransferSnapshot,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import { planParts } from '../../../../src/engine/file/partPlan.ts';
import { SourceFile } from '../../../../src/engine/file/sourceFile.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import {
  hasLinks,
  isWindows,
  sha256OfFile,
  testBytes,
  writeTestFile,
} from '../../../support/files.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;
const ALL_PARTS = [1, 2, 3, 4, 5];
/** Early in 1970 the numbers that `utimes` takes tell nanoseconds apart. */
const OLD_SECONDS = 1_000_000.25;

describe('a file that changes', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  function noticeKinds(): string[] {
    return harness.notices.map(({ kind }) => kind);
  }

  function abortedUploads(): (string | undefined)[] {
    return harness.operations('abortMultipartUpload').map(({ uploadId }) => uploadId);
  }

  /** A file whose times can be put back to the nanosecond. */
  async function oldFile(name: string, sizeBytes: number): Promise<string> {
    const file = await harness.file(name, sizeBytes);
    await utimes(file, OLD_SECONDS, OLD_SECONDS);
    return file;
  }

  /** Puts the times back that a file had, as `touch -r` does. */
  async function restoringTimes(file: string, change: () => Promise<void>): Promise<void> {
    const before = await stat(file, { bigint: true });
    await change();
    await utimes(file, OLD_SECONDS, OLD_SECONDS);
    assert.equal((await stat(file, { bigint: true })).mtimeNs, before.mtimeNs);
  }

  /** Puts another file in its place, as editors save. */
  async function replaceFile(file: string, sizeBytes: number): Promise<void> {
    await writeTestFile(`${file}.new`, sizeBytes, 3);
    // Windows replaces no file that is open, but lets it be moved away.
    if (isWindows) await rename(file, `${file}.old`);
    await rename(`${file}.new`, file);
  }

  /** Overwrites bytes in place; the size stays. */
  async function overwrite(file: string, offset: number, sizeBytes: number): Promise<void> {
    const handle = await open(file, 'r+');
    await handle.write(testBytes(0, sizeBytes, 77), 0, sizeBytes, offset);
    await handle.close();
  }

  /** Two parts are accepted, the file changes, another window uploads it: gives the parts sent. */
  async function changedBetweenRuns(
    change: (file: string) => Promise<void>,
  ): Promise<{ readonly sent: number[]; readonly uploadId: string }> {
    const file = await oldFile('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin');
    const { since, uploadId } = await interruptUpload(harness, request, [1, 3]);
    await change(file);
    const manager = harness.manager();
    await harness.uploadOne(manager, request);
    await manager.shutdown();
    await harness.assertNothingLeft();
    return { sent: harness.acceptedParts(since).sort((a, b) => a - b), uploadId };
  }

  async function assertRestarts(change: (file: string) => Promise<void>): Promise<void> {
    const { sent, uploadId } = await changedBetweenRuns(change);
    assert.deepEqual(sent, ALL_PARTS.slice(0, sent.length));
    assert.ok(sent.length >= 4);
    assert.deepEqual(noticeKinds(), ['sourceChanged']);
    assert.deepEqual(abortedUploads(), [uploadId]);
  }

  it('a file that has grown is sent from the first part, the old upload aborted', async () => {
    await assertRestarts((file) => appendFile(file, 'more'));
  });

  it('a file that has shrunk is sent from the first part, the old upload aborted', async () => {
    await assertRestarts((file) => truncate(file, 3 * PART_BYTES + 1));
  });

  it('a file of the same size with other content is sent from the first part', async () => {
    await assertRestarts((file) => writeTestFile(file, FILE_BYTES, 2));
  });

  it('content changed and the time restored: the bytes tell, never a mixed object', async () => {
    await assertRestarts((file) =>
      restoringTimes(file, () => overwrite(file, 2 * PART_BYTES + 8, 16)),
    );
  });

  it('only parts that were not sent yet changed, the time restored: the sent ones are kept', async () => {
    const { sent } = await changedBetweenRuns((file) =>
      restoringTimes(file, () => overwrite(file, PART_BYTES + 8, 16)),
    );
    assert.deepEqual(sent, [2, 4, 5]);
  });

  it('a change within the same second and the same millisecond is seen', async () => {
    await assertRestarts(async (file) => {
      const before = await stat(file, { bigint: true });
      await overwrite(file, 8, 8);
      await utimes(file, OLD_SECONDS, OLD_SECONDS + 1e-6);
      const { mtimeMs, mtimeNs } = await stat(file, { bigint: true });
      assert.equal(mtimeMs, before.mtimeMs);
      assert.notEqual(mtimeNs, before.mtimeNs);
    });
  });

  it('replaced by an identical copy with the same time: proven by its bytes, and goes on', async () => {
    const { sent } = await changedBetweenRuns(async (file) => {
      const { ino } = await stat(file);
      await restoringTimes(file, async () => {
        await copyFile(file, `${file}.copy`);
        await rename(`${file}.copy`, file);
      });
      assert.notEqual((await stat(file)).ino, ino);
    });
    assert.deepEqual(sent, [2, 4, 5]);
    assert.deepEqual(noticeKinds(), []);
  });

  it('what was proven once is recorded under the new identity', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin');
    await interruptUpload(harness, request, [1, 3]);
    await chmod(file, 0o400);
    const { since, checkpointFile } = await interruptUpload(harness, request, [1, 3, 4]);
    const content = readCheckpoint(await readFile(checkpointFile));
    assert.equal(content.state, 'valid');
    const now = fingerprintOf(await stat(file, { bigint: true }));
    assert.deepEqual(content.checkpoint.header.source, now);
    assert.equal(content.checkpoint.parts.size, 3);
    const manager = harness.manager();
    await harness.uploadOne(manager, request);
    await manager.shutdown();
    await harness.assertNothingLeft();
    assert.deepEqual(harness.acceptedParts(since).sort(), [2, 5]);
  });

  it('only touched, its time new: sent again, and right', async () => {
    await assertRestarts(async (file) => {
      const later = new Date(Date.now() + 5000);
      await utimes(file, later, later);
    });
  });

  it('only its attributes changed: proven by its bytes, and goes on', async () => {
    const { sent } = await changedBetweenRuns((file) => chmod(file, 0o400));
    assert.deepEqual(sent, [2, 4, 5]);
    assert.deepEqual(noticeKinds(), []);
  });

  /** Uploads; `change` is called while a part of the first upload is on its way. */
  async function changedDuringUpload(
    at: { readonly partNumber: number; readonly at: 'arrived' | 'carriedOut' },
    change: (file: string) => Promise<void>,
    options: { readonly parallel?: number } = {},
  ): Promise<{ readonly request: UploadRequest; readonly transfer: TransferSnapshot }> {
    const file = await oldFile('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin', { parallel: 1, ...options });
    const hold = harness.server.hold({ on: 'uploadPart', ...at });
    const manager = harness.manager();
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await change(file);
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    await manager.shutdown();
    await harness.assertNothingLeft();
    const [transfer] = transfers;
    assert.ok(transfer);
    return { request, transfer };
  }

  /** The first upload was aborted and never completed; the object is the file as it is now. */
  async function assertSentAgain(
    request: UploadRequest,
    transfer: TransferSnapshot,
  ): Promise<void> {
    assert.equal(transfer.error, undefined, transfer.error?.stack);
    assert.equal(transfer.state, 'completed');
    await harness.assertUploaded(request);
    const [first] = harness.operations('uploadPart');
    assert.deepEqual(abortedUploads(), [first?.uploadId]);
    const completed = harness.operations('completeMultipartUpload');
    assert.ok(completed.every(({ uploadId }) => uploadId !== first?.uploadId));
    assert.ok(noticeKinds().includes('sourceChanged'));
  }

  it('truncated during part 2: that upload is never completed, the short file is uploaded anew', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'arrived' },
      (file) => truncate(file, 2 * PART_BYTES + 77),
    );
    await assertSentAgain(request, transfer);
    assert.equal(transfer.sizeBytes, 2 * PART_BYTES + 77);
  });

  it('truncated to less than one part, and to nothing', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 3, at: 'carriedOut' },
      (file) => truncate(file, 0),
    );
    await assertSentAgain(request, transfer);
    assert.equal(harness.server.object(BUCKET, 'a.bin')?.sizeBytes, 0);
  });

  it('appended to during the upload: sent again as it is then', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      (file) => appendFile(file, 'a line of a log\n'),
    );
    await assertSentAgain(request, transfer);
  });

  it('a file that keeps changing fails after three restarts, and nothing of it is left', async () => {
    const file = await harness.file('a.log', FILE_BYTES);
    const request = harness.request(file, 'a.log', { parallel: 1 });
    const manager = harness.manager();
    const settling = harness.upload(manager, request);
    for (let run = 1; run <= 4; run++) {
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 2 });
      await hold.reached;
      await appendFile(file, 'x');
      hold.release();
    }
    const { transfers } = await settling;
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.kind, 'sourceChanged');
    assert.equal(transfers[0].error.sourcePath, file);
    assert.equal(harness.operations('initiateMultipartUpload').length, 4);
    assert.equal(abortedUploads().length, 4);
    assert.deepEqual(harness.operations('completeMultipartUpload'), []);
    assert.equal(harness.server.object(BUCKET, 'a.log'), undefined);
    await manager.discard([transfers[0].id]);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  for (const partNumber of [1, 4]) {
    const what = partNumber === 1 ? 'already sent' : 'not sent yet';
    it(`a part that is ${what} rewritten in place during part 2: seen before the completion`, async () => {
      const { request, transfer } = await changedDuringUpload(
        { partNumber: 2, at: 'carriedOut' },
        (file) => overwrite(file, (partNumber - 1) * PART_BYTES, 64),
      );
      await assertSentAgain(request, transfer);
    });
  }

  it('a change stops the workers at the next part, not after the last', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      (file) => overwrite(file, 8, 64),
    );
    await assertSentAgain(request, transfer);
    const [first] = harness.operations('uploadPart');
    const accepted = harness
      .operations('uploadPart')
      .filter((part) => part.uploadId === first?.uploadId && part.accepted)
      .map(({ partNumber }) => partNumber);
    assert.deepEqual(accepted, [1, 2]);
  });

  it('a part that is already sent rewritten in place, its time restored: seen before the completion', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      (file) => restoringTimes(file, () => overwrite(file, 8, 64)),
    );
    await assertSentAgain(request, transfer);
  });

  it('a part that is not sent yet rewritten in place, its time restored: the object is the file', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      (file) => restoringTimes(file, () => overwrite(file, 3 * PART_BYTES, 64)),
    );
    assert.equal(transfer.state, 'completed');
    await harness.assertUploaded(request);
  });

  it('replaced under its name during the upload, as editors save: the new file is uploaded', async () => {
    const { request, transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      (file) => replaceFile(file, FILE_BYTES + 5),
    );
    await assertSentAgain(request, transfer);
  });

  it('deleted during the upload: what was opened is uploaded whole', async () => {
    let before = '';
    const { transfer } = await changedDuringUpload(
      { partNumber: 2, at: 'carriedOut' },
      async (file) => {
        before = await sha256OfFile(file);
        await rm(file);
      },
    );
    assert.equal(transfer.state, 'completed');
    assert.equal(await harness.server.object(BUCKET, 'a.bin')?.sha256(), before);
  });

  describe('a file of one request', () => {
    /** Long enough that most of it is unread while the server holds the request. */
    const ONE_PART_BYTES = 6 * 1024 ** 2;

    async function changedDuringPut(change: (file: string) => Promise<void>): Promise<void> {
      const file = await oldFile('one.bin', ONE_PART_BYTES);
      const request = harness.request(file, 'one.bin', { partSizeBytes: ONE_PART_BYTES });
      const hold = harness.server.hold({ on: 'putObject' });
      const manager: TransferManager = harness.manager();
      const id = await harness.enqueue(manager, request);
      await hold.reached;
      await change(file);
      hold.release();
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.error, undefined, transfers[0]?.error?.stack);
      await harness.assertUploaded(request);
      await manager.shutdown();
      await harness.assertNothingLeft();
      assert.ok(noticeKinds().includes('sourceChanged'));
    }

    it('truncated while it is sent', () =>
      changedDuringPut((file) => truncate(file, ONE_PART_BYTES / 2)));

    it('appended to while it is sent', () => changedDuringPut((file) => appendFile(file, 'more')));

    it('rewritten in place while it is sent', () =>
      changedDuringPut((file) => overwrite(file, 8, 64)));

    it('rewritten in place while it is sent, its time restored', () =>
      changedDuringPut((file) => restoringTimes(file, () => overwrite(file, 8, 64))));

    it('replaced under its name while it is sent, as editors save', () =>
      changedDuringPut((file) => replaceFile(file, ONE_PART_BYTES)));
  });

  const sizes = [
    { name: '0', sizeBytes: 0, parts: 0 },
    { name: '1', sizeBytes: 1, parts: 0 },
    { name: 'P-1', sizeBytes: PART_BYTES - 1, parts: 0 },
    { name: 'P', sizeBytes: PART_BYTES, parts: 0 },
    { name: 'P+1', sizeBytes: PART_BYTES + 1, parts: 2 },
    { name: '2P', sizeBytes: 2 * PART_BYTES, parts: 2 },
    { name: '2P+1', sizeBytes: 2 * PART_BYTES + 1, parts: 3 },
  ];
  it('files of 0, 1, P-1 and P bytes are sent at once, P+1, 2P and 2P+1 in parts', async () => {
    const manager = harness.manager();
    for (const { name, sizeBytes, parts } of sizes) {
      const since = harness.server.operations.length;
      const request = harness.request(await harness.file(name, sizeBytes), name);
      const transfer = await harness.uploadOne(manager, request);
      assert.equal(harness.server.object(BUCKET, name)?.sizeBytes, sizeBytes);
      assert.equal(harness.acceptedParts(since).length, parts, name);
      const puts = harness.operations('putObject').filter(({ key }) => key === name);
      assert.equal(puts.length, parts === 0 ? 1 : 0, name);
      assert.equal(transfer.partsTotal, Math.max(1, parts));
    }
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('10,000 P stays, 10,000 P + 1 grows the part size, 20 GB of 5 GB parts are four', () => {
    const most = planParts(10_000 * PART_BYTES, PART_BYTES);
    assert.deepEqual([most.partCount, most.partSizeBytes], [10_000, PART_BYTES]);
    const grown = planParts(10_000 * PART_BYTES + 1, PART_BYTES);
    assert.ok(grown.partSizeBytes > PART_BYTES && grown.partCount <= 10_000);
    assert.equal(planParts(20 * 1024 ** 3, 5 * 1024 ** 3).partCount, 4);
  });

  it('a sparse file is uploaded with its holes as zeros', async () => {
    const file = path.join(harness.folder, 'sparse.bin');
    const handle = await open(file, 'w');
    await handle.write('end', 24 * 1024 ** 2);
    await handle.close();
    const manager = harness.manager();
    await harness.uploadOne(
      manager,
      harness.request(file, 'sparse.bin', { partSizeBytes: 4 * 1024 ** 2 }),
    );
    assert.equal(harness.acceptedParts().length, 7);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a file that shrinks while it waits for its turn is uploaded as it is then', async () => {
    const requests = await Promise.all(
      ['first.bin', 'second.bin'].map(async (name) =>
        harness.request(await harness.file(name, FILE_BYTES), name),
      ),
    );
    const hold = harness.server.hold({ on: 'initiateMultipartUpload', key: 'first.bin' });
    const manager = harness.manager({ limits: { concurrency: 1, maxBytesPerSecond: 0 } });
    const id = await harness.enqueue(manager, ...requests);
    await hold.reached;
    await truncate(requests[1]?.filePath ?? '', 1000);
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    assert.deepEqual(
      transfers.map(({ state, sizeBytes }) => [state, sizeBytes]),
      [
        ['completed', FILE_BYTES],
        ['completed', 1000],
      ],
    );
    for (const request of requests) await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a link in the place of a file or its folder after the search: what it leads to is not sent', async function () {
    if (!hasLinks) this.skip();
    const secret = await harness.file('other/secret.bin', FILE_BYTES);
    const chosen = path.join(harness.folder, 'chosen');
    for (const name of ['a.bin', 'small', 'deep/b.bin']) {
      await writeTestFile(path.join(chosen, name), name === 'small' ? 10 : FILE_BYTES);
    }
    const { files } = await scanFolder(chosen, {
      exclude: [],
      signal: new AbortController().signal,
    });
    for (const name of ['a.bin', 'small', 'deep']) {
      await rename(path.join(chosen, name), path.join(chosen, `${name}-away`));
    }
    await symlink(secret, path.join(chosen, 'a.bin'), 'file');
    await symlink(secret, path.join(chosen, 'small'), 'file');
    await symlink(path.join(chosen, 'deep-away'), path.join(chosen, 'deep'), 'junction');
    const manager = harness.manager();
    const requests = files.map((file) => ({
      ...harness.request(file.path, file.relativePath),
      realPath: file.realPath,
    }));
    const { id, transfers } = await harness.upload(manager, ...requests);
    assert.deepEqual(
      transfers.map(({ state, error }) => [state, error?.kind, error?.code]),
      requests.map(() => ['failed', 'sourceMissing', 'LeadsElsewhere']),
    );
    assert.deepEqual(harness.server.keys(BUCKET), []);
    await manager.discard([id]);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a range that ends early is an error, and never a short chunk', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const source = await SourceFile.open(file);
    try {
      await truncate(file, FILE_BYTES - 1);
      const { signal } = new AbortController();
      await assert.rejects(
        source.crc64(0, FILE_BYTES, new BufferPool(), signal),
        (error: unknown) => UploadError.is(error, 'sourceChanged'),
      );
    } finally {
      source.close();
    }
  });

  it('a resume sends all parts exactly once over all its runs', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin');
    for (const accepted of [[2], [2, 5], [1, 2, 4, 5]]) {
      await interruptUpload(harness, request, accepted);
    }
    const manager = harness.manager();
    await harness.uploadOne(manager, request);
    await manager.shutdown();
    await harness.assertNothingLeft();
    assert.deepEqual(new Set(harness.acceptedParts()), new Set(ALL_PARTS));
  });
});
