/**
 * The OSS server as a process of its own:
 *
 *   npx tsx test/oss-server/server.cli.mts --dir DIR [--port N] [--bucket NAME[:REGION]]...
 *     [--access-key-id ID --access-key-secret SECRET] [--security-token TOKEN] [--anonymous]
 *     [--https] [--operations-file FILE] [--faults-file FILE]
 *
 * OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and OSS_SESSION_TOKEN stand in for the flags. Prints
 * `{"endpoint":...}` as one line when it is ready. Each line of standard input is JSON: `{"faults":
 * [...]}` replaces the faults, `{"clockOffsetMs":N}` sets the clock; each is answered by a line
 * `{"done":true}`. Ends on SIGTERM and SIGINT.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Fault } from './faults.ts';
import { startOssServer } from './server.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    bucket: { type: 'string', multiple: true },
    'access-key-id': { type: 'string' },
    'access-key-secret': { type: 'string' },
    'security-token': { type: 'string' },
    anonymous: { type: 'boolean' },
    https: { type: 'boolean' },
    'operations-file': { type: 'string' },
    'faults-file': { type: 'string' },
  },
});
if (values.dir === undefined) throw new Error('--dir is missing.');

const faultsFile = values['faults-file'];
const server = await startOssServer({
  dir: values.dir,
  host: values.host,
  port: Number(values.port ?? 0),
  https: values.https,
  anonymous: values.anonymous,
  operationsFile: values['operations-file'],
  buckets: (values.bucket ?? ['test-bucket']).map((text) => {
    const [name = '', region] = text.split(':');
    return { name, region };
  }),
  credentials: [
    {
      accessKeyId: values['access-key-id'] ?? process.env['OSS_ACCESS_KEY_ID'] ?? 'test-key-id',
      accessKeySecret:
        values['access-key-secret'] ?? process.env['OSS_ACCESS_KEY_SECRET'] ?? 'test-key-secret',
      securityToken: values['security-token'] ?? process.env['OSS_SESSION_TOKEN'],
    },
  ],
  faults: faultsFile === undefined ? [] : (JSON.parse(readFileSync(faultsFile, 'utf8')) as Fault[]),
});

const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => {
  const command = JSON.parse(line) as { faults?: Fault[]; clockOffsetMs?: number };
  if (command.faults) server.faults.splice(0, Infinity, ...command.faults);
  if (command.clockOffsetMs !== undefined) server.clockOffsetMs = command.clockOffsetMs;
  console.log(JSON.stringify({ done: true }));
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    commands.close();
    process.stdin.destroy();
    void server.close();
  });
}
console.log(JSON.stringify({ endpoint: server.endpoint }));
