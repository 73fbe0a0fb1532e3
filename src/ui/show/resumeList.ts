import * as vscode from 'vscode';
import type { Transfers } from '../../engine/index';
import { l10n, language, words } from '../editor/editorWords';
import { actionLabel } from '../text/buttons';
import type { MessageAction } from '../text/buttons';
import { causesOf } from '../text/causes';
import type { Cause } from '../text/causes';
import { formatBytes, formatCount, nameInSentence } from '../text/format';
import {
  bytesLeft,
  bytesSent,
  isUrgent,
  resumeDescription,
  resumeDetail,
  resumeSections,
  sectionTitle,
  statusOf,
} from './resumeModel';
import type { ResumeItem, ResumeSection } from './resumeModel';
import { waitingItems } from './statusBar';
import type { Settings } from '../settings/settings';
import type { TransferActions } from '../actions/transferActions';
import { fileName, idsOf } from '../text/transferFacts';

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
  /** What Enter does in the place of that, and to which transfers. */
  readonly remedy?: { readonly action: MessageAction; readonly about: Cause['transfers'] };
}

/** More causes than these would hide the uploads they are of. */
const MOST_CAUSES = 3;

/** The command "Resume Interrupted Uploads...": a pick list of what waits for the user. */
export class ResumeList {
  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly settings: Settings,
  ) {}

  /** The pick list: all, one, or none of them any more. */
  async pick(): Promise<void> {
    const list = vscode.window.createQuickPick<ResumeRow>();
    const { title, placeholder } = this.heading();
    list.title = title;
    list.placeholder = placeholder;
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = this.rows();
    await new Promise<void>((resolve) => {
      list.onDidAccept(() => {
        const [row] = list.selectedItems;
        list.hide();
        if (row?.remedy === undefined) this.act(row?.action, row?.items);
        else void this.actions.attempt(this.actions.run(row.remedy.action, row.remedy.about));
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

  /** What the list is of: what the status bar says, whose click opens it. */
  private heading(): { readonly title: string; readonly placeholder: string } {
    const items = waitingItems(this.transfers, this.settings);
    const status = statusOf(items, this.transfers.snapshot());
    if (!isUrgent(status)) {
      return {
        title: l10n.t('Resume Uploads'),
        placeholder: l10n.t('Choose an upload to resume'),
      };
    }
    return {
      title:
        status.kind === 'failed'
          ? l10n.t('Failed Uploads')
          : l10n.t('Uploads That Need Credentials'),
      placeholder: l10n.t('Choose what to do about them'),
    };
  }

  private act(action: ResumeRow['action'], items: readonly ResumeItem[] = []): void {
    const waiting = items.flatMap((item) => item.waiting);
    if (action === 'discard') void this.actions.attempt(this.actions.discard(idsOf(waiting)));
    if (action === 'resume') void this.actions.attempt(this.actions.resume(waiting));
  }

  private rows(): ResumeRow[] {
    const items = waitingItems(this.transfers, this.settings);
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
      const label = sectionTitle(section, this.settings.forWindow().keepUnfinishedDays, words);
      rows.push({ label, kind: vscode.QuickPickItemKind.Separator });
      if (isResumable(section)) rows.push(...resumeAll.splice(0));
      if (section === 'attention') rows.push(...remedyRows(members));
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
}

/** What "Resume all" is about. */
function isResumable(section: ResumeSection): boolean {
  return section === 'workspace' || section === 'elsewhere';
}

/** What helps, cause by cause: Enter does what the message of the failure offered. */
function remedyRows(members: readonly ResumeItem[]): ResumeRow[] {
  const causes = causesOf(
    members.flatMap(({ waiting }) => waiting),
    words,
  );
  return causes.slice(0, MOST_CAUSES).flatMap(({ transfers, short, remedies }) =>
    remedies.map((action) => ({
      label: `$(wrench) ${actionLabel(action, l10n)}`,
      description: causeText(transfers, short),
      remedy: { action, about: transfers },
    })),
  );
}

function causeText(transfers: Cause['transfers'], reason: string): string {
  const [first] = transfers;
  const subject =
    first !== undefined && transfers.length === 1
      ? nameInSentence(fileName(first.filePath))
      : l10n.t('{n} files', { n: formatCount(transfers.length, language) });
  return `${subject} · ${reason}`;
}

function resumeRow(item: ResumeItem): ResumeRow {
  return {
    label: nameInSentence(item.batch.label),
    description: resumeDescription(item, words),
    detail: resumeDetail(item, Date.now(), words),
    buttons: [RESUME_BUTTON, DISCARD_BUTTON],
    items: [item],
    action: 'resume',
  };
}
