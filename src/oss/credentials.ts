import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessKey, CredentialsSource, FoundCredentials } from '../account';
import { maskAccessKeyId } from '../engine/base/redact';
import { regionOfEndpoint } from '../engine/contract/ossHosts';
import type { AliyunProfile } from './credentialFiles';
import {
  aliyunProfile,
  aliyunProfileNames,
  environmentKey,
  environmentOidc,
  noCredentials,
  ossutilSection,
  ossutilSections,
} from './credentialFiles';
import { regionId } from './endpoints';
import { SHARED_ATTEMPT_MS } from './ossClient';
import type { SecurityTokens, TemporaryKey } from './securityTokens';

/** A machine's environment, so that tests own it. */
export interface Machine {
  readonly environment: NodeJS.ProcessEnv;
  readonly homeFolder: string;
}

/** What requests are signed with; may be another one each time. */
export interface RenewableKey {
  /** The key to sign the next request with. Rejects with an UploadError, kind `noCredentials` when there is none. */
  get(): Promise<AccessKey>;
  /**
   * Looks for another key after this one was refused. Callers at the same time, and for a while
   * after, share one attempt. True when the next {@link get} gives another key.
   */
  refresh(): Promise<boolean>;
}

/** Files and environment may change, and a question costs little. */
const KEEP_MS = 300_000;

/** Old enough to be replaced before OSS refuses it in the middle of a part. */
const RENEW_BEFORE_MS = 300_000;

/**
 * Reads the key of a source; a temporary one is kept until shortly before its end, and a failure to
 * renew it is no failure while it is still valid.
 */
export class CachedKey {
  readonly #read: () => Promise<TemporaryKey>;
  readonly #now: () => number;
  #current: (TemporaryKey & { readonly renewMs: number }) | undefined;
  #reading: Promise<AccessKey> | undefined;

  constructor(read: () => Promise<TemporaryKey>, now: () => number = Date.now) {
    this.#read = read;
    this.#now = now;
  }

  /** Callers at the same time share one reading. */
  async get(): Promise<AccessKey> {
    const current = this.#current;
    if (current !== undefined && this.#now() < current.renewMs) return current.key;
    try {
      return await this.renew();
    } catch (error) {
      const isValid = current?.expiresMs !== undefined && this.#now() < current.expiresMs;
      if (current !== undefined && isValid) return current.key;
      throw error;
    }
  }

  /** Reads again, whatever is kept. */
  renew(): Promise<AccessKey> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<AccessKey> {
    const read = await this.#read();
    this.#current = { ...read, renewMs: renewTimeMs(read.expiresMs, this.#now()) };
    return read.key;
  }
}

/** When to look for another key: some minutes before the end, but not at once for a short one. */
export function renewTimeMs(expiresMs: number | undefined, nowMs: number): number {
  if (expiresMs === undefined) return nowMs + KEEP_MS;
  return nowMs + Math.max((expiresMs - nowMs) / 2, expiresMs - nowMs - RENEW_BEFORE_MS);
}

/** Opens a source of credentials. */
export function openSource(
  source: CredentialsSource,
  machine: Machine,
  tokens: SecurityTokens,
): CachedKey {
  return new CachedKey(() => readSource(source, machine, tokens));
}

async function readSource(
  source: CredentialsSource,
  machine: Machine,
  tokens: SecurityTokens,
): Promise<TemporaryKey> {
  switch (source.kind) {
    case 'accessKey':
      return { key: trimmed(source.key) };
    case 'environment': {
      const key = environmentKey(machine.environment);
      if (key === undefined) throw noCredentials('the environment has no AccessKey');
      return { key };
    }
    case 'ossutil': {
      const text = await readOssutil(machine);
      const key = text === undefined ? undefined : ossutilSection(text, source.section)?.key;
      if (key === undefined) throw noCredentials('~/.ossutilconfig has no AccessKey there');
      return { key };
    }
    case 'aliyun': {
      const text = await readAliyun(machine);
      if (text === undefined) throw noCredentials('there is no ~/.aliyun/config.json');
      return await readProfile(aliyunProfile(text, source.profile), tokens);
    }
    case 'ecsRamRole':
      return await tokens.ofEcsRamRole(source.role);
    case 'uri':
      return await tokens.ofUri(source.url);
    case 'oidc': {
      const settings = environmentOidc(machine.environment);
      if (settings === undefined) throw noCredentials('the environment names no OIDC role');
      return await tokens.ofOidc(settings);
    }
  }
}

async function readProfile(profile: AliyunProfile, tokens: SecurityTokens): Promise<TemporaryKey> {
  switch (profile.mode) {
    case 'key':
      return { key: profile.key };
    case 'ecsRamRole':
      return await tokens.ofEcsRamRole(profile.role);
    case 'oidc':
      return await tokens.ofOidc(profile.oidc);
    case 'assumeRole': {
      const source = await readProfile(profile.source, tokens);
      return await tokens.ofRole(source.key, profile.role);
    }
  }
}

/** Pasted keys bring blanks and line ends along. */
function trimmed(key: AccessKey): AccessKey {
  const token = key.securityToken?.trim() ?? '';
  return {
    accessKeyId: key.accessKeyId.trim(),
    accessKeySecret: key.accessKeySecret.trim(),
    ...(token !== '' && { securityToken: token }),
  };
}

async function readOssutil({ homeFolder }: Machine): Promise<string | undefined> {
  return readIfThere(join(homeFolder, '.ossutilconfig'));
}

/**
 * Alibaba Cloud CLI has its own idea of the home folder on Windows, which alone knows these
 * variables: in companies that is a network drive rather than the user's profile.
 */
async function readAliyun({ environment, homeFolder }: Machine): Promise<string | undefined> {
  const driveHome = `${environment['HOMEDRIVE'] ?? ''}${environment['HOMEPATH'] ?? ''}`;
  for (const home of [driveHome, homeFolder]) {
    const text = home && (await readIfThere(join(home, '.aliyun', 'config.json')));
    if (text) return text;
  }
  return undefined;
}

/** Undefined when the file is not there or not readable. */
async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The key of a profile. The profile is looked up for every request, so that new credentials are
 * used at once, by running uploads too.
 */
export class ProfileKey implements RenewableKey {
  readonly #lookUp: () => Promise<CredentialsSource | undefined>;
  readonly #open: (source: CredentialsSource) => CachedKey;
  readonly #now: () => number;
  #opened: { readonly text: string; readonly cached: CachedKey } | undefined;
  /** The key handed out last, which is the one that may have been refused. */
  #used: AccessKey | undefined;
  #changedMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<boolean> | undefined;

