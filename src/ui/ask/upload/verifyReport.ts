/** What a verification found, as texts: for reading, and a line of JSON for each file. Knows no editor. */
import type { ComparedFile, UploadError, Verification } from '../../../engine/index';
import { formatBytes, formatCount, formatDate, sizesApart } from '../../text/format';
import { describeError } from '../../text/messages';
import { plainText } from '../../text/plainText';
import type { Words } from '../../text/words';
import type { VerifyCallResult } from './uploadApi';

/** Lines of one kind in the text for reading: more nobody reads, and the other one has more. */
const MOST_LINES = 1000;

/** A verification, and what went before it. */
export interface Verified {
  readonly verification: Verification;
  /** Files and folders that could not be read. */
  readonly failures: readonly UploadError[];
  /** What was chosen, and where its objects are, as it is shown. */
  readonly name: string;
  readonly place: string;
  readonly timeMs: number;
}

/** The numbers of a verification. */
export function countsOf({ verification, failures }: Verified): VerifyCallResult {
  const count = { equal: 0, different: 0, missing: 0, unknown: failures.length };
  for (const { verdict } of verification.files) count[verdict]++;
  return { ...count, onlyInOss: verification.onlyInOss.count };
}

/** What was verified, and the numbers, in one sentence. */
export function verifySummary(verified: Verified, words: Words): string {
  const { name, place } = verified;
  const results = resultsText(verified, words);
  return words.l10n.t('Verified {name} against {place}: {results}.', { name, place, results });
}

function resultsText(verified: Verified, words: Words): string {
  const { l10n } = words;
  const { equal, different, missing, unknown, onlyInOss } = countsOf(verified);
  const n = (count: number): string => formatCount(count, words.language);
  const parts = [
    l10n.t('{n} equal', { n: n(equal) }),
    l10n.t('{n} different', { n: n(different) }),
    l10n.t('{n} missing in OSS', { n: n(missing) }),
    ...(unknown === 0 ? [] : [l10n.t('{n} could not be compared', { n: n(unknown) })]),
    ...(onlyInOss === 0 ? [] : [l10n.t('{n} only in OSS', { n: moreOf(verified, n(onlyInOss)) })]),
  ];
  return parts.join(l10n.t(', '));
}

/** The text for reading: the numbers, then all that is not equal. */
export function verifyReport(verified: Verified, words: Words): string {
  const { l10n, language } = words;
  const { verification, failures, name, place, timeMs } = verified;
  const { files, onlyInOss } = verification;
  const of = (verdict: ComparedFile['verdict']): readonly ComparedFile[] =>
    files.filter((file) => file.verdict === verdict);
  const size = (bytes: number | undefined): string =>
    bytes === undefined ? '?' : formatBytes(bytes, language);
  const section = (title: string, total: number, lines: readonly string[]): string[] => {
    if (total === 0) return [];
    const shown = lines.slice(0, MOST_LINES).map((line) => `  ${line}`);
    const left = total - shown.length;
    const more = l10n.t('… and {n} more', { n: formatCount(left, language) });
    return ['', title, ...shown, ...(left > 0 ? [`  ${more}`] : [])];
  };
  const unknown = of('unknown').map(({ request: { filePath }, error }) => ({ filePath, error }));
  const failed = failures.map((error) => ({ filePath: error.sourcePath ?? '', error }));
  const lines = [
    l10n.t('{name} compared with {place}, {date}', {
      name,
      place,
      date: formatDate(timeMs, language),
    }),
    resultsText(verified, words),
    ...section(
      l10n.t('Different'),
      of('different').length,
      of('different').map(({ request, localSizeBytes, info }) => {
        if (localSizeBytes === info?.sizeBytes) {
          return `${request.filePath}  ${l10n.t('(same size, other content)')}`;
        }
        const [local, remote] =
          localSizeBytes === undefined || info === undefined
            ? [size(localSizeBytes), size(info?.sizeBytes)]
            : sizesApart(localSizeBytes, info.sizeBytes, language);
        return `${request.filePath}  ${l10n.t('({local} here, {remote} in OSS)', { local, remote })}`;
      }),
    ),
    ...section(
      l10n.t('Missing in OSS'),
      of('missing').length,
      of('missing').map(({ request }) => request.filePath),
    ),
    ...section(
      l10n.t('Could not be compared'),
      unknown.length + failed.length,
      [...unknown, ...failed].map(({ filePath, error }) => {
        const reason =
          error === undefined
            ? l10n.t('OSS told no checksum')
            : plainText(describeError(error, { filePath }, words).text);
        return `${filePath}  ${reason}`;
      }),
    ),
    ...section(
      l10n.t('Only in OSS (no file here, or one that is excluded; nothing was changed)'),
      onlyInOss.count,
      onlyInOss.objects.map(({ key, sizeBytes }) => `${key}  (${size(sizeBytes)})`),
    ),
    ...(onlyInOss.isComplete
      ? []
      : ['', l10n.t('There are more objects than can be listed here: not all were counted.')]),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * A line of JSON for each file, and for the first objects without one. A last line says how many more
 * of those there are, or that not all were counted. Not translated: programs read it.
 */
export function verifyJsonLines({ verification, failures }: Verified): string {
  const files = verification.files.map(({ request, verdict, error, localSizeBytes, info }) => ({
    verdict,
    file: request.filePath,
    object: objectName(request.target.bucket, request.target.key),
    sizeBytes: localSizeBytes,
    ossSizeBytes: info?.sizeBytes,
    ossETag: info?.etag.replaceAll('"', ''),
    code: error?.code,
  }));
  const failed = failures.map(({ sourcePath, code }) => ({
    verdict: 'unknown',
    file: sourcePath,
    code,
  }));
  const { count, objects, isComplete } = verification.onlyInOss;
  const others = objects.map(({ bucket, key, sizeBytes, etag }) => ({
    verdict: 'onlyInOss',
    object: objectName(bucket, key),
    ossSizeBytes: sizeBytes,
    ossETag: etag.replaceAll('"', ''),
  }));
  const left = { verdict: 'onlyInOss', notListed: count - objects.length, isComplete };
  const more = left.notListed > 0 || !isComplete ? [left] : [];
  return [...files, ...failed, ...others, ...more]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

function objectName(bucket: string, key: string): string {
  return `oss://${bucket}/${key}`;
}

/** A number that is not known to be all. */
function moreOf({ verification }: Verified, count: string): string {
  return verification.onlyInOss.isComplete ? count : `${count}+`;
}
