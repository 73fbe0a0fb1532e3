import type { AccessKey, BucketFacts } from '../account';
import { UploadError } from '../engine/contract/errors';
import type { UploadErrorKind } from '../engine/contract/errors';
import { regionOfEndpoint } from '../engine/contract/ossHosts';
import type { CallOptions } from '../engine/contract/ports';
import type { Address } from './endpoints';
import {
  PROBE_REGION,
  regionId,
  regionOfAnswer,
  resolveBucketEndpoint,
  resolveEndpoint,
} from './endpoints';
import type { Network, Route } from './network';
import { parseAnswer } from './ossClient';
import type { AddressClient, OssClient, OssRequest, SignatureVersion } from './ossClient';
import type { Answer } from './ossErrors';
import { badResponse, invalidArgument } from './ossErrors';
import { xmlElement, xmlText } from './xml';

/** EC of a V1 signature that this account or bucket does not take (help page 0002-00000080). */
const EC_V1_REFUSED = '0002-00000080';

/** Asked for to learn whether a bucket is here; whether it exists does not matter. */
export const PROBE_KEY = 'oss-resumable-upload/where-is-this-bucket';

/** The longest an upload waits to learn whether its bucket keeps versions. */
const VERSIONING_PATIENCE_MS = 5000;

/** Questions about a bucket that OSS answers at its default domain, whatever the account. */
const ABOUT_BUCKETS = ['bucketInfo', 'location', 'cname'] as const;

/** What comes of a question to a host that is not what it was taken for. */
const OF_ANOTHER_PLACE: ReadonlySet<UploadErrorKind> = new Set([
  'noSuchBucket',
  'wrongRegion',
  'refused',
  'badResponse',
  'network',
  'timeout',
  'certificate',
]);

/**
 * Signed requests to one bucket, or with bucket '' to the service: finds out for each where it goes,
 * and what it must be signed for.
 */
export class BucketClient implements OssClient {
  readonly #bucket: string;
  readonly #region: string;
  readonly #route: Route;
  readonly #network: Network;
  readonly #accessKey: () => Promise<AccessKey>;
  readonly #clients = new Map<string, AddressClient>();
  #versioningAsked: Promise<void> | undefined;
  #defaultAsked: Promise<boolean> | undefined;

  /**
   * `region` is '' when it is not known. Throws `invalidArgument` with field `bucket`, `region` or
   * `endpoint`.
   */
  constructor(route: Route, region: string, network: Network, accessKey: () => Promise<AccessKey>) {
    this.#bucket = route.bucket;
    this.#region = regionId(region);
    this.#route = route;
    this.#network = network;
    this.#accessKey = accessKey;
    this.#addressIn(this.#region);
  }

