import { join } from 'node:path';
import { isObject } from '../../engine/base/guards';
import { fromHome, readTextFile, variable } from './machine';
import type { Machine } from './machine';
import { unusable } from './problem';
import { pair, required, seconds, secretUrl, SESSION_NAME, stsHost } from './way';
import type { Entries, Profile, ProfileFile, RoleToAssume, SignIn, Way } from './way';

const SHOWN_NAME = '~/.aliyun/config.json';

/**
 * `~/.aliyun/config.json` of Alibaba Cloud CLI, or ALIBABA_CLOUD_CONFIG_FILE; undefined when it is
 * not there. The CLI has its own idea of the home folder on Windows, which alone knows HOMEDRIVE:
 * in companies that is a network drive rather than the user's profile. Rejects with `FileNotUsable`
 * or `FileUnreadable`.
 */
export async function readAliyunFile(machine: Machine): Promise<ProfileFile | undefined> {
  const named = variable(machine, 'ALIBABA_CLOUD_CONFIG_FILE');
  const driveHome = variable(machine, 'HOMEDRIVE') + variable(machine, 'HOMEPATH');
  const files =
    named === ''
      ? [driveHome, machine.homeFolder]
          .filter((home) => home !== '')
          .map((home) => join(home, '.aliyun', 'config.json'))
      : [fromHome(named, machine)];
  for (const file of files) {
    const text = await readTextFile(file, named === '' ? SHOWN_NAME : named);
    if (text !== undefined && text !== '') return aliyunProfiles(text, machine);
  }
  return undefined;
}

/** ALIBABA_CLOUD_PROFILE comes first, else the current one. Throws `FileNotJson`. */
export function aliyunProfiles(text: string, machine: Machine): ProfileFile {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // The parser's message quotes the file, secrets included.
    throw unusable('FileNotJson', SHOWN_NAME);
  }
  const { current, profiles: list } = objectOf(config);
  const chosen = variable(
    machine,
    'ALIBABACLOUD_PROFILE',
    'ALIBABA_CLOUD_PROFILE',
    'ALICLOUD_PROFILE',
  );
  const first = chosen || (typeof current === 'string' ? current : '') || 'default';
  const byName = new Map<string, Entries>();
  for (const profile of Array.isArray(list) ? list : []) {
    const entries = entriesOf(profile);
    const name = entries('name');
    // The CLI takes the first of a name.
    if (name !== '' && !byName.has(name)) byName.set(name, entries);
  }
  const profiles = [...byName]
    .toSorted(([left], [right]) => Number(right === first) - Number(left === first))
    .map(([name, entries]): [string, Profile] => [
      name,
      {
        name,
        accessKeyId: entries('access_key_id'),
        region: entries('region_id'),
        bucket: '',
        way: () => wayOf(name, byName, machine, 0),
      },
    ]);
  return { profiles: new Map(profiles) };
}

/** A profile may name another one as its source; more than this is a circle. */
const LONGEST_CHAIN = 5;

/** `mode` decides which of the other entries count. */
function wayOf(
  name: string,
  byName: ReadonlyMap<string, Entries>,
  machine: Machine,
  depth: number,
): Way {
  const entries = byName.get(name);
  if (entries === undefined) throw unusable('NoSuchProfile', name);
  if (depth > LONGEST_CHAIN) throw unusable('ProfileCircle', name);
  const mode = entries('mode') || recognisedMode(entries);
  const key = (token: string): Way => ({
    kind: 'key',
    key: pair(required(entries, 'access_key_id'), required(entries, 'access_key_secret'), token),
  });
  const role = (): RoleToAssume => ({
    roleArn: required(entries, 'ram_role_arn'),
    sessionName: entries('ram_session_name') || SESSION_NAME,
    durationSeconds: seconds(entries('expired_seconds')),
    stsHost: stsHost(
      { entry: 'sts_region', text: entries('sts_region') },
      { entry: 'sts_endpoint', text: entries('sts_endpoint') },
      entries('enable_vpc') === 'true',
    ),
    externalId: entries('external_id'),
    policy: entries('policy'),
  });
  switch (mode.toLowerCase()) {
    case 'ak':
      return key('');
    case 'ststoken':
      return key(required(entries, 'sts_token'));
    case 'ramrolearn':
      return { kind: 'assumeRole', source: key(entries('sts_token')), role: role() };
    case 'ramrolearnwithrolename': {
      const source = { kind: 'ecsRamRole', role: entries('ram_role_name') } as const;
      return { kind: 'assumeRole', source, role: role() };
    }
    case 'chainableramrolearn': {
      const source = wayOf(required(entries, 'source_profile'), byName, machine, depth + 1);
      return { kind: 'assumeRole', source, role: role() };
    }
    case 'ecsramrole':
      return { kind: 'ecsRamRole', role: entries('ram_role_name') };
    case 'oidc':
      return {
        kind: 'oidc',
        role: role(),
        providerArn: required(entries, 'oidc_provider_arn'),
        tokenFile: required(entries, 'oidc_token_file'),
      };
    case 'credentialsuri': {
      const url = entries('credentials_uri') || variable(machine, 'ALIBABA_CLOUD_CREDENTIALS_URI');
      if (url === '') throw unusable('EntryMissing', 'credentials_uri');
      return { kind: 'uri', url: secretUrl(url, 'credentials_uri').href };
    }
    case 'external':
      return { kind: 'program', command: required(entries, 'process_command') };
    case 'cloudsso':
      return { kind: 'signIn', ...cloudSso(name, entries) };
    case 'oauth':
      return { kind: 'signIn', ...oauth(name, entries) };
    default:
      throw unusable('ModeNotSupported', mode.slice(0, 64));
  }
}

