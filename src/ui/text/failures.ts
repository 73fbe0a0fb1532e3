/**
 * The one table of failures: for each kind its sentence, its few words, its buttons, and what it
 * concerns. A new kind is one row, and the compiler finds a missing one; a code that needs a
 * sentence of its own is one case of its row.
 */
import { cutOff, regionOfEndpoint } from '../../engine/index';
import type {
  TransferSnapshot,
  UploadError,
  UploadErrorKind,
  UploadTarget,
} from '../../engine/index';
import { openSettings } from './buttons';
import type { Action } from './buttons';
import { formatCount, formatDuration } from './format';
import { isRule, ruleText } from './rules';
import { fileName, folderLabel, hasTags, keyFolder } from './transferFacts';
import { withFacts } from './words';
import type { Localizer, Words } from './words';

/** What the failure is about, as far as the error does not say it itself. */
export interface FailureContext {
  readonly filePath?: string | undefined;
  readonly target?: UploadTarget | undefined;
  /** How many transfers share this failure. */
  readonly count?: number | undefined;
  /** What became of the files is said already. */
  readonly hasVerdict?: boolean | undefined;
  /** Parts of theirs that OSS has, and that a resume goes on with. */
  readonly partsDone?: number | undefined;
  /** Until the next try; 0 or less at that moment. */
  readonly seconds?: number | undefined;
  /** What the object gets beside its bytes: tags take a permission of their own. */
  readonly object?: TransferSnapshot['object'];
  /** How the name of a file is written; as it is, if not given. */
  readonly shownName?: ((name: string) => string) | undefined;
}

/** Everything the user is told about a failure, and what he can do. */
export interface Failure {
  /** Failures of one id have one sentence. */
  readonly id: string;
  /** What happened and what to do, in one or two sentences. */
  readonly text: string;
  /**
   * What became of the file, or of how many of them, in one sentence before {@link text}; '' where
   * that says it itself, or where there is no file.
   */
  readonly verdict: string;
  /** The reason in a few words, for a narrow row. */
  readonly short: string;
  /** What is said while the next try is waited for; that OSS cannot be reached, if not given. */
  readonly waiting: string;
  /** What helps, the likeliest first; at most three. */
  readonly actions: readonly Action[];
  /** `error`, if not given. */
  readonly severity: 'information' | 'warning' | 'error';
  /**
   * What fails for the same reason, so that one message and one button serve all of it: the file
   * alone (if not given), all that goes to the bucket with these credentials, all of these
   * credentials, all with the same argument, or every upload.
   */
  readonly scope: 'file' | 'bucket' | 'credentials' | 'argument' | 'everything';
  /** A resume goes on with the parts that are there; false, if not given. */
  readonly keepsProgress: boolean;
}

/** What differs from the rest of the kind for some of its errors. */
interface Case extends Partial<Failure> {
  /** Values of `code`, `ec` or `field`, or a look at the rest of the error. */
  readonly when: readonly string[] | ((error: UploadError) => boolean);
}

interface Row extends Partial<Failure> {
  readonly text: string;
  readonly short: string;
  readonly actions: readonly Action[];
  /** The first that fits counts. */
  readonly cases?: readonly Case[];
}

/** What a text may name. Each takes what it needs. */
type Facts = ReturnType<typeof factsOf>;

// The codes are those of STS, the ECs those of OSS, whose code is one for both.
const DELETED_KEY = ['0002-00000902', 'InvalidAccessKeyId.NotFound'];
const INACTIVE_KEY = ['0002-00000904', 'InvalidAccessKeyId.Inactive'];

