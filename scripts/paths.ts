/** Where the scripts and the tests find and put things. Everything but the root is git-ignored. */
import path from 'node:path';

/** The root of the repository. */
export const ROOT = path.resolve(__dirname, '..');

/** Build products: the .vsix, bundled integration tests, reports. */
export const OUT = path.join(ROOT, 'out');

/** The packaged extension that `npm run vsix`, the e2e tests and `npm start` use. */
export const VSIX = path.join(OUT, 'oss-resumable-upload.vsix');

/** `publisher.name` of package.json, as the editor spells it. */
export const EXTENSION_ID = 'oss-upload.oss-resumable-upload';

/** What is downloaded or must outlive a run: the editor, and the data of `npm start`. */
export function cacheDir(): string {
  const chosen = process.env['EDITOR_TEST_CACHE'];
  return chosen ? path.resolve(chosen) : path.join(ROOT, '.vscode-test');
}
