import type { Endpoint } from '../account';
import { isOssHost, regionOfEndpoint } from '../engine/contract/ossHosts';
import { invalidArgument } from './ossErrors';

/** Where requests for a bucket go, and how they are signed. */
export interface Address {
  /** Host, and port where it is not the scheme's own. */
  readonly host: string;
  readonly secure: boolean;
  /** The host is the bucket's own domain: nothing is put before it. */
  readonly cname: boolean;
  /** The bucket is the first segment of the path, not the first label of the host. */
  readonly pathStyle: boolean;
  /** Region id without `oss-` to sign with; '' when it is not known. */
  readonly region: string;
}

/** Asked when no region is known: it answers for its own buckets and names the endpoint of others. */
export const PROBE_REGION = 'cn-hangzhou';

const REGION_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whether a text can be a region id: it becomes a part of the host. */
export function isRegionId(region: string): boolean {
  return REGION_ID.test(region);
}

/** Not a check of OSS's rule, which is stricter today: old buckets have underscores. */
const BUCKET_NAME = /^[a-z0-9_][a-z0-9_-]{1,61}[a-z0-9_]$/;

/** Throws `invalidArgument` for what cannot be a bucket: it becomes a part of the host. */
export function assertBucketName(bucket: string): void {
  if (!BUCKET_NAME.test(bucket)) {
    throw invalidArgument('bucket', `"${bucket}" is not a bucket name`);
  }
}

/** `oss-cn-hangzhou`, as settings and answers of OSS write it, as region id `cn-hangzhou`. */
export function regionId(location: string): string {
  return location.trim().toLowerCase().replace(/^oss-/, '');
}

/**
 * The address of a bucket. `endpoint` is `public`, `internal`, `accelerate`, or a host or URL: an
 * endpoint of OSS, a bucket's own domain, or a loopback or IP address, which is used path style.
 * With bucket '' the address of the service itself. Throws `invalidArgument` with field `endpoint`,
 * `region` or `bucket`.
 */
export function resolveEndpoint(endpoint: Endpoint, region: string, bucket: string): Address {
  const wanted = regionId(region);
  if (wanted !== '' && !isRegionId(wanted)) {
    throw invalidArgument('region', `"${region}" is not a region`);
  }
  if (bucket !== '') assertBucketName(bucket);
  const word = endpoint.trim().toLowerCase();
  const ofService = { secure: true, cname: false, pathStyle: false, region: wanted };
  if (word === 'accelerate' && bucket !== '') {
    return { ...ofService, host: 'oss-accelerate.aliyuncs.com' };
  }
  if (word === 'public' || word === '' || word === 'accelerate' || word === 'internal') {
    const network = word === 'internal' && wanted !== '' ? '-internal' : '';
    const host = `oss-${wanted === '' ? PROBE_REGION : wanted}${network}.aliyuncs.com`;
    return { ...ofService, host };
  }
  return addressOfUrl(word, wanted, bucket);
}

function addressOfUrl(endpoint: string, wanted: string, bucket: string): Address {
  let url: URL;
  try {
    url = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  } catch {
    throw invalidArgument('endpoint', `"${endpoint}" is not a URL`);
  }
  // Somebody may have pasted a signed URL or one with a password: it must not get into a message.
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw invalidArgument('endpoint', 'the endpoint must be a host or an http(s) URL');
  }
  const hostname = url.hostname;
  const port = url.port === '' ? '' : `:${url.port}`;
  const local = isLoopback(hostname);
  const secure = endpoint.includes('://') ? url.protocol === 'https:' : !local;
  if (local || isIpAddress(hostname)) {
    // ali-oss cannot write an IPv6 host.
    const name = hostname === '[::1]' ? 'localhost' : hostname;
    if (name.startsWith('[')) throw invalidArgument('endpoint', 'IPv6 addresses are not supported');
    return { host: `${name}${port}`, secure, cname: false, pathStyle: true, region: wanted };
  }
  if (!isOssHost(hostname)) {
    return { host: `${hostname}${port}`, secure, cname: true, pathStyle: false, region: wanted };
  }
  const named = regionOfEndpoint(hostname);
  const host =
    bucket !== '' && hostname.startsWith(`${bucket}.`)
      ? hostname.slice(bucket.length + 1)
      : hostname;
  return {
    host: `${host}${port}`,
    secure,
    cname: false,
    pathStyle: false,
    region: named === '' ? wanted : named,
  };
}

/**
 * The version to sign with. V4 covers the region: where none can be known, V1 still works, and a
 * wrong endpoint then names the right one.
 */
export function signatureVersion(address: Address): 'v1' | 'v4' {
  return address.region === '' ? 'v1' : 'v4';
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
  if (address.pathStyle) return `${scheme}://${address.host}/${bucket}/${path}`;
  return `${scheme}://${address.cname ? '' : `${bucket}.`}${address.host}/${path}`;
}

function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    hostname.startsWith('127.')
  );
}

/** As the URL parser leaves it: `0x7f.1` is four numbers by then. */
function isIpAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}
