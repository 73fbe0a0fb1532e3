import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sendRequest } from '../client.ts';
import { readOperations } from '../operationsLog.ts';
import { bucket, openTestServer, testKey, type TestServer } from './testServer.ts';

describe('an OSS server that starts on the data of another', () => {
  let oss: TestServer;
  beforeEach(async () => {
    oss = await openTestServer({ buckets: [{ name: bucket, region: 'cn-hangzhou' }] });
  });
  afterEach(() => oss.close());

  it('has its objects, uploads and parts', async () => {
    await oss.send({ method: 'PUT', key: 'o', body: 'x', headers: { 'x-oss-meta-a': 'ü' } });
    const id = await oss.initiate('u', { 'content-type': 'video/mp4' });
    const first = Buffer.alloc(102_400, 1);
    await oss.uploadPart('u', id, 1, 'replaced');
    const etag1 = String((await oss.uploadPart('u', id, 1, first)).headers.etag);
    const aborted = await oss.initiate('u');
    oss.server.abortUpload(aborted);
    const before = oss.server.parts(id);
    await oss.restart();
    assert.deepEqual(oss.server.parts(id), before);
    assert.deepEqual(
      oss.server.uploads(bucket).map(({ uploadId }) => uploadId),
      [id],
    );
    const head = await oss.send({ method: 'HEAD', key: 'o' });
    assert.equal(head.headers['x-oss-meta-a'], 'ü');
    const etag2 = String((await oss.uploadPart('u', id, 2, 'end')).headers.etag);
    const answer = await oss.complete('u', id, [
      [1, etag1],
      [2, etag2],
    ]);
    assert.equal(answer.status, 200);
    await oss.restart();
    const object = oss.server.object(bucket, 'u')!;
    assert.deepEqual(await object.bytes(), Buffer.concat([first, Buffer.from('end')]));
    assert.equal(object.headers['content-type'], 'video/mp4');
    assert.deepEqual(oss.server.uploads(bucket), []);
  });

  it('cuts off a torn record, keeps what follows, and removes bytes that nobody owns', async () => {
    const id = await oss.initiate('torn');
    await oss.uploadPart('torn', id, 1, 'one');
    appendFileSync(join(oss.dir, 'uploads', `${id}.jsonl`), '{"part":{"partNumber":2,');
    writeFileSync(join(oss.dir, 'data', 'orphan'), 'received by a server that was killed');
    await oss.restart();
    await oss.uploadPart('torn', id, 3, 'three');
    await oss.restart();
    assert.deepEqual(
      oss.server.parts(id).map(({ partNumber }) => partNumber),
      [1, 3],
    );
    assert.equal(readdirSync(join(oss.dir, 'data')).length, 2);
  });

  it('does not offer an upload again whose object exists', async () => {
    const id = await oss.initiate('done');
    const etag = String((await oss.uploadPart('done', id, 1, 'x')).headers.etag);
    const parts = oss.server.parts(id);
    await oss.complete('done', id, [[1, etag]]);
    // As if the server had been killed between the object and the end of the upload.
    const upload = { uploadId: id, bucket, key: 'done', initiatedMs: 0, sequential: false };
    const lines = [{ upload: { ...upload, properties: {} } }, { part: parts[0] }];
    const journal = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(oss.dir, 'uploads', `${id}.jsonl`), journal);
    await oss.restart();
    assert.deepEqual(oss.server.uploads(bucket), []);
    assert.equal((await oss.server.object(bucket, 'done')!.bytes()).toString(), 'x');
  });
});

describe('the OSS server as a process', () => {
  const children: ChildProcess[] = [];
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'oss-process-'));
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  async function start(port: number) {
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', join(__dirname, '../server.cli.mts')],
        ...['--dir', dir, '--port', String(port), '--bucket', `${bucket}:cn-hangzhou`],
        ...['--access-key-id', testKey.accessKeyId],
        ...['--access-key-secret', testKey.accessKeySecret],
        ...['--operations-file', join(dir, 'operations.jsonl')],
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const nextLine = async () => JSON.parse(String((await lines.next()).value)) as unknown;
    const { endpoint } = (await nextLine()) as { endpoint: string };
    return { child, endpoint, nextLine };
  }

  it('survives being killed, takes faults from its input, and ends when asked', async () => {
    const request = { bucket, signing: { version: 'v4', ...testKey } } as const;
    const first = await start(0);
    const put = { ...request, method: 'PUT', key: 'k', body: 'kept' };
    assert.equal((await sendRequest(first.endpoint, put)).status, 200);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = await start(Number(new URL(first.endpoint).port));
    assert.equal(second.endpoint, first.endpoint);
    const get = { ...request, method: 'GET', key: 'k' };
    assert.equal((await sendRequest(second.endpoint, get)).text, 'kept');
    const faults = [{ on: 'getObject', do: { answer: { status: 503 } } }];
    second.child.stdin.write(`${JSON.stringify({ faults })}\n`);
    assert.deepEqual(await second.nextLine(), { done: true });
    assert.equal((await sendRequest(second.endpoint, get)).status, 503);
    assert.deepEqual(
      readOperations(join(dir, 'operations.jsonl')).map(({ operation, status }) => [
        operation,
        status,
      ]),
      [
        ['putObject', 200],
        ['getObject', 200],
        ['getObject', 503],
      ],
    );
    second.child.kill('SIGTERM');
    const [code] = (await once(second.child, 'exit')) as [number | null];
    // Windows has no signals: there it is ended, not asked.
    if (process.platform !== 'win32') assert.equal(code, 0);
  });
});
