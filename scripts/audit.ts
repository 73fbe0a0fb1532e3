/**
 * `npm run audit`: asks the registry for known weaknesses, and fails for those in packages that are
 * inside of what we ship. Everything is a development dependency here, because everything is
 * bundled, so that `npm audit --omit=dev` would look at nothing.
 */
import { spawnSync } from 'node:child_process';
import { bundledPackages } from './bundledPackages';
import { ROOT } from './paths';
import { messageOf } from './processes';

/** The packages among these that the answer of `npm audit --json` names. Throws for another answer. */
export function weakPackages(answer: unknown, shipped: readonly string[]): readonly string[] {
  const { vulnerabilities, message } = (answer ?? {}) as {
    vulnerabilities?: Record<string, unknown>;
    message?: string;
  };
  if (vulnerabilities === undefined) {
    throw new Error(`The registry cannot be asked for an audit: ${message ?? 'no answer'}`);
  }
  return shipped.filter((name) => Object.hasOwn(vulnerabilities, name));
}

async function main(): Promise<void> {
  const shell = process.platform === 'win32';
  const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: ROOT, encoding: 'utf8', shell });
  const shipped = (await bundledPackages()).map(({ name }) => name);
  const weak = weakPackages(JSON.parse(stdout), shipped);
  for (const name of weak) console.error(`${name} has a known weakness: npm audit tells which.`);
  if (weak.length > 0) throw new Error(`${weak.length} of ${shipped.length} shipped packages.`);
  console.log(`No known weakness in the ${shipped.length} packages that are shipped.`);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(messageOf(error));
    process.exitCode = 1;
  });
}
