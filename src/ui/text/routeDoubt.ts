/** Whether the way of uploads is one that a user should hear of before it is taken. Knows no editor. */
import net from 'node:net';

/** Addresses that no router of the internet forwards, loopback ones and those of clouds included. */
const PRIVATE = [
  ['10.0.0.0', 8, 'ipv4'],
  // Shared by carriers and clouds: the internal network of Alibaba Cloud.
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
] as const;

/** Names of this computer or of the network that it is in; those of tests are never public. */
const PRIVATE_NAME =
  /^[^.]+$|(?:^|\.)(?:localhost|local|internal|lan|home\.arpa|test)$|-internal\.aliyuncs\.com$/;

/**
 * Why an endpoint deserves a question: `clearText` when it is `http://` on a public network, where
 * files and signed requests can be read on the way; `container` when it was written out and the
 * editor runs in a container, whose settings come from a repository. Undefined for all else.
 */
export function routeDoubt(
  endpoint: string,
  remoteName: string | undefined,
): 'clearText' | 'container' | undefined {
  const host = /^http:\/\//i.test(endpoint) ? hostOf(endpoint) : undefined;
  if (host !== undefined && !isPrivate(host)) return 'clearText';
  const isWrittenOut = !['public', 'internal', 'accelerate'].includes(endpoint);
  const isInContainer = /container|codespaces/.test(remoteName ?? '');
  return isWrittenOut && isInContainer ? 'container' : undefined;
}

function hostOf(url: string): string | undefined {
  const named = url.replace('{bucket}', 'bucket');
  return URL.canParse(named) ? new URL(named).hostname.replace(/^\[|\]$/g, '') : undefined;
}

function isPrivate(host: string): boolean {
  const version = net.isIP(host);
  if (version === 0) return PRIVATE_NAME.test(host.toLowerCase().replace(/\.$/, ''));
  const addresses = new net.BlockList();
  for (const [address, bits, family] of PRIVATE) addresses.addSubnet(address, bits, family);
  return addresses.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
