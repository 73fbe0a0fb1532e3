import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../base/guards';
import { comparedName } from './nameForms';
import { GlobError, matches, readGlob } from './globs';
import type { Dialect, Glob, Names } from './globs';

/** Files whose lines say what is not uploaded, by the rules of Git; the later one decides. */
export const IGNORE_FILE_NAMES = ['.gitignore', '.ossignore'] as const;

/** Of one file, and of all those that count for a folder. */
const MOST_BYTES = 64 * 1024;
const MOST_CHARACTERS = 128 * 1024;

/** A line of such a file. */
interface IgnoreRule {
  readonly glob: Glob;
  /** `!`: takes back what lines before it left out. */
  readonly isException: boolean;
}

/** The lines of the files of one folder, those that decide first. */
interface Level {
  /** How many names of a path lead to the folder. */
  readonly depth: number;
  readonly rules: readonly IgnoreRule[];
}

/**
 * What the files of a folder and of those around it say. Never changes: a folder inside has one of its
 * own.
 */
export class IgnoreRules {
  private constructor(
    private readonly platform: NodeJS.Platform,
    /** From the top to the folder. */
    private readonly names: Names,
    /** The innermost first. */
    private readonly levels: readonly Level[],
    private readonly characters: number,
  ) {}

  /**
   * Those that count in a folder: of it and of the folders around it up to the top, which is the
   * nearest one with `.git`, or `within` where there is none. What they say of the folder itself and
   * of those around it does not count: it was chosen. Rejects with a code of the file system, or
   * `EFBIG` for more lines than anybody writes.
   */
  static async around(
    folder: string,
    within: string,
    platform: NodeJS.Platform,
  ): Promise<IgnoreRules> {
    const top = await topOf(folder, within);
    const names = path.relative(top, folder).split(path.sep).filter(Boolean);
    let rules = new IgnoreRules(platform, [], [], 0);
    let isChosenIgnored = false;
    let current = top;
    for (const name of names) {
      rules = await rules.with(current);
      isChosenIgnored ||= rules.ignores(name, true);
      rules = rules.below(name);
      current = path.join(current, name);
    }
    // Who chooses a folder that is ignored, such as what a build made, wants its files.
    return isChosenIgnored ? new IgnoreRules(platform, names, [], 0) : rules;
  }

  /** With the files that lie in the folder itself; rejects as {@link around}. */
  async with(folder: string): Promise<IgnoreRules> {
    const texts: string[] = [];
    for (const name of IGNORE_FILE_NAMES) texts.push(await readText(path.join(folder, name)));
    const text = texts.join('\n');
    if (text.trim() === '') return this;
    const characters = this.characters + text.length;
    if (characters > MOST_CHARACTERS) throw tooLarge(folder);
    const dialect = { platform: this.platform, isGit: true } as const;
    const rules = texts.flatMap((one) => readRules(one, dialect)).reverse();
    const level = { depth: this.names.length, rules };
    return new IgnoreRules(this.platform, this.names, [level, ...this.levels], characters);
  }

  /** Those that count in a folder of this one, but for its own. */
  below(name: string): IgnoreRules {
    const names = [...this.names, comparedName(name, this.platform)];
    return new IgnoreRules(this.platform, names, this.levels, this.characters);
  }

  /** Whether an entry of this folder is left out. */
  ignores(name: string, isFolder: boolean): boolean {
    if (this.levels.length === 0) return false;
    const names = [...this.names, comparedName(name, this.platform)];
    for (const { depth, rules } of this.levels) {
      const decisive = rules.find(({ glob }) => matches(glob, names, depth, isFolder));
      if (decisive !== undefined) return !decisive.isException;
    }
    return false;
  }
}

/** Reads lines by the rules of Git; one that could match nothing is left out, as Git does. */
function readRules(text: string, dialect: Dialect): IgnoreRule[] {
  return text.split('\n').flatMap((line): IgnoreRule[] => {
    if (line.startsWith('#')) return [];
    const written = withoutBlanksAtEnd(line.endsWith('\r') ? line.slice(0, -1) : line);
    const isException = written.startsWith('!');
    const glob = isException ? written.slice(1) : written;
    if (glob === '' || glob === '/') return [];
    try {
      return [{ glob: readGlob(glob, dialect), isException }];
    } catch (error) {
      if (error instanceof GlobError) return [];
      throw error;
    }
  });
}

/** Without blanks at the end, unless a backslash stands before them. */
function withoutBlanksAtEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ') end -= 1;
  let slashes = end;
  while (line[slashes - 1] === '\\') slashes -= 1;
  return line.slice(0, end + ((end - slashes) % 2 === 1 && end < line.length ? 1 : 0));
}

/** A regular file's text, '' when there is none. As in Git, a link is no such file. */
async function readText(file: string): Promise<string> {
  try {
    const found = await lstat(file);
    if (!found.isFile()) return '';
    if (found.size > MOST_BYTES) throw tooLarge(file);
    const noLink = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(file, constants.O_RDONLY | noLink);
    try {
      return (await handle.readFile('utf8')).replace(/^\ufeff/, '');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function tooLarge(place: string): Error {
  return Object.assign(new Error(`too many lines say what is ignored in ${place}`), {
    code: 'EFBIG',
  });
}

async function topOf(folder: string, within: string): Promise<string> {
  for (let current = folder; ;) {
    if (await isThere(path.join(current, '.git'))) return current;
    const parent = path.dirname(current);
    if (parent === current) break;
    current = parent;
  }
  const isWithin = within !== '' && !path.relative(within, folder).startsWith('..');
  return isWithin && !path.isAbsolute(path.relative(within, folder)) ? within : folder;
}

async function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
