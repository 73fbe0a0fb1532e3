/** Wine, in which Windows' own Node runs on Linux. */
import fs from 'node:fs';
import path from 'node:path';
import { debianAdvice, ensureProgram } from '../apt';
import { withLock } from '../lock';
import { cacheDir } from '../paths';
import { findInPath, run } from '../processes';

const DEBIAN_PACKAGES = ['wine', 'wine64'];

/** A Windows of our own: a Wine and the folder of its drive C. */
export interface Wine {
  readonly command: string;
  /** What every program in it must be started with. */
  readonly env: NodeJS.ProcessEnv;
  /** Drive C, as Linux names it. */
  readonly driveC: string;
}

/** Installs Wine if need be, and makes a Windows 10 that only these tests use. */
export async function ensureWine(): Promise<Wine> {
  const command = await ensureProgram({
    name: 'wine',
    packages: DEBIAN_PACKAGES,
    find: () => findInPath('wine'),
    advice: debianAdvice(DEBIAN_PACKAGES),
  });
  const prefix = path.join(cacheDir(), 'wine');
  const env = {
    ...process.env,
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    // No question whether Mono or Gecko shall be installed, and no display.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    DISPLAY: '',
    // Wine calls itself a Windows that Node does not know.
    NODE_SKIP_PLATFORM_CHECK: '1',
  };
  const say = (line: string): void => {
    console.error(`wine: ${line}`);
  };
  const stamp = path.join(prefix, 'ready');
  await withLock(path.join(cacheDir(), '.wine-install.lock'), say, async () => {
    if (fs.existsSync(stamp)) return;
    say(`making a Windows in ${prefix} ...`);
    fs.rmSync(prefix, { recursive: true, force: true });
    await run(command, ['wineboot', '-i'], { env });
    const version = ['HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'];
    await run(command, ['reg', 'add', ...version], { env });
    fs.writeFileSync(stamp, '');
  });
  return { command, env, driveC: path.join(prefix, 'drive_c') };
}
