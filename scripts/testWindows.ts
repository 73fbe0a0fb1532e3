/**
 * The unit tests in Windows' own Node: on Windows simply these, on Linux under Wine.
 *
 *     npm run test:windows [-- retry lease]      only the files with one of these words in their path
 *
 * The last line is `N passed, N failed`. Before it stand the tests that were left out, with the
 * reasons of scripts/windows/exceptions.ts.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { transform } from 'esbuild';
import type { MochaReport } from './mochaReporter';
import { ensureNode } from './nodes';
import { OUT, ROOT } from './paths';
import { inLanes, messageOf } from './processes';
import { packageVsix } from './vsix';
import { NOT_ON_WINDOWS, NOT_WITHOUT_LINKS } from './windows/exceptions';
import { serveLinux } from './windows/linuxServer';
import { ensureWine } from './windows/wine';
import type { Wine } from './windows/wine';

const COMPILED = path.join(OUT, 'windows');
/** What the tests find in the PATH of Windows. */
const COMMANDS = path.join(COMPILED, 'commands');
const REPORTS = path.join(OUT, 'reports', 'windows');
/** A file that takes longer hangs. */
const FILE_LIMIT_MS = 5 * 60_000;
/** Files at a time: they mostly wait. */
const LANES = 2;

/** A file of tests, or a run, that did not come to its end. */
const UNFINISHED: MochaReport = { passed: 0, failed: 1, skipped: 0, leftOut: [] };

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const isWindows = process.platform === 'win32';
  const { passed, failed, leftOut } = isWindows ? onWindows(words) : await inWine(words);
  const wrong = judgeLeftOut(leftOut, words.length === 0);
  console.log(`${passed} passed, ${failed + wrong} failed`);
  process.exitCode = failed + wrong === 0 ? 0 : 1;
}

function onWindows(words: readonly string[]): MochaReport {
  const report = path.join(OUT, 'reports', 'unit.json');
  fs.rmSync(report, { force: true });
  const mocha = path.join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = [mocha, '--exit', '--reporter', './scripts/mochaReporter.ts'];
  const files = words.length === 0 ? [] : ['--no-config', '--require', 'tsx', ...testFiles(words)];
  spawnSync(process.execPath, [...args, ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, TEST_RESULT: report },
  });
  return readReport(report);
}

async function inWine(words: readonly string[]): Promise<MochaReport> {
  await compile();
  const wine = await ensureWine();
  const node = await ensureNode('22', 'win32-x64');
  writeCommands(node);
  fs.rmSync(REPORTS, { recursive: true, force: true });
  fs.mkdirSync(REPORTS, { recursive: true });
  // vsce starts npm, which is of Linux here.
  const vsix = await packageVsix(path.join(REPORTS, 'extension.vsix'));
  const linux = await serveLinux((text) => linuxPath(text, wine));
  const env = {
    ...wine.env,
    COMPILED: windowsPath(COMPILED),
    VSIX: windowsPath(vsix),
    LINUX_SERVER: linux.url,
    WINEPATH: windowsPath(COMMANDS),
    // In this variable a backslash would need another one.
    NODE_OPTIONS: `--require ${windowsPath(path.join(COMPILED, 'scripts/windows/hooks.ts.js')).replaceAll('\\', '/')}`,
  };
  const total = { passed: 0, failed: 0, skipped: 0, leftOut: [] as string[] };
  try {
    await inLanes(testFiles(words), LANES, async (file) => {
      const result = await runFile(wine.command, node, file, env);
      total.passed += result.passed;
      total.failed += result.failed;
      total.skipped += result.skipped;
      total.leftOut.push(...result.leftOut);
    });
  } finally {
    // It would keep this process from its end.
    linux.close();
    spawnSync('wineserver', ['-k'], { env });
  }
  return total;
}

