import assert from 'node:assert/strict';

import { DestinationMemory } from '../../../src/ui/destinationMemory';

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

describe('remembered destination', () => {
  it('is that of the workspace; the region of a bucket is that of the user', async () => {
    const ofUser = memento();
    const one = new DestinationMemory(memento(), ofUser);
    const other = new DestinationMemory(memento(), ofUser);
    await one.remember({ bucket: 'my-bucket', prefix: 'docs/' });
    await one.rememberRegion('my-bucket', 'cn-hangzhou');
    assert.deepEqual(one.destination(), { bucket: 'my-bucket', prefix: 'docs/' });
    assert.equal(other.destination(), undefined);
    assert.equal(other.region('my-bucket'), 'cn-hangzhou');
    assert.equal(other.region('other-bucket'), '');
  });

  it('can be forgotten', async () => {
    const memory = new DestinationMemory(memento(), memento());
    await memory.remember({ bucket: 'my-bucket' });
    await memory.remember(undefined);
    assert.equal(memory.destination(), undefined);
  });

  it('is nothing when something else was stored', () => {
    for (const junk of [null, 7, 'x', [], {}, { bucket: 7 }]) {
      const broken = memento(
        new Map<string, unknown>([
          ['destination', junk],
          ['regions', junk],
        ]),
      );
      const memory = new DestinationMemory(broken, broken);
      assert.equal(memory.destination(), undefined);
      assert.equal(memory.region('my-bucket'), '');
      assert.equal(memory.hasCredentials(), false);
    }
  });
});
