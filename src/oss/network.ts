import type { AccessKey, BucketFacts, Endpoint } from '../account';
import type { Address } from './endpoints';
import { AddressClient } from './ossClient';
import type { ServerClock, SignatureVersion } from './ossClient';
import type { OssTransport } from './ossTransport';

/** How requests are to go. */
export interface RouteSettings {
  /** The endpoint of all buckets. */
  readonly endpoint: Endpoint;
  /** Addresses of single buckets, such as their own domains. */
  readonly bucketEndpoints?: Readonly<Record<string, string>> | undefined;
  /** V4 when left out. V1 is for private clouds that know nothing else. */
  readonly signatureVersion?: SignatureVersion | undefined;
}

/** The way of one bucket, as it was set when it was asked for. */
export interface Route {
  readonly bucket: string;
  readonly endpoint: Endpoint;
  /** The bucket's own endpoint; undefined when it goes the way of all others. */
  readonly own: string | undefined;
  readonly version: SignatureVersion;
}

/**
 * How OSS is reached: what is set, and what it has taught since the start, shared by all clients.
 */
export class Network {
  readonly #settings: () => RouteSettings;
  readonly #transport: OssTransport;
  readonly #clock: ServerClock;
  readonly #facts = new Map<string, BucketFacts>();
  readonly #places = new Map<string, 'host' | 'domain'>();
  readonly #versions = new Map<string, SignatureVersion>();

  constructor(settings: () => RouteSettings, transport: OssTransport, clock: ServerClock) {
    this.#settings = settings;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** With bucket '' that of the service. */
  routeOf(bucket: string): Route {
    const { endpoint, bucketEndpoints = {}, signatureVersion = 'v4' } = this.#settings();
    const own = Object.hasOwn(bucketEndpoints, bucket) ? bucketEndpoints[bucket] : undefined;
    return { bucket, endpoint, own, version: signatureVersion };
  }

  client(
    address: Address,
    version: SignatureVersion,
    accessKey: () => Promise<AccessKey>,
  ): AddressClient {
    return new AddressClient(address, version, this.#transport, accessKey, this.#clock);
  }

  /** What is known of a bucket; undefined as long as nobody has asked. */
  factsOf(route: Route): BucketFacts | undefined {
    return this.#facts.get(identityOf(route));
  }

  learnFacts(route: Route, facts: BucketFacts): void {
    this.#facts.set(identityOf(route), facts);
  }

  /** What was known has turned out wrong: the region is another, or versioning was switched on. */
  forgetFacts(route: Route): void {
    this.#facts.delete(identityOf(route));
  }

  /** Where a host that may be a private cloud takes its buckets, once that was found out. */
  placeAt(host: string): 'host' | 'domain' | undefined {
    return this.#places.get(host);
  }

  learnPlace(host: string, place: 'host' | 'domain'): void {
    this.#places.set(host, place);
  }

  /** The version to sign with, and whether OSS has taken it from us before. */
  versionFor(route: Route): { readonly version: SignatureVersion; readonly isProven: boolean } {
    const proven = route.version === 'v1' ? this.#versions.get(identityOf(route)) : 'v4';
    return { version: proven ?? 'v1', isProven: proven !== undefined };
  }

  learnVersion(route: Route, version: SignatureVersion): void {
    this.#versions.set(identityOf(route), version);
  }
}

/** Two endpoints may have buckets of one name. */
function identityOf({ bucket, endpoint, own }: Route): string {
  return JSON.stringify([bucket, endpoint, own]);
}
