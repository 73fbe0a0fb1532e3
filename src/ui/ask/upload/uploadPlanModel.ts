/** What is said of a plan, in words. Knows no editor. */
import type { UploadRequest } from '../../../engine/index';
import { counted, formatCount, nameInSentence } from '../../text/format';
import { fileName, ossPath } from '../../text/transferFacts';
import { withFacts } from '../../text/words';
import type { OneOrMany, Words } from '../../text/words';

const UNCHANGED: OneOrMany = [
  (l10n) => l10n.t('{name} was not sent: OSS has the same bytes already, at {place}.'),
  (l10n) => l10n.t('Nothing to send: {n} files are unchanged in OSS.'),
];
const SKIPPED: OneOrMany = [
  (l10n) => l10n.t('{name} was not sent: it exists already, at {place}.'),
  (l10n) => l10n.t('Nothing to send: {n} files exist in OSS already and were skipped.'),
];

/** So many are named where there may be thousands. */
const NAMED = 3;

/** The first few of these, in one text. */
export function someOf(names: readonly string[]): string {
  const few = [...new Set(names)].map(nameInSentence);
  return few.length <= NAMED ? few.join(', ') : `${few.slice(0, NAMED).join(', ')}, …`;
}

/** Why nothing is sent of these files, of which so many are the same in OSS, and the others skipped. */
export function nothingSentText(
  leftOut: readonly UploadRequest[],
  unchanged: number,
  words: Words,
): string {
  const [first] = leftOut;
  const facts = {
    name: nameInSentence(fileName(first?.filePath ?? '')),
    place: first === undefined ? '' : ossPath(first.target),
  };
  const skipped = leftOut.length - unchanged;
  const l10n = withFacts(words.l10n, facts);
  const text = (texts: OneOrMany, count: number): string =>
    counted(texts, count, { ...words, l10n });
  if (unchanged === 0) return text(SKIPPED, skipped);
  if (skipped === 0) return text(UNCHANGED, unchanged);
  return l10n.t('Nothing to send: {n} unchanged in OSS, {s} skipped because they exist.', {
    n: formatCount(unchanged, words.language),
    s: formatCount(skipped, words.language),
  });
}
