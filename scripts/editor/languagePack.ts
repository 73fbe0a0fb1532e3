/**
 * Makes the editor speak another language as far as extensions are concerned. There is no usable
 * language pack on npm, and none is needed: with any pack registered for the locale,
 * `vscode.env.language`, `package.nls.<locale>.json` and the l10n bundles follow. VS Code's own
 * texts stay English, except those that are given.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** VS Code's strings: module (as in its out/nls.keys.json) → key → text. */
export type Translations = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Registers the pack in a server's user data folder. */
export function registerLanguagePack(
  userData: string,
  locale: string,
  translations: Translations,
): void {
  const file = path.join(userData, `${locale}.i18n.json`);
  const text = JSON.stringify({ version: '1.0.0', contents: translations });
  const pack = {
    hash: createHash('sha256').update(text).digest('hex').slice(0, 32),
    label: locale,
    extensions: [{ extensionIdentifier: { id: `test.language-pack-${locale}` }, version: '1.0.0' }],
    translations: { vscode: file },
  };
  fs.mkdirSync(userData, { recursive: true });
  fs.writeFileSync(file, text);
  fs.writeFileSync(path.join(userData, 'languagepacks.json'), JSON.stringify({ [locale]: pack }));
}
