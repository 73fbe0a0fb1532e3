import { editor } from '../../../../support/fakeEditor';
import type { ShownBox } from '../../../../support/fakeBoxes';
import type { OssAccount } from '../../../../../src/account';
// Loaded after the editor that they import.
import { CredentialsFlow } from '../../../../../src/ui/ask/setup/credentialsFlow';
import { Destinations } from '../../../../../src/ui/ask/setup/destination';
import { DomainFlow } from '../../../../../src/ui/ask/setup/domainFlow';
import { RouteQuestion } from '../../../../../src/ui/ask/setup/routeQuestion';
import { CredentialsStore } from '../../../../../src/ui/settings/credentialsStore';
import { DestinationMemory } from '../../../../../src/ui/settings/destinationMemory';
import type { KeyValueStore } from '../../../../../src/ui/settings/destinationMemory';
import { Settings } from '../../../../../src/ui/settings/settings';

const quiet = (): void => undefined;
const LOGGER = { debug: quiet, info: quiet, warn: quiet, error: quiet };
/** Keys that are long enough to be one. */
export const KEY_ID = 'LTAI5tAbCdEfGhIjKlMnOpQr';
export const SECRET = 'abcdefghijklmnopqrstuvwxyz1234';

/** The questions about credentials and destination, of a user who answers by the title of each box. */
export class SetupFixture {
  /** What was asked of OSS and of the user, in order. */
  readonly events: string[] = [];
  /** What the user answers, by a part of the title; the last one is repeated. */
  answers: Record<string, readonly string[]> = {};
  /** Domains that are bound to each bucket. */
  bound: readonly string[] = [];
  readonly store: CredentialsStore;
  readonly memory: DestinationMemory;
  readonly credentials: CredentialsFlow;
  readonly destinations: Destinations;
  readonly domains: DomainFlow;
  readonly #given = new Map<string, number>();

  constructor() {
    editor.reset();
    editor.user = (box) => this.#answer(box);
    const settings = new Settings(LOGGER);
    this.memory = new DestinationMemory(memento(), memento(), LOGGER);
    this.store = new CredentialsStore(secrets(), LOGGER);
    const account = this.#account();
    const route = new RouteQuestion(settings, this.memory);
    this.credentials = new CredentialsFlow(this.store, account, settings, route);
    this.domains = new DomainFlow(settings, this.memory, account, LOGGER);
    this.destinations = new Destinations(
      settings,
      this.memory,
      account,
      this.store,
      this.credentials,
      this.domains,
      route,
    );
  }

  /** Stores a key for a profile. */
  async hasKey(profile = ''): Promise<void> {
    const key = { accessKeyId: KEY_ID, accessKeySecret: SECRET };
    await this.store.set(profile, { kind: 'accessKey', key });
  }

  #answer({ title, labels }: ShownBox): string | undefined {
    this.events.push(title === '{title}: {field}' ? `box ${labels[0] ?? 'text'}` : title);
    const answers = Object.entries(this.answers).find(([part]) => title.includes(part))?.[1] ?? [];
    const given = this.#given.get(title) ?? 0;
    this.#given.set(title, given + 1);
    return answers[given];
  }

  #account(): OssAccount {
    const told =
      <T>(name: string, answer: T) =>
      (): Promise<T> => {
        this.events.push(name);
        return Promise.resolve(answer);
      };
    const bucket = { name: 'films', region: 'cn-hangzhou' };
    return {
      findCredentials: () => Promise.resolve([]),
      checkCredentials: told('ListBuckets', undefined),
      listBuckets: told('ListBuckets', [bucket]),
      locateBucket: told('GetBucketInfo', bucket),
      listFolders: told('ListObjects', []),
      listCnames: () =>
        Promise.resolve(
          this.bound.map((domain) => ({ domain, isEnabled: true, isWildcard: false })),
        ),
      checkDomain: (_access: unknown, _bucket: unknown, address: string) => {
        this.events.push(`check ${address}`);
        return Promise.resolve({ verdict: 'usable' });
      },
    } satisfies Partial<OssAccount> as unknown as OssAccount;
  }
}

function memento(): KeyValueStore {
  const values = new Map<string, unknown>();
  return {
    get: (key) => values.get(key),
    update: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
  };
}

function secrets(): ConstructorParameters<typeof CredentialsStore>[0] {
  const values = new Map<string, string>();
  return {
    get: (key) => Promise.resolve(values.get(key)),
    store: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
    delete: (key) => {
      values.delete(key);
      return Promise.resolve();
    },
    onDidChange: () => ({ dispose: quiet }),
  };
}
