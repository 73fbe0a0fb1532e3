import { UploadError } from '../contract/errors';
import { comparedName, ignoresCase } from './nameForms';

/**
 * Globs, matched in time that grows with the glob times the path and no faster. Expressions made of
 * globs, as the usual packages make them, take seconds for a name such as `aaaaaaaa` and a glob such
 * as `*a*a*a*a*b`, which any repository can write.
 */

/** What may be wrong with a glob. */
export type GlobProblem =
  'globNames' | 'globBackslash' | 'globBrackets' | 'globExtended' | 'globTooLong';

/** The names of a path as `comparedName` gives them. */
export type Names = readonly string[];

/** Any number of characters of a name, or of names of a path. */
const ANY = Symbol('any number');
type Any = typeof ANY;

/** Whether this character is meant. */
type OneOf = (character: number) => boolean;

/** A name of a glob: as it is, or by its characters. */
type NameGlob = string | readonly (Any | number | OneOf)[];

/** A way through the folders. */
type Way = readonly (Any | NameGlob)[];

/** A glob, ready to be compared. */
export interface Glob {
  readonly toFolder: Way;
  /** Undefined with a slash at the end, which means folders alone. */
  readonly toFile: Way | undefined;
}

/** How globs are read: by the rules of the editor, or by those of Git. */
export interface Dialect {
  /** Whose names they are: in some, upper and lower case are the same. */
  readonly platform: NodeJS.Platform;
  /** `.gitignore`: a glob of one name is meant at any depth, and `a/**` is not `a` itself. */
  readonly isGit: boolean;
}

/** A glob that is refused, for whoever shows it or leaves it out. */
export class GlobError extends Error {
  constructor(
    readonly problem: GlobProblem,
    readonly glob: string,
  ) {
    super(`${JSON.stringify(glob)} cannot be used (${problem})`);
  }
}

/** Of all globs of the setting, in characters and in what their braces stand for. */
const MOST_CHARACTERS = 64 * 1024;
const MOST_GLOBS = 1000;
const MOST_CHARACTERS_OF_ONE = 1000;

/**
 * Whether a path is left out by globs as in the editor's own `files.exclude`, with braces; also with a
 * slash before or behind. The last glob that matches decides: what begins with `!` takes back. Throws
 * `invalidArgument` with field `exclude` for a glob that could never match.
 */
export function exclusionOf(
  globs: readonly string[],
  platform: NodeJS.Platform,
): (names: Names, isFolder: boolean) => boolean {
  const rules = readGlobs(globs, { platform, isGit: false }).reverse();
  if (rules.length === 0) return () => false;
  return (names, isFolder) => {
    const decisive = rules.find(({ glob }) => matches(glob, names, 0, isFolder));
    return decisive !== undefined && !decisive.isException;
  };
}

interface Rule {
  readonly glob: Glob;
  readonly isException: boolean;
}

function readGlobs(globs: readonly string[], dialect: Dialect): Rule[] {
  const rules: Rule[] = [];
  let characters = 0;
  for (const written of globs) {
    const isException = written.startsWith('!');
    const text = isException ? written.slice(1) : written;
    if (text === '') continue;
    try {
      if (text.length > MOST_CHARACTERS_OF_ONE) throw new GlobError('globTooLong', text);
      if (isException && text.startsWith('(')) throw new GlobError('globExtended', written);
      for (const one of withoutBraces(text)) {
        characters += one.length;
        if (characters > MOST_CHARACTERS || rules.length >= MOST_GLOBS) {
          throw new GlobError('globTooLong', text);
        }
        rules.push({ glob: readGlob(one, dialect), isException });
      }
    } catch (error) {
      throw error instanceof GlobError ? refused(written, error) : error;
    }
  }
  return rules;
}

function refused(written: string, error: GlobError): UploadError {
  const value = written.length > 80 ? `${written.slice(0, 80)}…` : written;
  return new UploadError('invalidArgument', `the glob ${JSON.stringify(value)} cannot be used`, {
    code: error.problem,
    field: 'exclude',
    value,
    cause: error,
  });
}

