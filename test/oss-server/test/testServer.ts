import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendRequest, type PlainAnswer, type PlainRequest } from '../client.ts';
import { startOssServer, type OssServer, type OssServerOptions } from '../server.ts';

/** The key that `send` signs with. */
export const testKey = { accessKeyId: 'test-id', accessKeySecret: 'test-secret' };
export const bucket = 'bucket-one';

/** A server on a fresh folder that ends with the test file, and a way to talk to it. */
export interface TestServer {
  readonly server: OssServer;
  readonly dir: string;
  /** Sends a request to the bucket, signed V4 unless said otherwise. */
  send(request: PlainRequest): Promise<PlainAnswer>;
  /** Initiates an upload and returns its id. */
  initiate(key: string, headers?: Record<string, string>): Promise<string>;
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: string | Uint8Array,
  ): Promise<PlainAnswer>;
  complete(
    key: string,
    uploadId: string,
    parts: readonly (readonly [number, string])[],
    headers?: Record<string, string>,
  ): Promise<PlainAnswer>;
  /** Ends the server and starts one on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** XML body of Complete. */
export function completeBody(parts: readonly (readonly [number, string])[]): string {
  const elements = parts.map(
    ([partNumber, etag]) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`;
}

/** Starts the server of a test file. */
export async function openTestServer(options: Partial<OssServerOptions> = {}): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'oss-server-test-'));
  const start = () =>
    startOssServer({
      dir,
      buckets: [{ name: bucket }],
      credentials: [{ ...testKey }],
      ...options,
    });
  let server = await start();
  const send = (request: PlainRequest) =>
    sendRequest(server.endpoint, {
      bucket,
      signing: { version: 'v4', ...testKey },
      ...request,
    });
  return {
    get server() {
      return server;
    },
    dir,
    send,
    async initiate(key, headers = {}) {
      const answer = await send({ method: 'POST', key, query: { uploads: '' }, headers });
      return answer.element('UploadId')!;
    },
    uploadPart: (key, uploadId, partNumber, body) =>
      send({ method: 'PUT', key, query: { partNumber: String(partNumber), uploadId }, body }),
    complete: (key, uploadId, parts, headers = {}) =>
      send({ method: 'POST', key, query: { uploadId }, body: completeBody(parts), headers }),
    async restart() {
      await server.close();
      server = await start();
    },
    async close() {
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
