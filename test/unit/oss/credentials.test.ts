import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, sep } from 'node:path';
import type { AccessKey, CredentialsSource } from '../../../src/account';
import { UploadError } from '../../../src/engine/contract/errors';
import {
  aliyunProfile,
  environmentKey,
  ossutilSection,
  ossutilSections,
} from '../../../src/oss/credentialFiles';
import {
  CachedKey,
  findCredentials,
  openSource,
  ProfileKey,
  renewTimeMs,
} from '../../../src/oss/credentials';
import type { Machine } from '../../../src/oss/credentials';
import { OssTransport } from '../../../src/oss/ossTransport';
import {
  ALIBABA_CLOUD_ISSUERS,
  SecurityTokens,
  signParameters,
} from '../../../src/oss/securityTokens';
import { OssFixture, rejection } from './ossFixture';

const MINUTE_MS = 60_000;

const key = (name: string): AccessKey => ({
  accessKeyId: `LTAI5t${name}`,
  accessKeySecret: `secret-${name}`,
});

const OSSUTIL_1 = `
[Credentials]
language=EN
endpoint=oss-cn-beijing.aliyuncs.com
accessKeyID=LTAI5tone
accessKeySecret=secret-one
[Default]
loglevel=info
[Bucket-Endpoint]
photos=oss-cn-shanghai.aliyuncs.com
`;

const OSSUTIL_2 = `\u{feff}# my settings
[default]
access-key-id = LTAI5tone
access_key_secret = "secret-one"
region=cn-hangzhou\r
; a comment
[profile Work]
accessKeyId=LTAI5twork
AccessKeySecret=secret=with=equals
sts-token=TOKEN
region=cn-beijing
bucket=photos
[profile empty]
region=cn-beijing
`;

const ALIYUN = JSON.stringify({
  current: 'work',
  profiles: [
    { name: 'default', mode: 'AK', access_key_id: 'LTAI5tone', access_key_secret: 'secret-one' },
    {
      name: 'work',
      mode: 'StsToken',
      access_key_id: 'LTAI5twork',
      access_key_secret: 'secret-work',
      sts_token: 'TOKEN',
      region_id: 'cn-beijing',
    },
    { name: 'ecs', mode: 'EcsRamRole', ram_role_name: 'role' },
    {
      name: 'role',
      mode: 'RamRoleArn',
      access_key_id: 'LTAI5tone',
      access_key_secret: 'secret-one',
      ram_role_arn: 'acs:ram::1:role/x',
      ram_session_name: 'me',
      expired_seconds: 900,
      sts_region: 'cn-hangzhou',
    },
    { name: 'chain', mode: 'ChainableRamRoleArn', source_profile: 'work', ram_role_arn: 'arn' },
    { name: 'circle', mode: 'ChainableRamRoleArn', source_profile: 'circle', ram_role_arn: 'arn' },
    { name: 'program', mode: 'External', process_command: 'echo secret-command' },
    { name: 'incomplete', mode: 'AK', access_key_id: 'LTAI5tone' },
  ],
});

const fixture = new OssFixture();
const closers: (() => unknown)[] = [];

async function machine(
  files: Readonly<Record<string, string>> = {},
  environment: Record<string, string> = {},
): Promise<Machine> {
  const homeFolder = await fixture.folder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(homeFolder, name, '..'), { recursive: true });
    await writeFile(join(homeFolder, name), text);
  }
  return { environment, homeFolder };
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}

