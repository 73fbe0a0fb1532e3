import type { FoundCredentials } from '../account';
import type { Machine } from './credentials/machine';
import { findSources } from './credentials/sources';
import { regionOfEndpoint } from '../engine/contract/ossHosts';
import { regionId } from './endpoints';
import { maskAccessKeyId } from '../engine/base/redact';

/** What lies on this machine, as it may be shown: see {@link findSources}. */
export async function findCredentials(machine: Machine): Promise<FoundCredentials[]> {
  return (await findSources(machine)).map(({ accessKeyId, region, ...rest }) => ({
    ...rest,
    maskedId: accessKeyId === '' ? '' : maskAccessKeyId(accessKeyId),
    region: regionOfEndpoint(region) || plainRegion(region),
  }));
}

/** '' for what is an endpoint without a region, such as an own domain. */
function plainRegion(text: string): string {
  return text.includes('.') ? '' : regionId(text);
}
