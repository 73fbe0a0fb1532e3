/**
 * The limit in Node: the same parts by plain `http(s).request`, each read at once into a buffer that
 * is used again. Nothing is signed, checked, recorded or tried again.
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { BenchFile, BenchTask } from '../task';
import { mapParallel, measure } from './measure';

void measure(async (task) => {
  const isSecure = task.endpoint.startsWith('https:');
  const pool = { keepAlive: true, maxSockets: task.parallel };
  const agent = isSecure
    ? new https.Agent({ ...pool, ca: readFileSync(task.caFile) })
    : new http.Agent(pool);
  const put = (path: string, method: string, body: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const url = `${task.endpoint}/${task.bucket}/${path}`;
      const headers = { 'content-length': body.length };
      const request = (isSecure ? https : http).request(url, { method, agent, headers });
      request.on('response', (response) => response.resume().on('end', resolve));
      request.on('error', reject);
      request.end(body);
    });
  const [first] = task.files;
  if (task.files.length > 1 || first === undefined || first.sizeBytes <= task.partSizeBytes) {
    await sendFiles(task, (file, body) => put(file.key, 'PUT', body));
  } else {
    await sendParts(task, first, (query, body) => put(`${first.key}?${query}`, 'PUT', body));
  }
  return {};
});

async function sendFiles(
  task: BenchTask,
  send: (file: BenchFile, body: Buffer) => Promise<void>,
): Promise<void> {
  await mapParallel(task.files, task.parallel, async (file) => {
    const handle = await open(file.filePath);
    const body = Buffer.allocUnsafe(file.sizeBytes);
    await handle.read(body, 0, body.length, 0);
    await handle.close();
    await send(file, body);
  });
}

async function sendParts(
  { partSizeBytes, parallel }: BenchTask,
  { filePath, sizeBytes }: BenchFile,
  send: (query: string, body: Buffer) => Promise<void>,
): Promise<void> {
  const handle = await open(filePath);
  const buffers: Buffer[] = [];
  const numbers = Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, index) => index);
  await mapParallel(numbers, parallel, async (index) => {
    const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(partSizeBytes);
    const offset = index * partSizeBytes;
    const body = buffer.subarray(0, Math.min(partSizeBytes, sizeBytes - offset));
    await handle.read(body, 0, body.length, offset);
    await send(`partNumber=${index + 1}`, body);
    buffers.push(buffer);
  });
  await handle.close();
}
