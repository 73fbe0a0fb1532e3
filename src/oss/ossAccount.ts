import type {
  Access,
  BoundDomain,
  BucketSummary,
  DomainCheck,
  DomainVerdict,
  FoundCredentials,
  OssAccount,
} from '../account';
import { checkBucketEndpoint } from '../engine/contract/endpoint';
import { UploadError } from '../engine/contract/errors';
import type { CallOptions, UploadTarget } from '../engine/contract/ports';
import { checkBucketName, validateObjectKey } from '../engine/contract/validate';
import { BucketClient, PROBE_KEY } from './bucketClient';
import type { RenewableKey } from './credentials/renewableKey';
import {
  addressOfObject,
  regionOfAnswer,
  resolveBucketEndpoint,
  resolveEndpoint,
} from './endpoints';
import type { Network } from './network';
import { parseAnswer } from './ossClient';
import type { OssClient, OssRequest, ServerClock } from './ossClient';
import type { Answer } from './ossErrors';
import { badResponse, invalidArgument, requestIdOf } from './ossErrors';
import type { OssTransport } from './ossTransport';
import { putRight } from './putRight';
import { xmlElement, xmlElements, xmlName, xmlText } from './xml';

/** What the account needs of the room. */
export interface AccountParts {
  readonly network: Network;
  /** Sends what is not signed. */
  readonly send: OssTransport['send'];
  readonly clock: ServerClock;
  /** The key of a profile, or of a source, which is read anew for each question. */
  readonly key: (access: Access) => Pick<RenewableKey, 'get' | 'expiresMs'> & Partial<RenewableKey>;
  readonly findCredentials: () => Promise<FoundCredentials[]>;
}

const PAGE_SIZE = 1000;

/** A pick list of more folders helps nobody, and a folder of a million objects has 1000 pages. */
const MOST_FOLDER_PAGES = 10;

/** Of a thousand buckets each: far more than an account may have. */
const MOST_BUCKET_PAGES = 100;

/** The time may be wrong, and then the key. */
const MOST_TRIES = 3;

// Limits of URLs of signature V4 (Guide to upgrading from signature V1 to V4).
const LONGEST_LINK_SECONDS = 604_800;
const LONGEST_TEMPORARY_LINK_SECONDS = 43_200;

/** A key that OSS has taken is good for links for so long. */
const PROOF_MS = 60_000;
const PROOF_PATIENCE_MS = 5000;

/** For calls that nobody waits to end. */
const UNENDING: CallOptions = { signal: new AbortController().signal };

/** Whether OSS takes the key of a profile, as it said then: by the clock that is never set. */
interface Proof {
  readonly sinceMs: number;
  readonly proof: Promise<UploadError | undefined>;
}

