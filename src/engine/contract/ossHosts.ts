/** What the host names of OSS say. */

/** Whether a host is one of Alibaba Cloud's, or of a private cloud that keeps the names of OSS. */
export function isOssHost(hostname: string): boolean {
  return hostname.endsWith('.aliyuncs.com') && /(?:^|[.-])oss(?:[.-]|$)/.test(hostname);
}

/** All ids of regions begin so, and none of the other words in names of OSS, such as `data-acc`. */
const REGION = /^[a-z]{2,3}-/;

/**
 * The region id in the name of an OSS endpoint, with or without a scheme, a port, a bucket before
 * it; '' when it names none, such as an accelerate endpoint or an own domain. That is the place as
 * OSS writes it: see `signingRegion` for what is signed in the finance cloud.
 */
export function regionOfEndpoint(endpoint: string): string {
  const host = hostnameOf(endpoint);
  if (!isOssHost(host)) return '';
  const labels = host.split('.');
  const named = labels.at(-3) ?? '';
  // Both forms occur: oss-cn-hangzhou.aliyuncs.com and, for IPv6 too, cn-hangzhou.oss.aliyuncs.com.
  const label = named === 'oss' ? labels.at(-4) : /^(?:vpc100-)?oss-(.+)$/.exec(named)?.[1];
  const region = (label ?? '').replace(/-internal$/, '');
  // The one region with a name for each of its zones.
  return REGION.test(region) ? region.replace(/^(cn-hzjbp)-[ab]$/, '$1') : '';
}

function hostnameOf(endpoint: string): string {
  return (
    /^(?:[a-z]+:\/\/)?([^/:?#]+)/i.exec(endpoint.trim())?.[1]?.toLowerCase().replace(/\.$/, '') ??
    ''
  );
}
