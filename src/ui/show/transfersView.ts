import * as vscode from 'vscode';
import { isActive, isWaitingForUser } from '../../engine/index';
import type { Disposable, TransferSnapshot, Transfers } from '../../engine/index';
import { commandId } from '../editor/commandIds';
import type { CommandName, ContextKey } from '../editor/commandIds';
import { setContext } from '../editor/commands';
import { l10n, words } from '../editor/editorWords';
import { contextOf, rowCommandOf } from './rowRemedies';
import { actionLabel } from '../text/buttons';
import {
  childRows,
  PAGE_SIZE,
  ROW_ICONS,
  rootId,
  rootRows,
  transferFactsList,
  transfersOfRow,
  viewHeader,
} from './transfersModel';
import type { RowState, TransferRow } from './transfersModel';
import type { SetupContext } from '../settings/setupContext';
import { batchPlace, ossPath, ownTransfers } from '../text/transferFacts';

const VIEW_ID = 'ossUpload.transfers';
/** Only a row of the view calls it, so it is no command of package.json. */
const SHOW_MORE_COMMAND = 'ossUpload.showMore';
/**
 * A row that is drawn anew loses its tooltip, which the editor shows after half a second: there has
 * to be more time than that between two refreshes.
 */
const REFRESH_MS = 1000;
/** What the user did shows at once, but thousands of files change their states together. */
const STATES_MS = 100;
/** So long numbers stand still while a tooltip is read. */
const TOOLTIP_MS = 5000;
/** Rows of other windows are greyed by a decoration, which needs an address to hang on. */
const ELSEWHERE_SCHEME = 'oss-upload-elsewhere';

/** The parent of the rows that have none. */
const ROOT = '';