/** Questions about an account, see {@link OssAccount}. */
export class SignedAccount implements OssAccount {
  readonly #parts: AccountParts;
  readonly #proofs = new Map<string, Proof>();

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
      await this.#send(access, this.#client(access, '', ''), listBucketsRequest('', 1), call);
    } catch (error) {
      if (!UploadError.is(error, 'accessDenied')) throw error;
    }
  }

  /** ListBuckets, all pages. */
  async listBuckets(access: Access, call: CallOptions): Promise<readonly BucketSummary[]> {
    const client = this.#client(access, '', '');
    const buckets: BucketSummary[] = [];
    for (let pages = 1, marker = ''; ; pages += 1) {
      const answer = await this.#send(access, client, listBucketsRequest(marker, PAGE_SIZE), call);
      const page = parseAnswer(answer, 'ListAllMyBucketsResult');
      for (const bucket of xmlElements(xmlElement(page)['Buckets'], 'Bucket')) {
        const name = xmlText(bucket, 'Name');
        const region = regionOfAnswer(xmlText(bucket, 'Location'));
        // It is shown, chosen and written into settings as it is.
        if (checkBucketName(name) === undefined) buckets.push({ name, region });
      }
      if (xmlText(page, 'IsTruncated') !== 'true') return buckets;
      const next = xmlText(page, 'NextMarker');
      if (next <= marker || pages >= MOST_BUCKET_PAGES) {
        throw badResponse('MarkerDoesNotAdvance', 'a listing of OSS does not advance', answer);
      }
      marker = next;
    }
  }

  /** See {@link BucketClient.describe}. */
  async locateBucket(access: Access, bucket: string, call: CallOptions): Promise<BucketSummary> {
    const client = this.#client(access, bucket, '');
    const { name, region } = await this.#insisting(access, () => client.describe(call));
    return { name, region };
  }

  /** ListCname. */
  async listCnames(
    access: Access,
    { name, region }: BucketSummary,
    call: CallOptions,
  ): Promise<readonly BoundDomain[]> {
    const client = this.#client(access, name, region);
    const request = { method: 'GET', bucket: name, subresource: { cname: '' } } as const;
    const answer = await this.#send(access, client, request, call);
    const domains = xmlElements(parseAnswer(answer, 'ListCnameResult'), 'Cname').map(boundDomain);
    return domains.filter(({ domain }) => checkBucketEndpoint(domain) === undefined);
  }

  /**
   * GetObjectMeta of an object that is not there: OSS answers so only to who signed for this bucket.
   * What shows no certificate, or is not there at all, may never have been bound: ListCname tells.
   */
  async checkDomain(
    access: Access,
    bucket: BucketSummary,
    address: string,
    call: CallOptions,
  ): Promise<DomainCheck> {
    const { name, region } = bucket;
    const resolved = resolveBucketEndpoint(address, region, name);
    const key = this.#parts.key(access);
    const client = this.#parts.network.client(resolved, 'v4', () => key.get());
    try {
      // That nothing is wrong is believed of OSS only.
      const answer = await this.#send(access, client, probeRequest(name), call);
      return { verdict: requestIdOf(answer) === undefined ? 'notOss' : 'usable' };
    } catch (thrown) {
      const error = UploadError.from(thrown);
      const verdict = verdictOf(error);
      if (verdict === undefined) throw error;
      if (verdict === 'usable') return { verdict };
      const mayBeUnbound = UNBOUND_LOOKS.has(verdict);
      const isUnbound =
        mayBeUnbound && (await this.#isUnbound(access, bucket, resolved.host, call));
      return { verdict: isUnbound ? 'notBound' : verdict, error };
    }
  }

  /** False also where that may not be asked. */
  async #isUnbound(
    access: Access,
    bucket: BucketSummary,
    host: string,
    call: CallOptions,
  ): Promise<boolean> {
    try {
      const bound = await this.listCnames(access, bucket, call);
      return !bound.some(({ domain, isWildcard }) =>
        isWildcard ? host.endsWith(`.${domain}`) : host === domain,
      );
    } catch {
      return false;
    }
  }

  /** ListObjects with delimiter `/`: at most ten pages. */
  async listFolders(
    access: Access,
    bucket: BucketSummary,
    prefix: string,
    call: CallOptions,
  ): Promise<readonly string[]> {
    const client = this.#client(access, bucket.name, bucket.region);
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
      const answer = await this.#send(access, client, request, call);
      const listing = parseAnswer(answer, 'ListBucketResult');
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
  async objectUrl(target: UploadTarget, urlBase: string): Promise<string> {
    const { bucket, key, region, profile } = target;
    validateObjectKey(key);
    const access = { profile };
    const client = this.#client(access, bucket, region);
    // Under another address it does not matter where the bucket is.
    const address =
      urlBase === ''
        ? await this.#insisting(access, () => client.publicAddress(UNENDING))
        : resolveEndpoint('public', region, bucket);
    return addressOfObject(address, bucket, key, urlBase);
  }

  /** HeadObject, or whatever a domain for links makes of it. */
  async isPrivate(url: string, { signal }: CallOptions): Promise<boolean> {
    const answer = await this.#parts.send({ method: 'HEAD', url, headers: {}, signal });
    return answer.status === 403 && requestIdOf(answer) !== undefined;
  }

  /** See {@link OssAccount.signedUrl}. */
  async signedUrl(target: UploadTarget, expiresSeconds: number): Promise<string> {
    const { bucket, key, region, profile } = target;
    validateObjectKey(key);
    const access = { profile };
    const client = this.#client(access, bucket, region);
    await this.#prove(profile, client, bucket);
    const { longest, left } = await this.#linkSeconds(profile);
    if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > longest) {
      throw invalidArgument('expiresSeconds', `${expiresSeconds} is not 1 to ${longest} seconds`);
    }
    const seconds = Math.min(expiresSeconds, left);
    return await this.#insisting(access, () => client.signUrl(key, seconds, UNENDING));
  }

  /** See {@link OssAccount.longestLinkSeconds}. */
  async longestLinkSeconds(profile: string): Promise<number> {
    const { longest, left } = await this.#linkSeconds(profile);
    // In whole minutes, because the user sees it.
    return left < longest && left > 60 ? left - (left % 60) : left;
  }

  /** How long OSS lets a link of a key live, and how long that key will. */
  async #linkSeconds(
    profile: string,
  ): Promise<{ readonly longest: number; readonly left: number }> {
    const key = this.#parts.key({ profile });
    const { securityToken } = await key.get();
    const longest =
      securityToken === undefined ? LONGEST_LINK_SECONDS : LONGEST_TEMPORARY_LINK_SECONDS;
    const leftMs = (key.expiresMs ?? Infinity) - this.#parts.clock.now();
    const left = Math.floor(leftMs / 1000);
    return { longest, left: Math.max(1, Math.min(longest, left)) };
  }

  /**
   * Who follows a link cannot renew its key nor set a clock right, so OSS is asked once a minute whether
   * it takes both. Where nothing answers, links are made all the same.
   */
  async #prove(profile: string, client: OssClient, bucket: string): Promise<void> {
    const nowMs = performance.now();
    const last = this.#proofs.get(profile);
    const isFresh = last !== undefined && nowMs - last.sinceMs < PROOF_MS;
    const proof = isFresh ? last.proof : this.#askForProof(profile, client, bucket);
    if (!isFresh) this.#proofs.set(profile, { sinceMs: nowMs, proof });
    const refusal = await proof;
    if (refusal === undefined) return;
    this.#proofs.delete(profile);
    throw refusal;
  }

  /** Why no link can be signed; undefined also where that is not known. */
  async #askForProof(
    profile: string,
    client: OssClient,
    bucket: string,
  ): Promise<UploadError | undefined> {
    try {
      const call = { signal: AbortSignal.timeout(PROOF_PATIENCE_MS) };
      await this.#send({ profile }, client, probeRequest(bucket), call);
      return undefined;
    } catch (thrown) {
      const error = UploadError.from(thrown);
      return error.kind === 'credentials' || error.kind === 'clockSkew' ? error : undefined;
    }
  }

  #client(access: Access, bucket: string, region: string): BucketClient {
    const { network } = this.#parts;
    const key = this.#parts.key(access);
    return new BucketClient(network.routeOf(bucket), region, network, () => key.get());
  }

  #send(
    access: Access,
    client: OssClient,
    request: OssRequest,
    call: CallOptions,
  ): Promise<Answer> {
    return this.#insisting(access, () => client.send(request, call));
  }

  /** Nobody above repeats these small questions: with the right time, and with another key. */
  async #insisting<Result>(access: Access, work: () => Promise<Result>): Promise<Result> {
    const { clock, key } = this.#parts;
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const isOver = tries === MOST_TRIES;
        if (isOver || (await putRight(error, clock, key(access))) === undefined) throw error;
      }
    }
  }
}