const ROWS: Readonly<Record<UploadErrorKind, (l10n: Localizer, facts: Facts) => Row>> = {
  network: (l10n) => ({
    text: l10n.t('OSS cannot be reached. Check the network and the endpoint, then try again.'),
    short: l10n.t('no network'),
    actions: ['retry', 'copyErrorDetails'],
    scope: 'everything',
    keepsProgress: true,
  }),
  timeout: (l10n) => ({
    text: l10n.t('OSS did not answer in time. Check the network, then try again.'),
    short: l10n.t('no answer'),
    actions: ['retry', 'copyErrorDetails'],
    scope: 'everything',
    keepsProgress: true,
  }),
  throttled: (l10n, { s }) => ({
    text: l10n.t('OSS is busy and limits the speed of requests. Try again in a few minutes.'),
    short: l10n.t('OSS is busy'),
    actions: ['retry', 'openHelp'],
    scope: 'everything',
    keepsProgress: true,
    waiting: busyText(l10n, s),
  }),
  server: (l10n, { s }) => ({
    text: l10n.t('OSS had an internal error. Try again in a few minutes.'),
    short: l10n.t('error in OSS'),
    actions: ['retry', 'openHelp', 'copyErrorDetails'],
    scope: 'everything',
    keepsProgress: true,
    waiting: busyText(l10n, s),
  }),
  badResponse: (l10n, { s }) => ({
    text: l10n.t(
      'The answer did not come from OSS. Check the endpoint, and whether a proxy or a login page is in between.',
    ),
    short: l10n.t('not an answer of OSS'),
    actions: ['retry', 'copyErrorDetails'],
    scope: 'everything',
    keepsProgress: true,
    waiting:
      s > 0
        ? l10n.t('The answer is not from OSS: a proxy or a login page? Next try in {s} s.')
        : l10n.t('The answer is not from OSS: a proxy or a login page? Trying again.'),
  }),
  checksumMismatch: (l10n) => ({
    text: l10n.t(
      '{name} arrived damaged several times and was not uploaded. Check the disk and the network, then try again.',
    ),
    verdict: '',
    short: l10n.t('arrived damaged'),
    actions: ['retry', 'discard', 'copyErrorDetails'],
  }),
  noSuchUpload: (l10n) => ({
    text: l10n.t(
      '{name} was not uploaded: its unfinished parts were removed from OSS. Try again to send the whole file.',
    ),
    verdict: '',
    short: l10n.t('parts removed from OSS'),
    actions: ['retry', 'discard'],
  }),
  invalidParts: (l10n) => ({
    text: l10n.t(
      '{name} was not uploaded: OSS could not combine its parts. Try again to send what is missing.',
    ),
    verdict: '',
    short: l10n.t('parts not combined'),
    actions: ['retry', 'discard', 'copyErrorDetails'],
  }),
  credentials: (l10n, { command, paused }) => ({
    text: l10n.t('The credentials were refused ({code}). Set them again to see why.'),
    short: l10n.t('credentials refused'),
    actions: ['updateCredentials', 'openHelp'],
    verdict: paused,
    severity: 'warning',
    scope: 'credentials',
    keepsProgress: true,
    cases: [
      { when: DELETED_KEY, text: deletedKeyText(l10n) },
      { when: INACTIVE_KEY, text: inactiveKeyText(l10n) },
      {
        when: ['InvalidAccessKeyId'],
        text: l10n.t('OSS does not know this AccessKey ID: it is mistyped, disabled or deleted.'),
      },
      {
        when: ['SignatureDoesNotMatch'],
        text: l10n.t('The AccessKey Secret does not belong to this AccessKey ID.'),
      },
      {
        when: ['SignInOver'],
        text: l10n.t('The sign-in is over. Run "{command}" in a terminal, then try again.', {
          command,
        }),
      },
      {
        when: ['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidSecurityToken.Expired'],
        text: l10n.t('The credentials expired.'),
      },
    ],
  }),
  noCredentials: (l10n, { paused }) => ({
    text: l10n.t('The credentials cannot be used any more ({code}). Set them again to see why.'),
    short: l10n.t('no credentials'),
    actions: ['setCredentials'],
    verdict: paused,
    severity: 'warning',
    scope: 'credentials',
    cases: [{ when: ['NoCredentials'], text: l10n.t('OSS needs an AccessKey.') }],
  }),
  clockSkew: (l10n, { minutesOff, timeOff }) => ({
    text:
      minutesOff === 0
        ? l10n.t(
            "This computer's clock is off; OSS refuses requests. Set the clock, then try again.",
          )
        : minutesOff < 120
          ? l10n.t(
              "This computer's clock is off by {n} min; OSS refuses requests. Set the clock, then try again.",
              { n: minutesOff },
            )
          : l10n.t(
              "This computer's clock is off by {duration}; OSS refuses requests. Set the clock, then try again.",
              { duration: timeOff },
            ),
    short: l10n.t('clock is off'),
    actions: ['retry', 'openHelp'],
    scope: 'everything',
  }),
  accessDenied: (l10n, { key, tagRight }) => ({
    text:
      key === ''
        ? l10n.t('These credentials have no permission for this in OSS ({code}).')
        : l10n.t('No permission for oss:PutObject on {place}.'),
    short: l10n.t('no permission'),
    actions:
      key === ''
        ? ['switchCredentials', 'openHelp', 'copyErrorDetails']
        : ['switchCredentials', 'copyRamPolicy', 'retry'],
    scope: 'bucket',
    cases: [
      {
        // The answer does not name the feature, which is on in buckets made since 2025-10-13.
        when: ({ ec, message }) => ec === '0016-00000901' || /public object acl/i.test(message),
        text: l10n.t(
          'Block Public Access of {bucket} forbids objects that everybody may read. Choose another ACL, or turn it off in the OSS console.',
        ),
        actions: ['openHelp', 'retry', 'copyErrorDetails'],
      },
      {
        when: ['0002-00000080'],
        text: l10n.t(
          'This account or {bucket} takes no V1 signatures. Set ossUpload.signatureVersion to v4, and ossUpload.region where it cannot be found.',
        ),
        actions: [openSettings('ossUpload.signatureVersion'), 'retry', 'openHelp'],
      },
      {
        when: ({ message }) => /transfer acceleration/i.test(message),
        text: l10n.t(
          'Transfer acceleration is not enabled for {bucket}. Enable it in the OSS console, or change the setting ossUpload.endpoint.',
        ),
        actions: [openSettings('ossUpload.endpoint'), 'retry', 'openHelp'],
      },
      {
        when: ({ code, message }) => /\bkms\b/i.test(`${code} ${message}`),
        text: l10n.t(
          'The KMS key that encrypts {bucket} cannot be used. The key has to be enabled, and these credentials need rights in KMS.',
        ),
        actions: ['switchCredentials', 'retry', 'openHelp'],
      },
      {
        // The answer does not say which of the two is missing.
        when: () => tagRight !== '' && key !== '',
        text: l10n.t('No permission for oss:PutObject or {tagRight} on {place}.'),
      },
    ],
  }),
  noSuchBucket: (l10n, { region }) => ({
    text:
      region === ''
        ? l10n.t('Bucket "{bucket}" was not found.')
        : l10n.t('Bucket "{bucket}" was not found in {region}.'),
    short: l10n.t('bucket not found'),
    actions: ['selectBucket', 'retry', 'openHelp'],
    scope: 'bucket',
  }),
  wrongRegion: (l10n, { region, serverRegion }) => ({
    text:
      serverRegion === ''
        ? l10n.t('Bucket "{bucket}" is in another region. Select it again to look its region up.')
        : region === '' || region === serverRegion
          ? l10n.t('Bucket "{bucket}" is in {region}.', { region: serverRegion })
          : l10n.t('Bucket "{bucket}" is in {serverRegion}, not in {region}.'),
    short: l10n.t('bucket is in another region'),
    actions:
      serverRegion === ''
        ? ['selectBucket', 'retry', 'openHelp']
        : [{ kind: 'useRegion', region: serverRegion }, 'selectBucket', 'openHelp'],
    scope: 'bucket',
  }),
  publicEndpointForbidden: (l10n) => ({
    text: l10n.t('This account must use a domain of its own for {bucket}.'),
    short: l10n.t('needs its own domain'),
    actions: ['chooseDomain', 'openHelp'],
    scope: 'bucket',
    keepsProgress: true,
  }),
  domainUnusable: (l10n) => ({
    text: l10n.t('{domain} does not lead to {bucket} any more ({code}). Choose another domain.'),
    short: l10n.t('domain does not work'),
    actions: ['chooseDomain', 'retry'],
    scope: 'bucket',
    keepsProgress: true,
    cases: [
      {
        when: ['ENOTFOUND'],
        text: l10n.t(
          '{domain}, the domain of {bucket}, is not known any more ({code}). Choose another one, or mend its DNS record.',
        ),
      },
      {
        when: ({ status }) => status === undefined,
        text: l10n.t(
          '{domain}, the domain of {bucket}, has no valid certificate any more ({code}). Choose another one, or look whether it is still bound.',
        ),
      },
    ],
  }),
  accountBlocked: (l10n) => ({
    text: l10n.t(
      'OSS refuses uploads to bucket "{bucket}": {reason} Ask the owner of the account.',
    ),
    short: l10n.t('account blocked'),
    actions: ['openHelp', 'retry', 'copyErrorDetails'],
    scope: 'bucket',
    cases: [
      {
        // What OSS says of an account that has not paid is no more than this code.
        when: ['UserDisable'],
        text: l10n.t(
          'OSS refuses uploads to bucket "{bucket}": its account is in arrears or disabled ({code}). Ask the owner of the account.',
        ),
      },
    ],
  }),
  alreadyExists: (l10n, { n }) => ({
    text:
      n > 1
        ? l10n.t('{n} files already exist in OSS and were not replaced.')
        : l10n.t('{key} already exists in OSS and was not replaced.'),
    verdict: '',
    short: l10n.t('already exists'),
    actions: ['overwrite', 'skip'],
    severity: 'warning',
    scope: 'bucket',
    keepsProgress: true,
    cases: [
      {
        when: ({ isBucketRule }) => isBucketRule === true,
        text:
          n > 1
            ? l10n.t('{n} files already exist, and {bucket} forbids to replace them.')
            : l10n.t('{key} already exists, and {bucket} forbids to replace it.'),
        actions: ['keepBoth', 'skip'],
      },
    ],
  }),
  refused: (l10n, { name }) => ({
    text:
      name === ''
        ? l10n.t('OSS refused the request ({code}). Open the help page for what to change.')
        : l10n.t(
            'OSS refused the upload of {name} ({code}). Open the help page for what to change.',
          ),
    verdict: '',
    short: l10n.t('refused by OSS'),
    actions: ['openHelp', 'retry', 'copyErrorDetails'],
    keepsProgress: true,
    cases: [
      {
        when: ['FileImmutable'],
        text: l10n.t(
          '{key} is under a retention policy (WORM) of {bucket}: until that ends it cannot be replaced.',
        ),
        actions: ['keepBoth', 'skip', 'openHelp'],
      },
    ],
  }),
  certificate: (l10n) => ({
    text: l10n.t(
      "The certificate of the server is not trusted ({code}). Install your organization's certificate authority on this computer, or check the endpoint.",
    ),
    short: l10n.t('certificate not trusted'),
    actions: [openSettings('http.systemCertificates'), 'retry', 'copyErrorDetails'],
    scope: 'everything',
  }),
  invalidArgument: (l10n, { setting }) => ({
    text: l10n.t('A value is not allowed: {reason} Change it, then try again.'),
    short: l10n.t('value not allowed'),
    actions: [openSettings('ossUpload'), 'copyErrorDetails'],
    scope: 'argument',
    cases: [
      {
        when: ({ field, code }) => field?.startsWith('ossUpload.') === true && isRule(code),
        text: l10n.t('The setting {setting} cannot be used. {rule} Change it, then try again.'),
        actions: [openSettings(setting), 'retry', 'copyErrorDetails'],
      },
      {
        when: ['EmptyFile'],
        text: l10n.t(
          '{name} is empty: nothing of this upload can be from it. Choose the file that was being uploaded.',
        ),
        actions: ['copyErrorDetails'],
      },
      {
        when: ['exclude'],
        text: l10n.t(
          'Nothing was sent: the pattern {value} in ossUpload.exclude could never match. {rule}',
        ),
        actions: [openSettings('ossUpload.exclude'), 'copyErrorDetails'],
      },
      {
        when: ['partSize', 'partSizeBytes'],
        text: l10n.t(
          'The part size must be between 100 KB and 5 GB. Change the setting ossUpload.partSize.',
        ),
        actions: [openSettings('ossUpload.partSize')],
      },
      {
        when: ['parallel'],
        text: l10n.t(
          'The number of parallel parts must be between 1 and 64. Change the setting ossUpload.parallel.',
        ),
        actions: [openSettings('ossUpload.parallel')],
      },
      {
        when: ({ field, code, key }) =>
          field === 'key' && (code === 'keyStart' || /^[/\\]/.test(key ?? '')),
        text: l10n.t(
          'A name in OSS cannot start with / or \\. Choose another folder in the bucket, or change the setting ossUpload.prefix.',
        ),
        actions: [openSettings('ossUpload.prefix'), 'copyErrorDetails'],
      },
      {
        when: ['keyCharacters'],
        text: l10n.t(
          'The name contains characters that cannot be written as UTF-8. Rename the file, then try again.',
        ),
        actions: [openSettings('ossUpload.prefix'), 'copyErrorDetails'],
      },
      {
        when: ['key'],
        text: l10n.t(
          'The name in OSS has to have 1 to 1,023 bytes. Choose a shorter folder in the bucket, or rename the file.',
        ),
        actions: [openSettings('ossUpload.prefix'), 'copyErrorDetails'],
      },
      {
        when: ['bucket'],
        text: l10n.t(
          'A bucket name has 3 to 63 lower-case letters, digits, hyphens and underscores. Select a bucket, or change the setting ossUpload.bucket.',
        ),
        actions: ['selectBucket', openSettings('ossUpload.bucket')],
      },
      {
        when: ['region'],
        text: l10n.t('A region is written like cn-hangzhou. Change the setting ossUpload.region.'),
        actions: [openSettings('ossUpload.region')],
      },
      {
        when: ['endpoint'],
        text: l10n.t(
          'The endpoint is public, internal, accelerate or an address. Change the setting ossUpload.endpoint.',
        ),
        actions: [openSettings('ossUpload.endpoint')],
      },
      {
        when: ['EntityTooLarge'],
        text: l10n.t(
          '{name} was not uploaded: it is larger than 48.8 TB, the most OSS stores as one object.',
        ),
        verdict: '',
        actions: ['discard'],
      },
    ],
  }),
  sourceMissing: (l10n) => ({
    text: l10n.t('{name} was not uploaded: it no longer exists at {path}.'),
    verdict: '',
    short: l10n.t('file is gone'),
    actions: ['locate', 'discard'],
    cases: [
      {
        when: ['DeadLink'],
        text: l10n.t('{name} was not uploaded: it is a link that leads nowhere.'),
      },
      {
        when: ['LeadsElsewhere'],
        text: l10n.t(
          '{path} leads through a link to another file than was chosen, so it was not sent.',
        ),
        short: l10n.t('leads to another file'),
      },
    ],
  }),
  sourceUnreadable: (l10n) => ({
    text: l10n.t(
      '{path} cannot be read ({code}). Check the disk or the network drive, then try again.',
    ),
    short: l10n.t('file cannot be read'),
    actions: ['retry', 'discard', 'copyErrorDetails'],
    keepsProgress: true,
    cases: [
      {
        when: ['EACCES', 'EPERM'],
        text: l10n.t('No permission to read {path}. Change its permissions, then try again.'),
      },
      {
        when: ['EFBIG'],
        text: l10n.t(
          'The .gitignore or .ossignore of {path} is longer than 64 KB, so nothing there was sent. Make it shorter, then try again.',
        ),
      },
      {
        when: ['EMFILE', 'ENFILE'],
        text: l10n.t(
          'Too many files are open on this computer. Close some programs, then try again.',
        ),
      },
      {
        when: ['EBUSY'],
        text: l10n.t(
          '{name} was not uploaded: another program has locked it. Close that program, then try again.',
        ),
        verdict: '',
      },
    ],
  }),
  sourceNotAFile: (l10n) => ({
    text: l10n.t('{name} was not uploaded: it is no file. Only files and folders can be uploaded.'),
    verdict: '',
    short: l10n.t('not a file'),
    actions: ['discard'],
  }),
  sourceChanged: (l10n) => ({
    text: l10n.t('{name} keeps changing and was not uploaded.'),
    verdict: '',
    short: l10n.t('file keeps changing'),
    actions: ['retry', 'discard'],
  }),
  heldElsewhere: (l10n, { n }) => ({
    // No notification can be taken back: this one stays true when the other window is closed.
    text:
      n > 1
        ? l10n.t('{n} files were being uploaded in another window, so this one left them alone.')
        : l10n.t('{name} was being uploaded in another window, so this one left it alone.'),
    verdict: '',
    short: l10n.t('in another window'),
    actions: ['retry', 'showUploads'],
    severity: 'information',
  }),
  checkpointNewer: (l10n) => ({
    text: l10n.t(
      'The upload of {name} was begun by a newer version of this extension. Update the extension to go on, or discard it.',
    ),
    verdict: '',
    short: l10n.t('begun by a newer version'),
    actions: ['discard', 'copyErrorDetails'],
  }),
  // Stopped on purpose. It is not told, but it may stand in a list.
  aborted: (l10n) => ({
    text: l10n.t('Stopped.'),
    verdict: '',
    short: l10n.t('stopped'),
    actions: ['resume'],
    severity: 'information',
    keepsProgress: true,
  }),
  internal: (l10n, { name }) => ({
    text:
      name === ''
        ? l10n.t('This did not work because of an error in this extension.')
        : l10n.t('{name} was not uploaded because of an error in this extension.'),
    verdict: '',
    short: l10n.t('error in this extension'),
    actions: ['retry', 'showLog', 'copyErrorDetails'],
    keepsProgress: true,
  }),
};

