import type { TransferSnapshot } from '../../engine/index';

/** What can be done with what is uploaded, beyond copying its address. Loaded on demand. */
export interface FinishedActions {
  /** A link to each object as Markdown writes it, one a line; pictures are shown. */
  copyMarkdown(about: readonly TransferSnapshot[]): Promise<void>;
  /** Opens the objects' addresses. */
  openInBrowser(about: readonly TransferSnapshot[]): Promise<void>;
  /** Uploads the same files to the same objects. */
  uploadAgain(about: readonly TransferSnapshot[]): Promise<void>;
  /** Takes these out of the list. The objects stay. */
  remove(about: readonly TransferSnapshot[]): Promise<void>;
  /** Takes all of it out of the list, after a question. */
  clear(): Promise<void>;
  /** Writes what was uploaded to a file: all of it, or only these. */
  exportReport(about: readonly TransferSnapshot[]): Promise<void>;
  /** Looks for an upload by name, place and state, and offers what can be done with it. */
  find(): Promise<void>;
  /**
   * How long a signed URL is to be good for, in seconds and at most so many; undefined when the user
   * left.
   */
  askLifetime(longestSeconds: number): Promise<number | undefined>;
}
