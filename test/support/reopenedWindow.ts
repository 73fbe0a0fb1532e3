import { strict as assert } from 'node:assert';
import type { TransferManager, UploadRequest } from '../../src/engine/index.ts';
import type { EngineHarness } from './engineHarness.ts';
import type { Fault } from '../oss-server/faults.ts';

/**
 * Uploads a file until that part is about to be sent, and closes the window. Parts before it are
 * accepted when `request` sends one part at a time. Returns the upload id that is left.
 */
export async function interruptAtPart(
  harness: EngineHarness,
  request: UploadRequest,
  partNumber: number,
): Promise<string> {
  const { faults } = harness.server;
  const silence: Fault = { on: 'uploadPart', partNumber, do: { neverAnswer: true } };
  faults.push(silence);
  const since = harness.server.operations.length;
  const manager = harness.manager();
  const id = await harness.enqueue(manager, request);
  await harness.server.waitFor((all) =>
    all.slice(since).some((record) => record.partNumber === partNumber),
  );
  await manager.pause([id]);
  await manager.shutdown();
  faults.splice(faults.indexOf(silence), 1);
  const { bucket, key } = request.target;
  const left = harness.server.uploads(bucket).find((upload) => upload.key === key);
  assert.ok(left);
  return left.uploadId;
}

/** A new window that has read the folder; resolves with it and the id of the only batch. */
export async function reopen(
  harness: EngineHarness,
): Promise<{ readonly manager: TransferManager; readonly batchId: string }> {
  const manager = harness.manager();
  await manager.refresh();
  const { batches } = manager.snapshot();
  assert.equal(batches.length, 1);
  return { manager, batchId: batches[0]?.id ?? '' };
}

/** Goes on with the only upload that is left, and asserts that it got there. */
export async function resumeToEnd(harness: EngineHarness, request: UploadRequest): Promise<void> {
  const { manager, batchId } = await reopen(harness);
  await manager.resume([batchId]);
  const { transfers } = await manager.whenSettled(batchId);
  assert.equal(transfers[0]?.error, undefined, transfers[0]?.error?.stack);
  assert.equal(transfers[0]?.state, 'completed');
  await harness.assertUploaded(request);
  await close(harness, manager);
}

/** Closes a window that has finished everything, and asserts that nothing is left of it. */
export async function close(harness: EngineHarness, manager: TransferManager): Promise<void> {
  await manager.shutdown();
  await harness.assertNothingLeft();
}
