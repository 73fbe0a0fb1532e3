import { join } from 'node:path';
import { entryName, parseIni } from './iniFile';
import type { IniSection } from './iniFile';
import { fromHome, readTextFile, variable } from './machine';
import type { Machine } from './machine';
import { unusable } from './problem';
import { pair, required, seconds, secretUrl, SESSION_NAME, stsHost } from './way';
import type { Entries, Profile, ProfileFile, RoleToAssume, Way } from './way';

/**
 * `~/.alibabacloud/credentials`, or ALIBABA_CLOUD_CREDENTIALS_FILE; undefined when it is not there.
 * Rejects with `FileNotUsable` or `FileUnreadable`.
 */
export async function readSdkFile(machine: Machine): Promise<ProfileFile | undefined> {
  const named = variable(machine, 'ALIBABA_CLOUD_CREDENTIALS_FILE');
  const file =
    named === ''
      ? join(machine.homeFolder, '.alibabacloud', 'credentials')
      : fromHome(named, machine);
  const text = await readTextFile(file, named === '' ? '~/.alibabacloud/credentials' : named);
  if (text === undefined) return undefined;
  return sdkProfiles(text, variable(machine, 'ALIBABA_CLOUD_PROFILE') || 'default');
}

/** Each section is a profile, unless it is switched off; `first` comes first. */
export function sdkProfiles(text: string, first: string): ProfileFile {
  const wanted = first.toLowerCase();
  const profiles = [...parseIni(text)]
    .filter(([, { entries }]) => !/^(?:false|0|no|off)$/i.test(entries.get('enable') ?? ''))
    .toSorted(([left], [right]) => Number(right === wanted) - Number(left === wanted))
    .map(([name, section]) => [name, profileOf(section)] as const);
  return { profiles: new Map(profiles) };
}

function profileOf({ title, entries: byName }: IniSection): Profile {
  const entries: Entries = (entry) => byName.get(entryName(entry)) ?? '';
  return {
    name: title,
    accessKeyId: entries('access_key_id'),
    region: entries('region_id'),
    bucket: '',
    way: () => wayOf(entries),
  };
}

/** `type` decides, and must be there. */
function wayOf(entries: Entries): Way {
  const type = required(entries, 'type');
  const key = (token: string): Way => ({
    kind: 'key',
    key: pair(required(entries, 'access_key_id'), required(entries, 'access_key_secret'), token),
  });
  const role = (): RoleToAssume => ({
    roleArn: required(entries, 'role_arn'),
    sessionName: entries('role_session_name') || SESSION_NAME,
    durationSeconds: seconds(entries('role_session_expiration')),
    stsHost: stsHost(
      { entry: 'sts_region', text: entries('sts_region') },
      { entry: 'sts_endpoint', text: entries('sts_endpoint') },
    ),
    externalId: entries('external_id'),
    policy: entries('policy'),
  });
  switch (type.toLowerCase()) {
    case 'access_key':
      return key('');
    case 'sts':
      return key(required(entries, 'security_token'));
    case 'ram_role_arn':
      return { kind: 'assumeRole', source: key(entries('security_token')), role: role() };
    case 'ecs_ram_role':
      return { kind: 'ecsRamRole', role: entries('role_name') };
    case 'oidc_role_arn':
      return {
        kind: 'oidc',
        role: role(),
        providerArn: required(entries, 'oidc_provider_arn'),
        tokenFile: required(entries, 'oidc_token_file_path'),
      };
    case 'credentials_uri':
      return {
        kind: 'uri',
        url: secretUrl(required(entries, 'credentials_uri'), 'credentials_uri').href,
      };
    default:
      throw unusable('ModeNotSupported', type.slice(0, 64));
  }
}
