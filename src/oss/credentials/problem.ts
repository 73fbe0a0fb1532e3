import type { CredentialsProblem, CredentialsProblemCode } from '../../account';
import { UploadError } from '../../engine/contract/errors';

/** The codes of {@link unusable}, to tell its errors from others. */
const CODES: Readonly<Record<CredentialsProblemCode, true>> = {
  ModeNotSupported: true,
  EntryMissing: true,
  ValueNotUsable: true,
  PlainHttp: true,
  NoSuchProfile: true,
  ProfileCircle: true,
  FileNotJson: true,
  FileUnreadable: true,
  FileNotUsable: true,
  SignInOver: true,
  ProgramNotAllowed: true,
  ProgramFailed: true,
  Forbidden: true,
  NoInstanceRole: true,
};

/** There are no credentials at that place. */
export function noCredentials(message: string): UploadError {
  return new UploadError('noCredentials', message, { code: 'NoCredentials' });
}

/** There is something, and it cannot be used. The subject names it and quotes no value. */
export function unusable(code: CredentialsProblemCode, subject: string): UploadError {
  const kind = code === 'SignInOver' ? 'credentials' : 'noCredentials';
  return new UploadError(kind, `credentials cannot be used: ${code} ${subject}`, {
    code,
    field: subject,
  });
}

/** The problem that an error of {@link unusable} tells. Throws every other error again. */
export function problemOf(error: unknown): CredentialsProblem {
  if (!UploadError.is(error) || !(error.code in CODES)) throw error;
  return { code: error.code as CredentialsProblemCode, subject: error.field ?? '' };
}
