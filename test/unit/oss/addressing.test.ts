import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import type { Oss } from '../../../src/oss/index';
import { testCaCertificate } from '../../oss-server/server';
import type { OssServer, OssServerOptions } from '../../oss-server/server';
import { serveNames } from '../../support/names';
import { bodyOf, CALL, OssFixture } from './ossFixture';

const NEW = { forbidOverwrite: false };

/** What has broken a signature or an address before, here or in ali-oss. */
const NASTY_KEYS = [
  'plain.txt',
  'a b+c 100% %41.txt',
  'x?y=1&z=#h;v',
  'quote\'"~!*()[]{}|^`<>',
  'ü/中文 😀.txt',
  'a//b',
  './x',
  '../y/./z/..',
  'tab\tline\nreturn\r',
  '\u0001\u007f',
  'back\\slash',
  '?',
  'a/',
  `${'长'.repeat(340)}.tx`,
];

const PUBLIC = 'photos.oss-cn-hangzhou.aliyuncs.com';
const INTERNAL = 'photos.oss-cn-hangzhou-internal.aliyuncs.com';
const ACCELERATE = 'photos.oss-accelerate.aliyuncs.com';
const OWN = 'img.example.com';
const CORP = 'oss.corp.example.com';

/** Each way to write where a bucket is, and the name its data go to; PORT is the server's. */
const FORMS: readonly {
  readonly endpoint: string;
  readonly own?: string;
  readonly secure?: boolean;
  readonly at: string;
}[] = [
  { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com:PORT', at: PUBLIC },
  { endpoint: 'http://photos.oss-cn-hangzhou.aliyuncs.com:PORT', at: PUBLIC },
  { endpoint: 'http://{bucket}.oss-cn-hangzhou.aliyuncs.com:PORT', at: PUBLIC },
  { endpoint: 'http://oss-cn-hangzhou-internal.aliyuncs.com:PORT', at: INTERNAL },
  { endpoint: 'http://oss-accelerate.aliyuncs.com:PORT', at: ACCELERATE },
  { endpoint: 'http://oss.corp.example.com:PORT', at: `photos.${CORP}` },
  { endpoint: 'http://{bucket}.oss.corp.example.com:PORT', at: `photos.${CORP}` },
  { endpoint: 'http://oss.corp.example.com:PORT/{bucket}', at: CORP },
  { endpoint: 'http://img.example.com:PORT', at: OWN },
  { endpoint: 'public', own: 'http://img.example.com:PORT', at: OWN },
  { endpoint: 'public', own: 'http://{bucket}.oss.corp.example.com:PORT', at: `photos.${CORP}` },
  { endpoint: 'http://127.0.0.1:PORT', at: '127.0.0.1' },
  { endpoint: 'localhost:PORT', at: 'localhost' },
  { endpoint: 'http://[::1]:PORT', at: '[::1]' },
  { endpoint: 'public', secure: true, at: PUBLIC },
  { endpoint: 'internal', secure: true, at: INTERNAL },
  { endpoint: 'accelerate', secure: true, at: ACCELERATE },
  { endpoint: 'public', own: 'img.example.com', secure: true, at: OWN },
  { endpoint: 'https://oss.corp.example.com', secure: true, at: `photos.${CORP}` },
];

describe('an address', () => {
  const fixture = new OssFixture();
  let restore = (): void => undefined;

  /** A server that knows all names of {@link FORMS}. */
  const serve = async (options: Partial<OssServerOptions> = {}): Promise<OssServer> => {
    const server = await fixture.server({
      buckets: [
        {
          name: 'photos',
          domains: [{ domain: 'img.example.com', certificate: {} }],
          transferAcceleration: true,
        },
      ],
      privateClouds: [{ host: 'oss.corp.example.com', region: 'cn-hangzhou', pathStyle: true }],
      ...options,
    });
    const known = /(^|\.)(oss-[a-z-]+\.aliyuncs\.com|img\.example\.com|oss\.corp\.example\.com)$/;
    const names = serveNames(
      server.port,
      (host) => host === 'localhost' || (known.test(host) && !host.endsWith('.img.example.com')),
    );
    restore = names.restore;
    return server;
  };

  const open = (
    server: OssServer,
    form: (typeof FORMS)[number],
    signatureVersion: 'v4' | 'v1',
  ): Oss => {
    const withPort = (text: string) => text.replace('PORT', String(server.port));
    const own = form.own === undefined ? {} : { photos: withPort(form.own) };
    const route = { endpoint: withPort(form.endpoint), bucketEndpoints: own, signatureVersion };
    return fixture.oss('', { route: () => route, ca: testCaCertificate() });
  };

  afterEach(async () => {
    restore();
    await fixture.close();
  });

  for (const version of ['v4', 'v1'] as const) {
    for (const form of FORMS) {
      const name = [form.endpoint, ...(form.own === undefined ? [] : [form.own])].join(' + ');
      it(`at ${name}, signed ${version}, leads any key to its object and back`, async () => {
        const server = await serve({
          ...(form.secure === true && { https: true }),
          ...(form.at === '[::1]' && { host: '::1' }),
        });
        const oss = open(server, form, version);
        const target = { bucket: 'photos', region: 'cn-hangzhou', profile: '' };
        const store = await oss.openStore({ ...target, key: 'any' });
        for (const key of NASTY_KEYS) {
          const text = `the bytes of ${key}`;
          const { uploadId } = await store.initiateMultipartUpload(key, NEW, CALL);
          const part = await store.uploadPart(key, uploadId, 1, bodyOf(text), {}, CALL);
          const parts = await store.listParts(key, uploadId, CALL);
          assert.deepEqual(
            parts.map(({ etag }) => etag),
            [part.etag],
          );
          const named = [{ partNumber: 1, etag: part.etag }];
          await store.completeMultipartUpload(key, uploadId, named, NEW, CALL);
          assert.deepEqual(await server.object('photos', key)?.bytes(), Buffer.from(text));
          await store.putObject(key, bodyOf(text, '!'), NEW, CALL);
          assert.deepEqual(await server.object('photos', key)?.bytes(), Buffer.from(`${text}!`));
          const info = await store.headObject(key, CALL);
          assert.equal(info?.sizeBytes, Buffer.byteLength(text) + 1);
          const url = await oss.account.signedUrl({ ...target, key }, 60);
          const isInternal = form.endpoint === 'internal';
          assert.equal(hostOf(url), isInternal ? PUBLIC : form.at, 'a link is for others');
          assert.equal(await fetched(url), `${text}!`, url);
        }
        const data = server.operations.filter((operation) => operation.key !== undefined);
        const written = data.filter(({ operation }) => operation !== 'getObject');
        assert.deepEqual([...new Set(written.map(({ host }) => host))], [form.at]);
        assert.deepEqual([...new Set(data.map(({ signature }) => signature))], [version]);
        assert.deepEqual(server.keys('photos'), [...NASTY_KEYS].sort(byBytes));
        assert.deepEqual(await store.listMultipartUploads('', CALL), []);
        const folders = await oss.account.listFolders(
          { profile: '' },
          { name: 'photos', region: 'cn-hangzhou' },
          '',
          CALL,
        );
        assert.deepEqual(folders, ['../', './', 'a/', 'ü/']);
      });
    }
  }

  for (const endpoint of [
    'http://photos.oss-cn-hangzhou.aliyuncs.com:PORT',
    'http://photos.oss-cn-hangzhou-internal.aliyuncs.com:PORT',
  ]) {
    for (const version of ['v4', 'v1'] as const) {
      it(`at ${endpoint}, signed ${version}, leads to the account and to other buckets, too`, async () => {
        const server = await serve({ buckets: [{ name: 'photos' }, { name: 'films' }] });
        const { openStore, account } = open(server, { endpoint, at: '' }, version);
        await account.checkCredentials({ profile: '' }, CALL);
        const listed = await account.listBuckets({ profile: '' }, CALL);
        assert.deepEqual(listed.map(({ name }) => name).sort(), ['films', 'photos']);
        for (const { host } of server.operations) assert.doesNotMatch(host, /photos/);
        for (const bucket of ['films', 'photos']) {
          const target = { bucket, region: 'cn-hangzhou', profile: '', key: 'any' };
          await (await openStore(target)).putObject('a', bodyOf(bucket), NEW, CALL);
          assert.equal(await fetched(await account.signedUrl({ ...target, key: 'a' }, 60)), bucket);
          assert.equal(server.keys(bucket).length, 1);
        }
      });
    }
  }
});

function hostOf(url: string): string {
  return /^https?:\/\/(\[.*\]|[^/:]+)/.exec(url)?.[1] ?? '';
}

function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** What a stranger gets at a URL, whose path is asked for as it is written. */
async function fetched(url: string): Promise<string> {
  const [, scheme, host = '', port, path] =
    /^(https?):\/\/(\[[^\]]*\]|[^/:]+)(?::(\d+))?(\/.*)$/.exec(url) ?? [];
  const isSecure = scheme === 'https';
  return new Promise((resolve, reject) => {
    (isSecure ? https : http)
      .request(
        {
          host: host.replace(/[[\]]/g, ''),
          port: port ?? (isSecure ? '443' : '80'),
          path,
          agent: false,
          ...(isSecure && { ca: testCaCertificate() }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            resolve(Buffer.concat(chunks).toString());
          });
        },
      )
      .on('error', reject)
      .end();
  });
}
