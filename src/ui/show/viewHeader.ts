import type { TransfersSnapshot } from '../../engine/index';
import { formatCount, formatSpeed } from '../text/format';
import { activeBatches } from '../text/transferFacts';
import type { Words } from '../text/words';

/** Rows of other windows are greyed by a decoration, which needs an address to hang on. */
export const ELSEWHERE_SCHEME = 'oss-upload-elsewhere';

/**
 * What stands beside the name of the view, and the number on its icon: where uploads go, how many
 * run, how fast. `place` is '' where it is not known.
 */
export function viewHeader(
  snapshot: TransfersSnapshot,
  place: string,
  { l10n, language }: Words,
): {
  readonly description: string;
  readonly badge: { readonly value: number; readonly tooltip: string } | undefined;
} {
  const { speedBytesPerSecond } = snapshot.totals;
  // What was asked for at once is one upload, be it a folder of thousands.
  const active = activeBatches(snapshot).length;
  if (active === 0) return { description: place, badge: undefined };
  const speed = speedBytesPerSecond > 0 ? formatSpeed(speedBytesPerSecond, language) : '';
  return {
    description: [speed, place].filter((text) => text !== '').join(' · '),
    badge: {
      value: active,
      tooltip: l10n.t('Uploads running: {n}', { n: formatCount(active, language) }),
    },
  };
}
