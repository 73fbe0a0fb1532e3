import type {
  TransferNotice,
  TransferSnapshot,
  UploadError,
  UploadErrorKind,
  UploadTarget,
} from '../../engine/index';
import { helpUrl } from './errorDetails';
import { formatBytes, formatCount, formatDuration } from './format';
import { isRule, ruleText } from './rules';
import { fileName, keyFolder, regionOfEndpoint, sumOf } from './transferFacts';
import type { Localizer, Words } from './words';

/** The labels of buttons: verbs. */
const LABELS = {
  resume: (l10n) => l10n.t('Resume'),
  retry: (l10n) => l10n.t('Try Again'),
  retryFailed: (l10n) => l10n.t('Retry Failed'),
  discard: (l10n) => l10n.t('Discard'),
  showUploads: (l10n) => l10n.t('Show Uploads'),
  showLog: (l10n) => l10n.t('Show Log'),
  setCredentials: (l10n) => l10n.t('Set Credentials'),
  updateCredentials: (l10n) => l10n.t('Update Credentials'),
  switchCredentials: (l10n) => l10n.t('Switch Credentials'),
  copyRamPolicy: (l10n) => l10n.t('Copy RAM Policy'),
  openHelp: (l10n) => l10n.t('Open Help'),
  selectBucket: (l10n) => l10n.t('Select Bucket'),
  overwrite: (l10n) => l10n.t('Overwrite'),
  skip: (l10n) => l10n.t('Skip'),
  locate: (l10n) => l10n.t('Locate...'),
  openSettings: (l10n) => l10n.t('Open Settings'),
  copyErrorDetails: (l10n) => l10n.t('Copy Error Details'),
  copyUrl: (l10n) => l10n.t('Copy URL'),
  copyUrls: (l10n) => l10n.t('Copy URLs'),
  dontShowAgain: (l10n) => l10n.t("Don't Show Again"),
} satisfies Record<string, (l10n: Localizer) => string>;

/** What a button of a message does, where nothing more needs to be said. */
type SimpleAction = Exclude<keyof typeof LABELS, 'openSettings'>;

/** What a button of a message does. Who shows the message knows how. */
export type MessageAction =
  | { readonly kind: SimpleAction }
  | { readonly kind: 'useRegion'; readonly region: string }
  /** Opens the settings editor with this in its search box. */
  | { readonly kind: 'openSettings'; readonly query: string };

/** One sentence that says what to do, and at most three buttons that do it. */
export interface Message {
  readonly text: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly actions: readonly MessageAction[];
}

/** What the failure is about, as far as the error does not say it itself. */
export interface ErrorContext {
  readonly filePath?: string | undefined;
  readonly target?: UploadTarget | undefined;
  /** How many transfers share this failure. */
  readonly count?: number | undefined;
  /** Parts of theirs that OSS has, and that a resume goes on with. */
  readonly partsDone?: number | undefined;
}

/** What a text may name. Each text takes what it needs. */
interface Facts extends Record<string, string | number> {
  readonly name: string;
  readonly path: string;
  readonly bucket: string;
  readonly region: string;
  readonly key: string;
  readonly prefix: string;
  readonly code: string;
  /** The server's own words, as a sentence inside ours. */
  readonly reason: string;
  readonly n: number;
}

/** The label of a button: a verb. */
export function actionLabel(action: MessageAction, l10n: Localizer): string {
  return action.kind === 'useRegion'
    ? l10n.t('Use {region}', { region: action.region })
    : LABELS[action.kind](l10n);
}

