import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { bundleOptions } from '../esbuild.js';

/** What the editor has to read, and how long reading it takes. */
export interface StartResult {
  readonly bundles: Readonly<
    Record<
      string,
      { readonly sizeBytes: number; readonly gzipBytes: number; readonly ms: number[] }
    >
  >;
}

/** Loads one file with an editor that is nothing but names, and says how long that took. */
const LOADER = `
const Module = require('node:module');
const empty = new Proxy(class {}, {
  get: (target, name) => (typeof name === 'symbol' ? target[name] : name === 'prototype' ? {} : empty),
});
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? empty : load(name, ...rest));
for (const name of ['http', 'https', 'crypto', 'fs/promises', 'os', 'path']) require('node:' + name);
const start = performance.now();
require(process.argv[2]);
console.log(performance.now() - start);
process.exit();
`;

/** Sizes and load times of the two bundles that ship. Node's own modules are there already. */
export async function measureStart(folder: string, rounds: number): Promise<StartResult> {
  await mkdir(folder, { recursive: true });
  const options = bundleOptions({ production: true, outputFolder: folder });
  await Promise.all(options.map((bundle) => build(bundle)));
  const loader = path.join(folder, 'loader.cjs');
  await writeFile(loader, LOADER);
  const bundles: Record<string, { sizeBytes: number; gzipBytes: number; ms: number[] }> = {};
  for (const { outfile = '' } of options) {
    const bytes = await readFile(outfile);
    const ms: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await promisify(execFile)(process.execPath, [loader, outfile]);
      ms.push(Number(stdout.trim().split('\n').at(-1)));
    }
    const { size } = await stat(outfile);
    bundles[path.basename(outfile)] = { sizeBytes: size, gzipBytes: gzipSync(bytes).length, ms };
  }
  return { bundles };
}
