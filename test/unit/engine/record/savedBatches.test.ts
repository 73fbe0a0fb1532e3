import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { UploadRequest } from '../../../../src/engine/index.ts';
import { BATCH } from '../../../../src/engine/record/batchRecord.ts';
import { JournalText } from '../../../../src/engine/record/journalStore.ts';
import { acquireLease } from '../../../../src/engine/record/lease.ts';
import { EngineHarness, PART_BYTES, hastyClock } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import type { InterruptedUpload } from '../../../support/interruptedUpload.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;

describe('a file that an unfinished batch has finished, and that was begun again in another', () => {
  let harness: EngineHarness;
  let request: UploadRequest;
  let folderBatchId: string;
  beforeEach(async () => {
    harness = await EngineHarness.start();
    request = harness.request(await harness.file('f.bin', FILE_BYTES), 'f.bin');
    const refused = harness.request(await harness.file('g.bin', 1000), 'g.bin');
    const answer = { status: 403, code: 'AccessDenied' };
    harness.server.faults.push({ on: 'putObject', key: 'g.bin', do: { answer } });
    const manager = harness.manager();
    const { id, transfers } = await harness.upload(manager, request, refused);
    assert.deepEqual(
      transfers.map(({ state }) => state),
      ['completed', 'failed'],
    );
    folderBatchId = id;
    await manager.shutdown();
    await harness.file('f.bin', FILE_BYTES, 2);
  });
  afterEach(() => harness.close());

  const begunAgain = (): Promise<InterruptedUpload> => interruptUpload(harness, request, [1, 3]);

  it('has its parts after a restart, and only the others are sent', async () => {
    const { batchId, since } = await begunAgain();
    const manager = harness.manager();
    await manager.refresh();
    await manager.refresh();
    const batch = manager.snapshot().batches.find(({ id }) => id === batchId);
    assert.equal(batch?.transfers[0]?.partsDone, 2);
    await manager.resume([batchId]);
    const { transfers } = await manager.whenSettled(batchId);
    assert.equal(transfers[0]?.state, 'completed');
    const sent = harness.acceptedParts(since).sort((a, b) => a - b);
    assert.deepEqual(sent, [2, 4, 5]);
    await harness.assertUploaded(request);
    await manager.discard([folderBatchId]);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('keeps its record while one window sends it and others read the folder', async () => {
    const [first, second] = [harness.manager(), harness.manager()];
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 5 });
    const batchId = await harness.enqueue(first, request);
    await hold.reached;
    const name = (await harness.stateFiles()).find((file) => file.endsWith('.jsonl'));
    assert.ok(name);
    await second.refresh();
    assert.ok((await harness.stateFiles()).includes(name));
    hold.release();
    await first.whenSettled(batchId);
    await first.discard([folderBatchId]);
    await first.shutdown();
    await second.shutdown();
    await harness.assertNothingLeft();
  });

  it('keeps its record while the batch that it was begun in cannot be read', async () => {
    const { batchFile, checkpointFile } = await begunAgain();
    const header = { version: BATCH.version + 1, label: 'newer' };
    await writeFile(batchFile, new JournalText(BATCH, header).headerLine);
    const manager = harness.manager();
    await manager.refresh();
    assert.ok(existsSync(checkpointFile));
    await manager.shutdown();
  });

  it('is tidied up where no batch names its record, and nobody is at it', async () => {
    const { batchFile, checkpointFile } = await begunAgain();
    await rm(batchFile);
    const { signal } = new AbortController();
    const leaseFile = checkpointFile.replace('.jsonl', '.lease');
    const lease = await acquireLease(leaseFile, hastyClock, signal);
    const manager = harness.manager();
    await manager.refresh();
    assert.ok(existsSync(checkpointFile));
    await lease.release();
    await manager.refresh();
    assert.ok(!existsSync(checkpointFile));
    await manager.shutdown();
  });
});