/** The tree "OSS Uploads", whose elements are ids of rows, and the context keys of what is in it. */
export class TransfersView implements vscode.TreeDataProvider<string>, Disposable {
  private readonly subscription: Disposable;
  private readonly changed = new vscode.EventEmitter<string[] | undefined>();
  private readonly view: vscode.TreeView<string>;
  /** What the editor asked for, by parent: only what was ever opened. */
  private readonly shown = new Map<string, readonly TransferRow[]>();
  private readonly rows = new Map<string, TransferRow>();
  private readonly limits = new Map<string, number>();
  private readonly contextKeys = new Map<string, boolean>();
  private timer: NodeJS.Timeout | undefined;
  private dueMs = Number.POSITIVE_INFINITY;
  private tooltipMs = Number.NEGATIVE_INFINITY;
  /** "Show Uploads" while there are none: the view is there as long as it is looked at. */
  private isAskedFor = false;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly transfers: Transfers,
    private readonly setup: Pick<SetupContext, 'place' | 'onDidChangePlace'>,
    dragAndDropController: vscode.TreeDragAndDropController<string>,
  ) {
    this.view = vscode.window.createTreeView(VIEW_ID, {
      treeDataProvider: this,
      canSelectMany: true,
      dragAndDropController,
    });
    this.subscription = vscode.Disposable.from(
      this.changed,
      this.view,
      vscode.window.registerFileDecorationProvider({ provideFileDecoration: greyElsewhere }),
      transfers.onDidChange(() => {
        this.updateContext();
        this.refreshSoon();
      }),
      setup.onDidChangePlace(() => {
        this.updateHeader();
      }),
      vscode.commands.registerCommand(SHOW_MORE_COMMAND, (batchId: unknown) => {
        if (typeof batchId === 'string') this.showMore(batchId);
      }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (!visible) this.isAskedFor = false;
        this.updateContext();
      }),
    );
    this.updateHeader();
    this.updateContext();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.subscription.dispose();
  }

  /** Opens the view and puts the focus into it. */
  async show(): Promise<void> {
    this.isAskedFor = true;
    this.updateContext();
    await vscode.commands.executeCommand(`${VIEW_ID}.focus`);
  }

  /** The rows that are selected, for a command from the palette or a key. */
  get selection(): readonly string[] {
    return this.view.selection;
  }

  getChildren(parent = ROOT): string[] {
    return this.read(parent).map((row) => row.id);
  }

  getTreeItem(id: string): vscode.TreeItem {
    const row = this.rows.get(id);
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row?.label ?? '', row && isParent(row) ? Collapsed : None);
    // Gone since the editor asked for it.
    if (row === undefined) return item;
    item.id = row.id;
    item.description = row.description;
    item.contextValue = row.kind === 'more' ? 'more' : contextOf(row.state, row.remedies);
    item.accessibilityInformation = { label: row.spoken };
    if (row.kind === 'more') {
      item.command = {
        command: SHOW_MORE_COMMAND,
        title: row.label,
        arguments: [row.batchId],
      };
      return item;
    }
    item.iconPath = iconOf(row.state);
    if (row.state === 'elsewhere') {
      item.resourceUri = vscode.Uri.from({ scheme: ELSEWHERE_SCHEME, path: `/${row.id}` });
    }
    return item;
  }

  /** Tooltips are made when the pointer rests on a row, so that they are never old. */
  resolveTreeItem(item: vscode.TreeItem, id: string): vscode.TreeItem {
    const row = this.rows.get(id);
    const snapshot = this.transfers.snapshot();
    const batch = snapshot.batches.find((candidate) => candidate.id === row?.batchId);
    const [first] = transfersOfRow(id, snapshot);
    if (row === undefined || batch === undefined || first === undefined) return item;
    this.tooltipMs = performance.now();
    item.tooltip =
      row.kind === 'batch'
        ? tooltipOf(row, [ossPath(batchPlace(batch))])
        : transferTooltip(row, first);
    return item;
  }

  /** Shows the next page below a parent. */
  private showMore(batchId: string): void {
    this.limits.set(batchId, (this.limits.get(batchId) ?? PAGE_SIZE) + PAGE_SIZE);
    const parent = this.shown.get(ROOT)?.find((row) => row.batchId === batchId);
    if (parent !== undefined) this.changed.fire([parent.id]);
  }

  private refreshSoon(): void {
    const delayMs = this.hasNewStates() ? STATES_MS : REFRESH_MS;
    const dueMs = performance.now() + delayMs;
    if (dueMs >= this.dueMs) return;
    clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => {
      this.dueMs = Number.POSITIVE_INFINITY;
      this.updateHeader();
      const isRead = performance.now() - this.tooltipMs < TOOLTIP_MS;
      if (isRead && !this.hasNewStates()) this.refreshSoon();
      else this.refresh();
    }, delayMs);
  }

  private hasNewStates(): boolean {
    const shown = this.shown.get(ROOT) ?? [];
    const rows = rootRows(this.transfers.snapshot(), Date.now(), words);
    return !isSameList(shown, rows) || rows.some((row, at) => row.state !== shown[at]?.state);
  }

  private refresh(): void {
    this.tooltipMs = Number.NEGATIVE_INFINITY;
    const before = this.shown.get(ROOT) ?? [];
    const after = this.read(ROOT);
    // Beside a parent all rows are indented: a row that stays as it is would keep its old place.
    if (!isSameList(before, after) || before.some(isParent) !== after.some(isParent)) {
      // The editor asks again for all that is open; what is gone is forgotten.
      this.shown.clear();
      this.rows.clear();
      this.read(ROOT);
      this.changed.fire(undefined);
      return;
    }
    const changed = changedIn(before, after);
    for (const [parent, known] of this.shown) {
      if (parent === ROOT || changed.includes(parent)) continue;
      const children = this.read(parent);
      changed.push(...(isSameList(known, children) ? changedIn(known, children) : [parent]));
    }
    if (changed.length > 0) this.changed.fire(changed);
  }

  private read(parent: string): readonly TransferRow[] {
    const snapshot = this.transfers.snapshot();
    const batch = snapshot.batches.find((candidate) => rootId(candidate) === parent);
    let rows: readonly TransferRow[] = [];
    if (parent === ROOT) rows = rootRows(snapshot, Date.now(), words);
    else if (batch !== undefined) {
      rows = childRows(batch, this.limits.get(batch.id) ?? PAGE_SIZE, snapshot, Date.now(), words);
    }
    this.shown.set(parent, rows);
    for (const row of rows) this.rows.set(row.id, row);
    return rows;
  }

  private updateHeader(): void {
    const { description, badge } = viewHeader(this.transfers.snapshot(), this.setup.place, words);
    this.view.description = description;
    this.view.badge = badge;
  }

  private updateContext(): void {
    const snapshot = this.transfers.snapshot();
    const own = ownTransfers(snapshot);
    const hasTransfers = snapshot.batches.some((batch) => batch.transfers.length > 0);
    this.setContext('hasTransfers', hasTransfers || this.isAskedFor);
    this.setContext('hasActive', own.some(isActive));
    this.setContext('hasWaiting', own.some(isWaitingForUser));
  }

  private setContext(key: ContextKey, value: boolean): void {
    if (this.contextKeys.get(key) === value) return;
    this.contextKeys.set(key, value);
    setContext(key, value);
  }
}

