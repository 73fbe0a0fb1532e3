import type { TransferNotice, TransferSnapshot, UploadError, UploadTarget } from '../engine/index';
import { formatDuration } from './format';
import { fileName, keyFolder, regionOfEndpoint } from './transferFacts';
import type { Localizer, Words } from './transferPorts';

/** What a button of a message does, where nothing more needs to be said. */
export type SimpleAction =
  | 'resume'
  | 'retry'
  | 'retryFailed'
  | 'discard'
  | 'showUploads'
  | 'showLog'
  | 'setCredentials'
  | 'updateCredentials'
  | 'switchCredentials'
  | 'copyRamPolicy'
  | 'openHelp'
  | 'selectBucket'
  | 'overwrite'
  | 'skip'
  | 'locate'
  | 'copyErrorDetails'
  | 'copyUrl'
  | 'copyUrls'
  | 'dontShowAgain';

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
}

/** The label of a button: a verb. */
export function actionLabel(action: MessageAction, l10n: Localizer): string {
  switch (action.kind) {
    case 'resume':
      return l10n.t('Resume');
    case 'retry':
      return l10n.t('Try Again');
    case 'retryFailed':
      return l10n.t('Retry Failed');
    case 'discard':
      return l10n.t('Discard');
    case 'showUploads':
      return l10n.t('Show Uploads');
    case 'showLog':
      return l10n.t('Show Log');
    case 'setCredentials':
      return l10n.t('Set Credentials');
    case 'updateCredentials':
      return l10n.t('Update Credentials');
    case 'switchCredentials':
      return l10n.t('Switch Credentials');
    case 'copyRamPolicy':
      return l10n.t('Copy RAM Policy');
    case 'openHelp':
      return l10n.t('Open Help');
    case 'selectBucket':
      return l10n.t('Select Bucket');
    case 'useRegion':
      return l10n.t('Use {region}', { region: action.region });
    case 'overwrite':
      return l10n.t('Overwrite');
    case 'skip':
      return l10n.t('Skip');
    case 'locate':
      return l10n.t('Locate...');
    case 'openSettings':
      return l10n.t('Open Settings');
    case 'copyErrorDetails':
      return l10n.t('Copy Error Details');
    case 'copyUrl':
      return l10n.t('Copy URL');
    case 'copyUrls':
      return l10n.t('Copy URLs');
    case 'dontShowAgain':
      return l10n.t("Don't Show Again");
  }
}

