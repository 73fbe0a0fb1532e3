import type { AccessKey } from '../account';
import { isObject } from '../engine/base/guards';
import { UploadError } from '../engine/contract/errors';

/** What `~/.ossutilconfig` says in one of its sections. Missing entries are ''. */
export interface OssutilSection {
  readonly key: AccessKey | undefined;
  readonly region: string;
  readonly bucket: string;
}

/** A profile of `~/.aliyun/config.json`, reduced to the ways this program can use. */
export type AliyunProfile =
  | { readonly mode: 'key'; readonly key: AccessKey; readonly region: string }
  | { readonly mode: 'ecsRamRole'; readonly role: string; readonly region: string }
  | { readonly mode: 'oidc'; readonly oidc: OidcSettings; readonly region: string }
  | {
      readonly mode: 'assumeRole';
      readonly source: AliyunProfile;
      readonly role: RoleToAssume;
      readonly region: string;
    };

export interface RoleToAssume {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  /** '' is the global one. */
  readonly stsRegion: string;
  readonly externalId: string;
}

export interface OidcSettings {
  readonly role: RoleToAssume;
  readonly providerArn: string;
  readonly tokenFile: string;
}

/** There is nothing usable at that place. The message never quotes a file. */
export function noCredentials(message: string): UploadError {
  return new UploadError('noCredentials', message, { code: 'NoCredentials' });
}

/** ALIBABA_CLOUD_* first, then OSS_*; undefined unless id and secret are both there. */
export function environmentKey(environment: NodeJS.ProcessEnv): AccessKey | undefined {
  const value = (name: string) => environment[name]?.trim() ?? '';
  return (
    accessKey(
      value('ALIBABA_CLOUD_ACCESS_KEY_ID'),
      value('ALIBABA_CLOUD_ACCESS_KEY_SECRET'),
      value('ALIBABA_CLOUD_SECURITY_TOKEN'),
    ) ??
    accessKey(
      value('OSS_ACCESS_KEY_ID'),
      value('OSS_ACCESS_KEY_SECRET'),
      value('OSS_SESSION_TOKEN'),
    )
  );
}

/** The OIDC role of the environment, as Kubernetes pods get it; undefined when incomplete. */
export function environmentOidc(environment: NodeJS.ProcessEnv): OidcSettings | undefined {
  const value = (name: string) => environment[name]?.trim() ?? '';
  const providerArn = value('ALIBABA_CLOUD_OIDC_PROVIDER_ARN');
  const tokenFile = value('ALIBABA_CLOUD_OIDC_TOKEN_FILE');
  const role: RoleToAssume = {
    roleArn: value('ALIBABA_CLOUD_ROLE_ARN'),
    sessionName: sessionName(value('ALIBABA_CLOUD_ROLE_SESSION_NAME')),
    durationSeconds: DEFAULT_SESSION_SECONDS,
    stsRegion: value('ALIBABA_CLOUD_STS_REGION'),
    externalId: '',
  };
  return role.roleArn === '' || providerArn === '' || tokenFile === ''
    ? undefined
    : { role, providerArn, tokenFile };
}

const DEFAULT_SESSION_SECONDS = 3600;

function sessionName(wanted: string): string {
  return wanted === '' ? 'oss-resumable-upload' : wanted;
}

function accessKey(id: string, secret: string, token: string): AccessKey | undefined {
  if (id === '' || secret === '') return undefined;
  return {
    accessKeyId: id,
    accessKeySecret: secret,
    ...(token !== '' && { securityToken: token }),
  };
}

/** Entries by normalised name, sections by their title in lower case. */
type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Reads INI text as ossutil does: `#` and `;` start a comment line, names are written in any case
 * and with any separator.
 */
function parseIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.replace(/^\u{feff}/u, '').split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue;
    const title = /^\[(.*)\]$/.exec(trimmed)?.[1];
    if (title !== undefined) {
      const name = title.trim().toLowerCase();
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (equals <= 0) continue;
    const value = trimmed
      .slice(equals + 1)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
    section.set(normalisedName(trimmed.slice(0, equals)), value);
  }
  return sections;
}

function normalisedName(name: string): string {
  return name.trim().toLowerCase().replace(/[-_]/g, '');
}

/** Every way ossutil spells these, normalised. */
const OSSUTIL_NAMES = {
  id: ['accesskeyid', 'accessid'],
  secret: ['accesskeysecret', 'accesskey', 'secretaccesskey'],
  token: ['ststoken', 'securitytoken'],
  region: ['region'],
  endpoint: ['endpoint', 'host'],
  bucket: ['bucket'],
} as const;

/**
 * A section of `~/.ossutilconfig`, version 1 (`[Credentials]`) or 2 (`[default]`,
 * `[profile NAME]`); '' is the default one. Undefined when there is no such section.
 */
