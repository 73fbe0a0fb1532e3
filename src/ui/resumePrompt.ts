import * as vscode from 'vscode';
import type { Disposable, Transfers } from '../engine/index';
import { commandId } from './commandIds';
import { l10n, language, words } from './editorWords';
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
import { shortReason } from './transferRows';

/** A tooltip that is longer than this hides the editor. */
const TOOLTIP_ROWS = 5;
/** Only the tooltip calls it, so it is no command of package.json. */
const LATER_COMMAND = 'ossUpload.resumeLater';

interface ResumeRow extends vscode.QuickPickItem {
  /** Undefined for separators. */
  readonly choice?:
    { readonly do: 'resume' | 'discard'; readonly items: readonly ResumeItem[] } | undefined;
}

/** The status-bar item that is there only while something waits for the user, and its pick list. */
export class ResumePrompt implements Disposable {
  private readonly status: vscode.StatusBarItem;
  private readonly subscription: Disposable;
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
    this.status.name = l10n.t('OSS Uploads');
    const render = (): void => {
      this.render();
    };
    this.subscription = vscode.Disposable.from(
      this.status,
      transfers.onDidChange(render),
      settings.onDidChange(render),
      vscode.workspace.onDidChangeWorkspaceFolders(render),
      vscode.commands.registerCommand(commandId('resume'), () => this.pick()),
      vscode.commands.registerCommand(LATER_COMMAND, () => {
        this.later = new Set(this.items().map((item) => item.batch.id));
        this.render();
      }),
    );
    this.render();
  }

  dispose(): void {
    this.subscription.dispose();
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
      tooltip: l10n.t('Resume'),
    };
    const trash: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('trash'),
      tooltip: l10n.t('Discard...'),
    };
    list.title = l10n.t('Resume Uploads');
    list.placeholder = l10n.t('Choose an upload to resume');
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = this.rows([play, trash]);
    await new Promise<void>((resolve) => {
      list.onDidAccept(() => {
        const choice = list.selectedItems[0]?.choice;
        list.hide();
        if (choice !== undefined) this.act(choice.do, choice.items);
      });
      list.onDidTriggerItemButton(({ button, item }) => {
        const items = item.choice?.items ?? [];
        list.hide();
        this.act(button === trash ? 'discard' : 'resume', items);
      });
      list.onDidHide(() => {
        list.dispose();
        resolve();
      });
      list.show();
    });
  }

  private act(what: 'resume' | 'discard', items: readonly ResumeItem[]): void {
    const waiting = items.flatMap((item) => item.waiting);
    void this.actions.attempt(
      what === 'discard' ? this.actions.discard(idsOf(waiting)) : this.actions.resume(waiting),
    );
  }

  private rows(buttons: readonly vscode.QuickInputButton[]): ResumeRow[] {
    const items = this.items();
    const rows: ResumeRow[] = [];
    if (items.length === 0) {
      return [{ label: l10n.t('Nothing waits to be resumed.'), alwaysShow: true }];
    }
    const resumable = items.filter(
      (item) => item.section !== 'attention' && item.section !== 'old',
    );
    if (resumable.length > 0) {
      rows.push({
        label: `$(debug-continue) ${l10n.t('Resume all ({n} · {size} left)', {
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
      for (const item of members) rows.push(resumeRow(item, buttons));
      if (section === 'old') {
        rows.push({
          label: `$(trash) ${l10n.t('Discard all ({n} · {size} in OSS)', {
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
        return l10n.t('This workspace');
      case 'elsewhere':
        return l10n.t('Other folders');
      case 'attention':
        return l10n.t('Needs attention');
      case 'old':
        return l10n.t('Older than {n} days (storage is billed)', {
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
    const shown = statusText(status, words);
    if (shown === undefined) {
      this.status.hide();
      return;
    }
    this.status.text = shown.text;
    this.status.accessibilityInformation = { label: shown.label, role: 'button' };
    this.status.command =
      status.kind === 'offline' ? commandId('showTransfers') : commandId('resume');
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

function resumeRow(item: ResumeItem, buttons: readonly vscode.QuickInputButton[]): ResumeRow {
  return {
    label: item.batch.label,
    description: resumeDescription(item, words),
    detail: resumeDetail(item, reasonOf(item), Date.now(), words),
    buttons,
    choice: { do: 'resume', items: [item] },
  };
}

/** Why it stopped. A sentence would be cut off; the row's remedy says the rest. */
function reasonOf(item: ResumeItem): string | undefined {
  const stuck = item.waiting.find(
    (transfer) => transfer.state !== 'interrupted' && transfer.error !== undefined,
  );
  return stuck?.error && shortReason(stuck.error.kind, l10n);
}

function tooltipOf(items: readonly ResumeItem[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.isTrusted = { enabledCommands: [commandId('resumeAll'), LATER_COMMAND] };
  for (const item of items.slice(0, TOOLTIP_ROWS)) {
    // A file may be called anything, also like a link.
    tooltip.appendText(`${item.batch.label} — ${resumeDescription(item, words)}`);
    tooltip.appendMarkdown('\n\n');
  }
  if (items.length > TOOLTIP_ROWS) {
    const more = l10n.t('and {n} more', { n: items.length - TOOLTIP_ROWS });
    tooltip.appendMarkdown(`${more}\n\n`);
  }
  const resume = l10n.t('Resume all');
  const later = l10n.t('Later');
  tooltip.appendMarkdown(
    `[${resume}](command:${commandId('resumeAll')}) · [${later}](command:${LATER_COMMAND})`,
  );
  return tooltip;
}
