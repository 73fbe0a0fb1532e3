/** The rules for what the user types, as sentences. Knows no editor. */
import type { Rule } from './keyNames';
import type { Localizer } from './words';

const TEXTS: Readonly<Record<Rule, (l10n: Localizer) => string>> = {
  bucketName: (l10n) =>
    l10n.t(
      'A bucket name has 3 to 63 lower-case letters, digits, hyphens and underscores, and no hyphen at its ends.',
    ),
  region: (l10n) => l10n.t('Type a region id such as cn-hangzhou, without "oss-".'),
  keyEmpty: (l10n) => l10n.t('The object needs a name.'),
  keyTooLong: (l10n) => l10n.t('The name in OSS is too long: at most 1,023 bytes of UTF-8.'),
  keyStart: (l10n) => l10n.t('A name in OSS cannot start with / or \\.'),
  keyCharacters: (l10n) => l10n.t('The name contains characters that cannot be written as UTF-8.'),
  endpoint: (l10n) =>
    l10n.t(
      'Type public, internal, accelerate, or an address such as https://upload.example.com, without a path.',
    ),
  urlBase: (l10n) => l10n.t('Type a URL such as https://cdn.example.com.'),
  accessKeyId: (l10n) => l10n.t('An AccessKey ID has 4 to 128 letters and digits.'),
  secret: (l10n) => l10n.t('It contains blanks or characters that no key has. Copy it again.'),
  tokenMissing: (l10n) => l10n.t('A temporary AccessKey (STS.…) works only with its STS token.'),
  required: (l10n) => l10n.t('This cannot be empty.'),
  profileName: (l10n) => l10n.t('A name has up to 64 letters, digits, blanks and . _ @ -'),
  prefixVariable: (l10n) =>
    l10n.t('The variables are {variables}.', {
      variables: '${workspaceFolderBasename} ${relativeDir} ${yyyy} ${MM} ${dd}',
    }),
  prefixDots: (l10n) =>
    l10n.t('A folder in OSS is written from the top of the bucket, without . and .. in it.'),
  partSize: (l10n) => l10n.t('Type a size from 100 KB to 5 GB, such as 8 MB.'),
  trafficLimit: (l10n) => l10n.t('Type a whole number from 100 to 102400 (KiB per second).'),
  pairs: (l10n) => l10n.t('Type pairs such as name=value, separated by ; and each name once.'),
  tags: (l10n) =>
    l10n.t(
      'Up to 10 tags; names have 1 to 128, values up to 256 letters, digits, blanks and + - = . _ : /',
    ),
  metadata: (l10n) =>
    l10n.t('Names of metadata have letters, digits and -; all of it has at most 8 KB.'),
  header: (l10n) => l10n.t('Only printable ASCII characters are possible here.'),
  callback: (l10n) =>
    l10n.t(
      'Type up to 5 http:// or https:// URLs, separated by ; and without user name and password.',
    ),
  text: (l10n) => l10n.t('It is a text.'),
  list: (l10n) => l10n.t('It is a list of texts.'),
  flag: (l10n) => l10n.t('It is true or false.'),
  long: (l10n) => l10n.t('It has at most 2,048 characters.'),
  unseen: (l10n) =>
    l10n.t('It has no line breaks, control characters or marks that turn the direction of text.'),
  globNames: (l10n) =>
    l10n.t(
      'A pattern starts at the folder that is uploaded: no drive, no . or .., no empty names.',
    ),
  globBackslash: (l10n) => l10n.t('Folders are separated by / on every system, not by \\.'),
  globBrackets: (l10n) =>
    l10n.t('A bracket or brace in it is not closed; write \\[ for the character.'),
  globExtended: (l10n) =>
    l10n.t('Patterns are those of files.exclude: write {a,b} for either, and ! in front to keep.'),
  globTooLong: (l10n) =>
    l10n.t('At most 1,000 patterns of at most 1,000 characters, 64 KB in all.'),
};

/** The sentence that tells the rule. */
export function ruleText(rule: Rule, l10n: Localizer): string {
  return TEXTS[rule](l10n);
}

/** Whether an error's code is one of the rules. */
export function isRule(code: string): code is Rule {
  return Object.hasOwn(TEXTS, code);
}
