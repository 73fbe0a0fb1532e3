import { redact } from '../../engine/index';
import type { TransferSnapshot, UploadError } from '../../engine/index';

/** What "Copy Error Details" copies, for a report: a line for each fact, in English, without secrets. */
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
    ['help', error.helpUrl],
    ['transfer', transfer?.id],
    ['time', transfer === undefined ? undefined : new Date(transfer.updatedMs).toISOString()],
  ];
  return fields
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([field, value]) => `${field}: ${redact(String(value))}`)
    .join('\n');
}
