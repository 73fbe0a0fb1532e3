import { realpath } from 'node:fs/promises';
import path from 'node:path';

/**
 * The one spelling of a path, in the case that is on the disk. What has none keeps its own: a file
 * that is not there fails with a message when its turn comes, and some drives of Windows (in memory,
 * encrypted) cannot tell.
 */
export async function realPathOf(filePath: string): Promise<string> {
  return realpath(filePath).catch(() => path.resolve(filePath));
}
