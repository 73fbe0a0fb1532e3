/** Installs packages of Debian and Ubuntu, for tests that need a program npm does not have. */
import os from 'node:os';
import path from 'node:path';
import { withLock } from './lock';
import { findInPath, messageOf, run } from './processes';

/** A program that tests need. */
export interface Program {
  /** As messages name it. */
  readonly name: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Its path, when it is there. */
  readonly find: () => string | undefined;
  /** What to do where it cannot be installed from here. */
  readonly advice: string;
}

/** The program's path; installs it where apt-get is there and we are root, and else says what to do. */
export async function ensureProgram({ name, packages, find, advice }: Program): Promise<string> {
  const found = find();
  if (found) return found;
  const canInstall = process.getuid?.() === 0 && findInPath('apt-get') !== undefined;
  if (!canInstall) throw new Error(`No ${name} was found.\n${advice}`);
  const say = (line: string): void => {
    console.error(`${name}: ${line}`);
  };
  return withLock(path.join(os.tmpdir(), 'oss-resumable-upload-apt.lock'), say, async () => {
    const installed = find();
    if (installed) return installed;
    say(`not found; installing ${packages.join(' and ')} with apt-get ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await run('apt-get', ['update', '-qq'], { env });
      const quietly = ['install', '-y', '-qq', '--no-install-recommends'];
      await run('apt-get', [...quietly, ...packages], { env });
    } catch (error) {
      throw new Error(`apt-get could not install ${name}.\n${advice}\n${messageOf(error)}`, {
        cause: error,
      });
    }
    const now = find();
    if (!now) throw new Error(`apt-get installed no ${name} that can be found.\n${advice}`);
    return now;
  });
}

/** How to install packages by hand on Debian and Ubuntu. */
export function debianAdvice(packages: readonly string[]): string {
  return `On Debian or Ubuntu, as root:  apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}
