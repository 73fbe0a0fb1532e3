/** The extension in a real editor, with hosted.ts around its entry. */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';
import type { Browser } from '@playwright/test';
import { build } from 'esbuild';
import { bundleOptions } from '../esbuild.js';
import { CHROME_ARGS, ensureChrome } from '../scripts/editor/chrome';
import { EditorServer } from '../scripts/editor/server';
import type { Settings } from '../scripts/editor/server';
import { ROOT } from '../scripts/paths';
import { until } from '../scripts/processes';
import type { HostedStart } from './hosted';
import type { BenchResult, BenchTask } from './task';

const UPLOAD_TIMEOUT_MS = 300_000;

/** Whether the editor for tests runs on this computer. */
export function hasEditor(): boolean {
  return process.platform === 'linux' && process.arch === 'x64';
}

/** Makes the bundles that ship, in `dist` below that folder. Resolves with their paths. */
export async function buildBundles(folder: string): Promise<readonly string[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const options = bundleOptions({ production: true, outputFolder: path.join(folder, 'dist') });
  await Promise.all(options.map((bundle) => build(bundle)));
  return options.map(({ outfile = '' }) => outfile);
}

/** Opens an editor of its own for everything that is measured. */
export class HostedExtension {
  private constructor(
    private readonly folder: string,
    private readonly browser: Browser,
  ) {}

  /** Completes the folder of {@link buildBundles} to an extension. */
  static async prepare(folder: string): Promise<HostedExtension> {
    await build({
      entryPoints: [path.join(__dirname, 'hosted.ts')],
      outfile: path.join(folder, 'hosted.js'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['vscode'],
    });
    for (const name of ['package.nls.json', 'package.nls.zh-cn.json', 'l10n', 'media']) {
      await cp(path.join(ROOT, name), path.join(folder, name), { recursive: true });
    }
    const manifest = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as object;
    const hosted = JSON.stringify({ ...manifest, main: './hosted.js' });
    await writeFile(path.join(folder, 'package.json'), hosted);
    const executablePath = await ensureChrome();
    return new HostedExtension(
      folder,
      await chromium.launch({ executablePath, args: [...CHROME_ARGS] }),
    );
  }

  /** Measures a start in a workspace with these settings. */
  async start(workspaceSettings: Settings = {}): Promise<HostedStart> {
    return (await this.run(undefined, {}, workspaceSettings)) as HostedStart;
  }

  /** Measures an upload, by the command, in the extension host. */
  async upload(task: BenchTask): Promise<BenchResult> {
    const settings = {
      'ossUpload.endpoint': task.endpoint,
      'ossUpload.parallel': task.parallel,
      'ossUpload.concurrency': task.concurrency,
    };
    return (await this.run(task, settings)) as BenchResult;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  private async run(
    task: BenchTask | undefined,
    machineSettings: Settings,
    workspaceSettings: Settings = {},
  ): Promise<unknown> {
    const box = await mkdtemp(path.join(tmpdir(), 'oss-bench-editor-'));
    const workspace = path.join(box, 'workspace');
    const resultFile = path.join(box, 'result.json');
    await mkdir(path.join(workspace, '.vscode'), { recursive: true });
    const settingsFile = path.join(workspace, '.vscode/settings.json');
    await writeFile(settingsFile, JSON.stringify(workspaceSettings));
    const taskFile = path.join(box, 'task.json');
    if (task !== undefined) await writeFile(taskFile, JSON.stringify(task));
    const editor = await EditorServer.start({
      dataDir: path.join(box, 'data'),
      testDriver: true,
      machineSettings,
      env: {
        ...(task !== undefined && { BENCH_TASK: taskFile }),
        BENCH_RESULT: resultFile,
        HOME: box,
      },
    });
    const page = await this.browser.newPage();
    try {
      const development = ['extensionDevelopmentPath', editor.remoteUri(this.folder)] as const;
      await page.goto(editor.url(workspace, [development]), { waitUntil: 'commit' });
      if (task !== undefined && task.files.length > 1) {
        await page.getByText(/^Upload [\d,]+ files\?$/).waitFor({ timeout: UPLOAD_TIMEOUT_MS });
        await page.keyboard.press('Enter');
      }
      await until('what is measured', () => existsSync(resultFile), UPLOAD_TIMEOUT_MS);
      const result = JSON.parse(await readFile(resultFile, 'utf8')) as { failure?: string };
      if (result.failure !== undefined) throw new Error(result.failure);
      return result;
    } finally {
      await page.close();
      await editor.stop();
      await rm(box, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}