/** The user's text for a failure. A help button is left out when there is no page to open. */
export function describeError(error: UploadError, context: ErrorContext, words: Words): Message {
  const facts = factsOf(error, context);
  const isOfProxy = isProxyRefusal(error);
  const message = isOfProxy
    ? words.l10n.t(
        'The proxy refuses the connection to OSS. Check the proxy settings, then try again.',
      )
    : textOf(error, facts, words);
  // Where nothing was sent yet, or no upload is at hand, there is nothing to keep.
  const isKept = KEEPS_PROGRESS.has(error.kind) && (context.partsDone ?? 0) > 0;
  return {
    text: isKept ? words.l10n.t('{message} Progress is kept.', { message }) : message,
    severity: isOfProxy ? 'error' : (MILDER[error.kind] ?? 'error'),
    actions: (isOfProxy ? PROXY_ACTIONS : actionsOf(error, facts))
      .map((action) => (typeof action === 'string' ? { kind: action } : action))
      .filter((action) => action.kind !== 'openHelp' || helpUrl(error) !== undefined),
  };
}

/** The same where no transfer is at hand that could be resumed: only buttons that still work. */
export function describeLooseError(error: UploadError, words: Words): Message {
  const described = describeError(error, {}, words);
  const actions = described.actions.filter((action) => WORK_ALONE.has(action.kind));
  const hasDetails = actions.some((action) => action.kind === 'copyErrorDetails');
  if (actions.length < 3 && !hasDetails && described.severity === 'error') {
    actions.push({ kind: 'copyErrorDetails' });
  }
  return { ...described, actions };
}

/** What is wrong with a key that was just typed, for the last of its boxes. */
export function refusedKeyText(code: string, l10n: Localizer): string {
  if (code === 'InvalidAccessKeyId.Inactive') return inactiveKeyText(l10n);
  if (code === 'SecurityTokenExpired' || code.startsWith('InvalidSecurityToken')) {
    return l10n.t(
      'OSS does not accept this STS token ({code}): it is mistyped, expired or belongs to another key.',
      { code },
    );
  }
  if (/^(?:NoPermission|EntityNotExist|InvalidParameter|AuthenticationFail)/.test(code)) {
    return l10n.t(
      'The role cannot be assumed ({code}). Check its name, and whether this key may assume it.',
      { code },
    );
  }
  return l10n.t('OSS does not accept this key ({code}). Go back and check the ID and the secret.', {
    code,
  });
}

function inactiveKeyText(l10n: Localizer): string {
  return l10n.t('This AccessKey is disabled. Enable it in the RAM console, or use another one.');
}

/** More than this already sent, and a discard asks first. */
const DISCARD_ASKS_BYTES = 100 * 1024 * 1024;

/** What is asked before these are discarded; undefined when little would be lost. */
export function discardQuestion(
  about: readonly TransferSnapshot[],
  { l10n, language }: Words,
): string | undefined {
  const sentBytes = sumOf(about).confirmedBytes;
  if (about.length <= 1 && sentBytes <= DISCARD_ASKS_BYTES) return undefined;
  const size = formatBytes(sentBytes, language);
  return about.length === 1
    ? l10n.t('Discard 1 unfinished upload? {size} already sent will be deleted from OSS.', { size })
    : l10n.t('Discard {n} unfinished uploads? {size} already sent will be deleted from OSS.', {
        n: formatCount(about.length, language),
        size,
      });
}

/** The user's text for something that is not a failure; `count` files share it. */
export function describeNotice(notice: TransferNotice, count: number, { l10n }: Words): Message {
  const name = fileName(notice.filePath);
  const isLogged = notice.kind === 'notResumable' || notice.kind === 'callbackFailed';
  return {
    text: noticeText(notice.kind, count === 1, withFacts(l10n, { name, n: count })),
    severity: isLogged || notice.kind === 'notVerified' ? 'warning' : 'information',
    actions: isLogged ? [{ kind: 'showLog' }] : [],
  };
}

/** Whether a notice deserves a toast; the others are worth a line in the log only. */
export function isNoticeShown(kind: TransferNotice['kind']): boolean {
  return kind !== 'partSizeRaised' && kind !== 'partSizeKept';
}

type Action = SimpleAction | MessageAction;

