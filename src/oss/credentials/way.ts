/** How a key is come by, whichever file or environment says so. Nothing is read or asked here. */
import type { AccessKey } from '../../account';
import { unusable } from './problem';

/** A key that may end. */
export interface TemporaryKey {
  readonly key: AccessKey;
  /** Milliseconds since 1970; undefined when the issuer did not say. */
  readonly expiresMs?: number | undefined;
}

/** A way to a key. */
export type Way =
  | { readonly kind: 'key'; readonly key: AccessKey }
  /** Of this ECS instance; '' asks it for its role. */
  | { readonly kind: 'ecsRamRole'; readonly role: string }
  | {
      readonly kind: 'oidc';
      readonly role: RoleToAssume;
      readonly providerArn: string;
      readonly tokenFile: string;
    }
  | { readonly kind: 'assumeRole'; readonly source: Way; readonly role: RoleToAssume }
  | { readonly kind: 'uri'; readonly url: string }
  | { readonly kind: 'program'; readonly command: string }
  | ({ readonly kind: 'signIn' } & SignIn);

/** What STS AssumeRole and AssumeRoleWithOIDC are asked with. */
export interface RoleToAssume {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly stsHost: string;
  /** '' for none. */
  readonly externalId: string;
  /** Narrows what the session may do; '' for none. */
  readonly policy: string;
}

/** Keys that the vendor's CLI got when somebody signed in in a browser. */
export interface SignIn {
  /** What was issued last. */
  readonly issued: (TemporaryKey & { readonly expiresMs: number }) | undefined;
  /** One POST that issues another key, until `expiresMs`. */
  readonly renewal: {
    readonly origin: string;
    readonly path: string;
    readonly body: string;
    readonly token: string;
    readonly expiresMs: number;
  };
  /** Signs in again. */
  readonly command: string;
}

/** A profile or section of one of the vendor's files. */
export interface Profile {
  /** As it is written. */
  readonly name: string;
  /** '' when there is none. */
  readonly accessKeyId: string;
  /** Region or endpoint, '' for neither. */
  readonly region: string;
  readonly bucket: string;
  /** Throws why it cannot be used. */
  way(): Way;
}

/** One of the vendor's files, read. */
export interface ProfileFile {
  /** By name, the one that is used by default first. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** A pair, with a token when it is not ''. */
export function pair(id: string, secret: string, token: string): AccessKey {
  return {
    accessKeyId: id,
    accessKeySecret: secret,
    ...(token !== '' && { securityToken: token }),
  };
}

/** Entries of a profile by the name that its file uses. */
export type Entries = (name: string) => string;

/** An entry that must be there. Throws `EntryMissing`. */
export function required(entries: Entries, name: string): string {
  const text = entries(name);
  if (text === '') throw unusable('EntryMissing', name);
  return text;
}

/** Whole seconds of an entry; what is no number is the vendor's own default, an hour. */
export function seconds(text: string): number {
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 3600;
}

/** Under this name the session is found in the logs of ActionTrail, unless a profile has its own. */
export const SESSION_NAME = 'oss-resumable-upload';

const REGION = /^[a-z0-9][a-z0-9-]{0,62}$/i;
const STS_HOST = /^sts[a-z0-9.-]{0,100}\.aliyuncs\.com$/i;

/**
 * The host of STS: the one that is named, or that of a region. A token is sent there, so nothing
 * but STS may come out. Throws `ValueNotUsable` with the name of the entry.
 */
export function stsHost(
  region: { readonly entry: string; readonly text: string },
  endpoint: { readonly entry: string; readonly text: string } = { entry: '', text: '' },
  isVpc = false,
): string {
  const named = endpoint.text.replace(/^https?:\/\//i, '').replace(/\/$/, '');
  if (named !== '') {
    if (!STS_HOST.test(named)) throw unusable('ValueNotUsable', endpoint.entry);
    return named.toLowerCase();
  }
  if (region.text === '') return 'sts.aliyuncs.com';
  if (!REGION.test(region.text)) throw unusable('ValueNotUsable', region.entry);
  return `sts${isVpc ? '-vpc' : ''}.${region.text.toLowerCase()}.aliyuncs.com`;
}

/** Loopback, and where the metadata of an instance or a container is. */
const PRIVATE_HOST =
  /^(?:localhost|127(?:\.\d+){3}|\[::1\]|100\.100\.100\.200|169\.254(?:\.\d+){2})$/;

/**
 * An address that gives or takes secrets: https, or http that does not leave the machine. Throws
 * `ValueNotUsable` and `PlainHttp`.
 */
export function secretUrl(text: string, entry: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') {
    throw unusable('ValueNotUsable', entry);
  }
  if (url.protocol === 'http:' && !PRIVATE_HOST.test(url.hostname)) {
    throw unusable('PlainHttp', entry);
  }
  return url;
}

/** The program that a way runs somewhere on it; '' for none. */
export function programOf(way: Way): string {
  if (way.kind === 'program') return way.command;
  return way.kind === 'assumeRole' ? programOf(way.source) : '';
}

/** Throws `SignInOver` for a way that begins with a sign-in that can issue nothing any more. */
export function assertSignedIn(way: Way, nowMs: number): void {
  if (way.kind === 'assumeRole') assertSignedIn(way.source, nowMs);
  if (way.kind !== 'signIn') return;
  const lastsMs = Math.max(way.issued?.expiresMs ?? 0, way.renewal.expiresMs);
  if (lastsMs <= nowMs) throw unusable('SignInOver', way.command);
}