/** Prints what was left out and why; returns how much of it is not as exceptions.ts says. */
function judgeLeftOut(leftOut: readonly string[], isComplete: boolean): number {
  let wrong = 0;
  for (const [what, reasons] of [
    ['what no Windows has', NOT_ON_WINDOWS],
    ['links, which could not be made', NOT_WITHOUT_LINKS],
  ] as const) {
    const titles = Object.keys(reasons);
    const named = titles.filter((title) => leftOut.includes(title));
    console.log(`\nLeft out, ${what}: ${named.length}`);
    for (const title of named) console.log(`  ${title}: ${reasons[title] ?? ''}`);
    const hasLinks = reasons === NOT_WITHOUT_LINKS && named.length === 0;
    if (!isComplete || hasLinks) continue;
    for (const title of titles.filter((one) => !named.includes(one))) {
      wrong += 1;
      console.log(`  Named in scripts/windows/exceptions.ts, but it ran or is gone: ${title}`);
    }
  }
  for (const title of leftOut) {
    if (title in NOT_ON_WINDOWS || title in NOT_WITHOUT_LINKS) continue;
    wrong += 1;
    console.log(`Left out without a reason in scripts/windows/exceptions.ts: ${title}`);
  }
  return wrong;
}

async function runFile(
  wine: Wine['command'],
  node: string,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<MochaReport> {
  const base = path.join(REPORTS, file.replaceAll('/', '-'));
  const [report, said] = [`${base}.json`, `${base}.txt`];
  // Not a pipe: under Wine a Node cannot write to one of Linux.
  const output = fs.openSync(said, 'w');
  const runner = path.join(ROOT, 'scripts', 'windows', 'runFile.ts');
  const startedMs = Date.now();
  const child = spawn(wine, [node, windowsPath(runner), windowsPath(path.join(ROOT, file))], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
    // A group of its own, to be ended as one.
    detached: true,
    env: { ...env, TEST_RESULT: windowsPath(report) },
  });
  fs.closeSync(output);
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, FILE_LIMIT_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  const counts = readReport(report);
  // One that says that it failed without naming a test has failed.
  const result = code === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  const { passed, failed } = result;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  console.log(`${file}: ${passed} passed, ${failed} failed (${seconds} s)`);
  if (failed > 0) console.log(fs.readFileSync(said, 'utf8'));
  return result;
}

function readReport(file: string): MochaReport {
  if (!fs.existsSync(file)) return UNFINISHED;
  return JSON.parse(fs.readFileSync(file, 'utf8')) as MochaReport;
}

/** Wine shows the root of Linux as drive Z. */
function windowsPath(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`;
}

/** A text that is a path of Windows, as Linux names the same file; any other text as it is. */
function linuxPath(text: string, wine: Wine): string {
  const [, drive = '', rest = ''] = /^(?:([a-z]):)?(\\.*)$/is.exec(text) ?? [];
  if (rest === '') return text;
  return `${drive.toLowerCase() === 'c' ? wine.driveC : ''}${rest.replaceAll('\\', '/')}`;
}

/** Commands of Windows that are Linux's. */
function writeCommands(node: string): void {
  fs.mkdirSync(COMMANDS, { recursive: true });
  const program = path.join(ROOT, 'scripts', 'windows', 'linuxPrograms.ts');
  for (const name of ['git', 'npm']) {
    const line = `@"${windowsPath(node)}" "${windowsPath(program)}" ${name} %*\r\n`;
    fs.writeFileSync(path.join(COMMANDS, `${name}.cmd`), line);
  }
}

function testFiles(words: readonly string[]): string[] {
  const { spec } = JSON.parse(fs.readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8')) as {
    spec: readonly string[];
  };
  return spec
    .map((pattern) => pattern.replace(/\/\*\*\/\*\.test\.ts$/, ''))
    .flatMap(filesIn)
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/** Makes the JavaScript that hooks.ts looks for. */
async function compile(): Promise<void> {
  fs.rmSync(COMPILED, { recursive: true, force: true });
  const files = ['src', 'test', 'scripts', 'bench']
    .flatMap(filesIn)
    .filter((file) => /(?<!\.d)\.m?ts$/.test(file));
  for (const file of files) {
    const { code } = await transform(fs.readFileSync(path.join(ROOT, file), 'utf8'), {
      loader: 'ts',
      format: file.endsWith('.mts') ? 'esm' : 'cjs',
      platform: 'node',
      target: 'node22',
      sourcefile: file,
      // `import()` becomes `require`, which finds names without an ending.
      supported: { 'dynamic-import': false },
      define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    });
    const target = path.join(COMPILED, `${file}.js`);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, code);
  }
}

/** The paths of all files below a folder of the repository, relative to its root. */
function filesIn(folder: string): string[] {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('node_modules'))
    .map((name) => path.join(folder, name));
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
