import { strict as assert } from 'node:assert';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TransferManager, UploadRequest } from '../../src/engine/index.ts';
import type { TransferManagerOptions } from '../../src/engine/transfers/transferManager.ts';
import type { EngineHarness } from './engineHarness.ts';
import type { OperationRecord } from '../oss-server/operationsLog.ts';

/** What an earlier window has left of one upload. */
export interface InterruptedUpload {
  readonly uploadId: string;
  readonly batchId: string;
  /** Operations of the server until then. */
  readonly since: number;
  readonly checkpointFile: string;
  readonly batchFile: string;
}

/**
 * Uploads a file until exactly these parts are accepted and recorded, and closes the window. The
 * other parts have begun and are not on the server.
 */
export async function interruptUpload(
  harness: EngineHarness,
  request: UploadRequest,
  accepted: readonly number[],
  options: Partial<TransferManagerOptions> = {},
): Promise<InterruptedUpload> {
  const { server } = harness;
  const { bucket, key } = request.target;
  const { partSizeBytes } = request.options;
  const { size } = await stat(request.filePath);
  const partCount = Math.ceil(size / partSizeBytes);
  const numbers = Array.from({ length: partCount }, (_, index) => index + 1);
  const heldNumbers = numbers.filter((number) => !accepted.includes(number));
  const start = server.operations.length;
  const before = new Set(server.uploads(bucket).map(({ uploadId }) => uploadId));
  const holds = heldNumbers.map((partNumber) =>
    server.hold({ on: 'uploadPart', bucket, key, partNumber }),
  );
  const manager = harness.manager({
    limits: { concurrency: partCount, maxBytesPerSecond: 0 },
    ...options,
  });
  const allAtOnce = { ...request, options: { ...request.options, parallel: partCount } };
  const { batchId } = await manager.enqueue({
    label: path.basename(request.filePath),
    workspacePath: '',
    requests: [allAtOnce],
  });
  assert.ok(batchId !== undefined);
  await Promise.all(holds.map(({ reached }) => reached));
  await whenSnapshot(manager, () => partsDoneOf(manager, batchId) === accepted.length);
  await manager.pause([batchId]);
  holds.forEach((hold) => {
    hold.release();
  });
  await manager.shutdown();
  // A body that had left before the pause may still be accepted: it is taken back.
  const isHeld = ({ operation, key: ofKey, partNumber }: OperationRecord): boolean =>
    operation === 'uploadPart' && ofKey === key && heldNumbers.includes(partNumber ?? 0);
  await server.waitFor(
    (records) => records.slice(start).filter(isHeld).length === heldNumbers.length,
  );
  const uploads = server.uploads(bucket).filter((upload) => upload.key === key);
  // An upload that it went on with was there before.
  const uploadId = (uploads.find((upload) => !before.has(upload.uploadId)) ?? uploads[0])?.uploadId;
  assert.ok(uploadId);
  heldNumbers.forEach((partNumber) => {
    server.forgetPart(uploadId, partNumber);
  });
  const names = await harness.stateFiles();
  const checkpoints = await Promise.all(
    names
      .filter((name) => name.endsWith('.jsonl'))
      .map(async (name) => ({
        name,
        text: await readFile(path.join(harness.stateDir, name), 'utf8'),
      })),
  );
  const checkpoint = checkpoints.find(({ text }) => text.includes(`"${uploadId}"`));
  return {
    uploadId,
    batchId,
    since: server.operations.length,
    checkpointFile: path.join(harness.stateDir, checkpoint?.name ?? ''),
    batchFile: path.join(harness.stateDir, `${batchId}.batch`),
  };
}

/** Resolves as soon as the snapshot is as wanted, which may be at once. */
export async function whenSnapshot(
  manager: TransferManager,
  isMet: (snapshot: ReturnType<TransferManager['snapshot']>) => boolean,
): Promise<void> {
  if (isMet(manager.snapshot())) return;
  await new Promise<void>((resolve) => {
    const subscription = manager.onDidChange(() => {
      if (!isMet(manager.snapshot())) return;
      subscription.dispose();
      resolve();
    });
  });
}

function partsDoneOf(manager: TransferManager, batchId: string): number {
  const batch = manager.snapshot().batches.find(({ id }) => id === batchId);
  return batch?.transfers[0]?.partsDone ?? 0;
}
