/** Small helpers around processes and ports, shared by the scripts and the tests. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/** Resolves after `delayMs`. For polling only: nothing here waits a fixed time for an outcome. */
export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Any thrown value as one line or more of text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error, such as `ENOENT`, if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Works through items in their order, so many at once; rejects with the first that fails. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads from its standard input; nothing when left out. */
  readonly input?: string | undefined;
  /** As in {@link ProgramCall}. */
  readonly windowsVerbatimArguments?: boolean;
}

/** How a program is started by `spawn` or `execFile`, without the option `shell`. */
export interface ProgramCall {
  readonly file: string;
  readonly args: readonly string[];
  /** Whether the arguments are quoted already. */
  readonly windowsVerbatimArguments: boolean;
}

/**
 * How to start a program that may be a batch file, as `code` and npm are on Windows. Node starts such
 * a file in a shell only, and puts no quotes there around what has blanks.
 */
export function commandOf(
  program: string,
  args: readonly string[],
  platform: NodeJS.Platform = process.platform,
): ProgramCall {
  if (platform !== 'win32' || path.win32.extname(program).toLowerCase() === '.exe') {
    return { file: program, args, windowsVerbatimArguments: false };
  }
  // With /s the shell takes away the first quote and the last, and leaves all between them as it is.
  const line = [path.win32.normalize(program), ...args].map(quoted).join(' ');
  return { file: 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`], windowsVerbatimArguments: true };
}

/** For cmd.exe and for what Windows' programs read of their line: a backslash at the end is doubled. */
function quoted(arg: string): string {
  return `"${arg.replaceAll('"', '""').replace(/\\+$/, '$&$&')}"`;
}

/** Runs a program to its end and resolves with its standard output; rejects with all it said. */
export function run(
  command: string,
  args: readonly string[],
  { input, ...options }: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { maxBuffer: 64 << 20, timeout: 10 * 60_000, ...options },
      (error, stdout, stderr) => {
        if (!error) {
          resolve(stdout);
          return;
        }
        const why =
          codeOf(error) === 'ENOENT'
            ? 'command not found'
            : error.killed
              ? 'took longer than 10 minutes'
              : `exit code ${String(error.code)}`;
        const said = `${stderr.slice(-3000)}${stdout.slice(-1000)}`.trim();
        reject(new Error(`${command} ${args.join(' ')}: ${why}\n${said}`));
      },
    );
    // A program that does not read it has its own reason, which its exit code tells.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** {@link run} of a program that may be a batch file on Windows, see {@link commandOf}. */
export function runCommand(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { file, args: all, windowsVerbatimArguments } = commandOf(program, args);
  return run(file, all, { ...options, windowsVerbatimArguments });
}

/** The path of a program that can be run by its name, or undefined. */
export function findInPath(name: string): string | undefined {
  const dirs = (process.env['PATH'] ?? '').split(process.platform === 'win32' ? ';' : ':');
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`, name] : [name];
  return dirs
    .filter((dir) => dir !== '')
    .flatMap((dir) => names.map((file) => `${dir}/${file}`))
    .find((file) => fs.existsSync(file));
}

/**
 * Whether a process runs. A killed process whose parent has not yet taken note of it is a zombie:
 * it still answers to signal 0, but does not count as running.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Whether nobody listens on this port of the loopback interface. */
export function isPortFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

/** A port of the loopback interface that nobody listens on. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as net.AddressInfo;
      server.close(() => {
        resolve(address.port);
      });
    });
  });
}

/** Calls `check` until it gives a value that is not falsy; names what it waited for when it gives up. */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  limitMs = 30_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Not within ${limitMs / 1000} s: ${what}`);
    await sleep(50);
  }
}
