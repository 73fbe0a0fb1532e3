import type { Endpoint } from '../account';
import { parseEndpoint } from '../engine/contract/endpoint';
import { checkBucketName, checkRegion } from '../engine/contract/validate';
import { invalidArgument } from './ossErrors';

/** Where requests for a bucket go. */
export interface Address {
  /** Host, and port where it is not the scheme's own; IPv6 in brackets. */
  readonly host: string;
  readonly secure: boolean;
  /**
   * Where the bucket goes: before the host, into the path, or nowhere, because the host is its own
   * domain. `unknown` where the host may be a private cloud as well, which can be asked only.
   */
  readonly place: 'host' | 'path' | 'domain' | 'unknown';
  /** Region id without `oss-` to sign with; '' when it is not known. */
  readonly region: string;
}

/** Asked when no region is known: it answers for its own buckets and names the endpoint of others. */
export const PROBE_REGION = 'cn-hangzhou';

/** Throws `invalidArgument` for what cannot be a bucket: it becomes a part of the host. */
export function assertBucketName(bucket: string): void {
  if (checkBucketName(bucket) !== undefined) {
    throw invalidArgument('bucket', `"${bucket}" is not a bucket name`);
  }
}

/** `oss-cn-hangzhou`, as settings and answers of OSS write it, as region id `cn-hangzhou`. */
export function regionId(location: string): string {
  return location.trim().toLowerCase().replace(/^oss-/, '');
}

/** Places of the finance cloud whose region has another id (Regions and endpoints). */
const FINANCE: ReadonlyMap<string, string> = new Map([
  ['cn-hzjbp', 'cn-hangzhou-finance'],
  ['cn-hzfinance', 'cn-hangzhou-finance'],
  ['cn-shanghai-finance', 'cn-shanghai-finance-1'],
  ['cn-shanghai-finance-1-pub', 'cn-shanghai-finance-1'],
  ['cn-szfinance', 'cn-shenzhen-finance-1'],
  ['cn-shenzhen-finance', 'cn-shenzhen-finance-1'],
  ['cn-beijing-finance-1-pub', 'cn-beijing-finance-1'],
]);

/** The region id that V4 covers, of the place that stands in names and answers of OSS. */
export function signingRegion(place: string): string {
  return FINANCE.get(place) ?? place;
}

/** A region as an answer names it: it is kept and becomes a part of a host, so '' for what is none. */
export function regionOfAnswer(location: string): string {
  const region = regionId(location);
  return checkRegion(region) === undefined ? region : '';
}

/**
 * The bucket in a name of OSS, as the console shows it beside a bucket: in an endpoint of all
 * buckets, that of one of them is not meant. An accelerator and an access point have no other name.
 */
const BEFORE_SERVICE =
  /^.+\.(?=(?:(?:vpc100-)?oss-(?!data-acc|accesspoint)[^.]+|[^.]+-[^.]+\.oss)\.aliyuncs\.com(?::\d+)?$)/;

/**
 * The address of a bucket, by the endpoint that is set for all buckets. With bucket '' the address
 * of the service itself. Throws `invalidArgument` with field `endpoint`, `region` or `bucket`.
 */
export function resolveEndpoint(endpoint: Endpoint, region: string, bucket: string): Address {
  const wanted = regionId(region);
  if (wanted !== '' && checkRegion(wanted) !== undefined) {
    throw invalidArgument('region', `"${region}" is not a region`);
  }
  if (bucket !== '') assertBucketName(bucket);
  const parsed = parseEndpoint(endpoint.trim() === '' ? 'public' : endpoint);
  if (parsed === undefined) {
    // Not what was written: it may be a signed URL, or one with a password.
    throw invalidArgument('endpoint', 'the endpoint must be a word, a host or an http(s) URL');
  }
  if (typeof parsed === 'object') {
    const { secure, place } = parsed;
    const named = parsed.host.replace(BEFORE_SERVICE, '');
    const isOfBucket = bucket !== '' && named.startsWith(`${bucket}.`) && place === 'host';
    const host = isOfBucket ? named.slice(bucket.length + 1) : named;
    return { host, secure, place, region: parsed.region === '' ? wanted : parsed.region };
  }
  const ofService = { secure: true, place: 'host', region: wanted } as const;
  if (parsed === 'accelerate' && bucket !== '') {
    return { ...ofService, host: 'oss-accelerate.aliyuncs.com' };
  }
  const network = parsed === 'internal' && wanted !== '' ? '-internal' : '';
  const host = `oss-${wanted === '' ? PROBE_REGION : wanted}${network}.aliyuncs.com`;
  return { ...ofService, host };
}

/** The address of a bucket that has an endpoint of its own: a plain name is its domain. */
export function resolveBucketEndpoint(endpoint: string, region: string, bucket: string): Address {
  const address = resolveEndpoint(endpoint, region, bucket);
  return address.place === 'unknown' ? { ...address, place: 'domain' } : address;
}

/**
 * Address of an object, percent-encoded. Under `urlBase` (a CDN, an own domain) when that is not
 * ''.
 */
export function addressOfObject(
  address: Address,
  bucket: string,
  key: string,
  urlBase: string,
): string {
  const path = encodeKey(key);
  if (urlBase !== '') return `${urlBase.replace(/\/+$/, '')}/${path}`;
  const scheme = address.secure ? 'https' : 'http';
  if (address.place === 'path') return `${scheme}://${address.host}/${bucket}/${path}`;
  return `${scheme}://${address.place === 'host' ? `${bucket}.` : ''}${address.host}/${path}`;
}

function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
