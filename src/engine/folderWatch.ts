import type { Disposable } from './events';
import type { Folder } from './folder';
import type { Clock, Logger } from './ports';
import { every } from './systemClock';

/** How soon another window's uploads, or their end, are seen here. */
const LOOKOUT_MS = 3000;

/** Has the folder read when somebody asks, and when another window has written into it. */
export class FolderWatch {
  private reading: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private lookout: Disposable | undefined;
  private isOver = false;

  /** While `isShared`, the folder is read with every look: leases come and go without a trace. */
  constructor(
    private readonly folder: Folder,
    private readonly read: () => Promise<void>,
    private readonly isShared: () => boolean,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Resolves when all is read that was there at this moment. The first call starts looking out. */
  refresh(): Promise<void> {
    this.lookOut();
    // A reading that is under way may have missed what just happened.
    this.next ??= this.reading.then(() => {
      this.next = undefined;
      this.reading = this.read().catch((error: unknown) => {
        this.logger.warn(`cannot read the checkpoint folder: ${String(error)}`);
      });
      return this.reading;
    });
    return this.next;
  }

  /** Ends the looking out. Resolves when nothing is being read any more. */
  async stop(): Promise<void> {
    this.isOver = true;
    this.lookout?.dispose();
    await (this.next ?? this.reading);
  }

  private lookOut(): void {
    if (this.lookout !== undefined || this.isOver) return;
    let marks = ['', ''];
    this.lookout = every(this.clock, LOOKOUT_MS, () => {
      void this.folder.mark().then((mark) => {
        // Twice for each change: some file systems keep whole seconds, in which more may follow.
        const isChanged = marks.some((earlier) => earlier !== mark);
        if (isChanged || this.isShared()) void this.refresh();
        marks = [mark, ...marks.slice(0, 1)];
      });
    });
  }
}
