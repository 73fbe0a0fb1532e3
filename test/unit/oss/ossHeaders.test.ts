import assert from 'node:assert/strict';
import type { ObjectOptions } from '../../../src/engine/contract/ports';
import { UploadError } from '../../../src/engine/contract/errors';
import {
  completeHeaders,
  initiateHeaders,
  partHeaders,
  putHeaders,
} from '../../../src/oss/ossHeaders';

const everything: ObjectOptions & { forbidOverwrite: boolean } = {
  contentType: 'video/x-own',
  cacheControl: 'no-cache',
  contentDisposition: 'attachment; filename="视频.mp4"',
  acl: 'public-read',
  storageClass: 'IA',
  encryption: { algorithm: 'KMS', keyId: 'key-1' },
  metadata: { Author: ' 李雷 ', empty: '' },
  tags: { 'a b': '1&2', c: '' },
  callback: {
    url: 'https://app.example.com/cb',
    body: 'bucket=${bucket}',
    host: 'app.example.com',
    bodyType: 'application/json',
    variables: { user: 'u1', 'x:own': '2' },
  },
  trafficLimitBitsPerSecond: 819_200,
  forbidOverwrite: true,
};

const plain = { forbidOverwrite: false };

const acl = { 'x-oss-object-acl': 'public-read' };
const overwrite = { 'x-oss-forbid-overwrite': 'true' };
const limit = { 'x-oss-traffic-limit': '819200' };
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');
const callback = {
  'x-oss-callback': base64({
    callbackUrl: 'https://app.example.com/cb',
    callbackHost: 'app.example.com',
    callbackBody: 'bucket=${bucket}',
    callbackBodyType: 'application/json',
  }),
  'x-oss-callback-var': base64({ 'x:user': 'u1', 'x:own': '2' }),
};
const properties = {
  'content-type': 'video/x-own',
  'cache-control': 'no-cache',
  'content-disposition': 'attachment; filename="视频.mp4"',
  'x-oss-storage-class': 'IA',
  'x-oss-server-side-encryption': 'KMS',
  'x-oss-server-side-encryption-key-id': 'key-1',
  'x-oss-meta-author': '李雷',
  'x-oss-tagging': 'a%20b=1%262&c=',
};

describe('headers of requests to OSS', () => {
  it('give the properties of the object at InitiateMultipartUpload', () => {
    assert.deepEqual(initiateHeaders('k', everything), {
      ...properties,
      ...acl,
      ...overwrite,
    });
  });

  it('give a part nothing but the limit: OSS refuses the encryption there', () => {
    const type = { 'content-type': 'application/octet-stream' };
    assert.deepEqual(partHeaders(everything), { ...limit, ...type });
  });

  it('give CompleteMultipartUpload what concerns the moment the object appears', () => {
    const type = { 'content-type': 'application/xml' };
    const expected = { ...acl, ...overwrite, ...callback, ...type };
    assert.deepEqual(completeHeaders(everything), expected);
  });

  it('give PutObject all of it', () => {
    const all = { ...properties, ...acl, ...overwrite, ...limit, ...callback };
    assert.deepEqual(putHeaders('k', everything), all);
  });

  it('never have a value that is undefined or empty: ali-oss would sign the word', () => {
    const options = { ...plain, acl: 'default', cacheControl: undefined, tags: {} } as const;
    const headers = { ...putHeaders('a.txt', options), ...completeHeaders(options) };
    assert.deepEqual(Object.keys(headers), ['content-type']);
    assert.deepEqual(putHeaders('a.txt', plain), { 'content-type': 'text/plain; charset=utf-8' });
  });

  it('refuse line ends and control characters, in names too', () => {
    for (const metadata of [{ a: 'x\ny' }, { a: 'x\0' }, { 'a\r\nb': 'x' }, { ä: 'x' }]) {
      assert.throws(
        () => initiateHeaders('k', { ...plain, metadata }),
        (error) => UploadError.is(error, 'invalidArgument'),
      );
    }
  });
});
