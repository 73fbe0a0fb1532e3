import type { Access, BucketSummary, Endpoint, FoundCredentials, OssAccount } from '../account';
import { UploadError } from '../engine/contract/errors';
import { regionOfEndpoint } from '../engine/contract/ossHosts';
import type { CallOptions, UploadTarget } from '../engine/contract/ports';
import type { Address } from './endpoints';
import {
  addressOfObject,
  assertBucketName,
  isRegionId,
  PROBE_REGION,
  regionId,
  resolveEndpoint,
} from './endpoints';
import { assertKey } from './ossClient';
import type { OssClient, OssRequest, ServerClock } from './ossClient';
import type { Answer } from './ossErrors';
import { badResponse, invalidArgument } from './ossErrors';
import { xmlElement, xmlElements, xmlName, xmlText } from './xml';

/** What the account needs of the room. */
export interface AccountParts {
  readonly endpoint: () => Endpoint;
  readonly clock: ServerClock;
  /** A client that signs with the credentials of a profile or of a source. */
  readonly client: (address: Address, access: Access) => OssClient;
  readonly findCredentials: () => Promise<FoundCredentials[]>;
}

const PAGE_SIZE = 1000;

/** A pick list of more folders helps nobody, and a folder of a million objects has 1000 pages. */
const MOST_FOLDER_PAGES = 10;

/** Of a thousand buckets each: far more than an account may have. */
const MOST_BUCKET_PAGES = 100;

/** A URL of signature version 4 lives at most a week. */
const LONGEST_URL_SECONDS = 604_800;

/** Asked for to learn where a bucket is; whether it exists does not matter. */
const PROBE_KEY = 'oss-resumable-upload/where-is-this-bucket';

/** Questions about an account, see {@link OssAccount}. */
export class SignedAccount implements OssAccount {
  readonly #parts: AccountParts;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** See {@link OssAccount.findCredentials}. */
  findCredentials(): Promise<readonly FoundCredentials[]> {
    return this.#parts.findCredentials();
  }

  /** ListBuckets of one bucket: a key that may not list is a valid key all the same. */
  async checkCredentials(access: Access, call: CallOptions): Promise<void> {
    try {
      await this.#send(this.#serviceClient(access), listBucketsRequest('', 1), call);
    } catch (error) {
      if (!UploadError.is(error, 'accessDenied')) throw error;
    }
  }

  /** ListBuckets, all pages. */
  async listBuckets(access: Access, call: CallOptions): Promise<readonly BucketSummary[]> {
    const client = this.#serviceClient(access);
    const buckets: BucketSummary[] = [];
    for (let pages = 1, marker = ''; ; pages += 1) {
      const answer = await this.#send(client, listBucketsRequest(marker, PAGE_SIZE), call);
      const page = client.parse(answer, 'ListAllMyBucketsResult');
      for (const bucket of xmlElements(xmlElement(page)['Buckets'], 'Bucket')) {
        buckets.push({
          name: xmlText(bucket, 'Name'),
          region: regionOf(xmlText(bucket, 'Location')),
        });
      }
      if (xmlText(page, 'IsTruncated') !== 'true') return buckets;
      const next = xmlText(page, 'NextMarker');
      if (next <= marker || pages >= MOST_BUCKET_PAGES) {
        throw badResponse('MarkerDoesNotAdvance', 'a listing of OSS does not advance', answer);
      }
      marker = next;
    }
  }

  /**
   * GetBucketInfo; where that is denied GetBucketLocation; where that is denied too, a request for
   * an object, which OSS answers with the right endpoint when it was sent to the wrong one.
   */
  async locateBucket(access: Access, bucket: string, call: CallOptions): Promise<BucketSummary> {
    assertBucketName(bucket);
    const address = this.#probeAddress(bucket);
    const client = this.#parts.client(address, access);
    const ways = [
      () => this.#regionByInfo(client, bucket, call),
      () => this.#regionByLocation(client, bucket, call),
      () => this.#regionByProbe(client, bucket, address, call),
    ];
    let denied: UploadError | undefined;
    for (const way of ways) {
      try {
        const region = await way();
        if (region !== '') return { name: bucket, region };
      } catch (error) {
        if (!UploadError.is(error)) throw error;
        const region = regionOf(regionOfEndpoint(error.endpoint ?? ''));
        if (error.kind === 'wrongRegion' && region !== '') return { name: bucket, region };
        if (error.kind !== 'accessDenied') throw error;
        denied = error;
      }
    }
    throw denied ?? badResponse('NoLocation', 'OSS does not say where the bucket is');
  }

  async #regionByInfo(client: OssClient, bucket: string, call: CallOptions): Promise<string> {
    const request = { method: 'GET', bucket, subresource: { bucketInfo: '' } } as const;
    const info = client.parse(await this.#send(client, request, call), 'BucketInfo');
    return regionOf(xmlText(xmlElement(info)['Bucket'], 'Location'));
  }

