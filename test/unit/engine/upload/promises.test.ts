import { strict as assert } from 'node:assert';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { writeTestFile } from '../../../support/files.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;

describe('the five promises of a resumable upload', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  it('1. a failed part does not lose the others: the next run goes on from the recorded point', async () => {
    const file = await harness.file('video.mp4', FILE_BYTES);
    const request = harness.request(file, 'folder/video.mp4', { parallel: 1 });
    const denied = {
      on: 'uploadPart' as const,
      partNumber: 3,
      do: { answer: { status: 403, code: 'AccessDenied' } },
    };
    harness.server.faults.push(denied);
    const first = harness.manager();
    const { transfers } = await harness.upload(first, request);
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.code, 'AccessDenied');
    assert.ok(transfers[0].error.requestId);
    assert.deepEqual(harness.acceptedParts(), [1, 2]);
    await first.shutdown();

    harness.server.faults.length = 0;
    const second = harness.manager();
    await second.refresh();
    const [batch] = second.snapshot().batches;
    assert.equal(batch?.transfers[0]?.state, 'failed');
    assert.equal(batch.transfers[0].error?.requestId, transfers[0].error.requestId);
    assert.equal(batch.transfers[0].confirmedBytes, 2 * PART_BYTES);
    const before = harness.server.operations.length;
    await second.resume([batch.id]);
    const settled = await second.whenSettled(batch.id);
    assert.equal(settled.transfers[0]?.state, 'completed');
    assert.deepEqual(harness.acceptedParts(before), [3, 4, 5]);
    await harness.assertUploaded(request);
    await second.shutdown();
    await harness.assertNothingLeft();
  });

  it('2. the checkpoint is deleted when the upload is complete', async () => {
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'completeMultipartUpload' });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    const during = await harness.stateFiles();
    assert.equal(during.filter((name) => name.endsWith('.jsonl')).length, 1);
    hold.release();
    await manager.whenSettled(id);
    await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('3. when the checkpoint cannot be written, the user is told and the file is uploaded', async () => {
    await writeFile(harness.stateDir, 'a file where the folder should be');
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const manager = harness.manager();
    await harness.uploadOne(manager, request);
    assert.ok(harness.notices.some(({ kind }) => kind === 'notResumable'));
  });

  it('4. a damaged checkpoint is not trusted: all parts are sent again', async () => {
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 4 });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await manager.pause([id]);
    hold.release();
    await manager.shutdown();
    const [name = ''] = (await readdir(harness.stateDir)).filter((file) => file.endsWith('.jsonl'));
    const checkpoint = path.join(harness.stateDir, name);
    const text = await readFile(checkpoint, 'utf8');
    await writeFile(checkpoint, text.replace(/"partSizeBytes":\d+/, '"partSizeBytes":204800'));

    const before = harness.server.operations.length;
    const second = harness.manager();
    await harness.uploadOne(second, request);
    assert.deepEqual(harness.acceptedParts(before).sort(), [1, 2, 3, 4, 5]);
    assert.ok(harness.notices.some(({ kind }) => kind === 'checkpointDamaged'));
    await second.shutdown();
    await harness.assertNothingLeft();
  });

  it('5. a file that changed between two runs is sent again from the first part', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin');
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 4 });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await manager.pause([id]);
    hold.release();
    await manager.shutdown();
    await writeTestFile(file, FILE_BYTES, 2);

    const before = harness.server.operations.length;
    const second = harness.manager();
    await harness.uploadOne(second, request);
    assert.deepEqual(harness.acceptedParts(before).sort(), [1, 2, 3, 4, 5]);
    assert.ok(harness.notices.some(({ kind }) => kind === 'sourceChanged'));
    await second.shutdown();
    await harness.assertNothingLeft();
  });

  it('5. a file that changed during the upload is sent again from the first part', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin');
    const manager = harness.manager();
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3, at: 'carriedOut' });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await appendFile(file, 'one more line');
    hold.release();
    const settled = await manager.whenSettled(id);
    assert.equal(settled.transfers[0]?.state, 'completed');
    assert.ok(harness.notices.some(({ kind }) => kind === 'sourceChanged'));
    await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });
});
