/** Finds a Chrome or Chromium to show the editor in; on Debian and Ubuntu it can install one. */
import fs from 'node:fs';
import { chromium } from '@playwright/test';
import { debianAdvice, ensureProgram } from '../apt';
import { findInPath } from '../processes';

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
export function ensureChrome(): Promise<string> {
  return ensureProgram({
    name: 'browser',
    packages: DEBIAN_PACKAGES,
    find: findChrome,
    advice:
      process.platform === 'linux'
        ? `${debianAdvice(DEBIAN_PACKAGES)}\nElsewhere install Chrome or Chromium. Or set CHROME_PATH to the binary of one.`
        : 'Install Chrome, or set CHROME_PATH to the binary of a Chrome, Chromium or Edge.',
  });
}
