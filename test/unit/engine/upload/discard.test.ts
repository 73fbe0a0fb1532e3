import { strict as assert } from 'node:assert';
import type { SettledBatch, TransferManager, UploadRequest } from '../../../../src/engine/index.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import { close, reopen } from '../../../support/reopenedWindow.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;

describe('a discard of what OSS is completing', () => {
  let harness: EngineHarness;
  let request: UploadRequest;
  let told: string[];
  beforeEach(async () => {
    harness = await EngineHarness.start();
    request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    told = [];
  });
  afterEach(() => harness.close());

  function listen(manager: TransferManager): TransferManager {
    manager.onDidEnd(({ transfer }) => told.push(`ended ${transfer.state}`));
    manager.onDidSettle(({ ended }: SettledBatch) => {
      told.push(`settled ${Array.from(ended.all(), ({ state }) => state).join()}`);
    });
    return manager;
  }

  const statesOf = (manager: TransferManager): string[] =>
    manager.snapshot().batches.flatMap(({ transfers }) => transfers.map(({ state }) => state));

  it('tells an object that is there as completed, and leaves nothing else', async () => {
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
    const manager = listen(harness.manager());
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await manager.discard([id]);
    assert.deepEqual(statesOf(manager), ['completed']);
    assert.deepEqual(told.slice(-2), ['ended completed', 'settled completed']);
    await harness.assertUploaded(request);
    const [transfer] = manager.snapshot().batches[0]?.transfers ?? [];
    assert.equal(transfer?.confirmedBytes, FILE_BYTES);
    assert.ok(transfer.result?.crc64 !== undefined);
    hold.release();
    await close(harness, manager);
  });

  it('does so after a restart, too', async () => {
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
    const before = harness.manager();
    await harness.enqueue(before, request);
    await hold.reached;
    await before.shutdown();
    hold.release();
    const { manager, batchId } = await reopen(harness);
    listen(manager);
    await manager.discard([batchId]);
    assert.deepEqual(statesOf(manager), ['completed']);
    assert.deepEqual(told, ['ended completed', 'settled completed']);
    await harness.assertUploaded(request);
    await close(harness, manager);
  });

  it('removes all parts where they were not combined, and leaves an older object', async () => {
    await harness.server.putObject(BUCKET, 'a.bin', Buffer.from('older'));
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'received' });
    const manager = listen(harness.manager());
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    await manager.discard([id]);
    assert.deepEqual(statesOf(manager), []);
    hold.release();
    await close(harness, manager);
    assert.equal(harness.server.object(BUCKET, 'a.bin')?.sizeBytes, 5);
  });

  it('ends where the bucket is gone meanwhile', async () => {
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'received' });
    const manager = listen(harness.manager());
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    harness.server.deleteBucket(BUCKET);
    await manager.discard([id]);
    assert.deepEqual(statesOf(manager), []);
    hold.release();
    await close(harness, manager);
  });

  it('looks for no object where OSS lacks a part of it', async () => {
    const { batchId, since } = await interruptUpload(harness, request, [1, 2, 3, 4]);
    const manager = listen(harness.manager());
    await manager.refresh();
    await manager.discard([batchId]);
    assert.deepEqual(statesOf(manager), []);
    const looks = harness.server.operations.slice(since).map(({ operation }) => operation);
    assert.ok(looks.includes('abortMultipartUpload') && !looks.includes('headObject'));
    await close(harness, manager);
  });

  it('stays in the list until it is known what became of it', async () => {
    const hold = harness.server.hold({ on: 'completeMultipartUpload', at: 'carriedOut' });
    const manager = listen(harness.manager());
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    const answer = { status: 400, code: 'InvalidArgument' };
    harness.server.faults.push({ on: 'headObject', do: { answer } });
    await manager.discard([id]);
    assert.deepEqual(statesOf(manager), ['discarding']);
    harness.server.faults.length = 0;
    await manager.discard([id]);
    assert.deepEqual(statesOf(manager), ['completed']);
    hold.release();
    await close(harness, manager);
  });

  it('of many stops each of them at once, not when its turn has come', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `${n}.bin`);
    const { server } = harness;
    const parts = names.map((key) => server.hold({ on: 'uploadPart', key }));
    const aborts = server.hold({ on: 'abortMultipartUpload', times: names.length });
    const manager = harness.manager({ limits: { concurrency: 32, maxBytesPerSecond: 0 } });
    const requests = await Promise.all(
      names.map(async (name) =>
        harness.request(await harness.file(name, FILE_BYTES), name, { parallel: 1 }),
      ),
    );
    const id = await harness.enqueue(manager, ...requests);
    await Promise.all(parts.map(({ reached }) => reached));
    const discarded = manager.discard([id]);
    await aborts.reached;
    for (const part of parts) part.release();
    aborts.release();
    await discarded;
    const numbers = harness.operations('uploadPart').map(({ partNumber }) => partNumber);
    assert.deepEqual(new Set(numbers), new Set([1]));
    await close(harness, manager);
  });
});
