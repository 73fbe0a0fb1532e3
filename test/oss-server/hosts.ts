import type { Address, OssRequest } from './request.ts';

/** A private cloud: OSS under another name, with buckets in front of it. */
export interface PrivateCloud {
  /** Such as `oss.corp.example.com`. */
  readonly host: string;
  /** What V4 signatures there are for; left out: any region will do. */
  readonly region?: string | undefined;
  /** Takes buckets in the path, too. */
  readonly pathStyle?: boolean | undefined;
}

/** What a `Host` header stands for. */
export interface ServedHost {
  readonly kind:
    | 'loopback'
    /** The default domain name of a region, with or without a bucket before it. */
    | 'public'
    | 'internal'
    | 'accelerate'
    | 'privateCloud'
    /** A domain that is bound to a bucket. */
    | 'domain'
    | 'unknown';
  /** Region the name stands for; undefined when it stands for none. */
  readonly region?: string | undefined;
  /** Bucket that the name tells; undefined when it tells none. */
  readonly bucket?: string | undefined;
  /** A bucket may come first in the path. */
  readonly pathStyle?: boolean | undefined;
}

/** Host names of OSS: `[bucket.]oss-<region>[-internal].aliyuncs.com` and `oss-accelerate`. */
const ossHost = /^(?:(.*)\.)?(oss-[a-z0-9-]+?)(-internal)?\.aliyuncs\.com$/;

/** Tells what a host is. `bucketOfDomain` knows the domains that are bound and enabled. */
export function servedHost(
  host: string,
  privateClouds: readonly PrivateCloud[],
  bucketOfDomain: (domain: string) => string | undefined,
): ServedHost {
  const bound = bucketOfDomain(host);
  if (bound !== undefined) return { kind: 'domain', bucket: bound };
  for (const cloud of privateClouds) {
    const { region, pathStyle } = cloud;
    if (host === cloud.host) return { kind: 'privateCloud', region, pathStyle };
    if (host.endsWith(`.${cloud.host}`)) {
      const bucket = host.slice(0, -cloud.host.length - 1);
      return { kind: 'privateCloud', region, bucket };
    }
  }
  const [isOss, before, name = '', internal] = ossHost.exec(host) ?? [];
  if (isOss !== undefined) {
    // ali-oss sends such names where it has no bucket.
    const bucket = before === '' || before === 'undefined' ? undefined : before;
    const pathStyle = before !== undefined;
    if (name.startsWith('oss-accelerate')) return { kind: 'accelerate', bucket, pathStyle };
    const kind = internal === undefined ? 'public' : 'internal';
    return { kind, region: name.slice('oss-'.length), bucket, pathStyle };
  }
  if (isLoopback(host)) return { kind: 'loopback', pathStyle: true };
  const [, bucket] = /^(.+)\.localhost$/.exec(host) ?? [];
  if (bucket !== undefined) return { kind: 'loopback', bucket, pathStyle: true };
  return { kind: 'unknown' };
}

function isLoopback(host: string): boolean {
  return host === '' || host === 'localhost' || host === '[::1]' || /^[\d.]+$/.test(host);
}

function pathStyle(path: string): Address {
  const slash = path.indexOf('/');
  const bucket = slash === -1 ? path : path.slice(0, slash);
  const key = slash === -1 ? '' : path.slice(slash + 1);
  return { bucket: bucket || undefined, key: key || undefined };
}

/**
 * Every way to read the address, the most likely first. Only the signature can tell them apart:
 * ali-oss sends `Host: bucket.oss-cn-hangzhou.aliyuncs.com` to an IP endpoint, with the bucket in
 * the path too when `sldEnable` is set, and no bucket anywhere when `cname` is set.
 */
export function possibleAddresses(
  { path }: OssRequest,
  host: ServedHost,
  bucketNames: readonly string[],
): [Address, ...Address[]] {
  const key = path || undefined;
  if (host.bucket !== undefined) {
    const named: Address = { bucket: host.bucket, key };
    return host.pathStyle === true ? [named, pathStyle(path)] : [named];
  }
  if (host.kind === 'privateCloud') return [pathStyle(path)];
  return [pathStyle(path), ...bucketNames.map((bucket): Address => ({ bucket, key }))];
}

/** Whether data may not be asked for at this name by accounts opened since March 2025. */
export function isDefaultPublicDomain(host: ServedHost): boolean {
  return host.kind === 'public' && isOfMainland(host.region ?? '');
}

function isOfMainland(region: string): boolean {
  return region.startsWith('cn-') && region !== 'cn-hongkong';
}
