/**
 * The one way out for words that others wrote: into the log, a notification, the clipboard, the
 * message of an error. Every expression here is linear in its text, because an endpoint, a proxy or
 * a repository may have written it; a test measures that.
 */

/** A longer text is cut off: it helps nobody, and each window would spend its time on it. */
const MOST_CHARACTERS = 8192;

/** Names of secrets, in any spelling: `accessKeySecret`, `ACCESS_KEY_SECRET`, `access-key-secret`. */
const SECRET_NAME = [
  'access[-_]?key[-_]?secret',
  'access[-_]?secret',
  'secret[-_]?access[-_]?key',
  'secret[-_]?key',
  'client[-_]?secret',
  'security[-_]?token',
  'session[-_]?token',
  'sts[-_]?token',
  'oidc[-_]?token',
  'access[-_]?token',
  'id[-_]?token',
  'signature(?:provided)?',
  'x-oss-credential',
  'passw(?:or)?d',
].join('|');

/** A quote as it is, escaped in JSON, percent-encoded, or as an entity. */
const QUOTE = String.raw`(?:\\{0,3}["']|%2[27]|&quot;)?`;
/** What stands between a name and its value: `name: `, `"name":"`, `name%3D`, `<name>`. */
const BETWEEN = String.raw`${QUOTE}\s*(?:[:=>]|%3[AD])\s*`;

const SECRET_VALUE = new RegExp(
  String.raw`((?:${SECRET_NAME})${BETWEEN})("[^"]*"|'[^']*'|${QUOTE}[^\s&,;<>'"}\])\\]+)`,
  'gi',
);

/** The whole rest of the line, because the parts of a header are separated by blanks and commas. */
const AUTHORIZATION = new RegExp(
  String.raw`(authorization${BETWEEN})("[^"]*"|'[^']*'|[^\r\n}]+)`,
  'gi',
);

/** A signature without its header's name, as a string to sign or the body of an error has it. */
const SIGNED_SCHEME =
  /\b(OSS4-HMAC-SHA256|OSS)\s+(?:Credential=\S.*|[A-Za-z0-9.]{10,}:[A-Za-z0-9+/=]{20,})/g;

const ADDRESS = /https?:\/\/[^\s"'<>]+/gi;
const SIGNED_QUERY = new RegExp(`(?:${SECRET_NAME}|access[-_]?key[-_]?id)(?:=|%3D)`, 'i');

/** User name and password in an address of any scheme, such as that of a proxy. */
const USER_INFO = /(:\/\/)[^\s/?#"'<>]*@/g;

/** A word begins here, also behind a percent-encoded character. */
const BEGIN = String.raw`(?:\b|(?<=%[\dA-F]{2}))`;
const ACCESS_KEY_ID = new RegExp(String.raw`${BEGIN}(?:LTAI|(?:STS|TMP)\.)\w{8,}`, 'g');
/** Old ids have no prefix to know them by, so their name has to stand before them. */
const NAMED_KEY_ID = new RegExp(
  String.raw`(access[-_]?key[-_]?id${BETWEEN}${QUOTE})(\w{16,})`,
  'gi',
);
/** A token of STS. */
const TOKEN = new RegExp(String.raw`${BEGIN}CA[IE]S[\w+/=%-]{16,}`, 'g');

/** What is not seen and moves what is: control characters, marks of direction, line separators. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u200b\ufeff]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** An AccessKey id that can be recognised but not used: `LTAI****x3Qf`. */
export function maskAccessKeyId(accessKeyId: string): string {
  if (accessKeyId.length < 12) return '****';
  return `${accessKeyId.slice(0, 4)}****${accessKeyId.slice(-4)}`;
}

/**
 * A text on one line, without secrets, with AccessKey ids masked and with what is not seen written
 * as `\n` or `\u202e`; cut off behind 8,192 characters.
 */
export function redact(text: string): string {
  return cutOff(text, MOST_CHARACTERS)
    .replace(ADDRESS, withoutSignedQuery)
    .replace(USER_INFO, '$1***@')
    .replace(AUTHORIZATION, '$1***')
    .replace(SIGNED_SCHEME, '$1 ***')
    .replace(SECRET_VALUE, '$1***')
    .replace(NAMED_KEY_ID, (_all, name: string, id: string) => name + maskAccessKeyId(id))
    .replace(ACCESS_KEY_ID, maskAccessKeyId)
    .replace(TOKEN, '****')
    .replace(UNSEEN, escaped);
}

/** A text of at most so many characters and an ellipsis. */
export function cutOff(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function withoutSignedQuery(address: string): string {
  const at = address.indexOf('?');
  if (at < 0 || !SIGNED_QUERY.test(address.slice(at))) return address;
  return `${address.slice(0, at)}?***`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return ESCAPES[character] ?? String.raw`\u${code}`;
}
