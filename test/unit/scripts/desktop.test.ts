import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findDesktop } from '../../../scripts/editor/desktop';

describe('the desktop VS Code', () => {
  let folder: string;
  const { PATH = '', VSCODE_EXECUTABLE: chosen } = process.env;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'a desktop '));
  });

  afterEach(() => {
    process.env['PATH'] = PATH;
    if (chosen === undefined) delete process.env['VSCODE_EXECUTABLE'];
    else process.env['VSCODE_EXECUTABLE'] = chosen;
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const put = (...names: string[]): string => {
    const file = path.join(folder, ...names);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '');
    return file;
  };

  it('that VSCODE_EXECUTABLE names is taken by its command line, which alone installs extensions', () => {
    const [program, commandLine] =
      process.platform === 'win32'
        ? [put('Code.exe'), put('bin', 'code.cmd')]
        : process.platform === 'darwin'
          ? [put('Contents', 'MacOS', 'Electron'), put('Contents/Resources/app/bin/code')]
          : [put('code'), put('bin', 'code')];
    process.env['VSCODE_EXECUTABLE'] = program;
    assert.equal(findDesktop(), commandLine);
    process.env['VSCODE_EXECUTABLE'] = commandLine;
    assert.equal(findDesktop(), commandLine);
  });

  it('that is named and not there is no other', () => {
    process.env['VSCODE_EXECUTABLE'] = path.join(folder, 'gone');
    assert.throws(() => findDesktop(), /VSCODE_EXECUTABLE is .*gone, which does not exist/);
  });

  it('is else the one in the PATH', () => {
    delete process.env['VSCODE_EXECUTABLE'];
    process.env['PATH'] = path.join(folder, 'empty') + path.delimiter + folder;
    const file = put(process.platform === 'win32' ? 'code.cmd' : 'code');
    assert.equal(path.normalize(findDesktop() ?? ''), file);
  });
});
