import { stat } from 'node:fs/promises';
import type { BatchItem } from '../record/batchRecord';
import { checkpointId } from '../record/checkpoint';
import { realPathOf } from '../file/realPath';
import { runParallel } from '../base/runParallel';
import type { Transfers, UploadRequest } from '../contract/transfers';

/** Files that are looked at, at the same time. */
const STATS_AT_ONCE = 32;

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

/** The items of these requests by id; of several requests for the same, the last. */
export async function itemsOf(
  requests: readonly UploadRequest[],
  signal: AbortSignal,
): Promise<Map<string, BatchItem>> {
  const items: BatchItem[] = [];
  await runParallel(requests.entries(), STATS_AT_ONCE, signal, async ([index, request]) => {
    items[index] = await toItem(request);
  });
  return new Map(items.map((item) => [item.id, item]));
}
