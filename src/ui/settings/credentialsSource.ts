/** What is kept in SecretStorage: a CredentialsSource as JSON. Read with care, it may be anything. */
import type { AccessKey, CredentialsSource } from '../../account';
import { isObject } from '../../engine/index';

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
  if (!isObject(value)) return undefined;
  const { kind, key, section, profile, role, url } = value;
  const allowed = typeof value['program'] === 'string' ? { program: value['program'] } : {};
  switch (kind) {
    case 'accessKey': {
      const parsed = parseKey(key);
      return parsed && { kind, key: parsed };
    }
    case 'environment':
    case 'oidc':
      return { kind };
    case 'ossutil':
      return typeof section === 'string' ? { kind, section, ...allowed } : undefined;
    case 'sdk':
      return typeof section === 'string' ? { kind, section } : undefined;
    case 'aliyun':
      return typeof profile === 'string' ? { kind, profile, ...allowed } : undefined;
    case 'ecsRamRole':
      return typeof role === 'string' ? { kind, role } : undefined;
    case 'uri':
      return typeof url === 'string' ? { kind, url } : undefined;
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
  if (!isObject(value)) return undefined;
  const { accessKeyId, accessKeySecret, securityToken } = value;
  if (typeof accessKeyId !== 'string' || typeof accessKeySecret !== 'string') return undefined;
  if (accessKeyId === '' || accessKeySecret === '') return undefined;
  return typeof securityToken === 'string' && securityToken !== ''
    ? { accessKeyId, accessKeySecret, securityToken }
    : { accessKeyId, accessKeySecret };
}