/** Reads a glob without braces. Throws a {@link GlobError} for what no path could match. */
export function readGlob(text: string, dialect: Dialect): Glob {
  const { isGit, platform } = dialect;
  const isForFolders = text.endsWith('/');
  const inner = isForFolders ? text.slice(0, -1) : text;
  const isAnchored = inner.includes('/') || !isGit;
  const written = namesOf(inner.replace(isGit ? /^\// : /^(?:\.\/|\/)/, ''), platform);
  const names = written.map((name): Any | NameGlob => {
    if (name === '' || name === '.' || name === '..') throw new GlobError('globNames', text);
    return /^\*{2,}$/.test(name) ? ANY : readName(comparedName(name, platform), dialect);
  });
  if (!isGit && /^[a-z]:$/i.test(written[0] ?? '')) throw new GlobError('globNames', text);
  const way: Way = isAnchored ? names : [ANY, ...names];
  // What is in `a` is not `a` itself; but to the editor, the folder belongs to it.
  const wayInside: Way = names.at(-1) === ANY ? [...way, [ANY]] : way;
  return {
    toFolder: isGit ? wayInside : way,
    toFile: isForFolders ? undefined : wayInside,
  };
}

/** Whether a glob means what these names lead to, of which those before `from` do not count. */
export function matches(glob: Glob, names: Names, from: number, isFolder: boolean): boolean {
  const way = isFolder ? glob.toFolder : glob.toFile;
  if (way === undefined) return false;
  return follows(way, from, names.length, (part, at) => (isNamed(part, names[at] ?? '') ? 1 : 0));
}

function isNamed(glob: NameGlob, name: string): boolean {
  if (typeof glob === 'string') return glob === name;
  return follows(glob, 0, name.length, (part, at) => {
    const character = name.codePointAt(at) ?? 0;
    const isMeant = typeof part === 'number' ? part === character : part(character);
    return isMeant ? lengthOf(character) : 0;
  });
}

/**
 * Whether what lies between two places follows a pattern. `step` says how far one part of the pattern
 * reaches, 0 for not at all. Only the last {@link ANY} is ever tried again: what an earlier one could
 * take more, the last one can take as well.
 */
function follows<Part>(
  pattern: readonly (Part | Any)[],
  from: number,
  end: number,
  step: (part: Part, at: number) => number,
): boolean {
  let [at, index] = [from, 0];
  let retry: { at: number; readonly index: number } | undefined;
  while (at < end) {
    const part = pattern[index];
    if (part === ANY) {
      index += 1;
      if (index === pattern.length) return true;
      retry = { at, index };
      continue;
    }
    const taken = part === undefined ? 0 : step(part, at);
    if (taken > 0) {
      at += taken;
      index += 1;
    } else if (retry === undefined) {
      return false;
    } else {
      retry.at += 1;
      ({ at, index } = retry);
    }
  }
  return pattern.slice(index).every((part) => part === ANY);
}

/** The names of a glob; a slash in a set separates nothing, and matches nothing either. */
function namesOf(glob: string, platform: NodeJS.Platform): string[] {
  const names: string[] = [];
  let begin = 0;
  for (let at = 0; at < glob.length; at += 1) {
    if (glob[at] === '\\') at += 1;
    else if (glob[at] === '/') {
      names.push(glob.slice(begin, at));
      begin = at + 1;
    } else if (glob[at] === '[') {
      const set = readSet(glob, at + 1, platform);
      if (set === undefined) throw new GlobError('globBrackets', glob);
      at = set.end - 1;
    }
  }
  return [...names, glob.slice(begin)];
}

/** Reads a name: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before what is meant as it is. */
function readName(name: string, { isGit, platform }: Dialect): NameGlob {
  if (!isGit && (/[@+]\(/.test(name) || /[*?!]\([^)]*\|/.test(name))) {
    throw new GlobError('globExtended', name);
  }
  const parts: (Any | number | OneOf)[] = [];
  for (let at = 0; at < name.length;) {
    const character = name.codePointAt(at) ?? 0;
    at += lengthOf(character);
    if (character === STAR) {
      if (parts.at(-1) !== ANY) parts.push(ANY);
    } else if (character === QUESTION) {
      parts.push(() => true);
    } else if (character === BRACKET) {
      const set = readSet(name, at, platform);
      if (set === undefined) throw new GlobError('globBrackets', name);
      parts.push(set.oneOf);
      at = set.end;
    } else if (character === BACKSLASH) {
      const quoted = name.codePointAt(at);
      // As the separator of Windows it would mean nothing, and what it was written for would be sent.
      if (quoted === undefined || (!isGit && /[\p{L}\p{N}]/u.test(String.fromCodePoint(quoted)))) {
        throw new GlobError('globBackslash', name);
      }
      parts.push(quoted);
      at += lengthOf(quoted);
    } else {
      parts.push(character);
    }
  }
  const isPlain = parts.every((part) => typeof part === 'number');
  return isPlain ? String.fromCodePoint(...parts) : parts;
}

const [STAR, QUESTION, BRACKET, BACKSLASH] = [0x2a, 0x3f, 0x5b, 0x5c];

/** POSIX's sets, of which Git knows those of ASCII. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads a set behind its bracket; undefined when it has no end or names no class that exists. */
function readSet(
  name: string,
  from: number,
  platform: NodeJS.Platform,
): { readonly oneOf: OneOf; readonly end: number } | undefined {
  const isNegated = name[from] === '!' || name[from] === '^';
  const begin = from + (isNegated ? 1 : 0);
  const ranges: (readonly [number, number])[] = [];
  const classes: RegExp[] = [];
  for (let at = begin; at < name.length;) {
    if (name[at] === ']' && at > begin) {
      const oneOf: OneOf = (character) => {
        const isIn =
          ranges.some(([first, last]) => character >= first && character <= last) ||
          classes.some((known) => known.test(String.fromCodePoint(character)));
        return isIn !== isNegated;
      };
      return { oneOf, end: at + 1 };
    }
    const [posix, className = ''] = /^\[:([a-z]*):\]/.exec(name.slice(at, at + 12)) ?? [];
    if (posix !== undefined) {
      const isLetterCase = className === 'upper' || className === 'lower';
      const found = CLASSES[ignoresCase(platform) && isLetterCase ? 'alpha' : className];
      if (found === undefined) return undefined;
      classes.push(found);
      at += posix.length;
      continue;
    }
    const first = readMember(name, at);
    if (first === undefined) return undefined;
    at = first.end;
    if (name[at] === '-' && at + 1 < name.length && name[at + 1] !== ']') {
      const last = readMember(name, at + 1);
      if (last === undefined) return undefined;
      ranges.push([first.character, last.character]);
      at = last.end;
    } else {
      ranges.push([first.character, first.character]);
    }
  }
  return undefined;
}

function readMember(
  name: string,
  at: number,
): { readonly character: number; readonly end: number } | undefined {
  const start = name[at] === '\\' ? at + 1 : at;
  const character = name.codePointAt(start);
  return character === undefined ? undefined : { character, end: start + lengthOf(character) };
}

/** What a glob with `{a,b}` stands for, one by one. Braces without a comma are meant as they are. */
function* withoutBraces(glob: string): Generator<string> {
  const open = [glob];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    const braces = firstBraces(text);
    if (braces === undefined) {
      yield text;
      continue;
    }
    if (open.length + braces.choices.length > MOST_GLOBS) throw new GlobError('globTooLong', glob);
    const [before, after] = [text.slice(0, braces.begin), text.slice(braces.end)];
    for (const choice of braces.choices.reverse()) open.push(before + choice + after);
  }
}

interface Braces {
  readonly begin: number;
  /** Behind the closing one. */
  readonly end: number;
  readonly choices: string[];
}

/** The first braces with a comma. Throws where one is not closed, or has a range such as `1..9`. */
function firstBraces(text: string): Braces | undefined {
  /** Those that are open, the innermost last. */
  const open: { readonly begin: number; readonly commas: number[] }[] = [];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '\\':
        at += 1;
        break;
      case '[':
        // A brace in a set is one of its characters.
        at = (readSet(text, at + 1, 'linux')?.end ?? at + 1) - 1;
        break;
      case '{':
        open.push({ begin: at, commas: [] });
        break;
      case ',':
        open.at(-1)?.commas.push(at);
        break;
      case '}': {
        const closed = open.pop();
        if (closed === undefined) break;
        const { begin, commas } = closed;
        if (commas.length === 0 && /^\{[^{}]*\.\.[^{}]*\}$/.test(text.slice(begin, at + 1))) {
          throw new GlobError('globExtended', text);
        }
        // The innermost first: its choices have no braces of their own.
        if (commas.length === 0) break;
        const ends = [...commas, at];
        const choices = ends.map((end, n) => text.slice((ends[n - 1] ?? begin) + 1, end));
        return { begin, end: at + 1, choices };
      }
      default:
    }
  }
  if (open.length > 0) throw new GlobError('globBrackets', text);
  return undefined;
}

function lengthOf(character: number): number {
  return character > 0xffff ? 2 : 1;
}
