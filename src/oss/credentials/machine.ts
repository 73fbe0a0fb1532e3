import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unusable } from './problem';

/** A machine's environment, so that tests own it. */
export interface Machine {
  readonly environment: NodeJS.ProcessEnv;
  readonly homeFolder: string;
}

/** The value of an environment variable; '' when it is not set. */
export function variable({ environment }: Machine, ...names: readonly string[]): string {
  return names.map((name) => environment[name]?.trim() ?? '').find((text) => text !== '') ?? '';
}

/** Whether a variable of the vendor is switched on. */
export function isOn(machine: Machine, name: string): boolean {
  return /^(?:1|true)$/i.test(variable(machine, name));
}

/** Larger ones are no configuration. */
const LARGEST_FILE_BYTES = 1 << 20;

/**
 * The text of a file; undefined when it is not there. Never waits for a pipe or a device. Throws
 * `FileNotUsable` and `FileUnreadable`.
 */
export async function readTextFile(file: string, shownName = file): Promise<string | undefined> {
  try {
    const facts = await stat(file);
    if (!facts.isFile() || facts.size > LARGEST_FILE_BYTES) {
      throw unusable('FileNotUsable', shownName);
    }
    const text = await readFile(file, 'utf8');
    return text.replace(/^\u{feff}/u, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw code === 'FileNotUsable' ? error : unusable('FileUnreadable', shownName);
  }
}

/** A path with `~` for the home folder, as a shell would have resolved it. */
export function fromHome(file: string, { homeFolder }: Machine): string {
  return /^~[/\\]/.test(file) ? join(homeFolder, file.slice(2)) : file;
}
