import mime from 'mime/lite';

/** What people upload and the standard table of `mime/lite` does not have, or has otherwise. */
const OWN_TYPES: ReadonlyMap<string, string> = new Map([
  // The table says video/mp2t and video/vnd.dlna.mpeg-tts.
  ['ts', 'text/plain'],
  ['mts', 'text/plain'],
  ['cts', 'text/plain'],
  ['tsx', 'text/plain'],
  ['jsx', 'text/plain'],
  ['vue', 'text/plain'],
  ['svelte', 'text/plain'],
  ['py', 'text/plain'],
  ['go', 'text/plain'],
  ['rs', 'text/plain'],
  ['java', 'text/plain'],
  ['c', 'text/plain'],
  ['h', 'text/plain'],
  ['cpp', 'text/plain'],
  ['sh', 'text/plain'],
  ['toml', 'text/plain'],
  ['jsonc', 'application/json'],
  ['jsonl', 'application/x-ndjson'],
  ['apk', 'application/vnd.android.package-archive'],
  ['doc', 'application/msword'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xls', 'application/vnd.ms-excel'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['ppt', 'application/vnd.ms-powerpoint'],
  ['pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['7z', 'application/x-7z-compressed'],
  ['rar', 'application/vnd.rar'],
  ['tar', 'application/x-tar'],
  ['dmg', 'application/x-apple-diskimage'],
  ['iso', 'application/x-iso9660-image'],
  ['ico', 'image/vnd.microsoft.icon'],
  ['m3u8', 'application/vnd.apple.mpegurl'],
  ['odt', 'application/vnd.oasis.opendocument.text'],
  ['psd', 'image/vnd.adobe.photoshop'],
  ['rpm', 'application/x-redhat-package-manager'],
  ['usdz', 'model/vnd.usdz+zip'],
  ['flv', 'video/x-flv'],
  ['avi', 'video/x-msvideo'],
  ['mkv', 'video/x-matroska'],
  ['wmv', 'video/x-ms-wmv'],
]);

/** Types outside `text/` that browsers decode as text. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/x-ndjson',
  'application/javascript',
  'application/manifest+json',
  'application/xml',
  'application/sql',
  'application/yaml',
  'image/svg+xml',
]);

/**
 * Content type by the extension of the key, whatever its case; text with `charset=utf-8`. A key
 * without a known extension is `application/octet-stream`, as OSS itself would say.
 */
export function contentTypeOf(key: string): string {
  const extension = /[^/\\.]\.([^./\\]+)$/.exec(key)?.[1]?.toLowerCase();
  if (extension === undefined) return 'application/octet-stream';
  const type = OWN_TYPES.get(extension) ?? mime.getType(extension) ?? 'application/octet-stream';
  return type.startsWith('text/') || TEXT_TYPES.has(type) ? `${type}; charset=utf-8` : type;
}
