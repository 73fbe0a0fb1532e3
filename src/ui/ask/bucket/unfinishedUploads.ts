/** Unfinished uploads in a bucket, beside those this computer knows. Knows no editor. */
import { isActive } from '../../../engine/index';
import type { TransferSnapshot, TransfersSnapshot, UnfinishedUpload } from '../../../engine/index';
import { formatBytes, formatCount } from '../../text/format';
import type { Words } from '../../text/words';

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

/** Whether the list still shows an upload when this is typed into it: the list looks for it so. */
export function isShown({ upload }: FoundUpload, filter: string): boolean {
  return upload.key.toLowerCase().includes(filter.trim().toLowerCase());
}

/** How many there are and what they take up, and the same of those that are chosen. */
export function cleanUpTitle(
  found: readonly FoundUpload[],
  chosen: readonly FoundUpload[],
  sizes: ReadonlyMap<FoundUpload, number | undefined>,
  { l10n, language }: Words,
): string {
  const facts = (uploads: readonly FoundUpload[]): { n: string; size: string } => {
    const known = uploads.map((one) => sizes.get(one)).filter((bytes) => bytes !== undefined);
    const bytes = known.reduce((sum, each) => sum + each, 0);
    const size = formatBytes(bytes, language);
    // Not all are known yet, or some never will be.
    const isAll = known.length === uploads.length;
    return { n: formatCount(uploads.length, language), size: isAll ? size : `≥ ${size}` };
  };
  const all = facts(found);
  const some = facts(chosen);
  return l10n.t('Clean Up Unfinished Uploads: {n}, {size} · chosen: {chosen}, {chosenSize}', {
    ...all,
    chosen: some.n,
    chosenSize: some.size,
  });
}
