import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { crc64Of } from '../crc64.ts';
import { bucket, completeBody, openTestServer, type TestServer } from './testServer.ts';

const minSize = 102_400;
const partA = Buffer.alloc(minSize, 'A');
const partB = Buffer.alloc(minSize, 'B');
const rest = Buffer.from('rest');

describe('multipart uploads of the OSS server', () => {
  let oss: TestServer;
  before(async () => {
    oss = await openTestServer();
  });
  after(() => oss.close());

  const etagOf = async (key: string, id: string, number: number, body: string | Uint8Array) =>
    String((await oss.uploadPart(key, id, number, body)).headers.etag);
  const listParts = (key: string, uploadId: string, query: Record<string, string> = {}) =>
    oss.send({ method: 'GET', key, query: { uploadId, ...query } });

  it('makes one object of the listed parts, with gaps, in any order of arrival', async () => {
    const key = 'folder/big file.bin';
    const id = await oss.initiate(key, {
      'content-type': 'video/mp4',
      'x-oss-meta-a': 'b',
      'x-oss-tagging': 'a=b',
      'x-oss-storage-class': 'IA',
      'x-oss-object-acl': 'private',
    });
    assert.match(id, /^[0-9A-F]{32}$/);
    const etags: [number, string][] = [];
    for (const [number, body] of [
      [9, rest],
      [2, partB],
      [5, Buffer.from('never listed')],
      [1, partA],
    ] as const) {
      etags.push([number, await etagOf(key, id, number, body)]);
    }
    const used = etags.filter(([number]) => number !== 5).sort(([a], [b]) => a - b);
    assert.equal(oss.server.object(bucket, key), undefined);
    const answer = await oss.complete(key, id, used);
    assert.equal(answer.status, 200);
    const whole = Buffer.concat([partA, partB, rest]);
    const crc64 = (await crc64Of(whole)).toString();
    assert.equal(answer.headers['x-oss-hash-crc64ecma'], crc64);
    assert.equal(answer.element('ETag'), answer.headers.etag?.replaceAll('"', '&quot;'));
    assert.match(answer.headers.etag!, /^"[0-9A-F]{32}-3"$/);
    assert.equal(answer.element('Key'), key);
    assert.match(answer.element('Location')!, /\/folder%2Fbig%20file.bin$/);

    const object = oss.server.object(bucket, key)!;
    assert.equal(await object.sha256(), createHash('sha256').update(whole).digest('hex'));
    const head = await oss.send({ method: 'HEAD', key });
    assert.equal(head.headers['x-oss-object-type'], 'Multipart');
    assert.equal(head.headers['content-type'], 'video/mp4');
    assert.equal(head.headers['x-oss-meta-a'], 'b');
    assert.equal(head.headers['x-oss-tagging-count'], '1');
    assert.equal(head.headers['x-oss-storage-class'], 'IA');
    assert.equal(head.headers['x-oss-hash-crc64ecma'], crc64);
    assert.equal(head.headers['content-md5'], undefined);
    const middle = await oss.send({
      method: 'GET',
      key,
      headers: { range: `bytes=${minSize - 1}-${minSize}` },
    });
    assert.equal(middle.text, 'AB');
    assert.deepEqual(oss.server.uploads(bucket), []);
  });

  it('replaces a part that is sent again', async () => {
    const id = await oss.initiate('again');
    await oss.uploadPart('again', id, 1, 'first');
    const etag = await etagOf('again', id, 1, 'second');
    assert.equal(oss.server.parts(id).length, 1);
    await oss.complete('again', id, [[1, etag]]);
    assert.equal((await oss.server.object(bucket, 'again')!.bytes()).toString(), 'second');
  });

  it('lists parts in pages', async () => {
    const id = await oss.initiate('pages');
    const empty = await listParts('pages', id);
    assert.equal(empty.element('NextPartNumberMarker'), undefined);
    assert.equal(empty.element('IsTruncated'), 'false');
    for (const number of [3, 1, 7]) await oss.uploadPart('pages', id, number, `part ${number}`);
    const all = await listParts('pages', id);
    assert.deepEqual(all.elements('PartNumber'), ['1', '3', '7']);
    assert.deepEqual(all.elements('Size'), ['6', '6', '6']);
    assert.equal(all.element('MaxParts'), '1000');
    assert.equal(all.element('PartNumberMarker'), '0');
    assert.equal(all.element('NextPartNumberMarker'), '7');
    assert.equal(all.element('HashCrc64ecma'), (await crc64Of(Buffer.from('part 1'))).toString());
    const first = await listParts('pages', id, { 'max-parts': '2' });
    assert.deepEqual(first.elements('PartNumber'), ['1', '3']);
    assert.equal(first.element('IsTruncated'), 'true');
    const second = await listParts('pages', id, { 'part-number-marker': '3' });
    assert.deepEqual(second.elements('PartNumber'), ['7']);
    const tooMany = await listParts('pages', id, { 'max-parts': '1001' });
    assert.equal(tooMany.element('Code'), 'InvalidArgument');
  });

  it('lists uploads by key and id, in pages', async () => {
    const ids = [await oss.initiate('u/a'), await oss.initiate('u/a'), await oss.initiate('u/b')];
    const [low, high] = [ids[0]!, ids[1]!].sort();
    const list = (query: Record<string, string> = {}) =>
      oss.send({ method: 'GET', query: { uploads: '', prefix: 'u/', ...query } });
    assert.deepEqual((await list()).elements('UploadId'), [low, high, ids[2]]);
    const page = await list({ 'max-uploads': '1' });
    assert.deepEqual(page.elements('UploadId'), [low]);
    assert.equal(page.element('IsTruncated'), 'true');
    assert.equal(page.element('NextKeyMarker'), 'u/a');
    assert.equal(page.element('NextUploadIdMarker'), low);
    const next = await list({ 'key-marker': 'u/a', 'upload-id-marker': low! });
    assert.deepEqual(next.elements('UploadId'), [high, ids[2]]);
    const after = await list({ 'key-marker': 'u/a' });
    assert.deepEqual(after.elements('UploadId'), [ids[2]]);
    assert.ok(Date.parse(after.element('Initiated')!) > 0);
    const folded = await list({ prefix: '', delimiter: '/' }).then((answer) => answer);
    assert.ok(folded.elements('Prefix').includes('u/'));
    const encoded = await list({ 'encoding-type': 'url' });
    assert.equal(encoded.element('Key'), 'u%2Fa');
    const none = await list({ prefix: 'nothing' });
    assert.equal(none.element('NextKeyMarker'), '');
  });

  it('aborts an upload once', async () => {
    const id = await oss.initiate('aborted');
    await oss.uploadPart('aborted', id, 1, 'x');
    const abort = () => oss.send({ method: 'DELETE', key: 'aborted', query: { uploadId: id } });
    assert.equal((await abort()).status, 204);
    const again = await abort();
    assert.equal(again.status, 404);
    assert.equal(again.element('Code'), 'NoSuchUpload');
    assert.equal(again.element('EC'), '0042-00000002');
    const part = await oss.uploadPart('aborted', id, 2, 'x');
    assert.equal(part.element('Code'), 'NoSuchUpload');
    assert.equal(part.element('EC'), '0042-00000104');
    assert.equal((await listParts('aborted', id)).element('Code'), 'NoSuchUpload');
  });

  it('knows an upload only by its own key', async () => {
    const id = await oss.initiate('mine');
    assert.equal((await oss.uploadPart('other', id, 1, 'x')).element('Code'), 'NoSuchUpload');
  });

  it('completes an upload once', async () => {
    const id = await oss.initiate('completed');
    const etag = await etagOf('completed', id, 1, 'x');
    assert.equal((await oss.complete('completed', id, [[1, etag]])).status, 200);
    const again = await oss.complete('completed', id, [[1, etag]]);
    assert.equal(again.status, 404);
    assert.equal(again.element('Code'), 'NoSuchUpload');
  });

  it('refuses part numbers that are none', async () => {
    const id = await oss.initiate('numbers');
    for (const partNumber of ['0', '10001', '-1', '1.5', 'x']) {
      const query = { partNumber, uploadId: id };
      const answer = await oss.send({ method: 'PUT', key: 'numbers', query, body: 'x' });
      assert.equal(answer.element('EC'), '0017-00000220');
      assert.equal(answer.element('ArgumentName'), 'PartNumber');
      assert.equal(answer.element('ArgumentValue'), partNumber);
    }
    const query = { uploadId: id };
    const missing = await oss.send({ method: 'PUT', key: 'numbers', query, body: 'x' });
    assert.equal(missing.element('EC'), '0017-00000219');
    assert.equal((await oss.uploadPart('numbers', id, 10_000, 'x')).status, 200);
  });

  it('refuses encryption on a part', async () => {
    const id = await oss.initiate('encrypted', { 'x-oss-server-side-encryption': 'AES256' });
    const answer = await oss.send({
      method: 'PUT',
      key: 'encrypted',
      query: { partNumber: '1', uploadId: id },
      headers: { 'x-oss-server-side-encryption': 'AES256' },
      body: 'x',
    });
    assert.equal(answer.element('Code'), 'InvalidArgument');
  });

  describe('refuses to complete', () => {
    const key = 'refused';
    let id: string;
    let a: string;
    let small: string;
    before(async () => {
      id = await oss.initiate(key);
      a = await etagOf(key, id, 1, partA);
      small = await etagOf(key, id, 2, 'small');
      await oss.uploadPart(key, id, 3, rest);
    });
    // The upload stays usable after each of them.
    after(async () => {
      assert.equal((await oss.complete(key, id, [[1, a]])).status, 200);
    });

    const refuse = async (
      parts: readonly (readonly [number, string])[],
      code: string,
      ec?: string,
    ) => {
      const answer = await oss.complete(key, id, parts);
      assert.equal(answer.status, 400);
      assert.equal(answer.element('Code'), code);
      assert.equal(answer.element('EC'), ec);
      assert.equal(oss.server.object(bucket, key), undefined);
    };

    it('a part that was never sent', () => refuse([[4, a]], 'InvalidPart'));
    it('a part with another ETag', () => refuse([[2, a]], 'InvalidPart'));
    it('parts out of order', () =>
      refuse(
        [
          [2, small],
          [1, a],
        ],
        'InvalidPartOrder',
        '0042-00000209',
      ));
    it('a part named twice', () =>
      refuse(
        [
          [1, a],
          [1, a],
        ],
        'InvalidPartOrder',
        '0042-00000209',
      ));
    it('a number beyond 10000', () => refuse([[10_001, a]], 'InvalidPartOrder', '0042-00000209'));
    it('a small part that is not the last', () =>
      refuse(
        [
          [2, small],
          [3, `"${createHash('md5').update(rest).digest('hex').toUpperCase()}"`],
        ],
        'EntityTooSmall',
        '0042-00000213',
      ));
    it('no parts', () => refuse([], 'MalformedXML', '0042-00000205'));

    for (const body of ['', 'text', '<Wrong/>', '<CompleteMultipartUpload><Part>']) {
      it(`with the body "${body}"`, async () => {
        const answer = await oss.send({ method: 'POST', key, query: { uploadId: id }, body });
        assert.equal(answer.element('Code'), 'MalformedXML');
      });
    }

    it('with a document type', async () => {
      const body = `<!DOCTYPE x [<!ENTITY e "1">]>${completeBody([[1, a]])}`;
      const answer = await oss.send({ method: 'POST', key, query: { uploadId: id }, body });
      assert.equal(answer.element('Code'), 'MalformedXML');
    });

    it('with a wrong MD5', async () => {
      const answer = await oss.complete(key, id, [[1, a]], {
        'content-md5': createHash('md5').digest('base64'),
      });
      assert.equal(answer.element('Code'), 'InvalidDigest');
    });
  });

  it('takes ETags in any of the forms that clients send', async () => {
    for (const form of [
      (etag: string) => etag,
      (etag: string) => etag.replaceAll('"', ''),
      (etag: string) => etag.replaceAll('"', '&#34;'),
      (etag: string) => etag.replaceAll('"', '&quot;').toLowerCase(),
    ]) {
      const id = await oss.initiate('forms');
      const etag = await etagOf('forms', id, 1, 'x');
      assert.equal((await oss.complete('forms', id, [[1, form(etag)]])).status, 200);
    }
  });

  it('completes all parts without a list', async () => {
    const id = await oss.initiate('all');
    await oss.uploadPart('all', id, 4, rest);
    await oss.uploadPart('all', id, 2, partA);
    const all = { method: 'POST', key: 'all', query: { uploadId: id } };
    const headers = { 'x-oss-complete-all': 'yes' };
    const both = await oss.send({ ...all, headers, body: 'x' });
    assert.equal(both.element('EC'), '0042-00000216');
    assert.equal((await oss.send({ ...all, headers, body: '' })).status, 200);
    assert.equal(oss.server.object(bucket, 'all')?.sizeBytes, minSize + 4);
  });

  it('forbids to overwrite at initiate and at complete, and keeps the upload then', async () => {
    const forbid = { 'x-oss-forbid-overwrite': 'true' };
    const id = await oss.initiate('exists', forbid);
    const etag = await etagOf('exists', id, 1, 'new');
    await oss.server.putObject(bucket, 'exists', Buffer.from('old'));
    const query = { uploads: '' };
    const initiate = await oss.send({ method: 'POST', key: 'exists', query, headers: forbid });
    assert.equal(initiate.status, 409);
    assert.equal(initiate.element('Code'), 'FileAlreadyExists');
    const complete = await oss.complete('exists', id, [[1, etag]], forbid);
    assert.equal(complete.status, 409);
    assert.equal(complete.element('EC'), '0042-00000214');
    assert.equal((await oss.complete('exists', id, [[1, etag]])).status, 200);
    assert.equal((await oss.server.object(bucket, 'exists')!.bytes()).toString(), 'new');
  });

  it('takes the parts of a sequential upload in order, and then knows the MD5', async () => {
    const query = { uploads: '', sequential: '' };
    const id = (await oss.send({ method: 'POST', key: 'seq', query })).element('UploadId')!;
    assert.equal((await oss.uploadPart('seq', id, 2, 'x')).element('Code'), 'PartNotSequential');
    const etag = await etagOf('seq', id, 1, partA);
    const etag2 = await etagOf('seq', id, 2, rest);
    await oss.complete('seq', id, [
      [1, etag],
      [2, etag2],
    ]);
    const head = await oss.send({ method: 'HEAD', key: 'seq' });
    const md5 = createHash('md5').update(partA).update(rest).digest('base64');
    assert.equal(head.headers['content-md5'], md5);
  });

  it('copies a range of an object as a part', async () => {
    await oss.server.putObject(bucket, 'source ü', Buffer.from('0123456789'));
    const id = await oss.initiate('copy');
    const answer = await oss.send({
      method: 'PUT',
      key: 'copy',
      query: { partNumber: '1', uploadId: id },
      headers: {
        'x-oss-copy-source': `/${bucket}/${encodeURIComponent('source ü')}`,
        'x-oss-copy-source-range': 'bytes=2-5',
      },
    });
    assert.equal(answer.element('ETag'), answer.headers.etag?.replaceAll('"', '&quot;'));
    await oss.complete('copy', id, [[1, answer.headers.etag!]]);
    assert.equal((await oss.server.object(bucket, 'copy')!.bytes()).toString(), '2345');
  });
});
