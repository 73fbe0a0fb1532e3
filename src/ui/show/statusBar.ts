import * as vscode from 'vscode';
import type { Disposable, TransferSnapshot, Transfers } from '../../engine/index';
import { commandId, REMEDY_COMMANDS } from '../editor/commandIds';
import { l10n, words } from '../editor/editorWords';
import { rowCommandOf } from './rowRemedies';
import { actionLabel } from '../text/buttons';
import type { MessageAction } from '../text/buttons';
import { rootId } from './transfersModel';
import { isUrgent, resumeItems, statusOf, statusText, tooltipLines } from './resumeModel';
import type { ResumeItem } from './resumeModel';
import type { Settings } from '../settings/settings';
import { idsOf, needsDecision } from '../text/transferFacts';

/** A tooltip that is longer than this hides the editor. */
const TOOLTIP_ROWS = 5;
/** A link of the tooltip is about no more uploads: it would be longer than the editor takes. */
const TOOLTIP_ITEMS = 100;
/** Only the tooltip calls it, so it is no command of package.json. */
const LATER_COMMAND = 'ossUpload.resumeLater';

/** What is said of a failure beyond that it is one. Loaded with the first upload: none fails before. */
export interface FailureTexts {
  /** Why a batch needs attention, in a few words. */
  reasonOf(item: ResumeItem): string | undefined;
  /** What helps a transfer that waits for a decision, the likeliest first. */
  remediesOf(transfer: TransferSnapshot): readonly MessageAction[];
}

/** What waits for the user in this window now. */
export function waitingItems(transfers: Transfers, settings: Settings): ResumeItem[] {
  return resumeItems(transfers.snapshot(), {
    nowMs: Date.now(),
    workspacePaths: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    keepUnfinishedDays: settings.forWindow().keepUnfinishedDays,
  });
}

/** The status-bar item, which is there only while something waits for the user. */
export class StatusBar implements Disposable {
  private readonly status: vscode.StatusBarItem;
  private readonly subscription: Disposable;
  private readonly openedMs = Date.now();
  /** "Later" in the tooltip: what waits now stays quiet, what comes to it does not. */
  private later: ReadonlySet<string> = new Set();
  private texts: FailureTexts | undefined;

  constructor(
    private readonly transfers: Transfers,
    private readonly settings: Settings,
    private readonly resume: (ids: readonly string[]) => Promise<void>,
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
    if (interrupted.length > 0) await this.resume(idsOf(interrupted));
  }

  /** Says of failures what these say, from now on. */
  explain(texts: FailureTexts): void {
    this.texts = texts;
    this.render();
  }

  private items(): ResumeItem[] {
    return waitingItems(this.transfers, this.settings);
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
    this.status.tooltip = status.kind === 'offline' ? shown.label : tooltipOf(items, this.texts);
    this.status.show();
  }
}

function tooltipOf(
  items: readonly ResumeItem[],
  texts: FailureTexts | undefined,
): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString(undefined, true);
  const remedies = ['resumeItem', ...REMEDY_COMMANDS] as const;
  const enabledCommands = [commandId('resumeAll'), LATER_COMMAND, ...remedies.map(commandId)];
  tooltip.isTrusted = { enabledCommands };
  for (const item of items.slice(0, TOOLTIP_ROWS)) {
    for (const [at, line] of tooltipLines(item, texts?.reasonOf(item), words).entries()) {
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
  const links = texts === undefined ? [] : remedyLinks(items, texts);
  if (links.length > 0) tooltip.appendMarkdown(`${links.join(' · ')}\n\n`);
  const resume = l10n.t('Resume all');
  const later = l10n.t('Later');
  tooltip.appendMarkdown(
    `[${resume}](command:${commandId('resumeAll')}) · [${later}](command:${LATER_COMMAND})`,
  );
  return tooltip;
}

/** What helps the first that waits for a decision, and all others that it helps as well. */
function remedyLinks(items: readonly ResumeItem[], texts: FailureTexts): string[] {
  const [first] = items.flatMap(({ waiting }) => waiting.find(needsDecision) ?? []);
  if (first === undefined) return [];
  const rows = items.filter(({ section }) => section === 'attention').slice(0, TOOLTIP_ITEMS);
  const ids = rows.map(({ batch }) => rootId(batch));
  const argument = encodeURIComponent(JSON.stringify([ids[0], ids]));
  return texts.remediesOf(first).flatMap((action) => {
    const name = rowCommandOf(action);
    if (name === undefined) return [];
    return [`[${actionLabel(action, l10n)}](command:${commandId(name)}?${argument})`];
  });
}
