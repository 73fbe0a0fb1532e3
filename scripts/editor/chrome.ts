/** Finds a Chrome or Chromium to show the editor in; on Debian and Ubuntu it can install one. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { findInPath, messageOf, run } from '../processes';
import { withLock } from './lock';

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
];
const PLACES = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];
/** The second one has the Chinese characters of the screenshots. */
const DEBIAN_PACKAGES = ['chromium', 'fonts-wqy-microhei'];

/** Flags for a sealed machine: no sandbox as root, and nothing that calls home. */
export const CHROME_ARGS: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** The browser's binary: `CHROME_PATH`, one of the usual places, or Playwright's own. */
export function findChrome(): string | undefined {
  const chosen = process.env['CHROME_PATH'];
  if (chosen) {
    if (!fs.existsSync(chosen)) throw new Error(`CHROME_PATH is ${chosen}, which does not exist.`);
    return chosen;
  }
  for (const name of NAMES) {
    const found = findInPath(name);
    if (found) return found;
  }
  return [...PLACES, chromium.executablePath()].find((file) => file !== '' && fs.existsSync(file));
}

/** The same, but installs it with apt-get where that is possible, and else says what to do. */
export async function ensureChrome(): Promise<string> {
  const found = findChrome();
  if (found) return found;
  const canInstall = process.getuid?.() === 0 && findInPath('apt-get') !== undefined;
  if (!canInstall) throw new Error(`No Chrome or Chromium was found.\n${advice()}`);
  const lock = path.join(os.tmpdir(), 'oss-resumable-upload-apt.lock');
  const say = (line: string): void => {
    console.error(`browser: ${line}`);
  };
  return withLock(lock, say, async () => {
    const installed = findChrome();
    if (installed) return installed;
    say(`no Chrome found; installing ${DEBIAN_PACKAGES.join(' and ')} with apt-get ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await run('apt-get', ['update', '-qq'], { env });
      await run(
        'apt-get',
        ['install', '-y', '-qq', '--no-install-recommends', ...DEBIAN_PACKAGES],
        {
          env,
        },
      );
    } catch (error) {
      throw new Error(`apt-get could not install a browser.\n${advice()}\n${messageOf(error)}`, {
        cause: error,
      });
    }
    const chrome = findChrome();
    if (!chrome) throw new Error(`apt-get installed no browser that can be found.\n${advice()}`);
    return chrome;
  });
}

function advice(): string {
  const debian = `apt-get update && apt-get install -y --no-install-recommends ${DEBIAN_PACKAGES.join(' ')}`;
  return process.platform === 'linux'
    ? `On Debian or Ubuntu, as root:  ${debian}\nElsewhere install Chrome or Chromium. Or set CHROME_PATH to the binary of one.`
    : 'Install Chrome, or set CHROME_PATH to the binary of a Chrome, Chromium or Edge.';
}
