/**
 * The process that the crash campaign kills: the engine with the real adapter, nothing else. It goes
 * on with whatever an earlier one left, or starts the uploads, and says `done` when all are verified.
 */
import { open, rename, mkdir } from 'node:fs/promises';
import { TransferManager } from '../../src/engine/index.ts';
import type { UploadRequest } from '../../src/engine/index.ts';
import { createOss } from '../../src/oss/index.ts';
import { hastyClock } from '../support/hastyClock.ts';

/** What the campaign tells the process, as JSON in its first argument. */
export interface UploaderTask {
  readonly stateDir: string;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly requests: readonly UploadRequest[];
  /** Dies by its own hand at that step, when it comes to it. */
  readonly dieAt?: DeathStep | undefined;
}

/** Steps that only the process itself can hit exactly. */
export type DeathStep =
  /** Before or after the n-th file of the folder gets its name: batch, pending header, header. */
  | { readonly step: 'rename'; readonly nth: number; readonly when: 'before' | 'after' }
  /** Before, amid or after the n-th append to a journal. */
  | { readonly step: 'append'; readonly nth: number; readonly when: 'before' | 'amid' | 'after' }
  /** When the object is complete, before anything is removed. */
  | { readonly step: 'completed' };

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing may happen until it arrives.
  for (;;);
}

async function main(task: UploaderTask): Promise<void> {
  const { dieAt } = task;
  let renames = 0;
  let appends = 0;
  const oss = createOss({
    route: () => ({ endpoint: task.endpoint }),
    credentials: () => Promise.resolve({ kind: 'accessKey', key: task }),
    log: { debug, info: debug, warn: debug, error: debug },
  });
  const transfers = new TransferManager({
    stateDir: task.stateDir,
    logger: { debug, info: debug, warn: debug, error: console.error },
    limits: { concurrency: 6, maxBytesPerSecond: 0 },
    clock: hastyClock,
    openStore: async (target) => {
      const store = await oss.openStore(target);
      if (dieAt?.step !== 'completed') return store;
      return new Proxy(store, {
        get: (object, name, receiver): unknown => {
          if (name !== 'completeMultipartUpload') {
            const member: unknown = Reflect.get(object, name, receiver);
            return typeof member === 'function' ? member.bind(object) : member;
          }
          return async (...args: Parameters<typeof object.completeMultipartUpload>) => {
            await object.completeMultipartUpload(...args);
            die();
          };
        },
      });
    },
    files: {
      mkdir,
      rename: async (from, to) => {
        const isTurn = dieAt?.step === 'rename' && ++renames === dieAt.nth;
        if (isTurn && dieAt.when === 'before') die();
        await rename(from, to);
        if (isTurn) die();
      },
      open: async (...args) => {
        const handle = await open(...args);
        if (dieAt?.step !== 'append') return handle;
        const write = handle.write.bind(handle) as (
          buffer: Buffer,
          offset: number,
          length: number,
          position: number,
        ) => Promise<{ bytesWritten: number; buffer: Buffer }>;
        const fatal: typeof write = async (buffer, offset, length, position) => {
          if (++appends < dieAt.nth) return write(buffer, offset, length, position);
          if (dieAt.when === 'amid') await write(buffer, offset, Math.ceil(length / 2), position);
          if (dieAt.when === 'after') await write(buffer, offset, length, position);
          die();
        };
        return Object.assign(handle, { write: fatal });
      },
    },
  });

  await transfers.refresh();
  const left = transfers.snapshot().batches;
  const { requests } = task;
  if (left.length > 0) await transfers.resume(left.map(({ id }) => id));
  else if (requests.length > 0) {
    await transfers.enqueue({ label: 'crash', workspacePath: '', requests });
  }
  for (const { id } of transfers.snapshot().batches) {
    const { transfers: settled } = await transfers.whenSettled(id);
    for (const { state, error } of settled) {
      if (state !== 'completed') throw new Error(`a transfer is ${state}`, { cause: error });
    }
  }
  await transfers.shutdown();
  oss.dispose();
  console.log('done');
}

function debug(): void {
  // Nobody reads it.
}

main(JSON.parse(process.argv[2] ?? '{}') as UploaderTask).catch((error: unknown) => {
  console.error(error);
  // Not 1, which is what Windows says of a process that has killed itself.
  process.exit(2);
});
