import { createHash } from 'node:crypto';
import { mkdir, open, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

const blocks = new Map<number, Buffer>();

/** The bytes that all files of a run repeat; the same for the same size, and nothing like a pattern. */
export function blockBytes(sizeBytes: number): Buffer {
  const known = blocks.get(sizeBytes);
  if (known !== undefined) return known;
  const block = createHash('shake256', { outputLength: sizeBytes })
    .update(`block of ${sizeBytes}`)
    .digest();
  blocks.set(sizeBytes, block);
  return block;
}

/** Makes a file of whole and begun blocks, unless it is there. */
export async function writeBlocks(
  file: string,
  sizeBytes: number,
  blockSizeBytes: number,
): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there?.size === sizeBytes) return;
  await mkdir(path.dirname(file), { recursive: true });
  if (blockSizeBytes === 0) {
    await writeFile(file, '');
    await truncate(file, sizeBytes);
    return;
  }
  const block = blockBytes(blockSizeBytes);
  const handle = await open(file, 'w');
  try {
    for (let left = sizeBytes; left > 0; left -= blockSizeBytes) {
      await handle.writeFile(block.subarray(0, Math.min(left, blockSizeBytes)));
    }
  } finally {
    await handle.close();
  }
}
