import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bucket, openTestServer, testKey, type TestServer } from './testServer.ts';

interface AliOssClient {
  put(key: string, body: Buffer): Promise<{ readonly res: { readonly status: number } }>;
  get(key: string): Promise<{ readonly content: Buffer }>;
  head(key: string): Promise<{ readonly res: { readonly headers: Record<string, string> } }>;
  list(query: object): Promise<{ readonly objects?: { readonly name: string }[] }>;
  listBuckets(query: object): Promise<{ readonly buckets: { readonly name: string }[] | null }>;
  getBucketInfo(name: string): Promise<{ readonly bucket: { readonly Location: string } }>;
  delete(key: string): Promise<unknown>;
  deleteMulti(keys: string[]): Promise<{ readonly deleted?: { readonly Key: string }[] }>;
  multipartUpload(key: string, file: string, options: object): Promise<{ readonly etag: string }>;
  initMultipartUpload(key: string): Promise<{ readonly uploadId: string }>;
  listUploads(query: object): Promise<{ readonly uploads: { readonly uploadId: string }[] }>;
  listParts(key: string, uploadId: string): Promise<{ readonly isTruncated: string }>;
  abortMultipartUpload(key: string, uploadId: string): Promise<unknown>;
  signatureUrl(key: string, options: object): string;
}

// ali-oss has no types of its own; the tests need these few methods.
const AliOss = createRequire(__filename)('ali-oss') as new (options: object) => AliOssClient;

// Without these two, ali-oss writes a warning to the console.
const keepToken = {
  refreshSTSToken: () => Promise.reject(new Error('Not needed')),
  refreshSTSTokenInterval: 3_600_000,
};

/** The ways that ali-oss has to address a server on the loopback interface. */
const addressings: Record<string, (port: number) => object> = {
  'path style on localhost': (port) => ({ endpoint: `http://localhost:${port}`, sldEnable: true }),
  'path style on an IP': (port) => ({ endpoint: `http://127.0.0.1:${port}`, sldEnable: true }),
  'the bucket in the Host on an IP': (port) => ({ endpoint: `http://127.0.0.1:${port}` }),
  'a CNAME': (port) => ({ endpoint: `http://localhost:${port}`, cname: true }),
};

describe('ali-oss with the OSS server', () => {
  const key = 'folder/a b+c ü😀.bin';
  const bytes = createHash('sha512').update('seed').digest();
  const token = 'token+/=';
  const temporary = { accessKeyId: 'STS.id', accessKeySecret: 'sts', securityToken: token };
  let oss: TestServer;
  let dir: string;
  let file: string;
  const content = Buffer.alloc(350_000, bytes);
  before(async () => {
    oss = await openTestServer({ credentials: [{ ...testKey }, temporary] });
    dir = mkdtempSync(join(tmpdir(), 'ali-oss-'));
    file = join(dir, 'file.bin');
    writeFileSync(file, content);
  });
  after(async () => {
    await oss.close();
    rmSync(dir, { recursive: true, force: true });
  });

  for (const [name, addressing] of Object.entries(addressings)) {
    for (const authorizationV4 of [false, true]) {
      const open = (more: object = {}) =>
        new AliOss({
          ...testKey,
          bucket,
          region: 'oss-cn-hangzhou',
          authorizationV4,
          ...addressing(oss.server.port),
          ...more,
        });

      it(`works with ${name}, signature ${authorizationV4 ? 'V4' : 'V1'}`, async () => {
        const client = open();
        assert.equal((await client.put(key, bytes)).res.status, 200);
        assert.deepEqual((await client.get(key)).content, bytes);
        const { objects } = await client.list({ prefix: '', 'max-keys': 10 });
        assert.deepEqual(
          objects?.map((object) => object.name),
          [key],
        );
        const options = { partSize: 102_400, parallel: 2, mime: 'video/mp4' };
        const { etag } = await client.multipartUpload(key, file, options);
        assert.match(etag, /-4"$/);
        assert.deepEqual(await oss.server.object(bucket, key)?.bytes(), content);
        const { headers } = (await client.head(key)).res;
        assert.equal(headers['content-type'], 'video/mp4');
        const { uploadId } = await client.initMultipartUpload(key);
        const { uploads } = await client.listUploads({ prefix: 'folder/' });
        assert.deepEqual(
          uploads.map((upload) => upload.uploadId),
          [uploadId],
        );
        assert.equal((await client.listParts(key, uploadId)).isTruncated, 'false');
        await client.abortMultipartUpload(key, uploadId);
        await client.deleteMulti([key]);
        assert.deepEqual(oss.server.keys(bucket), []);
        assert.equal((await client.getBucketInfo(bucket)).bucket.Location, 'oss-cn-hangzhou');
      });

      it(`is refused with ${name} and a wrong secret, ${authorizationV4 ? 'V4' : 'V1'}`, async () => {
        const client = open({ accessKeySecret: 'wrong' });
        await assert.rejects(client.get(key), { code: 'SignatureDoesNotMatch' });
        await assert.rejects(open({ accessKeyId: 'nobody' }).get(key), {
          code: 'InvalidAccessKeyId',
          ecCode: '0002-00000902',
        });
      });

      it(`works with ${name} and a token, ${authorizationV4 ? 'V4' : 'V1'}`, async () => {
        const client = open({ ...temporary, stsToken: token, ...keepToken });
        await client.put('sts', bytes);
        await client.delete('sts');
        await assert.rejects(
          open({ ...temporary, stsToken: 'other', ...keepToken }).put('sts', bytes),
          {
            code: 'InvalidSecurityToken',
          },
        );
      });
    }
  }

  it('lists buckets', async () => {
    for (const authorizationV4 of [false, true]) {
      for (const name of ['path style on localhost', 'the bucket in the Host on an IP']) {
        const client = new AliOss({
          ...testKey,
          region: 'oss-cn-hangzhou',
          authorizationV4,
          ...addressings[name]!(oss.server.port),
        });
        const { buckets } = await client.listBuckets({});
        assert.deepEqual(
          buckets?.map((found) => found.name),
          [bucket],
        );
      }
    }
  });

  it('signs URLs that the server accepts', async () => {
    const client = new AliOss({
      ...testKey,
      bucket,
      region: 'oss-cn-hangzhou',
      endpoint: `http://localhost:${oss.server.port}`,
      sldEnable: true,
    });
    await client.put(key, bytes);
    const response = await fetch(client.signatureUrl(key, { expires: 60 }));
    assert.equal(response.status, 200);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), bytes);
  });
});
