/** Which credentials these are, and why they cannot be used. No text holds a secret. */
import type {
  CredentialsProblem,
  CredentialsProblemCode,
  CredentialsSource,
  FoundCredentials,
} from '../../../account';
import { maskAccessKeyId } from '../../../engine/index';
import type { Localizer } from '../../text/words';

/** Which credentials these are. */
export function sourceLabel(source: CredentialsSource, l10n: Localizer): string {
  switch (source.kind) {
    case 'accessKey':
      return maskAccessKeyId(source.key.accessKeyId);
    case 'environment':
      return l10n.t('credentials from environment');
    case 'ossutil':
      return l10n.t('credentials from {file}', { file: '~/.ossutilconfig' });
    case 'aliyun':
      return l10n.t('credentials from {file}', { file: '~/.aliyun/config.json' });
    case 'sdk':
      return l10n.t('credentials from {file}', { file: '~/.alibabacloud/credentials' });
    case 'ecsRamRole':
      return l10n.t('RAM role of this ECS instance');
    case 'uri':
      return l10n.t('credentials from {file}', { file: 'ALIBABA_CLOUD_CREDENTIALS_URI' });
    case 'oidc':
      return l10n.t('credentials of an OIDC provider');
  }
}

/** A row of the list of what was found. */
export function foundLabel(found: FoundCredentials, l10n: Localizer): string {
  // Several profiles of one file may hold keys that look alike.
  const details = [sourceDetail(found.source), found.maskedId].filter((text) => text !== '');
  const credentials = sourceLabel(found.source, l10n);
  const id = details.join(' · ');
  if (found.problem !== undefined) {
    return id === '' ? credentials : l10n.t('{credentials} ({id})', { credentials, id });
  }
  return id === ''
    ? l10n.t('Use {credentials}', { credentials })
    : l10n.t('Use {credentials} ({id})', { credentials, id });
}

/** Which one of its kind it is; '' where there is but one. */
function sourceDetail(source: CredentialsSource): string {
  if (source.kind === 'ossutil' || source.kind === 'sdk') return source.section;
  if (source.kind === 'aliyun') return source.profile;
  return source.kind === 'ecsRamRole' ? source.role : '';
}

/** Each reason, with what to do about it. */
const PROBLEMS: Readonly<Record<CredentialsProblemCode, (l10n: Localizer) => string>> = {
  ModeNotSupported: (l10n) =>
    l10n.t('Credentials of the kind {subject} cannot be used for uploads. Choose others.'),
  EntryMissing: (l10n) => l10n.t('{subject} is missing. Add it, then choose again.'),
  ValueNotUsable: (l10n) => l10n.t('The value of {subject} cannot be used. Correct it first.'),
  PlainHttp: (l10n) =>
    l10n.t('{subject} is an http address: the key would be sent unencrypted. Use https.'),
  NoSuchProfile: (l10n) => l10n.t('There is no profile {subject} any more. Choose another one.'),
  ProfileCircle: (l10n) => l10n.t('The profile {subject} refers to itself. Correct its source.'),
  FileNotJson: (l10n) => l10n.t('{subject} is not valid JSON. Correct the file first.'),
  FileUnreadable: (l10n) =>
    l10n.t('{subject} cannot be read. Check whether it is there and its permissions.'),
  FileNotUsable: (l10n) => l10n.t('{subject} is not a regular file of at most 1 MB.'),
  SignInOver: (l10n) =>
    l10n.t('The sign-in is over. Run "{command}" in a terminal, then try again.'),
  ProgramNotAllowed: (l10n) =>
    l10n.t(
      'The program that gives the key is not the one that was allowed. Set the credentials again.',
    ),
  ProgramFailed: (l10n) =>
    l10n.t('The program that gives the key gave none. Run it in a terminal to see why.'),
  Forbidden: (l10n) => l10n.t('The environment variable {subject} forbids it.'),
  NoInstanceRole: (l10n) =>
    l10n.t('This ECS instance does not have the RAM role. Attach it in the ECS console.'),
};

/** Whether the code of an error is one of these reasons. */
export function isProblem(code: string): code is CredentialsProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** Why credentials cannot be used, as a sentence that says what to do. */
export function problemText({ code, subject }: CredentialsProblem, localizer: Localizer): string {
  return PROBLEMS[code]({ t: (text) => localizer.t(text, { subject, command: subject }) });
}
