/**
 * Builds the extension as it is shipped, and packages it.
 *
 *     npm run vsix      prints the .vsix as its last line
 */
import fs from 'node:fs';
import path from 'node:path';
import { PACKAGE_BUDGET_BYTES, checkBudget } from './budgets';
import { ROOT, VSIX } from './paths';
import { messageOf, run } from './processes';

/** Whether the marketplaces offer a version to those only who ask for what is not finished yet. */
export function isPreRelease(version: string): boolean {
  return version.startsWith('0.');
}

/** Builds `dist/`. */
export async function buildExtension(): Promise<void> {
  await run(process.execPath, ['esbuild.js', '--production'], { cwd: ROOT });
}

/**
 * Builds and packages the extension; resolves with the path of the .vsix. Rejects where that, or a
 * bundle in it, is over its budget.
 */
export async function packageVsix(target: string = VSIX): Promise<string> {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const vsce = path.join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
  const manifest = fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  // vsce builds by itself, through the script vscode:prepublish, which also writes the README that is
  // named here. Everything is bundled, so that no dependency has to be looked for.
  const args = ['package', '--no-dependencies', '--readme-path', 'dist/README.md', '--out', target];
  if (isPreRelease(version)) args.push('--pre-release');
  await run(process.execPath, [vsce, ...args], { cwd: ROOT });
  checkBudget('the package', fs.statSync(target).size, PACKAGE_BUDGET_BYTES);
  return target;
}

if (require.main === module) {
  packageVsix().then(
    (file) => {
      console.log(file);
    },
    (error: unknown) => {
      console.error(messageOf(error));
      process.exitCode = 1;
    },
  );
}
