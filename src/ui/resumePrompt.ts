import * as vscode from 'vscode';
import type { Disposable, Transfers } from '../engine/index';
import { formatBytes, formatCount } from './format';
import {
  bytesLeft,
  bytesSent,
  resumeDescription,
  resumeDetail,
  resumeItems,
  statusOf,
  statusText,
} from './resumeItems';
import type { ResumeItem, ResumeSection, StatusKind } from './resumeItems';
import type { Settings } from './settings';
import type { TransferActions } from './transferActions';
import { idsOf } from './transferFacts';
import type { Words } from './words';
import { shortReason } from './transferRows';

/** A tooltip that is longer than this hides the editor. */
const TOOLTIP_ROWS = 5;

interface ResumeRow extends vscode.QuickPickItem {
  /** Undefined for separators. */
  readonly choice?:
    | { readonly do: 'resume' | 'one' | 'discard'; readonly items: readonly ResumeItem[] }
    | undefined;
}

/** The status-bar item that is there only while something waits for the user, and its pick list. */
export class ResumePrompt implements Disposable {
  private readonly status: vscode.StatusBarItem;
  private readonly subscriptions: Disposable[] = [];
  private readonly openedMs = Date.now();
  /** "Later" in the tooltip: what waits now stays quiet, what comes to it does not. */
  private later: ReadonlySet<string> = new Set();

  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly settings: Settings,
  ) {
    this.status = vscode.window.createStatusBarItem(
      'ossUpload.status',
      vscode.StatusBarAlignment.Left,
      0,
    );
    this.subscriptions.push(this.status);
    this.status.name = vscode.l10n.t('OSS Uploads');
    this.subscriptions.push(
      transfers.onDidChange(() => {
        this.render();
      }),
    );
    this.subscriptions.push(
      settings.onDidChange(() => {
        this.render();
      }),
    );
    this.subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.render();
      }),
    );
    this.subscriptions.push(vscode.commands.registerCommand('ossUpload.resume', () => this.pick()));
    this.subscriptions.push(
      vscode.commands.registerCommand('ossUpload.resumeLater', () => {
        this.later = new Set(this.items().map((item) => item.batch.id));
        this.render();
      }),
    );
    this.render();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** After the first look into the checkpoint folder: goes on by itself where that is wished. */
  async startUp(): Promise<void> {
    this.render();
    if (this.settings.forWindow().resumeOnStartup !== 'auto') return;
    // What the user paused stays paused, and what failed needs a decision first.
    const interrupted = this.items()
      .filter((item) => item.section !== 'old')
      .flatMap((item) => item.waiting)
      .filter((transfer) => transfer.state === 'interrupted');
    if (interrupted.length > 0) await this.transfers.resume(idsOf(interrupted));
  }

  /** The pick list: all, one, or none of them any more. */
  async pick(): Promise<void> {
    const list = vscode.window.createQuickPick<ResumeRow>();
    const play: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('debug-continue'),
      tooltip: vscode.l10n.t('Resume'),
    };
    const trash: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('trash'),
      tooltip: vscode.l10n.t('Discard...'),
    };
    list.title = vscode.l10n.t('Resume Uploads');
    list.placeholder = vscode.l10n.t('Choose an upload to resume');
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = this.rows([play, trash]);
    await new Promise<void>((resolve) => {
      list.onDidAccept(() => {
        const choice = list.selectedItems[0]?.choice;
        list.hide();
        if (choice !== undefined) void this.actions.attempt(this.act(choice.do, choice.items));
      });
      list.onDidTriggerItemButton(({ button, item }) => {
        const items = item.choice?.items ?? [];
        list.hide();
        void this.actions.attempt(this.act(button === trash ? 'discard' : 'one', items));
      });
      list.onDidHide(() => {
        list.dispose();
        resolve();
      });
      list.show();
    });
  }

  private async act(
    what: 'resume' | 'one' | 'discard',
    items: readonly ResumeItem[],
  ): Promise<void> {
    const waiting = items.flatMap((item) => item.waiting);
    if (what === 'discard') await this.actions.discard(idsOf(waiting));
    else await this.actions.resume(waiting);
  }

  private rows(buttons: readonly vscode.QuickInputButton[]): ResumeRow[] {
    const items = this.items();
    const words = wordsOfEditor();
    const { language } = words;
    const rows: ResumeRow[] = [];
    if (items.length === 0) {
      return [{ label: vscode.l10n.t('Nothing waits to be resumed.'), alwaysShow: true }];
    }
    const resumable = items.filter(
      (item) => item.section !== 'attention' && item.section !== 'old',
    );
    if (resumable.length > 0) {
      rows.push({
        label: `$(debug-continue) ${vscode.l10n.t('Resume all ({n} · {size} left)', {
          n: formatCount(resumable.length, language),
          size: formatBytes(bytesLeft(resumable), language),
        })}`,
        choice: { do: 'resume', items: resumable },
      });
    }
    const order: readonly ResumeSection[] = isUrgent(statusOf(items, this.transfers.snapshot()))
      ? ['attention', 'workspace', 'elsewhere', 'old']
      : ['workspace', 'elsewhere', 'attention', 'old'];
    for (const section of order) {
      const members = items.filter((item) => item.section === section);
      if (members.length === 0) continue;
      rows.push({ label: this.sectionTitle(section), kind: vscode.QuickPickItemKind.Separator });
      for (const item of members) rows.push(resumeRow(item, buttons, words));
      if (section === 'old') {
        rows.push({
          label: `$(trash) ${vscode.l10n.t('Discard all ({n} · {size} in OSS)', {
            n: formatCount(members.length, language),
            size: formatBytes(bytesSent(members), language),
          })}`,
          choice: { do: 'discard', items: members },
        });
      }
    }
    return rows;
  }

  private sectionTitle(section: ResumeSection): string {
    switch (section) {
      case 'workspace':
        return vscode.l10n.t('This workspace');
      case 'elsewhere':
        return vscode.l10n.t('Other folders');
      case 'attention':
        return vscode.l10n.t('Needs attention');
      case 'old':
        return vscode.l10n.t('Older than {n} days (storage is billed)', {
          n: this.settings.forWindow().keepUnfinishedDays,
        });
    }
  }

  private items(): ResumeItem[] {
    return resumeItems(this.transfers.snapshot(), {
      nowMs: Date.now(),
      workspacePaths: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      keepUnfinishedDays: this.settings.forWindow().keepUnfinishedDays,
    });
  }

  private render(): void {
    // "Never" is about what was left behind before this window opened.
    const isQuiet = this.settings.forWindow().resumeOnStartup === 'never';
    const items = this.items().filter(
      (item) => !this.later.has(item.batch.id) && !(isQuiet && item.updatedMs < this.openedMs),
    );
    const status = statusOf(items, this.transfers.snapshot());
    const shown = statusText(status, wordsOfEditor());
    if (shown === undefined) {
      this.status.hide();
      return;
    }
    this.status.text = shown.text;
    this.status.accessibilityInformation = { label: shown.label, role: 'button' };
    this.status.command =
      status.kind === 'offline' ? 'ossUpload.showTransfers' : 'ossUpload.resume';
    this.status.backgroundColor = isUrgent(status)
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    this.status.tooltip = status.kind === 'offline' ? shown.label : tooltipOf(items);
    this.status.show();
  }
}

