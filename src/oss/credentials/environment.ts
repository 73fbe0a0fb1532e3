import { isOn, variable } from './machine';
import type { Machine } from './machine';
import { unusable } from './problem';
import { pair, SESSION_NAME, secretUrl, stsHost } from './way';
import type { RoleToAssume, Way } from './way';

/**
 * The key of the environment: ALIBABA_CLOUD_* first, with ALIBABA_CLOUD_ROLE_ARN the role that it
 * assumes, as in the vendor's SDKs; then OSS_*, as in ossutil. Undefined when neither is there.
 * Throws `EntryMissing` for half of a key, `ValueNotUsable` where no host can be made of the region.
 */
export function environmentWay(machine: Machine): Way | undefined {
  const [cloud, oss] = [valuesOf(machine, CLOUD_NAMES), valuesOf(machine, OSS_NAMES)];
  if (isWhole(cloud)) {
    const key: Way = { kind: 'key', key: pair(...cloud) };
    if (variable(machine, 'ALIBABA_CLOUD_ROLE_ARN') === '') return key;
    return { kind: 'assumeRole', source: key, role: roleOf(machine) };
  }
  if (isWhole(oss)) return { kind: 'key', key: pair(...oss) };
  assertNotHalf(cloud, CLOUD_NAMES);
  assertNotHalf(oss, OSS_NAMES);
  return undefined;
}

/** Of three variables: id, secret, token. */
type Three = readonly [string, string, string];

function valuesOf(machine: Machine, [id, secret, token]: Three): Three {
  return [variable(machine, id), variable(machine, secret), variable(machine, token)];
}

function isWhole([id, secret]: Three): boolean {
  return id !== '' && secret !== '';
}

function assertNotHalf([id, secret]: Three, names: Three): void {
  if (id !== '' || secret !== '') throw unusable('EntryMissing', names[id === '' ? 0 : 1]);
}

const CLOUD_NAMES: Three = [
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
];
const OSS_NAMES: Three = ['OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_SESSION_TOKEN'];

/**
 * The OIDC role of the environment, as Kubernetes pods get it; undefined when it names none. Throws
 * `EntryMissing` when it names only a part of one, `ValueNotUsable` where no host can be made of its
 * region.
 */
export function environmentOidc(machine: Machine): Way | undefined {
  const values = valuesOf(machine, OIDC_NAMES);
  const [providerArn, tokenFile] = values;
  // The role alone belongs to the key.
  if (providerArn === '' && tokenFile === '') return undefined;
  const missing = OIDC_NAMES[values.indexOf('')];
  if (missing !== undefined) throw unusable('EntryMissing', missing);
  return { kind: 'oidc', role: roleOf(machine), providerArn, tokenFile };
}

const OIDC_NAMES: Three = [
  'ALIBABA_CLOUD_OIDC_PROVIDER_ARN',
  'ALIBABA_CLOUD_OIDC_TOKEN_FILE',
  'ALIBABA_CLOUD_ROLE_ARN',
];

/**
 * ALIBABA_CLOUD_CREDENTIALS_URI; undefined when it is not set. Throws `ValueNotUsable` for what is no
 * address, and `PlainHttp` for one that is not encrypted and leads away from this machine.
 */
export function environmentUri(machine: Machine): Way | undefined {
  const name = 'ALIBABA_CLOUD_CREDENTIALS_URI';
  const text = variable(machine, name);
  return text === '' ? undefined : { kind: 'uri', url: secretUrl(text, name).href };
}

/**
 * ALIBABA_CLOUD_ECS_METADATA, a role of this instance; undefined when it is not set. Throws `Forbidden`
 * when ALIBABA_CLOUD_ECS_METADATA_DISABLED is on.
 */
export function environmentInstance(machine: Machine): Way | undefined {
  const role = variable(machine, 'ALIBABA_CLOUD_ECS_METADATA');
  if (role === '') return undefined;
  const forbids = 'ALIBABA_CLOUD_ECS_METADATA_DISABLED';
  if (isOn(machine, forbids)) throw unusable('Forbidden', forbids);
  return { kind: 'ecsRamRole', role };
}

function roleOf(machine: Machine): RoleToAssume {
  const named = (entry: string) => ({ entry, text: variable(machine, entry) });
  const name = 'ALIBABA_CLOUD_ROLE_SESSION_NAME';
  return {
    roleArn: variable(machine, 'ALIBABA_CLOUD_ROLE_ARN'),
    sessionName: variable(machine, name) || SESSION_NAME,
    durationSeconds: 3600,
    stsHost: stsHost(
      named('ALIBABA_CLOUD_STS_REGION'),
      named('ALIBABA_CLOUD_STS_ENDPOINT'),
      isOn(machine, 'ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED'),
    ),
    externalId: variable(machine, 'ALIBABA_CLOUD_EXTERNAL_ID'),
    policy: '',
  };
}
