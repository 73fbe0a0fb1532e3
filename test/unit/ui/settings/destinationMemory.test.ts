import assert from 'node:assert/strict';

import { DestinationMemory } from '../../../../src/ui/settings/destinationMemory';
import { knownDestination } from '../../../../src/ui/settings/knownDestination';
import { readUploadSettings } from '../../../../src/ui/settings/settingsModel';

function memento(values = new Map<string, unknown>()): {
  get(key: string): unknown;
  update(key: string, value: unknown): Promise<void>;
} {
  return {
    get: (key) => values.get(key),
    update: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
  };
}

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('remembered destination', () => {
  it('is that of the workspace; the region of a bucket is that of the user', async () => {
    const ofUser = memento();
    const one = new DestinationMemory(memento(), ofUser, SILENT);
    const other = new DestinationMemory(memento(), ofUser, SILENT);
    await one.remember({ bucket: 'my-bucket', prefix: 'docs/' });
    await one.rememberRegion('my-bucket', 'cn-hangzhou');
    assert.deepEqual(one.destination(), { bucket: 'my-bucket', prefix: 'docs/' });
    assert.equal(other.destination(), undefined);
    assert.equal(other.region('my-bucket'), 'cn-hangzhou');
    assert.equal(other.region('other-bucket'), '');
  });

  it('has beside it what the user has said yes to: buckets of a workspace, endpoints of all', async () => {
    const ofUser = memento(
      new Map<string, unknown>([['confirmed', [7, 'http://old.example.com']]]),
    );
    const one = new DestinationMemory(memento(), ofUser, SILENT);
    const other = new DestinationMemory(memento(), ofUser, SILENT);
    await one.confirmBucket('my-bucket');
    await one.confirmBucket('my-bucket-2');
    await one.confirmEndpoint('http://oss.example.com');
    assert.deepEqual(
      ['my-bucket', 'my-bucket-2', 'my'].map((bucket) => one.isConfirmedBucket(bucket)),
      [true, true, false],
    );
    assert.equal(other.isConfirmedBucket('my-bucket'), false);
    assert.equal(other.isConfirmedEndpoint('http://oss.example.com'), true);
    assert.equal(other.isConfirmedEndpoint('http://old.example.com'), true);
    assert.equal(other.isConfirmedEndpoint('https://oss.example.com'), false);
  });

  it('can be forgotten', async () => {
    const memory = new DestinationMemory(memento(), memento(), SILENT);
    await memory.remember({ bucket: 'my-bucket' });
    await memory.remember(undefined);
    assert.equal(memory.destination(), undefined);
  });

  it('has beside it whether credentials are stored, for all workspaces', async () => {
    const ofUser = memento();
    const one = new DestinationMemory(memento(), ofUser, SILENT);
    const other = new DestinationMemory(memento(), ofUser, SILENT);
    assert.equal(one.hasCredentials(), false);
    await one.rememberCredentials(true);
    assert.deepEqual([one.hasCredentials(), other.hasCredentials()], [true, true]);
    await other.rememberCredentials(false);
    assert.equal(one.hasCredentials(), false);
  });

  it('has the domains of buckets beside it, each for the endpoint it was chosen under', async () => {
    const ofUser = memento();
    const one = new DestinationMemory(memento(), ofUser, SILENT);
    const other = new DestinationMemory(memento(), ofUser, SILENT);
    await one.rememberDomain('my-bucket', 'public', 'https://img.example.com');
    await one.rememberDomain('other-bucket', 'public', 'http://b.example.com');
    assert.deepEqual(other.domains('public'), {
      'my-bucket': 'https://img.example.com',
      'other-bucket': 'http://b.example.com',
    });
    // A private cloud may have a bucket of that name, and inside of Alibaba Cloud none is needed.
    assert.deepEqual(other.domains('https://oss.corp.example.com'), {});
    assert.deepEqual(other.domains('internal'), {});
    await one.rememberDomain('my-bucket', 'public', 'https://new.example.com');
    assert.equal(other.domains('public')['my-bucket'], 'https://new.example.com');
  });

  it('takes no domain that could not have been chosen', () => {
    const addresses = ['public', 'https://u:p@evil.example.com', 'img.example.com/path', 7];
    for (const junk of [null, 7, [], {}, ...addresses.map((address) => ({ address }))]) {
      const stored = isRecord(junk) ? { ...junk, endpoint: 'public' } : junk;
      const broken = memento(new Map<string, unknown>([['domains', { 'my-bucket': stored }]]));
      assert.deepEqual(new DestinationMemory(memento(), broken, SILENT).domains('public'), {});
    }
  });

  it('is told to who listens as soon as it counts', async () => {
    const memory = new DestinationMemory(memento(), memento(), SILENT);
    const told: unknown[] = [];
    memory.onDidChange(() => told.push(memory.destination()?.bucket));
    await memory.remember({ bucket: 'my-bucket' });
    await memory.remember(undefined);
    assert.deepEqual(told, ['my-bucket', undefined]);
  });

  it('counts where the settings name no bucket, with their folder unless it has its own', async () => {
    const memory = new DestinationMemory(memento(), memento(), SILENT);
    const { value: settings } = readUploadSettings((name) =>
      name === 'prefix' ? 'docs/' : undefined,
    );
    assert.equal(knownDestination(settings, memory), undefined);
    await memory.remember({ bucket: 'my-bucket' });
    const known = { bucket: 'my-bucket', region: '', prefix: 'docs/', profile: '' };
    assert.deepEqual(knownDestination(settings, memory), known);
    await memory.remember({ bucket: 'my-bucket', prefix: 'own/' });
    assert.deepEqual(knownDestination(settings, memory), { ...known, prefix: 'own/' });
    const named = { ...settings, bucket: 'other-bucket', region: 'cn-beijing' };
    assert.deepEqual(knownDestination(named, memory), {
      ...known,
      bucket: 'other-bucket',
      region: 'cn-beijing',
    });
  });

  it('is nothing when something else was stored', () => {
    for (const junk of [null, 7, 'x', [], {}, { bucket: 7 }]) {
      const broken = memento(
        new Map<string, unknown>([
          ['destination', junk],
          ['regions', junk],
          ['hasCredentials', junk],
        ]),
      );
      const memory = new DestinationMemory(broken, broken, SILENT);
      assert.equal(memory.destination(), undefined);
      assert.equal(memory.region('my-bucket'), '');
      assert.equal(memory.hasCredentials(), false);
    }
  });

  it('has no region that uploads refuse', async () => {
    const memory = new DestinationMemory(memento(), memento(), SILENT);
    await memory.rememberRegion('my-bucket', 'local');
    assert.equal(memory.region('my-bucket'), '');
  });
});
