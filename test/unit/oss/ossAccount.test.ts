import assert from 'node:assert/strict';
import type { Access, OssAccount } from '../../../src/account';
import type { UploadTarget } from '../../../src/engine/contract/ports';
import { validateTarget } from '../../../src/engine/contract/validate';
import type { OssServer } from '../../oss-server/server';
import { bodyOf, CALL, KEY, OssFixture, rejection, SOURCE } from './ossFixture';

const PROFILE: Access = { profile: '' };

const fixture = new OssFixture();

const account = (server: OssServer): OssAccount => fixture.oss(server.endpoint).account;

const target = (more: Partial<UploadTarget> = {}): UploadTarget => ({
  bucket: 'photos',
  key: 'a/b.txt',
  region: 'cn-hangzhou',
  profile: '',
  ...more,
});

describe('OssAccount', () => {
  afterEach(() => fixture.close());

  describe('checkCredentials', () => {
    it('accepts a key that OSS knows, stored or not stored yet', async () => {
      const server = await fixture.server();
      await account(server).checkCredentials(PROFILE, CALL);
      await account(server).checkCredentials({ source: SOURCE }, CALL);
    });

    it('accepts a key that may not list buckets', async () => {
      const server = await fixture.server({ credentials: [{ ...KEY, deny: ['listBuckets'] }] });
      await account(server).checkCredentials(PROFILE, CALL);
    });

    it('rejects a wrong secret, an unknown id and a key of nobody', async () => {
      const server = await fixture.server();
      const wrong = { ...KEY, accessKeySecret: 'wrong' };
      const unknown = { accessKeyId: 'LTAI5tUnknownUnknown', accessKeySecret: 's' };
      for (const key of [wrong, unknown]) {
        const access: Access = { source: { kind: 'accessKey', key } };
        const error = await rejection(account(server).checkCredentials(access, CALL));
        assert.equal(error.kind, 'credentials');
      }
      const credentials = () => Promise.resolve(undefined);
      const empty = fixture.oss(server.endpoint, { credentials }).account;
      const error = await rejection(empty.checkCredentials(PROFILE, CALL));
      assert.equal(error.kind, 'noCredentials');
    });

    it('corrects the clock and asks again: nobody above would', async () => {
      const server = await fixture.server();
      server.clockOffsetMs = -7_200_000;
      await account(server).checkCredentials(PROFILE, CALL);
    });
  });

  describe('listBuckets', () => {
    for (const count of [0, 1, 2]) {
      it(`lists ${count} buckets with their regions`, async () => {
        const buckets = Array.from({ length: count }, (_, index) => ({
          name: `bucket-${index}`,
          region: 'cn-beijing',
        }));
        const server = await fixture.server({ buckets });
        assert.deepEqual(await account(server).listBuckets(PROFILE, CALL), buckets);
      });
    }

    it('lists more than one page', async () => {
      const buckets = Array.from({ length: 5 }, (_, index) => ({ name: `bucket-${index}` }));
      const server = await fixture.server({ buckets });
      server.faults.push({ on: 'listBuckets', do: { maxPageSize: 2 } });
      const listed = await account(server).listBuckets(PROFILE, CALL);
      assert.deepEqual(
        listed.map(({ name }) => name),
        buckets.map(({ name }) => name),
      );
      assert.equal(server.operations.length, 3);
    });

    it('leaves out what can be no bucket: a name is shown and written into settings as it is', async () => {
      const server = await fixture.server();
      const names = ['photos', '..', 'a&#10;b', 'x.evil.com#', '$(x)', 'a\u202eb', 'a'.repeat(64)];
      const buckets = names.map((name) => `<Bucket><Name>${name}</Name></Bucket>`);
      server.faults.push({
        on: 'listBuckets',
        do: {
          answerBody: `<ListAllMyBucketsResult><Buckets>${buckets.join('')}</Buckets></ListAllMyBucketsResult>`,
        },
      });
      const listed = await account(server).listBuckets(PROFILE, CALL);
      assert.deepEqual(
        listed.map(({ name }) => name),
        ['photos'],
      );
    });

    it('rejects with accessDenied when the key may not list', async () => {
      const server = await fixture.server({ credentials: [{ ...KEY, deny: ['listBuckets'] }] });
      assert.equal(
        (await rejection(account(server).listBuckets(PROFILE, CALL))).kind,
        'accessDenied',
      );
    });
  });

  describe('locateBucket', () => {
    const buckets = [{ name: 'photos', region: 'cn-beijing' }];

    it('asks the bucket', async () => {
      const server = await fixture.server({ buckets });
      assert.deepEqual(await account(server).locateBucket(PROFILE, 'photos', CALL), buckets[0]);
    });

    it('asks for the location alone when the bucket says nothing else', async () => {
      const server = await fixture.server({
        buckets,
        credentials: [{ ...KEY, deny: ['getBucketInfo', 'listBuckets'] }],
      });
      assert.deepEqual(await account(server).locateBucket(PROFILE, 'photos', CALL), buckets[0]);
    });

    it('learns it from the refusal of a wrong region when both are denied', async () => {
      const server = await fixture.server({
        buckets: [{ name: 'photos', region: 'cn-hangzhou' }],
        credentials: [{ ...KEY, deny: ['getBucketInfo', 'getBucketLocation', 'listBuckets'] }],
      });
      const elements = { Endpoint: 'oss-cn-shanghai.aliyuncs.com' };
      const answer = { status: 403, code: 'AccessDenied', elements };
      server.faults.push({ on: 'getObject', do: { answer } });
      assert.deepEqual(await account(server).locateBucket(PROFILE, 'photos', CALL), {
        name: 'photos',
        region: 'cn-shanghai',
      });
    });

    it('rejects with accessDenied when nothing says it', async () => {
      const server = await fixture.server({
        buckets: [{ name: 'photos', region: 'cn-hangzhou' }],
        credentials: [{ ...KEY, deniedBuckets: ['photos'] }],
      });
      const error = await rejection(account(server).locateBucket(PROFILE, 'photos', CALL));
      assert.equal(error.kind, 'accessDenied');
    });

    it('takes only what an upload takes for a region, which V1 does without', async () => {
      const server = await fixture.server({ buckets: [{ name: 'photos', region: 'local' }] });
      const route = { endpoint: server.endpoint, signatureVersion: 'v1' } as const;
      const oss = fixture.oss('', { route: () => route });
      const found = await oss.account.locateBucket(PROFILE, 'photos', CALL);
      assert.deepEqual(found, { name: 'photos', region: '' });
      assert.deepEqual(await oss.account.listBuckets(PROFILE, CALL), [found]);
      validateTarget(target({ region: found.region }));
      const store = await oss.openStore(target({ region: found.region }));
      await store.putObject('k', bodyOf('x'), { forbidOverwrite: false }, CALL);
      const error = await rejection(account(server).locateBucket(PROFILE, 'photos', CALL));
      assert.deepEqual([error.kind, error.field], ['invalidArgument', 'region']);
    });

    it('rejects with noSuchBucket, and with invalidArgument for what is no name', async () => {
      const server = await fixture.server();
      const missing = await rejection(account(server).locateBucket(PROFILE, 'nobody', CALL));
      assert.equal(missing.kind, 'noSuchBucket');
      assert.equal(server.operations.length, 1, 'no other way leads to a bucket that is not there');
      const wrong = await rejection(account(server).locateBucket(PROFILE, 'a/b', CALL));
      assert.deepEqual([wrong.kind, wrong.field], ['invalidArgument', 'bucket']);
    });
  });

  describe('listFolders', () => {
    const bucket = { name: 'photos', region: 'cn-hangzhou' };

    it('lists the folders directly under a prefix', async () => {
      const server = await fixture.server();
      for (const key of ['x', 'a/1', 'a/b/2', '北京 50%/3', 'a/c\nd/4', 'a/b/5/6']) {
        await server.putObject('photos', key, Buffer.from('x'));
      }
      const list = (prefix: string) => account(server).listFolders(PROFILE, bucket, prefix, CALL);
      assert.deepEqual(await list(''), ['a/', '北京 50%/']);
      assert.deepEqual(await list('a/'), ['a/b/', 'a/c\nd/']);
      assert.deepEqual(await list('北京 '), ['北京 50%/']);
      assert.deepEqual(await list('none/'), []);
    });
  });

  describe('listFolders of many pages', () => {
    const bucket = { name: 'photos', region: 'cn-hangzhou' };
    const names = Array.from({ length: 12 }, (_, index) => `${String.fromCharCode(97 + index)}/`);

    async function list(
      maxPageSize: number,
    ): Promise<[folders: readonly string[], requests: number]> {
      const server = await fixture.server();
      for (const name of names) await server.putObject('photos', `${name}x`, Buffer.from('x'));
      server.faults.push({ on: 'listObjects', do: { maxPageSize } });
      const folders = await account(server).listFolders(PROFILE, bucket, '', CALL);
      return [folders, server.operations.length];
    }

    it('reads them all', async () => {
      assert.deepEqual(await list(5), [names, 3]);
    });

    it('stops after ten, because nobody chooses from more', async () => {
      assert.deepEqual(await list(1), [names.slice(0, 10), 10]);
    });
  });

  describe('objectUrl', () => {
    it('is for others: public where the uploads go inside the network', async () => {
      const internal = fixture.oss('internal').account;
      assert.equal(
        await internal.objectUrl(target({ key: 'a b' }), ''),
        'https://photos.oss-cn-hangzhou.aliyuncs.com/a%20b',
      );
      assert.equal(
        await internal.objectUrl(target(), 'https://cdn.example.com'),
        'https://cdn.example.com/a/b.txt',
      );
      assert.equal((await rejection(internal.objectUrl(target({ key: '/' }), ''))).field, 'key');
    });

    it('leads to the object', async () => {
      const server = await fixture.server({
        buckets: [{ name: 'photos', acl: 'public-read' }],
      });
      await server.putObject('photos', 'a b/+%?.txt', Buffer.from('bytes'));
      const url = await account(server).objectUrl(target({ key: 'a b/+%?.txt' }), '');
      assert.equal(await (await fetch(url)).text(), 'bytes');
    });
  });

  describe('isPrivate', () => {
    it('is what OSS refuses to a stranger, and not what somebody else does', async () => {
      const server = await fixture.server({
        buckets: [{ name: 'photos' }, { name: 'open', acl: 'public-read' }],
      });
      const asked = account(server);
      for (const [bucket, expected] of [
        ['photos', true],
        ['open', false],
      ] as const) {
        await server.putObject(bucket, 'a.txt', Buffer.from('x'));
        const url = await asked.objectUrl(target({ bucket, key: 'a.txt' }), '');
        assert.equal(await asked.isPrivate(url, CALL), expected);
      }
      server.faults.push({
        on: 'any',
        do: {
          answer: { status: 403, body: 'no way' },
          answerHeaders: { 'x-oss-request-id': null },
        },
      });
      const url = await asked.objectUrl(target({ key: 'a.txt' }), '');
      assert.equal(await asked.isPrivate(url, CALL), false);
    });
  });

  describe('signedUrl', () => {
    for (const [version, region] of [
      ['V4', 'cn-hangzhou'],
      ['V1', ''],
    ] as const) {
      for (const securityToken of [undefined, 'CAIStoken/with+odd=characters']) {
        const how = `${version}${securityToken === undefined ? '' : ' with a token'}`;
        it(`lets anyone read the object, signed with ${how}`, async () => {
          const key = { ...KEY, securityToken };
          const server = await fixture.server({ credentials: [key] });
          const credentials = () => Promise.resolve({ kind: 'accessKey', key } as const);
          const { account: signer } = fixture.oss(server.endpoint, { credentials });
          for (const name of ['a/b.txt', '照片/日 落+%&#?.jpg', "it's(1)!*.txt"]) {
            await server.putObject('photos', name, Buffer.from(name));
            const url = await signer.signedUrl(target({ key: name, region }), 60);
            const answer = await fetch(url);
            assert.equal(await answer.text(), name);
            assert.equal(answer.status, 200);
            assert.ok(!url.includes(KEY.accessKeySecret));
          }
        });
      }
    }

    for (const version of ['v4', 'v1'] as const) {
      for (const offsetMs of [7_200_000, -7_200_000]) {
        for (const isFirst of [true, false]) {
          const when = isFirst ? 'before anything else' : 'after an upload';
          it(`lives as long as asked for by OSS's clock, ${offsetMs} ms off, ${version}, ${when}`, async () => {
            const server = await fixture.server();
            server.clockOffsetMs = offsetMs;
            const route = { endpoint: server.endpoint, signatureVersion: version };
            const oss = fixture.oss('', { route: () => route });
            if (isFirst) {
              await server.putObject('photos', 'k', Buffer.from('x'));
            } else {
              const store = await oss.openStore(target());
              const put = () => store.putObject('k', bodyOf('x'), { forbidOverwrite: false }, CALL);
              await store.recover(await rejection(put()), CALL);
              await put();
            }
            const url = await oss.account.signedUrl(target({ key: 'k' }), 60);
            assert.equal((await fetch(url)).status, 200);
            server.clockOffsetMs += 62_000;
            assert.equal((await fetch(url)).status, 403);
          });
        }
      }
    }

    it('asks once for many links, and signs none with a key that OSS refuses', async () => {
      const server = await fixture.server();
      const { account: signer } = fixture.oss(server.endpoint);
      const sign = () => signer.signedUrl(target(), 60);
      await Promise.all([sign(), sign(), sign()]);
      await sign();
      assert.equal(server.operations.length, 1);
      const key = { ...KEY, accessKeySecret: 'another' };
      const credentials = () => Promise.resolve({ kind: 'accessKey', key } as const);
      const { account: refused } = fixture.oss(server.endpoint, { credentials });
      for (let tries = 0; tries < 2; tries += 1) {
        assert.equal((await rejection(refused.signedUrl(target(), 60))).kind, 'credentials');
      }
    });

    it('is made also where nothing answers', async () => {
      const server = await fixture.server();
      await server.close();
      assert.match(await account(server).signedUrl(target(), 60), /x-oss-expires=60&/);
    });

    it('refuses other than 1 to 604800 seconds', async () => {
      const signer = account(await fixture.server());
      for (const seconds of [0, 604_801, 1.5]) {
        const error = await rejection(signer.signedUrl(target(), seconds));
        assert.deepEqual([error.kind, error.field], ['invalidArgument', 'expiresSeconds']);
      }
      assert.match(await signer.signedUrl(target(), 604_800), /x-oss-expires=604800/);
    });
  });
});
