/** A lock between processes, for the installers: npm and apt are slow, and two at once collide. */
import fs from 'node:fs';
import path from 'node:path';
import { codeOf, isAlive, sleep } from './processes';

const GIVE_UP_MS = 10 * 60_000;

/**
 * Runs `work` while holding the lock file, which holds the owner's pid. The lock of a process that
 * is gone is taken over.
 */
export async function withLock<T>(
  file: string,
  log: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const deadline = Date.now() + GIVE_UP_MS;
  let said = false;
  while (!tryLock(file)) {
    const owner = ownerOf(file);
    if (owner !== undefined && !isAlive(owner)) {
      breakLock(file, owner);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(`Gave up waiting for ${file}, held by process ${String(owner)}.`);
    }
    if (!said) log(`waiting for the install that runs as process ${String(owner)} ...`);
    said = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** The pid is there from the first moment on, because the file is written aside and then linked. */
function tryLock(file: string): boolean {
  const mine = `${file}.${process.pid}`;
  fs.writeFileSync(mine, String(process.pid));
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

function ownerOf(file: string): number | undefined {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Moves a dead owner's lock away. Of several that try, one succeeds; should it have caught the
 * lock of a new owner instead, it puts that one back.
 */
function breakLock(file: string, deadOwner: number): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (ownerOf(aside) !== deadOwner) fs.linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}
