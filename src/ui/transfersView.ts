import * as vscode from 'vscode';
import type { Disposable, TransferSnapshot, Transfers } from '../engine/index';
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
import type { Words } from './words';

const VIEW_ID = 'ossUpload.transfers';
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
  private readonly subscriptions: Disposable[] = [];
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
    this.subscriptions.push(this.changed);
    this.roots = this.readRoots();
    this.view = vscode.window.createTreeView(VIEW_ID, {
      treeDataProvider: this,
      canSelectMany: true,
    });
    this.subscriptions.push(this.view);
    this.subscriptions.push(
      vscode.window.registerFileDecorationProvider({ provideFileDecoration: greyElsewhere }),
    );
    this.subscriptions.push(
      transfers.onDidChange(() => {
        this.updateContext();
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          this.refresh();
        }, REFRESH_MS);
      }),
    );
    this.subscriptions.push(
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
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** Opens the view and puts the focus into it. */
  async show(): Promise<void> {
    this.isAskedFor = true;
    this.updateContext();
    await vscode.commands.executeCommand(`${VIEW_ID}.focus`);
  }

  /** Shows the next page below a parent. */
  showMore(batchId: string): void {
    this.limits.set(batchId, (this.limits.get(batchId) ?? PAGE_SIZE) + PAGE_SIZE);
    const parent = this.roots.find((node) => node.row.batchId === batchId);
    if (parent !== undefined) this.changed.fire([parent]);
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
        command: 'ossUpload.showMore',
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
    const transfers = transfersOfRow(row, this.transfers.snapshot());
    const [first] = transfers;
    if (row.kind === 'more' || first === undefined) return item;
    item.tooltip = row.kind === 'batch' ? this.batchTooltip(row) : transferTooltip(row, first);
    return item;
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
    const rows = rootRows(this.transfers.snapshot(), Date.now(), wordsOfEditor());
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
    return childRows(batch, limit, snapshot, Date.now(), wordsOfEditor()).map((row) =>
      this.nodeOf(row),
    );
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
    const { language } = vscode.env;
    this.view.description =
      totals.active > 0 && totals.speedBytesPerSecond > 0
        ? formatSpeed(totals.speedBytesPerSecond, language)
        : '';
    this.view.badge =
      totals.active > 0
        ? {
            value: totals.active,
            tooltip: vscode.l10n.t('Uploads running: {n}', {
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

  private setContext(name: 'hasTransfers' | 'hasActive' | 'hasWaiting', value: boolean): void {
    if (this.contextKeys.get(name) === value) return;
    this.contextKeys.set(name, value);
    void vscode.commands.executeCommand('setContext', `ossUpload.${name}`, value);
  }

  private batchTooltip(row: TransferRow): vscode.MarkdownString {
    const batch = this.transfers.snapshot().batches.find((other) => other.id === row.batchId);
    const tooltip = new vscode.MarkdownString(undefined, true);
    tooltip.appendText(`${row.label} — ${row.description}`);
    if (batch !== undefined) {
      tooltip.appendMarkdown('\n\n');
      tooltip.appendText(batchPlace(batch));
    }
    return tooltip;
  }
}

function transferTooltip(row: TransferRow, transfer: TransferSnapshot): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.appendText(`${row.label} — ${row.description}`);
  for (const [name, value] of transferFactsList(transfer, wordsOfEditor())) {
    tooltip.appendMarkdown('\n\n');
    // Names of files and words of the server may hold anything, so they are not Markdown.
    tooltip.appendText(`${name}: ${value}`);
  }
  const links = linksOf(row.state);
  if (links.length > 0) {
    tooltip.isTrusted = { enabledCommands: links.map(([command]) => command) };
    const argument = encodeURIComponent(JSON.stringify([transfer.id]));
    const written = links.map(([command, label]) => `[${label}](command:${command}?${argument})`);
    tooltip.appendMarkdown(`\n\n${written.join(' · ')}`);
  }
  return tooltip;
}

function linksOf(state: RowState): [string, string][] {
  switch (state) {
    case 'running':
    case 'queued':
      return [['ossUpload.pauseItem', vscode.l10n.t('Pause')]];
    case 'paused':
    case 'interrupted':
      return [
        ['ossUpload.resumeItem', vscode.l10n.t('Resume')],
        ['ossUpload.discardItem', vscode.l10n.t('Discard...')],
      ];
    case 'failed':
      return [
        ['ossUpload.resumeItem', vscode.l10n.t('Try Again')],
        ['ossUpload.copyError', vscode.l10n.t('Copy Error Details')],
        ['ossUpload.openHelp', vscode.l10n.t('Open Help')],
      ];
    case 'done':
      return [
        ['ossUpload.copyUrl', vscode.l10n.t('Copy URL')],
        ['ossUpload.copyOssPath', vscode.l10n.t('Copy OSS Path')],
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

function wordsOfEditor(): Words {
  return { l10n: vscode.l10n, language: vscode.env.language };
}
