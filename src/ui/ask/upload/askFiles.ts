import * as vscode from 'vscode';

import { l10n } from '../../editor/editorWords';
import { pick } from '../../editor/boxes';
import { isOnDisk } from './selection';
import { fileName } from '../../text/transferFacts';

/** What is asked for, in the words of the command that asks. */
export interface FileQuestion {
  readonly title: string;
  readonly placeholder: string;
  readonly button: string;
}

/** The palette's way in: the current file, or one that is looked for. Empty when the user left. */
export async function askFiles(question: FileQuestion): Promise<readonly vscode.Uri[]> {
  const current = currentFile();
  const chosen = await pick<vscode.Uri | 'files' | 'folders'>(
    question.title,
    question.placeholder,
    [
      ...(current === undefined
        ? []
        : [
            {
              label: `$(file) ${l10n.t('Current file')}`,
              description: fileName(current.fsPath),
              value: current,
            },
          ]),
      { label: `$(folder-opened) ${l10n.t('Browse files...')}`, value: 'files' },
      { label: `$(folder) ${l10n.t('Browse folders...')}`, value: 'folders' },
    ],
  );
  if (chosen === undefined) return [];
  if (chosen instanceof vscode.Uri) return [chosen];
  const found = await vscode.window.showOpenDialog({
    openLabel: question.button,
    canSelectMany: true,
    // Windows and Linux show either files or folders in one dialog.
    canSelectFiles: chosen === 'files',
    canSelectFolders: chosen === 'folders',
  });
  return found ?? [];
}

/** The file of the active tab, whatever kind of editor shows it. */
function currentFile(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText ||
    input instanceof vscode.TabInputCustom ||
    input instanceof vscode.TabInputNotebook
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && isOnDisk(uri) ? uri : undefined;
}