/** What OSS or STS says of a key that it refuses. */
export type RefusedKey = Partial<Pick<UploadError, 'ec'>> & Pick<UploadError, 'code'>;

/**
 * What is said of a key that its owner has deleted or switched off, as far as OSS (by its EC) or STS
 * (by its code) tells the two apart; undefined where neither does.
 */
export function keyStateText({ code, ec = '' }: RefusedKey, l10n: Localizer): string | undefined {
  const isOneOf = (words: readonly string[]): boolean => words.includes(code) || words.includes(ec);
  if (isOneOf(DELETED_KEY)) return deletedKeyText(l10n);
  return isOneOf(INACTIVE_KEY) ? inactiveKeyText(l10n) : undefined;
}

function deletedKeyText(l10n: Localizer): string {
  return l10n.t('OSS does not know this AccessKey ID: it is mistyped or deleted.');
}

function inactiveKeyText(l10n: Localizer): string {
  return l10n.t('This AccessKey is disabled. Enable it in the RAM console, or use another one.');
}

/** What the table says of an error. A failure without one is a bug of ours. */
export function failureOf(
  error: UploadError | undefined,
  context: FailureContext,
  words: Words,
): Failure {
  const kind = error?.kind ?? 'internal';
  const facts = factsOf(error, context, words);
  const l10n = withFacts(words.l10n, facts);
  const { cases = [], ...row } = ROWS[kind](l10n, facts);
  // Of any kind, so that no row knows what became of the file.
  const ofAnyKind = (each: Case): Case => ({ ...each, verdict: facts.notUploaded });
  const common = error === undefined ? [] : [ofProxy(l10n), ...ofOthers(l10n, error)];
  const found = error && [...common.map(ofAnyKind), ...cases].find((each) => fits(each, error));
  return {
    id: found === undefined ? kind : `${kind} ${facts.code} ${cases.indexOf(found)}`,
    waiting:
      facts.s > 0
        ? l10n.t('OSS cannot be reached. Next try in {s} s. Progress is kept.')
        : l10n.t('OSS cannot be reached. Trying again. Progress is kept.'),
    severity: 'error',
    scope: 'file',
    keepsProgress: false,
    verdict: facts.notUploaded,
    ...row,
    ...found,
  };
}

