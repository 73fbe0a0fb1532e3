import assert from 'node:assert/strict';
import { UploadError } from '../../../src/engine/contract/errors';
import {
  addressOfObject,
  regionId,
  resolveEndpoint,
  resolveBucketEndpoint,
} from '../../../src/oss/endpoints';

const virtual = { secure: true, place: 'host' };

describe('regionId', () => {
  it('takes a location with or without oss- for a region id', () => {
    assert.equal(regionId('oss-cn-hangzhou'), 'cn-hangzhou');
    assert.equal(regionId(' CN-Hangzhou '), 'cn-hangzhou');
  });
});

describe('resolveEndpoint', () => {
  const of = (endpoint: string, region = 'cn-beijing', bucket = 'photos') =>
    resolveEndpoint(endpoint, region, bucket);

  for (const [endpoint, host] of [
    ['public', 'oss-cn-beijing.aliyuncs.com'],
    ['', 'oss-cn-beijing.aliyuncs.com'],
    ['internal', 'oss-cn-beijing-internal.aliyuncs.com'],
    ['accelerate', 'oss-accelerate.aliyuncs.com'],
  ] as const) {
    it(`reaches the region by ${endpoint === '' ? 'nothing' : endpoint}`, () => {
      assert.deepEqual(of(endpoint), { ...virtual, host, region: 'cn-beijing' });
      assert.deepEqual(of(endpoint, 'oss-cn-beijing'), { ...virtual, host, region: 'cn-beijing' });
    });
  }

  it('asks some region when none is known', () => {
    const host = 'oss-cn-hangzhou.aliyuncs.com';
    assert.deepEqual(of('internal', ''), { ...virtual, host, region: '' });
  });

  it('takes the region of an OSS endpoint over the one it was told', () => {
    const address = { ...virtual, host: 'oss-cn-shanghai.aliyuncs.com', region: 'cn-shanghai' };
    assert.deepEqual(of('oss-cn-shanghai.aliyuncs.com'), address);
    assert.deepEqual(of('https://photos.oss-cn-shanghai.aliyuncs.com/'), address);
    assert.equal(of('http://oss-cn-shanghai.aliyuncs.com').secure, false);
  });

  for (const service of [
    'oss-cn-shanghai.aliyuncs.com:8443',
    'oss-cn-shanghai-internal.aliyuncs.com',
    'cn-shanghai.oss.aliyuncs.com',
    'vpc100-oss-cn-shanghai.aliyuncs.com',
    'oss-accelerate.aliyuncs.com',
    'oss-accelerate-overseas.aliyuncs.com',
  ]) {
    it(`takes photos.${service} for the service, whatever bucket is asked for`, () => {
      for (const bucket of ['photos', 'films', '']) {
        assert.deepEqual(of(`photos.${service}`, '', bucket), of(service, '', bucket));
        assert.equal(of(service, '', bucket).host, service);
      }
    });
  }

  it('leaves the name of an accelerator whole, and keeps the region that it was told', () => {
    const host = 'cn-beijing-h-internal.oss-data-acc.aliyuncs.com';
    for (const name of [host, `photos.${host}`]) {
      assert.deepEqual(of(name), { ...virtual, host, region: 'cn-beijing' });
    }
  });

  it('leaves open whether a plain name is a domain of the bucket, except for one bucket', () => {
    const host = 'files.example.com:8443';
    const address = { host, secure: true, region: 'cn-beijing' };
    assert.deepEqual(of(`https://${host}`), { ...address, place: 'unknown' });
    const own = resolveBucketEndpoint(`https://${host}`, 'cn-beijing', 'photos');
    assert.deepEqual(own, { ...address, place: 'domain' });
  });

  it('puts the bucket where the endpoint says', () => {
    const address = { host: 'oss.example.com', secure: true, region: 'cn-beijing' };
    assert.deepEqual(of('https://{bucket}.oss.example.com'), { ...address, place: 'host' });
    assert.deepEqual(of('https://oss.example.com/{bucket}'), { ...address, place: 'path' });
  });

  it('takes the names of buckets that exist', () => {
    for (const name of ['my_bucket', '_old_', '123']) {
      assert.equal(of('public', 'cn-beijing', name).place, 'host');
    }
  });

  for (const [endpoint, host, secure] of [
    ['http://127.0.0.1:9000', '127.0.0.1:9000', false],
    ['127.0.0.1:9000', '127.0.0.1:9000', false],
    ['https://localhost:9000', 'localhost:9000', true],
    ['http://[::1]:9000/', '[::1]:9000', false],
    ['http://[2001:db8::1]/', '[2001:db8::1]', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.3', true],
  ] as const) {
    it(`uses path style at ${endpoint}`, () => {
      const region = 'cn-beijing';
      assert.deepEqual(of(endpoint), { host, secure, place: 'path', region });
    });
  }

  for (const [endpoint, region, bucket, field] of [
    ['ftp://host', '', 'photos', 'endpoint'],
    ['https://user:secret@host', '', 'photos', 'endpoint'],
    ['https://host/?Signature=secret', '', 'photos', 'endpoint'],
    ['pubic', '', 'photos', 'endpoint'],
    ['https://', '', 'photos', 'endpoint'],
    ['public', 'evil.example.com/', 'photos', 'region'],
    ['public', 'cn-beijing', 'a/b', 'bucket'],
    ['public', 'cn-beijing', 'Photos', 'bucket'],
    ['public', 'cn-beijing', 'ab', 'bucket'],
  ] as const) {
    it(`refuses ${JSON.stringify([endpoint, region, bucket])} as a wrong ${field}`, () => {
      assert.throws(
        () => resolveEndpoint(endpoint, region, bucket),
        (error) =>
          UploadError.is(error, 'invalidArgument') &&
          error.field === field &&
          !error.message.includes('secret'),
      );
    });
  }
});

describe('addressOfObject', () => {
  const address = resolveEndpoint('public', 'cn-beijing', 'photos');
  const local = resolveEndpoint('http://127.0.0.1:9000', '', 'photos');
  const own = resolveBucketEndpoint('https://files.example.com', '', 'photos');

  it('puts the bucket where the address has it', () => {
    assert.equal(
      addressOfObject(address, 'photos', 'a/b.txt', ''),
      'https://photos.oss-cn-beijing.aliyuncs.com/a/b.txt',
    );
    assert.equal(addressOfObject(local, 'photos', 'a', ''), 'http://127.0.0.1:9000/photos/a');
    assert.equal(addressOfObject(own, 'photos', 'a', ''), 'https://files.example.com/a');
  });

  it('goes under another base, whether that ends in a slash or not', () => {
    for (const base of ['https://cdn.example.com/x', 'https://cdn.example.com/x/']) {
      assert.equal(
        addressOfObject(address, 'photos', 'a b', base),
        'https://cdn.example.com/x/a%20b',
      );
    }
  });

  it('encodes everything but slashes', () => {
    const url = addressOfObject(own, 'photos', "a+b %&#?=/中'(!)*\n", '');
    assert.equal(
      url,
      'https://files.example.com/a%2Bb%20%25%26%23%3F%3D/%E4%B8%AD%27%28%21%29%2A%0A',
    );
  });
});