/** What helps against each failure, the likeliest first. */
const ACTIONS: Readonly<Record<UploadErrorKind, readonly Action[]>> = {
  network: ['retry', 'copyErrorDetails'],
  timeout: ['retry', 'copyErrorDetails'],
  throttled: ['retry', 'openHelp'],
  server: ['retry', 'openHelp', 'copyErrorDetails'],
  badResponse: ['retry', 'copyErrorDetails'],
  checksumMismatch: ['retry', 'discard', 'copyErrorDetails'],
  noSuchUpload: ['retry', 'discard'],
  invalidParts: ['retry', 'discard', 'copyErrorDetails'],
  credentials: ['updateCredentials', 'openHelp'],
  noCredentials: ['setCredentials'],
  clockSkew: ['retry', 'openHelp'],
  accessDenied: ['switchCredentials', 'copyRamPolicy', 'openHelp'],
  noSuchBucket: ['selectBucket', 'openHelp'],
  wrongRegion: ['selectBucket', 'openHelp'],
  accountBlocked: ['openHelp', 'retry', 'copyErrorDetails'],
  alreadyExists: ['overwrite', 'skip'],
  refused: ['openHelp', 'retry', 'copyErrorDetails'],
  certificate: [openSettings('http.systemCertificates'), 'retry', 'copyErrorDetails'],
  invalidArgument: [openSettings('ossUpload'), 'copyErrorDetails'],
  sourceMissing: ['locate', 'discard'],
  sourceUnreadable: ['retry', 'discard', 'copyErrorDetails'],
  sourceNotAFile: ['discard'],
  sourceChanged: ['retry', 'discard'],
  heldElsewhere: ['retry', 'showUploads'],
  checkpointNewer: ['discard', 'copyErrorDetails'],
  // Stopped on purpose. Callers do not show it, but it may stand in a list.
  aborted: ['resume'],
  internal: ['retry', 'showLog', 'copyErrorDetails'],
};

/** Failures after which a resume goes on with the parts that are there. */
const KEEPS_PROGRESS: ReadonlySet<UploadErrorKind> = new Set([
  'network',
  'timeout',
  'throttled',
  'server',
  'badResponse',
  'credentials',
  'alreadyExists',
  'refused',
  'sourceUnreadable',
  'aborted',
  'internal',
]);

const PROXY_ACTIONS: readonly Action[] = [openSettings('http.proxy'), 'retry', 'copyErrorDetails'];

/** Failures that are not errors to the user. */
const MILDER: Partial<Record<UploadErrorKind, Message['severity']>> = {
  credentials: 'warning',
  noCredentials: 'warning',
  alreadyExists: 'warning',
  heldElsewhere: 'information',
  aborted: 'information',
};

/** Buttons that need no transfer. */
const WORK_ALONE: ReadonlySet<MessageAction['kind']> = new Set([
  'showUploads',
  'showLog',
  'setCredentials',
  'updateCredentials',
  'switchCredentials',
  'openHelp',
  'openSettings',
  'copyErrorDetails',
]);

function actionsOf(error: UploadError, { key }: Facts): readonly Action[] {
  const region = regionOfEndpoint(error.endpoint);
  if (error.kind === 'wrongRegion' && region !== undefined) {
    return [{ kind: 'useRegion', region }, 'openHelp'];
  }
  if (error.kind === 'accessDenied' && key === '') {
    return ['switchCredentials', 'openHelp', 'copyErrorDetails'];
  }
  if (error.kind !== 'invalidArgument') return ACTIONS[error.kind];
  const setting = settingOf(error);
  if (setting !== undefined) return [openSettings(setting), 'retry', 'copyErrorDetails'];
  switch (error.field) {
    case 'partSize':
    case 'partSizeBytes':
      return [openSettings('ossUpload.partSize')];
    case 'parallel':
    case 'region':
    case 'endpoint':
      return [openSettings(`ossUpload.${error.field}`)];
    case 'key':
      return [openSettings('ossUpload.prefix'), 'copyErrorDetails'];
    case 'bucket':
      return ['selectBucket', openSettings('ossUpload.bucket')];
    case undefined:
    default:
      return isTooLarge(error) ? ['discard'] : ACTIONS.invalidArgument;
  }
}

function openSettings(query: string): MessageAction {
  return { kind: 'openSettings', query };
}

