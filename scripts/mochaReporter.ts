/**
 * Mocha's usual output, and the counts in the file that `TEST_RESULT` names. The verdict of a run
 * goes through that file: exit codes and consoles cross several processes, a file none.
 */
import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** What a suite found out. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The same of one run of mocha, with the whole titles of the tests that it skipped. */
export interface MochaReport extends Counts {
  readonly leftOut: readonly string[];
}

/** The reporter; mocha makes it. */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env['TEST_RESULT'];
    if (!file) return;
    const leftOut: string[] = [];
    runner.on('pending', (test: Mocha.Test) => leftOut.push(test.fullTitle()));
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const report: MochaReport = { passed: passes, failed: failures, skipped: pending, leftOut };
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(report));
    });
  }
}

export default CountingReporter;