/** A plain resume does not help: the user has to decide or to give credentials. */
function isUrgent({ kind }: StatusKind): boolean {
  return kind === 'failed' || kind === 'credentials';
}

function resumeRow(
  item: ResumeItem,
  buttons: readonly vscode.QuickInputButton[],
  words: Words,
): ResumeRow {
  return {
    label: item.batch.label,
    description: resumeDescription(item, words),
    detail: resumeDetail(item, reasonOf(item, words), Date.now(), words),
    buttons,
    choice: { do: 'one', items: [item] },
  };
}

function reasonOf(item: ResumeItem, words: Words): string | undefined {
  const stuck = item.waiting.find(
    (transfer) => transfer.state !== 'interrupted' && transfer.error !== undefined,
  );
  return stuck?.error === undefined
    ? undefined
    : // A sentence would be cut off; the row's remedy says the rest.
      shortReason(stuck.error.kind, words.l10n);
}

function tooltipOf(items: readonly ResumeItem[]): vscode.MarkdownString {
  const words = wordsOfEditor();
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.isTrusted = { enabledCommands: ['ossUpload.resumeAll', 'ossUpload.resumeLater'] };
  for (const item of items.slice(0, TOOLTIP_ROWS)) {
    // A file may be called anything, also like a link.
    tooltip.appendText(`${item.batch.label} — ${resumeDescription(item, words)}`);
    tooltip.appendMarkdown('\n\n');
  }
  if (items.length > TOOLTIP_ROWS) {
    const more = vscode.l10n.t('and {n} more', { n: items.length - TOOLTIP_ROWS });
    tooltip.appendMarkdown(`${more}\n\n`);
  }
  const resume = vscode.l10n.t('Resume all');
  const later = vscode.l10n.t('Later');
  tooltip.appendMarkdown(
    `[${resume}](command:ossUpload.resumeAll) · [${later}](command:ossUpload.resumeLater)`,
  );
  return tooltip;
}

function wordsOfEditor(): Words {
  return { l10n: vscode.l10n, language: vscode.env.language };
}
