import assert from 'node:assert/strict';
import { bucket, openTestServer, type TestServer } from './testServer.ts';

describe('buckets of the OSS server', () => {
  let oss: TestServer;
  before(async () => {
    oss = await openTestServer({
      buckets: [{ name: bucket }, { name: 'in-beijing', region: 'cn-beijing' }],
      foreignBuckets: ['somebody-else'],
    });
  });
  after(() => oss.close());

  const onBucket = (method: string, name: string, query: Record<string, string> = {}) =>
    oss.send({ method, bucket: name, query, ...(method === 'PUT' && { body: '' }) });

  it('lists all buckets, or a page of them', async () => {
    const all = await oss.send({ method: 'GET', bucket: undefined });
    assert.deepEqual(all.elements('Name'), [bucket, 'in-beijing']);
    assert.deepEqual(all.elements('Location'), ['oss-cn-hangzhou', 'oss-cn-beijing']);
    assert.deepEqual(all.elements('Region'), ['cn-hangzhou', 'cn-beijing']);
    assert.equal(all.element('IsTruncated'), undefined);
    const page = await oss.send({ method: 'GET', bucket: undefined, query: { 'max-keys': '1' } });
    assert.deepEqual(page.elements('Name'), [bucket]);
    assert.equal(page.element('NextMarker'), bucket);
    const next = { marker: bucket, prefix: 'in-' };
    const rest = await oss.send({ method: 'GET', bucket: undefined, query: next });
    assert.deepEqual(rest.elements('Name'), ['in-beijing']);
  });

  it('creates a bucket, empties it only by request, and deletes it', async () => {
    const created = await oss.send({
      method: 'PUT',
      bucket: 'new-bucket',
      headers: { 'x-oss-acl': 'public-read' },
      body: '<CreateBucketConfiguration><StorageClass>IA</StorageClass></CreateBucketConfiguration>',
    });
    assert.equal(created.status, 200);
    assert.equal(created.headers.location, '/new-bucket');
    assert.equal((await onBucket('PUT', 'new-bucket')).status, 200);
    const info = await onBucket('GET', 'new-bucket', { bucketInfo: '' });
    assert.equal(info.element('StorageClass'), 'IA');
    assert.equal(info.element('Grant'), 'public-read');
    assert.equal(info.element('ExtranetEndpoint'), 'oss-cn-hangzhou.aliyuncs.com');
    assert.equal(info.element('DataRedundancyType'), 'LRS');
    const location = await onBucket('GET', 'new-bucket', { location: '' });
    assert.equal(location.element('LocationConstraint'), 'oss-cn-hangzhou');

    await oss.send({ method: 'PUT', bucket: 'new-bucket', key: 'k', body: '' });
    const withObject = await onBucket('DELETE', 'new-bucket');
    assert.equal(withObject.status, 409);
    assert.equal(withObject.element('Code'), 'BucketNotEmpty');
    await oss.send({ method: 'DELETE', bucket: 'new-bucket', key: 'k' });
    const upload = { method: 'POST', bucket: 'new-bucket', key: 'k', query: { uploads: '' } };
    const uploadId = (await oss.send(upload)).element('UploadId')!;
    assert.match(
      (await onBucket('DELETE', 'new-bucket')).element('Message')!,
      /has Multipart Uploads/,
    );
    oss.server.abortUpload(uploadId);
    assert.equal((await onBucket('DELETE', 'new-bucket')).status, 204);
    const gone = await onBucket('GET', 'new-bucket', { bucketInfo: '' });
    assert.equal(gone.status, 404);
    assert.equal(gone.element('Code'), 'NoSuchBucket');
    assert.equal(gone.element('EC'), '0015-00000101');
    assert.equal(gone.element('BucketName'), 'new-bucket');
  });

  it('refuses names that are none, and the names of others', async () => {
    for (const name of ['ab', 'Upper', '-dash', 'x'.repeat(64)]) {
      assert.equal((await onBucket('PUT', name)).element('Code'), 'InvalidBucketName');
    }
    const taken = await onBucket('PUT', 'somebody-else');
    assert.equal(taken.status, 409);
    assert.equal(taken.element('Code'), 'BucketAlreadyExists');
    const foreign = await onBucket('GET', 'somebody-else');
    assert.equal(foreign.element('Code'), 'AccessDenied');
  });

  it('names the right endpoint to a request for another region', async () => {
    const answer = await onBucket('GET', 'in-beijing');
    assert.equal(answer.status, 403);
    assert.equal(answer.element('Code'), 'AccessDenied');
    assert.equal(answer.element('Endpoint'), 'oss-cn-beijing.aliyuncs.com');
    assert.match(answer.element('Message')!, /must be addressed using the specified endpoint/);
  });

  it('switches versioning on', async () => {
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    await oss.send({ method: 'PUT', bucket, query: { versioning: '' }, body });
    const answer = await onBucket('GET', bucket, { versioning: '' });
    assert.equal(answer.element('Status'), 'Enabled');
  });

  describe('listed', () => {
    const keys = ['a/1', 'a/2', 'b', 'c/1', 'c/d/1', '\u{1F600}', '\uFF21'];
    // The order of UTF-8 bytes, which is not the order of UTF-16 units.
    const sorted = ['a/1', 'a/2', 'b', 'c/1', 'c/d/1', '\uFF21', '\u{1F600}'];
    before(async () => {
      for (const key of keys) await oss.server.putObject(bucket, key, Buffer.from(key));
    });
    const list = (query: Record<string, string>) => oss.send({ method: 'GET', query });

    it('shows all keys in the order of their bytes', async () => {
      const answer = await list({});
      assert.deepEqual(answer.elements('Key'), sorted);
      assert.equal(answer.element('IsTruncated'), 'false');
      assert.equal(answer.element('MaxKeys'), '100');
    });

    it('folds folders', async () => {
      const answer = await list({ delimiter: '/' });
      assert.deepEqual(answer.elements('Key'), ['b', '\uFF21', '\u{1F600}']);
      assert.deepEqual(answer.elements('Prefix'), ['', 'a/', 'c/']);
      const inside = await list({ delimiter: '/', prefix: 'c/' });
      assert.deepEqual(inside.elements('Key'), ['c/1']);
      assert.deepEqual(inside.elements('Prefix'), ['c/', 'c/d/']);
    });

    it('pages to the same result, with and without folders', async () => {
      for (const delimiter of ['', '/']) {
        const whole = await list(delimiter ? { delimiter } : {});
        const found: string[] = [];
        let marker = '';
        for (;;) {
          const page = await list({
            'max-keys': '1',
            ...(marker && { marker }),
            ...(delimiter && { delimiter }),
          });
          found.push(...page.elements('Key'), ...page.elements('Prefix').filter(Boolean));
          if (page.element('IsTruncated') === 'false') break;
          marker = page.element('NextMarker')!;
        }
        const expected = [...whole.elements('Key'), ...whole.elements('Prefix').filter(Boolean)];
        assert.deepEqual(found.sort(), expected.sort());
      }
    });

    it('speaks version 2', async () => {
      const first = await list({ 'list-type': '2', 'max-keys': '2', 'start-after': 'a/1' });
      assert.deepEqual(first.elements('Key'), ['a/2', 'b']);
      assert.equal(first.element('KeyCount'), '2');
      assert.equal(first.element('ID'), undefined);
      const token = first.element('NextContinuationToken')!;
      const second = await list({
        'list-type': '2',
        'continuation-token': token,
        'fetch-owner': 'true',
      });
      assert.deepEqual(second.elements('Key'), sorted.slice(3));
      assert.ok(second.element('ID'));
    });

    it('encodes names when asked', async () => {
      await oss.server.putObject(bucket, 'z\f\u000b/+ ', Buffer.alloc(0));
      const answer = await list({ prefix: 'z\f', 'encoding-type': 'url' });
      assert.deepEqual(answer.elements('Key'), ['z%0C%0B%2F%2B%20']);
      assert.equal(answer.element('Prefix'), 'z%0C');
      assert.equal(answer.element('EncodingType'), 'url');
      assert.equal((await list({ 'encoding-type': 'xml' })).element('Code'), 'InvalidArgument');
    });

    it('refuses a page size that is none', async () => {
      for (const size of ['0', '1001', 'x']) {
        assert.equal((await list({ 'max-keys': size })).element('Code'), 'InvalidArgument');
      }
    });
  });
});
