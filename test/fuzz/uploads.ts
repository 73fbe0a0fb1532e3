/** Uploads that are answered falsely, and what must be true of them all the same. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TransferManager } from '../../src/engine/index.ts';
import type { TransferNotice, TransferSnapshot, UploadRequest } from '../../src/engine/index.ts';
import type { OperationName } from '../oss-server/operationNames.ts';
import { sha256OfFile, writeTestFile } from '../support/files.ts';
import type { FuzzResult } from './answers.ts';
import { isUndetectable, pick, playedBy } from './lies.ts';
import type { Random } from './lies.ts';
import { BUCKET, PART_BYTES, targetOf } from './place.ts';
import type { Place } from './place.ts';

/** Somebody who waits stops it then; a window that is closed stops it, too. */
const PATIENCE_MS = 1500;

/** What an upload asks OSS. */
export const UPLOAD_OPERATIONS = [
  'putObject',
  'headObject',
  'getObject',
  'initiateMultipartUpload',
  'uploadPart',
  'completeMultipartUpload',
  'abortMultipartUpload',
  'listParts',
  'listMultipartUploads',
] as const satisfies readonly OperationName[];

/** Plays one, and counts what it has shown. */
export async function playUpload(
  place: Place,
  number: number,
  random: Random,
  result: FuzzResult,
): Promise<void> {
  const { server } = place;
  const key = `run-${number}/file.bin`;
  const sizeBytes = pick(random, [0, 1000, PART_BYTES, 3 * PART_BYTES + 5, 5 * PART_BYTES]);
  const filePath = path.join(place.folder, 'source', `${number}.bin`);
  await writeTestFile(filePath, sizeBytes, number);
  if (random() < 0.15) await server.putObject(BUCKET, key, Buffer.from('what was there before'));
  const foreign = random() < 0.3 ? await place.foreignUpload(key) : undefined;
  const played = Array.from({ length: pick(random, [1, 1, 2, 3]) }, () =>
    playedBy(random, UPLOAD_OPERATIONS),
  ).filter((one) => !isUndetectable(one));
  server.faults.push(...played.map(({ fault }) => fault));

  const notices: TransferNotice[] = [];
  const stateDir = path.join(place.folder, `state-${number}`);
  const open = (): TransferManager => {
    const manager = place.window(stateDir, random);
    manager.onNotice((notice) => notices.push(notice));
    return manager;
  };
  const request: UploadRequest = {
    filePath,
    target: targetOf(key),
    options: {
      partSizeBytes: PART_BYTES,
      parallel: pick(random, [1, 3]),
      forbidOverwrite: random() < 0.3,
      object: {},
    },
  };
  const say = (what: string): void => {
    const faults = played.map(({ fault }) => JSON.stringify(fault).slice(0, 600)).join('\n    ');
    result.findings.push(`run ${number}: ${what}\n    ${faults}`);
  };
  let manager = open();
  let state: TransferSnapshot['state'] | 'gone' = 'gone';
  try {
    const { batchId } = await manager.enqueue({
      label: 'fuzz',
      workspacePath: '',
      requests: [request],
    });
    if (batchId === undefined) throw new Error('nobody else holds it');
    await settled(manager, batchId);
    if (random() < 0.2) {
      await manager.shutdown();
      manager = open();
      await manager.refresh();
    }
    const now = (): TransferSnapshot | undefined =>
      manager
        .snapshot()
        .batches.flatMap(({ transfers }) => transfers)
        .find(({ target }) => target.key === key);
    if (random() < 0.3) server.faults.length = 0;
    const stuck = now();
    if (stuck !== undefined && stuck.state !== 'completed' && random() < 0.5) {
      await manager.resume([stuck.batchId]);
      await settled(manager, stuck.batchId);
    }
    if (now()?.error?.kind === 'internal') {
      result.throws++;
      say(`internal: ${now()?.error?.stack ?? ''}`);
    }
    const left = now();
    state = left?.state ?? 'gone';
    if (left !== undefined && left.state !== 'completed') {
      await manager.discard([left.id]);
      state = now()?.state ?? 'gone';
    }
    const isCompleted = state === 'completed' || (left === undefined && state === 'gone');
    if (isCompleted) {
      const object = server.object(BUCKET, key);
      if ((await object?.sha256()) !== (await sha256OfFile(filePath))) {
        result.falseCompletions++;
        say('completed, and the object is another or none');
      }
    }
  } catch (error) {
    result.throws++;
    say(`threw ${String(error)}`);
  } finally {
    await manager.shutdown();
  }
  await place.quieten();
  const uploads = server.uploads(BUCKET).filter((upload) => upload.key === key);
  const isThere = uploads.some(({ uploadId }) => uploadId === foreign);
  if (foreign !== undefined && !(isThere && server.parts(foreign).length === 2)) {
    result.foreignUploadsTouched++;
    say('the upload of another computer was touched');
  }
  const ours = uploads.filter(({ uploadId }) => uploadId !== foreign);
  const isSaid = notices.some(({ kind }) => (kind as string) === 'partsLeft');
  const isListed = state !== 'gone' && state !== 'completed';
  if (ours.length > 0 && !isListed && !isSaid) {
    result.partsLeftUnsaid++;
    say(`${ours.length} uploads of ours are left, and nobody was told; it is ${state}`);
  }
  for (const { operation } of played) {
    const row = result.uploads.get(operation);
    if (row === undefined) continue;
    row.runs++;
    if (state === 'completed') row.completed++;
    else if (state === 'gone') row.discarded++;
    else row.waiting++;
  }
  for (const { uploadId } of uploads) server.abortUpload(uploadId);
  server.deleteObject(BUCKET, key);
  await rm(stateDir, { recursive: true, force: true });
  await rm(filePath, { force: true });
}

/** Waits for the end, and stops it when that takes too long for somebody who waits. */
export async function settled(manager: TransferManager, batchId: string): Promise<void> {
  const over = manager.whenSettled(batchId);
  const patience = new AbortController();
  const impatient = delay(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'over');
  if ((await Promise.race([over, impatient])) === 'late') {
    await manager.pause([batchId]);
    await over;
  }
  patience.abort();
}
