import assert from 'node:assert/strict';
import type { PlainAnswer, PlainRequest, Signing } from '../client.ts';
import { bucket, openTestServer, testKey, type TestServer } from './testServer.ts';

const publicHost = `${bucket}.oss-cn-hangzhou.aliyuncs.com`;
const v1: Signing = { version: 'v1', ...testKey };

/** Status, code and EC: what tells one refusal from another. */
function verdict(answer: PlainAnswer): [number, string | undefined, string | undefined] {
  return [answer.status, answer.element('Code'), answer.element('EC')];
}

describe('accounts and names of the OSS server', () => {
  let oss: TestServer;
  const open = async (...options: Parameters<typeof openTestServer>) => {
    oss = await openTestServer(...options);
  };

  afterEach(() => oss.close());

  describe('an account opened since 2025', () => {
    const account = { kind: 'since2025' } as const;
    const refusal = [400, 'PublicEndpointForbidden', '0048-00000401'];
    const dataRequests: readonly PlainRequest[] = [
      { method: 'PUT', key: 'k', body: 'x' },
      { method: 'POST', key: 'k', query: { uploads: '' } },
      { method: 'PUT', key: 'k', query: { partNumber: '1', uploadId: 'u' }, body: 'x' },
      { method: 'GET', key: 'k', query: { uploadId: 'u' } },
      { method: 'GET', key: 'k' },
      { method: 'GET', query: { prefix: 'a' } },
      { method: 'GET', query: { uploads: '' } },
    ];

    it('may not call data operations at the default domain of the mainland', async () => {
      await open({ account });
      for (const request of dataRequests) {
        assert.deepEqual(verdict(await oss.send({ ...request, host: publicHost })), refusal);
      }
      const head = await oss.send({ method: 'HEAD', key: 'k', host: publicHost });
      assert.deepEqual([head.status, head.headers['x-oss-ec']], [400, '0048-00000401']);
    });

    it('may still ask about buckets there', async () => {
      await open({ account });
      const service = { method: 'GET', bucket: undefined, host: 'oss-cn-hangzhou.aliyuncs.com' };
      assert.equal((await oss.send(service)).status, 200);
      for (const name of ['bucketInfo', 'location', 'cname']) {
        const request = { method: 'GET', query: { [name]: '' }, host: publicHost };
        assert.equal((await oss.send(request)).status, 200, name);
      }
    });

    it('may list there, too, when listings are no data operations', async () => {
      await open({ account: { ...account, listingsAreData: false } });
      const listing = { method: 'GET', query: { prefix: 'a' }, host: publicHost };
      assert.equal((await oss.send(listing)).status, 200);
    });

    it('may do everything at an internal endpoint, outside the mainland and at its domain', async () => {
      const domains = [{ domain: 'img.example.com' }];
      const buckets = [
        { name: bucket, domains },
        { name: 'far', region: 'cn-hongkong' },
        { name: 'west', region: 'us-west-1' },
      ];
      await open({ account, buckets });
      for (const [name, region, host] of [
        [bucket, 'cn-hangzhou', `${bucket}.oss-cn-hangzhou-internal.aliyuncs.com`],
        [bucket, 'cn-hangzhou', 'img.example.com'],
        ['far', 'cn-hongkong', 'far.oss-cn-hongkong.aliyuncs.com'],
        ['west', 'us-west-1', 'west.oss-us-west-1.aliyuncs.com'],
      ] as const) {
        const signing: Signing = { version: 'v4', ...testKey, region };
        const put = { method: 'PUT', bucket: name, key: 'k', body: 'x', host, signing };
        assert.equal((await oss.send(put)).status, 200, host);
      }
    });
  });

  describe('a V1 signature', () => {
    const refusal = [403, 'AccessDenied', '0002-00000080'];

    for (const kind of ['v4Only', 'since2025'] as const) {
      it(`is refused with an account of kind ${kind}, in a header and in a URL`, async () => {
        await open({ account: { kind } });
        for (const signing of [v1, { ...v1, urlSeconds: 60 }]) {
          const answer = await oss.send({ method: 'GET', query: { location: '' }, signing });
          assert.deepEqual(verdict(answer), refusal);
        }
      });
    }

    it('is refused by a bucket created since September 2025 alone', async () => {
      await open({ buckets: [{ name: bucket, v4Only: true }, { name: 'older' }] });
      const ask = (name: string) =>
        oss.send({ method: 'GET', bucket: name, query: { location: '' }, signing: v1 });
      assert.deepEqual(verdict(await ask(bucket)), refusal);
      assert.equal((await ask('older')).status, 200);
    });
  });

  describe('a bound domain', () => {
    const domains = [
      { domain: 'img.example.com', certificate: {} },
      { domain: 'old.example.com', status: 'Disabled' },
      { domain: 'wild.example.com', isWildcard: true },
      {
        domain: 'late.example.com',
        certificate: { status: 'Disabled', validUntilMs: Date.UTC(2020, 0, 1) },
      },
    ] as const;
    const buckets = [{ name: bucket, domains }, { name: 'other' }];

    it('is listed with its status and its certificate', async () => {
      await open({ buckets });
      const answer = await oss.send({ method: 'GET', query: { cname: '' } });
      assert.deepEqual(
        answer.elements('Domain'),
        domains.map(({ domain }) => domain),
      );
      assert.equal(answer.element('Bucket'), bucket);
      assert.deepEqual(answer.elements('IsWildCard'), ['true']);
      assert.deepEqual(answer.elements('Status'), [
        ...['Enabled', 'Enabled', 'Disabled', 'Enabled', 'Enabled', 'Disabled'],
      ]);
      assert.deepEqual(answer.elements('ValidEndDate'), [
        'Fri, 01 Jan 2124 00:00:00 GMT'.replace('Fri', 'Sat'),
        'Wed, 01 Jan 2020 00:00:00 GMT',
      ]);
    });

    it('needs a right of its own to be listed', async () => {
      await open({ buckets, credentials: [{ ...testKey, deny: ['listCname'] }] });
      const answer = await oss.send({ method: 'GET', query: { cname: '' } });
      assert.deepEqual(verdict(answer), [403, 'AccessDenied', '0003-00000001']);
    });

    it('serves its bucket, also as a wildcard', async () => {
      await open({ buckets });
      for (const host of ['img.example.com', 'a.wild.example.com']) {
        await oss.send({ method: 'PUT', key: host, body: host, host });
        assert.equal((await oss.send({ method: 'GET', key: host, host })).text, host);
      }
      assert.deepEqual(oss.server.keys(bucket), ['a.wild.example.com', 'img.example.com']);
    });

    it('takes no signature for another bucket and no other region', async () => {
      await open({ buckets });
      const host = 'img.example.com';
      const other = await oss.send({ method: 'GET', bucket: 'other', key: 'k', host });
      assert.equal(other.element('Code'), 'SignatureDoesNotMatch');
      const signing: Signing = { version: 'v4', ...testKey, region: 'cn-beijing' };
      const wrong = await oss.send({ method: 'GET', key: 'k', host, signing });
      assert.equal(wrong.element('EC'), '0002-00000226');
    });

    it('is unknown while it is disabled or not bound, until it is', async () => {
      await open({ buckets });
      for (const host of ['old.example.com', 'new.example.com']) {
        const answer = await oss.send({ method: 'GET', key: 'k', host });
        assert.equal(answer.element('Code'), 'NoSuchBucket', host);
      }
      oss.server.changeBucket(bucket, { domains: [{ domain: 'new.example.com' }] });
      const answer = await oss.send({ method: 'GET', key: 'k', host: 'new.example.com' });
      assert.equal(answer.element('Code'), 'NoSuchKey');
    });

    it('is still bound after a restart', async () => {
      await open();
      oss.server.changeBucket(bucket, { domains: [{ domain: 'img.example.com' }] });
      await oss.restart();
      const answer = await oss.send({ method: 'GET', key: 'k', host: 'img.example.com' });
      assert.equal(answer.element('Code'), 'NoSuchKey');
    });
  });

  describe('a private cloud', () => {
    const host = 'oss.corp.example.com';

    it('has its buckets before its name, and nothing at the name itself', async () => {
      await open({ privateClouds: [{ host }] });
      const named = { method: 'GET', key: 'k', host: `${bucket}.${host}` };
      assert.equal((await oss.send(named)).element('Code'), 'NoSuchKey');
      assert.equal((await oss.send({ method: 'GET', bucket: undefined, host })).status, 200);
      const own = await oss.send({ method: 'GET', query: { bucketInfo: '' }, host });
      assert.equal(own.element('Code'), 'SignatureDoesNotMatch');
    });

    it('signs for a region of its own when it has one', async () => {
      const region = 'cn-corp-1';
      await open({ privateClouds: [{ host, region }], buckets: [{ name: bucket, region }] });
      const request = { method: 'GET', key: 'k', host: `${bucket}.${host}` };
      assert.equal((await oss.send(request)).element('EC'), '0002-00000226');
      const signing: Signing = { version: 'v4', ...testKey, region };
      assert.equal((await oss.send({ ...request, signing })).element('Code'), 'NoSuchKey');
    });
  });

  describe('keys', () => {
    it('that are inactive and that are gone are told apart', async () => {
      await open({ credentials: [{ ...testKey, disabled: true }] });
      const ask = () => oss.send({ method: 'GET', key: 'k' });
      assert.deepEqual(verdict(await ask()), [403, 'InvalidAccessKeyId', '0002-00000904']);
      oss.server.credentials.pop();
      assert.deepEqual(verdict(await ask()), [403, 'InvalidAccessKeyId', '0002-00000902']);
    });

    it('need rights of their own for tags and for KMS', async () => {
      const key = { ...testKey, deny: ['putObjectTagging'] as const, deniesKms: true };
      await open({ credentials: [key] });
      const put = (headers: Record<string, string>) =>
        oss.send({ method: 'PUT', key: 'k', body: 'x', headers });
      assert.deepEqual(verdict(await put({ 'x-oss-tagging': 'a=1' })), [
        ...[403, 'AccessDenied', '0003-00000001'],
      ]);
      const kms = await put({ 'x-oss-server-side-encryption': 'KMS' });
      assert.match(kms.element('Message') ?? '', /forbidden by kms/);
      assert.equal((await put({ 'x-oss-server-side-encryption': 'AES256' })).status, 200);
    });
  });

  it('tells where a bucket is at any endpoint, and nothing else', async () => {
    await open({ buckets: [{ name: bucket, region: 'cn-beijing' }] });
    const info = await oss.send({ method: 'GET', query: { bucketInfo: '' }, host: publicHost });
    assert.equal(info.element('Location'), 'oss-cn-beijing');
    const data = await oss.send({ method: 'GET', key: 'k', host: publicHost });
    assert.equal(data.element('Endpoint'), 'oss-cn-beijing.aliyuncs.com');
  });
});
