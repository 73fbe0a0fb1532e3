import * as vscode from 'vscode';
import type { Disposable } from '../../engine/index';
import { commandId } from '../editor/commandIds';
import { l10n } from '../editor/editorWords';

const SHOWN_MS = 10_000;

/** The status-bar item that says what was uploaded, for ten seconds; a click copies its URL. */
export class UploadedStatus implements Disposable {
  private item: vscode.StatusBarItem | undefined;
  private hiding: NodeJS.Timeout | undefined;

  show(text: string): void {
    this.item ??= this.make();
    this.item.text = `$(check) ${text}`;
    this.item.accessibilityInformation = {
      label: l10n.t('{text}. Press Enter to copy the URL.', { text }),
      role: 'button',
    };
    this.item.show();
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => this.item?.hide(), SHOWN_MS);
  }

  dispose(): void {
    clearTimeout(this.hiding);
    this.item?.dispose();
  }

  private make(): vscode.StatusBarItem {
    const left = vscode.StatusBarAlignment.Left;
    const item = vscode.window.createStatusBarItem('ossUpload.uploaded', left, 0);
    item.name = l10n.t('OSS: Uploaded');
    item.tooltip = l10n.t('Copy URL');
    item.command = commandId('copyLastUrl');
    return item;
  }
}
