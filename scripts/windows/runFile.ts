/**
 * The unit tests of one file, in this very Node under Wine: `runFile <file>`. What was left out is in
 * the file that `LEFT_OUT` names, each test by its title.
 */
import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import CountingReporter from '../mochaReporter';
import { NOT_IN_WINE } from './exceptions';

// Under Wine all takes several times as long.
const mocha = new Mocha({
  ui: 'bdd',
  reporter: CountingReporter,
  color: false,
  timeout: 60_000,
  forbidOnly: true,
});
mocha.addFile(path.resolve(process.argv[2] ?? ''));
const leftOut: string[] = [];
const runner = mocha.run((failures) => {
  fs.writeFileSync(process.env['LEFT_OUT'] ?? '', JSON.stringify(leftOut));
  process.exit(failures === 0 ? 0 : 1);
});
runner.on('pending', (test: Mocha.Test) => leftOut.push(test.fullTitle()));
runner.on('suite', ({ tests }: Mocha.Suite) => {
  for (const test of tests) if (test.fullTitle() in NOT_IN_WINE) test.pending = true;
});
