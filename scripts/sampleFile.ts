/** Large files for tests and for `npm start`. */
import { createCipheriv, createHash } from 'node:crypto';
import fs from 'node:fs';

const CHUNK_BYTES = 1 << 20;

/**
 * Writes a file whose bytes depend on their position and on the seed, so that parts in the wrong
 * place and parts of another file are found out. Resolves with the SHA-256 of it, in hex.
 */
export async function writeSampleFile(
  file: string,
  sizeBytes: number,
  seed: string,
): Promise<string> {
  // A key stream is as good as random numbers, costs little, and is the same again every time.
  const key = createHash('md5').update(seed).digest();
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  const hash = createHash('sha256');
  const handle = await fs.promises.open(file, 'w');
  try {
    for (let left = sizeBytes; left > 0; left -= CHUNK_BYTES) {
      const chunk = stream.update(left < CHUNK_BYTES ? zeros.subarray(0, left) : zeros);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