  /** See {@link OssClient.send}. */
  async send(request: OssRequest, call: CallOptions): Promise<Answer> {
    const address = await this.#addressFor(request, call);
    try {
      const answer = await this.#sendTo(address, request, call);
      // Versioning was switched on since it was asked for.
      const isVersioned = answer.headers['x-oss-version-id'] !== undefined;
      const known = isVersioned ? this.#network.factsOf(this.#route) : undefined;
      if (known?.versioning === '') this.#network.forgetFacts(this.#route);
      return answer;
    } catch (error) {
      if (UploadError.is(error) && (await this.#isFaultOfDomain(address, error, call))) {
        throw domainUnusable(address.host, this.#bucket, error);
      }
      if (UploadError.is(error, 'wrongRegion') || UploadError.is(error, 'noSuchBucket')) {
        this.#network.forgetFacts(this.#route);
      }
      throw error;
    }
  }

  /**
   * Whether a request failed because the bucket's own domain does not lead to it any more: the bucket
   * answers at its default address, where the same network, key and clock serve.
   */
  async #isFaultOfDomain(
    address: Address,
    error: UploadError,
    call: CallOptions,
  ): Promise<boolean> {
    const isOwn = this.#route.own !== undefined && address.place === 'domain';
    if (!isOwn || !mayBeOfDomain(error)) return false;
    this.#defaultAsked ??= this.#answersAtDefault(call).finally(() => {
      this.#defaultAsked = undefined;
    });
    return this.#defaultAsked;
  }

  /** GetBucketInfo, which OSS answers there for every account. */
  async #answersAtDefault(call: CallOptions): Promise<boolean> {
    try {
      const address = await this.#whole((region) => this.#defaultAddress(region), call);
      await this.#ask(address, { subresource: { bucketInfo: '' } }, call);
      return true;
    } catch (error) {
      return UploadError.is(error, 'accessDenied') && error.requestId !== undefined;
    }
  }

  /** Where others find the objects of the bucket: they are not inside Alibaba Cloud's network. */
  async publicAddress(call: CallOptions): Promise<Address> {
    return this.#whole((region) => this.#addressIn(region, true), call);
  }

  /** An address of the object that is valid for `expiresSeconds`. */
  async signUrl(key: string, expiresSeconds: number, call: CallOptions): Promise<string> {
    const address = await this.publicAddress(call);
    await this.#proveVersion(address, call);
    const { version } = this.#network.versionFor(this.#route);
    const whole = version === 'v4' ? await this.#forV4(address, call) : address;
    return this.#client(whole, version).signUrl(this.#bucket, key, expiresSeconds);
  }

  /**
   * GetBucketInfo; where that is denied GetBucketLocation; where that is denied too, a request for
   * an object, which OSS answers with the right endpoint when it was sent to the wrong one. The region
   * is '' only where V1 is signed, which covers none.
   */
  async describe(call: CallOptions): Promise<BucketFacts> {
    const address = await this.#questionAddress(call);
    const ways = [
      () => this.#factsByInfo(address, call),
      () => this.#factsByLocation(address, call),
      () => this.#factsByProbe(address, call),
    ];
    let denied: UploadError | undefined;
    let placeless: BucketFacts | undefined;
    for (const way of ways) {
      try {
        const facts = await way();
        placeless ??= facts;
        if (facts.region === '') continue;
        this.#network.learnFacts(this.#route, facts);
        return facts;
      } catch (error) {
        if (!UploadError.is(error)) throw error;
        const region = regionOfAnswer(regionOfEndpoint(error.endpoint ?? ''));
        if (error.kind === 'wrongRegion' && region === '') throw regionUnknown();
        if (error.kind === 'wrongRegion') {
          const facts = { name: this.#bucket, region };
          this.#network.learnFacts(this.#route, facts);
          return facts;
        }
        if (error.kind !== 'accessDenied') throw error;
        denied = error;
      }
    }
    const isPlaceNeeded = this.#network.versionFor(this.#route).version === 'v4';
    if (placeless !== undefined && !isPlaceNeeded) return placeless;
    throw denied ?? badResponse('NoLocation', 'OSS does not say where the bucket is');
  }

  /**
   * Whether the bucket keeps versions, as GetBucketInfo tells it; undefined where that may not be asked
   * or is not answered within five seconds. Asked once, for all who want to know.
   */
  async versioning(): Promise<BucketFacts['versioning']> {
    const known = this.#network.factsOf(this.#route)?.versioning;
    if (known !== undefined) return known;
    this.#versioningAsked ??= this.#learnVersioning();
    await this.#versioningAsked;
    return this.#network.factsOf(this.#route)?.versioning;
  }

  async #learnVersioning(): Promise<void> {
    const request = {
      method: 'GET',
      bucket: this.#bucket,
      subresource: { bucketInfo: '' },
    } as const;
    try {
      const call = { signal: AbortSignal.timeout(VERSIONING_PATIENCE_MS) };
      const facts = this.#factsOf(await this.send(request, call));
      if (facts.region !== '') this.#network.learnFacts(this.#route, facts);
    } catch {
      // Not knowing is an answer, and what is wrong here the upload itself will meet.
    }
  }

  async #factsByInfo(address: Address, call: CallOptions): Promise<BucketFacts> {
    return this.#factsOf(await this.#ask(address, { subresource: { bucketInfo: '' } }, call));
  }

  /** What an answer to GetBucketInfo tells. */
  #factsOf(answer: Answer): BucketFacts {
    const bucket = xmlElement(parseAnswer(answer, 'BucketInfo'))['Bucket'];
    const versioning = xmlText(bucket, 'Versioning');
    return {
      name: this.#bucket,
      region: regionOfAnswer(xmlText(bucket, 'Location')),
      versioning: versioning === 'Enabled' || versioning === 'Suspended' ? versioning : '',
    };
  }

  async #factsByLocation(address: Address, call: CallOptions): Promise<BucketFacts> {
    const answer = await this.#ask(address, { subresource: { location: '' } }, call);
    const location = parseAnswer(answer, 'LocationConstraint');
    return {
      name: this.#bucket,
      region: regionOfAnswer(typeof location === 'string' ? location : ''),
    };
  }

  async #factsByProbe(address: Address, call: CallOptions): Promise<BucketFacts> {
    try {
      await this.#ask(address, { key: PROBE_KEY }, call);
    } catch (error) {
      // Not there, or there but forbidden: in each case this was the right place to ask.
      const isHere =
        UploadError.is(error) &&
        (error.code === 'NoSuchKey' ||
          error.kind === 'accessDenied' ||
          error.kind === 'publicEndpointForbidden');
      if (!isHere) throw error;
    }
    // Who answers under the name of a region is in it; others take any.
    return { name: this.#bucket, region: regionOfEndpoint(address.host) };
  }

  #ask(
    address: Address,
    request: Pick<OssRequest, 'key' | 'subresource'>,
    call: CallOptions,
  ): Promise<Answer> {
    return this.#sendTo(address, { method: 'GET', bucket: this.#bucket, ...request }, call);
  }

  /** Where to ask for a bucket whose region is not known, with a region to sign for. */
  async #questionAddress(call: CallOptions): Promise<Address> {
    const own = this.#ownAddress('');
    if (own !== undefined && own.place !== 'domain') return withRegion(own, this.#region);
    const { endpoint } = this.#route;
    // The internal and the accelerate endpoint say nothing about a region we do not know yet.
    const isWord = /^\s*(?:public|internal|accelerate)?\s*$/i.test(endpoint);
    if (isWord || isAccelerate(endpoint)) return publicAddress(this.#region, this.#bucket);
    const address = resolveEndpoint(endpoint, this.#region, this.#bucket);
    const placed = await this.#placed(address, call);
    // A bucket's own domain takes the bucket's own region only; OSS itself answers for any bucket.
    const isUsable = placed.place !== 'domain' || placed.region !== '';
    return isUsable ? withRegion(placed, PROBE_REGION) : publicAddress('', this.#bucket);
  }

  async #addressFor(request: OssRequest, call: CallOptions): Promise<Address> {
    if (this.#bucket === '') return this.#serviceAddress(call);
    const isAboutBucket = ABOUT_BUCKETS.some((name) => request.subresource?.[name] !== undefined);
    const isOfDefault = isAboutBucket && this.#ownAddress('')?.place === 'domain';
    return this.#whole(
      (region) => (isOfDefault ? this.#defaultAddress(region) : this.#addressIn(region)),
      call,
    );
  }

  /** The address with its place decided and its region known, which may have to be asked for. */
  async #whole(inRegion: (region: string) => Address, call: CallOptions): Promise<Address> {
    const address = inRegion(this.#region);
    const { version } = this.#network.versionFor(this.#route);
    // V1 covers no region, but the names of OSS have one.
    const needsRegion = version === 'v4' || address.host.endsWith('.aliyuncs.com');
    if (address.region !== '' || !needsRegion) return this.#placed(address, call);
    const facts = this.#network.factsOf(this.#route) ?? (await this.describe(call));
    return this.#placed(inRegion(facts.region), call);
  }

  #addressIn(region: string, isForOthers = false): Address {
    return this.#ownAddress(region) ?? this.#defaultAddress(region, isForOthers);
  }

  #defaultAddress(region: string, isForOthers = false): Address {
    const { endpoint } = this.#route;
    const isInternal = endpoint.trim().toLowerCase() === 'internal';
    return resolveEndpoint(isForOthers && isInternal ? 'public' : endpoint, region, this.#bucket);
  }

  #ownAddress(region: string): Address | undefined {
    const { own } = this.#route;
    return own === undefined ? undefined : resolveBucketEndpoint(own, region, this.#bucket);
  }

  /**
   * Decides whether a plain name is the bucket's own domain or a private cloud that has its buckets
   * before its name: by one harmless request each, which only the right one understands.
   */
  async #placed(address: Address, call: CallOptions): Promise<Address> {
    if (address.place !== 'unknown') return address;
    const { host } = address;
    const known = this.#network.placeAt(host);
    if (known !== undefined) return { ...address, place: known };
    const asked = withRegion(address, PROBE_REGION);
    const asDomain = await this.#refusalAt({ ...asked, place: 'domain' }, call);
    const asHost = asDomain && (await this.#refusalAt({ ...asked, place: 'host' }, call));
    const isDomain = asDomain === undefined;
    // OSS checks the region before the signature: a refusal of it says nothing against this place.
    const isHost = asHost === undefined || asHost.kind === 'wrongRegion';
    if (!isDomain && !isHost && asDomain.kind !== 'wrongRegion') {
      // An answer of OSS says more than a name that nobody knows.
      throw asHost.requestId === undefined ? asDomain : asHost;
    }
    const place = !isDomain && isHost ? 'host' : 'domain';
    this.#network.learnPlace(host, place);
    return { ...address, place };
  }

  /** Why a question about the bucket was not understood at an address; undefined when it was. */
  async #refusalAt(address: Address, call: CallOptions): Promise<UploadError | undefined> {
    try {
      const facts = await this.#factsByInfo(address, call);
      if (facts.region !== '') this.#network.learnFacts(this.#route, facts);
      return undefined;
    } catch (thrown) {
      const error = UploadError.from(thrown);
      // Only who signed for the right bucket is denied something.
      if (error.kind === 'accessDenied') return undefined;
      if (error.code === 'SignatureDoesNotMatch' || OF_ANOTHER_PLACE.has(error.kind)) return error;
      throw error;
    }
  }

  /** Any endpoint of OSS answers for the service; a bucket's own domain does not. */
  async #serviceAddress(call: CallOptions): Promise<Address> {
    const { endpoint } = this.#route;
    const address = resolveEndpoint(endpoint, '', '');
    if (address.place !== 'unknown') {
      return isAccelerate(endpoint) ? publicAddress('', '') : withRegion(address, PROBE_REGION);
    }
    const place = this.#network.placeAt(address.host);
    const asService: Address = { ...withRegion(address, PROBE_REGION), place: 'host' };
    if (place === 'host') return asService;
    if (place === undefined && (await this.#isService(asService, call))) {
      this.#network.learnPlace(address.host, 'host');
      return asService;
    }
    return publicAddress('', '');
  }

  /** Whether a name answers as OSS itself and not as a bucket. */
  async #isService(address: Address, call: CallOptions): Promise<boolean> {
    const request = { method: 'GET', bucket: '', query: { 'max-keys': 1 } } as const;
    try {
      parseAnswer(await this.#sendTo(address, request, call), 'ListAllMyBucketsResult');
      return true;
    } catch (error) {
      const isOfKey =
        UploadError.is(error, 'credentials') && error.code !== 'SignatureDoesNotMatch';
      // A wrong key is no reason to show it to somebody else.
      if (isOfKey || UploadError.is(error, 'aborted')) throw error;
      return UploadError.is(error, 'accessDenied');
    }
  }

  async #sendTo(address: Address, request: OssRequest, call: CallOptions): Promise<Answer> {
    // A body can be read once only: what is signed for it is tried out before.
    if (request.body !== undefined) await this.#proveVersion(address, call);
    const { version } = this.#network.versionFor(this.#route);
    if (version === 'v4') {
      return await this.#client(await this.#forV4(address, call), 'v4').send(request, call);
    }
    try {
      const answer = await this.#client(address, 'v1').send(request, call);
      this.#network.learnVersion(this.#route, 'v1');
      return answer;
    } catch (error) {
      if (!UploadError.is(error) || error.ec !== EC_V1_REFUSED) throw error;
      this.#network.learnVersion(this.#route, 'v4');
      return await this.#client(await this.#forV4(address, call), 'v4').send(request, call);
    }
  }

  /** Where V1 is wanted and nothing has shown yet whether OSS takes it, one request does. */
  async #proveVersion(address: Address, call: CallOptions): Promise<void> {
    if (this.#network.versionFor(this.#route).isProven) return;
    try {
      await this.#ask(address, { subresource: { location: '' } }, call);
    } catch (error) {
      if (!UploadError.is(error, 'accessDenied')) throw error;
      // Denied is who has signed in a way that counts.
      const { version } = this.#network.versionFor(this.#route);
      this.#network.learnVersion(this.#route, version);
    }
  }

  /** An address that was good enough for V1, with the region that V4 covers. */
  async #forV4(address: Address, call: CallOptions): Promise<Address> {
    if (address.region !== '') return address;
    const facts = this.#network.factsOf(this.#route) ?? (await this.describe(call));
    return { ...address, region: facts.region };
  }

  #client(address: Address, version: SignatureVersion): AddressClient {
    const name = JSON.stringify([address, version]);
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = this.#network.client(address, version, this.#accessKey);
      this.#clients.set(name, client);
    }
    return client;
  }
}

