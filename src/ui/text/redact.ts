/**
 * Words whose value is never written down, whatever stands between them: `name: value`,
 * `name=value`, `"name": "value"`, also as part of a query.
 */
const SECRET_NAMES = [
  'access_?key_?secret',
  'access_?secret',
  'secret_?access_?key',
  'secret_?key',
  'security_?token',
  'session_?token',
  'sts_?token',
  'x-oss-security-token',
  'x-oss-signature',
  'x-oss-credential',
  'signature',
  'password',
  'proxy-authorization',
].join('|');

const SECRET_VALUE = new RegExp(
  `(["']?(?:${SECRET_NAMES})["']?\\s*[:=]\\s*)("[^"]*"|'[^']*'|[^\\s&,;'"}\\])]+)`,
  'gi',
);

/** The whole rest of an Authorization header, because its parts are separated by blanks and commas. */
const AUTHORIZATION = /(["']?authorization["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\r\n}]+)/gi;

/** A signature without its header name, as it stands in a quoted string-to-sign or an error body. */
const SIGNED_SCHEME =
  /\b(OSS4-HMAC-SHA256|OSS)\s+(Credential=\S+.*|[A-Za-z0-9.]{10,}:[A-Za-z0-9+/=]{20,})/g;

/** An address with a signed query: everything behind the question mark goes. */
const SIGNED_QUERY =
  /(https?:\/\/[^\s"'<>?]+)\?(?=[^\s"'<>]*(?:signature|x-oss-credential|security-token|accesskeyid)=)[^\s"'<>]*/gi;

/** User name and password of a proxy. */
const USER_INFO = /(https?:\/\/)[^\s/@"'<>]+@/gi;

const ACCESS_KEY_ID = /\b((?:LTAI|STS\.)[A-Za-z0-9]{8,})\b/g;

/** An AccessKey id that can be recognised but not used: `LTAI****x3Qf`. */
export function maskAccessKeyId(accessKeyId: string): string {
  if (accessKeyId.length < 12) return '****';
  return `${accessKeyId.slice(0, 4)}****${accessKeyId.slice(-4)}`;
}

/** A text without secrets, and with AccessKey ids masked. */
export function redact(text: string): string {
  return text
    .replace(SIGNED_QUERY, '$1?***')
    .replace(USER_INFO, '$1***@')
    .replace(AUTHORIZATION, '$1***')
    .replace(SIGNED_SCHEME, '$1 ***')
    .replace(SECRET_VALUE, '$1***')
    .replace(ACCESS_KEY_ID, (id) => maskAccessKeyId(id));
}