function fits({ when }: Case, error: UploadError): boolean {
  if (typeof when === 'function') return when(error);
  return [error.code, error.ec, error.field].some(
    (value) => value !== undefined && when.includes(value),
  );
}

/** Failures that a proxy makes of those of any kind. */
function ofProxy(l10n: Localizer): Case {
  return {
    when: ({ status, code }) => status === 407 || /proxy/i.test(code),
    text: l10n.t(
      'The proxy refuses the connection to OSS. Check the proxy settings, then try again.',
    ),
    actions: [openSettings('http.proxy'), 'retry', 'copyErrorDetails'],
    severity: 'error',
  };
}

/** Refusals of somebody on the way to OSS: none of OSS, and no matter of credentials. */
function ofOthers(l10n: Localizer, { status = 0 }: UploadError): readonly Case[] {
  const isRefusal = ({ isForeign }: UploadError): boolean => isForeign === true && status >= 400;
  const common = { severity: 'error', short: l10n.t('not an answer of OSS') } as const;
  return [
    {
      ...common,
      when: (error) => isRefusal(error) && status === 413,
      text: l10n.t(
        'A proxy between this computer and OSS answered {status}: it does not let parts of this size through. Lower the setting ossUpload.partSize.',
        { status },
      ),
      actions: [openSettings('ossUpload.partSize'), 'retry', 'copyErrorDetails'],
    },
    {
      ...common,
      when: isRefusal,
      text: l10n.t(
        'A proxy or gateway between this computer and OSS answered {status}, not OSS. Check the proxy and the endpoint, then try again.',
        { status },
      ),
      actions: [openSettings('http.proxy'), 'retry', 'copyErrorDetails'],
      waiting: l10n.t('The answer is not from OSS: a proxy or a login page? Trying again.'),
    },
  ];
}

