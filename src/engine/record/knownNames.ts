/** How long a look at a folder counts. */
const LOOK_MS = 50;
/** A folder that changed so shortly before it was read may change again under the same time. */
const TICK_MS = 2000;

/** How a folder is looked at. */
export interface NamesReader {
  /** When the folder has changed; undefined when there is none. */
  changedMs(): Promise<number | undefined>;
  list(): Promise<readonly string[]>;
}

/**
 * The names in a folder, as they were at most a moment ago. Asking for thousands of names costs a
 * look at the folder now and then, in place of one for each.
 */
export class KnownNames {
  /** Those of files that were made here: no listing that is under way can miss them. */
  private readonly own = new Set<string>();
  private names: ReadonlySet<string> = new Set();
  private changedMs: number | undefined;
  private isSettled = false;
  private lookedMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly reader: NamesReader,
    /** Milliseconds that only grow. */
    private readonly steadyMs: () => number = () => performance.now(),
  ) {}

  /** To be called when a file of that name has been made. */
  add(name: string): void {
    this.own.add(name);
  }

  /** Whether there may be such a file; false is the truth of a moment ago. */
  async mayHave(name: string): Promise<boolean> {
    if (this.steadyMs() - this.lookedMs >= LOOK_MS) {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
      try {
        await this.looking;
      } catch {
        // Whoever asks for the file itself is told why.
        return true;
      }
    }
    return this.names.has(name) || this.own.has(name);
  }

  private async look(): Promise<void> {
    const startMs = this.steadyMs();
    const changedMs = await this.reader.changedMs();
    if (!this.isSettled || changedMs !== this.changedMs) {
      this.names = new Set(await this.reader.list());
      this.changedMs = changedMs;
      this.isSettled = changedMs !== undefined && Date.now() - changedMs > TICK_MS;
    }
    this.lookedMs = startMs;
  }
}
