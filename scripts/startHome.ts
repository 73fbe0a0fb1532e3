/** The folder of `npm start`: who uses it, its ports, and everything that outlives a start. */
import fs from 'node:fs';
import path from 'node:path';
import { withLock } from './lock';
import { freePort, isAlive, isPortFree } from './processes';

/** Ports that a person sees in an address; the numbers are kept, see {@link rememberedPort}. */
const DEFAULT_PORTS = { editor: 8123, oss: 8124, proxy: 8125 } as const;

/** A start takes its ports only after it has built the extension; that needs less than this. */
const STARTING_MS = 5 * 60_000;

/**
 * Takes the folder for this process, emptied with `shouldReset`. Rejects where another `npm start`
 * has it, and then changes nothing: two would share data and ports.
 */
export async function claimHome(
  home: string,
  { shouldReset }: { readonly shouldReset: boolean },
): Promise<void> {
  await withLock(
    `${home}.lock`,
    () => undefined,
    async () => {
      const other = ownerOf(home);
      if (other !== undefined && (await isRunning(home, other))) {
        throw new Error(`npm start runs already, as process ${other}.`);
      }
      if (shouldReset) fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
      fs.mkdirSync(home, { recursive: true });
      fs.writeFileSync(pidFile(home), String(process.pid));
    },
  );
}

/** Gives the folder back, if it is still this process that has it. */
export function releaseHome(home: string): void {
  if (ownerOf(home) === process.pid) fs.rmSync(pidFile(home), { force: true });
}

/** A number alone proves nothing: after a crash it may have become that of another program. */
async function isRunning(home: string, pid: number): Promise<boolean> {
  if (pid === process.pid || !isAlive(pid)) return false;
  const ageMs = Date.now() - fs.statSync(pidFile(home)).mtimeMs;
  return ageMs < STARTING_MS || !(await isPortFree(lastPort(home, 'oss')));
}

function ownerOf(home: string): number | undefined {
  const file = pidFile(home);
  const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  return pid > 0 ? pid : undefined;
}

function pidFile(home: string): string {
  return path.join(home, 'pid');
}

/** The port of the last time, so that the browser and the checkpoints find what they know. */
export async function rememberedPort(
  home: string,
  name: keyof typeof DEFAULT_PORTS,
  wanted: number | undefined,
): Promise<number> {
  const last = lastPort(home, name);
  let port = wanted ?? last;
  if (!(await isPortFree(port))) {
    if (wanted !== undefined) throw new Error(`Port ${wanted} is taken by another program.`);
    port = await freePort();
    console.log(`Port ${last} is taken by another program, ${port} is used instead.`);
  }
  fs.writeFileSync(portFile(home, name), String(port));
  return port;
}

function lastPort(home: string, name: keyof typeof DEFAULT_PORTS): number {
  const file = portFile(home, name);
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : DEFAULT_PORTS[name];
}

function portFile(home: string, name: string): string {
  return path.join(home, `${name}.port`);
}