export function ossutilSection(text: string, section: string): OssutilSection | undefined {
  const ini = parseIni(text);
  const name = section.trim().toLowerCase();
  const titles = name === '' ? ['default', 'credentials'] : [`profile ${name}`, name];
  const found = titles
    .map((title) => ini.get(title))
    // Version 1 has a [Default] too, for timeouts and the proxy.
    .filter((entries) => entries !== undefined)
    .toSorted((left, right) => idsIn(right) - idsIn(left))[0];
  if (found === undefined) return undefined;
  const value = (names: readonly string[]) =>
    names.map((alias) => found.get(alias) ?? '').find((text_) => text_ !== '') ?? '';
  return {
    key: accessKey(
      value(OSSUTIL_NAMES.id),
      value(OSSUTIL_NAMES.secret),
      value(OSSUTIL_NAMES.token),
    ),
    region: value(OSSUTIL_NAMES.region) || value(OSSUTIL_NAMES.endpoint),
    bucket: value(OSSUTIL_NAMES.bucket),
  };
}

function idsIn(entries: ReadonlyMap<string, string>): number {
  return OSSUTIL_NAMES.id.some((name) => entries.has(name)) ? 1 : 0;
}

/** Names of the sections that hold an AccessKey; '' is the default one. */
export function ossutilSections(text: string): string[] {
  const named = [...parseIni(text).keys()]
    .map((title) => /^profile\s+(.+)$/.exec(title)?.[1])
    .filter((name) => name !== undefined);
  return ['', ...named].filter((name) => ossutilSection(text, name)?.key !== undefined);
}

/**
 * A profile of `~/.aliyun/config.json`; '' is the current one. Throws `noCredentials` when it is
 * missing, incomplete, or of a kind that would run a program or rewrite the file.
 */
export function aliyunProfile(text: string, name: string): AliyunProfile {
  return readProfile(parseConfig(text), name, 0);
}

/** Names of all profiles, the current one first. */
export function aliyunProfileNames(text: string): string[] {
  const config = parseConfig(text);
  const names = config.profiles.map((profile) => textOf(profile, 'name')).filter(Boolean);
  return names.toSorted(
    (left, right) => Number(right === config.current) - Number(left === config.current),
  );
}

interface AliyunConfig {
  readonly current: string;
  readonly profiles: readonly Record<string, unknown>[];
}

function parseConfig(text: string): AliyunConfig {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\u{feff}/u, ''));
  } catch {
    // The parser's message quotes the file, secrets included.
    throw noCredentials('~/.aliyun/config.json is not valid JSON');
  }
  const config = isObject(value) ? value : {};
  const profiles: unknown[] = Array.isArray(config['profiles']) ? config['profiles'] : [];
  return { current: textOf(config, 'current'), profiles: profiles.filter(isObject) };
}

/** A profile may name another one as its source; more than this is a circle. */
const LONGEST_CHAIN = 5;

function readProfile(config: AliyunConfig, name: string, depth: number): AliyunProfile {
  const wanted = name === '' ? config.current || 'default' : name;
  const profile = config.profiles.find((candidate) => textOf(candidate, 'name') === wanted);
  if (profile === undefined) {
    throw noCredentials(`~/.aliyun/config.json has no profile "${wanted}"`);
  }
  if (depth > LONGEST_CHAIN) {
    throw noCredentials(`the profile "${wanted}" of ~/.aliyun/config.json refers to itself`);
  }
  const value = (entry: string) => textOf(profile, entry);
  const region = value('region_id');
  const duration = Number(profile['expired_seconds']);
  const role: RoleToAssume = {
    roleArn: value('ram_role_arn'),
    sessionName: sessionName(value('ram_session_name')),
    durationSeconds: duration > 0 ? duration : DEFAULT_SESSION_SECONDS,
    stsRegion: value('sts_region'),
    externalId: value('external_id'),
  };
  const ownKey = (withToken: boolean): AliyunProfile => {
    const key = accessKey(
      value('access_key_id'),
      value('access_key_secret'),
      withToken ? value('sts_token') : '',
    );
    if (key === undefined) {
      throw noCredentials(`the profile "${wanted}" of ~/.aliyun/config.json has no AccessKey`);
    }
    return { mode: 'key', key, region };
  };
  const mode = value('mode');
  switch (mode) {
    case '':
    case 'AK':
      return ownKey(false);
    case 'StsToken':
      return ownKey(true);
    case 'RamRoleArn':
      return { mode: 'assumeRole', source: ownKey(true), role, region };
    case 'ChainableRamRoleArn': {
      const source = readProfile(config, value('source_profile'), depth + 1);
      return { mode: 'assumeRole', source, role, region };
    }
    case 'EcsRamRole':
      return { mode: 'ecsRamRole', role: value('ram_role_name'), region };
    case 'OIDC':
      return {
        mode: 'oidc',
        oidc: {
          role,
          providerArn: value('oidc_provider_arn'),
          tokenFile: value('oidc_token_file'),
        },
        region,
      };
    default:
      throw noCredentials(
        `the profile "${wanted}" of ~/.aliyun/config.json is of a kind that is not supported (${mode})`,
      );
  }
}

function textOf(value: Readonly<Record<string, unknown>>, name: string): string {
  const entry = value[name];
  return typeof entry === 'string' ? entry.trim() : '';
}