/** What the CLI takes a profile without `mode` for. */
function recognisedMode(entries: Entries): string {
  const has = (...names: string[]) => names.every((name) => entries(name) !== '');
  if (has('access_key_id', 'access_key_secret')) {
    if (has('sts_token')) return 'StsToken';
    return has('ram_role_arn') ? 'RamRoleArn' : 'AK';
  }
  if (has('private_key', 'key_pair_name')) return 'RsaKeyPair';
  if (has('ram_role_name')) return 'EcsRamRole';
  if (has('process_command')) return 'External';
  if (has('oidc_provider_arn', 'oidc_token_file', 'ram_role_arn')) return 'OIDC';
  return has('cloud_sso_sign_in_url') ? 'CloudSSO' : 'AK';
}

/** CreateCloudCredential: POST `/cloud-credentials` at the address where one signs in. */
function cloudSso(name: string, entries: Entries): SignIn {
  const entry = 'cloud_sso_sign_in_url';
  return {
    ...issuedOf(name, entries),
    renewal: {
      origin: secretUrl(required(entries, entry), entry).origin,
      path: '/cloud-credentials',
      body: JSON.stringify({
        AccountId: required(entries, 'cloud_sso_account_id'),
        AccessConfigurationId: required(entries, 'cloud_sso_access_config'),
      }),
      token: entries('access_token'),
      expiresMs: milliseconds(entries('cloud_sso_access_token_expire')),
    },
  };
}

const OAUTH_ORIGINS: ReadonlyMap<string, string> = new Map([
  ['CN', 'https://oauth.aliyun.com'],
  ['INTL', 'https://oauth.alibabacloud.com'],
]);

/**
 * POST `/v1/exchange` at the profile's site. The refresh token stays untouched: using it up would
 * sign the CLI out, because its file is never written here.
 */
function oauth(name: string, entries: Entries): SignIn {
  const origin = OAUTH_ORIGINS.get(required(entries, 'oauth_site_type').toUpperCase());
  if (origin === undefined) throw unusable('ValueNotUsable', 'oauth_site_type');
  return {
    ...issuedOf(name, entries),
    renewal: {
      origin,
      path: '/v1/exchange',
      body: '',
      token: entries('oauth_access_token'),
      expiresMs: milliseconds(entries('oauth_access_token_expire')),
    },
  };
}

function issuedOf(name: string, entries: Entries): Pick<SignIn, 'issued' | 'command'> {
  const [id, secret, token] = ['access_key_id', 'access_key_secret', 'sts_token'].map(entries);
  const expiresMs = milliseconds(entries('sts_expiration'));
  const isWhole = Boolean(id) && Boolean(secret) && Boolean(token) && expiresMs > 0;
  return {
    issued: isWhole ? { key: pair(id ?? '', secret ?? '', token ?? ''), expiresMs } : undefined,
    command: `aliyun configure --profile ${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}`,
  };
}

/** Of seconds since 1970; 0 for anything else. */
function milliseconds(text: string): number {
  return /^\d{1,12}$/.test(text) ? Number(text) * 1000 : 0;
}

/** Numbers and switches as text. */
function entriesOf(profile: unknown): Entries {
  const entries = objectOf(profile);
  return (name) => {
    const value = entries[name];
    if (typeof value === 'string') return value.trim();
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
