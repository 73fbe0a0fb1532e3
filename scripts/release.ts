/**
 * Makes what a release consists of, in `out/release`, and publishes nothing:
 *
 *     npm run release [-- --tag v0.1.0]
 *
 * The package, its bill of materials, the notes and the checksums. It fails when something of it is
 * not as a release must be. The workflow `release.yml` runs the same and hands the files on.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { OUT, ROOT } from './paths';
import { messageOf, run } from './processes';
import { makeSbom } from './sbom';
import { packageVsix } from './vsix';

/** Where the files are. */
export const RELEASE = path.join(OUT, 'release');

/** The chapter of a change log about a version, without its heading. Throws when it says nothing. */
export function notesOf(changeLog: string, version: string): string {
  const chapters = changeLog.split(/^## /m).slice(1);
  const chapter = chapters.find((text) => /^\S*/.exec(text)?.[0] === version);
  const notes = chapter?.slice(version.length).replace(/^.*\n/, '').trim();
  if (!notes) throw new Error(`CHANGELOG.md has no entry for ${version}.`);
  return `${notes}\n`;
}

/** Throws when a tag is not the one of a version. */
export function assertTag(tag: string, version: string): void {
  if (tag !== `v${version}`) {
    throw new Error(`The tag is ${tag}, and package.json has the version ${version}.`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { tag: { type: 'string' } } });
  const manifest = fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  if (values.tag !== undefined) assertTag(values.tag, version);
  const notes = notesOf(fs.readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8'), version);
  const changed = await run('git', ['status', '--porcelain'], { cwd: ROOT });
  if (changed !== '') throw new Error(`A release is made of commits only, and here is\n${changed}`);

  fs.rmSync(RELEASE, { recursive: true, force: true });
  const vsix = await packageVsix(path.join(RELEASE, 'oss-resumable-upload.vsix'));
  await testPackage(vsix);
  const sbom = path.join(RELEASE, 'sbom.cdx.json');
  fs.writeFileSync(sbom, `${JSON.stringify(await makeSbom(), null, 2)}\n`);
  fs.writeFileSync(path.join(RELEASE, 'notes.md'), notes);
  const sums = [vsix, sbom].map((file) => `${sha256(file)}  ${path.basename(file)}\n`);
  fs.writeFileSync(path.join(RELEASE, 'SHA256SUMS'), sums.join(''));
  console.log(sums.join('').trim());
  console.log(`Version ${version} is in ${path.relative(ROOT, RELEASE)}. Nothing was published.`);
}

/** The tests of the package, on this very file. */
async function testPackage(vsix: string): Promise<void> {
  const mocha = path.join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const test = path.join(ROOT, 'test', 'unit', 'package', 'vsix.test.ts');
  await run(process.execPath, [mocha, '--no-config', '--require', 'tsx', test], {
    cwd: ROOT,
    env: { ...process.env, VSIX: vsix },
  });
}

function sha256(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(messageOf(error));
    process.exitCode = 1;
  });
}
