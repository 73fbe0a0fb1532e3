/** The door of the room that knows OSS: everything else talks to it through ports. */
import { homedir } from 'node:os';
import type { Access, CredentialsSource, OssAccount } from '../account';
import type { ObjectStore, OpenStore } from '../engine/contract/ports';
import { BucketClient } from './bucketClient';
import type { Machine } from './credentials/machine';
import { ProfileKey } from './credentials/renewableKey';
import type { CachedKey } from './credentials/renewableKey';
import { SecurityTokens } from './credentials/securityTokens';
import type { Issuers } from './credentials/securityTokens';
import { openSource } from './credentials/sources';
import { findCredentials } from './foundCredentials';
import { Network } from './network';
import type { RouteSettings } from './network';
import { SignedAccount } from './ossAccount';
import { ServerClock } from './ossClient';
import { OssObjectStore } from './ossObjectStore';
import { OssTransport } from './ossTransport';
import type { TransportOptions } from './ossTransport';
import type { Logger } from '../engine/base/logger';

/** What the room is built of. */
export interface OssOptions extends TransportOptions {
  /** How requests are to go; asked for each store and each question. */
  readonly route: () => RouteSettings;
  /** The stored credentials of a profile; asked for each request, so that new ones count at once. */
  readonly credentials: (profile: string) => Promise<CredentialsSource | undefined>;
  readonly log: Logger;
  /** Instead of this process's environment and the user's home folder. */
  readonly machine?: Machine | undefined;
  /** Instead of Alibaba Cloud's services for temporary credentials. */
  readonly issuers?: Issuers | undefined;
}

/** OSS, opened. */
export interface Oss {
  readonly openStore: OpenStore;
  readonly account: OssAccount;
  /** Closes all connections; requests under way fail with `network`. */
  dispose(): void;
}

/** Builds the room. Nothing is sent and no credentials are read before the first call. */
export function createOss(options: OssOptions): Oss {
  const { credentials, log } = options;
  const machine = options.machine ?? { environment: process.env, homeFolder: homedir() };
  const transport = new OssTransport(options);
  const clock = new ServerClock();
  const now = (): number => clock.now();
  const tokens = new SecurityTokens(
    (question) => transport.send(question),
    machine,
    options.issuers,
    now,
  );
  const network = new Network(options.route, transport, clock);
  const open = (source: CredentialsSource) => openSource(source, machine, tokens, now);

  const profileKeys = new Map<string, ProfileKey>();
  const keyOfProfile = (profile: string): ProfileKey => {
    let key = profileKeys.get(profile);
    if (key === undefined) {
      key = new ProfileKey(() => credentials(profile), open);
      profileKeys.set(profile, key);
    }
    return key;
  };

  const keyOf = (access: Access): ProfileKey | CachedKey =>
    'profile' in access ? keyOfProfile(access.profile) : open(access.source);

  const stores = new Map<string, ObjectStore>();
  const openStore: OpenStore = async ({ bucket, region, profile }) => {
    const key = keyOfProfile(profile);
    await key.get();
    const route = network.routeOf(bucket);
    const name = JSON.stringify([route, region, profile]);
    let store = stores.get(name);
    if (store === undefined) {
      const client = new BucketClient(route, region, network, () => key.get());
      store = new OssObjectStore(bucket, client, key, clock, log);
      stores.set(name, store);
    }
    return store;
  };

  return {
    openStore,
    account: new SignedAccount({
      network,
      send: (request) => transport.send(request),
      clock,
      key: keyOf,
      findCredentials: () => findCredentials(machine),
    }),
    dispose: () => {
      transport.dispose();
    },
  };
}
