import { redact } from '../../engine/index';
import type { TransferSnapshot, UploadError } from '../../engine/index';
import { asMessageAction, worksAlone } from './buttons';
import type { MessageAction } from './buttons';
import { failureOf, keyStateText } from './failures';
import type { Failure, FailureContext, RefusedKey } from './failures';
import { formatBytes, formatCount, nameInSentence } from './format';
import { fileName, ossPath, sumOf } from './transferFacts';
import type { Localizer, Words } from './words';

/** One sentence that says what to do, and at most three buttons that do it. */
export interface Message {
  readonly text: string;
  readonly severity: Failure['severity'];
  readonly actions: readonly MessageAction[];
}

/** The user's text for a failure. A help button is left out when there is no page to open. */
export function describeError(error: UploadError, context: FailureContext, words: Words): Message {
  const { l10n } = words;
  const about = { ...context, shownName: nameInSentence };
  const { verdict, text, severity, actions, keepsProgress } = failureOf(error, about, words);
  const message = verdict === '' ? text : l10n.t('{verdict} {reason}', { verdict, reason: text });
  // Where nothing was sent yet, or no upload is at hand, there is nothing to keep.
  const isKept = keepsProgress && (context.partsDone ?? 0) > 0;
  return {
    text: isKept ? l10n.t('{message} Progress is kept.', { message }) : message,
    severity,
    actions: actions
      .map(asMessageAction)
      .filter((action) => action.kind !== 'openHelp' || error.helpUrl !== undefined),
  };
}

/** The same where no transfer is at hand that could be resumed: only buttons that still work. */
export function describeLooseError(
  error: UploadError,
  words: Words,
  context: FailureContext = {},
): Message {
  const described = describeError(error, context, words);
  const actions = described.actions.filter(worksAlone);
  const hasDetails = actions.some((action) => action.kind === 'copyErrorDetails');
  if (actions.length < 3 && !hasDetails && described.severity === 'error') {
    actions.push({ kind: 'copyErrorDetails' });
  }
  return { ...described, actions };
}

/** What is wrong with a key that was just typed, for the box of what is wrong. */
export function refusedKeyText(refused: RefusedKey, l10n: Localizer): string {
  const { code } = refused;
  const state = keyStateText(refused, l10n);
  if (state !== undefined) return state;
  const shown = { code: redact(code) };
  if (code === 'SignatureDoesNotMatch') {
    return l10n.t(
      'OSS does not accept this secret ({code}): it is mistyped or belongs to another AccessKey ID.',
      shown,
    );
  }
  if (code === 'SecurityTokenExpired' || code.startsWith('InvalidSecurityToken')) {
    return l10n.t(
      'OSS does not accept this STS token ({code}): it is mistyped, expired or belongs to another key.',
      shown,
    );
  }
  if (/^(?:NoPermission|EntityNotExist|InvalidParameter|AuthenticationFail)/.test(code)) {
    return l10n.t(
      'The role cannot be assumed ({code}). Check its name, and whether this key may assume it.',
      shown,
    );
  }
  return l10n.t(
    'OSS does not accept this key ({code}). Go back and check the ID and the secret.',
    shown,
  );
}

/** What is asked before these are discarded; undefined when OSS has nothing of the only one. */
export function discardQuestion(
  about: readonly TransferSnapshot[],
  { l10n, language }: Words,
): string | undefined {
  const [first, ...others] = about;
  if (first === undefined || (others.length === 0 && !isInOss(first))) return undefined;
  const sentBytes = sumOf(about).confirmedBytes;
  const facts = {
    name: nameInSentence(fileName(first.filePath)),
    n: formatCount(about.length, language),
    size: formatBytes(sentBytes, language),
  };
  if (others.length > 0) {
    return l10n.t(
      'Discard {n} unfinished uploads? {size} already sent will be deleted from OSS.',
      facts,
    );
  }
  return sentBytes > 0
    ? l10n.t('Discard {name}? {size} already sent will be deleted from OSS.', facts)
    : l10n.t('Discard {name}? Its unfinished upload will be deleted from OSS.', facts);
}

/** What the status bar says after these were discarded; `isLater` when OSS did not hear it yet. */
export function discardedText(
  about: readonly TransferSnapshot[],
  isLater: boolean,
  { l10n, language }: Words,
): string {
  const [first] = about;
  const facts = {
    name: nameInSentence(fileName(first?.filePath ?? '')),
    n: formatCount(about.length, language),
    size: formatBytes(sumOf(about).confirmedBytes, language),
  };
  if (about.length === 1) {
    if (isLater) {
      return l10n.t('Discarded {name}. Removed from OSS as soon as it can be reached.', facts);
    }
    return about.some(isInOss)
      ? l10n.t('Discarded {name}. {size} removed from OSS.', facts)
      : l10n.t('Discarded {name}.', facts);
  }
  return isLater
    ? l10n.t('Discarded {n} uploads. Removed from OSS as soon as it can be reached.', facts)
    : l10n.t('Discarded {n} uploads. {size} removed from OSS.', facts);
}

/** What is asked before these replace what OSS has. */
export function overwriteQuestion(
  [first, ...others]: readonly TransferSnapshot[],
  { l10n, language }: Words,
): string {
  return others.length === 0
    ? l10n.t('Overwrite {place}? What is there now is replaced.', {
        place: first === undefined ? '' : ossPath(first.target),
      })
    : l10n.t('Overwrite {n} objects in OSS? What is there now is replaced.', {
        n: formatCount(others.length + 1, language),
      });
}

/** Whether OSS has something of it, or may have: a record of a newer version cannot be read. */
function isInOss({ uploadId, confirmedBytes, error }: TransferSnapshot): boolean {
  return uploadId !== '' || confirmedBytes > 0 || error?.kind === 'checkpointNewer';
}
