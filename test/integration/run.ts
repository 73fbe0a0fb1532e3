/**
 * Runs the mocha suite of this folder inside a real extension host.
 *
 *     npm run test:integration [-- --grep words] [--editor 1.103]
 *
 * In which editor: `EDITOR_HOST=server` is one from npm, in a headless browser (the default on
 * Linux x64), the newest of scripts/editor/recipe.ts or what `--editor` names; `EDITOR_HOST=desktop` a VS Code through @vscode/test-electron, which takes the one
 * that `VSCODE_EXECUTABLE` names, or downloads `VSCODE_VERSION` (the default elsewhere, and where
 * `VSCODE_EXECUTABLE` is set).
 */
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { CHROME_ARGS, ensureChrome } from '../../scripts/editor/chrome';
import { THIS_SYSTEM, chooseHost } from '../../scripts/editor/host';
import { EditorServer } from '../../scripts/editor/server';
import type { Counts } from '../../scripts/mochaReporter';
import { OUT, ROOT } from '../../scripts/paths';
import { messageOf } from '../../scripts/processes';
import { buildExtension } from '../../scripts/vsix';

const LIMIT_MS = 120_000;
const SUITE = path.join(OUT, 'integration');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { grep: { type: 'string' }, editor: { type: 'string' } },
  });
  if (values.editor) process.env['EDITOR_VERSION'] = values.editor;
  await bundle();
  const box = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-integration-'));
  const workspace = path.join(box, 'workspace');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'hello.txt'), 'hello\n');
  const result = process.env['TEST_RESULT'] ?? path.join(box, 'result.json');
  fs.rmSync(result, { force: true });
  const env = {
    TEST_RESULT: result,
    TEST_GREP: values.grep ?? '',
    TEST_COLOR: process.stdout.isTTY ? '1' : '0',
  };
  try {
    const host = chooseHost(process.env, THIS_SYSTEM);
    const code =
      host === 'desktop'
        ? await runInDesktop(box, workspace, env)
        : await runInServer(box, workspace, env);
    if (!fs.existsSync(result)) {
      console.error(`The suite did not come to its end in the ${host} host.`);
      return code || 1;
    }
    const counts = JSON.parse(fs.readFileSync(result, 'utf8')) as Counts;
    return counts.failed > 0 || counts.passed === 0 ? 1 : code;
  } finally {
    fs.rmSync(box, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The extension as it is shipped, and the suite beside it; both see the same `vscode` object. */
async function bundle(): Promise<void> {
  await buildExtension();
  fs.rmSync(SUITE, { recursive: true, force: true });
  const files = fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: ['index.ts', ...files].map((name) => path.join(__dirname, name)),
    outdir: SUITE,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
}

async function runInServer(
  box: string,
  workspace: string,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const executablePath = await ensureChrome();
  const output = path.join(box, 'output.txt');
  const unfollow = follow(output);
  const editor = await EditorServer.start({
    dataDir: path.join(box, 'data'),
    testDriver: true,
    env: { ...env, TEST_OUTPUT: output, HOME: box },
  });
  const browser = await chromium.launch({ executablePath, args: [...CHROME_ARGS] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const pageLog: string[] = [];
    page.on('console', (message) => pageLog.push(message.text()));
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort();
    }, LIMIT_MS);
    // The workbench calls these two when it finds them, as in VS Code's own tests.
    let exitCode: number | undefined;
    const exited = new Promise<void>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => {
        exitCode = code;
        resolve();
      });
    });
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.goto(
      editor.url(workspace, [
        ['extensionDevelopmentPath', editor.remoteUri(ROOT)],
        ['extensionTestsPath', editor.remoteUri(SUITE)],
        ['disableExtensions', 'true'],
      ]),
      { waitUntil: 'commit' },
    );
    const crashed = page.waitForEvent('crash', { timeout: 0 }).then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([exited, crashed, once(limit.signal, 'abort')]);
    clearTimeout(timer);
    const result = env['TEST_RESULT'] ?? '';
    if (exitCode === undefined || !fs.existsSync(result)) {
      const why = limit.signal.aborted ? `no end after ${LIMIT_MS / 1000} s` : 'ended too early';
      const screenshot = path.join(OUT, 'integration-failure.png');
      await page.screenshot({ path: screenshot }).catch(() => undefined);
      console.error(`${why}; see ${screenshot}`);
      console.error(`--- the page's console\n${pageLog.slice(-30).join('\n')}`);
      console.error(`--- the server's log\n${editor.log().slice(-4000)}`);
      return 1;
    }
    return exitCode;
  } finally {
    await browser.close();
    await editor.stop();
    unfollow();
  }
}

async function runInDesktop(
  box: string,
  workspace: string,
  env: Record<string, string>,
): Promise<number> {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    throw new Error(
      'A desktop VS Code needs a display: run this under xvfb-run -a, or with EDITOR_HOST=server.',
    );
  }
  const executable = process.env['VSCODE_EXECUTABLE'];
  const version = process.env['VSCODE_VERSION'];
  try {
    return await runTests({
      ...(executable ? { vscodeExecutablePath: executable } : {}),
      ...(version ? { version } : {}),
      extensionDevelopmentPath: ROOT,
      extensionTestsPath: SUITE,
      // A short path: VS Code puts a socket there, whose path may have about 100 characters.
      launchArgs: [workspace, '--disable-extensions', `--user-data-dir=${path.join(box, 'u')}`],
      extensionTestsEnv: env,
    });
  } catch (error) {
    console.error(messageOf(error));
    return 1;
  }
}

/** Prints a file as it grows, until the returned function is called. */
function follow(file: string): () => void {
  let position = 0;
  const printMore = (): void => {
    if (!fs.existsSync(file)) return;
    const text = fs.readFileSync(file);
    process.stdout.write(text.subarray(position));
    position = text.length;
  };
  const timer = setInterval(printMore, 100);
  return () => {
    clearInterval(timer);
    printMore();
  };
}

// Ctrl-C and a CI's SIGTERM leave through exit(), whose handlers end the editor.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
