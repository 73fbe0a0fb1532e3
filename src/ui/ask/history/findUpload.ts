import * as vscode from 'vscode';
import type { Transfers, UploadHistory } from '../../../engine/index';
import { commandId } from '../../editor/commandIds';
import type { CommandName } from '../../editor/commandIds';
import { l10n, words } from '../../editor/editorWords';
import { entryRow } from '../../show/finishedModel';
import { ROW_ICONS, rootRows } from '../../show/transfersModel';
import type { RowState, TransferRow } from '../../show/transfersModel';
import { nameInSentence } from '../../text/format';
import { batchPlace, ossPath } from '../../text/transferFacts';

interface Choice extends vscode.QuickPickItem {
  readonly row: TransferRow;
}

interface Filter extends vscode.QuickInputButton {
  readonly label: string;
  readonly states: readonly RowState[];
}

/** Looks for an upload by name, place and state; what is chosen is asked what to do with. */
export async function findUpload(
  transfers: Pick<Transfers, 'snapshot'>,
  history: Pick<UploadHistory, 'entries'>,
): Promise<void> {
  const choices = await allUploads(transfers, history);
  const row = await pickUpload(choices);
  if (row === undefined) return;
  const actions = ACTIONS[row.state].map((name) => ({ label: LABELS[name](), name }));
  const chosen = await vscode.window.showQuickPick(actions, {
    title: nameInSentence(row.name),
    placeHolder: row.description,
  });
  if (chosen !== undefined) await vscode.commands.executeCommand(commandId(chosen.name), row.id);
}

async function allUploads(
  transfers: Pick<Transfers, 'snapshot'>,
  history: Pick<UploadHistory, 'entries'>,
): Promise<readonly Choice[]> {
  const snapshot = transfers.snapshot();
  const now = Date.now();
  const shown = new Set(snapshot.batches.map(({ id }) => id));
  const entries = (await history.entries()).filter(({ id }) => !shown.has(id));
  // The whole name is in the place below it, and found there.
  const choiceOf = (row: TransferRow, place: Parameters<typeof ossPath>[0]): Choice => ({
    label: `$(${ROW_ICONS[row.state]}) ${nameInSentence(row.name)}`,
    description: row.description,
    detail: ossPath(place),
    row,
  });
  const batches = new Map(snapshot.batches.map((batch) => [batch.id, batch]));
  return [
    ...rootRows(snapshot, now, words).flatMap((row) => {
      const batch = batches.get(row.batchId);
      return batch === undefined ? [] : [choiceOf(row, batchPlace(batch))];
    }),
    ...entries.map((entry) => choiceOf(entryRow(entry, now, words), entry.place)),
  ];
}

function pickUpload(choices: readonly Choice[]): Promise<TransferRow | undefined> {
  const box = vscode.window.createQuickPick<Choice>();
  const filters = filtersOf();
  let chosen: Filter | undefined;
  const update = (): void => {
    const states = chosen?.states;
    box.title =
      chosen === undefined
        ? l10n.t('Find Upload')
        : l10n.t('Find Upload: {state}', { state: chosen.label });
    box.items = choices.filter(({ row }) => states === undefined || states.includes(row.state));
  };
  box.placeholder = l10n.t('Name, bucket or folder; the buttons above choose a state');
  box.matchOnDescription = box.matchOnDetail = true;
  box.buttons = filters;
  update();
  return new Promise((resolve) => {
    box.onDidTriggerButton((button) => {
      const filter = filters.find((one) => one === button);
      chosen = filter === chosen ? undefined : filter;
      update();
    });
    box.onDidAccept(() => {
      resolve(box.selectedItems[0]?.row);
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}

function filtersOf(): readonly Filter[] {
  const filter = (state: RowState, label: string, states: readonly RowState[]): Filter => ({
    iconPath: new vscode.ThemeIcon(ROW_ICONS[state].replace('~spin', '')),
    tooltip: l10n.t('Only: {state}', { state: label }),
    label,
    states,
  });
  return [
    filter('running', l10n.t('running'), ['running', 'queued', 'waiting', 'elsewhere']),
    filter('paused', l10n.t('stopped'), ['paused', 'interrupted', 'discarding']),
    filter('failed', l10n.t('failed'), ['failed']),
    filter('done', l10n.t('finished'), ['done']),
  ];
}

/** What can be done with what is found. */
const LABELS = {
  pauseItem: () => l10n.t('Pause'),
  resumeItem: () => l10n.t('Resume'),
  tryNow: () => l10n.t('Try Now'),
  discardItem: () => l10n.t('Discard...'),
  copyOssPath: () => l10n.t('Copy OSS Path'),
  copyError: () => l10n.t('Copy Error Details'),
  openHelp: () => l10n.t('Open Help'),
  copyUrl: () => l10n.t('Copy URL'),
  copyMarkdown: () => l10n.t('Copy as Markdown'),
  copySignedUrl: () => l10n.t('Copy Signed URL'),
  openInBrowser: () => l10n.t('Open in Browser'),
  uploadAgain: () => l10n.t('Upload Again'),
  revealFile: () => l10n.t('Reveal File'),
  removeFromList: () => l10n.t('Remove from List'),
} satisfies Partial<Record<CommandName, () => string>>;

/** In each state. */
const ACTIONS: Readonly<Record<RowState, readonly (keyof typeof LABELS)[]>> = {
  running: ['pauseItem', 'discardItem', 'copyOssPath'],
  waiting: ['tryNow', 'pauseItem', 'discardItem', 'copyOssPath'],
  queued: ['pauseItem', 'discardItem', 'copyOssPath'],
  paused: ['resumeItem', 'discardItem', 'copyOssPath'],
  interrupted: ['resumeItem', 'discardItem', 'copyOssPath'],
  failed: ['resumeItem', 'copyError', 'openHelp', 'discardItem'],
  done: [
    'copyUrl',
    'copyMarkdown',
    'copySignedUrl',
    'openInBrowser',
    'uploadAgain',
    'revealFile',
    'removeFromList',
  ],
  discarding: ['copyOssPath'],
  elsewhere: ['copyOssPath'],
  finished: [],
};
