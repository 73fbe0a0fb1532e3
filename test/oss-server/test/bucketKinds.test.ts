import assert from 'node:assert/strict';
import { bucket, openTestServer, type TestServer } from './testServer.ts';

describe('buckets of the OSS server that differ', () => {
  let oss: TestServer;
  const open = async (...options: Parameters<typeof openTestServer>) => {
    oss = await openTestServer(...options);
  };
  const put = (key: string, body: string, headers: Record<string, string> = {}) =>
    oss.send({ method: 'PUT', key, body, headers });
  const get = async (key: string, versionId?: string) =>
    (await oss.send({ method: 'GET', key, ...(versionId && { query: { versionId } }) })).text;
  const forbid = { 'x-oss-forbid-overwrite': 'true' };
  /** Initiates, sends and completes one part; the status of each step that decides. */
  const upload = async (key: string, body: string, headers: Record<string, string>) => {
    const query = { uploads: '' };
    const initiated = await oss.send({ method: 'POST', key, query, headers });
    const uploadId = initiated.element('UploadId');
    if (uploadId === undefined) return initiated;
    const part = await oss.uploadPart(key, uploadId, 1, body);
    return oss.complete(key, uploadId, [[1, part.headers.etag!]], headers);
  };

  afterEach(() => oss.close());

  it('keeps what is replaced while versioning is enabled, whatever is forbidden', async () => {
    await open({ buckets: [{ name: bucket, versioning: 'Enabled' }] });
    const first = await put('k', 'one');
    const second = await put('k', 'two!', forbid);
    const third = await upload('k', 'three', forbid);
    const ids = [first, second, third].map(({ headers }) => String(headers['x-oss-version-id']));
    assert.equal(new Set(ids).size, 3);
    assert.equal(await get('k'), 'three');
    assert.equal(await get('k', ids[0]), 'one');
    assert.equal(await get('k', ids[1]), 'two!');
    assert.deepEqual(oss.server.formerVersions(bucket, 'k'), [3, 4]);
    await oss.restart();
    assert.equal(await get('k', ids[1]), 'two!');
  });

  it('loses the null version while versioning is suspended, whatever is forbidden', async () => {
    await open();
    await put('k', 'never versioned');
    oss.server.changeBucket(bucket, { versioning: 'Enabled' });
    await put('k', 'a version');
    oss.server.changeBucket(bucket, { versioning: 'Suspended' });
    const answer = await put('k', 'null', forbid);
    assert.equal(answer.headers['x-oss-version-id'], 'null');
    assert.deepEqual(oss.server.formerVersions(bucket, 'k'), ['a version'.length]);
    await upload('k', 'null again', forbid);
    assert.deepEqual(oss.server.formerVersions(bucket, 'k'), ['a version'.length]);
    assert.equal(await get('k', 'null'), 'null again');
  });

  it('refuses to replace where nothing is versioned', async () => {
    await open();
    await put('k', 'one');
    assert.equal((await put('k', 'two', forbid)).status, 409);
    assert.equal((await upload('k', 'two', forbid)).element('EC'), '0026-00000002');
    assert.equal(await get('k'), 'one');
  });

  it('keeps to its own rules of what is not replaced', async () => {
    const overwriteRules = [{ id: 'r1', prefix: 'logs/', suffix: '.txt' }];
    await open({ buckets: [{ name: bucket, overwriteRules }] });
    for (const key of ['logs/a.txt', 'logs/a.log', 'a.txt']) {
      assert.equal((await put(key, 'one')).status, 200);
    }
    const refused = await put('logs/a.txt', 'two');
    assert.deepEqual([refused.status, refused.element('Code')], [409, 'FileAlreadyExists']);
    assert.equal((await upload('logs/a.txt', 'two', {})).element('Code'), 'FileAlreadyExists');
    for (const key of ['logs/a.log', 'a.txt']) assert.equal((await put(key, 'two')).status, 200);
    const listed = await oss.send({ method: 'GET', query: { overwriteConfig: '' } });
    assert.deepEqual([listed.element('ID'), listed.element('Prefix')], ['r1', 'logs/']);
    oss.server.changeBucket(bucket, { versioning: 'Enabled' });
    assert.equal((await put('logs/a.txt', 'two')).status, 200);
  });

  it('answers 404 for rules it does not have', async () => {
    await open();
    const listed = await oss.send({ method: 'GET', query: { overwriteConfig: '' } });
    assert.equal(listed.status, 404);
  });

  it('blocks public ACLs, and readers that an old ACL let in', async () => {
    await open();
    const acl = { 'x-oss-object-acl': 'public-read' };
    await put('k', 'x', acl);
    const stranger = () => oss.send({ method: 'GET', key: 'k', signing: undefined });
    assert.equal((await stranger()).status, 200);
    oss.server.changeBucket(bucket, { blockPublicAccess: true });
    assert.equal((await stranger()).status, 403);
    const refusals = [
      await put('k', 'x', acl),
      await upload('k', 'x', acl),
      await oss.send({ method: 'PUT', key: 'k', query: { acl: '' }, headers: acl }),
    ];
    for (const refused of refusals) {
      assert.deepEqual(
        [refused.status, refused.element('Code'), refused.element('EC')],
        [403, 'AccessDenied', '0016-00000901'],
      );
    }
    assert.equal((await put('k', 'x', { 'x-oss-object-acl': 'private' })).status, 200);
  });

  it('lets nothing be replaced or deleted as long as it is retained', async () => {
    await open({ buckets: [{ name: bucket, retentionDays: 2 }] });
    await put('k', 'one');
    assert.equal((await put('k', 'two')).element('Code'), 'FileImmutable');
    assert.equal((await upload('k', 'two', {})).element('Code'), 'FileImmutable');
    const removal = { method: 'DELETE', key: 'k' };
    assert.equal((await oss.send(removal)).element('Code'), 'FileImmutable');
    oss.server.changeBucket(bucket, { retentionDays: 0 });
    assert.equal((await oss.send(removal)).status, 204);
  });

  it('answers at the accelerate endpoint only when that is enabled', async () => {
    await open();
    const host = `${bucket}.oss-accelerate.aliyuncs.com`;
    const request = { method: 'GET', key: 'k', host };
    assert.equal((await oss.send(request)).status, 403);
    oss.server.changeBucket(bucket, { transferAcceleration: true });
    assert.equal((await oss.send(request)).element('Code'), 'NoSuchKey');
  });

  it('tells all of it by GetBucketInfo', async () => {
    await open({
      buckets: [
        {
          name: bucket,
          versioning: 'Suspended',
          transferAcceleration: true,
          blockPublicAccess: true,
        },
        { name: 'plain' },
      ],
    });
    const ask = (name: string) =>
      oss.send({ method: 'GET', bucket: name, query: { bucketInfo: '' } });
    const names = ['Versioning', 'TransferAcceleration', 'BlockPublicAccess'] as const;
    const info = await ask(bucket);
    assert.deepEqual(
      names.map((name) => info.element(name)),
      ['Suspended', 'Enabled', 'true'],
    );
    const plain = await ask('plain');
    assert.deepEqual(
      names.map((name) => plain.element(name)),
      [undefined, 'Disabled', 'false'],
    );
  });

  it('carries out so many guarded requests a second, and any number of others', async () => {
    await open({ guardedRequestsPerSecond: 3 });
    const guarded = await Promise.all([1, 2, 3, 4, 5].map((n) => put(`g${n}`, 'x', forbid)));
    const statuses = guarded.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 200, 200, 503, 503]);
    const plain = await Promise.all([1, 2, 3, 4, 5].map((n) => put(`p${n}`, 'x')));
    assert.ok(plain.every(({ status }) => status === 200));
  });
});
