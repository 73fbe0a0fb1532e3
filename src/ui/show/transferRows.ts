import type {
  BatchSnapshot,
  Disposable,
  HistoryEntry,
  TransferSnapshot,
  Transfers,
  UploadHistory,
} from '../../engine/index';
import type { Words } from '../text/words';
import { entryOfRow, entryRow, fileRow, finishedRow, transferOf } from './finishedModel';
import {
  FINISHED_ID,
  PAGE_SIZE,
  childRows,
  doneParentId,
  doneRows,
  moreRow,
  rootId,
  rootRows,
  transfersOfRow,
} from './transfersModel';
import type { TransferRow } from './transfersModel';

/**
 * A row that is drawn anew loses its tooltip, which the editor shows after half a second: there has
 * to be more time than that between two refreshes.
 */
const REFRESH_MS = 1000;
/** What the user did shows at once, but thousands of files change their states together. */
const STATES_MS = 100;
/** So long numbers stand still while a tooltip is read. */
const HELD_MS = 5000;

/** The parent of the rows that have none. */
const ROOT = '';

/**
 * The rows that the view shows, below the parents that were opened: made anew only where something
 * changed, and told when they look otherwise. Knows no editor.
 */
export class TransferRows implements Disposable {
  private readonly subscriptions: readonly Disposable[];
  /** What the editor asked for, by parent: only what was ever opened. */
  private readonly shown = new Map<string, readonly TransferRow[]>();
  private readonly rows = new Map<string, TransferRow>();
  private readonly limits = new Map<string, number>();
  /** Batches and transfers that changed since their rows were made. */
  private readonly touched = new Set<string>();
  private entries: readonly HistoryEntry[] = [];
  private hasHistory = false;
  private timer: NodeJS.Timeout | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private heldMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly transfers: Pick<Transfers, 'onDidChange' | 'snapshot'>,
    private readonly history: Pick<UploadHistory, 'entries' | 'filesOf' | 'onDidChange'>,
    private readonly words: Words,
    /** These rows are to be asked for again; undefined: all of them. */
    private readonly redraw: (ids: string[] | undefined) => void,
  ) {
    this.subscriptions = [
      transfers.onDidChange((ids) => {
        for (const id of ids) this.touched.add(id);
        this.refreshSoon();
      }),
      history.onDidChange(() => {
        void this.readHistory().then(() => {
          this.refreshSoon();
        });
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** The rows below a parent; '' is that of the rows that have none. */
  async below(parent: string): Promise<readonly TransferRow[]> {
    if (!this.hasHistory) await this.readHistory();
    return this.rowsBelow(parent);
  }

  /** A row that was asked for; undefined when it is gone. */
  get(id: string): TransferRow | undefined {
    return this.rows.get(id);
  }

  /** Somebody reads about a row: for a moment rows are drawn again only when a state changes. */
  hold(): void {
    this.heldMs = performance.now();
  }

  /** The transfers a row stands for, those that an earlier window finished with them. */
  async transfersOf(id: string): Promise<readonly TransferSnapshot[]> {
    const ofHistory = entryOfRow(id);
    if (ofHistory !== undefined) return this.finished(ofHistory.entryId, ofHistory.fileId);
    const snapshot = this.transfers.snapshot();
    const found = transfersOfRow(id, snapshot);
    const { batches } = snapshot;
    const parent = batches.find((one) => rootId(one) === id || doneParentId(one) === id);
    const hasEarlier = parent !== undefined && parent.finishedEarlier.files > 0;
    const bare = found.find(isBare);
    const batchId = hasEarlier ? parent.id : bare?.batchId;
    if (batchId === undefined) return found;
    // Of many files, what OSS said of them is known from the history only.
    const saved = new Map((await this.finished(batchId)).map((one) => [one.id, one]));
    const whole = found.map((one) => (isBare(one) ? (saved.get(one.id) ?? one) : one));
    if (!hasEarlier) return whole;
    return [...saved.values()]
      .filter((one) => parent.files.get(one.id) === undefined)
      .concat(whole);
  }

  private async finished(entryId: string, fileId?: string): Promise<TransferSnapshot[]> {
    await this.readHistory();
    const entry = this.entries.find(({ id }) => id === entryId);
    const found: TransferSnapshot[] = [];
    if (entry === undefined) return found;
    for await (const file of this.history.filesOf(entry)) {
      if (fileId === undefined || fileId === file.id) found.push(transferOf(entry, file));
    }
    return found;
  }

  /** The entry of the history that a row is of. */
  entryOf(id: string): HistoryEntry | undefined {
    const entryId = entryOfRow(id)?.entryId;
    return this.entries.find((entry) => entry.id === entryId);
  }

  private async readHistory(): Promise<void> {
    this.entries = await this.history.entries();
    this.hasHistory = true;
  }

  private limitOf(parent: string): number {
    return this.limits.get(parent) ?? PAGE_SIZE;
  }

  /** Shows the next page below a parent. */
  showMore(parent: string): void {
    this.limits.set(parent, this.limitOf(parent) + PAGE_SIZE);
    this.redraw([parent]);
  }

  private refreshSoon(): void {
    const delayMs = this.hasNewStates() ? STATES_MS : REFRESH_MS;
    const dueMs = performance.now() + delayMs;
    if (dueMs >= this.dueMs) return;
    clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => {
      this.dueMs = Number.POSITIVE_INFINITY;
      const isRead = performance.now() - this.heldMs < HELD_MS;
      if (isRead && !this.hasNewStates()) this.refreshSoon();
      else this.refresh();
    }, delayMs);
  }

  private hasNewStates(): boolean {
    const shown = this.shown.get(ROOT) ?? [];
    const rows = this.make(ROOT) ?? [];
    return !isSameList(shown, rows) || rows.some((row, at) => row.state !== shown[at]?.state);
  }

  private refresh(): void {
    this.heldMs = Number.NEGATIVE_INFINITY;
    const before = this.shown.get(ROOT) ?? [];
    const after = this.keep(ROOT, this.make(ROOT) ?? []);
    // Beside a parent all rows are indented: a row that stays as it is would keep its old place.
    if (!isSameList(before, after) || before.some(isParent) !== after.some(isParent)) {
      // The editor asks again for all that is open; what is gone is forgotten.
      this.shown.clear();
      this.rows.clear();
      this.touched.clear();
      this.keep(ROOT, this.make(ROOT) ?? []);
      this.redraw(undefined);
      // What another window finished is in the history now.
      void this.readHistory().then(() => {
        this.refreshSoon();
      });
      return;
    }
    const changed = changedIn(before, after);
    for (const [parent, known] of this.shown) {
      const children = parent === ROOT ? undefined : this.make(parent);
      if (children === undefined) continue;
      this.keep(parent, children);
      // The editor asks for what is below a row together with it.
      if (changed.includes(parent)) continue;
      changed.push(...(isSameList(known, children) ? changedIn(known, children) : [parent]));
    }
    this.touched.clear();
    if (changed.length > 0) this.redraw(changed);
  }

  private async rowsBelow(parent: string): Promise<readonly TransferRow[]> {
    if (parent === FINISHED_ID) return this.keep(parent, this.finishedRows());
    const entry = this.entryOf(parent);
    const batch = this.batchOf(parent);
    if (entry !== undefined) return this.keep(parent, await this.fileRows(parent, entry));
    // What an earlier window finished is known from the history only.
    if (batch !== undefined && batch.finishedEarlier.files > 0) {
      const isDone = batch.files.counts.completed === batch.files.length;
      const saved = this.entries.find(({ id }) => id === batch.id);
      if (saved !== undefined && (isDone || parent === doneParentId(batch))) {
        return this.keep(parent, await this.fileRows(parent, saved));
      }
    }
    return this.keep(parent, this.make(parent) ?? []);
  }

  /** Rows of what is in the snapshot; undefined for parents in the history, which do not change. */
  private make(parent: string): readonly TransferRow[] | undefined {
    const snapshot = this.transfers.snapshot();
    const now = Date.now();
    if (parent === ROOT) {
      const rows = rootRows(snapshot, now, this.words, (of) => this.unchanged(of));
      const finished = this.finishedEntries();
      return finished.length === 0 ? rows : [...rows, finishedRow(finished.length, this.words)];
    }
    const batch = this.batchOf(parent);
    if (batch === undefined) return undefined;
    const limit = this.limitOf(parent);
    const known = (of: BatchSnapshot | TransferSnapshot): TransferRow | undefined =>
      this.unchanged(of);
    return parent === doneParentId(batch)
      ? doneRows(batch, limit, now, this.words, known)
      : childRows(batch, limit, snapshot, now, this.words, known);
  }

  /** The row of what did not change since it was made. */
  private unchanged(of: BatchSnapshot | TransferSnapshot): TransferRow | undefined {
    const isBatch = 'files' in of;
    if (this.touched.has(of.id)) return undefined;
    if (isBatch && this.hasTouched(of)) return undefined;
    if (!isBatch && this.touched.has(of.batchId)) return undefined;
    const row = this.rows.get(isBatch ? rootId(of) : of.id);
    // How long ago that was grows by itself.
    return row?.state === 'interrupted' ? undefined : row;
  }

  private hasTouched({ files }: BatchSnapshot): boolean {
    for (const id of this.touched) if (files.get(id) !== undefined) return true;
    return false;
  }

  private batchOf(parent: string): BatchSnapshot | undefined {
    return this.transfers
      .snapshot()
      .batches.find((batch) => rootId(batch) === parent || doneParentId(batch) === parent);
  }

  /** What is in the history and not above it in the view. */
  private finishedEntries(): readonly HistoryEntry[] {
    const shown = new Set(this.transfers.snapshot().batches.map(({ id }) => id));
    return this.entries.filter(({ id }) => !shown.has(id));
  }

  private finishedRows(): readonly TransferRow[] {
    const entries = this.finishedEntries();
    const shown = entries.slice(0, this.limitOf(FINISHED_ID));
    const now = Date.now();
    const rows = shown.map((entry) => entryRow(entry, now, this.words));
    return [...rows, ...moreRow(FINISHED_ID, '', entries.length - shown.length, this.words)];
  }

  private async fileRows(parent: string, entry: HistoryEntry): Promise<readonly TransferRow[]> {
    const limit = this.limitOf(parent);
    const now = Date.now();
    const rows: TransferRow[] = [];
    for await (const file of this.history.filesOf(entry)) {
      rows.push(fileRow(entry, file, now, this.words));
      if (rows.length === limit) break;
    }
    return [...rows, ...moreRow(parent, entry.id, entry.files - rows.length, this.words)];
  }

  private keep(parent: string, rows: readonly TransferRow[]): readonly TransferRow[] {
    this.shown.set(parent, rows);
    for (const row of rows) this.rows.set(row.id, row);
    return rows;
  }
}

/** Completed, and nothing is known of what OSS said of it. */
function isBare({ state, result }: TransferSnapshot): boolean {
  return state === 'completed' && result === undefined;
}

function isParent(row: TransferRow): boolean {
  return row.kind === 'batch';
}

function isSameList(one: readonly TransferRow[], other: readonly TransferRow[]): boolean {
  return one.length === other.length && one.every((row, at) => row.id === other[at]?.id);
}

/** The rows of two equal lists that do not look the same any more. */
function changedIn(before: readonly TransferRow[], after: readonly TransferRow[]): string[] {
  const isChanged = (row: TransferRow, at: number): boolean =>
    row !== before[at] && JSON.stringify(row) !== JSON.stringify(before[at]);
  return after.filter(isChanged).map((row) => row.id);
}
