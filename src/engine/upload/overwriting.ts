import { UploadError } from '../contract/errors';
import type { UploadContext } from './uploadContext';

/**
 * Throws `alreadyExists` where the object is there, must not be replaced, and OSS would replace it all
 * the same. To be called just before the request that stores it: what appears between the two is not
 * seen. An object that may not be looked at counts as missing.
 */
export async function assertNotThere(
  { job, store }: Pick<UploadContext, 'job' | 'store'>,
  signal: AbortSignal,
): Promise<void> {
  const { target, options } = job;
  const call = { signal };
  if (!options.forbidOverwrite || (await store.honoursForbidOverwrite(call))) return;
  try {
    if ((await store.headObject(target.key, call)) === undefined) return;
  } catch (error) {
    if (UploadError.is(error, 'accessDenied')) return;
    throw error;
  }
  throw new UploadError('alreadyExists', 'the object was seen just before it would be replaced', {
    code: 'FileAlreadyExists',
  });
}
