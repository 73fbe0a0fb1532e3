import { strict as assert } from 'node:assert';
import { constants } from 'node:fs';
import { chmod, open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../../../src/engine/base/clock.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { isWindows, writeTestFile } from '../../../support/files.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';

const FILE_BYTES = 2 * PART_BYTES + 12_345;
/** Opens a file for nobody else. libuv has it for Windows, and Node hands it through without a name. */
const EXCLUSIVELY = 0x10000000;

describe('files as Windows has them', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  it('with a path of more than 260 characters are uploaded and resumed, and so are their records', async () => {
    const deep = path.join(harness.folder, ...Array.from({ length: 12 }, () => 'd'.repeat(30)));
    const file = path.join(deep, 'a.bin');
    assert.ok(file.length > 380);
    await writeTestFile(file, FILE_BYTES);
    const options = { stateDir: path.join(deep, 'checkpoints') };
    const manager = harness.manager(options);
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
    const id = await harness.enqueue(manager, harness.request(file, 'a.bin', { parallel: 1 }));
    await hold.reached;
    await manager.pause([id]);
    await manager.shutdown();
    hold.release();

    const since = harness.server.operations.length;
    const next = harness.manager(options);
    await next.refresh();
    await next.resume([id]);
    const { transfers } = await next.whenSettled(id);
    assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
    await harness.assertUploaded(harness.request(file, 'a.bin'));
    assert.ok(harness.acceptedParts(since).every((partNumber) => partNumber === 3));
    await next.shutdown();
  });

  it('that may only be read are uploaded, and records that may only be read are gone in the end', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    await chmod(file, 0o444);
    const request = harness.request(file, 'a.bin');
    const { batchFile, since } = await interruptUpload(harness, request, [1, 2]);
    await chmod(batchFile, 0o444);
    const manager = harness.manager();
    await harness.uploadOne(manager, request);
    assert.deepEqual(harness.acceptedParts(since), [3]);
    assert.equal((await stat(file)).size, FILE_BYTES);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  // Other systems have no such locks.
  if (!isWindows) return;

  it('that another program has locked fail without a request, and are uploaded when they are free', async () => {
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const lock = await open(request.filePath, constants.O_RDWR | EXCLUSIVELY);
    const manager = harness.manager();
    const { id, transfers } = await harness.upload(manager, request);
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.kind, 'sourceUnreadable');
    assert.equal(transfers[0].error.code, 'EBUSY');
    assert.deepEqual(harness.server.operations, []);

    await lock.close();
    await manager.resume([id]);
    await manager.whenSettled(id);
    await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('whose record is locked for a moment, as by a virus scanner, are resumed', async () => {
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const { checkpointFile, since } = await interruptUpload(harness, request, [1, 2]);
    let lock: FileHandle | undefined = await open(checkpointFile, constants.O_RDWR | EXCLUSIVELY);
    setTimeout(() => {
      void lock?.close();
      lock = undefined;
    }, 100);
    // The lock goes by the time of the computer.
    const manager = harness.manager({ clock: systemClock });
    await harness.uploadOne(manager, request);
    assert.equal(lock, undefined, 'it was read before it was free');
    assert.deepEqual(harness.acceptedParts(since), [3]);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('with names that differ only in their case are one file, and one upload', async () => {
    const request = harness.request(await harness.file('Photo.bin', FILE_BYTES), 'a.bin');
    const { since } = await interruptUpload(harness, request, [1, 2]);
    const manager = harness.manager();
    await harness.uploadOne(manager, { ...request, filePath: request.filePath.toUpperCase() });
    assert.deepEqual(harness.acceptedParts(since), [3]);
    assert.deepEqual(harness.server.keys(BUCKET), ['a.bin']);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });
});
