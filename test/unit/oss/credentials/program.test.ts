import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf, splitCommand } from '../../../../src/oss/credentials/program';
import { rejection } from '../ossFixture';

describe('a program that gives a key', () => {
  for (const [command, posix, windows] of [
    ['get-key --user me', ['get-key', '--user', 'me'], ['get-key', '--user', 'me']],
    ['  a\t"b c"  \'d e\' ', ['a', 'b c', 'd e'], ['a', 'b c', 'd e']],
    ['a"b c"d ""', ['ab cd', ''], ['ab cd', '']],
    [
      String.raw`C:\tools\key.exe "C:\Program Files\x"`,
      ['C:toolskey.exe', String.raw`C:\Program Files\x`],
      [String.raw`C:\tools\key.exe`, String.raw`C:\Program Files\x`],
    ],
    [String.raw`a "say \"it\""`, ['a', 'say "it"'], ['a', 'say "it"']],
    [String.raw`a b\ c`, ['a', 'b c'], ['a', 'b\\', 'c']],
    [
      'a $HOME; `rm` | b > c',
      ['a', '$HOME;', '`rm`', '|', 'b', '>', 'c'],
      ['a', '$HOME;', '`rm`', '|', 'b', '>', 'c'],
    ],
    ['a "b', undefined, undefined],
    ["a 'b", undefined, undefined],
    ['', [], []],
  ] as const) {
    it(`is started with the words of ${JSON.stringify(command)}`, () => {
      assert.deepEqual(splitCommand(command, false), posix);
      assert.deepEqual(splitCommand(command, true), windows);
    });
  }

  it('runs in the home folder, without a shell and not as the editor', async () => {
    const homeFolder = await realpath(await mkdtemp(join(tmpdir(), 'program-')));
    const script =
      'process.stdout.write([process.cwd(), process.env.ELECTRON_RUN_AS_NODE, process.env.MINE, process.argv[1]].join())';
    const command = `"${process.execPath}" -e '${script}' $HOME`;
    const environment = { ...process.env, ELECTRON_RUN_AS_NODE: '1', MINE: 'yes' };
    try {
      const output = await outputOf(command, { homeFolder, environment });
      assert.equal(output, `${homeFolder},,yes,$HOME`);
    } finally {
      await rm(homeFolder, { recursive: true });
    }
  });

  for (const [what, command] of [
    ['fails', `"${process.execPath}" -e 'process.exit(1)' secret`],
    ['is not there', '/no/such/program secret'],
    ['prints too much', `"${process.execPath}" -e 'process.stdout.write("secret".repeat(100000))'`],
    ['cannot be told', '"secret'],
  ] as const) {
    it(`that ${what} is told by its name alone`, async () => {
      const machine = { homeFolder: tmpdir(), environment: process.env };
      const error = await rejection(outputOf(command, machine));
      assert.equal(error.code, 'ProgramFailed');
      assert.doesNotMatch(`${error.message} ${error.field ?? ''}`, /secret/);
    });
  }
});