/** A server that gives temporary keys, and the issuers that ask it. */
async function issuer(answers: (question: Question) => { status?: number; body: string }) {
  const questions: Question[] = [];
  const server = createServer((message, answer) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const question = {
        method: message.method ?? '',
        path: message.url ?? '',
        headers: message.headers,
        form: new URLSearchParams(Buffer.concat(chunks).toString()),
      };
      questions.push(question);
      const { status = 200, body } = answers(question);
      answer.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = new OssTransport();
  closers.push(() => {
    transport.dispose();
    server.close();
  });
  const tokens = new SecurityTokens(transport, { metadataUrl: url, stsUrl: () => url });
  return { url, questions, tokens };
}

const noIssuer = () => issuer(() => ({ status: 500, body: '' }));

const issued = (name: string, expiration = '2030-01-02T03:04:05Z') => ({
  Code: 'Success',
  AccessKeyId: `STS.${name}`,
  AccessKeySecret: `secret-${name}`,
  SecurityToken: `token-${name}`,
  Expiration: expiration,
});

const issuedKey = (name: string): AccessKey => ({
  accessKeyId: `STS.${name}`,
  accessKeySecret: `secret-${name}`,
  securityToken: `token-${name}`,
});

describe('credentials', () => {
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await fixture.close();
  });

  describe('environmentKey', () => {
    it('prefers the names of Alibaba Cloud to those of OSS, and wants id and secret', () => {
      const oss = { OSS_ACCESS_KEY_ID: 'LTAI5tone', OSS_ACCESS_KEY_SECRET: 'secret-one' };
      assert.deepEqual(environmentKey(oss), key('one'));
      assert.deepEqual(environmentKey({ ...oss, OSS_SESSION_TOKEN: ' T ' }), {
        ...key('one'),
        securityToken: 'T',
      });
      const both = {
        ...oss,
        ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI5ttwo',
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret-two',
        ALIBABA_CLOUD_SECURITY_TOKEN: 'T2',
      };
      assert.deepEqual(environmentKey(both), { ...key('two'), securityToken: 'T2' });
      assert.deepEqual(environmentKey({ ...oss, ALIBABA_CLOUD_ACCESS_KEY_ID: 'x' }), key('one'));
      assert.equal(environmentKey({ OSS_ACCESS_KEY_ID: 'x' }), undefined);
    });
  });

  describe('ossutilSection', () => {
    it('reads version 1, whose [Default] is about something else', () => {
      assert.deepEqual(ossutilSection(OSSUTIL_1, ''), {
        key: key('one'),
        region: 'oss-cn-beijing.aliyuncs.com',
        bucket: '',
      });
    });

    it('reads version 2: profiles, any spelling, comments, quotes, byte order mark', () => {
      const section = { key: key('one'), region: 'cn-hangzhou', bucket: '' };
      assert.deepEqual(ossutilSection(OSSUTIL_2, ''), section);
      assert.deepEqual(ossutilSection(OSSUTIL_2, 'work'), {
        key: {
          accessKeyId: 'LTAI5twork',
          accessKeySecret: 'secret=with=equals',
          securityToken: 'TOKEN',
        },
        region: 'cn-beijing',
        bucket: 'photos',
      });
      assert.equal(ossutilSection(OSSUTIL_2, 'empty')?.key, undefined);
      assert.equal(ossutilSection(OSSUTIL_2, 'other'), undefined);
      assert.deepEqual(ossutilSections(OSSUTIL_2), ['', 'work']);
    });

    it('finds nothing in anything else', () => {
      for (const text of ['', '=', '[', '[]\n=x', '{"json":1}', '\0\0']) {
        assert.equal(ossutilSection(text, '')?.key, undefined);
        assert.deepEqual(ossutilSections(text), []);
      }
    });
  });

  describe('aliyunProfile', () => {
    it('reads the current profile, and others by name', () => {
      const work = aliyunProfile(ALIYUN, '');
      assert.deepEqual(work, {
        mode: 'key',
        key: { ...key('work'), securityToken: 'TOKEN' },
        region: 'cn-beijing',
      });
      assert.deepEqual(aliyunProfile(ALIYUN, 'default'), {
        mode: 'key',
        key: key('one'),
        region: '',
      });
      assert.deepEqual(aliyunProfile(ALIYUN, 'ecs'), {
        mode: 'ecsRamRole',
        role: 'role',
        region: '',
      });
      const role = aliyunProfile(ALIYUN, 'role');
      assert.ok(role.mode === 'assumeRole');
      assert.deepEqual([role.role.roleArn, role.role.durationSeconds], ['acs:ram::1:role/x', 900]);
      const chain = aliyunProfile(ALIYUN, 'chain');
      assert.ok(chain.mode === 'assumeRole');
      assert.deepEqual(chain.source, work);
    });

    for (const [what, text, name] of [
      ['what is no JSON', '{"access_key_secret": "secret-broken"', ''],
      ['another JSON', '[1]', ''],
      ['a missing profile', ALIYUN, 'missing'],
      ['a profile without a key', ALIYUN, 'incomplete'],
      ['a profile that runs a program', ALIYUN, 'program'],
      ['profiles in a circle', ALIYUN, 'circle'],
    ] as const) {
      it(`says noCredentials for ${what}, without a word of the file's secrets`, () => {
        assert.throws(
          () => aliyunProfile(text, name),
          (error) => UploadError.is(error, 'noCredentials') && !error.message.includes('secret-'),
        );
      });
    }
  });

  describe('findCredentials', () => {
    it('finds what lies ready, masked, with the hints beside it', async () => {
      const found = await findCredentials(
        await machine(
          { '.ossutilconfig': OSSUTIL_2, '.aliyun/config.json': ALIYUN },
          {
            OSS_ACCESS_KEY_ID: 'LTAI5tEnvironment1234',
            OSS_ACCESS_KEY_SECRET: 'secret-environment',
            OSS_REGION: 'oss-cn-shanghai',
            ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1:1/',
          },
        ),
      );
      assert.deepEqual(
        found.map(({ source, region, bucket }) => [source, region, bucket]),
        [
          [{ kind: 'environment' }, 'cn-shanghai', ''],
          [{ kind: 'uri', url: 'http://127.0.0.1:1/' }, 'cn-shanghai', ''],
          [{ kind: 'ossutil', section: '' }, 'cn-hangzhou', ''],
          [{ kind: 'ossutil', section: 'work' }, 'cn-beijing', 'photos'],
          [{ kind: 'aliyun', profile: 'work' }, 'cn-beijing', ''],
          [{ kind: 'aliyun', profile: 'default' }, '', ''],
          [{ kind: 'aliyun', profile: 'ecs' }, '', ''],
          [{ kind: 'aliyun', profile: 'role' }, '', ''],
          [{ kind: 'aliyun', profile: 'chain' }, '', ''],
        ],
      );
      assert.equal(found[0]?.maskedId, 'LTAI****1234');
      assert.doesNotMatch(JSON.stringify(found), /secret-|TOKEN|Environment/);
    });

    it('reads the region out of the endpoint of an old ossutil', async () => {
      const [found] = await findCredentials(await machine({ '.ossutilconfig': OSSUTIL_1 }));
      assert.equal(found?.region, 'cn-beijing');
    });

    it('finds the settings of Alibaba Cloud CLI also where it keeps them on Windows', async () => {
      const drive = await machine({ 'me/.aliyun/config.json': ALIYUN });
      const variables = { HOMEDRIVE: drive.homeFolder, HOMEPATH: `${sep}me` };
      const profiles = async (here: Machine): Promise<number> =>
        (await findCredentials(here)).filter(({ source }) => source.kind === 'aliyun').length;
      assert.equal(await profiles(await machine({}, variables)), 5);
      // The SDKs look into the user's profile.
      const { homeFolder } = await machine({ '.aliyun/config.json': ALIYUN });
      assert.equal(
        await profiles({ homeFolder, environment: { HOMEDRIVE: 'H:', HOMEPATH: '\\' } }),
        5,
      );
    });

    it('finds nothing, and says nothing, where there is nothing or nonsense', async () => {
      assert.deepEqual(await findCredentials(await machine()), []);
      const nonsense = { '.ossutilconfig': '\0', '.aliyun/config.json': '{' };
      assert.deepEqual(await findCredentials(await machine(nonsense)), []);
    });
  });

  describe('openSource', () => {
    it('reads the key of each place', async () => {
      const { tokens } = await noIssuer();
      const here = await machine(
        { '.ossutilconfig': OSSUTIL_2, '.aliyun/config.json': ALIYUN },
        { OSS_ACCESS_KEY_ID: 'LTAI5tone', OSS_ACCESS_KEY_SECRET: 'secret-one' },
      );
      const read = (source: CredentialsSource) => openSource(source, here, tokens).get();
      assert.deepEqual(await read({ kind: 'environment' }), key('one'));
      assert.deepEqual(await read({ kind: 'ossutil', section: '' }), key('one'));
      assert.deepEqual(await read({ kind: 'aliyun', profile: 'default' }), key('one'));
      const pasted = {
        accessKeyId: ' LTAI5tone\n',
        accessKeySecret: '\tsecret-one ',
        securityToken: ' ',
      };
      assert.deepEqual(await read({ kind: 'accessKey', key: pasted }), key('one'));
    });

    it('says noCredentials where there are none', async () => {
      const { tokens } = await noIssuer();
      const here = await machine();
      for (const source of [
        { kind: 'environment' },
        { kind: 'ossutil', section: '' },
        { kind: 'aliyun', profile: '' },
        { kind: 'oidc' },
        { kind: 'uri', url: 'file:///etc/passwd' },
      ] as const) {
        const error = await rejection(openSource(source, here, tokens).get());
        assert.equal(error.kind, 'noCredentials', source.kind);
      }
    });

    it('asks an ECS instance for the key of its role, with a session token', async () => {
      const { tokens, questions } = await issuer(({ method, path, headers }) => {
        if (method === 'PUT') return { body: 'SESSION' };
        if (headers['x-aliyun-ecs-metadata-token'] !== 'SESSION') return { status: 403, body: '' };
        return { body: path.endsWith('/') ? 'my-role' : JSON.stringify(issued('ecs')) };
      });
      const source = { kind: 'ecsRamRole', role: '' } as const;
      assert.deepEqual(await openSource(source, await machine(), tokens).get(), issuedKey('ecs'));
      assert.equal(questions.at(-1)?.path, '/latest/meta-data/ram/security-credentials/my-role');
    });

    it('asks an old ECS instance without a session token', async () => {
      const { tokens } = await issuer(({ method }) =>
        method === 'PUT' ? { status: 404, body: '' } : { body: JSON.stringify(issued('ecs')) },
      );
      const source = { kind: 'ecsRamRole', role: 'given' } as const;
      assert.deepEqual(await openSource(source, await machine(), tokens).get(), issuedKey('ecs'));
    });

    it('asks a URL', async () => {
      const { tokens, url } = await issuer(() => ({ body: JSON.stringify(issued('uri')) }));
      const source = { kind: 'uri', url: `${url}/x` } as const;
      assert.deepEqual(await openSource(source, await machine(), tokens).get(), issuedKey('uri'));
    });

    it('assumes a role with the token of a file', async () => {
      const here = await machine({ token: 'OIDC-TOKEN\n' });
      Object.assign(here.environment, {
        ALIBABA_CLOUD_ROLE_ARN: 'arn',
        ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'provider',
        ALIBABA_CLOUD_OIDC_TOKEN_FILE: join(here.homeFolder, 'token'),
      });
      const { tokens, questions } = await issuer(() => ({
        body: JSON.stringify({ Credentials: issued('oidc') }),
      }));
      assert.deepEqual(await openSource({ kind: 'oidc' }, here, tokens).get(), issuedKey('oidc'));
      const form = questions[0]?.form;
      assert.equal(form?.get('Action'), 'AssumeRoleWithOIDC');
      assert.equal(form.get('OIDCToken'), 'OIDC-TOKEN');
      assert.equal(questions[0]?.path, '/', 'nothing of it in the URL');
    });

    it('assumes the role of a CLI profile, signed with its key', async () => {
      const { tokens, questions } = await issuer(() => ({
        body: JSON.stringify({ Credentials: issued('role') }),
      }));
      const here = await machine({ '.aliyun/config.json': ALIYUN });
      const source = { kind: 'aliyun', profile: 'role' } as const;
      assert.deepEqual(await openSource(source, here, tokens).get(), issuedKey('role'));
      const { Signature, ...parameters } = Object.fromEntries(questions[0]?.form ?? []);
      assert.equal(Signature, signParameters('POST', parameters, 'secret-one'));
      assert.equal(parameters['AccessKeyId'], 'LTAI5tone');
      assert.doesNotMatch(JSON.stringify(parameters), /secret-one/);
    });

    for (const [status, body, kind] of [
      [400, '{"Code":"InvalidSecurityToken.Expired","Message":"LTAI5tsecret"}', 'credentials'],
      [403, '{"Code":"NoPermission"}', 'credentials'],
      [500, 'oops', 'server'],
      [200, '{"Code":"Failed"}', 'badResponse'],
      [200, 'LTAI5tsecret', 'badResponse'],
    ] as const) {
      it(`says ${kind} for ${status} ${body}`, async () => {
        const { tokens, url } = await issuer(() => ({ status, body }));
        const source = { kind: 'uri', url } as const;
        const error = await rejection(openSource(source, await machine(), tokens).get());
        assert.equal(error.kind, kind);
        assert.doesNotMatch(`${error.message} ${error.code}`, /LTAI5tsecret/);
      });
    }
  });

  describe('STS', () => {
    it('has an address of its own in each region, and one for where none is named', () => {
      const { stsUrl } = ALIBABA_CLOUD_ISSUERS;
      assert.equal(stsUrl(''), 'https://sts.aliyuncs.com');
      assert.equal(stsUrl('cn-hangzhou'), 'https://sts.cn-hangzhou.aliyuncs.com');
    });

    it('is asked in the region of the role', async () => {
      const { url } = await issuer(() => ({
        body: JSON.stringify({ Credentials: issued('role') }),
      }));
      const regions: string[] = [];
      const transport = new OssTransport();
      closers.push(() => {
        transport.dispose();
      });
      const tokens = new SecurityTokens(transport, {
        ...ALIBABA_CLOUD_ISSUERS,
        stsUrl: (region) => {
          regions.push(region);
          return url;
        },
      });
      const here = await machine({ '.aliyun/config.json': ALIYUN });
      for (const profile of ['role', 'chain']) {
        await openSource({ kind: 'aliyun', profile }, here, tokens).get();
      }
      assert.deepEqual(regions, ['cn-hangzhou', '']);
    });
  });

  describe('signParameters', () => {
    it('agrees with the example of the document of Alibaba Cloud', () => {
      const parameters = {
        TimeStamp: '2016-02-23T12:46:24Z',
        Format: 'XML',
        AccessKeyId: 'testid',
        Action: 'DescribeRegions',
        SignatureMethod: 'HMAC-SHA1',
        SignatureNonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf',
        Version: '2014-05-26',
        SignatureVersion: '1.0',
      };
      const { TimeStamp, ...rest } = parameters;
      const signature = signParameters('GET', { ...rest, Timestamp: TimeStamp }, 'testsecret');
      assert.equal(signature, 'OLeaidS1JvxuMvnyHOwuJ+uX5qY=');
    });
  });

  describe('CachedKey', () => {
    it('renews some minutes before the end, and a short one not at once', () => {
      assert.equal(renewTimeMs(60 * MINUTE_MS, 0), 55 * MINUTE_MS);
      assert.equal(renewTimeMs(4 * MINUTE_MS, 0), 2 * MINUTE_MS);
      assert.equal(renewTimeMs(undefined, 0), 5 * MINUTE_MS);
    });

    it('reads once for callers at the same time, and again when it is time', async () => {
      let nowMs = 0;
      let reads = 0;
      const cached = new CachedKey(
        () => {
          reads += 1;
          return Promise.resolve({ key: key(`${reads}`), expiresMs: nowMs + 60 * MINUTE_MS });
        },
        () => nowMs,
      );
      const keys = await Promise.all([cached.get(), cached.get(), cached.get()]);
      assert.deepEqual(keys, [key('1'), key('1'), key('1')]);
      nowMs = 54 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('1'));
      nowMs = 55 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('2'));
    });

    it('goes on with a valid key when it cannot be renewed, and not with another', async () => {
      let nowMs = 0;
      let works = true;
      const cached = new CachedKey(
        () =>
          works
            ? Promise.resolve({ key: key('1'), expiresMs: 60 * MINUTE_MS })
            : Promise.reject(new Error('down')),
        () => nowMs,
      );
      await cached.get();
      works = false;
      nowMs = 59 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('1'));
      nowMs = 60 * MINUTE_MS;
      await assert.rejects(cached.get(), /down/);
    });
  });

  describe('ProfileKey', () => {
    const renewing = () => {
      let issuedCount = 0;
      let nowMs = 0;
      const source: CredentialsSource = { kind: 'ecsRamRole', role: 'r' };
      const now = () => nowMs;
      const profile = new ProfileKey(
        () => Promise.resolve(source),
        () =>
          new CachedKey(() => {
            issuedCount += 1;
            return Promise.resolve({
              key: key(`${issuedCount}`),
              expiresMs: nowMs + 60 * MINUTE_MS,
            });
          }, now),
        now,
      );
      return {
        profile,
        count: () => issuedCount,
        wait: (ms: number) => {
          nowMs += ms;
        },
      };
    };

    it('renews once for all requests that were refused together', async () => {
      const { profile, count, wait } = renewing();
      assert.deepEqual(await profile.get(), key('1'));
      assert.deepEqual(await Promise.all([profile.refresh(), profile.refresh()]), [true, true]);
      wait(1000);
      assert.equal(await profile.refresh(), true, 'a straggler signed with the old key');
      assert.equal(count(), 2);
      wait(MINUTE_MS);
      assert.equal(await profile.refresh(), true);
      assert.equal(count(), 3);
      assert.deepEqual(await profile.get(), key('3'));
    });

    it('has no hope when the same key comes again or none', async () => {
      let source: CredentialsSource | undefined = { kind: 'accessKey', key: key('1') };
      const profile = new ProfileKey(
        () => Promise.resolve(source),
        () => new CachedKey(() => Promise.resolve({ key: key('1') })),
      );
      await profile.get();
      assert.equal(await profile.refresh(), false);
      source = undefined;
      assert.equal(await profile.refresh(), false);
      assert.equal((await rejection(profile.get())).kind, 'noCredentials');
    });
  });
});
