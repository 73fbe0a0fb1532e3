/** The settings: their keys, their defaults, and what is accepted. Knows no editor. */
import {
  UploadError,
  checkBucketEndpoint,
  checkBucketName,
  checkEndpoint,
  checkRegion,
} from '../../engine/index';
import { prefixProblem, unseenProblem, urlBaseProblem } from '../text/keyNames';
import type { Rule } from '../text/keyNames';
import { ruleText } from '../text/rules';
import type { Localizer } from '../text/words';

/** The answers to an object that already exists. */
export const IF_EXISTS = ['ask', 'overwrite', 'skip', 'skipIdentical', 'rename'] as const;

/** One of {@link IF_EXISTS}; `skipIdentical` replaces it unless it has the bytes of the file. */
export type IfExists = (typeof IF_EXISTS)[number];

/** Settings that belong to the file that is uploaded, and to its workspace folder. */
export interface UploadSettings {
  readonly bucket: string;
  readonly region: string;
  readonly prefix: string;
  readonly profile: string;
  readonly urlBase: string;
  readonly ifExists: IfExists;
  readonly exclude: readonly string[];
  /** `.gitignore` and `.ossignore` count in folders. */
  readonly useIgnoreFiles: boolean;
  /** As written; the engine's `parsePartSize` reads it. */
  readonly partSize: string | number;
  readonly parallel: number;
}

/** Settings of the window and of the machine. */
export interface WindowSettings {
  readonly endpoint: string;
  /** Addresses of single buckets, by their names. */
  readonly bucketEndpoints: Readonly<Record<string, string>>;
  readonly signatureVersion: 'v4' | 'v1';
  readonly concurrency: number;
  readonly maxBytesPerSecond: number;
  readonly resumeOnStartup: 'prompt' | 'auto' | 'never';
  readonly completionMessage: 'whenUseful' | 'always' | 'never';
  readonly keepUnfinishedDays: number;
}

/** A value that was not accepted; the default is used in its place. */
export interface SettingProblem {
  /** Full key, such as `ossUpload.bucket`. */
  readonly key: string;
  readonly value: unknown;
  /** The rule it breaks, or the values there are. */
  readonly expected:
    | { readonly rule: Rule }
    | { readonly oneOf: readonly string[] }
    | { readonly from: number; readonly to: number };
}

/** A setting that says which files go where. */
export type DecisiveSetting =
  'bucket' | 'prefix' | 'profile' | 'exclude' | 'useIgnoreFiles' | 'endpoint' | 'bucketEndpoints';

/** A setting's value by the last part of its key; undefined when it is not set. */
export type GetSetting = (name: string) => unknown;

/** What was read, with everything that was wrong. */
export interface Read<T> {
  readonly value: T;
  readonly problems: readonly SettingProblem[];
}

/** The section of all settings. */
export const SECTION = 'ossUpload';
const DEFAULT_EXCLUDE = ['**/.git', '**/.DS_Store', '**/Thumbs.db'];
const MAX_LANES = 64;
const KIB = 1024;
/** What a repository writes may be of any length; no name or address is longer than this. */
const MOST_CHARACTERS = 2048;
/** 100 GiB/s: more than any line, and a number that can be read in a message. */
const MAX_SPEED_KIB = 100 * KIB * KIB;

/** Reads the settings of a file. Never throws. */
export function readUploadSettings(get: GetSetting): Read<UploadSettings> {
  const reader = new Reader(get);
  const value = {
    bucket: reader.text('bucket', '', optional(checkBucketName)),
    region: reader.text('region', '', optional(checkRegion)),
    prefix: reader.text('prefix', '', prefixProblem),
    profile: reader.text('profile', '', unseenProblem),
    urlBase: reader.text('urlBase', '', urlBaseProblem),
    ifExists: reader.oneOf('ifExists', IF_EXISTS),
    exclude: reader.list('exclude', DEFAULT_EXCLUDE),
    useIgnoreFiles: reader.flag('useIgnoreFiles', false),
    partSize: reader.textOrNumber('partSize', '8 MB'),
    parallel: reader.integer('parallel', 3, 1, MAX_LANES),
  } satisfies UploadSettings;
  return { value, problems: reader.problems };
}

