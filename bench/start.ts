import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from '@playwright/test';
import type { Browser } from '@playwright/test';
import { build } from 'esbuild';
import { bundleOptions } from '../esbuild.js';
import { CHROME_ARGS, ensureChrome } from '../scripts/editor/chrome';
import { EditorServer } from '../scripts/editor/server';
import { ROOT } from '../scripts/paths';
import { until } from '../scripts/processes';
import type { HostedStart } from './hostedStart';

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

/** Sizes and load times of the bundles that ship, and the cost of a start in the real editor. */
export async function measureStart(folder: string, rounds: number): Promise<StartResult> {
  const extension = path.join(folder, 'extension');
  await rm(extension, { recursive: true, force: true });
  await mkdir(extension, { recursive: true });
  const outputFolder = path.join(extension, 'dist');
  const options = bundleOptions({ production: true, outputFolder });
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
  if (process.platform !== 'linux' || process.arch !== 'x64') return { bundles };
  return { bundles, hosted: await measureInEditor(extension, rounds) };
}

/** Starts a fresh editor for each round; around the bundles in that folder goes what measures. */
async function measureInEditor(extension: string, rounds: number): Promise<readonly HostedStart[]> {
  await build({
    entryPoints: [path.join(__dirname, 'hostedStart.ts')],
    outfile: path.join(extension, 'hostedStart.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  for (const name of ['package.nls.json', 'package.nls.zh-cn.json', 'l10n', 'media']) {
    await cp(path.join(ROOT, name), path.join(extension, name), { recursive: true });
  }
  const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as object;
  const measured = JSON.stringify({ ...manifest, main: './hostedStart.js' });
  await writeFile(path.join(extension, 'package.json'), measured);
  const browser = await chromium.launch({
    executablePath: await ensureChrome(),
    args: [...CHROME_ARGS],
  });
  try {
    const starts: HostedStart[] = [];
    for (let round = 0; round < rounds; round++) {
      const start = await startOnce(browser, extension);
      console.log(
        `  ${round + 1} load ${start.loadCpuMs.toFixed(1)} ms CPU, activate ` +
          `${start.activateCpuMs.toFixed(1)} ms CPU, afterwards ${start.afterwardsCpuMs.toFixed(1)} ms CPU`,
      );
      starts.push(start);
    }
    return starts;
  } finally {
    await browser.close();
  }
}

async function startOnce(browser: Browser, extension: string): Promise<HostedStart> {
  const box = await mkdtemp(path.join(tmpdir(), 'oss-start-'));
  const workspace = path.join(box, 'workspace');
  const result = path.join(box, 'result.json');
  await mkdir(workspace);
  const editor = await EditorServer.start({
    dataDir: path.join(box, 'data'),
    testDriver: true,
    env: { BENCH_RESULT: result, HOME: box },
  });
  const page = await browser.newPage();
  try {
    const development = ['extensionDevelopmentPath', editor.remoteUri(extension)] as const;
    await page.goto(editor.url(workspace, [development]), { waitUntil: 'commit' });
    await until('the extension to be measured', () => existsSync(result), 60_000);
    return JSON.parse(await readFile(result, 'utf8')) as HostedStart;
  } finally {
    await page.close();
    await editor.stop();
    await rm(box, { recursive: true, force: true, maxRetries: 5 });
  }
}