  async #regionByLocation(client: OssClient, bucket: string, call: CallOptions): Promise<string> {
    const request = { method: 'GET', bucket, subresource: { location: '' } } as const;
    const answer = await this.#send(client, request, call);
    const location = client.parse(answer, 'LocationConstraint');
    return regionOf(typeof location === 'string' ? location : '');
  }

  async #regionByProbe(
    client: OssClient,
    bucket: string,
    address: Address,
    call: CallOptions,
  ): Promise<string> {
    try {
      await this.#send(client, { method: 'GET', bucket, key: PROBE_KEY }, call);
    } catch (error) {
      // Not there, or there but forbidden: either way this was the right place to ask.
      const isHere =
        UploadError.is(error) && (error.code === 'NoSuchKey' || error.kind === 'accessDenied');
      if (!isHere) throw error;
    }
    return address.region;
  }

  /** ListObjects with delimiter `/`: at most ten pages. */
  async listFolders(
    access: Access,
    bucket: BucketSummary,
    prefix: string,
    call: CallOptions,
  ): Promise<readonly string[]> {
    const address = resolveEndpoint(this.#parts.endpoint(), bucket.region, bucket.name);
    const client = this.#parts.client(address, access);
    const folders: string[] = [];
    let marker = '';
    for (let page = 0; page < MOST_FOLDER_PAGES; page += 1) {
      const request: OssRequest = {
        method: 'GET',
        bucket: bucket.name,
        query: {
          'encoding-type': 'url',
          'max-keys': PAGE_SIZE,
          delimiter: '/',
          prefix,
          marker,
        },
      };
      const answer = await this.#send(client, request, call);
      const listing = client.parse(answer, 'ListBucketResult');
      for (const folder of xmlElements(listing, 'CommonPrefixes')) {
        folders.push(xmlName(listing, folder, 'Prefix'));
      }
      const next = xmlName(listing, listing, 'NextMarker');
      if (xmlText(listing, 'IsTruncated') !== 'true' || next === '' || next === marker) break;
      marker = next;
    }
    return folders;
  }

  /** See {@link OssAccount.objectUrl}. */
  // eslint-disable-next-line @typescript-eslint/require-await -- a wrong key rejects, as everywhere
  async objectUrl(target: UploadTarget, urlBase: string): Promise<string> {
    assertKey(target.key);
    return addressOfObject(this.#publicAddress(target), target.bucket, target.key, urlBase);
  }

  /** See {@link OssAccount.signedUrl}. */
  async signedUrl(target: UploadTarget, expiresSeconds: number): Promise<string> {
    assertKey(target.key);
    if (
      !Number.isInteger(expiresSeconds) ||
      expiresSeconds < 1 ||
      expiresSeconds > LONGEST_URL_SECONDS
    ) {
      throw invalidArgument('expiresSeconds', `${expiresSeconds} is not 1 to 604800 seconds`);
    }
    const client = this.#parts.client(this.#publicAddress(target), { profile: target.profile });
    return await client.signUrl(target.bucket, target.key, expiresSeconds);
  }

  /** A link is for others: they are not inside Alibaba Cloud's network. */
  #publicAddress({ region, bucket }: UploadTarget): Address {
    const endpoint = this.#parts.endpoint();
    const isInternal = endpoint.trim().toLowerCase() === 'internal';
    return resolveEndpoint(isInternal ? 'public' : endpoint, region, bucket);
  }

  /** Any endpoint of OSS answers for the service; a bucket's own domain does not. */
  #serviceClient(access: Access): OssClient {
    const address = resolveEndpoint(this.#parts.endpoint(), '', '');
    const usable = address.cname ? resolveEndpoint('public', '', '') : address;
    return this.#parts.client(withProbeRegion(usable), access);
  }

  #probeAddress(bucket: string): Address {
    const endpoint = this.#parts.endpoint();
    // The accelerated and the internal endpoint say nothing about a region we do not know yet.
    const isWord = /^(?:|public|internal|accelerate)$/i.test(endpoint.trim());
    return withProbeRegion(resolveEndpoint(isWord ? 'public' : endpoint, '', bucket));
  }

  async #send(client: OssClient, request: OssRequest, call: CallOptions): Promise<Answer> {
    try {
      return await client.send(request, call);
    } catch (error) {
      // Nobody above repeats these small questions.
      const { clock } = this.#parts;
      const skewMs = UploadError.is(error, 'clockSkew') ? error.clockSkewMs : undefined;
      const isSignature = UploadError.is(error) && error.code === 'SignatureDoesNotMatch';
      const isMended = skewMs === undefined ? isSignature && clock.reset() : clock.correct(skewMs);
      if (!isMended) throw error;
      return await client.send(request, call);
    }
  }
}

/** A region as an answer names it: it is kept and becomes a part of a host, so '' for what is none. */
function regionOf(location: string): string {
  const region = regionId(location);
  return isRegionId(region) ? region : '';
}

/** The region that goes with the endpoint that is asked when none is known. */
function withProbeRegion(address: Address): Address {
  const isProbe = address.host === `oss-${PROBE_REGION}.aliyuncs.com`;
  return isProbe ? { ...address, region: PROBE_REGION } : address;
}

function listBucketsRequest(marker: string, pageSize: number): OssRequest {
  return { method: 'GET', bucket: '', query: { 'max-keys': pageSize, marker } };
}
