/** Which npm packages are inside of what we ship, asked of esbuild itself. */
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { bundleOptions } from '../esbuild.js';
import { OUT, ROOT } from './paths';

/** A package of which code is in a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its package.json; '' when it names none. */
  readonly license: string;
  /** Its licence file; undefined when it comes without one. */
  readonly licenseText: string | undefined;
  /** Who holds the rights, as far as package.json says. */
  readonly author: string;
  /** What is left of it in the minified bundles. */
  readonly sizeBytes: number;
}

/** Reads the packages of all bundles, by name. Builds them in memory. */
export async function bundledPackages(): Promise<readonly BundledPackage[]> {
  const sizes = new Map<string, number>();
  for (const options of bundleOptions({ production: true, outputFolder: OUT })) {
    const { metafile } = await build({ ...options, write: false, metafile: true });
    for (const output of Object.values(metafile.outputs)) {
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        const folder = packageFolder(input);
        if (folder === undefined || bytesInOutput === 0) continue;
        sizes.set(folder, (sizes.get(folder) ?? 0) + bytesInOutput);
      }
    }
  }
  return [...sizes]
    .map(([folder, sizeBytes]) => readPackage(path.join(ROOT, folder), sizeBytes))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function packageFolder(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
}

function readPackage(folder: string, sizeBytes: number): BundledPackage {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string | { type: string };
    licenses?: readonly { type: string }[];
    author?: string | { name?: string };
  };
  const { license, licenses, author } = manifest;
  const named = typeof license === 'object' ? license.type : license;
  const file = fs.readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  return {
    name: manifest.name,
    version: manifest.version,
    license: named ?? licenses?.map(({ type }) => type).join(' OR ') ?? '',
    licenseText:
      file === undefined
        ? undefined
        : fs.readFileSync(path.join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim(),
    author:
      (typeof author === 'object' ? author.name : author) ?? `the authors of ${manifest.name}`,
    sizeBytes,
  };
}
