import * as vscode from 'vscode';
import type { Disposable, Transfers } from '../../engine/index';
import { commandId } from '../editor/commandIds';
import { l10n, language, words } from '../editor/editorWords';
import { formatBytes, formatCount } from '../text/format';
import {
  bytesLeft,
  bytesSent,
  isUrgent,
  resumeDescription,
  resumeDetail,
  resumeItems,
  resumeSections,
  statusOf,
  statusText,
  tooltipLines,
} from './resumeModel';
import type { ResumeItem, ResumeSection } from './resumeModel';
import type { Settings } from '../settings/settings';
import type { TransferActions } from '../actions/transferActions';
import { idsOf } from '../text/transferFacts';

/** A tooltip that is longer than this hides the editor. */
const TOOLTIP_ROWS = 5;
/** Only the tooltip calls it, so it is no command of package.json. */
const LATER_COMMAND = 'ossUpload.resumeLater';

const RESUME_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('debug-continue'),
  tooltip: l10n.t('Resume'),
};
const DISCARD_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('trash'),
  tooltip: l10n.t('Discard...'),
};

/** A row, and what Enter does to which uploads; a separator does nothing. */
interface ResumeRow extends vscode.QuickPickItem {
  readonly items?: readonly ResumeItem[];
  readonly action?: 'resume' | 'discard';
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
    list.title = l10n.t('Resume Uploads');
    list.placeholder = l10n.t('Choose an upload to resume');
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = this.rows();
    await new Promise<void>((resolve) => {
      list.onDidAccept(() => {
        const [row] = list.selectedItems;
        list.hide();
        this.act(row?.action, row?.items);
      });
      list.onDidTriggerItemButton(({ button, item }) => {
        list.hide();
        this.act(button === DISCARD_BUTTON ? 'discard' : 'resume', item.items);
      });
      list.onDidHide(() => {
        list.dispose();
        resolve();
      });
      list.show();
    });
  }

  private act(action: ResumeRow['action'], items: readonly ResumeItem[] = []): void {
    const waiting = items.flatMap((item) => item.waiting);
    if (action === 'discard') void this.actions.attempt(this.actions.discard(idsOf(waiting)));
    if (action === 'resume') void this.actions.attempt(this.actions.resume(waiting));
  }

  private rows(): ResumeRow[] {
    const items = this.items();
    const rows: ResumeRow[] = [];
    if (items.length === 0) {
      return [{ label: l10n.t('Nothing waits to be resumed.'), alwaysShow: true }];
    }
    const resumable = items.filter((item) => isResumable(item.section));
    const resumeAll: ResumeRow[] = [];
    if (resumable.length > 0) {
      resumeAll.push({
        label: `$(debug-continue) ${l10n.t('Resume all ({n} · {size} left)', {
          n: formatCount(resumable.length, language),
          size: formatBytes(bytesLeft(resumable), language),
        })}`,
        items: resumable,
        action: 'resume',
      });
    }
    const status = statusOf(items, this.transfers.snapshot());
    if (!isUrgent(status)) rows.push(...resumeAll.splice(0));
    for (const { section, members } of resumeSections(items, status)) {
      rows.push({ label: this.sectionTitle(section), kind: vscode.QuickPickItemKind.Separator });
      if (isResumable(section)) rows.push(...resumeAll.splice(0));
      rows.push(...members.map(resumeRow));
      if (section === 'old') {
        rows.push({
          label: `$(trash) ${l10n.t('Discard all ({n} · {size} in OSS)', {
            n: formatCount(members.length, language),
            size: formatBytes(bytesSent(members), language),
          })}`,
          items: members,
          action: 'discard',
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

/** What "Resume all" is about. */
function isResumable(section: ResumeSection): boolean {
  return section === 'workspace' || section === 'elsewhere';
}

function resumeRow(item: ResumeItem): ResumeRow {
  return {
    label: item.batch.label,
    description: resumeDescription(item, words),
    detail: resumeDetail(item, Date.now(), words),
    buttons: [RESUME_BUTTON, DISCARD_BUTTON],
    items: [item],
    action: 'resume',
  };
}

function tooltipOf(items: readonly ResumeItem[]): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.isTrusted = { enabledCommands: [commandId('resumeAll'), LATER_COMMAND] };
  for (const item of items.slice(0, TOOLTIP_ROWS)) {
    for (const [at, line] of tooltipLines(item, words).entries()) {
      if (at > 0) tooltip.appendMarkdown('  \n');
      // A file may be called anything, also like a link.
      tooltip.appendText(line);
    }
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
