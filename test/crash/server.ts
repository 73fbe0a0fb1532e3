/**
 * The OSS server as a process that the campaign kills and starts again on the same folder and port.
 * It is asked by messages, and answers each with one of the same number.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../oss-server/faults.ts';
import type { Hold, HoldOptions } from '../oss-server/holds.ts';
import { startOssServer } from '../oss-server/server.ts';
import type { OssServerOptions } from '../oss-server/server.ts';

/** What the process gets as JSON in its first argument. */
export type ServerTask = Pick<
  OssServerOptions,
  'dir' | 'port' | 'operationsFile' | 'credentials'
> & {
  readonly bucket: string;
  readonly faults: readonly Fault[];
};

/** What the server can be asked, by name; each answer comes when it is certain. */
export interface ServerCalls {
  /** Replaces what goes wrong. */
  setFaults(faults: readonly Fault[]): Promise<void>;
  /** Resolves when one more request was dealt with. */
  nextOperation(): Promise<void>;
  /** Resolves when a request stands there, until {@link release}. */
  hold(options: HoldOptions): Promise<void>;
  release(): Promise<void>;
  /** Resolves when no request is open. */
  idle(): Promise<void>;
  /** SHA-256 of the object; undefined when there is none. */
  objectSha256(key: string): Promise<string | undefined>;
  deleteObject(key: string): Promise<void>;
  /** How many uploads are unfinished. */
  uploadCount(): Promise<number>;
}

/** One question; `argument` is that of the call of this name. */
export interface Question {
  readonly id: number;
  readonly call: keyof ServerCalls;
  readonly argument: unknown;
}

export interface Reply {
  readonly id: number;
  readonly value: unknown;
}

async function main({ bucket, faults, ...options }: ServerTask): Promise<void> {
  const server = await startOssServer({
    ...options,
    buckets: [{ name: bucket, region: 'cn-hangzhou' }],
    faults: [...faults],
  });
  const holds: Hold[] = [];
  const calls: ServerCalls = {
    setFaults: (next) => {
      server.faults.splice(0, Infinity, ...next);
      return Promise.resolve();
    },
    nextOperation: () => {
      const asked = server.operations.length;
      return server.waitFor(({ length }) => length > asked);
    },
    hold: async (hold) => {
      const open = server.hold(hold);
      holds.push(open);
      await open.reached;
    },
    release: () => {
      for (const hold of holds.splice(0)) hold.release();
      return Promise.resolve();
    },
    idle: async () => {
      while (server.openRequests.length > 0) await delay(1);
    },
    objectSha256: async (key) => server.object(bucket, key)?.sha256(),
    deleteObject: (key) => {
      server.deleteObject(bucket, key);
      return Promise.resolve();
    },
    uploadCount: () => Promise.resolve(server.uploads(bucket).length),
  };
  process.on('message', ({ id, call, argument }: Question) => {
    void calls[call](argument as never).then((value) => {
      process.send?.({ id, value } satisfies Reply);
    });
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ id: 0, value: server.port } satisfies Reply);
}

void main(JSON.parse(process.argv[2] ?? '{}') as ServerTask);
