/** Unfinished uploads in a bucket, beside those this computer knows. Knows no editor. */
import { isActive } from '../../../engine/index';
import type { TransferSnapshot, TransfersSnapshot, UnfinishedUpload } from '../../../engine/index';

/** An unfinished upload in OSS, and what is known about it here. */
export interface FoundUpload {
  readonly upload: UnfinishedUpload;
  /** The transfer of this computer that goes on with it, when there is one. */
  readonly transfer: TransferSnapshot | undefined;
}

/**
 * Sorts out what may be removed: all but the uploads that run here or in another window, by key,
 * because which one they go on with may not be known yet. Newest first, ours before those of others.
 */
export function removableUploads(
  uploads: readonly UnfinishedUpload[],
  bucket: string,
  snapshot: TransfersSnapshot,
): readonly FoundUpload[] {
  const busy = new Set<string>();
  const waiting = new Map<string, TransferSnapshot>();
  for (const batch of snapshot.batches) {
    for (const transfer of batch.transfers) {
      if (transfer.target.bucket !== bucket || transfer.state === 'completed') continue;
      const { key } = transfer.target;
      if (batch.isElsewhere || isActive(transfer)) busy.add(key);
      else waiting.set(transfer.uploadId, transfer);
    }
  }
  const found = uploads
    .filter((upload) => !busy.has(upload.key))
    .map((upload) => ({ upload, transfer: waiting.get(upload.uploadId) }));
  return found.sort(
    (a, b) =>
      Number(b.transfer !== undefined) - Number(a.transfer !== undefined) ||
      b.upload.initiatedMs - a.upload.initiatedMs,
  );
}