/** The user's text for a failure. */
export function describeError(error: UploadError, context: ErrorContext, words: Words): Message {
  const { l10n } = words;
  const target = context.target;
  const bucket = error.bucket ?? target?.bucket ?? '';
  const key = error.key ?? target?.key ?? '';
  const path = context.filePath ?? error.sourcePath ?? '';
  const name = path === '' ? fileName(key) : fileName(path);
  const count = context.count ?? 1;
  const say = (text: string, ...actions: SimpleAction[]): Message =>
    message('error', text, error, actions);
  const warn = (text: string, ...actions: SimpleAction[]): Message =>
    message('warning', text, error, actions);

  if (isProxyRefusal(error)) {
    return message(
      'error',
      l10n.t('The proxy refuses the connection to OSS. Check the proxy settings, then try again.'),
      error,
      [{ kind: 'openSettings', query: 'http.proxy' }, 'retry', 'copyErrorDetails'],
    );
  }

  switch (error.kind) {
    case 'network':
      return say(
        l10n.t(
          'OSS cannot be reached. Check the network and the endpoint, then try again. Progress is kept.',
        ),
        'retry',
        'copyErrorDetails',
      );
    case 'timeout':
      return say(
        l10n.t('OSS did not answer in time. Check the network, then try again. Progress is kept.'),
        'retry',
        'copyErrorDetails',
      );
    case 'throttled':
      return say(
        l10n.t(
          'OSS is busy and limits the speed of requests. Try again in a few minutes. Progress is kept.',
        ),
        'retry',
        'openHelp',
      );
    case 'server':
      return say(
        l10n.t('OSS had an internal error. Try again in a few minutes. Progress is kept.'),
        'retry',
        'openHelp',
        'copyErrorDetails',
      );
    case 'badResponse':
      return say(
        l10n.t(
          'The answer did not come from OSS. Check the endpoint, and whether a proxy or a login page is in between.',
        ),
        'retry',
        'copyErrorDetails',
      );
    case 'checksumMismatch':
      return say(
        l10n.t(
          '{name} arrived damaged several times and was not uploaded. Check the disk and the network, then try again.',
          { name },
        ),
        'retry',
        'discard',
        'copyErrorDetails',
      );
    case 'noSuchUpload':
      return say(
        l10n.t(
          'The unfinished parts of {name} were removed from OSS. Try again to send the whole file.',
          { name },
        ),
        'retry',
        'discard',
      );
    case 'invalidParts':
      return say(
        l10n.t('OSS could not combine the parts of {name}. Try again to send what is missing.', {
          name,
        }),
        'retry',
        'discard',
        'copyErrorDetails',
      );
    case 'credentials':
      return describeCredentials(error, count, words);
    case 'noCredentials':
      return warn(l10n.t('OSS needs an AccessKey.'), 'setCredentials');
    case 'clockSkew':
      return describeClockSkew(error, words);
    case 'accessDenied':
      if (key === '') {
        return say(
          l10n.t('These credentials have no permission for this in OSS ({code}).', {
            code: error.code,
          }),
          'switchCredentials',
          'openHelp',
          'copyErrorDetails',
        );
      }
      return say(
        l10n.t('No permission for oss:PutObject on {bucket}/{prefix}.', {
          bucket,
          prefix: keyFolder(key),
        }),
        'switchCredentials',
        'copyRamPolicy',
        'openHelp',
      );
    case 'noSuchBucket':
      return say(
        target === undefined || target.region === ''
          ? l10n.t('Bucket "{bucket}" was not found.', { bucket })
          : l10n.t('Bucket "{bucket}" was not found in {region}.', {
              bucket,
              region: target.region,
            }),
        'selectBucket',
        'openHelp',
      );
    case 'wrongRegion':
      return describeWrongRegion(error, bucket, l10n);
    case 'accountBlocked':
      return say(
        // What OSS says of an account that has not paid is no more than this code.
        error.code === 'UserDisable'
          ? l10n.t(
              'OSS refuses uploads to bucket "{bucket}": its account is in arrears or disabled ({code}). Ask the owner of the account.',
              { bucket, code: error.code },
            )
          : l10n.t(
              'OSS refuses uploads to bucket "{bucket}": {reason} Ask the owner of the account.',
              { bucket, reason: sentence(error.message) },
            ),
        'openHelp',
        'retry',
        'copyErrorDetails',
      );
    case 'alreadyExists':
      return warn(
        count > 1
          ? l10n.t('{n} files already exist in OSS and were not replaced. Their parts are kept.', {
              n: count,
            })
          : l10n.t('{key} already exists in OSS and was not replaced. The parts are kept.', {
              key,
            }),
        'overwrite',
        'skip',
      );
    case 'refused':
      return say(
        name === ''
          ? l10n.t('OSS refused the request ({code}). Open the help page for what to change.', {
              code: error.code,
            })
          : l10n.t(
              'OSS refused the upload of {name} ({code}). Open the help page for what to change.',
              { name, code: error.code },
            ),
        'openHelp',
        'retry',
        'copyErrorDetails',
      );
    case 'certificate':
      return message(
        'error',
        l10n.t(
          "The certificate of the server is not trusted ({code}). Install your organization's certificate authority on this computer, or check the endpoint.",
          { code: error.code },
        ),
        error,
        [{ kind: 'openSettings', query: 'http.systemCertificates' }, 'retry', 'copyErrorDetails'],
      );
    case 'invalidArgument':
      return describeInvalidArgument(error, key, name, l10n);
    case 'sourceMissing':
      return say(l10n.t('{name} no longer exists at {path}.', { name, path }), 'locate', 'discard');
    case 'sourceUnreadable':
      return describeUnreadable(error, name, path, l10n);
    case 'sourceNotAFile':
      return say(
        l10n.t('{name} is not a file. Only files and folders can be uploaded.', { name }),
        'discard',
      );
    case 'sourceChanged':
      return say(
        l10n.t('{name} keeps changing and was not uploaded.', { name }),
        'retry',
        'discard',
      );
    case 'heldElsewhere':
      return message(
        'information',
        count > 1
          ? l10n.t('{n} files are being uploaded in another window.', { n: count })
          : l10n.t('{name} is being uploaded in another window.', { name }),
        error,
        ['showUploads'],
      );
    case 'checkpointNewer':
      return say(
        l10n.t(
          'The upload of {name} was begun by a newer version of this extension. Update the extension to go on, or discard it.',
          { name },
        ),
        'discard',
        'copyErrorDetails',
      );
    case 'aborted':
      // Stopped on purpose. Callers do not show it; a sentence is here for those that list states.
      return message('information', l10n.t('Stopped. Progress is kept.'), error, ['resume']);
    case 'internal':
      return say(
        name === ''
          ? l10n.t('This did not work because of an error in this extension.')
          : l10n.t(
              '{name} was not uploaded because of an error in this extension. Progress is kept.',
              { name },
            ),
        'retry',
        'showLog',
        'copyErrorDetails',
      );
  }
}

