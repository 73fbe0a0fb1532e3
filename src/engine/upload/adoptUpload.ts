import { stat } from 'node:fs/promises';
import { systemClock } from '../base/clock';
import { checkpointId, checkpointsIn } from '../record/checkpoint';
import { RecordFolder } from '../record/recordFolder';
import { UploadError } from '../contract/errors';
import { fingerprintOf } from '../file/fingerprint';
import type { ListedPart, OpenStore } from '../contract/ports';
import type { UploadRequest } from '../contract/transfers';
import { MIN_PART_SIZE_BYTES } from '../contract/ossLimits';
import { validateRequest } from '../contract/validate';
import { realPathOf } from '../file/realPath';
import type { Logger } from '../base/logger';

/** Where checkpoints lie, and how OSS is reached. */
export interface AdoptionOptions {
  readonly stateDir: string;
  readonly openStore: OpenStore;
  readonly logger: Logger;
}

/**
 * Makes an unfinished upload that only OSS knows ours: writes a checkpoint for it that names no
 * part. A transfer of the same request then goes on with it, and keeps those of its parts whose
 * CRC-64 is that of the local bytes. A checkpoint that is there already stays, also one of a newer
 * version. Rejects with `noSuchUpload`, with `invalidArgument` (code `EmptyFile` for an empty file),
 * or when the file or the folder cannot be used.
 */
export async function adoptUpload(
  options: AdoptionOptions,
  request: UploadRequest,
  uploadId: string,
  signal: AbortSignal,
): Promise<void> {
  validateRequest(request);
  const { target } = request;
  const filePath = await realPathOf(request.filePath);
  const checkpoints = checkpointsIn(new RecordFolder(options.stateDir, options.logger));
  const id = checkpointId(filePath, target.bucket, target.key);
  const there = await checkpoints.read(id);
  if (there?.state === 'valid' || there?.state === 'newer') return;
  const source = fingerprintOf(await stat(filePath, { bigint: true }));
  if (source.sizeBytes === 0) {
    const message = `${filePath} is empty: no part of the upload can be of it`;
    const details = { code: 'EmptyFile', field: 'filePath', sourcePath: filePath };
    throw new UploadError('invalidArgument', message, details);
  }
  const store = await options.openStore(target);
  const listed = await store.listParts(target.key, uploadId, { signal });
  const header = {
    uploadId,
    filePath,
    source,
    target,
    partSizeBytes: partSizeOf(listed) ?? request.options.partSizeBytes,
    options: request.options,
    createdMs: systemClock.now(),
  };
  const checkpoint = await checkpoints.create(id, header, []);
  await checkpoint.close();
}

/** All parts but the last have the same size, and the last one is not larger. */
function partSizeOf(listed: readonly ListedPart[]): number | undefined {
  const largest = listed.reduce((most, part) => Math.max(most, part.sizeBytes), 0);
  // A wrong guess costs time only: what does not fit the file is sent again.
  return largest >= MIN_PART_SIZE_BYTES ? largest : undefined;
}
