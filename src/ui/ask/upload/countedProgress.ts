import { l10n, language } from '../../editor/editorWords';
import { formatCount } from '../../text/format';

/** Between two reports: more often nobody can read them, and each of them crosses a process. */
const PAUSE_MS = 100;

/** Says how far something is that counts files, some times a second. */
export class CountedProgress {
  private lastMs = 0;

  constructor(
    private readonly report: (message: string) => void,
    private readonly message: string,
  ) {}

  /** So many files are done, of all where that is known. */
  readonly onProgress = (done: number, total?: number): void => {
    const nowMs = performance.now();
    if (nowMs - this.lastMs < PAUSE_MS) return;
    this.lastMs = nowMs;
    const { message } = this;
    const n = formatCount(done, language);
    this.report(
      total !== undefined
        ? l10n.t('{message} {n} of {m}', { message, n, m: formatCount(total, language) })
        : `${message} ${n}`,
    );
  };
}
