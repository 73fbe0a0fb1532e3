import * as vscode from 'vscode';
import type { Disposable, TransferSnapshot, Transfers } from '../engine/index';
import { commandId } from './commandIds';
import type { CommandName, ContextKey } from './commandIds';
import { setContext } from './contextKeys';
import { l10n, language, words } from './editorWords';
import { formatCount, formatSpeed } from './format';
import {
  childRows,
  PAGE_SIZE,
  ROW_ICONS,
  rootRows,
  transferFactsList,
  transfersOfRow,
} from './transferRows';
import type { RowState, TransferRow } from './transferRows';
import { batchPlace, isActive, isWaitingForUser, ownTransfers } from './transferFacts';

const VIEW_ID = 'ossUpload.transfers';
/** Only a row of the view calls it, so it is no command of package.json. */
const SHOW_MORE_COMMAND = 'ossUpload.showMore';
/** Twice a second is as often as a number can be read. */
const REFRESH_MS = 500;
/** Rows of other windows are greyed by a decoration, which needs an address to hang on. */
const ELSEWHERE_SCHEME = 'oss-upload-elsewhere';

/** An element of the tree. The same object for the same row, so that the editor keeps its state. */
export class TransferNode {
  children: TransferNode[] | undefined;

  constructor(public row: TransferRow) {}
}

/** The tree "OSS Uploads", and the context keys of what is in it. */
export class TransfersView implements vscode.TreeDataProvider<TransferNode>, Disposable {
  private readonly subscription: Disposable;
  private readonly changed = new vscode.EventEmitter<TransferNode[] | undefined>();
  private readonly view: vscode.TreeView<TransferNode>;
  private readonly nodes = new Map<string, TransferNode>();
  private readonly limits = new Map<string, number>();
  private readonly contextKeys = new Map<string, boolean>();
  private roots: TransferNode[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** "Show Uploads" while there are none: the view is there as long as it is looked at. */
  private isAskedFor = false;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly transfers: Transfers) {
    this.roots = this.readRoots();
    this.view = vscode.window.createTreeView(VIEW_ID, {
      treeDataProvider: this,
      canSelectMany: true,
    });
    this.subscription = vscode.Disposable.from(
      this.changed,
      this.view,
      vscode.window.registerFileDecorationProvider({ provideFileDecoration: greyElsewhere }),
      transfers.onDidChange(() => {
        this.updateContext();
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          this.refresh();
        }, REFRESH_MS);
      }),
      vscode.commands.registerCommand(SHOW_MORE_COMMAND, (batchId: unknown) => {
        if (typeof batchId === 'string') this.showMore(batchId);
      }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (!visible) this.isAskedFor = false;
        this.updateContext();
      }),
    );
    this.updateContext();
    this.updateHeader();
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
  get selection(): readonly TransferNode[] {
    return this.view.selection;
  }

  getChildren(element?: TransferNode): TransferNode[] {
    if (element === undefined) {
      this.roots = this.readRoots();
      return this.roots;
    }
    element.children = this.readChildren(element);
    return element.children;
  }

  getTreeItem({ row }: TransferNode): vscode.TreeItem {
    const item = new vscode.TreeItem(
      row.label,
      isParent({ row })
        ? vscode.TreeItemCollapsibleState.Collapsed
        : vscode.TreeItemCollapsibleState.None,
    );
    item.id = row.id;
    item.description = row.description;
    item.contextValue = row.kind === 'more' ? 'more' : row.state;
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
  resolveTreeItem(item: vscode.TreeItem, { row }: TransferNode): vscode.TreeItem {
    const snapshot = this.transfers.snapshot();
    const batch = snapshot.batches.find((candidate) => candidate.id === row.batchId);
    const [first] = transfersOfRow(row, snapshot);
    if (batch === undefined || first === undefined) return item;
    item.tooltip =
      row.kind === 'batch' ? tooltipOf(row, [batchPlace(batch)]) : transferTooltip(row, first);
    return item;
  }

  /** Shows the next page below a parent. */
  private showMore(batchId: string): void {
    this.limits.set(batchId, (this.limits.get(batchId) ?? PAGE_SIZE) + PAGE_SIZE);
    const parent = this.roots.find((node) => node.row.batchId === batchId);
    if (parent !== undefined) this.changed.fire([parent]);
  }

  private refresh(): void {
    this.updateHeader();
    const before = this.roots;
    const hadParents = before.some(isParent);
    const shapes = new Map([...this.nodes].map(([id, node]) => [id, shapeOf(node.row)]));
    const after = this.readRoots();
    this.roots = after;
    // Beside a parent all rows are indented: a row that stays as it is would keep its old place.
    if (!isSameList(before, after) || hadParents !== after.some(isParent)) {
      this.changed.fire(undefined);
      return;
    }
    const changed = after.filter((node) => shapes.get(node.row.id) !== shapeOf(node.row));
    for (const parent of after) {
      // Only what was ever opened has children here.
      const known = parent.children;
      if (known === undefined || changed.includes(parent)) continue;
      const children = this.readChildren(parent);
      if (!isSameList(known, children)) changed.push(parent);
      else
        changed.push(...children.filter((node) => shapes.get(node.row.id) !== shapeOf(node.row)));
    }
    if (changed.length > 0) this.changed.fire(changed);
  }

  private readRoots(): TransferNode[] {
    const rows = rootRows(this.transfers.snapshot(), Date.now(), words);
    const batches = new Set(rows.map((row) => row.batchId));
    for (const [id, node] of this.nodes) {
      if (!batches.has(node.row.batchId)) this.nodes.delete(id);
    }
    return rows.map((row) => this.nodeOf(row));
  }

  private readChildren(parent: TransferNode): TransferNode[] {
    const snapshot = this.transfers.snapshot();
    const batch = snapshot.batches.find((candidate) => candidate.id === parent.row.batchId);
    if (batch === undefined || parent.row.kind !== 'batch') return [];
    const limit = this.limits.get(batch.id) ?? PAGE_SIZE;
    return childRows(batch, limit, snapshot, Date.now(), words).map((row) => this.nodeOf(row));
  }

  private nodeOf(row: TransferRow): TransferNode {
    const known = this.nodes.get(row.id);
    if (known !== undefined) {
      known.row = row;
      return known;
    }
    const node = new TransferNode(row);
    this.nodes.set(row.id, node);
    return node;
  }

  private updateHeader(): void {
    const { totals } = this.transfers.snapshot();
    this.view.description =
      totals.active > 0 && totals.speedBytesPerSecond > 0
        ? formatSpeed(totals.speedBytesPerSecond, language)
        : '';
    this.view.badge =
      totals.active > 0
        ? {
            value: totals.active,
            tooltip: l10n.t('Uploads running: {n}', {
              n: formatCount(totals.active, language),
            }),
          }
        : undefined;
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
  const links = linksOf(row.state);
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
        ['resumeItem', l10n.t('Try Again')],
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
function isParent({ row }: Pick<TransferNode, 'row'>): boolean {
  return row.kind === 'batch' && row.state !== 'done';
}

function shapeOf(row: TransferRow): string {
  return JSON.stringify(row);
}

function isSameList(one: readonly TransferNode[], other: readonly TransferNode[]): boolean {
  return one.length === other.length && one.every((node, index) => node === other[index]);
}
