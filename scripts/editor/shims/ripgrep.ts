/**
 * Takes the place of `@vscode/ripgrep-universal`, which carries the binaries of all platforms; the
 * installer puts the one that is needed beside this file.
 */
import path from 'node:path';

/** The ripgrep binary. */
export const rgPath = path.join(__dirname, 'bin', 'rg');

/** The same, whatever platform is asked for. */
export function binPathFor(): string {
  return rgPath;
}
