import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * The one spelling of a path, in the case that is on the disk. What has none keeps its own: a file
 * that is not there fails with a message when its turn comes, and some drives of Windows (in memory,
 * encrypted) cannot tell.
 */
export async function realPathOf(filePath: string): Promise<string> {
  return realpath(filePath).catch(() => path.resolve(filePath));
}

/**
 * The real paths of folders, asked of the disk once for all who want the same one at the same time.
 * What is told was so after it was asked for.
 */
export class FolderPaths {
  private readonly running = new Map<string, Promise<string>>();
  private readonly next = new Map<string, Promise<string>>();

  /** As {@link realPathOf}. */
  realPathOf(folder: string): Promise<string> {
    let next = this.next.get(folder);
    if (next === undefined) {
      next = this.ask(folder);
      this.next.set(folder, next);
    }
    return next;
  }

  private async ask(folder: string): Promise<string> {
    // One that has begun already says nothing about what came after it.
    await (this.running.get(folder) ?? nextTurn());
    this.next.delete(folder);
    const asking = realPathOf(folder).finally(() => {
      if (this.running.get(folder) === asking) this.running.delete(folder);
    });
    this.running.set(folder, asking);
    return asking;
  }
}
