import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { crc64Of } from '../crc64.ts';
import { bucket, openTestServer, type TestServer } from './testServer.ts';

const md5 = (text: string) => createHash('md5').update(text);

describe('objects of the OSS server', () => {
  let oss: TestServer;
  before(async () => {
    oss = await openTestServer({
      buckets: [
        { name: bucket },
        { name: 'versioned', versioning: 'Enabled' },
        { name: 'short-lived' },
      ],
      foreignBuckets: ['somebody-else'],
    });
  });
  after(() => oss.close());

  const put = (key: string, body: string, headers: Record<string, string> = {}) =>
    oss.send({ method: 'PUT', key, body, headers });
  const head = (key: string, headers: Record<string, string> = {}) =>
    oss.send({ method: 'HEAD', key, headers });
  const get = (key: string, headers: Record<string, string> = {}) =>
    oss.send({ method: 'GET', key, headers });

  it('stores bytes and answers with their digests', async () => {
    const answer = await put('folder/a b+c ü😀.txt', 'hello');
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
    assert.equal(answer.headers.etag, `"${md5('hello').digest('hex').toUpperCase()}"`);
    assert.equal(answer.headers['content-md5'], md5('hello').digest('base64'));
    assert.equal(
      answer.headers['x-oss-hash-crc64ecma'],
      (await crc64Of(Buffer.from('hello'))).toString(),
    );
    assert.equal(answer.headers['server'], 'AliyunOSS');
    assert.match(String(answer.headers['x-oss-request-id']), /^[0-9A-F]{24}$/);
    assert.match(String(answer.headers['x-oss-server-time']), /^\d+$/);
    const object = oss.server.object(bucket, 'folder/a b+c ü😀.txt')!;
    assert.equal((await object.bytes()).toString(), 'hello');
    assert.equal(await object.sha256(), createHash('sha256').update('hello').digest('hex'));
    assert.equal(object.sizeBytes, 5);
  });

  it('shows by HEAD what PUT fixed', async () => {
    await put('properties', 'x', {
      'content-type': 'video/mp4',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment',
      'content-encoding': 'identity',
      expires: 'Wed, 01 Jan 2031 00:00:00 GMT',
      'x-oss-object-acl': 'public-read',
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'KMS',
      'x-oss-server-side-encryption-key-id': 'key-1',
      'x-oss-meta-Author': 'alice',
      'x-oss-tagging': 'a=1&b=2%2F3',
    });
    const { status, headers, text } = await head('properties');
    assert.equal(status, 200);
    assert.equal(text, '');
    assert.equal(headers['content-length'], '1');
    assert.equal(headers['content-type'], 'video/mp4');
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers['content-disposition'], 'attachment');
    assert.equal(headers['content-encoding'], 'identity');
    assert.equal(headers.expires, 'Wed, 01 Jan 2031 00:00:00 GMT');
    assert.equal(headers['x-oss-storage-class'], 'IA');
    assert.equal(headers['x-oss-server-side-encryption'], 'KMS');
    assert.equal(headers['x-oss-server-side-encryption-key-id'], 'key-1');
    assert.equal(headers['x-oss-meta-author'], 'alice');
    assert.equal(headers['x-oss-tagging-count'], '2');
    assert.equal(headers['x-oss-object-type'], 'Normal');
    assert.ok(headers['last-modified']);
    assert.ok(headers['content-md5']);
    const acl = await oss.send({ method: 'GET', key: 'properties', query: { acl: '' } });
    assert.equal(acl.element('Grant'), 'public-read');
    const tags = await oss.send({ method: 'GET', key: 'properties', query: { tagging: '' } });
    assert.deepEqual(tags.elements('Key'), ['a', 'b']);
    assert.deepEqual(tags.elements('Value'), ['1', '2/3']);
    // A public object can be read by everybody, and written by nobody.
    const anonymous = { key: 'properties', signing: undefined };
    assert.equal((await oss.send({ method: 'GET', ...anonymous })).status, 200);
    assert.equal((await oss.send({ method: 'PUT', ...anonymous, body: '' })).status, 403);
  });

  it('changes ACL and tags of an object', async () => {
    await put('changing', 'x');
    const acl = { query: { acl: '' }, key: 'changing' };
    await oss.send({ method: 'PUT', ...acl, headers: { 'x-oss-object-acl': 'private' } });
    assert.equal((await oss.send({ method: 'GET', ...acl })).element('Grant'), 'private');
    const tagging = { query: { tagging: '' }, key: 'changing' };
    const body = '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>';
    assert.equal((await oss.send({ method: 'PUT', ...tagging, body })).status, 200);
    assert.equal((await head('changing')).headers['x-oss-tagging-count'], '1');
    assert.equal((await oss.send({ method: 'DELETE', ...tagging })).status, 204);
    assert.equal((await head('changing')).headers['x-oss-tagging-count'], undefined);
    assert.equal((await get('changing')).text, 'x');
  });

  it('answers a missing object without a body on HEAD, with the error in a header', async () => {
    const answer = await head('missing');
    assert.equal(answer.status, 404);
    assert.equal(answer.text, '');
    assert.equal(answer.headers['x-oss-ec'], '0026-00000001');
    const error = Buffer.from(String(answer.headers['x-oss-err']), 'base64').toString();
    assert.match(error, /<Code>NoSuchKey<\/Code>/);
    const { text } = await get('missing');
    assert.match(text, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>NoSuchKey</);
    assert.match(text, /<HostId>127.0.0.1<\/HostId>/);
    assert.match(text, /<Key>missing<\/Key>/);
    assert.match(text, /<RecommendDoc>https:\/\/api.aliyun.com\/troubleshoot\?q=0026-00000001</);
  });

  const refusals: Record<string, [number, string, Record<string, string>, string?]> = {
    'a storage class that is none': [400, 'InvalidArgument', { 'x-oss-storage-class': 'Cold' }],
    'an ACL that is none': [400, 'InvalidArgument', { 'x-oss-object-acl': 'public' }],
    'an encryption that is none': [
      400,
      'InvalidEncryptionAlgorithmError',
      { 'x-oss-server-side-encryption': 'AES' },
    ],
    'a tag that comes twice': [400, 'InvalidArgument', { 'x-oss-tagging': 'a=1&a=2' }],
    'eleven tags': [
      400,
      'InvalidTag',
      { 'x-oss-tagging': Array.from({ length: 11 }, (_, index) => `t${index}=`).join('&') },
    ],
    'a tag with a character that is not allowed': [400, 'InvalidTag', { 'x-oss-tagging': 'a=%3F' }],
    'more than 8 KB of metadata': [
      400,
      'InvalidArgument',
      { 'x-oss-meta-a': 'x'.repeat(4096), 'x-oss-meta-b': 'x'.repeat(4096) },
    ],
    'a traffic limit that is too low': [
      400,
      'InvalidArgument',
      { 'x-oss-traffic-limit': '819199' },
    ],
    'a condition': [400, 'NotImplemented', { 'if-none-match': '*' }],
    'a wrong MD5': [
      400,
      'InvalidDigest',
      { 'content-md5': md5('other').digest('base64') },
      '0017-00000503',
    ],
    'a malformed MD5': [400, 'InvalidDigest', { 'content-md5': 'x' }, '0017-00000502'],
    'a wrong CRC': [400, 'InvalidCRC64', { 'x-oss-hash-crc64ecma': '1' }],
    'a callback that is not JSON': [400, 'InvalidArgument', { 'x-oss-callback': 'AAAA' }],
  };
  for (const [what, [status, code, headers, ec]] of Object.entries(refusals)) {
    it(`refuses ${what}`, async () => {
      const answer = await put('refused', 'body', headers);
      assert.equal(answer.status, status);
      assert.equal(answer.element('Code'), code);
      assert.equal(answer.element('EC'), ec);
      assert.equal(oss.server.object(bucket, 'refused'), undefined);
    });
  }

  it('refuses keys that OSS does not store', async () => {
    for (const key of ['\\a', 'x'.repeat(1024), 'ü'.repeat(512)]) {
      assert.equal((await put(key, '')).element('Code'), 'InvalidObjectName');
    }
    assert.equal((await put('ü'.repeat(511), '')).status, 200);
  });

  it('refuses a body of unknown length, and accepts a chunked one', async () => {
    const key = 'chunked';
    const none = await oss.send({ method: 'PUT', key, withoutLength: true });
    assert.equal(none.element('Code'), 'MissingContentLength');
    const chunked = { 'transfer-encoding': 'chunked' };
    assert.equal((await oss.send({ method: 'PUT', key, headers: chunked })).status, 200);
    assert.equal(oss.server.object(bucket, key)?.crc64, '0');
  });

  it('refuses a body of more than 5 GiB by its length', async () => {
    const headers = { 'content-length': String(5 * 1024 ** 3 + 1) };
    const answer = await oss.send({ method: 'PUT', key: 'huge', headers });
    assert.equal(answer.element('Code'), 'EntityTooLarge');
  });

  it('refuses methods and operations that it does not have', async () => {
    assert.equal(
      (await oss.send({ method: 'PATCH', key: 'k' })).element('Code'),
      'MethodNotAllowed',
    );
    const headers = { 'x-oss-copy-source': `/${bucket}/other` };
    const copy = await oss.send({ method: 'PUT', key: 'k', headers });
    assert.equal(copy.element('Code'), 'NotImplemented');
  });

  it('refuses a path that cannot be decoded', async () => {
    const response = await fetch(`${oss.server.endpoint}/${bucket}/%ff`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /<Code>InvalidURI</);
  });

  it('keeps an object when overwriting is forbidden', async () => {
    const forbid = { 'x-oss-forbid-overwrite': 'true' };
    assert.equal((await put('once', '1', forbid)).status, 200);
    const answer = await put('once', '2', forbid);
    assert.equal(answer.status, 409);
    assert.equal(answer.element('Code'), 'FileAlreadyExists');
    assert.equal((await get('once')).text, '1');
    assert.equal((await put('once', '3')).status, 200);
    assert.equal((await get('once')).text, '3');
  });

  it('sends ranges, and the whole object for a range that is not one', async () => {
    await put('range', '0123456789');
    const cases: [string, number, string, string | undefined][] = [
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
      ['bytes=20-30', 200, '0123456789', undefined],
      ['lines=1-2', 200, '0123456789', undefined],
    ];
    for (const [range, status, text, contentRange] of cases) {
      const answer = await get('range', { range });
      assert.equal(answer.status, status);
      assert.equal(answer.text, text);
      assert.equal(answer.headers['content-range'], contentRange);
    }
    const standard = { range: 'bytes=20-30', 'x-oss-range-behavior': 'standard' };
    assert.equal((await get('range', standard)).element('Code'), 'InvalidRange');
  });

  it('honours conditions of HEAD and GET', async () => {
    const etag = String((await put('condition', 'x')).headers.etag);
    assert.equal((await head('condition', { 'if-match': etag })).status, 200);
    assert.equal((await head('condition', { 'if-match': '"0"' })).status, 412);
    assert.equal((await get('condition', { 'if-none-match': etag })).status, 304);
    const past = new Date(0).toUTCString();
    const future = new Date(Date.now() + 1e6).toUTCString();
    assert.equal((await get('condition', { 'if-unmodified-since': past })).status, 412);
    assert.equal((await get('condition', { 'if-modified-since': future })).status, 304);
    assert.equal((await get('condition', { 'if-modified-since': past })).status, 200);
  });

  it('answers GetObjectMeta with three headers', async () => {
    await put('meta', 'four', { 'x-oss-meta-a': 'b' });
    const { headers } = await oss.send({ method: 'HEAD', key: 'meta', query: { objectMeta: '' } });
    assert.equal(headers['content-length'], '4');
    assert.ok(headers.etag);
    assert.equal(headers['x-oss-meta-a'], undefined);
  });

  it('deletes objects, one that is not there too', async () => {
    await put('gone', 'x');
    assert.equal((await oss.send({ method: 'DELETE', key: 'gone' })).status, 204);
    assert.equal((await oss.send({ method: 'DELETE', key: 'gone' })).status, 204);
    assert.equal((await get('gone')).status, 404);
  });

  it('lets what is read be read to its end, also when it is deleted meanwhile', async () => {
    await oss.send({ method: 'PUT', bucket: 'short-lived', key: 'read', body: 'to its end' });
    const reading = oss.server.object('short-lived', 'read')!.bytes();
    const files = readdirSync(join(oss.dir, 'data'));
    oss.server.deleteBucket('short-lived');
    assert.equal((await reading).toString(), 'to its end');
    assert.equal(readdirSync(join(oss.dir, 'data')).length, files.length - 1);
  });

  it('deletes many objects at once, if the list comes with its MD5', async () => {
    await put('many/1', '');
    await put('many/2', '');
    const body =
      '<Delete><Quiet>false</Quiet><Object><Key>many/1</Key></Object><Object><Key>many/2</Key></Object></Delete>';
    const request = { method: 'POST', query: { delete: '' }, body };
    assert.equal((await oss.send(request)).element('Code'), 'InvalidArgument');
    const headers = { 'content-md5': md5(body).digest('base64') };
    const answer = await oss.send({ ...request, headers });
    assert.deepEqual(answer.elements('Key'), ['many/1', 'many/2']);
    assert.equal(oss.server.object(bucket, 'many/1'), undefined);
  });

  it('gives a version id in a versioned bucket', async () => {
    const answer = await oss.send({ method: 'PUT', bucket: 'versioned', key: 'v', body: 'x' });
    assert.match(String(answer.headers['x-oss-version-id']), /^CAEQ/);
  });

  describe('with a callback', () => {
    const bodies: string[] = [];
    const hosts: (string | undefined)[] = [];
    let status = 200;
    const application = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push(body);
        hosts.push(request.headers.host);
        response.writeHead(status).end('{"Status":"OK"}');
      });
    });
    before(() => new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve)));
    after(() => application.close());

    const callback = () =>
      Buffer.from(
        JSON.stringify({
          callbackUrl: `http://127.0.0.1:${(application.address() as AddressInfo).port}/done`,
          callbackHost: 'app.example',
          callbackBody:
            '{"bucket":${bucket},"key":${object},"etag":${etag},"size":${size},"type":${mimeType},"who":${x:who}}',
          callbackBodyType: 'application/json',
        }),
      ).toString('base64');
    const variables = Buffer.from('{"x:who":"me"}').toString('base64');

    it("answers with the application's answer", async () => {
      const headers = { 'x-oss-callback': callback(), 'x-oss-callback-var': variables };
      const answer = await put('called', 'body', headers);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '{"Status":"OK"}');
      assert.equal(hosts.at(-1), 'app.example');
      assert.deepEqual(JSON.parse(bodies.at(-1)!), {
        bucket,
        key: 'called',
        etag: md5('body').digest('hex').toUpperCase(),
        size: 4,
        type: 'application/octet-stream',
        who: 'me',
      });
    });

    it('answers 203 when the application fails, and keeps the object', async () => {
      status = 301;
      const answer = await put('called-in-vain', 'body', { 'x-oss-callback': callback() });
      assert.equal(answer.status, 203);
      assert.equal(answer.element('Code'), 'CallbackFailed');
      assert.equal(answer.element('Message'), 'Error status : 301.');
      assert.equal(answer.element('EC'), '0007-00000203');
      assert.equal((await get('called-in-vain')).text, 'body');
    });
  });
});
