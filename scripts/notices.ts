/**
 * Writes `dist/ThirdPartyNotices.txt`: the licences of the packages that are inside of our bundles.
 * Run by `npm run package`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { bundledPackages } from './bundledPackages';
import type { BundledPackage } from './bundledPackages';
import { ROOT } from './paths';

/** What may be shipped in a program under MIT with no more than its text beside it. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
]);

/** The packages whose licence somebody has to look at before they are shipped. */
export function unclearLicenses(packages: readonly BundledPackage[]): readonly string[] {
  return packages
    .filter(({ license }) => !PERMISSIVE.has(license))
    .map(({ name, version, license }) => `${name}@${version} ${license}`);
}

/** The text of the file. Throws where a licence must be given and is not at hand. */
export function noticesOf(packages: readonly BundledPackage[]): string {
  const head =
    'OSS Resumable Upload contains code of the packages below, under the licences that follow them.';
  return `${[head, ...packages.map(noticeOf)].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function noticeOf({ name, version, license, licenseText, author }: BundledPackage): string {
  if (licenseText === undefined && license !== 'MIT') {
    throw new Error(`${name}@${version} comes without the text of its licence, ${license}.`);
  }
  return `${name} ${version} (${license})\n\n${licenseText ?? mitText(author)}`;
}

/** For packages that name this licence and bring no file with it: our own file, their name. */
function mitText(author: string): string {
  const own = fs.readFileSync(path.join(ROOT, 'LICENSE'), 'utf8').trim();
  return own.replace(/^Copyright .*$/m, `Copyright (c) ${author.replace(/ *<[^>]*>/, '')}`);
}

async function main(): Promise<void> {
  const file = path.join(ROOT, 'dist', 'ThirdPartyNotices.txt');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, noticesOf(await bundledPackages()));
}

if (require.main === module) {
  void main();
}