function busyText(l10n: Localizer, seconds: number): string {
  return seconds > 0
    ? l10n.t('OSS is busy. Next try in {s} s. Progress is kept.')
    : l10n.t('OSS is busy. Trying again. Progress is kept.');
}

function factsOf(
  error: UploadError | undefined,
  {
    target,
    filePath,
    count = 1,
    hasVerdict = false,
    seconds = 0,
    object,
    shownName,
  }: FailureContext,
  { l10n, language }: Words,
) {
  const { code = '', message = '', field = '', clockSkewMs = 0 } = error ?? {};
  const key = error?.key ?? target?.key ?? '';
  const path = filePath ?? error?.sourcePath ?? '';
  const secondsOff = Math.abs(clockSkewMs) / 1000;
  const bucket = error?.bucket ?? target?.bucket ?? '';
  const wholeName = fileName(path === '' ? key : path);
  const name = shownName?.(wholeName) ?? wholeName;
  const about = { name, n: formatCount(count, language) };
  const verdict = (one: string, many: string): string => {
    if (hasVerdict || (count === 1 && path === '')) return '';
    return count === 1 ? one : many;
  };
  return {
    name,
    path,
    bucket,
    /** The folder that was written to, as `bucket/folder`. */
    place: folderLabel({ bucket, key: keyFolder(key) }),
    /** Of the target, and the one that the server names; '' where there is none. */
    region: target?.region ?? '',
    serverRegion: regionOfEndpoint(error?.endpoint ?? ''),
    key,
    /** The right that tags take besides that of the object; '' without tags. */
    tagRight: hasTags({ object }) ? 'oss:PutObjectTagging' : '',
    code,
    /** The server's own words, as a sentence inside ours. */
    reason: sentence(message),
    /** The setting that has a wrong value, by its full key, and the rule it breaks. */
    setting: field,
    /** The bucket's own domain, for `domainUnusable`. */
    domain: error?.domain ?? '',
    /** What was refused, as it was written. */
    value: error?.value ?? '',
    /** What the user runs to sign in again, for `SignInOver`. */
    command: field === '' ? 'aliyun configure' : field,
    rule: isRule(code) ? ruleText(code, l10n) : '',
    /** By how much this computer's clock is off: in whole minutes, 0 where less, and in words. */
    minutesOff: secondsOff < 60 ? 0 : Math.round(secondsOff / 60),
    timeOff: secondsOff === 0 ? '' : formatDuration(secondsOff, language),
    n: count,
    s: seconds,
    /** What became of these files; '' where none is known. */
    notUploaded: verdict(
      l10n.t('{name} was not uploaded.', about),
      l10n.t('{n} files were not uploaded.', about),
    ),
    paused: verdict(l10n.t('{name} is paused.', about), l10n.t('{n} uploads are paused.', about)),
  };
}

/** The server's words as a sentence of limited length. */
function sentence(text: string): string {
  const short = cutOff(text.trim(), 120);
  return /[.!?。]$/.test(short) ? short : `${short}.`;
}
