import { UploadError } from '../engine/contract/errors';
import type { RenewableKey } from './credentials/renewableKey';
import type { ServerClock } from './ossClient';

/**
 * What was put right after a failure, so that the same request is worth another try: the time it is
 * signed with, or its key. A key that cannot be renewed has no `refresh`.
 */
export async function putRight(
  error: unknown,
  clock: ServerClock,
  key: Partial<Pick<RenewableKey, 'refresh'>>,
): Promise<'clock' | 'key' | undefined> {
  if (!UploadError.is(error)) return undefined;
  if (error.kind === 'clockSkew' && error.clockSkewMs !== undefined) {
    return clock.correct(error.clockSkewMs) ? 'clock' : undefined;
  }
  if (error.kind !== 'credentials') return undefined;
  // A time that was wrong is signed as well as a right one.
  if (error.code === 'SignatureDoesNotMatch' && clock.reset()) return 'clock';
  return (await key.refresh?.()) === true ? 'key' : undefined;
}
