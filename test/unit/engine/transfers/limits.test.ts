import { strict as assert } from 'node:assert';
import { open } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { Crc64 } from '../../../../src/engine/base/crc64.ts';
import { UploadError } from '../../../../src/engine/index.ts';
import type {
  InitiatedUpload,
  ObjectStore,
  PartReceipt,
  StoredObject,
} from '../../../../src/engine/index.ts';
import { expectedObject } from '../../../../src/engine/upload/integrity.ts';
import { planParts } from '../../../../src/engine/file/partPlan.ts';
import { EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { close } from '../../../support/reopenedWindow.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const MB = 1_000_000;

/** Memory and CPU are measured by bench; the limiter alone is in rateLimiter.test.ts. */
describe('limits', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  it('78.125 GiB are 10,000 parts of 8 MiB; a byte more grows them a little, not twice', () => {
    const full = planParts(10_000 * 8 * MIB, 8 * MIB);
    assert.deepEqual([full.partSizeBytes, full.partCount], [8 * MIB, 10_000]);
    const more = planParts(10_000 * 8 * MIB + 1, 8 * MIB);
    assert.ok(more.partCount <= 10_000 && more.partCount > 9_990, `${more.partCount} parts`);
    assert.ok(more.partSizeBytes <= 8 * MIB + 4096);
  });

  it('48.8 TB are 10,000 parts of 5 GiB at most; more is refused', () => {
    const most = planParts(10_000 * 5 * GIB, 8 * MIB);
    assert.deepEqual([most.partSizeBytes, most.partCount], [5 * GIB, 10_000]);
    assert.throws(
      () => planParts(10_000 * 5 * GIB + 1, 8 * MIB),
      (error) => UploadError.is(error, 'invalidArgument') && error.field === 'filePath',
    );
  });

  it('one request up to the part size, parts from one byte more', async () => {
    const manager = harness.manager();
    for (const [sizeBytes, puts, parts] of [
      [0, 1, 0],
      [PART_BYTES - 1, 1, 0],
      [PART_BYTES, 1, 0],
      [PART_BYTES + 1, 0, 2],
      [2 * PART_BYTES, 0, 2],
    ] as const) {
      const name = `${sizeBytes}.bin`;
      const before = harness.server.operations.length;
      await harness.uploadOne(
        manager,
        harness.request(await harness.file(name, sizeBytes), name, {}),
      );
      const since = harness.server.operations.slice(before);
      assert.equal(since.filter(({ operation }) => operation === 'putObject').length, puts);
      assert.equal(since.filter(({ operation }) => operation === 'uploadPart').length, parts);
    }
    await close(harness, manager);
  });

  it('the limit holds over all files of a window, and can be taken away while they are sent', async () => {
    // Time passes only where somebody waits for it, and that is the limiter alone.
    const clock = new VirtualClock();
    const limits = { concurrency: 4, maxBytesPerSecond: 4 * MB };
    const manager = harness.manager({ clock, limits });
    const requests = await Promise.all(
      ['a', 'b'].map(async (name) =>
        harness.request(await harness.file(name, 20 * MB), name, {
          partSizeBytes: MB,
          parallel: 4,
        }),
      ),
    );
    const startMs = clock.now();
    clock.run();
    const batchId = await harness.enqueue(manager, ...requests);
    const accepted = (): number =>
      harness.operations('uploadPart').reduce((sum, { bytes }) => sum + bytes, 0);
    await harness.server.waitFor(() => accepted() >= 6 * MB);
    const seconds = (clock.now() - startMs) / 1000;
    const sentBytes = accepted();
    // Parts of up to four lanes are under way and not counted yet.
    assert.ok(sentBytes / seconds <= 4 * MB * 1.1, `${sentBytes} bytes in ${seconds} s`);
    manager.setLimits({ concurrency: 4, maxBytesPerSecond: 0 });
    const limitedMs = clock.now();
    await manager.whenSettled(batchId);
    clock.stop();
    assert.equal(clock.now(), limitedMs, 'nobody waits any more');
    await Promise.all(requests.map((request) => harness.assertUploaded(request)));
    await close(harness, manager);
  });

  it('the traffic limit of OSS is kept within its range', async () => {
    const file = await harness.file('a.bin', 1000);
    const manager = harness.manager();
    for (const trafficLimitBitsPerSecond of [819_199, 838_860_801, 1_000_000.5]) {
      const request = harness.request(file, 'a.bin', { object: { trafficLimitBitsPerSecond } });
      await assert.rejects(
        harness.upload(manager, request),
        (error) =>
          UploadError.is(error, 'invalidArgument') && error.field === 'trafficLimitBitsPerSecond',
      );
    }
    assert.equal(harness.server.operations.length, 0);
  });

  // How late the event loop is gets measured in the bench.
  it('3,000 parts as fast as they go: few changes are told', async () => {
    const partCount = 3000;
    const file = await harness.file('a.bin', 0);
    const handle = await open(file, 'r+');
    await handle.truncate(partCount * PART_BYTES);
    await handle.close();
    const clock = new VirtualClock();
    // Each part takes a millisecond.
    const store = memoryStore(() => {
      clock.advance(1);
    });
    const manager = harness.manager({ clock, openStore: () => Promise.resolve(store) });
    let changes = 0;
    manager.onDidChange(() => {
      // What a user interface does with it.
      manager.snapshot();
      changes++;
    });
    const request = harness.request(file, 'a.bin', { parallel: 6 });
    const { transfers } = await harness.upload(manager, request);
    assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
    // Each wait for a lane is no new state: 4 times in each of 3 seconds, and a few states.
    assert.ok(changes >= 10 && changes <= 20, `${changes} changes`);
    await manager.shutdown();
    assert.deepEqual(await harness.stateFiles(), []);
  });
});

/** A store that computes checksums and keeps nothing. */
function memoryStore(onPart: () => void): ObjectStore {
  const parts = new Map<number, { crc64: bigint; sizeBytes: number }>();
  const uploadPart: ObjectStore['uploadPart'] = async (
    _key,
    _uploadId,
    partNumber,
    body,
  ): Promise<PartReceipt> => {
    const crc = new Crc64();
    for await (const chunk of body.chunks) crc.update(chunk);
    await turn();
    onPart();
    parts.set(partNumber, { crc64: crc.digest(), sizeBytes: body.sizeBytes });
    return { etag: `"${partNumber}"`, crc64: crc.digest() };
  };
  const completeMultipartUpload = (): Promise<StoredObject> => {
    const inOrder = [...parts].sort(([left], [right]) => left - right).map(([, part]) => part);
    return Promise.resolve({ etag: '"object"', crc64: expectedObject(inOrder).crc64 });
  };
  const initiateMultipartUpload = (): Promise<InitiatedUpload> =>
    Promise.resolve({ uploadId: 'id', requestId: 'request' });
  const store: Partial<ObjectStore> = {
    initiateMultipartUpload,
    uploadPart,
    completeMultipartUpload,
  };
  return store as ObjectStore;
}
