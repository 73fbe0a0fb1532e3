import type { CredentialsSource } from '../../account';
import type { Disposable, Logger } from '../../engine/index';
import { Emitter } from '../../engine/index';
import { parseProfileNames, parseSource, serializeSource } from './credentialsSource';

/** The part of `vscode.SecretStorage` that is used. */
export interface Secrets {
  get(key: string): PromiseLike<string | undefined>;
  store(key: string, value: string): PromiseLike<void>;
  delete(key: string): PromiseLike<void>;
  onDidChange(listener: (event: { readonly key: string }) => void): Disposable;
}

const PROFILES_KEY = 'ossUpload.profiles';
/**
 * What was read holds for so long. Each request asks, and each answer comes from another process;
 * not every editor tells one window what another has stored.
 */
const KEPT_MS = 1000;

/** SecretStorage key of a profile; '' is the default one. */
function secretKey(profile: string): string {
  return `ossUpload.credentials:${profile}`;
}

/**
 * The credentials of each profile, in SecretStorage. Where that does not work (Linux without a
 * keyring) they are kept in memory until the window closes.
 */
export class CredentialsStore implements Disposable {
  private readonly inMemory = new Map<string, CredentialsSource>();
  private readonly known = new Map<
    string,
    { readonly text: Promise<string | undefined>; readonly readMs: number }
  >();
  private readonly changed: Emitter<void>;
  private readonly subscription: Disposable;

  readonly onDidChange;

  constructor(
    private readonly secrets: Secrets,
    private readonly logger: Logger,
    /** Milliseconds that only grow. */
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.changed = new Emitter((error) => {
      logger.error(`credentials listener: ${String(error)}`);
    });
    this.onDidChange = this.changed.event;
    // Another window may have stored or removed some.
    this.subscription = secrets.onDidChange(({ key }) => {
      if (key !== PROFILES_KEY && !key.startsWith(secretKey(''))) return;
      this.known.delete(key);
      this.changed.fire();
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.inMemory.clear();
    this.known.clear();
  }

  /** The credentials of a profile; undefined when there are none or they cannot be read. */
  async get(profile: string): Promise<CredentialsSource | undefined> {
    const kept = this.inMemory.get(profile);
    if (kept !== undefined) return kept;
    const text = await this.read(secretKey(profile));
    if (text === undefined) return undefined;
    const source = parseSource(text);
    if (source === undefined) this.logger.warn('stored credentials are damaged and not used');
    return source;
  }

  /** Stores the credentials of a profile. False when they could only be kept for this window. */
  async set(profile: string, source: CredentialsSource): Promise<boolean> {
    this.known.clear();
    try {
      await this.secrets.store(secretKey(profile), serializeSource(source));
      await this.writeNames([...(await this.profiles()), profile]);
      this.inMemory.delete(profile);
      return true;
    } catch (error) {
      this.logger.warn(`credentials could not be stored: ${nameOf(error)}`);
      this.inMemory.set(profile, source);
      return false;
    } finally {
      this.known.clear();
      this.changed.fire();
    }
  }

  /** Forgets the credentials of a profile. */
  async remove(profile: string): Promise<void> {
    this.inMemory.delete(profile);
    this.known.clear();
    try {
      await this.secrets.delete(secretKey(profile));
      await this.writeNames((await this.profiles()).filter((name) => name !== profile));
    } finally {
      this.known.clear();
      this.changed.fire();
    }
  }

  /** Names of the profiles that hold credentials, the default one ('') first. */
  async profiles(): Promise<readonly string[]> {
    const stored = parseProfileNames(await this.read(PROFILES_KEY));
    return [...new Set([...stored, ...this.inMemory.keys()])].sort();
  }

  private async writeNames(names: readonly string[]): Promise<void> {
    await this.secrets.store(PROFILES_KEY, JSON.stringify([...new Set(names)].sort()));
  }

  private async read(key: string): Promise<string | undefined> {
    try {
      let known = this.known.get(key);
      if (known === undefined || this.nowMs() - known.readMs > KEPT_MS) {
        known = { text: Promise.resolve(this.secrets.get(key)), readMs: this.nowMs() };
        this.known.set(key, known);
      }
      return await known.text;
    } catch (error) {
      this.known.delete(key);
      this.logger.warn(`credentials could not be read: ${nameOf(error)}`);
      return undefined;
    }
  }
}

/** The class of a failure only: its message could repeat what was to be stored. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
