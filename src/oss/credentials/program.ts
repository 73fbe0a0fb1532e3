import { execFile } from 'node:child_process';
import type { Machine } from './machine';
import { isOn } from './machine';
import { unusable } from './problem';

/** A program that signs in may open a browser. */
const LONGEST_RUN_MS = 60_000;
const LARGEST_OUTPUT_BYTES = 64 * 1024;

/**
 * What a program of the user prints. It is started without a shell, in the home folder and not in
 * the workspace, whose programs are nobody's choice. Throws `ProgramFailed` with the program's name
 * alone: its arguments and its output may hold secrets.
 */
export async function outputOf(command: string, machine: Machine): Promise<string> {
  const forbids = 'ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS';
  if (isOn(machine, forbids)) throw unusable('Forbidden', forbids);
  const [program = '', ...args] = splitCommand(command, process.platform === 'win32') ?? [];
  if (program === '') throw unusable('ProgramFailed', '');
  return await new Promise((resolve, reject) => {
    const options = {
      cwd: machine.homeFolder,
      // The extension host has this, and a program built with Electron would not start as itself.
      env: { ...machine.environment, ELECTRON_RUN_AS_NODE: undefined },
      timeout: LONGEST_RUN_MS,
      killSignal: 'SIGKILL',
      maxBuffer: LARGEST_OUTPUT_BYTES,
      windowsHide: true,
    } as const;
    const child = execFile(program, args, options, (error, output) => {
      if (error === null) resolve(output);
      else reject(unusable('ProgramFailed', program));
    });
    child.stdin?.end();
  });
}

const PIECES = {
  posix: /(\s+)|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\]+)/gsy,
  windows: /(\s+)|'([^']*)'|"((?:\\"|[^"])*)"|(\\)|([^\s'"\\]+)/gsy,
};

/**
 * A command line as words: quotes hold blanks together, a backslash is the next character itself, on
 * Windows only before a quote inside quotes. Undefined when a quote is not closed. Nothing else of
 * a shell is known: no variables, no pipes.
 */
export function splitCommand(command: string, isWindows: boolean): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let end = 0;
  const add = (text: string): void => {
    word = (word ?? '') + text;
  };
  for (const match of command.matchAll(isWindows ? PIECES.windows : PIECES.posix)) {
    const [piece, blank, single, double, escaped, plain] = match;
    end = match.index + piece.length;
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (double !== undefined) {
      add(double.replace(isWindows ? /\\(")/g : /\\(["\\$`])/g, '$1'));
    } else {
      add(single ?? escaped ?? plain ?? '');
    }
  }
  if (word !== undefined) words.push(word);
  return end === command.length ? words : undefined;
}