/** Reads the settings of the window. Never throws. */
export function readWindowSettings(get: GetSetting): Read<WindowSettings> {
  const reader = new Reader(get);
  const maxSpeed = reader.integer('maxSpeed', 0, 0, MAX_SPEED_KIB);
  const value = {
    endpoint: reader.text('endpoint', 'public', checkEndpoint),
    bucketEndpoints: reader.addresses('bucketEndpoints'),
    signatureVersion: reader.oneOf('signatureVersion', ['v4', 'v1']),
    concurrency: reader.integer('concurrency', 6, 1, MAX_LANES),
    maxBytesPerSecond: maxSpeed * KIB,
    resumeOnStartup: reader.oneOf('resumeOnStartup', ['prompt', 'auto', 'never']),
    completionMessage: reader.oneOf('completionMessage', ['whenUseful', 'always', 'never']),
    keepUnfinishedDays: reader.integer('keepUnfinishedDays', 7, 1, 30),
  } satisfies WindowSettings;
  return { value, problems: reader.problems };
}

/**
 * Why nothing may be sent while one of these settings is wrong, undefined when none is: with the
 * default in its place, files would go to another place than the user wrote, or more of them.
 */
export function refusalOf(
  problems: readonly SettingProblem[],
  names: readonly DecisiveSetting[],
): UploadError | undefined {
  for (const { key, expected } of problems) {
    if (!('rule' in expected) || !names.some((name) => key === `${SECTION}.${name}`)) continue;
    const details = { code: expected.rule, field: key };
    return new UploadError('invalidArgument', `the setting ${key} cannot be used`, details);
  }
  return undefined;
}

/** The sentence for a setting that was not accepted. */
export function settingProblemText(problem: SettingProblem, l10n: Localizer): string {
  return l10n.t('Setting {key} is not used: {rule}', {
    key: problem.key,
    rule: expectedText(problem.expected, l10n),
  });
}

function expectedText(expected: SettingProblem['expected'], l10n: Localizer): string {
  if ('rule' in expected) return ruleText(expected.rule, l10n);
  if ('oneOf' in expected) {
    return l10n.t('It is one of {choices}.', { choices: expected.oneOf.join(', ') });
  }
  return l10n.t('It is a whole number from {from} to {to}.', {
    from: expected.from,
    to: expected.to,
  });
}

function optional(problem: (text: string) => Rule | undefined): (text: string) => Rule | undefined {
  return (text) => (text === '' ? undefined : problem(text));
}

/** Takes values one by one and remembers which were wrong. */
class Reader {
  readonly problems: SettingProblem[] = [];

  constructor(private readonly get: GetSetting) {}

  text(name: string, standard: string, problem?: (text: string) => Rule | undefined): string {
    const value = this.get(name) ?? standard;
    if (typeof value !== 'string') return this.refuse(name, value, { rule: 'text' }, standard);
    if (value.length > MOST_CHARACTERS) return this.refuse(name, value, { rule: 'long' }, standard);
    const trimmed = value.trim();
    const rule = problem?.(trimmed);
    return rule === undefined ? trimmed : this.refuse(name, value, { rule }, standard);
  }

  textOrNumber(name: string, standard: string): string | number {
    const value = this.get(name) ?? standard;
    if (typeof value === 'string' && value.length > MOST_CHARACTERS) {
      return this.refuse(name, value, { rule: 'long' }, standard);
    }
    if (typeof value === 'string' || typeof value === 'number') return value;
    return this.refuse(name, value, { rule: 'text' }, standard);
  }

  /** The first choice is the default. */
  oneOf<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.get(name) ?? choices[0];
    const found = choices.find((choice) => choice === value);
    return found ?? this.refuse(name, value, { oneOf: choices }, choices[0]);
  }

  integer(name: string, standard: number, from: number, to: number): number {
    const value = this.get(name) ?? standard;
    if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) {
      return Number(value);
    }
    return this.refuse(name, value, { from, to }, standard);
  }

  flag(name: string, standard: boolean): boolean {
    const value = this.get(name) ?? standard;
    if (typeof value === 'boolean') return value;
    return this.refuse(name, value, { rule: 'flag' }, standard);
  }

  list(name: string, standard: readonly string[]): readonly string[] {
    const value = this.get(name) ?? standard;
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    return this.refuse(name, value, { rule: 'list' }, standard);
  }

  /** Addresses by the names of buckets. */
  addresses(name: string): Readonly<Record<string, string>> {
    const value = this.get(name) ?? {};
    const isRight =
      typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.values(value).every(
        (text) => typeof text === 'string' && checkBucketEndpoint(text) === undefined,
      );
    return isRight
      ? (value as Readonly<Record<string, string>>)
      : this.refuse(name, value, { rule: 'endpoint' }, {});
  }

  private refuse<T>(
    name: string,
    value: unknown,
    expected: SettingProblem['expected'],
    standard: T,
  ): T {
    this.problems.push({ key: `${SECTION}.${name}`, value, expected });
    return standard;
  }
}