function factsOf(error: UploadError, { target, filePath, count }: ErrorContext): Facts {
  const key = error.key ?? target?.key ?? '';
  const path = filePath ?? error.sourcePath ?? '';
  return {
    name: fileName(path === '' ? key : path),
    path,
    bucket: error.bucket ?? target?.bucket ?? '',
    region: target?.region ?? '',
    key,
    prefix: keyFolder(key),
    code: error.code,
    reason: sentence(error.message),
    n: count ?? 1,
  };
}

/** Lets each text name what it needs of the facts. */
function withFacts(localizer: Localizer, facts: Record<string, string | number>): Localizer {
  return { t: (text, more) => localizer.t(text, { ...facts, ...more }) };
}

function textOf(error: UploadError, facts: Facts, words: Words): string {
  const l10n = withFacts(words.l10n, facts);
  switch (error.kind) {
    case 'network':
      return l10n.t('OSS cannot be reached. Check the network and the endpoint, then try again.');
    case 'timeout':
      return l10n.t('OSS did not answer in time. Check the network, then try again.');
    case 'throttled':
      return l10n.t('OSS is busy and limits the speed of requests. Try again in a few minutes.');
    case 'server':
      return l10n.t('OSS had an internal error. Try again in a few minutes.');
    case 'badResponse':
      return l10n.t(
        'The answer did not come from OSS. Check the endpoint, and whether a proxy or a login page is in between.',
      );
    case 'checksumMismatch':
      return l10n.t(
        '{name} arrived damaged several times and was not uploaded. Check the disk and the network, then try again.',
      );
    case 'noSuchUpload':
      return l10n.t(
        'The unfinished parts of {name} were removed from OSS. Try again to send the whole file.',
      );
    case 'invalidParts':
      return l10n.t(
        'OSS could not combine the parts of {name}. Try again to send what is missing.',
      );
    case 'credentials':
      return credentialsText(error, facts, l10n);
    case 'noCredentials':
      return facts.code === 'NoCredentials'
        ? l10n.t('OSS needs an AccessKey.')
        : l10n.t('The credentials cannot be used any more ({code}). Set them again to see why.');
    case 'clockSkew':
      return clockSkewText(error, l10n, words.language);
    case 'accessDenied':
      return facts.key === ''
        ? l10n.t('These credentials have no permission for this in OSS ({code}).')
        : l10n.t('No permission for oss:PutObject on {bucket}/{prefix}.');
    case 'noSuchBucket':
      return facts.region === ''
        ? l10n.t('Bucket "{bucket}" was not found.')
        : l10n.t('Bucket "{bucket}" was not found in {region}.');
    case 'wrongRegion': {
      const region = regionOfEndpoint(error.endpoint);
      return region === undefined
        ? l10n.t('Bucket "{bucket}" is in another region. Select it again to look its region up.')
        : l10n.t('Bucket "{bucket}" is in {region}.', { region });
    }
    case 'accountBlocked':
      // What OSS says of an account that has not paid is no more than this code.
      return error.code === 'UserDisable'
        ? l10n.t(
            'OSS refuses uploads to bucket "{bucket}": its account is in arrears or disabled ({code}). Ask the owner of the account.',
          )
        : l10n.t(
            'OSS refuses uploads to bucket "{bucket}": {reason} Ask the owner of the account.',
          );
    case 'alreadyExists':
      return facts.n > 1
        ? l10n.t('{n} files already exist in OSS and were not replaced.')
        : l10n.t('{key} already exists in OSS and was not replaced.');
    case 'refused':
      return facts.name === ''
        ? l10n.t('OSS refused the request ({code}). Open the help page for what to change.')
        : l10n.t(
            'OSS refused the upload of {name} ({code}). Open the help page for what to change.',
          );
    case 'certificate':
      return l10n.t(
        "The certificate of the server is not trusted ({code}). Install your organization's certificate authority on this computer, or check the endpoint.",
      );
    case 'invalidArgument':
      return invalidArgumentText(error, facts, l10n);
    case 'sourceMissing':
      return facts.code === 'DeadLink'
        ? l10n.t('{name} is a link that leads nowhere.')
        : l10n.t('{name} no longer exists at {path}.');
    case 'sourceUnreadable':
      return unreadableText(facts.code, l10n);
    case 'sourceNotAFile':
      return l10n.t('{name} is not a file. Only files and folders can be uploaded.');
    case 'sourceChanged':
      return l10n.t('{name} keeps changing and was not uploaded.');
    case 'heldElsewhere':
      // No notification can be taken back: this one stays true when the other window is closed.
      return facts.n > 1
        ? l10n.t('{n} files were being uploaded in another window, so this one left them alone.')
        : l10n.t('{name} was being uploaded in another window, so this one left it alone.');
    case 'checkpointNewer':
      return l10n.t(
        'The upload of {name} was begun by a newer version of this extension. Update the extension to go on, or discard it.',
      );
    case 'aborted':
      return l10n.t('Stopped.');
    case 'internal':
      return facts.name === ''
        ? l10n.t('This did not work because of an error in this extension.')
        : l10n.t('{name} was not uploaded because of an error in this extension.');
  }
}

