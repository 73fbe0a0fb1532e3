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
          Action: [
            'oss:ListObjects',
            'oss:ListMultipartUploads',
            'oss:GetBucketInfo',
            'oss:GetBucketLocation',
          ],
          Resource: [`acs:oss:*:*:${bucket}`],
        },
      ],
    },
    undefined,
    2,
  );
}