/** The same where no transfer is at hand that could be resumed: only buttons that still work. */
export function describeLooseError(error: UploadError, words: Words): Message {
  const described = describeError(error, {}, words);
  const actions = described.actions.filter((action) => worksAlone(action.kind));
  const hasDetails = actions.some((action) => action.kind === 'copyErrorDetails');
  if (actions.length < 3 && !hasDetails && described.severity === 'error') {
    actions.push({ kind: 'copyErrorDetails' });
  }
  return { ...described, actions };
}

/** The user's text for something that is not a failure; `count` files share it. */
export function describeNotice(notice: TransferNotice, count: number, words: Words): Message {
  const { l10n } = words;
  const name = fileName(notice.filePath);
  const several = count > 1;
  const tell = (text: string, ...actions: MessageAction[]): Message => ({
    text,
    severity: 'information',
    actions,
  });
  const warn = (text: string, ...actions: MessageAction[]): Message => ({
    text,
    severity: 'warning',
    actions,
  });
  switch (notice.kind) {
    case 'sourceChanged':
      return tell(
        several
          ? l10n.t('{n} files changed; starting them again.', { n: count })
          : l10n.t('{name} changed; starting again.', { name }),
      );
    case 'uploadExpired':
      return tell(
        several
          ? l10n.t(
              'The unfinished parts of {n} files were removed from OSS; starting them again.',
              {
                n: count,
              },
            )
          : l10n.t('The unfinished parts of {name} were removed from OSS; starting again.', {
              name,
            }),
      );
    case 'checkpointDamaged':
      return tell(
        several
          ? l10n.t('The saved progress of {n} files is damaged; starting them again.', { n: count })
          : l10n.t('The saved progress of {name} is damaged; starting again.', { name }),
      );
    case 'optionsChanged':
      return tell(
        several
          ? l10n.t('{n} files have other upload options than before; starting them again.', {
              n: count,
            })
          : l10n.t('{name} has other upload options than before; starting again.', { name }),
      );
    case 'notResumable':
      return warn(
        l10n.t(
          'Progress cannot be saved: check free space and permissions of the disk. The upload goes on, but cannot be resumed after the editor closes.',
        ),
        { kind: 'showLog' },
      );
    case 'partSizeRaised':
      return tell(
        several
          ? l10n.t('{n} files need more than 10,000 parts; larger parts are used.', { n: count })
          : l10n.t('{name} needs more than 10,000 parts; larger parts are used.', { name }),
      );
    case 'partSizeKept':
      return tell(
        several
          ? l10n.t('{n} files were begun with another part size, which is kept.', { n: count })
          : l10n.t('{name} was begun with another part size, which is kept.', { name }),
      );
    case 'callbackFailed':
      return warn(
        several
          ? l10n.t('{n} files are uploaded, but the callback of your application failed.', {
              n: count,
            })
          : l10n.t('{name} is uploaded, but the callback of your application failed.', { name }),
        { kind: 'showLog' },
      );
    case 'notVerified':
      return warn(
        several
          ? l10n.t(
              '{n} files are uploaded, but the server sent no checksums: only the sizes were compared.',
              { n: count },
            )
          : l10n.t(
              '{name} is uploaded, but the server sent no checksum: only the size was compared.',
              { name },
            ),
      );
  }
}

/** Whether a notice deserves a toast; the others are worth a line in the log only. */
export function isNoticeShown(kind: TransferNotice['kind']): boolean {
  switch (kind) {
    case 'sourceChanged':
    case 'uploadExpired':
    case 'checkpointDamaged':
    case 'optionsChanged':
    case 'notResumable':
    case 'callbackFailed':
    case 'notVerified':
      return true;
    case 'partSizeRaised':
    case 'partSizeKept':
      return false;
  }
}