function credentialsText({ code, field }: UploadError, { n }: Facts, l10n: Localizer): string {
  switch (code) {
    case 'InvalidAccessKeyId':
    case 'InvalidAccessKeyId.NotFound':
      return l10n.t('OSS does not know this AccessKey ID: it is mistyped, disabled or deleted.');
    case 'InvalidAccessKeyId.Inactive':
      return inactiveKeyText(l10n);
    case 'SignatureDoesNotMatch':
      return l10n.t('The AccessKey Secret does not belong to this AccessKey ID.');
    case 'SignInOver':
      return l10n.t('The sign-in is over. Run "{command}" in a terminal, then try again.', {
        command: field ?? 'aliyun configure',
      });
    case 'SecurityTokenExpired':
    case 'InvalidSecurityToken':
    case 'InvalidSecurityToken.Expired':
      return n > 1
        ? l10n.t('Credentials expired. {n} uploads are paused.')
        : l10n.t('Credentials expired. 1 upload is paused.');
    default:
      return l10n.t('The credentials were refused ({code}). Set them again to see why.');
  }
}

function clockSkewText(error: UploadError, l10n: Localizer, language: string): string {
  const seconds = Math.abs(error.clockSkewMs ?? 0) / 1000;
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) {
    return l10n.t(
      "This computer's clock is off; OSS refuses requests. Set the clock, then try again.",
    );
  }
  return minutes < 120
    ? l10n.t("This computer's clock is off by {n} min; OSS refuses requests.", { n: minutes })
    : l10n.t("This computer's clock is off by {duration}; OSS refuses requests.", {
        duration: formatDuration(seconds, language),
      });
}

function invalidArgumentText(error: UploadError, facts: Facts, l10n: Localizer): string {
  const setting = settingOf(error);
  if (setting !== undefined && isRule(error.code)) {
    return l10n.t('The setting {setting} cannot be used. {rule} Change it, then try again.', {
      setting,
      rule: ruleText(error.code, l10n),
    });
  }
  switch (error.field) {
    case 'partSize':
    case 'partSizeBytes':
      return l10n.t(
        'The part size must be between 100 KB and 5 GB. Change the setting ossUpload.partSize.',
      );
    case 'parallel':
      return l10n.t(
        'The number of parallel parts must be between 1 and 64. Change the setting ossUpload.parallel.',
      );
    case 'key':
      return keyText(facts, l10n);
    case 'bucket':
      return l10n.t(
        'A bucket name has 3 to 63 lower-case letters, digits and hyphens. Select a bucket, or change the setting ossUpload.bucket.',
      );
    case 'region':
      return l10n.t('A region is written like cn-hangzhou. Change the setting ossUpload.region.');
    case 'endpoint':
      return l10n.t(
        'The endpoint is public, internal, accelerate or an address. Change the setting ossUpload.endpoint.',
      );
    case undefined:
    default:
      return isTooLarge(error)
        ? l10n.t('{name} is larger than 48.8 TB, the most OSS stores as one object.')
        : l10n.t('A value is not allowed: {reason} Change it, then try again.');
  }
}

