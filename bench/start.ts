import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import manifest from '../package.json';
import type { Settings } from '../scripts/editor/server';
import type { HostedExtension } from './editor';
import type { HostedStart } from './hosted';

/** What the editor has to read, and what starting costs. */
export interface StartResult {
  readonly bundles: Readonly<
    Record<
      string,
      { readonly sizeBytes: number; readonly gzipBytes: number; readonly ms: number[] }
    >
  >;
  /** One for each of as many extension hosts; left out where the editor for tests does not run. */
  readonly hosted?: readonly HostedStart[];
  /** Beside each of them, in a workspace that gives every setting it may a wrong value of 1 MB. */
  readonly hostile?: readonly HostedStart[];
}

/** What a repository may write: 1 MB each of a text that slow expressions are slow with. */
function hostileSettings(): Settings {
  const value = 'http://'.repeat(150_000);
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  return Object.fromEntries(restrictedConfigurations.map((name) => [name, value]));
}

/** Loads one file with an editor that is nothing but names, and says how long that took. */
const LOADER = `
const Module = require('node:module');
const empty = new Proxy(function () {}, {
  get: (target, name) => (name in target ? target[name] : empty),
});
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? empty : load(name, ...rest));
for (const name of ['http', 'https', 'crypto', 'fs/promises', 'os', 'path']) require('node:' + name);
const start = performance.now();
require(process.argv[2]);
console.log(performance.now() - start);
process.exit();
`;

/**
 * Sizes and load times of the bundles that ship, and the cost of a start in the real editor, where
 * there is one.
 */
export async function measureStart(
  bundleFiles: readonly string[],
  extension: HostedExtension | undefined,
  rounds: number,
): Promise<StartResult> {
  const loader = path.join(path.dirname(bundleFiles[0] ?? ''), '../loader.cjs');
  await writeFile(loader, LOADER);
  const bundles: Record<string, { sizeBytes: number; gzipBytes: number; ms: number[] }> = {};
  for (const file of bundleFiles) {
    const bytes = await readFile(file);
    const ms: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await promisify(execFile)(process.execPath, [loader, file]);
      ms.push(Number(stdout.trim().split('\n').at(-1)));
    }
    const { size } = await stat(file);
    bundles[path.basename(file)] = { sizeBytes: size, gzipBytes: gzipSync(bytes).length, ms };
  }
  if (extension === undefined) return { bundles };
  const hosted: HostedStart[] = [];
  const hostile: HostedStart[] = [];
  for (let round = 0; round < rounds; round++) {
    hosted.push(told(`${round + 1}`, await extension.start()));
    const large = await extension.start(hostileSettings());
    hostile.push(told(`${round + 1}, wrong settings of 1 MB`, large));
  }
  return { bundles, hosted, hostile };
}

function told(what: string, start: HostedStart): HostedStart {
  const { loadCpuMs, activateCpuMs, afterwardsCpuMs } = start;
  console.log(
    `  ${what}: load ${loadCpuMs.toFixed(1)} ms CPU, activate ${activateCpuMs.toFixed(1)} ms CPU, ` +
      `afterwards ${afterwardsCpuMs.toFixed(1)} ms CPU`,
  );
  return start;
}
