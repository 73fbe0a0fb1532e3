import * as vscode from 'vscode';
import type { Disposable, TransferSnapshot, Transfers, UploadHistory } from '../../engine/index';
import { commandId } from '../editor/commandIds';
import type { CommandName } from '../editor/commandIds';
import { l10n, words } from '../editor/editorWords';
import { batchPlace, ossPath } from '../text/transferFacts';
import { actionLabel } from '../text/buttons';
import { entryOfRow } from './finishedModel';
import { contextOf, rowCommandOf } from './rowRemedies';
import { TransferRows } from './transferRows';
import {
  DONE_PREFIX,
  MORE_PREFIX,
  ROW_COLORS,
  ROW_ICONS,
  transferFactsList,
} from './transfersModel';
import type { RowState, TransferRow } from './transfersModel';
import { ELSEWHERE_SCHEME } from './viewHeader';

/** Only a row of the view calls it, so it is no command of package.json. */
const SHOW_MORE_COMMAND = 'ossUpload.showMore';

/** The rows of the view as items of the editor. Loaded when the view is first opened. */
export class TransfersTree implements Disposable {
  private readonly rows: TransferRows;
  private readonly subscription: Disposable;

  constructor(
    private readonly transfers: Transfers,
    history: UploadHistory,
    redraw: (ids: string[] | undefined) => void,
  ) {
    this.rows = new TransferRows(transfers, history, words, redraw);
    this.subscription = vscode.Disposable.from(
      this.rows,
      vscode.commands.registerCommand(SHOW_MORE_COMMAND, (parent: unknown) => {
        if (typeof parent === 'string') this.rows.showMore(parent);
      }),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  async getChildren(parent = ''): Promise<string[]> {
    return (await this.rows.below(parent)).map((row) => row.id);
  }

  transfersOf(id: string): Promise<readonly TransferSnapshot[]> {
    return this.rows.transfersOf(id);
  }

  getTreeItem(id: string): vscode.TreeItem {
    const row = this.rows.get(id);
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const isParent = row?.kind === 'batch';
    const item = new vscode.TreeItem(row?.label ?? '', isParent ? Collapsed : None);
    // Gone since the editor asked for it.
    if (row === undefined) return item;
    item.id = row.id;
    item.description = row.description;
    item.contextValue = wordsOf(row);
    item.accessibilityInformation = { label: row.spoken };
    if (row.kind === 'more') {
      const parent = row.id.slice(MORE_PREFIX.length);
      item.command = { command: SHOW_MORE_COMMAND, title: row.label, arguments: [parent] };
      return item;
    }
    const color = ROW_COLORS[row.state];
    item.iconPath = new vscode.ThemeIcon(
      ROW_ICONS[row.state],
      color === undefined ? undefined : new vscode.ThemeColor(color),
    );
    if (row.state === 'elsewhere') {
      item.resourceUri = vscode.Uri.from({ scheme: ELSEWHERE_SCHEME, path: `/${row.id}` });
    }
    return item;
  }

  /** Tooltips are made when the pointer rests on a row, so that they are never old. */
  async resolveTreeItem(item: vscode.TreeItem, id: string): Promise<vscode.TreeItem> {
    const row = this.rows.get(id);
    if (row === undefined) return item;
    this.rows.hold();
    const entry = this.rows.entryOf(id);
    if (entry !== undefined && row.kind === 'batch') {
      item.tooltip = tooltipOf(row, [ossPath(entry.place)]);
      return item;
    }
    const snapshot = this.transfers.snapshot();
    const batch = snapshot.batches.find((candidate) => candidate.id === row.batchId);
    if (batch !== undefined && row.kind === 'batch') {
      item.tooltip = tooltipOf(row, [ossPath(batchPlace(batch))]);
      return item;
    }
    const [transfer] = await this.rows.transfersOf(id);
    if (transfer !== undefined) item.tooltip = transferTooltip(row, transfer);
    return item;
  }
}

/** The words that menus of package.json know a row by. */
function wordsOf({ id, kind, state, remedies }: TransferRow): string {
  if (kind === 'more') return 'more';
  if (!id.startsWith(DONE_PREFIX)) return contextOf(state, remedies);
  // The history forgets what was asked for at once, and no file of it alone.
  return entryOfRow(id)?.fileId === undefined ? `${state} entry` : `${state} file`;
}

/** Names of files and words of the server may hold anything, so they are not Markdown. */
function tooltipOf(row: TransferRow, lines: readonly string[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.appendText(`${row.name} — ${row.description}`);
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
    const argument = encodeURIComponent(JSON.stringify([row.id]));
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
    case 'waiting':
      return [
        ['tryNow', l10n.t('Try Now')],
        ['pauseItem', l10n.t('Pause')],
      ];
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
        ['copyMarkdown', l10n.t('Copy as Markdown')],
        ['openInBrowser', l10n.t('Open in Browser')],
      ];
    case 'discarding':
    case 'elsewhere':
    case 'finished':
      return [];
  }
}
