/** What the host names of OSS say. */

/** Whether a host is one of Alibaba Cloud's, or of a private cloud that keeps the names of OSS. */
export function isOssHost(hostname: string): boolean {
  return hostname.endsWith('.aliyuncs.com') && /(?:^|[.-])oss(?:[.-]|$)/.test(hostname);
}

/**
 * The region id in the name of an OSS endpoint, with or without a scheme, a port, a bucket before
 * it; '' when it names none, such as an accelerate endpoint or an own domain.
 */
export function regionOfEndpoint(endpoint: string): string {
  const host = hostnameOf(endpoint);
  if (!isOssHost(host)) return '';
  const labels = host.split('.');
  const named = labels.at(-3) ?? '';
  // Both forms occur: oss-cn-hangzhou.aliyuncs.com and cn-hangzhou.oss.aliyuncs.com.
  const label = named === 'oss' ? `oss-${labels.at(-4) ?? ''}` : named;
  const region = /^(?:vpc100-)?oss-(.+?)(?:-internal)?$/.exec(label)?.[1] ?? '';
  return region.startsWith('accelerate') ? '' : region;
}

function hostnameOf(endpoint: string): string {
  return (
    /^(?:[a-z]+:\/\/)?([^/:?#]+)/i.exec(endpoint.trim())?.[1]?.toLowerCase().replace(/\.$/, '') ??
    ''
  );
}
