import type { AccessKey, CredentialsProblem, CredentialsSource } from '../../account';
import { readAliyunFile } from './aliyunFile';
import {
  environmentInstance,
  environmentOidc,
  environmentUri,
  environmentWay,
} from './environment';
import { variable } from './machine';
import type { Machine } from './machine';
import { readOssutilFile } from './ossutilFile';
import { noCredentials, problemOf, unusable } from './problem';
import { CachedKey } from './renewableKey';
import { readSdkFile } from './sdkFile';
import type { SecurityTokens } from './securityTokens';
import { assertSignedIn, pair, programOf, secretUrl } from './way';
import type { ProfileFile, Way } from './way';

/** Opens a source of credentials. `now` is the time that keys end by. */
export function openSource(
  source: CredentialsSource,
  machine: Machine,
  tokens: SecurityTokens,
  now: () => number,
): CachedKey {
  const program = 'program' in source ? source.program : undefined;
  return new CachedKey(async () => tokens.follow(await wayOf(source, machine), program), now);
}

/** Reads where the source leads, now. Throws why it leads nowhere. */
async function wayOf(source: CredentialsSource, machine: Machine): Promise<Way> {
  switch (source.kind) {
    case 'accessKey':
      return { kind: 'key', key: trimmed(source.key) };
    case 'environment':
      return there(environmentWay(machine), 'the environment has no AccessKey');
    case 'oidc':
      return there(environmentOidc(machine), 'the environment names no OIDC role');
    case 'ecsRamRole':
      return { kind: 'ecsRamRole', role: source.role };
    case 'uri':
      return { kind: 'uri', url: secretUrl(source.url, 'ALIBABA_CLOUD_CREDENTIALS_URI').href };
    case 'ossutil':
      return ofProfile(await readOssutilFile(machine), source.section.toLowerCase());
    case 'aliyun':
      return ofProfile(await readAliyunFile(machine), source.profile);
    case 'sdk':
      return ofProfile(await readSdkFile(machine), source.section.toLowerCase());
  }
}

function there(way: Way | undefined, otherwise: string): Way {
  if (way === undefined) throw noCredentials(otherwise);
  return way;
}

/** '' is the default section of ossutil's file, the first profile of others. */
function ofProfile(file: ProfileFile | undefined, name: string): Way {
  if (file === undefined) throw noCredentials('the file is not there any more');
  const [first] = file.profiles.values();
  const profile = file.profiles.get(name) ?? (name === '' ? first : undefined);
  if (profile === undefined) throw unusable('NoSuchProfile', name || 'default');
  return profile.way();
}

/** Pasted keys bring blanks and line ends along. */
function trimmed({ accessKeyId, accessKeySecret, securityToken }: AccessKey): AccessKey {
  return pair(accessKeyId.trim(), accessKeySecret.trim(), securityToken?.trim() ?? '');
}

/** What was found, as it is written there. */
export interface Finding {
  readonly source: CredentialsSource;
  readonly problem: CredentialsProblem | undefined;
  readonly program: string;
  /** '' when only a role is named. */
  readonly accessKeyId: string;
  /** A region or an endpoint, '' for neither. */
  readonly region: string;
  readonly bucket: string;
}

/**
 * The credentials that lie on this machine: in the environment, in the files of ossutil, Alibaba
 * Cloud CLI and the SDKs. Reads files only; what it cannot use comes with the reason.
 */
export async function findSources(
  machine: Machine,
  nowMs: number = Date.now(),
): Promise<Finding[]> {
  const found: Finding[] = [];
  const add = (
    source: CredentialsSource,
    way: () => Way | undefined,
    hints: Partial<Finding> = {},
  ): void => {
    const finding = examined(source, way, nowMs);
    if (finding !== undefined) found.push({ ...finding, ...hints });
  };
  const region = variable(machine, 'ALIBABA_CLOUD_REGION_ID', 'OSS_REGION');
  add({ kind: 'environment' }, () => environmentWay(machine), { region });
  add({ kind: 'oidc' }, () => environmentOidc(machine), { region });
  const url = variable(machine, 'ALIBABA_CLOUD_CREDENTIALS_URI');
  add({ kind: 'uri', url }, () => environmentUri(machine), { region });
  const role = variable(machine, 'ALIBABA_CLOUD_ECS_METADATA');
  add({ kind: 'ecsRamRole', role }, () => environmentInstance(machine), { region });

  for (const { read, source } of FILES) {
    let file: ProfileFile | undefined;
    try {
      file = await read(machine);
    } catch (error) {
      add(source(''), () => {
        throw error;
      });
    }
    for (const [name, profile] of file?.profiles ?? []) {
      const { accessKeyId, region: where, bucket } = profile;
      add(source(name), () => profile.way(), { accessKeyId, region: where, bucket });
    }
  }
  return found;
}

const FILES: readonly {
  read: (machine: Machine) => Promise<ProfileFile | undefined>;
  source: (name: string) => CredentialsSource;
}[] = [
  { read: readOssutilFile, source: (section) => ({ kind: 'ossutil', section }) },
  { read: readAliyunFile, source: (profile) => ({ kind: 'aliyun', profile }) },
  { read: readSdkFile, source: (section) => ({ kind: 'sdk', section }) },
];

/** Undefined where there is nothing. */
function examined(
  source: CredentialsSource,
  find: () => Way | undefined,
  nowMs: number,
): Finding | undefined {
  const nothing = { program: '', accessKeyId: '', region: '', bucket: '' };
  try {
    const way = find();
    if (way === undefined) return undefined;
    assertSignedIn(way, nowMs);
    const key = way.kind === 'assumeRole' ? way.source : way;
    const accessKeyId = key.kind === 'key' ? key.key.accessKeyId : '';
    return { ...nothing, source, problem: undefined, program: programOf(way), accessKeyId };
  } catch (error) {
    return { ...nothing, source, problem: problemOf(error) };
  }
}
