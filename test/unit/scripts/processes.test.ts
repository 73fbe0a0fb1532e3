import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandOf, runCommand } from '../../../scripts/processes';

describe('the call of a program', () => {
  const CODE = 'C:\\Program Files\\Microsoft VS Code\\bin\\code.cmd';

  it('of a batch file goes by the shell of Windows, with quotes around the whole and each part', () => {
    assert.deepEqual(commandOf(CODE, ['--new-window', 'D:\\my & your\\files\\'], 'win32'), {
      file: 'cmd.exe',
      args: ['/d', '/s', '/c', `""${CODE}" "--new-window" "D:\\my & your\\files\\\\""`],
      windowsVerbatimArguments: true,
    });
  });

  it('that is named without its ending goes there too, as it may be a batch file', () => {
    assert.deepEqual(commandOf('npm', ['ci'], 'win32').args.at(-1), '""npm" "ci""');
  });

  it('of what is no batch file needs no shell', () => {
    for (const [program, platform] of [
      ['C:/Program Files/Microsoft VS Code/Code.exe', 'win32'],
      ['/usr/local/bin/code', 'darwin'],
      ['/usr/bin/code', 'linux'],
    ] as const) {
      assert.deepEqual(commandOf(program, ['a b'], platform), {
        file: program,
        args: ['a b'],
        windowsVerbatimArguments: false,
      });
    }
  });

  it('hands each argument over as it is, from a folder with blanks', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'a call & more '));
    const script = path.join(folder, 'say.js');
    fs.writeFileSync(script, 'console.log(JSON.stringify(process.argv.slice(2)));');
    const isWindows = process.platform === 'win32';
    const program = path.join(folder, isWindows ? 'say it.cmd' : 'say it');
    const lines = isWindows
      ? `@"${process.execPath}" "%~dp0say.js" %*\r\n`
      : `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`;
    fs.writeFileSync(program, lines, { mode: 0o755 });
    const args = ['--install-extension', 'C:\\my & your (2)\\it^s.vsix', 'D:\\files\\', ''];
    try {
      // Windows finds a file by either slash.
      const said = await runCommand(program.replaceAll('\\', '/'), args);
      assert.deepEqual(JSON.parse(said), args);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
