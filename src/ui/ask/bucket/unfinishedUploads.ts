/** Unfinished uploads in a bucket, beside those this computer knows. Knows no editor. */
import { isActive } from '../../../engine/index';
import type { TransferSnapshot, TransfersSnapshot, UnfinishedUpload } from '../../../engine/index';
import { counted, formatBytes, formatCount, nameInSentence } from '../../text/format';
import { fileName } from '../../text/transferFacts';
import { withFacts } from '../../text/words';
import type { OneOrMany, Words } from '../../text/words';

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

/** So many are named before the user says yes. */
const NAMED_UPLOADS = 5;

const OF_OTHERS: OneOrMany = [
  (l10n) => l10n.t('1 of them is not from this editor: another computer may still be sending it.'),
  (l10n) =>
    l10n.t('{n} of them are not from this editor: other computers may still be sending them.'),
];

/**
 * What is asked before these are removed when some of them are not from this editor, and their
 * names; undefined when all are, which is a question of its own.
 */
export function removalQuestion(
  chosen: readonly FoundUpload[],
  { l10n, language }: Words,
): { readonly question: string; readonly detail: string } | undefined {
  const others = chosen.filter(({ transfer }) => transfer === undefined);
  const [first] = others;
  if (first === undefined) return undefined;
  const n = formatCount(chosen.length, language);
  const question =
    chosen.length === 1
      ? l10n.t(
          'Remove {name} from OSS? It is not from this editor: another computer may still be sending it.',
          { name: nameInSentence(fileName(first.upload.key)) },
        )
      : l10n.t('Remove {n} unfinished uploads from OSS? {others}', {
          n,
          others: counted(OF_OTHERS, others.length, { l10n, language }),
        });
  const left = others.length - NAMED_UPLOADS;
  const names = others.slice(0, NAMED_UPLOADS).map(({ upload }) => upload.key);
  const more = l10n.t('and {n} more', { n: formatCount(left, language) });
  return { question, detail: [...names, ...(left > 0 ? [more] : [])].join('\n') };
}

/** What was removed; `first` is the key of one of them. */
export function removedText(
  count: number,
  first: string,
  place: string,
  { l10n, language }: Words,
): string {
  return counted(REMOVED, count, {
    l10n: withFacts(l10n, { name: nameInSentence(fileName(first)), place }),
    language,
  });
}

const REMOVED: OneOrMany = [
  (l10n) => l10n.t('Removed the unfinished upload of {name} from {place}.'),
  (l10n) => l10n.t('Removed {n} unfinished uploads from {place}.'),
];