/** Names of files and words of the server may hold anything, so they are not Markdown. */
function tooltipOf(row: TransferRow, lines: readonly string[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.appendText(`${row.label} — ${row.description}`);
  for (const line of lines) tooltip.appendMarkdown('\n\n').appendText(line);
  return tooltip;
}

function transferTooltip(row: TransferRow, transfer: TransferSnapshot): vscode.MarkdownString {
  const facts = transferFactsList(transfer, words);
  const tooltip = tooltipOf(
    row,
    facts.map(([name, value]) => `${name}: ${value}`),
  );
  const links = [...remedyLinks(row), ...linksOf(row.state)];
  if (links.length > 0) {
    tooltip.isTrusted = { enabledCommands: links.map(([name]) => commandId(name)) };
    const argument = encodeURIComponent(JSON.stringify([transfer.id]));
    const written = links.map(
      ([name, label]) => `[${label}](command:${commandId(name)}?${argument})`,
    );
    tooltip.appendMarkdown(`\n\n${written.join(' · ')}`);
  }
  return tooltip;
}

/** What helps, by the words of the message that said so. */
function remedyLinks({ remedies }: TransferRow): [CommandName, string][] {
  return remedies.flatMap((action): [CommandName, string][] => {
    const name = rowCommandOf(action);
    return name === undefined ? [] : [[name, actionLabel(action, l10n)]];
  });
}

function linksOf(state: RowState): [CommandName, string][] {
  switch (state) {
    case 'running':
    case 'queued':
      return [['pauseItem', l10n.t('Pause')]];
    case 'paused':
    case 'interrupted':
      return [
        ['resumeItem', l10n.t('Resume')],
        ['discardItem', l10n.t('Discard...')],
      ];
    case 'failed':
      return [
        ['copyError', l10n.t('Copy Error Details')],
        ['openHelp', l10n.t('Open Help')],
      ];
    case 'done':
      return [
        ['copyUrl', l10n.t('Copy URL')],
        ['copyOssPath', l10n.t('Copy OSS Path')],
      ];
    case 'discarding':
    case 'elsewhere':
      return [];
  }
}

function iconOf(state: RowState): vscode.ThemeIcon {
  const color = state === 'elsewhere' ? new vscode.ThemeColor('disabledForeground') : undefined;
  return new vscode.ThemeIcon(ROW_ICONS[state], color);
}

function greyElsewhere(uri: vscode.Uri): vscode.FileDecoration | undefined {
  return uri.scheme === ELSEWHERE_SCHEME
    ? new vscode.FileDecoration(undefined, undefined, new vscode.ThemeColor('disabledForeground'))
    : undefined;
}

/** Whether there is something below a row: what is done is only counted. */
function isParent(row: TransferRow): boolean {
  return row.kind === 'batch' && row.state !== 'done';
}

function isSameList(one: readonly TransferRow[], other: readonly TransferRow[]): boolean {
  return one.length === other.length && one.every((row, at) => row.id === other[at]?.id);
}

/** The rows of two equal lists that do not look the same any more. */
function changedIn(before: readonly TransferRow[], after: readonly TransferRow[]): string[] {
  const isChanged = (row: TransferRow, at: number): boolean =>
    JSON.stringify(row) !== JSON.stringify(before[at]);
  return after.filter(isChanged).map((row) => row.id);
}
