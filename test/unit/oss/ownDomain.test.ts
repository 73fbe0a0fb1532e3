import assert from 'node:assert/strict';
import { usableAddresses } from '../../../src/account';
import type { Access, OssAccount } from '../../../src/account';
import type { UploadError } from '../../../src/engine/contract/errors';
import type { Oss, OssOptions } from '../../../src/oss/index';
import { testCaCertificate } from '../../oss-server/server';
import type { OssServer, OssServerOptions } from '../../oss-server/server';
import type { BucketRecord } from '../../oss-server/storage';
import { serveNames } from '../../support/names';
import { bodyOf, CALL, KEY, OssFixture, rejection } from './ossFixture';

type BoundDomain = NonNullable<BucketRecord['domains']>[number];

const PROFILE: Access = { profile: '' };
const BUCKET = { name: 'photos', region: 'cn-hangzhou' };
const TARGET = { bucket: 'photos', key: 'a.txt', region: 'cn-hangzhou', profile: '' };
const NEW = { forbidOverwrite: false };
const DEFAULT_DOMAIN = 'photos.oss-cn-hangzhou.aliyuncs.com';

describe('OSS by its names', () => {
  const fixture = new OssFixture();
  let restore = (): void => undefined;
  let own: Record<string, string> = {};

  const serve = async (options: Partial<OssServerOptions> = {}): Promise<OssServer> => {
    const server = await fixture.server({
      https: true,
      buckets: [
        { ...BUCKET, domains: [{ domain: 'img.example.com', certificate: {} }] },
        {
          name: 'others',
          region: 'cn-hangzhou',
          domains: [{ domain: 'others.example.com', certificate: {} }],
        },
      ],
      ...options,
    });
    restore = serveNames(server.port, (host) => !host.startsWith('gone.')).restore;
    return server;
  };

  const open = (
    { signatureVersion, ...more }: Partial<OssOptions> & { signatureVersion?: 'v1' } = {},
    endpoint = 'public',
  ): Oss =>
    fixture.oss('', {
      route: () => ({ endpoint, bucketEndpoints: own, signatureVersion }),
      ca: testCaCertificate(),
      ...more,
    });
  const openStore = (oss: Oss) => oss.openStore(TARGET);
  const hosts = (server: OssServer) => [...new Set(server.operations.map(({ host }) => host))];

  afterEach(async () => {
    restore();
    restore = () => undefined;
    own = {};
    await fixture.close();
  });

  describe('with an account opened since 2025', () => {
    const account = { kind: 'since2025' } as const;

    it('passes every question of a set-up, and then sends no byte', async () => {
      const server = await serve({ account });
      const oss = open();
      await oss.account.checkCredentials(PROFILE, CALL);
      await oss.account.listBuckets(PROFILE, CALL);
      assert.deepEqual(await oss.account.locateBucket(PROFILE, 'photos', CALL), BUCKET);
      const store = await openStore(oss);
      const error = await rejection(store.putObject('a.txt', bodyOf('x'), NEW, CALL));
      assert.deepEqual(
        [error.kind, error.code, error.ec, error.isRetryable],
        ['publicEndpointForbidden', 'PublicEndpointForbidden', '0048-00000401', false],
      );
      assert.deepEqual(server.keys('photos'), []);
    });

    it('goes on with the same upload at its own domain, and leaves other buckets alone', async () => {
      const server = await serve();
      const oss = open();
      const before = await openStore(oss);
      const { uploadId } = await before.initiateMultipartUpload('a.txt', NEW, CALL);
      await before.uploadPart('a.txt', uploadId, 1, bodyOf('x'), {}, CALL);
      server.account = account;
      const refused = await rejection(
        before.uploadPart('a.txt', uploadId, 2, bodyOf('y'), {}, CALL),
      );
      assert.equal(refused.kind, 'publicEndpointForbidden');

      own = { photos: 'https://img.example.com' };
      const asked = server.operations.length;
      const store = await openStore(oss);
      const parts = await store.listParts('a.txt', uploadId, CALL);
      await store.completeMultipartUpload('a.txt', uploadId, parts, NEW, CALL);
      const later = server.operations.slice(asked);
      assert.ok(
        later.every(({ host, signature }) => host === 'img.example.com' && signature === 'v4'),
      );
      assert.deepEqual(await server.object('photos', 'a.txt')?.bytes(), Buffer.from('x'));

      const other = await oss.openStore({ ...TARGET, bucket: 'others' });
      await rejection(other.putObject('a.txt', bodyOf('x'), NEW, CALL));
      assert.equal(server.operations.at(-1)?.host, 'others.oss-cn-hangzhou.aliyuncs.com');
    });

    it('lists folders and unfinished uploads at its own domain', async () => {
      const server = await serve({ account });
      await server.putObject('photos', 'a/b', Buffer.from('x'));
      const oss = open();
      const list = () => oss.account.listFolders(PROFILE, BUCKET, '', CALL);
      assert.equal((await rejection(list())).kind, 'publicEndpointForbidden');
      own = { photos: 'img.example.com' };
      assert.deepEqual(await list(), ['a/']);
      assert.deepEqual(await (await openStore(oss)).listMultipartUploads('', CALL), []);
    });

    it('asks about the bucket itself at the default domain, whatever its own is', async () => {
      const server = await serve({ account });
      own = { photos: 'https://img.example.com' };
      const { account: questions } = open();
      await questions.locateBucket(PROFILE, 'photos', CALL);
      await questions.listCnames(PROFILE, BUCKET, CALL);
      assert.deepEqual(hosts(server), [DEFAULT_DOMAIN]);
    });

    it('writes links to its own domain, signed or not', async () => {
      await serve({ account });
      own = { photos: 'https://img.example.com' };
      const oss = open();
      assert.equal(await oss.account.objectUrl(TARGET, ''), 'https://img.example.com/a.txt');
      const signed = await oss.account.signedUrl(TARGET, 60);
      assert.match(signed, /^https:\/\/img\.example\.com\/a\.txt\?.*cn-hangzhou%2Foss/);
      const cdn = await oss.account.objectUrl(TARGET, 'https://cdn.example.com');
      assert.equal(cdn, 'https://cdn.example.com/a.txt');
    });

    it('finds the region for its own domain by a question at the default one', async () => {
      const server = await serve({ account });
      own = { photos: 'https://img.example.com' };
      const store = await open().openStore({ ...TARGET, region: '' });
      await store.putObject('a.txt', bodyOf('x'), NEW, CALL);
      await store.putObject('b.txt', bodyOf('x'), NEW, CALL);
      assert.deepEqual(
        server.operations.map(({ operation, host }) => [operation, host]),
        [
          ['getBucketInfo', DEFAULT_DOMAIN],
          ['putObject', 'img.example.com'],
          ['putObject', 'img.example.com'],
        ],
      );
    });
  });

  describe('an own domain that stops working', () => {
    const bind = (server: OssServer, ...domains: readonly BoundDomain[]): void => {
      server.changeBucket('photos', { domains: [...domains] });
    };
    const bound = { domain: 'img.example.com', certificate: {} };

    /** Begins an upload at the domain, has that end, and resolves with what a part then fails with. */
    const failureAfter = async (end: (server: OssServer) => void): Promise<UploadError> => {
      const server = await serve({ account: { kind: 'since2025' } });
      own = { photos: 'https://img.example.com' };
      const store = await openStore(open());
      const { uploadId } = await store.initiateMultipartUpload('a.txt', NEW, CALL);
      end(server);
      // The next day: a connection that stands notices nothing of it.
      const later = await openStore(open());
      return rejection(later.uploadPart('a.txt', uploadId, 1, bodyOf('x'), {}, CALL));
    };

    for (const [how, code, end] of [
      [
        'bound no longer',
        'ERR_TLS_CERT_ALTNAME_INVALID',
        (server) => {
          bind(server);
        },
      ],
      [
        'without its certificate',
        'ERR_TLS_CERT_ALTNAME_INVALID',
        (server) => {
          bind(server, { domain: bound.domain });
        },
      ],
      [
        'gone from the DNS',
        'ENOTFOUND',
        (server) => {
          restore();
          restore = serveNames(server.port, (host) => host !== bound.domain).restore;
        },
      ],
      [
        'bound to another bucket',
        'SignatureDoesNotMatch',
        (server) => {
          bind(server);
          server.changeBucket('others', { domains: [bound] });
        },
      ],
      [
        'led to somebody else',
        'Http404',
        (server) => {
          server.faults.push({
            on: 'uploadPart',
            do: {
              answer: { status: 404, body: '<html>for sale</html>', contentType: 'text/html' },
              answerHeaders: { 'x-oss-request-id': null },
            },
          });
        },
      ],
    ] satisfies readonly [string, string, (server: OssServer) => void][]) {
      it(`is told as that: ${how}`, async () => {
        const { kind, code: told, domain, isRetryable } = await failureAfter(end);
        assert.deepEqual(
          [kind, told, domain, isRetryable],
          ['domainUnusable', code, 'img.example.com', false],
        );
      });
    }

    it('is not blamed for what fails at the default domain, too', async () => {
      const gone = await failureAfter(() => {
        restore();
        restore = serveNames(1, () => false).restore;
      });
      assert.deepEqual([gone.kind, gone.code], ['network', 'ENOTFOUND']);
    });

    it('is not blamed for a key that is not known any more', async () => {
      const unknown = await failureAfter((server) => server.credentials.splice(0, 1));
      assert.equal(unknown.kind, 'credentials');
    });

    it('is not blamed for a proxy that lets no large part through', async () => {
      const tooLarge = await failureAfter((server) => {
        server.faults.push({
          on: 'uploadPart',
          do: {
            answer: { status: 413, body: 'too large' },
            answerHeaders: { 'x-oss-request-id': null },
          },
        });
      });
      assert.deepEqual([tooLarge.kind, tooLarge.isForeign], ['refused', true]);
    });
  });

  describe('listCnames', () => {
    it('tells status, wildcard and certificate, from which follows what can be used', async () => {
      const validUntilMs = Date.UTC(2040, 0, 1);
      const overMs = Date.UTC(2020, 0, 1);
      await serve({
        buckets: [
          {
            ...BUCKET,
            domains: [
              { domain: 'plain.example.com' },
              { domain: 'Img.example.com', certificate: { validUntilMs } },
              { domain: 'off.example.com', status: 'Disabled', certificate: { validUntilMs } },
              { domain: 'example.com', isWildcard: true, certificate: { validUntilMs } },
              { domain: 'over.example.com', certificate: { validUntilMs: overMs } },
              { domain: 'cert-off.example.com', certificate: { status: 'Disabled', validUntilMs } },
            ],
          },
        ],
      });
      const domains = await open().account.listCnames(PROFILE, BUCKET, CALL);
      assert.deepEqual(domains[1], {
        domain: 'img.example.com',
        isEnabled: true,
        isWildcard: false,
        certificate: { isEnabled: true, validUntilMs },
      });
      assert.deepEqual(
        domains.map(({ isEnabled, isWildcard, certificate }) => [
          isEnabled,
          isWildcard,
          certificate?.isEnabled,
        ]),
        [
          [true, false, undefined],
          [true, false, true],
          [false, false, true],
          [true, true, true],
          [true, false, true],
          [true, false, false],
        ],
      );
      assert.deepEqual(usableAddresses(domains, Date.UTC(2030, 0, 1)), [
        'https://img.example.com',
        'http://plain.example.com',
        'http://over.example.com',
        'http://cert-off.example.com',
      ]);
    });

    it('tells no domain and a single one, and rejects without the right to ask', async () => {
      const server = await serve();
      server.changeBucket('others', { domains: [] });
      const { account } = open();
      assert.deepEqual(await account.listCnames(PROFILE, { ...BUCKET, name: 'others' }, CALL), []);
      assert.equal((await account.listCnames(PROFILE, BUCKET, CALL)).length, 1);
      server.credentials.splice(0, 1, { ...KEY, deny: ['listCname'] });
      assert.equal(
        (await rejection(account.listCnames(PROFILE, BUCKET, CALL))).kind,
        'accessDenied',
      );
    });
  });

  describe('listCnames that lie', () => {
    it('leave out what can be no domain', async () => {
      const server = await serve();
      const domains = ['img.example.com', 'a&#10;b.com', 'x.evil.com/?', 'u@evil.com', '$(x).com'];
      const entries = domains.map(
        (domain) => `<Cname><Domain>${domain}</Domain><Status>Enabled</Status></Cname>`,
      );
      server.faults.push({
        on: 'listCname',
        do: { answerBody: `<ListCnameResult>${entries.join('')}</ListCnameResult>` },
      });
      const listed = await open().account.listCnames(PROFILE, BUCKET, CALL);
      assert.deepEqual(
        listed.map(({ domain }) => domain),
        ['img.example.com'],
      );
    });
  });

  describe('checkDomain', () => {
    const check = (account: OssAccount, address: string) =>
      account.checkDomain(PROFILE, BUCKET, address, CALL);

    for (const [address, verdict] of [
      ['https://img.example.com', 'usable'],
      ['img.example.com', 'usable'],
      ['https://others.example.com', 'otherBucket'],
      ['http://new.example.com', 'notBound'],
      // What OSS shows first is a certificate of its own names.
      ['https://new.example.com', 'notBound'],
      ['https://gone.new.example.com', 'notBound'],
      ['https://gone.example.com', 'unreachable'],
      ['https://one.of.many.example.com', 'certificate'],
      ['https://no-certificate.example.com', 'certificate'],
    ] as const) {
      it(`finds ${address} ${verdict}`, async () => {
        const server = await serve({ https: address.startsWith('http:') ? undefined : true });
        server.changeBucket('photos', {
          domains: [
            { domain: 'img.example.com', certificate: {} },
            { domain: 'no-certificate.example.com' },
            { domain: 'gone.example.com', certificate: {} },
            { domain: 'many.example.com', isWildcard: true },
          ],
        });
        const { verdict: found, error } = await check(open().account, address);
        assert.equal(found, verdict);
        assert.equal(error === undefined, verdict === 'usable');
        assert.deepEqual(server.keys('photos'), []);
      });
    }

    it('says what it sees where nobody may look which domains are bound', async () => {
      await serve({ credentials: [{ ...KEY, deny: ['listCname'] }] });
      const { account } = open();
      assert.equal((await check(account, 'https://new.example.com')).verdict, 'certificate');
      assert.equal((await check(account, 'https://gone.example.com')).verdict, 'unreachable');
    });

    it('finds somebody who answers 200 to everything to be no OSS', async () => {
      const server = await serve({ https: undefined });
      server.faults.push({
        on: 'getObjectMeta',
        do: { answer: { status: 200, body: '' }, answerHeaders: { 'x-oss-request-id': null } },
      });
      assert.equal((await check(open().account, 'http://img.example.com')).verdict, 'notOss');
    });

    it('finds a domain usable for a key that may not read', async () => {
      await serve({ credentials: [{ ...KEY, deny: ['getObject', 'getObjectMeta'] }] });
      assert.equal((await check(open().account, 'img.example.com')).verdict, 'usable');
    });

    it('finds a domain that was bound to a bucket of another region otherBucket', async () => {
      await serve({
        buckets: [
          BUCKET,
          {
            name: 'north',
            region: 'cn-beijing',
            domains: [{ domain: 'north.example.com', certificate: {} }],
          },
        ],
      });
      const { verdict } = await check(open().account, 'https://north.example.com');
      assert.equal(verdict, 'otherBucket');
    });

    it('does not take the page of somebody else for OSS', async () => {
      const server = await serve();
      for (const [status, body] of [
        [200, '<html>welcome</html>'],
        [404, '<html>not found</html>'],
      ] as const) {
        server.faults.splice(0, 1, {
          do: {
            answer: { status, body, contentType: 'text/html' },
            answerHeaders: { 'x-oss-request-id': null },
          },
        });
        assert.equal((await check(open().account, 'img.example.com')).verdict, 'notOss');
      }
    });

    it('rejects with what is not about the domain', async () => {
      const server = await serve();
      const wrong = await rejection(check(open().account, 'https://img.example.com/path'));
      assert.deepEqual([wrong.kind, wrong.field], ['invalidArgument', 'endpoint']);
      server.credentials.pop();
      const unknown = await rejection(check(open().account, 'img.example.com'));
      assert.equal(unknown.kind, 'credentials');
    });
  });

  describe('signature V1', () => {
    const v1 = { signatureVersion: 'v1' } as const;

    it('is not used unless it is asked for, also where no region is known', async () => {
      const server = await serve();
      for (const more of [{}, v1]) {
        const store = await open(more).openStore({ ...TARGET, region: '' });
        await store.putObject('a.txt', bodyOf('x'), NEW, CALL);
      }
      assert.deepEqual(
        server.operations.map(({ operation, signature }) => [operation, signature]),
        [
          ['getBucketInfo', 'v4'],
          ['putObject', 'v4'],
          ['getBucketInfo', 'v1'],
          ['putObject', 'v1'],
        ],
      );
    });

    for (const region of ['cn-hangzhou', '']) {
      it(`that is refused is V4 at once, with region "${region}"`, async () => {
        const server = await serve({ account: { kind: 'v4Only' } });
        const store = await open(v1).openStore({ ...TARGET, region });
        const { uploadId } = await store.initiateMultipartUpload('a.txt', NEW, CALL);
        const part = await store.uploadPart('a.txt', uploadId, 1, bodyOf('bytes'), {}, CALL);
        const parts = [{ partNumber: 1, etag: part.etag }];
        await store.completeMultipartUpload('a.txt', uploadId, parts, NEW, CALL);
        assert.deepEqual(await server.object('photos', 'a.txt')?.bytes(), Buffer.from('bytes'));
        const refused = server.operations.filter(({ status }) => status === 403);
        assert.equal(refused.length, 1, 'it is not tried again');
      });
    }

    it('is tried out before a body is sent, which can be read once only', async () => {
      for (const kind of ['v4Only', 'before2025'] as const) {
        const server = await serve({ account: { kind } });
        const store = await openStore(open(v1));
        await store.putObject('a.txt', bodyOf('bytes'), NEW, CALL);
        await store.putObject('b.txt', bodyOf('bytes'), NEW, CALL);
        const puts = server.operations.filter(({ operation }) => operation === 'putObject');
        const signature = kind === 'v4Only' ? 'v4' : 'v1';
        assert.deepEqual(
          puts.map(({ status, signature: by }) => [status, by]),
          [
            [200, signature],
            [200, signature],
          ],
        );
        restore();
      }
    });

    it('that is refused is V4 for questions, links and listings, too', async () => {
      const server = await serve({ account: { kind: 'v4Only' } });
      const { account } = open(v1);
      await account.checkCredentials(PROFILE, CALL);
      assert.equal((await account.listBuckets(PROFILE, CALL)).length, 2);
      assert.deepEqual(await account.locateBucket(PROFILE, 'photos', CALL), BUCKET);
      assert.deepEqual(await account.listFolders(PROFILE, BUCKET, '', CALL), []);
      assert.match(await account.signedUrl(TARGET, 60), /x-oss-signature-version=OSS4/);
      assert.ok(server.operations.some(({ status }) => status === 403));
    });

    it('is kept by a private cloud that knows nothing else', async () => {
      const server = await serve({ privateClouds: [{ host: 'oss.corp.example.com' }] });
      const oss = open(v1, 'https://{bucket}.oss.corp.example.com');
      const store = await oss.openStore({ ...TARGET, region: '' });
      await store.putObject('a.txt', bodyOf('x'), NEW, CALL);
      assert.match(await oss.account.signedUrl({ ...TARGET, region: '' }, 60), /Signature=/);
      assert.ok(server.operations.every(({ signature }) => signature === 'v1'));
    });
  });

  describe('a plain name for all buckets', () => {
    const corp = { privateClouds: [{ host: 'oss.corp.example.com' }] };

    it('that is a private cloud is asked once, and never the public cloud', async () => {
      const server = await serve(corp);
      const oss = open({}, 'https://oss.corp.example.com');
      await oss.account.checkCredentials(PROFILE, CALL);
      await oss.account.listBuckets(PROFILE, CALL);
      assert.deepEqual(await oss.account.locateBucket(PROFILE, 'photos', CALL), BUCKET);
      await (await openStore(oss)).putObject('a.txt', bodyOf('x'), NEW, CALL);
      assert.deepEqual(hosts(server), ['oss.corp.example.com', 'photos.oss.corp.example.com']);
      assert.ok(server.operations.every(({ status }) => status === 200));
    });

    it('that is a private cloud is found out by an upload alone', async () => {
      const server = await serve(corp);
      const oss = open({}, 'https://oss.corp.example.com');
      for (const key of ['a.txt', 'b.txt']) {
        await (await openStore(oss)).putObject(key, bodyOf('x'), NEW, CALL);
      }
      assert.equal(server.operations.length, 4, 'two questions, two objects');
      assert.deepEqual(server.keys('photos'), ['a.txt', 'b.txt']);
    });

    it('that is a domain of the bucket finds its region by the public endpoint', async () => {
      const server = await serve({
        buckets: [
          {
            name: 'photos',
            region: 'cn-beijing',
            domains: [{ domain: 'img.example.com', certificate: {} }],
          },
        ],
      });
      restore();
      const known = (host: string) => /^img\.example\.com$|\.aliyuncs\.com$/.test(host);
      restore = serveNames(server.port, known).restore;
      const oss = open({}, 'https://img.example.com');
      for (const region of ['', 'cn-beijing']) {
        const store = await oss.openStore({ ...TARGET, region });
        await store.putObject(`a${region}`, bodyOf('x'), NEW, CALL);
      }
      assert.deepEqual(server.keys('photos'), ['a', 'acn-beijing']);
      assert.deepEqual(await oss.account.listBuckets(PROFILE, CALL), [
        { name: 'photos', region: 'cn-beijing' },
      ]);
    });

    it('says whose fault it is when it is neither', async () => {
      const server = await serve(corp);
      const oss = open({}, 'https://oss.corp.example.com');
      const store = await oss.openStore({ ...TARGET, bucket: 'missing' });
      const missing = await rejection(store.headObject('a.txt', CALL));
      assert.equal(missing.kind, 'noSuchBucket');
      server.credentials.splice(0, 1, { ...KEY, accessKeySecret: 'another' });
      const wrong = await rejection((await openStore(oss)).headObject('a.txt', CALL));
      assert.equal(wrong.kind, 'credentials');
    });

    it('says that the region is missing where a server takes no other and tells none', async () => {
      await serve({
        privateClouds: [{ host: 'oss.corp.example.com', region: 'cn-corp-1' }],
        buckets: [{ ...BUCKET, region: 'cn-corp-1' }],
      });
      const oss = open({}, 'https://{bucket}.oss.corp.example.com');
      const store = await oss.openStore({ ...TARGET, region: '' });
      const error = await rejection(store.headObject('a.txt', CALL));
      assert.deepEqual([error.kind, error.field], ['invalidArgument', 'region']);
      const told = await oss.openStore({ ...TARGET, region: 'cn-corp-1' });
      assert.equal(await told.headObject('a.txt', CALL), undefined);
    });
  });

  describe('what a bucket is', () => {
    it('is asked again when the bucket is not there any more', async () => {
      const server = await serve();
      const oss = open();
      await oss.account.locateBucket(PROFILE, 'photos', CALL);
      server.changeBucket('photos', { region: 'cn-beijing' });
      const store = await oss.openStore({ ...TARGET, region: '' });
      assert.equal((await rejection(store.headObject('a', CALL))).kind, 'wrongRegion');
      assert.equal(await store.headObject('a', CALL), undefined);
    });
  });

  describe('a link', () => {
    it('lives 7 days at most, and 12 hours of a temporary key', async () => {
      const temporary = { ...KEY, securityToken: 'CAIStheTokenOfThisKey' };
      await serve({ credentials: [{ ...KEY }, temporary] });
      const oss = open({
        credentials: (profile) =>
          Promise.resolve({ kind: 'accessKey', key: profile === 'sts' ? temporary : KEY }),
      });
      for (const [profile, seconds] of [
        ['', 604_800],
        ['sts', 43_200],
      ] as const) {
        assert.equal(await oss.account.longestLinkSeconds(profile), seconds);
        await oss.account.signedUrl({ ...TARGET, profile }, seconds);
        for (const wrong of [0, seconds + 1, 1.5]) {
          const error = await rejection(oss.account.signedUrl({ ...TARGET, profile }, wrong));
          assert.deepEqual([error.kind, error.field], ['invalidArgument', 'expiresSeconds']);
        }
      }
    });

    it('names the right region when none was told', async () => {
      await serve({ buckets: [{ name: 'photos', region: 'cn-beijing' }] });
      const url = await open().account.objectUrl({ ...TARGET, region: '' }, '');
      assert.equal(url, 'https://photos.oss-cn-beijing.aliyuncs.com/a.txt');
    });
  });
});