/** Failures that come of a domain that leads elsewhere, or nowhere; and of other things, too. */
function mayBeOfDomain({ kind, code, isForeign, status = 0 }: UploadError): boolean {
  if (isForeign === true) return status < 500 && status !== 413;
  const isOfPlace = kind === 'noSuchBucket' || kind === 'wrongRegion' || kind === 'certificate';
  return isOfPlace || code === 'SignatureDoesNotMatch' || code === 'ENOTFOUND';
}

function domainUnusable(domain: string, bucket: string, error: UploadError): UploadError {
  const { code, status, requestId, ec, helpUrl, message } = error;
  return new UploadError('domainUnusable', `${domain}: ${message}`, {
    code,
    status,
    requestId,
    ec,
    helpUrl,
    bucket,
    domain,
  });
}

function withRegion(address: Address, region: string): Address {
  return address.region === '' ? { ...address, region } : address;
}

/** The public endpoint of a region; of one that can be asked when none is known. */
function publicAddress(region: string, bucket: string): Address {
  return resolveEndpoint('public', region === '' ? PROBE_REGION : region, bucket);
}

function isAccelerate(endpoint: string): boolean {
  return /oss-accelerate[a-z-]*\.aliyuncs\.com/i.test(endpoint);
}

function regionUnknown(): UploadError {
  return invalidArgument(
    'region',
    'the server does not say in which region the bucket is, and takes no signature without it',
  );
}
