import assert from 'node:assert/strict';
import { instructions, readStartOptions, startCommand } from '../../../scripts/startOptions';

describe('npm start', () => {
  const ARGS = ['--desktop', '--port', '9000', '--speed', '5', '--account', 'new'];

  it('prints commands that start the same again: with all options, and --reset where it is meant', () => {
    const said = instructions('Open it', readStartOptions([...ARGS, '--reset']));
    const commands = said.match(/npm start.*/g) ?? [];
    const [again = '', afresh = ''] = commands.map((line) => line.replace('npm start -- ', ''));
    assert.deepEqual(readStartOptions(again.split(' ')), readStartOptions(ARGS));
    assert.deepEqual(readStartOptions(afresh.split(' ')), readStartOptions([...ARGS, '--reset']));
    assert.equal(commands.length, 2);
  });

  it('prints no options where none was given', () => {
    assert.equal(startCommand(readStartOptions([])), 'npm start');
    assert.equal(startCommand(readStartOptions(['--reset'])), 'npm start -- --reset');
  });

  it('says which option is wrong', () => {
    assert.throws(() => readStartOptions(['--speed', '0']), /--speed is a number of megabytes/);
    assert.throws(() => readStartOptions(['--port', '70000']), /--port is a number from 1/);
    assert.throws(() => readStartOptions(['--account', 'mine']), /--account is old or new/);
  });
});
