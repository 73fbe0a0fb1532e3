/** Destinations that were chosen by hand, and regions that were found. Knows no editor. */
import type { Logger } from '../../engine/index';
import { Emitter, checkBucketEndpoint, checkRegion, isObject } from '../../engine/index';

/** The part of `vscode.Memento` that is used. */
export interface KeyValueStore {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** What the user chose for a workspace. */
export interface RememberedDestination {
  readonly bucket: string;
  /** Undefined when it is the one of the settings, so that changing the setting still counts. */
  readonly prefix?: string | undefined;
}

const DESTINATION_KEY = 'destination';
const REGIONS_KEY = 'regions';
const DOMAINS_KEY = 'domains';
const CREDENTIALS_KEY = 'hasCredentials';
/** Of the workspace its buckets, of the user the endpoints. */
const CONFIRMED_KEY = 'confirmed';
const UPLOADED_KEY = 'hasUploaded';

/** Remembers the destination per workspace, and regions and domains of buckets per user. */
export class DestinationMemory {
  private readonly changed: Emitter<void>;
  private readonly uploaded: Emitter<void>;

  /** Another destination was chosen. */
  readonly onDidChange;
  /** Something was uploaded for the first time, or that was forgotten. */
  readonly onDidUpload;

  constructor(
    private readonly ofWorkspace: KeyValueStore,
    private readonly ofUser: KeyValueStore,
    logger: Logger,
  ) {
    this.changed = new Emitter((error) => {
      logger.error(`destination listener: ${String(error)}`);
    });
    this.onDidChange = this.changed.event;
    this.uploaded = new Emitter((error) => {
      logger.error(`history listener: ${String(error)}`);
    });
    this.onDidUpload = this.uploaded.event;
  }

  destination(): RememberedDestination | undefined {
    const value = this.ofWorkspace.get(DESTINATION_KEY);
    if (!isObject(value) || typeof value['bucket'] !== 'string') return undefined;
    const prefix = value['prefix'];
    return { bucket: value['bucket'], prefix: typeof prefix === 'string' ? prefix : undefined };
  }

  async remember(destination: RememberedDestination | undefined): Promise<void> {
    await this.ofWorkspace.update(DESTINATION_KEY, destination);
    this.changed.fire();
  }

  /** Region of a bucket, '' when it was never found. */
  region(bucket: string): string {
    const region = this.record(REGIONS_KEY)[bucket];
    return typeof region === 'string' && checkRegion(region) === undefined ? region : '';
  }

  async rememberRegion(bucket: string, region: string): Promise<void> {
    await this.ofUser.update(REGIONS_KEY, { ...this.record(REGIONS_KEY), [bucket]: region });
  }

  /**
   * Addresses of buckets that were chosen while this was the endpoint of all buckets: under another
   * one, a bucket of that name may be somebody else's.
   */
  domains(endpoint: string): Readonly<Record<string, string>> {
    const chosen: Record<string, string> = {};
    for (const [bucket, value] of Object.entries(this.record(DOMAINS_KEY))) {
      if (!isObject(value) || value['endpoint'] !== endpoint) continue;
      const address = value['address'];
      if (typeof address !== 'string' || checkBucketEndpoint(address) !== undefined) continue;
      chosen[bucket] = address;
    }
    return chosen;
  }

  async rememberDomain(bucket: string, endpoint: string, address: string): Promise<void> {
    const domains = { ...this.record(DOMAINS_KEY), [bucket]: { endpoint, address } };
    await this.ofUser.update(DOMAINS_KEY, domains);
  }

  /**
   * Whether credentials are stored. Kept beside them, because asking SecretStorage at start-up could
   * make the system ask for the password of its keyring.
   */
  hasCredentials(): boolean {
    return this.ofUser.get(CREDENTIALS_KEY) === true;
  }

  async rememberCredentials(hasCredentials: boolean): Promise<void> {
    await this.ofUser.update(CREDENTIALS_KEY, hasCredentials);
  }

  /** Whether the user has said that this workspace, which names the bucket, may upload to it. */
  isConfirmedBucket(bucket: string): boolean {
    return textsIn(this.ofWorkspace, CONFIRMED_KEY).includes(bucket);
  }

  async confirmBucket(bucket: string): Promise<void> {
    await addText(this.ofWorkspace, CONFIRMED_KEY, bucket);
  }

  /** Whether the user has said that uploads may go by this endpoint, though it was asked about. */
  isConfirmedEndpoint(endpoint: string): boolean {
    return textsIn(this.ofUser, CONFIRMED_KEY).includes(endpoint);
  }

  async confirmEndpoint(endpoint: string): Promise<void> {
    await addText(this.ofUser, CONFIRMED_KEY, endpoint);
  }

  /** Whether there is a history, which no start of the editor reads. */
  hasUploaded(): boolean {
    return this.ofUser.get(UPLOADED_KEY) === true;
  }

  async rememberUploaded(hasUploaded: boolean): Promise<void> {
    if (this.hasUploaded() === hasUploaded) return;
    await this.ofUser.update(UPLOADED_KEY, hasUploaded);
    this.uploaded.fire();
  }

  private record(key: string): Record<string, unknown> {
    const value = this.ofUser.get(key);
    return isObject(value) ? value : {};
  }
}

function textsIn(store: KeyValueStore, key: string): readonly string[] {
  const value = store.get(key);
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

async function addText(store: KeyValueStore, key: string, text: string): Promise<void> {
  const others = textsIn(store, key).filter((other) => other !== text);
  await store.update(key, [...others, text]);
}
