import { stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../contract/errors';
import type { BatchItem } from '../record/batchRecord';
import { ItemTable } from '../record/itemTable';
import { checkpointId } from '../record/checkpoint';
import { realPathOf } from '../file/realPath';
import type { Transfers, UploadRequest } from '../contract/transfers';

/** Files that are looked at, at the same time; others have their turn after so many. */
const STATS_AT_ONCE = 64;

/** The item of a request: its file by its real path, so that one file has one checkpoint. */
export async function toItem(request: UploadRequest): Promise<BatchItem> {
  const { target, options } = request;
  const filePath = request.realPath ?? (await realPathOf(request.filePath));
  const sizeBytes = request.sizeBytes ?? (await sizeOf(filePath));
  const id = checkpointId(filePath, target.bucket, target.key);
  return { id, filePath, target, options, sizeBytes, isDiscarding: false };
}

/** Bytes of a file; 0 of one that is not there: its upload says so. */
async function sizeOf(filePath: string): Promise<number> {
  return stat(filePath).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The item with what the user has decided about it; the same one when that changes nothing. */
export function changedItem(
  item: BatchItem,
  change: NonNullable<Parameters<Transfers['resume']>[1]>,
): BatchItem {
  const { forbidOverwrite, region, profile } = change;
  if (forbidOverwrite === undefined && region === undefined && profile === undefined) return item;
  return {
    ...item,
    target: {
      ...item.target,
      region: region ?? item.target.region,
      profile: profile ?? item.target.profile,
    },
    options: {
      ...item.options,
      forbidOverwrite: forbidOverwrite ?? item.options.forbidOverwrite,
    },
  };
}

/** The items of these requests; of several requests for the same, the last. */
export async function itemsOf(
  requests: Iterable<UploadRequest>,
  signal: AbortSignal,
): Promise<ItemTable> {
  const items = new ItemTable();
  const queue = requests[Symbol.iterator]();
  for (let isDone = false; !isDone;) {
    const chunk: UploadRequest[] = [];
    while (chunk.length < STATS_AT_ONCE) {
      const next = queue.next();
      isDone = next.done === true;
      if (next.done === true) break;
      chunk.push(next.value);
    }
    // In the order of the requests, whichever the disk answers first.
    for (const item of await Promise.all(chunk.map(toItem))) items.set(item);
    await nextTurn();
    throwIfAborted(signal);
  }
  return items;
}
