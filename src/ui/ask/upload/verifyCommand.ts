import * as vscode from 'vscode';

import { verifyObjects } from '../../../engine/index';
import type { CompareOptions } from '../../../engine/index';
import type { TransferActions } from '../../actions/transferActions';
import { l10n, words } from '../../editor/editorWords';
import { withLateProgress } from '../../editor/lateProgress';
import { plainText } from '../../text/plainText';
import { CountedProgress } from './countedProgress';
import type { ReportFiles } from './reportFiles';
import { isOnDisk, withoutChildren } from './selection';
import type { VerifyCallResult } from './uploadApi';
import type { UploadCommand } from './uploadCommand';
import { countsOf, verifyJsonLines, verifyReport, verifySummary } from './verifyReport';
import type { Verified } from './verifyReport';

/** "Verify Against OSS...": which files are in OSS as they are here. Changes nothing. */
export class VerifyCommand {
  constructor(
    private readonly upload: UploadCommand,
    private readonly actions: TransferActions,
    private readonly options: CompareOptions,
    private readonly reports: ReportFiles,
  ) {}

  /** Compares files and folders, and shows what was found. Undefined when the user left. */
  async run(uris: readonly vscode.Uri[]): Promise<VerifyCallResult | undefined> {
    let counts: VerifyCallResult | undefined;
    await this.actions.attempt(
      (async () => {
        const chosen = withoutChildren(uris).filter(isOnDisk);
        const verified = await this.verify(chosen);
        if (verified === undefined) return;
        counts = countsOf(verified);
        await this.open(verified, 'txt', verifyReport(verified, words));
        // Not awaited: a toast may stay for hours.
        void this.actions.attempt(this.tell(verified, counts, chosen));
      })(),
    );
    return counts;
  }

  private async verify(chosen: readonly vscode.Uri[]): Promise<Verified | undefined> {
    const plan = await this.upload.planner.planComparison(chosen);
    if (plan === undefined) return undefined;
    const { requests, failures, places, name, place } = plan;
    const message = l10n.t('Comparing with OSS…');
    const verification = await withLateProgress(
      message,
      (report, signal) => {
        const { onProgress } = new CountedProgress(report, message);
        const looking = new CountedProgress(report, l10n.t('Looking for objects in OSS…'));
        return verifyObjects(this.options, requests, places, signal, onProgress, (objects) => {
          looking.onProgress(objects);
        });
      },
      l10n.t('Verifying against OSS'),
    );
    if (verification === undefined) return undefined;
    const verified = { verification, failures, name, place, timeMs: Date.now() };
    this.options.logger.info(`verified ${place}: ${JSON.stringify(countsOf(verified))}`);
    return verified;
  }

  private async tell(
    verified: Verified,
    { different, missing, unknown }: VerifyCallResult,
    chosen: readonly vscode.Uri[],
  ): Promise<void> {
    const lines = l10n.t('Show JSON Lines');
    const upload = l10n.t('Upload Differences');
    const show =
      different + missing + unknown === 0
        ? vscode.window.showInformationMessage
        : vscode.window.showWarningMessage;
    const buttons = different + missing === 0 ? [lines] : [upload, lines];
    const answer = await show(plainText(verifySummary(verified, words)), ...buttons);
    if (answer === lines) await this.open(verified, 'jsonl', verifyJsonLines(verified));
    if (answer !== upload) return;
    await this.upload.upload(chosen, {
      options: { ifExists: 'skipIdentical' },
      isElsewhere: false,
    });
  }

  /** A file, so that a tab that is restored with the window has it again. */
  private async open(
    { name, timeMs }: Verified,
    extension: 'txt' | 'jsonl',
    content: string,
  ): Promise<void> {
    const title = `${name} - ${l10n.t('Verified against OSS')}`;
    try {
      const file = await this.reports.write(title, timeMs, extension, content);
      await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), {
        preview: false,
      });
    } catch (error) {
      // A full disk loses no report: the editor holds it.
      this.options.logger.warn(`report not written: ${String(error)}`);
      const document = await vscode.workspace.openTextDocument({ content });
      await vscode.window.showTextDocument(document, { preview: false });
    }
  }
}