/** What "Copy Error Details" copies: English, for whoever helps. It holds no secret. */
export function errorDetails(error: UploadError, transfer?: TransferSnapshot): string {
  const fields: [string, string | number | undefined][] = [
    ['code', error.code],
    ['message', error.message],
    ['requestId', error.requestId],
    ['ec', error.ec],
    ['status', error.status],
    ['kind', error.kind],
    ['partNumber', error.partNumber],
    ['uploadId', error.uploadId],
    ['bucket', error.bucket ?? transfer?.target.bucket],
    ['key', error.key ?? transfer?.target.key],
    ['region', transfer?.target.region],
    ['path', error.sourcePath ?? transfer?.filePath],
    ['endpoint', error.endpoint],
    ['clockSkewMs', error.clockSkewMs],
    ['field', error.field],
    ['help', helpUrl(error)],
    ['transfer', transfer?.id],
    ['time', transfer === undefined ? undefined : new Date(transfer.updatedMs).toISOString()],
  ];
  return fields
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([field, value]) => `${field}: ${String(value)}`)
    .join('\n');
}

/** The page that explains a failure: the one OSS names, else a search by its error code. */
export function helpUrl(error: UploadError): string | undefined {
  if (error.helpUrl?.startsWith('https://') === true) return error.helpUrl;
  if (error.ec !== undefined && error.ec !== '') {
    return `https://api.aliyun.com/troubleshoot?q=${encodeURIComponent(error.ec)}`;
  }
  return undefined;
}

/** The least a RAM user needs to upload below a folder and to resume. */
export function ramPolicy(bucket: string, prefix: string): string {
  return JSON.stringify(
    {
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload', 'oss:GetObject'],
          Resource: [`acs:oss:*:*:${bucket}/${prefix}*`],
        },
        {
          Effect: 'Allow',
          Action: ['oss:ListMultipartUploads', 'oss:GetBucketInfo', 'oss:GetBucketLocation'],
          Resource: [`acs:oss:*:*:${bucket}`],
        },
      ],
    },
    undefined,
    2,
  );
}

function describeCredentials(error: UploadError, count: number, words: Words): Message {
  const { l10n } = words;
  const actions: SimpleAction[] = ['updateCredentials', 'openHelp'];
  switch (error.code) {
    case 'InvalidAccessKeyId':
    case 'InvalidAccessKeyIdNotFound':
      return message(
        'warning',
        l10n.t(
          'OSS does not know this AccessKey ID: it is mistyped, disabled or deleted. Progress is kept.',
        ),
        error,
        actions,
      );
    case 'SignatureDoesNotMatch':
      return message(
        'warning',
        l10n.t('The AccessKey Secret does not belong to this AccessKey ID. Progress is kept.'),
        error,
        actions,
      );
    default:
      return message(
        'warning',
        count > 1
          ? l10n.t('Credentials expired. {n} uploads are paused and keep their progress.', {
              n: count,
            })
          : l10n.t('Credentials expired. 1 upload is paused and keeps its progress.'),
        error,
        actions,
      );
  }
}

function describeClockSkew(error: UploadError, { l10n, language }: Words): Message {
  const skewMs = Math.abs(error.clockSkewMs ?? 0);
  const actions: SimpleAction[] = ['retry', 'openHelp'];
  if (skewMs < 60_000) {
    return message(
      'error',
      l10n.t("This computer's clock is off; OSS refuses requests. Set the clock, then try again."),
      error,
      actions,
    );
  }
  const minutes = Math.round(skewMs / 60_000);
  return message(
    'error',
    minutes < 120
      ? l10n.t("This computer's clock is off by {n} min; OSS refuses requests.", { n: minutes })
      : l10n.t("This computer's clock is off by {duration}; OSS refuses requests.", {
          duration: formatDuration(skewMs / 1000, language),
        }),
    error,
    actions,
  );
}

function describeWrongRegion(error: UploadError, bucket: string, l10n: Localizer): Message {
  const region = regionOfEndpoint(error.endpoint);
  if (region === undefined) {
    return message(
      'error',
      l10n.t('Bucket "{bucket}" is in another region. Select it again to look its region up.', {
        bucket,
      }),
      error,
      ['selectBucket', 'openHelp'],
    );
  }
  return message('error', l10n.t('Bucket "{bucket}" is in {region}.', { bucket, region }), error, [
    { kind: 'useRegion', region },
    'openHelp',
  ]);
}

