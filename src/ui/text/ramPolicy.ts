/** The least a RAM user needs to upload below a folder and to resume; with tags, to set those too. */
export function ramPolicy(bucket: string, prefix: string, hasTags = false): string {
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
            ...(hasTags ? ['oss:PutObjectTagging'] : []),
          ],
          Resource: [`acs:oss:*:*:${bucket}/${prefix}*`],
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
          Resource: [`acs:oss:*:*:${bucket}`],
        },
      ],
    },
    undefined,
    2,
  );
}
