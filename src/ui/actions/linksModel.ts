import type { UploadedObject } from '../settings/lastUpload';
import { formatCount } from '../text/format';
import { fileName } from '../text/transferFacts';
import type { Words } from '../text/words';

/** What can be copied of an object. */
export type Copied = 'url' | 'signedUrl' | 'ossPath';

/** What the status bar says after so many were copied. */
export function copiedText(copied: Copied, count: number, { l10n, language }: Words): string {
  const isOne = count === 1;
  const n = formatCount(count, language);
  switch (copied) {
    case 'url':
      return isOne ? l10n.t('URL copied') : l10n.t('{n} URLs copied', { n });
    case 'signedUrl':
      return isOne ? l10n.t('Signed URL copied') : l10n.t('{n} signed URLs copied', { n });
    case 'ossPath':
      return isOne ? l10n.t('OSS path copied') : l10n.t('{n} OSS paths copied', { n });
  }
}

const HOUR = 3600;
const USUAL_LIFETIMES_SECONDS = [HOUR, 24 * HOUR, 3 * 24 * HOUR, 7 * 24 * HOUR];

/** For how long a signed link may be had, in seconds, when it may live no longer than that. */
export function linkLifetimes(longestSeconds: number): readonly number[] {
  const shorter = USUAL_LIFETIMES_SECONDS.filter((seconds) => seconds < longestSeconds);
  return [...shorter, longestSeconds];
}

/**
 * One transfer of each bucket. Objects mostly inherit from their bucket who may read them, so asking
 * about these stands for asking about thousands.
 */
export function onePerBucket(transfers: readonly UploadedObject[]): UploadedObject[] {
  const buckets = new Map<string, UploadedObject>();
  for (const transfer of transfers) {
    const { bucket } = transfer.target;
    if (!buckets.has(bucket)) buckets.set(bucket, transfer);
  }
  return [...buckets.values()];
}

/** What to know when URLs of these were copied, and those among them that were looked at are private. */
export function privateText(
  copied: readonly UploadedObject[],
  found: readonly UploadedObject[],
  { l10n, language }: Words,
): string {
  if (copied.length === 1) {
    return l10n.t('URL copied. {name} is private: only a signed URL opens it for others.', {
      name: fileName(copied[0]?.target.key ?? ''),
    });
  }
  return l10n.t(
    '{n} URLs copied. Objects in {bucket} are private: only signed URLs open them for others.',
    {
      n: formatCount(copied.length, language),
      bucket: found.map(({ target }) => target.bucket).join(', '),
    },
  );
}
