import type { TransferSnapshot } from '../../engine/index';
import { commonFolders, hasTags } from './transferFacts';

/**
 * The least a RAM user needs to upload these and to resume: in each bucket below the folder that
 * they share. Where one of them has tags, to set those too.
 */
export function ramPolicy(
  about: readonly (Pick<TransferSnapshot, 'object'> & {
    readonly target: Pick<TransferSnapshot['target'], 'bucket' | 'key'>;
  })[],
): string {
  const folders = commonFolders(about);
  return JSON.stringify(
    {
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: [
            'oss:PutObject',
            'oss:ListParts',
            'oss:AbortMultipartUpload',
            'oss:GetObject',
            ...(about.some(hasTags) ? ['oss:PutObjectTagging'] : []),
          ],
          Resource: folders.map(({ bucket, key }) => `acs:oss:*:*:${bucket}/${key}*`),
        },
        {
          Effect: 'Allow',
          Action: [
            'oss:ListObjects',
            'oss:ListMultipartUploads',
            'oss:GetBucketInfo',
            'oss:GetBucketLocation',
            'oss:ListCname',
          ],
          Resource: folders.map(({ bucket }) => `acs:oss:*:*:${bucket}`),
        },
      ],
    },
    undefined,
    2,
  );
}
