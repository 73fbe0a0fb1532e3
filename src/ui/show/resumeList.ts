import * as vscode from 'vscode';
import type { Transfers } from '../../engine/index';
import { l10n, language, words } from '../editor/editorWords';
import { formatBytes, formatCount } from '../text/format';
import {
  bytesLeft,
  bytesSent,
  isUrgent,
  resumeDescription,
  resumeDetail,
  resumeSections,
  statusOf,
} from './resumeModel';
import type { ResumeItem, ResumeSection } from './resumeModel';
import { waitingItems } from './statusBar';
import type { Settings } from '../settings/settings';
import type { TransferActions } from '../actions/transferActions';
import { idsOf } from '../text/transferFacts';

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
