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
  // vsce builds by itself, through the script vscode:prepublish. Everything is bundled, so that no
  // dependency has to be looked for.
  await run(process.execPath, [vsce, 'package', '--no-dependencies', '--out', target], {
    cwd: ROOT,
  });
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
