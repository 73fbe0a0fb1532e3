/** The desktop VS Code of this computer, by its command line `code`. */
import fs from 'node:fs';
import path from 'node:path';
import { resolveCliPathFromVSCodeExecutablePath } from '@vscode/test-electron';
import { findInPath } from '../processes';

/**
 * Its command line: that of `VSCODE_EXECUTABLE`, `code` in the PATH, or where installers put it. Only
 * the command line can install an extension; it may be a batch file, see `commandOf`.
 */
export function findDesktop(): string | undefined {
  const chosen = process.env['VSCODE_EXECUTABLE'];
  if (chosen) {
    if (!fs.existsSync(chosen)) {
      throw new Error(`VSCODE_EXECUTABLE is ${chosen}, which does not exist.`);
    }
    const commandLine = resolveCliPathFromVSCodeExecutablePath(chosen);
    return fs.existsSync(commandLine) ? commandLine : chosen;
  }
  return findInPath('code') ?? usualPlaces().find((file) => fs.existsSync(file));
}

function usualPlaces(): string[] {
  const { HOME = '', LOCALAPPDATA = '', ProgramFiles = '' } = process.env;
  if (process.platform === 'darwin') {
    return ['/Applications', path.join(HOME, 'Applications')].map((folder) =>
      path.join(folder, 'Visual Studio Code.app/Contents/Resources/app/bin/code'),
    );
  }
  if (process.platform !== 'win32') return [];
  return [path.join(LOCALAPPDATA, 'Programs'), ProgramFiles].map((folder) =>
    path.join(folder, 'Microsoft VS Code', 'bin', 'code.cmd'),
  );
}
