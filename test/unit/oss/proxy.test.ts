import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Oss } from '../../../src/oss/index';
import { testCaCertificate } from '../../oss-server/server';
import type { OssServer } from '../../oss-server/server';
import { startProxy } from '../../support/proxy';
import type { Proxy } from '../../support/proxy';
import type { OssCredential } from '../../oss-server/authentication';
import { Issuer } from './credentials/issuer';
import { bodyOf, CALL, KEY, OssFixture, rejection } from './ossFixture';

const TARGET = { bucket: 'photos', key: 'any', region: 'cn-hangzhou', profile: '' };
const NEW = { forbidOverwrite: false };
const CREDENTIALS = { username: 'somebody', password: 'p@ss:word' };

/** Sends all requests of this process by a proxy: tunnelled, or with the whole address in them. */
function useProxy(url: string): () => void {
  const { request } = http;
  const secureRequest = https.request;
  const { hostname, port, username, password } = new URL(url);
  const asked = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization =
    username === ''
      ? {}
      : { 'proxy-authorization': `Basic ${Buffer.from(asked).toString('base64')}` };
  const secureAgent = new HttpsProxyAgent(url);
  const byProxy = (options: http.RequestOptions): http.RequestOptions => ({
    ...options,
    hostname,
    port,
    path: `http://${options.hostname ?? ''}${options.path ?? ''}`,
    headers: {
      ...(options.headers as http.OutgoingHttpHeaders),
      host: options.hostname ?? '',
      ...authorization,
    },
  });
  // The proxy is in this process, too, and writes its own requests with a URL.
  http.request = ((first: http.RequestOptions | string, ...rest: never[]) =>
    typeof first === 'string'
      ? request(first, ...rest)
      : request(byProxy(first))) as typeof http.request;
  https.request = ((options: https.RequestOptions) =>
    secureRequest({ ...options, agent: secureAgent })) as typeof https.request;
  return () => {
    http.request = request;
    https.request = secureRequest;
    secureAgent.destroy();
  };
}

describe('OSS behind a proxy', () => {
  const fixture = new OssFixture();
  let server: OssServer;
  let proxy: Proxy;
  let stopUsing = (): void => undefined;

  const open = (isSecure: boolean): Oss =>
    fixture.oss('', {
      route: () => ({
        endpoint: isSecure ? 'public' : 'http://oss-cn-hangzhou.aliyuncs.com',
        bucketEndpoints: { others: `http${isSecure ? 's' : ''}://img.example.com` },
      }),
      ca: testCaCertificate(),
    });

  const start = async (
    isSecure: boolean,
    credentials: { readonly asked?: typeof CREDENTIALS; readonly given?: typeof CREDENTIALS },
  ): Promise<void> => {
    const { asked, given } = credentials;
    server = await fixture.server({
      https: isSecure ? true : undefined,
      buckets: [
        { name: 'photos' },
        { name: 'others', domains: [{ domain: 'img.example.com', certificate: {} }] },
      ],
    });
    proxy = await startProxy({
      server,
      served: (host) => /\.(aliyuncs|example)\.com$/.test(host),
      ...(asked !== undefined && { credentials: asked }),
    });
    const url = new URL(proxy.url);
    url.username = encodeURIComponent(given?.username ?? '');
    url.password = encodeURIComponent(given?.password ?? '');
    stopUsing = useProxy(url.href);
  };

  afterEach(async () => {
    stopUsing();
    await proxy.close();
    await fixture.close();
  });

  for (const isSecure of [true, false]) {
    const way = isSecure ? 'by CONNECT' : 'by plain requests';
    for (const [name, credentials] of [
      ['without a password', {}],
      ['with its password', { asked: CREDENTIALS, given: CREDENTIALS }],
    ] as const) {
      it(`uploads ${way}, ${name}, also to a domain of the bucket`, async () => {
        await start(isSecure, credentials);
        const oss = open(isSecure);
        const bytes = Buffer.alloc(3_000_000, 'abcdefg');
        for (const bucket of ['photos', 'others']) {
          const store = await oss.openStore({ ...TARGET, bucket });
          for (const key of ['a b+c/中文 100%.bin', 'second']) {
            const { uploadId } = await store.initiateMultipartUpload(key, NEW, CALL);
            const part = await store.uploadPart(key, uploadId, 1, bodyOf(bytes), {}, CALL);
            const parts = [{ partNumber: 1, etag: part.etag }];
            await store.completeMultipartUpload(key, uploadId, parts, NEW, CALL);
            assert.ok(bytes.equals((await server.object(bucket, key)?.bytes()) ?? Buffer.from('')));
          }
        }
        const port = isSecure ? 443 : 80;
        const names = new Set(proxy.seen.map((line) => line.replace(/^\w+ /, '')));
        assert.deepEqual(
          [...names],
          [`photos.oss-cn-hangzhou.aliyuncs.com:${port}`, `img.example.com:${port}`],
        );
        const isTunnelled = proxy.seen.every((line) => line.startsWith('CONNECT '));
        assert.equal(isTunnelled, isSecure);
      });
    }

    it(`fails ${way} without its password, and nothing of it reaches OSS`, async () => {
      await start(isSecure, { asked: CREDENTIALS });
      const store = await open(isSecure).openStore(TARGET);
      const error = await rejection(store.putObject('a', bodyOf('x'), NEW, CALL));
      assert.equal(error.requestId, undefined, 'it is no answer of OSS');
      assert.deepEqual(server.operations, []);
    });
  }

  it('asks as a stranger by the proxy, too', async () => {
    await start(true, {});
    await server.putObject('others', 'a', Buffer.from('x'));
    const { account } = open(true);
    assert.equal(await account.isPrivate('https://img.example.com/a', CALL), true);
    assert.deepEqual(proxy.seen, ['CONNECT img.example.com:443']);
  });

  it('tells a domain that is not there from one that is', async () => {
    await start(true, {});
    const { account } = open(true);
    const bucket = { name: 'others', region: 'cn-hangzhou' };
    const check = (address: string) => account.checkDomain({ profile: '' }, bucket, address, CALL);
    assert.equal((await check('img.example.com')).verdict, 'usable');
    assert.notEqual((await check('nowhere.invalid')).verdict, 'usable');
  });

  it('is not asked for the role of this computer, nor for what else only this computer knows', async () => {
    await start(false, {});
    const known: OssCredential[] = [{ ...KEY }];
    const issuer = await Issuer.start(known);
    try {
      const { account } = fixture.oss('http://oss-cn-hangzhou.aliyuncs.com', {
        issuers: issuer.issuers,
      });
      for (const source of [
        { kind: 'ecsRamRole', role: '' },
        { kind: 'uri', url: `${issuer.url}/uri` },
      ] as const) {
        const error = await rejection(account.checkCredentials({ source }, CALL));
        // The server behind the proxy knows none of these keys.
        assert.equal(error.code, 'InvalidAccessKeyId');
      }
      assert.deepEqual(issuer.asked, [
        'PUT api/token',
        'GET meta-data/ram/security-credentials/',
        'GET meta-data/ram/security-credentials/instance',
        'GET the URI',
      ]);
      assert.deepEqual([...new Set(proxy.seen)], ['GET oss-cn-hangzhou.aliyuncs.com:80']);
    } finally {
      issuer.close();
    }
  });
});
