import { join } from 'node:path';
import { entryName, parseIni } from './iniFile';
import type { IniSection } from './iniFile';
import { fromHome, readTextFile, variable } from './machine';
import type { Machine } from './machine';
import { unusable } from './problem';
import { pair, required, seconds, secretUrl, SESSION_NAME, stsHost } from './way';
import type { Entries, Profile, ProfileFile, RoleToAssume, Way } from './way';

/** The other names that ossutil 1 and 2 know for an entry. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  accessKeyID: ['access-id'],
  accessKeySecret: ['access-key', 'secret-access-key'],
  stsToken: ['security-token'],
  ramRoleArn: ['roleArn'],
  endpoint: ['host'],
  oidcTokenFilePath: ['oidcTokenFile'],
  credentialProcess: ['processCommand'],
  credentialsURI: ['credentialURI'],
};

/** How many sections may take their entries from another one; more is a circle. */
const LONGEST_CHAIN = 5;

/**
 * `~/.ossutilconfig`, or OSSUTIL_CONFIG_FILE; undefined when it is not there. Rejects with
 * `FileNotUsable` or `FileUnreadable`.
 */
export async function readOssutilFile(machine: Machine): Promise<ProfileFile | undefined> {
  const named = variable(machine, 'OSSUTIL_CONFIG_FILE');
  const file = named === '' ? join(machine.homeFolder, '.ossutilconfig') : fromHome(named, machine);
  const text = await readTextFile(file, named === '' ? '~/.ossutilconfig' : named);
  return text === undefined
    ? undefined
    : ossutilProfiles(text, variable(machine, 'OSSUTIL_PROFILE'));
}

/**
 * The sections of a file of version 1 (`[Credentials]`) or 2 (`[default]`, `[profile NAME]`) that
 * are about credentials; '' is the default one, `first` (OSSUTIL_PROFILE) comes first.
 */
export function ossutilProfiles(text: string, first: string): ProfileFile {
  const sections = parseIni(text);
  // Version 1 has a [Default] too, for timeouts and the proxy.
  const standard = ['default', 'profile default', 'credentials'].find((title) => {
    const section = sections.get(title);
    return section !== undefined && isAboutCredentials(section);
  });
  const ecsUrl = sections.get('akservice')?.entries.get('ecsak') ?? '';
  const found = new Map<string, Profile>();
  const add = (name: string, title: string): void => {
    const section = sections.get(title);
    if (section === undefined || !isAboutCredentials(section)) return;
    found.set(name.toLowerCase(), profileOf(name, title, sections));
  };
  if (standard !== undefined) add('', standard);
  else if (ecsUrl !== '') found.set('', serviceProfile(ecsUrl));
  for (const { title } of sections.values()) {
    const name = /^profile\s+(.*)$/i.exec(title)?.[1];
    if (name !== undefined && name.toLowerCase() !== 'default') add(name, title.toLowerCase());
  }
  const wanted = first.toLowerCase();
  const profiles = [...found].toSorted(
    ([left], [right]) => Number(right === wanted) - Number(left === wanted),
  );
  return { profiles: new Map(profiles) };
}

function isAboutCredentials({ entries }: IniSection): boolean {
  return ['accessKeyID', 'access-id', 'accessKeySecret', 'mode', 'source-profile'].some(
    (name) => (entries.get(entryName(name)) ?? '') !== '',
  );
}

/** Section `[AkService]` of version 1: an address of the instance's metadata service. */
function serviceProfile(url: string): Profile {
  const role =
    /^http:\/\/100\.100\.100\.200\/latest\/meta-data\/ram\/security-credentials\/([\w.-]+)$/i;
  const way = (): Way => {
    const name = role.exec(url)?.[1];
    // The metadata service may insist on a session, which a plain URL does not have.
    if (name !== undefined) return { kind: 'ecsRamRole', role: name };
    return { kind: 'uri', url: secretUrl(url, 'ecsAk').href };
  };
  return { name: '', accessKeyId: '', region: '', bucket: '', way };
}

function profileOf(
  name: string,
  title: string,
  sections: ReadonlyMap<string, IniSection>,
): Profile {
  const chain = chainOf(title, sections);
  const entries: Entries = (entry) => {
    const names = [entry, ...(ALIASES[entry] ?? [])].map(entryName);
    const texts = chain.flatMap((section) => names.map((each) => section.entries.get(each) ?? ''));
    return texts.find((text) => text !== '') ?? '';
  };
  return {
    name,
    accessKeyId: entries('accessKeyID'),
    region: entries('region') || entries('endpoint'),
    bucket: entries('bucket'),
    way: () => {
      if (chain.length > LONGEST_CHAIN) throw unusable('ProfileCircle', name || 'default');
      return wayOf(entries);
    },
  };
}

/**
 * A section and those that it names as its `source-profile`, whose entries it takes over; longer
 * than {@link LONGEST_CHAIN} where it goes in a circle.
 */
function chainOf(
  title: string,
  sections: ReadonlyMap<string, IniSection>,
  before: readonly IniSection[] = [],
): readonly IniSection[] {
  const section = sections.get(`profile ${title}`) ?? sections.get(title);
  if (section === undefined || before.length > LONGEST_CHAIN) return before;
  const chain = [...before, section];
  const next = section.entries.get(entryName('source-profile')) ?? '';
  return next === '' ? chain : chainOf(next.toLowerCase(), sections, chain);
}

/** `mode` decides which of the other entries count; an old line of another mode is ignored. */
function wayOf(entries: Entries): Way {
  const mode = entries('mode');
  const key = (token: string): Way => ({
    kind: 'key',
    key: pair(required(entries, 'accessKeyID'), required(entries, 'accessKeySecret'), token),
  });
  const role = (): RoleToAssume => ({
    roleArn: required(entries, 'ramRoleArn'),
    sessionName: entries('roleSessionName') || SESSION_NAME,
    durationSeconds: seconds(entries('tokenTimeout')),
    stsHost: stsHost({ entry: 'stsRegion', text: entries('stsRegion') }),
    externalId: entries('externalId'),
    policy: '',
  });
  switch (mode.toLowerCase()) {
    case '':
      return key(entries('stsToken'));
    case 'ak':
      return key('');
    case 'ststoken':
      return key(required(entries, 'stsToken'));
    case 'ramrolearn': {
      // ossutil assumes roles with lasting keys only; a temporary one is useless without its token.
      const isTemporary = entries('accessKeyID').startsWith('STS.');
      return {
        kind: 'assumeRole',
        source: key(isTemporary ? required(entries, 'stsToken') : ''),
        role: role(),
      };
    }
    case 'ecsramrole':
    case 'ali-ecsramrole':
      return { kind: 'ecsRamRole', role: entries('ecsRoleName') };
    case 'oidc':
    case 'oidcrolearn':
      return {
        kind: 'oidc',
        role: role(),
        providerArn: required(entries, 'oidcProviderArn'),
        tokenFile: required(entries, 'oidcTokenFilePath'),
      };
    case 'external':
    case 'process':
      return { kind: 'program', command: required(entries, 'credentialProcess') };
    case 'credentialsuri':
      return {
        kind: 'uri',
        url: secretUrl(required(entries, 'credentialsURI'), 'credentialsURI').href,
      };
    default:
      throw unusable('ModeNotSupported', mode.slice(0, 64));
  }
}
