import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock';
import { acquireLease } from '../record/lease';
import type { DamagedRecord } from '../record/savedBatches';

/** The folder of what could not be read, beside the records. */
const FOLDER = 'damaged';
/** The newest of them are kept, for whoever wants to look at them. */
const MOST_KEPT = 10;
/** A larger file is not worth its room. */
const MOST_BYTES = 1024 * 1024;
/** So long another window may be at it. */
const LEASE_WAIT_MS = 1000;

/**
 * Moves a damaged record out of the way of all windows, into a folder that does not grow without end.
 * Resolves with its new path; undefined when it is no longer damaged, or when another window is at
 * it. Rejects when the folder cannot be written.
 */
export async function setAside(
  { store, id }: Pick<DamagedRecord, 'store' | 'id'>,
  clock: Clock,
): Promise<string | undefined> {
  const lease = await acquireLease(store.leaseFile(id), clock, AbortSignal.timeout(LEASE_WAIT_MS));
  try {
    // Whoever held it before may have written it anew.
    if ((await store.read(id))?.state !== 'damaged') return undefined;
    const name = store.nameOf(id);
    const folder = store.records.pathOf(FOLDER);
    const kept = path.join(folder, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(store.records.pathOf(name), kept);
    await store.remove(id);
    await prune(folder, kept);
    return kept;
  } finally {
    await lease.release();
  }
}

/** Spares what was moved just now: somebody is told where it is, and it may be a batch that only grew. */
async function prune(folder: string, spared: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const file = path.join(folder, name);
      const { size, mtimeMs } = await stat(file);
      return { file, size, mtimeMs };
    }),
  );
  const newest = files.sort((left, right) => right.mtimeMs - left.mtimeMs);
  for (const [index, { file, size }] of newest.entries()) {
    if (file === spared) continue;
    if (index >= MOST_KEPT || size > MOST_BYTES) await rm(file, { force: true });
  }
}
