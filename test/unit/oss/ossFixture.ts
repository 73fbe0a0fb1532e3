import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { CredentialsSource } from '../../../src/account';
import { UploadError } from '../../../src/engine/contract/errors';
import type { CallOptions, ObjectStore, RequestBody } from '../../../src/engine/contract/ports';
import { createOss } from '../../../src/oss/index';
import type { Oss, OssOptions } from '../../../src/oss/index';
import { startOssServer } from '../../oss-server/server';
import type { OssServer, OssServerOptions } from '../../oss-server/server';
import type { Logger } from '../../../src/engine/base/logger';

/** Never aborted. */
export const CALL: CallOptions = { signal: new AbortController().signal };

export const KEY = { accessKeyId: 'LTAI5tTestKeyOfThisRoom', accessKeySecret: 'the-secret-of-it' };

export const SOURCE: CredentialsSource = { kind: 'accessKey', key: KEY };

const silent = () => undefined;

export const SILENT: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Everything a test opened; call `close` in afterEach. */
export class OssFixture {
  readonly #closers: (() => unknown)[] = [];

  /** A folder that is removed afterwards. */
  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'oss-room-'));
    this.#closers.push(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  /** The local OSS server with the bucket `photos` and the key above. */
  async server(options: Partial<OssServerOptions> = {}): Promise<OssServer> {
    const server = await startOssServer({
      dir: await this.folder(),
      buckets: [{ name: 'photos', region: 'cn-hangzhou' }],
      credentials: [{ ...KEY }],
      ...options,
    });
    this.#closers.push(() => server.close());
    return server;
  }

  /** The room, against an endpoint. */
  oss(endpoint: string, options: Partial<OssOptions> = {}): Oss {
    const oss = createOss({
      route: () => ({ endpoint }),
      credentials: () => Promise.resolve(SOURCE),
      log: SILENT,
      ...options,
    });
    this.#closers.push(() => {
      oss.dispose();
    });
    return oss;
  }

  /** The store of `photos`; region '' is signed V1, which needs none. */
  async store(
    server: OssServer,
    region = 'cn-hangzhou',
    options: Partial<OssOptions> = {},
  ): Promise<ObjectStore> {
    const target = { bucket: 'photos', key: 'any', region, profile: '' };
    const signatureVersion = region === '' ? 'v1' : 'v4';
    const route = { endpoint: server.endpoint, signatureVersion } as const;
    return await this.oss('', { route: () => route, ...options }).openStore(target);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

/** A body of some chunks. */
export function bodyOf(...chunks: (Uint8Array | string)[]): RequestBody {
  const bytes = chunks.map((chunk) => Buffer.from(chunk));
  return {
    sizeBytes: bytes.reduce((sum, chunk) => sum + chunk.length, 0),
    // eslint-disable-next-line @typescript-eslint/require-await -- the type of a body is asynchronous
    chunks: (async function* () {
      yield* bytes;
    })(),
  };
}

/** The UploadError a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<UploadError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(UploadError.is(error), `not an UploadError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not reject' });
}