  constructor(
    lookUp: () => Promise<CredentialsSource | undefined>,
    open: (source: CredentialsSource) => CachedKey,
    now: () => number = Date.now,
  ) {
    this.#lookUp = lookUp;
    this.#open = open;
    this.#now = now;
  }

  /** See {@link RenewableKey.get}. */
  async get(): Promise<AccessKey> {
    const cached = await this.#source();
    return this.#note(await cached.get());
  }

  /** See {@link RenewableKey.refresh}. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refreshNow().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshNow(): Promise<boolean> {
    // Requests signed with the old key still fail for a moment after it was replaced.
    if (this.#now() - this.#changedMs < SHARED_ATTEMPT_MS) return true;
    try {
      const cached = await this.#source();
      const before = this.#used;
      const key = this.#note(await cached.renew());
      return before === undefined || !isSameKey(before, key);
    } catch {
      // The refusal that led here says more than why there is no other key.
      return false;
    }
  }

  async #source(): Promise<CachedKey> {
    const source = await this.#lookUp();
    if (source === undefined) throw noCredentials('there are no credentials');
    const text = JSON.stringify(source);
    if (this.#opened?.text !== text) this.#opened = { text, cached: this.#open(source) };
    return this.#opened.cached;
  }

  #note(key: AccessKey): AccessKey {
    if (this.#used !== undefined && !isSameKey(this.#used, key)) this.#changedMs = this.#now();
    this.#used = key;
    return key;
  }
}

function isSameKey(left: AccessKey, right: AccessKey): boolean {
  return (
    left.accessKeyId === right.accessKeyId &&
    left.accessKeySecret === right.accessKeySecret &&
    left.securityToken === right.securityToken
  );
}

/**
 * The credentials that lie ready on this machine: environment, ossutil, Alibaba Cloud CLI. Reads
 * files only and skips what it cannot read.
 */
export async function findCredentials(machine: Machine): Promise<FoundCredentials[]> {
  const { environment } = machine;
  const found: FoundCredentials[] = [];
  const region = regionId(
    environment['ALIBABA_CLOUD_REGION_ID'] ?? environment['OSS_REGION'] ?? '',
  );
  const key = environmentKey(environment);
  if (key !== undefined) found.push(finding({ kind: 'environment' }, key.accessKeyId, region));
  if (environmentOidc(environment) !== undefined) found.push(finding({ kind: 'oidc' }, '', region));
  const uri = environment['ALIBABA_CLOUD_CREDENTIALS_URI']?.trim() ?? '';
  if (uri !== '') found.push(finding({ kind: 'uri', url: uri }, '', region));

  const ossutil = (await readOssutil(machine)) ?? '';
  for (const name of ossutilSections(ossutil)) {
    const section = ossutilSection(ossutil, name);
    if (section?.key === undefined) continue;
    const source = { kind: 'ossutil', section: name } as const;
    const where = regionOfEndpoint(section.region) || plainRegion(section.region);
    found.push(finding(source, section.key.accessKeyId, where, section.bucket));
  }

  const aliyun = (await readAliyun(machine)) ?? '{}';
  for (const name of usableProfiles(aliyun)) {
    const profile = aliyunProfile(aliyun, name);
    const id = profile.mode === 'key' ? profile.key.accessKeyId : '';
    found.push(finding({ kind: 'aliyun', profile: name }, id, regionId(profile.region)));
  }
  return found;
}

function usableProfiles(text: string): string[] {
  try {
    return aliyunProfileNames(text).filter((name) => {
      try {
        aliyunProfile(text, name);
        return true;
      } catch {
        return false;
      }
    });
  } catch {
    return [];
  }
}

/** '' for what is an endpoint without a region, such as an own domain. */
function plainRegion(text: string): string {
  return text.includes('.') ? '' : regionId(text);
}

function finding(
  source: CredentialsSource,
  accessKeyId: string,
  region: string,
  bucket = '',
): FoundCredentials {
  const maskedId = accessKeyId === '' ? '' : maskAccessKeyId(accessKeyId);
  return { source, maskedId, region, bucket };
}
