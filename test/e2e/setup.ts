/** Before the first spec: the editor is there, and the packaged extension is installed into it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureChrome } from '../../scripts/editor/chrome';
import { ensureEditor } from '../../scripts/editor/install';
import { installVsix } from '../../scripts/editor/server';
import { packageVsix } from '../../scripts/vsix';
import { EXTENSIONS_VARIABLE } from './session';

/**
 * Called by Playwright; resolves with what cleans up after the last spec. `VSIX` names a package to
 * test instead of making one.
 */
export default async function setup(): Promise<() => void> {
  await ensureEditor();
  await ensureChrome();
  const vsix = process.env['VSIX'] ?? (await packageVsix());
  const extensionsDir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-e2e-extensions-'));
  await installVsix(vsix, extensionsDir);
  process.env[EXTENSIONS_VARIABLE] = extensionsDir;
  return () => {
    fs.rmSync(extensionsDir, { recursive: true, force: true, maxRetries: 5 });
  };
}
