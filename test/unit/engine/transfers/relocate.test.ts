import { strict as assert } from 'node:assert';
import { rename } from 'node:fs/promises';
import type {
  TransferManager,
  TransferSnapshot,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import type { InterruptedUpload } from '../../../support/interruptedUpload.ts';
import { close } from '../../../support/reopenedWindow.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;

describe('a file that is gone, and is located', () => {
  let harness: EngineHarness;
  let request: UploadRequest;
  let interrupted: InterruptedUpload;
  beforeEach(async () => {
    harness = await EngineHarness.start();
    request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    interrupted = await interruptUpload(harness, request, [1, 3]);
  });
  afterEach(() => harness.close());

  const away = (): string => `${request.filePath}.away`;

  /** A window in which it has failed because its file is not there. */
  async function windowWithoutFile(): Promise<TransferManager> {
    await rename(request.filePath, away());
    const manager = harness.manager();
    await manager.refresh();
    await manager.resume([interrupted.batchId]);
    assert.equal((await settled(manager)).error?.kind, 'sourceMissing');
    return manager;
  }

  async function settled(manager: TransferManager): Promise<TransferSnapshot> {
    const { transfers } = await manager.whenSettled(interrupted.batchId);
    assert.equal(transfers.length, 1);
    assert.ok(transfers[0]);
    return transfers[0];
  }

  const sent = (): number[] => harness.acceptedParts(interrupted.since).sort((a, b) => a - b);

  it('in another place goes on from there, and only what is missing is sent', async () => {
    const manager = await windowWithoutFile();
    const { id } = await settled(manager);
    await manager.relocate(id, away());
    const { state } = await settled(manager);
    assert.equal(state, 'completed');
    assert.deepEqual(sent(), [2, 4, 5]);
    await harness.assertUploaded({ ...request, filePath: away() });
    await close(harness, manager);
  });

  it('in its old place, where it came back, goes on with what is there', async () => {
    const manager = await windowWithoutFile();
    const { id } = await settled(manager);
    await rename(away(), request.filePath);
    await manager.relocate(id, request.filePath);
    assert.equal((await settled(manager)).state, 'completed');
    assert.deepEqual(sent(), [2, 4, 5]);
    await harness.assertUploaded(request);
    await close(harness, manager);
  });

  it('in its old place keeps its own among the files of its batch', async () => {
    const names = ['b.bin', 'c.bin'];
    const files = await Promise.all(
      names.map(async (name) => harness.request(await harness.file(name, 10), name)),
    );
    const [first] = files;
    assert.ok(first);
    await rename(first.filePath, `${first.filePath}.away`);
    const manager = harness.manager();
    const batchId = await harness.enqueue(manager, ...files);
    const keys = async (): Promise<string[]> =>
      (await manager.whenSettled(batchId)).transfers.map(({ target }) => target.key);
    assert.deepEqual(await keys(), names);
    await rename(`${first.filePath}.away`, first.filePath);
    const [failed] = (await manager.whenSettled(batchId)).transfers;
    await manager.relocate(failed?.id ?? '', first.filePath);
    assert.deepEqual(await keys(), names);
    await harness.assertUploaded(first);
    await manager.refresh();
    await manager.discard([interrupted.batchId]);
    await close(harness, manager);
  });

  it('in its old place, and the window was closed then, has not failed in the next one', async () => {
    const manager = await windowWithoutFile();
    const { id } = await settled(manager);
    await rename(away(), request.filePath);
    const hold = harness.server.hold({ on: 'uploadPart', times: 3 });
    await manager.relocate(id, request.filePath);
    await hold.reached;
    await manager.shutdown();
    hold.release();
    const later = harness.manager();
    await later.refresh();
    assert.equal(later.snapshot().batches[0]?.transfers[0]?.state, 'interrupted');
    await later.discard([interrupted.batchId]);
    await close(harness, later);
  });

  it('in a place that has an upload of its own goes on with that, and loses neither', async () => {
    const other = { ...request, filePath: await harness.file('other.bin', FILE_BYTES) };
    const own = await interruptUpload(harness, other, [1, 2, 4]);
    assert.notEqual(own.uploadId, interrupted.uploadId);
    const manager = await windowWithoutFile();
    const { id } = await settled(manager);
    await manager.relocate(id, other.filePath);
    assert.equal((await settled(manager)).state, 'completed');
    const accepted = harness.acceptedParts(own.since).sort((a, b) => a - b);
    assert.deepEqual(accepted, [3, 5]);
    await harness.assertUploaded(other);
    const uploads = harness.server.uploads(BUCKET).map(({ uploadId }) => uploadId);
    assert.deepEqual(uploads, [interrupted.uploadId]);
    // What was sent of the file that is gone is there to be discarded.
    await manager.refresh();
    await manager.discard(manager.snapshot().batches.map((batch) => batch.id));
    await close(harness, manager);
  });
});
