/** The unit tests of one file, in this very Node under Wine: `runFile <file>`. */
import path from 'node:path';
import Mocha from 'mocha';
import CountingReporter from '../mochaReporter';

// Under Wine all takes several times as long.
const mocha = new Mocha({
  ui: 'bdd',
  reporter: CountingReporter,
  color: false,
  timeout: 60_000,
  forbidOnly: true,
});
mocha.addFile(path.resolve(process.argv[2] ?? ''));
mocha.run((failures) => {
  process.exit(failures === 0 ? 0 : 1);
});
