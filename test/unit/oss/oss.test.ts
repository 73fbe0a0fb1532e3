import assert from 'node:assert/strict';
import type { CredentialsSource } from '../../../src/account';
import { testCaCertificate } from '../../oss-server/server';
import { bodyOf, CALL, KEY, OssFixture, rejection, SOURCE } from './ossFixture';

const TARGET = { bucket: 'photos', key: 'k', region: 'cn-hangzhou', profile: '' };
const NEW = { forbidOverwrite: false };

const fixture = new OssFixture();

describe('createOss', () => {
  afterEach(() => fixture.close());

  it('rejects with noCredentials when the profile has none', async () => {
    const oss = fixture.oss('public', { credentials: () => Promise.resolve(undefined) });
    assert.equal((await rejection(oss.openStore(TARGET))).kind, 'noCredentials');
  });

  it('rejects with invalidArgument for an endpoint that is none', async () => {
    const error = await rejection(fixture.oss('ftp://x').openStore(TARGET));
    assert.deepEqual([error.kind, error.field], ['invalidArgument', 'endpoint']);
  });

  it('opens a store once, whatever the key of the object', async () => {
    let endpoint = 'public';
    let own: Record<string, string> = {};
    const oss = fixture.oss('', { route: () => ({ endpoint, bucketEndpoints: own }) });
    const store = await oss.openStore(TARGET);
    assert.equal(await oss.openStore({ ...TARGET, key: 'other' }), store);
    assert.notEqual(await oss.openStore({ ...TARGET, region: 'cn-beijing' }), store);
    assert.notEqual(await oss.openStore({ ...TARGET, profile: 'work' }), store);
    endpoint = 'accelerate';
    assert.notEqual(await oss.openStore(TARGET), store);
    own = { photos: 'https://img.example.com' };
    assert.notEqual(await oss.openStore(TARGET), store);
  });

  it('signs the next request of an open store with credentials that were just stored', async () => {
    const other = { accessKeyId: 'LTAI5tAnotherKeyOfTests', accessKeySecret: 'another' };
    const server = await fixture.server({ credentials: [{ ...KEY }, other] });
    let source: CredentialsSource = SOURCE;
    const oss = fixture.oss(server.endpoint, { credentials: () => Promise.resolve(source) });
    const store = await oss.openStore(TARGET);
    await store.putObject('k', bodyOf('x'), NEW, CALL);
    source = { kind: 'accessKey', key: other };
    await store.putObject('k', bodyOf('x'), NEW, CALL);
    assert.deepEqual(
      server.operations.map(({ accessKeyId }) => accessKeyId),
      [KEY.accessKeyId, other.accessKeyId],
    );
  });

  it('keeps profiles apart', async () => {
    const other = { accessKeyId: 'LTAI5tAnotherKeyOfTests', accessKeySecret: 'another' };
    const server = await fixture.server({ credentials: [{ ...KEY }, other] });
    const oss = fixture.oss(server.endpoint, {
      credentials: (profile) =>
        Promise.resolve(profile === 'work' ? { kind: 'accessKey', key: other } : SOURCE),
    });
    const [mine, work] = await Promise.all([
      oss.openStore(TARGET),
      oss.openStore({ ...TARGET, profile: 'work' }),
    ]);
    await Promise.all([
      mine.putObject('mine', bodyOf('x'), NEW, CALL),
      work.putObject('work', bodyOf('x'), NEW, CALL),
    ]);
    const used = new Map(server.operations.map(({ key, accessKeyId }) => [key, accessKeyId]));
    assert.deepEqual(
      used,
      new Map([
        ['mine', KEY.accessKeyId],
        ['work', other.accessKeyId],
      ]),
    );
  });

  for (const place of ['cn-hzjbp', 'cn-hzfinance', 'cn-hangzhou-finance']) {
    it(`signs for the region of the finance cloud at ${place}`, async () => {
      const buckets = [{ name: 'photos', region: 'cn-hangzhou-finance' }];
      const server = await fixture.server({ buckets });
      const store = await fixture.oss(server.endpoint).openStore({ ...TARGET, region: place });
      await store.putObject('k', bodyOf('x'), NEW, CALL);
      assert.deepEqual(server.keys('photos'), ['k']);
    });
  }

  it('shares connections between stores', async () => {
    const server = await fixture.server({ buckets: [{ name: 'photos' }, { name: 'videos' }] });
    const oss = fixture.oss(server.endpoint);
    for (const bucket of ['photos', 'videos', 'photos']) {
      const store = await oss.openStore({ ...TARGET, bucket });
      await store.putObject('k', bodyOf('x'), NEW, CALL);
    }
    assert.equal(server.acceptedConnections, 1);
  });

  it('trusts the certificates it was given, and says certificate without them', async () => {
    const server = await fixture.server({ https: true });
    const trusting = fixture.oss(server.endpoint, { ca: testCaCertificate() });
    await (await trusting.openStore(TARGET)).putObject('k', bodyOf('x'), NEW, CALL);
    const store = await fixture.oss(server.endpoint).openStore(TARGET);
    const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
    assert.equal(error.kind, 'certificate');
  });
});
