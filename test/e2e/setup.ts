/** Before the first spec: the editor is there, and the packaged extension is installed into it. */
import fs from 'node:fs';
import { ensureChrome } from '../../scripts/editor/chrome';
import { ensureEditor } from '../../scripts/editor/install';
import { installVsix } from '../../scripts/editor/server';
import { packageVsix } from '../../scripts/vsix';
import { EXTENSIONS_DIR } from './session';

/** Called by Playwright. `VSIX` names one to test instead of packaging. */
export default async function setup(): Promise<void> {
  await ensureEditor();
  await ensureChrome();
  const vsix = process.env['VSIX'] ?? (await packageVsix());
  fs.rmSync(EXTENSIONS_DIR, { recursive: true, force: true });
  await installVsix(vsix, EXTENSIONS_DIR);
}
