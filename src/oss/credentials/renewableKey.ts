import type { AccessKey, CredentialsSource } from '../../account';
import { noCredentials } from './problem';
import type { TemporaryKey } from './way';

/** What requests are signed with; may be another one each time. */
export interface RenewableKey {
  /**
   * The key to sign the next request with. Rejects with an UploadError, of kind `noCredentials` when
   * there is none.
   */
  get(): Promise<AccessKey>;
  /**
   * Looks for another key after this one was refused. Callers at the same time, and for a while
   * after, share one attempt. True when the next {@link get} gives another key.
   */
  refresh(): Promise<boolean>;
  /** When the key that {@link get} gave last ends; undefined where nobody has said. */
  readonly expiresMs: number | undefined;
}

/** Failures that arrive this long after an attempt to recover belong to it. */
export const SHARED_ATTEMPT_MS = 30_000;

/** Files and environment may change, and a question costs little. */
const KEEP_MS = 300_000;

/** Old enough to be replaced before OSS refuses it in the middle of a part. */
export const RENEW_BEFORE_MS = 300_000;

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

  /** See {@link RenewableKey.expiresMs}. */
  get expiresMs(): number | undefined {
    return this.#current?.expiresMs;
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

  /** See {@link RenewableKey.expiresMs}. */
  get expiresMs(): number | undefined {
    return this.#opened?.cached.expiresMs;
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
