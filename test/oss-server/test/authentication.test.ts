import assert from 'node:assert/strict';
import type { OssCredential } from '../authentication.ts';
import type { Signing } from '../client.ts';
import { bucket, openTestServer, testKey, type TestServer } from './testServer.ts';

const minuteMs = 60_000;

describe('authentication of the OSS server', () => {
  const temporary: OssCredential = {
    accessKeyId: 'STS.temporary',
    accessKeySecret: 'temporary-secret',
    securityToken: 'the-token+/=',
    expiresAt: Date.now() + 60 * minuteMs,
  };
  const limited: OssCredential = {
    accessKeyId: 'limited',
    accessKeySecret: 'limited-secret',
    deny: ['putObject', 'abortMultipartUpload'],
    deniedBuckets: ['bucket-two'],
  };
  let oss: TestServer;
  before(async () => {
    oss = await openTestServer({
      buckets: [{ name: bucket }, { name: 'bucket-two' }, { name: 'public', acl: 'public-read' }],
      credentials: [{ ...testKey }, temporary, limited],
    });
    await oss.server.putObject(bucket, 'key', Buffer.from('bytes'));
    await oss.server.putObject(bucket, 'odd key+ü/%', Buffer.from('bytes'));
    await oss.server.putObject('public', 'key', Buffer.from('bytes'));
  });
  after(() => oss.close());

  const get = (signing: Signing | undefined, more: { readonly key?: string } = {}) =>
    oss.send({ method: 'GET', key: 'key', signing, ...more });
  const signings: Signing[] = [
    { version: 'v1', ...testKey },
    { version: 'v4', ...testKey },
    { version: 'v1', ...testKey, urlSeconds: 60 },
    { version: 'v4', ...testKey, urlSeconds: 60 },
  ];

  for (const signing of signings) {
    const name = `${signing.version} in the ${signing.urlSeconds ? 'URL' : 'header'}`;

    it(`accepts ${name}`, async () => {
      assert.equal((await get(signing)).text, 'bytes');
      assert.equal((await get(signing, { key: 'odd key+ü/%' })).text, 'bytes');
    });

    it(`refuses a wrong secret, ${name}`, async () => {
      const answer = await get({ ...signing, accessKeySecret: 'wrong' });
      assert.equal(answer.status, 403);
      assert.equal(answer.element('Code'), 'SignatureDoesNotMatch');
      assert.equal(
        answer.element('EC'),
        signing.version === 'v1' ? '0002-00000040' : '0002-00000201',
      );
      assert.equal(answer.element('OSSAccessKeyId'), testKey.accessKeyId);
      const text = answer.element('StringToSign')!;
      const bytes = Buffer.from(answer.element('StringToSignBytes')!.replaceAll(' ', ''), 'hex');
      assert.equal(bytes.toString().replaceAll('&', '&amp;'), text);
    });

    it(`refuses a key it does not know, ${name}`, async () => {
      const answer = await get({ ...signing, accessKeyId: 'nobody' });
      assert.equal(answer.status, 403);
      assert.equal(answer.element('Code'), 'InvalidAccessKeyId');
      assert.equal(answer.element('EC'), '0002-00000902');
      assert.equal(answer.headers['x-oss-ec'], '0002-00000902');
      assert.equal(answer.element('OSSAccessKeyId'), 'nobody');
    });

    it(`accepts a temporary key with its token only, ${name}`, async () => {
      const ok = { ...signing, ...temporary };
      assert.equal((await get(ok)).text, 'bytes');
      const code = async (changed: Signing) => (await get(changed)).element('Code');
      assert.equal(await code({ ...ok, securityToken: 'other' }), 'InvalidSecurityToken');
      assert.equal(await code({ ...ok, securityToken: undefined }), 'InvalidAccessKeyId');
      assert.equal(
        await code({ ...signing, securityToken: 'any' }),
        'AccessKeyIdAndSecurityTokenNotMatch',
      );
      temporary.expiresAt = Date.now() - 1;
      assert.equal(await code(ok), 'SecurityTokenExpired');
      temporary.expiresAt = Date.now() + 60 * minuteMs;
    });
  }

  for (const version of ['v1', 'v4'] as const) {
    it(`tells the time to a clock that is off by more than 15 minutes, ${version}`, async () => {
      for (const offMs of [-16 * minuteMs, 16 * minuteMs]) {
        const answer = await get({ version, ...testKey, nowMs: Date.now() + offMs });
        assert.equal(answer.status, 403);
        assert.equal(answer.element('Code'), 'RequestTimeTooSkewed');
        assert.equal(answer.element('MaxAllowedSkewMilliseconds'), '900000');
        const serverTime = Date.parse(answer.element('ServerTime')!);
        assert.ok(Math.abs(serverTime - Date.now()) < minuteMs);
        const requestTime = Date.parse(answer.element('RequestTime')!);
        assert.ok(Math.abs(requestTime - serverTime - offMs) < minuteMs);
      }
      for (const offMs of [-14 * minuteMs, 14 * minuteMs]) {
        const answer = await get({ version, ...testKey, nowMs: Date.now() + offMs });
        assert.equal(answer.status, 200);
      }
    });
  }

  it('has a clock of its own', async () => {
    oss.server.clockOffsetMs = -60 * minuteMs;
    const answer = await get({ version: 'v4', ...testKey });
    oss.server.clockOffsetMs = 0;
    assert.equal(answer.element('Code'), 'RequestTimeTooSkewed');
    assert.ok(Date.parse(answer.headers.date!) < Date.now() - 59 * minuteMs);
  });

  it('refuses URLs that have expired', async () => {
    for (const version of ['v1', 'v4'] as const) {
      const nowMs = Date.now() - 2 * minuteMs;
      const answer = await get({ version, ...testKey, urlSeconds: 60, nowMs });
      assert.equal(answer.element('Code'), 'AccessDenied');
      assert.equal(answer.element('Message'), 'Request has expired.');
    }
  });

  it('looks at the expiry of a URL before its signature', async () => {
    const query = { OSSAccessKeyId: testKey.accessKeyId, Expires: 'x', Signature: 'wrong' };
    const answer = await oss.send({ method: 'GET', key: 'key', query, signing: undefined });
    assert.equal(answer.element('Message'), 'Invalid date (should be seconds since epoch)');
  });

  const malformed: [string, Record<string, string>, Record<string, string>, string, string?][] = [
    ['an Authorization that is none', { authorization: 'Basic x' }, {}, 'InvalidArgument'],
    ['a V1 header without a signature', { authorization: 'OSS id' }, {}, 'InvalidArgument'],
    ['a URL with a part of V1', {}, { Expires: '1' }, 'AccessDenied'],
    [
      'both URL and header',
      { authorization: 'OSS a:b' },
      { OSSAccessKeyId: 'a', Expires: '1', Signature: 'b' },
      'InvalidArgument',
    ],
    [
      'V4 without x-oss-content-sha256',
      {
        authorization:
          'OSS4-HMAC-SHA256 Credential=a/20260101/cn-hangzhou/oss/aliyun_v4_request,Signature=b',
      },
      {},
      'InvalidArgument',
      '0002-00000214',
    ],
    [
      'V4 for another product',
      {
        'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
        authorization:
          'OSS4-HMAC-SHA256 Credential=a/20260101/cn-hangzhou/s3/aliyun_v4_request,Signature=b',
      },
      {},
      'InvalidArgument',
      '0002-00000227',
    ],
    [
      'V4 with empty additional headers',
      {
        'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
        authorization:
          'OSS4-HMAC-SHA256 Credential=a/20260101/cn-hangzhou/oss/aliyun_v4_request, AdditionalHeaders=, Signature=b',
      },
      {},
      'InvalidArgument',
      '0002-00000209',
    ],
    [
      'a V4 URL without credential',
      {},
      { 'x-oss-signature-version': 'OSS4-HMAC-SHA256', 'x-oss-signature': 'x' },
      'InvalidArgument',
      '0002-00000217',
    ],
    [
      'a V4 URL without expiry',
      {},
      { 'x-oss-signature-version': 'OSS4-HMAC-SHA256', 'x-oss-credential': 'x' },
      'InvalidArgument',
      '0002-00000215',
    ],
    [
      'a V4 URL without signature',
      {},
      {
        'x-oss-signature-version': 'OSS4-HMAC-SHA256',
        'x-oss-credential': 'a/20260101/cn-hangzhou/oss/aliyun_v4_request',
        'x-oss-expires': '60',
      },
      'InvalidArgument',
      '0002-00000219',
    ],
  ];
  for (const [what, headers, query, code, ec] of malformed) {
    it(`refuses ${what}`, async () => {
      const answer = await oss.send({
        method: 'GET',
        key: 'key',
        headers,
        query,
        signing: undefined,
      });
      assert.equal(answer.element('Code'), code);
      assert.equal(answer.element('EC'), ec);
    });
  }

  it('refuses a request without a date', async () => {
    const headers = { authorization: `OSS ${testKey.accessKeyId}:x` };
    const answer = await oss.send({ method: 'GET', key: 'key', headers, signing: undefined });
    assert.equal(answer.element('Message'), 'OSS authentication requires a valid Date.');
  });

  it('refuses V4 for a region that the host name contradicts', async () => {
    const signing: Signing = { version: 'v4', ...testKey, region: 'cn-beijing' };
    const host = `${bucket}.oss-cn-hangzhou.aliyuncs.com`;
    const wrong = await oss.send({ method: 'GET', key: 'key', signing, host });
    assert.equal(wrong.element('EC'), '0002-00000226');
    const prefixed: Signing = { version: 'v4', ...testKey, region: 'oss-cn-hangzhou' };
    assert.equal((await get(prefixed)).element('EC'), '0002-00000226');
    const right = await oss.send({ method: 'GET', key: 'key', host });
    assert.equal(right.text, 'bytes');
  });

  it('refuses an endpoint of OSS without the bucket before it', async () => {
    const answer = await oss.send({
      method: 'GET',
      key: 'key',
      host: 'oss-cn-hangzhou.aliyuncs.com',
    });
    assert.equal(answer.element('Code'), 'SecondLevelDomainForbidden');
  });

  it('refuses strangers, except where everybody may read', async () => {
    const signing = undefined;
    const refused = await oss.send({ method: 'GET', key: 'key', signing });
    assert.equal(refused.status, 403);
    assert.match(refused.element('Message')!, /^Anonymous user has no right/);
    const list = await oss.send({ method: 'GET', bucket: undefined, signing });
    assert.match(list.element('Message')!, /^Anonymous access is forbidden/);
    const open = { bucket: 'public', key: 'key', signing };
    assert.equal((await oss.send({ method: 'GET', ...open })).text, 'bytes');
    assert.equal((await oss.send({ method: 'HEAD', ...open })).status, 200);
    const query = { 'response-content-type': 'text/html' };
    const overridden = await oss.send({ method: 'GET', ...open, query });
    assert.equal(overridden.element('Code'), 'InvalidRequest');
    const own = await oss.send({ method: 'GET', bucket: 'public', key: 'key', query });
    assert.equal(own.headers['content-type'], 'text/html');
  });

  it('lets a limited key do only what it may', async () => {
    const signing: Signing = { version: 'v4', ...limited };
    const put = await oss.send({ method: 'PUT', key: 'new', body: '', signing });
    assert.equal(put.status, 403);
    assert.equal(put.element('Code'), 'AccessDenied');
    assert.equal(put.element('EC'), '0003-00000001');
    assert.equal((await get(signing)).status, 200);
    const other = await oss.send({ method: 'GET', bucket: 'bucket-two', signing });
    assert.equal(other.element('Code'), 'AccessDenied');
  });

  it('refuses keys that were disabled, and accounts that have not paid', async () => {
    const signing: Signing = { version: 'v4', ...limited };
    limited.disabled = true;
    assert.match((await get(signing)).element('Message')!, /is disabled/);
    limited.disabled = false;
    limited.inArrears = true;
    const answer = await get(signing);
    assert.equal(answer.element('Code'), 'UserDisable');
    assert.equal(answer.element('EC'), '0003-00000801');
    limited.inArrears = false;
  });
});
