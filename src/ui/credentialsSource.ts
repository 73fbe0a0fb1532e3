/** What is kept in SecretStorage: a CredentialsSource as JSON. Read with care, it may be anything. */
import type { AccessKey, CredentialsSource } from '../account/ports';

/** The text that is stored. */
export function serializeSource(source: CredentialsSource): string {
  return JSON.stringify(source);
}

/** The stored text as a source; undefined when it is none, whatever it holds. */
export function parseSource(text: string): CredentialsSource | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  switch (value['kind']) {
    case 'accessKey': {
      const key = parseKey(value['key']);
      return key && { kind: 'accessKey', key };
    }
    case 'environment':
    case 'oidc':
      return { kind: value['kind'] };
    case 'ossutil': {
      const section = value['section'];
      return typeof section === 'string' ? { kind: 'ossutil', section } : undefined;
    }
    case 'aliyun': {
      const profile = value['profile'];
      return typeof profile === 'string' ? { kind: 'aliyun', profile } : undefined;
    }
    case 'ecsRamRole': {
      const role = value['role'];
      return typeof role === 'string' ? { kind: 'ecsRamRole', role } : undefined;
    }
    case 'uri': {
      const url = value['url'];
      return typeof url === 'string' ? { kind: 'uri', url } : undefined;
    }
    default:
      return undefined;
  }
}

/** The names in a stored list of profiles; what is not a text is left out. */
export function parseProfileNames(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
    return [...new Set(names)];
  } catch {
    return [];
  }
}

function parseKey(value: unknown): AccessKey | undefined {
  if (!isRecord(value)) return undefined;
  const { accessKeyId, accessKeySecret, securityToken } = value;
  if (typeof accessKeyId !== 'string' || typeof accessKeySecret !== 'string') return undefined;
  if (accessKeyId === '' || accessKeySecret === '') return undefined;
  return typeof securityToken === 'string' && securityToken !== ''
    ? { accessKeyId, accessKeySecret, securityToken }
    : { accessKeyId, accessKeySecret };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
