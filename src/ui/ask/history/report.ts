/** The report of what was uploaded, for a script to check later. Knows no editor. */
import type { FinishedFile } from '../../../engine/index';

/** How a report is written. */
export type ReportFormat = 'jsonl' | 'csv';

/** The fields of a line, in this order; documented in the READMEs. */
export const REPORT_FIELDS = [
  'file',
  'bucket',
  'key',
  'size',
  'crc64',
  'etag',
  'version',
  'time',
  'requestId',
] as const;

type ReportLine = Record<(typeof REPORT_FIELDS)[number], string | number>;

/** What stands before the first line. */
export function reportHead(format: ReportFormat): string {
  return format === 'csv' ? `${REPORT_FIELDS.join(',')}\r\n` : '';
}

/** The line of a file, with its end. What OSS did not say is ''. */
export function reportLine(file: FinishedFile, format: ReportFormat): string {
  const { filePath, target, sizeBytes, finishedMs, result } = file;
  const line: ReportLine = {
    file: filePath,
    bucket: target.bucket,
    key: target.key,
    size: sizeBytes,
    crc64: result.crc64 ?? '',
    etag: result.etag.replaceAll('"', ''),
    version: result.versionId ?? '',
    time: new Date(finishedMs).toISOString(),
    requestId: result.requestId ?? '',
  };
  if (format === 'jsonl') return `${JSON.stringify(line)}\n`;
  return `${REPORT_FIELDS.map((field) => cell(String(line[field]))).join(',')}\r\n`;
}

/** As RFC 4180 has it. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
