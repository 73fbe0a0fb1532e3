import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../../esbuild.js';
import { BUNDLE_BUDGETS } from '../../../scripts/budgets';
import type * as Room from '../../../src/oss/index';
import { bodyOf, CALL, OssFixture, SILENT, SOURCE } from './ossFixture';

describe('dist/oss.js', function () {
  this.timeout(60_000);
  const fixture = new OssFixture();
  let folder = '';
  let file = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oss-bundle-'));
    file = join(folder, 'oss.js');
    const options = bundleOptions({ production: true, outputFolder: folder });
    const own = options.find(({ outfile }) => outfile === file);
    assert.ok(own);
    const { warnings } = await build(own);
    assert.deepEqual(warnings, []);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  afterEach(() => fixture.close());

  /** What a Node of its own says. */
  async function run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly out: string; readonly err: string }> {
    const child = spawn(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } });
    const said = { out: '', err: '' };
    child.stdout.on('data', (data: Buffer) => (said.out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said.err += data.toString()));
    await once(child, 'close');
    return said;
  }

  it('stays small', async () => {
    assert.ok((await stat(file)).size <= BUNDLE_BUDGETS['dist/oss.js']);
  });

  it('is read in a bare Node without a look at navigator or a change of fs', () => {
    const script = `
      let looks = 0;
      Object.defineProperty(globalThis, 'navigator', {
        configurable: true,
        get() { looks += 1; return undefined; },
      });
      const close = require('node:fs').close;
      const { createOss } = require(${JSON.stringify(file)});
      const isFsTheSame = close === require('node:fs').close;
      console.log(JSON.stringify({ looks, isFsTheSame, door: typeof createOss }));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: folder });
    assert.equal(String(stderr), '');
    assert.deepEqual(JSON.parse(String(stdout)), { looks: 0, isFsTheSame: true, door: 'function' });
  });

  it('says nothing of a request, whatever DEBUG is set to', async () => {
    const server = await fixture.server();
    const script = `
      const { createOss } = require(${JSON.stringify(file)});
      const silent = () => undefined;
      const oss = createOss({
        route: () => ({ endpoint: ${JSON.stringify(server.endpoint)} }),
        credentials: () => Promise.resolve(${JSON.stringify(SOURCE)}),
        log: { debug: silent, info: silent, warn: silent, error: silent },
      });
      oss.account.listBuckets({ profile: '' }, { signal: new AbortController().signal })
        .then((buckets) => { console.log(buckets.length); oss.dispose(); });
    `;
    const said = await run(['-e', script], { DEBUG: '*' });
    assert.deepEqual(said, { out: '1\n', err: '' });
  });

  it('calls nothing that Node has deprecated', async () => {
    const server = await fixture.server();
    const script = `
      const { createOss } = require(${JSON.stringify(file)});
      const silent = () => undefined;
      const addressOf = async (signatureVersion) => {
        const oss = createOss({
          route: () => ({ endpoint: ${JSON.stringify(server.endpoint)}, signatureVersion }),
          credentials: () => Promise.resolve(${JSON.stringify(SOURCE)}),
          log: { debug: silent, info: silent, warn: silent, error: silent },
        });
        const target = { bucket: 'photos', key: 'a b/../日?.jpg', region: 'cn-hangzhou', profile: '' };
        await oss.openStore(target);
        const url = await oss.account.signedUrl(target, 60);
        oss.dispose();
        return url.replace(/[?].*/, '');
      };
      Promise.all(['v4', 'v1'].map(addressOf)).then((all) => console.log(all.join(' ')));
    `;
    const address = `${server.endpoint}/photos/a%20b/../%E6%97%A5%3F.jpg`;
    const said = await run(['--pending-deprecation', '--throw-deprecation', '-e', script]);
    assert.deepEqual(said, { out: `${address} ${address}\n`, err: '' });
  });

  for (const [version, region] of [
    ['v4', 'cn-hangzhou'],
    ['v1', ''],
  ] as const) {
    it(`signs with ${version.toUpperCase()}, uploads and reads answers`, async () => {
      const server = await fixture.server();
      const room = (await import(pathToFileURL(file).href)) as typeof Room;
      const oss = room.createOss({
        route: () => ({ endpoint: server.endpoint, signatureVersion: version }),
        credentials: () => Promise.resolve(SOURCE),
        log: SILENT,
      });
      const key = '照片/日 落.jpg';
      const store = await oss.openStore({ bucket: 'photos', key, region, profile: '' });
      const options = { forbidOverwrite: false, metadata: { author: '李雷' } };
      const { uploadId } = await store.initiateMultipartUpload(key, options, CALL);
      const part = await store.uploadPart(key, uploadId, 1, bodyOf('bytes'), {}, CALL);
      assert.equal((await store.listParts(key, uploadId, CALL)).length, 1);
      const parts = [{ partNumber: 1, etag: part.etag }];
      await store.completeMultipartUpload(key, uploadId, parts, options, CALL);
      assert.equal((await store.headObject(key, CALL))?.sizeBytes, 5);
      assert.equal((await oss.account.listBuckets({ profile: '' }, CALL)).length, 1);
      const target = { bucket: 'photos', key, region, profile: '' };
      const url = await oss.account.signedUrl(target, 60);
      assert.equal(await (await fetch(url)).text(), 'bytes');
      oss.dispose();
    });
  }
});
