import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, open, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** There links need a privilege, and files have no pipes, no modes and other names. */
export const isWindows = process.platform === 'win32';

/** Whether links can be made, which is tried: on Windows it needs a privilege, and Wine may have none. */
export const hasLinks = !isWindows || makesLinks();

function makesLinks(): boolean {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'oss-upload-links-'));
  try {
    const link = path.join(folder, 'link');
    symlinkSync('nowhere', link, 'file');
    // An old Wine makes nothing, and says nothing.
    return lstatSync(link).isSymbolicLink();
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A new folder under the system's temporary one, by its real path: that one is a link on macOS, and
 * may be a short name (`RUNNER~1`) on Windows.
 */
export async function temporaryFolder(name: string): Promise<string> {
  return realpath(await mkdtemp(path.join(os.tmpdir(), `oss-upload-${name}-`)));
}

/** A pipe with a name; not on Windows. */
export function makeFifo(file: string): void {
  execFileSync('mkfifo', [file]);
}

/** Removes a folder with all that is in it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Writes a file whose every 8 bytes tell their own offset and the seed, so that bytes in the wrong
 * place, of another part or of another version of the file can never look right.
 */
export async function writeTestFile(file: string, sizeBytes: number, seed = 1): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'w');
  try {
    const blockBytes = 1024 * 1024;
    for (let offset = 0; offset < sizeBytes; offset += blockBytes) {
      const length = Math.min(blockBytes, sizeBytes - offset);
      await handle.write(testBytes(offset, length, seed), 0, length, offset);
    }
  } finally {
    await handle.close();
  }
}

const STEP = 0x9e3779b97f4a7c15n;

/** The low and the high 32 of the lowest 64 bits. */
function halves(value: bigint): [number, number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
}

/** The bytes of such a file in a range; `offset` is a multiple of 8. */
export function testBytes(offset: number, sizeBytes: number, seed = 1): Buffer {
  const words = new Uint32Array(2 * Math.ceil(sizeBytes / 8));
  const position = BigInt(offset / 8) + (BigInt(seed) << 40n);
  // Position times step, modulo 2^64, of each 8 bytes: in halves, because a bigint each takes long.
  let [low, high] = halves(position * STEP);
  const [stepLow, stepHigh] = halves(STEP);
  for (let index = 0; index < words.length; index += 2) {
    words[index] = low;
    words[index + 1] = high;
    const sum = low + stepLow;
    low = sum >>> 0;
    high = (high + stepHigh + (sum > low ? 1 : 0)) >>> 0;
  }
  return Buffer.from(words.buffer, 0, sizeBytes);
}

/** SHA-256 of a file, lower-case hex. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
