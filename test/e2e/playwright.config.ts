import path from 'node:path';
import { defineConfig } from '@playwright/test';
import { CHROME_ARGS, findChrome } from '../../scripts/editor/chrome';
import { OUT, ROOT } from '../../scripts/paths';

const executablePath = findChrome();

export default defineConfig({
  testDir: __dirname,
  testMatch: '*.spec.ts',
  outputDir: path.join(ROOT, 'test-results'),
  globalSetup: path.join(__dirname, 'setup.ts'),
  // Most of a test is waiting for the editor, so two at once cost a machine of two cores little.
  workers: 2,
  fullyParallel: false,
  forbidOnly: Boolean(process.env['CI']),
  // A retry would hide what a test is for; the waits are written so that none is needed.
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['json', { outputFile: path.join(OUT, 'reports', 'e2e.json') }]],
  use: {
    actionTimeout: 20_000,
    navigationTimeout: 60_000,
    // Recording costs a third of the run. To hunt a failure: --trace retain-on-failure.
    trace: 'off',
    launchOptions: {
      // Of what is compiled while it arrives Chrome keeps nothing.
      args: [...CHROME_ARGS, '--js-flags=--no-script-streaming'],
      ...(executablePath ? { executablePath } : {}),
    },
  },
});
