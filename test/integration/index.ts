/**
 * The entry of the suite inside the extension host: its path is given as `extensionTestsPath`, and
 * the editor calls `run`. The same in a desktop VS Code and in the server from npm.
 */
import { Console } from 'node:console';
import fs from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { format } from 'node:util';
import Mocha from 'mocha';
import CountingReporter from '../../scripts/mochaReporter';

/** Runs all tests; rejects when one failed, or when there was none. */
export async function run(): Promise<void> {
  const output = process.env['TEST_OUTPUT'];
  if (output) printTo(output);
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: CountingReporter,
    color: process.env['TEST_COLOR'] === '1',
    timeout: 20_000,
    forbidOnly: Boolean(process.env['CI']),
    ...(process.env['TEST_GREP'] ? { grep: process.env['TEST_GREP'] } : {}),
  });
  const tests = fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.js'));
  for (const name of tests.sort()) mocha.addFile(path.join(__dirname, name));
  const stats = await new Promise<Mocha.Stats>((resolve, reject) => {
    const runner = mocha.run(() => {
      if (runner.stats) resolve(runner.stats);
      else reject(new Error('Mocha kept no count.'));
    });
  });
  if (stats.failures > 0) throw new Error(`${stats.failures} tests failed.`);
  if (stats.passes === 0) throw new Error('No test was run.');
}

/**
 * Prints to a file that the runner follows: what an extension host writes to its console reaches
 * the runner unformatted and mixed with the workbench's own log.
 */
function printTo(file: string): void {
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => {
    fs.appendFileSync(file, `${format(...args)}\n`);
  };
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      fs.appendFileSync(file, chunk);
      done();
    },
  });
  // The methods of the host's console cannot be replaced, the object can.
  globalThis.console = new Console(sink);
}