function boundDomain(element: unknown): BoundDomain {
  const { Certificate: certificate } = xmlElement(element);
  return {
    domain: xmlText(element, 'Domain').toLowerCase(),
    isEnabled: xmlText(element, 'Status') === 'Enabled',
    isWildcard: xmlText(element, 'IsWildCard') === 'true',
    ...(certificate !== undefined && {
      certificate: {
        isEnabled: xmlText(certificate, 'Status') === 'Enabled',
        validUntilMs: Date.parse(xmlText(certificate, 'ValidEndDate')),
      },
    }),
  };
}

/** What a domain that is bound nowhere may look like. */
const UNBOUND_LOOKS: ReadonlySet<DomainVerdict> = new Set(['certificate', 'unreachable', 'notOss']);

/** What a failed question through a domain says about the domain; undefined when it is not about it. */
function verdictOf(error: UploadError): DomainVerdict | undefined {
  if (error.kind === 'certificate') return 'certificate';
  if (error.kind === 'network' || error.kind === 'timeout') {
    return error.requestId === undefined ? 'unreachable' : undefined;
  }
  if (error.kind === 'badResponse') return 'notOss';
  if (error.status !== undefined && error.requestId === undefined) return 'notOss';
  if (error.code === 'NoSuchKey' || error.kind === 'accessDenied') return 'usable';
  if (error.kind === 'noSuchBucket') return 'notBound';
  // The signature covers the bucket and its region, and this key has been taken elsewhere.
  if (error.code === 'SignatureDoesNotMatch' || error.kind === 'wrongRegion') return 'otherBucket';
  return undefined;
}

/** GetObjectMeta of an object that is not there. */
function probeRequest(bucket: string): OssRequest {
  return { method: 'GET', bucket, key: PROBE_KEY, subresource: { objectMeta: '' } };
}

function listBucketsRequest(marker: string, pageSize: number): OssRequest {
  return { method: 'GET', bucket: '', query: { 'max-keys': pageSize, marker } };
}