function keyText({ code, key }: Facts, l10n: Localizer): string {
  if (code === 'keyStart' || /^[/\\]/.test(key)) {
    return l10n.t(
      'A name in OSS cannot start with / or \\. Choose another folder in the bucket, or change the setting ossUpload.prefix.',
    );
  }
  if (code === 'keyCharacters') {
    return l10n.t(
      'The name contains characters that cannot be written as UTF-8. Rename the file, then try again.',
    );
  }
  return l10n.t(
    'The name in OSS has to have 1 to 1,023 bytes. Choose a shorter folder in the bucket, or rename the file.',
  );
}

function unreadableText(code: string, l10n: Localizer): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return l10n.t('No permission to read {path}. Change its permissions, then try again.');
    case 'EMFILE':
    case 'ENFILE':
      return l10n.t(
        'Too many files are open on this computer. Close some programs, then try again.',
      );
    case 'EBUSY':
      return l10n.t('{name} is locked by another program. Close it, then try again.');
    default:
      return l10n.t(
        '{path} cannot be read ({code}). Check the disk or the network drive, then try again.',
      );
  }
}

function noticeText(kind: TransferNotice['kind'], isOne: boolean, l10n: Localizer): string {
  switch (kind) {
    case 'sourceChanged':
      return isOne
        ? l10n.t('{name} changed; starting again.')
        : l10n.t('{n} files changed; starting them again.');
    case 'uploadExpired':
      return isOne
        ? l10n.t('The unfinished parts of {name} were removed from OSS; starting again.')
        : l10n.t('The unfinished parts of {n} files were removed from OSS; starting them again.');
    case 'checkpointDamaged':
      return isOne
        ? l10n.t('The saved progress of {name} is damaged; starting again.')
        : l10n.t('The saved progress of {n} files is damaged; starting them again.');
    case 'optionsChanged':
      return isOne
        ? l10n.t('{name} has other upload options than before; starting again.')
        : l10n.t('{n} files have other upload options than before; starting them again.');
    case 'notResumable':
      return l10n.t(
        'Progress cannot be saved: check free space and permissions of the disk. The upload goes on, but cannot be resumed after the editor closes.',
      );
    case 'partSizeRaised':
      return isOne
        ? l10n.t('{name} needs more than 10,000 parts; larger parts are used.')
        : l10n.t('{n} files need more than 10,000 parts; larger parts are used.');
    case 'partSizeKept':
      return isOne
        ? l10n.t('{name} was begun with another part size, which is kept.')
        : l10n.t('{n} files were begun with another part size, which is kept.');
    case 'callbackFailed':
      return isOne
        ? l10n.t('{name} is uploaded, but the callback of your application failed.')
        : l10n.t('{n} files are uploaded, but the callback of your application failed.');
    case 'notVerified':
      return isOne
        ? l10n.t('{name} is uploaded, but the server sent no checksum: only the size was compared.')
        : l10n.t(
            '{n} files are uploaded, but the server sent no checksums: only the sizes were compared.',
          );
  }
}

/** The setting that has a wrong value, by its full key. */
function settingOf({ field }: UploadError): string | undefined {
  return field?.startsWith('ossUpload.') === true ? field : undefined;
}

function isProxyRefusal(error: UploadError): boolean {
  return error.status === 407 || /proxy/i.test(error.code);
}

function isTooLarge(error: UploadError): boolean {
  return error.field === 'filePath' && error.code === 'EntityTooLarge';
}

/** Someone else's words as a sentence of limited length. */
function sentence(text: string): string {
  const trimmed = text.trim();
  const short = trimmed.length <= 120 ? trimmed : `${trimmed.slice(0, 119)}…`;
  return /[.!?。]$/.test(short) ? short : `${short}.`;
}
