import assert from 'node:assert/strict';

import type { CredentialsSource } from '../../../../src/account';
import {
  parseProfileNames,
  parseSource,
  serializeSource,
} from '../../../../src/ui/settings/credentialsSource';
import { CredentialsStore } from '../../../../src/ui/settings/credentialsStore';
import type { Secrets } from '../../../../src/ui/settings/credentialsStore';

const KEY: CredentialsSource = {
  kind: 'accessKey',
  key: { accessKeyId: 'LTAI5tExample', accessKeySecret: 'never-to-be-logged' },
};

class FakeSecrets implements Secrets {
  readonly values = new Map<string, string>();
  isBroken = false;
  reads = 0;
  private listener: ((event: { readonly key: string }) => void) | undefined;

  async get(key: string): Promise<string | undefined> {
    this.reads++;
    await this.reach();
    return this.values.get(key);
  }

  async store(key: string, value: string): Promise<void> {
    await this.reach();
    this.values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    await this.reach();
    this.values.delete(key);
  }

  /** As another window does it. */
  change(key: string, value: string): void {
    this.values.set(key, value);
    this.listener?.({ key });
  }

  onDidChange(listener: (event: { readonly key: string }) => void): { dispose(): void } {
    this.listener = listener;
    return { dispose: () => undefined };
  }

  private async reach(): Promise<void> {
    await Promise.resolve();
    if (this.isBroken) throw new Error('no keyring for never-to-be-logged');
  }
}

function make(nowMs = (): number => 0): {
  secrets: FakeSecrets;
  store: CredentialsStore;
  lines: string[];
} {
  const secrets = new FakeSecrets();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const logger = { debug: write, info: write, warn: write, error: write };
  return { secrets, store: new CredentialsStore(secrets, logger, nowMs), lines };
}

describe('credentials store', () => {
  it('gives back what was stored, by profile', async () => {
    const { store } = make();
    assert.equal(await store.set('', KEY), true);
    assert.equal(await store.set('work', { kind: 'environment' }), true);
    assert.deepEqual(await store.get(''), KEY);
    assert.deepEqual(await store.get('work'), { kind: 'environment' });
    assert.equal(await store.get('other'), undefined);
    assert.deepEqual(await store.profiles(), ['', 'work']);
  });

  it('asks the editor once in a second, however many requests ask for a key', async () => {
    let nowMs = 0;
    const { store, secrets } = make(() => nowMs);
    await store.set('', KEY);
    secrets.reads = 0;
    const asked = Array.from({ length: 100 }, () => store.get(''));
    for (const source of await Promise.all(asked)) assert.deepEqual(source, KEY);
    assert.equal(secrets.reads, 1);
    nowMs = 1001;
    await store.get('');
    assert.equal(secrets.reads, 2);
  });

  it('has what was stored a moment ago, here and in another window', async () => {
    const { store, secrets } = make();
    await store.set('', KEY);
    await store.get('');
    secrets.change('ossUpload.credentials:', serializeSource({ kind: 'environment' }));
    assert.deepEqual(await store.get(''), { kind: 'environment' });
    await store.set('', KEY);
    assert.deepEqual(await store.get(''), KEY);
  });

  it('asks again when reading has failed', async () => {
    const { store, secrets } = make();
    await store.set('', KEY);
    secrets.isBroken = true;
    assert.equal(await store.get(''), undefined);
    secrets.isBroken = false;
    assert.deepEqual(await store.get(''), KEY);
  });

  it('forgets what was removed', async () => {
    const { store, secrets } = make();
    await store.set('', KEY);
    await store.remove('');
    assert.equal(await store.get(''), undefined);
    assert.deepEqual(await store.profiles(), []);
    assert.ok(![...secrets.values.values()].join().includes('never-to-be-logged'));
  });

  it('tells listeners of every change', async () => {
    const { store } = make();
    let changes = 0;
    store.onDidChange(() => changes++);
    await store.set('', KEY);
    await store.remove('');
    assert.equal(changes, 2);
  });

  it('without a keyring keeps them in memory, says so, and writes no secret to the log', async () => {
    const { store, secrets, lines } = make();
    secrets.isBroken = true;
    assert.equal(await store.get(''), undefined);
    assert.equal(await store.set('', KEY), false);
    assert.deepEqual(await store.get(''), KEY);
    assert.deepEqual(await store.profiles(), ['']);
    assert.ok(!lines.join().includes('never-to-be-logged'));
    await assert.rejects(store.remove(''));
    assert.equal(await store.get(''), undefined);
  });

  it('does not use what is damaged', async () => {
    const { store, secrets } = make();
    await store.set('', KEY);
    for (const key of secrets.values.keys()) secrets.values.set(key, '{"kind":');
    assert.equal(await store.get(''), undefined);
    assert.deepEqual(await store.profiles(), []);
  });
});

describe('stored credentials', () => {
  it('survive being written and read', () => {
    const sources: CredentialsSource[] = [
      KEY,
      { kind: 'accessKey', key: { ...KEY.key, securityToken: 'token' } },
      { kind: 'environment' },
      { kind: 'ossutil', section: '' },
      { kind: 'ossutil', section: 'work', program: 'get-key --user me' },
      { kind: 'aliyun', profile: 'work' },
      { kind: 'aliyun', profile: 'work', program: 'get-key --user me' },
      { kind: 'sdk', section: 'default' },
      { kind: 'ecsRamRole', role: '' },
      { kind: 'uri', url: 'http://127.0.0.1/credentials' },
      { kind: 'oidc' },
    ];
    for (const source of sources) assert.deepEqual(parseSource(serializeSource(source)), source);
  });

  it('are refused when they are something else', () => {
    const texts = [
      '',
      'null',
      '[]',
      '"environment"',
      '{}',
      '{"kind":"other"}',
      '{"kind":"accessKey"}',
      '{"kind":"accessKey","key":{"accessKeyId":"a"}}',
      '{"kind":"accessKey","key":{"accessKeyId":"a","accessKeySecret":""}}',
      '{"kind":"accessKey","key":{"accessKeyId":1,"accessKeySecret":"b"}}',
      '{"kind":"ossutil"}',
      '{"kind":"sdk"}',
      '{"kind":"aliyun","profile":1}',
      '{"kind":"uri"}',
    ];
    for (const text of texts) assert.equal(parseSource(text), undefined, text);
  });

  it('are listed by name, whatever the list holds', () => {
    assert.deepEqual(parseProfileNames('["a","b","a",1]'), ['a', 'b']);
    for (const text of [undefined, '', '{', 'null', '{}']) {
      assert.deepEqual(parseProfileNames(text), []);
    }
  });
});