function describeInvalidArgument(
  error: UploadError,
  key: string,
  name: string,
  l10n: Localizer,
): Message {
  const settings = (query: string): MessageAction => ({ kind: 'openSettings', query });
  switch (error.field) {
    case 'partSize':
    case 'partSizeBytes':
      return message(
        'error',
        l10n.t(
          'The part size must be between 100 KB and 5 GB. Change the setting ossUpload.partSize.',
        ),
        error,
        [settings('ossUpload.partSize')],
      );
    case 'parallel':
      return message(
        'error',
        l10n.t(
          'The number of parallel parts must be between 1 and 64. Change the setting ossUpload.parallel.',
        ),
        error,
        [settings('ossUpload.parallel')],
      );
    case 'key':
      return message('error', keyText(error, key, l10n), error, [
        settings('ossUpload.prefix'),
        'copyErrorDetails',
      ]);
    case 'bucket':
      return message(
        'error',
        l10n.t(
          'A bucket name has 3 to 63 lower-case letters, digits and hyphens. Select a bucket, or change the setting ossUpload.bucket.',
        ),
        error,
        ['selectBucket', settings('ossUpload.bucket')],
      );
    case 'region':
      return message(
        'error',
        l10n.t('A region is written like cn-hangzhou. Change the setting ossUpload.region.'),
        error,
        [settings('ossUpload.region')],
      );
    case 'endpoint':
      return message(
        'error',
        l10n.t(
          'The endpoint is public, internal, accelerate or an address. Change the setting ossUpload.endpoint.',
        ),
        error,
        [settings('ossUpload.endpoint')],
      );
    case 'filePath':
      if (error.code !== 'EntityTooLarge') break;
      return message(
        'error',
        l10n.t('{name} is larger than 48.8 TB, the most OSS stores as one object.', { name }),
        error,
        ['discard'],
      );
    case undefined:
    default:
      break;
  }
  return message(
    'error',
    l10n.t('A value is not allowed: {reason} Change it, then try again.', {
      reason: sentence(error.message),
    }),
    error,
    [settings('ossUpload'), 'copyErrorDetails'],
  );
}

function keyText(error: UploadError, key: string, l10n: Localizer): string {
  if (error.code === 'keyStart' || /^[/\\]/.test(key)) {
    return l10n.t(
      'A name in OSS cannot start with / or \\. Choose another folder in the bucket, or change the setting ossUpload.prefix.',
    );
  }
  if (error.code === 'keyCharacters') {
    return l10n.t(
      'The name contains characters that cannot be written as UTF-8. Rename the file, then try again.',
    );
  }
  return l10n.t(
    'The name in OSS has to have 1 to 1,023 bytes. Choose a shorter folder in the bucket, or rename the file.',
  );
}

function describeUnreadable(
  error: UploadError,
  name: string,
  path: string,
  l10n: Localizer,
): Message {
  const actions: SimpleAction[] = ['retry', 'discard', 'copyErrorDetails'];
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return message(
        'error',
        l10n.t('No permission to read {path}. Change its permissions, then try again.', { path }),
        error,
        actions,
      );
    case 'EMFILE':
    case 'ENFILE':
      return message(
        'error',
        l10n.t(
          'Too many files are open on this computer. Close some programs, then try again. Progress is kept.',
        ),
        error,
        actions,
      );
    case 'EBUSY':
      return message(
        'error',
        l10n.t('{name} is locked by another program. Close it, then try again. Progress is kept.', {
          name,
        }),
        error,
        actions,
      );
    default:
      return message(
        'error',
        l10n.t(
          '{path} cannot be read ({code}). Check the disk or the network drive, then try again. Progress is kept.',
          { path, code: error.code },
        ),
        error,
        actions,
      );
  }
}

function worksAlone(kind: MessageAction['kind']): boolean {
  switch (kind) {
    case 'showUploads':
    case 'showLog':
    case 'setCredentials':
    case 'updateCredentials':
    case 'switchCredentials':
    case 'openHelp':
    case 'openSettings':
    case 'copyErrorDetails':
      return true;
    case 'resume':
    case 'retry':
    case 'retryFailed':
    case 'discard':
    case 'copyRamPolicy':
    case 'selectBucket':
    case 'useRegion':
    case 'overwrite':
    case 'skip':
    case 'locate':
    case 'copyUrl':
    case 'copyUrls':
    case 'dontShowAgain':
      return false;
  }
}

function isProxyRefusal(error: UploadError): boolean {
  return error.status === 407 || /proxy/i.test(error.code);
}

/** The server's own words, as a sentence inside ours. */
function sentence(text: string): string {
  const trimmed = shorten(text.trim());
  return /[.!?。]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** A text that has room in a message. */
function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}

/** Builds a message; a help button is left out when there is no page to open. */
function message(
  severity: Message['severity'],
  text: string,
  error: UploadError,
  actions: readonly (MessageAction | SimpleAction)[],
): Message {
  const wanted = actions
    .map((action) => (typeof action === 'string' ? { kind: action } : action))
    .filter((action) => action.kind !== 'openHelp' || helpUrl(error) !== undefined);
  return { severity, text, actions: wanted.slice(0, 3) };
}
