/**
 * The unit tests in another Node than the one that runs this.
 *
 *     npm run test:node -- 22 24      in each of these: the one that runs this, or scripts/nodes.ts
 *
 * What a Node prints to its standard error, such as that a call is deprecated, fails the run. The
 * last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Counts } from './mochaReporter';
import { NODE_MAJORS, ensureNode } from './nodes';
import type { NodeMajor } from './nodes';
import { OUT, ROOT } from './paths';
import { messageOf } from './processes';

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  if (wanted.length === 0 || !wanted.every((name) => NODE_MAJORS.includes(name))) {
    throw new Error(`Say in which: npm run test:node -- ${NODE_MAJORS.join(' ')}`);
  }
  let passed = 0;
  let failed = 0;
  for (const major of wanted) {
    const counts = await runIn(major as NodeMajor);
    passed += counts.passed;
    failed += counts.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function runIn(major: NodeMajor): Promise<Counts> {
  const isThis = process.versions.node.startsWith(`${major}.`);
  const node = isThis ? process.execPath : await ensureNode(major);
  const report = path.join(OUT, 'reports', `unit-node-${major}.json`);
  fs.rmSync(report, { force: true });
  const mocha = path.join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  console.log(
    `\n=== unit in ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`,
  );
  const { status, stderr } = spawnSync(
    node,
    [mocha, '--exit', '--reporter', './scripts/mochaReporter.ts'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { ...process.env, TEST_RESULT: report },
    },
  );
  process.stderr.write(stderr);
  if (!fs.existsSync(report)) throw new Error(`The tests in Node ${major} did not come to an end.`);
  const counts = JSON.parse(fs.readFileSync(report, 'utf8')) as Counts;
  if (stderr !== '') console.error(`Node ${major} wrote to its standard error: see above.`);
  const isOk = status === 0 && stderr === '' && counts.passed > 0;
  return isOk || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
