import * as vscode from 'vscode';

import { verifyObjects } from '../../../engine/index';
import type { CompareOptions, Disposable } from '../../../engine/index';
import type { TransferActions } from '../../actions/transferActions';
import { l10n, words } from '../../editor/editorWords';
import { withLateProgress } from '../../editor/lateProgress';
import { CountedProgress } from './countedProgress';
import { isOnDisk, withoutChildren } from './selection';
import type { VerifyCallResult } from './uploadApi';
import type { UploadCommand } from './uploadCommand';
import { countsOf, verifyJsonLines, verifyReport, verifySummary } from './verifyReport';
import type { Verified } from './verifyReport';

/** The scheme of the texts that are made here: they are nowhere on a disk, and never unsaved. */
const SCHEME = 'oss-upload-report';

/** "Verify Against OSS...": which files are in OSS as they are here. Changes nothing. */
export class VerifyCommand implements Disposable {
  private readonly texts = new Map<string, string>();
  private readonly subscription: Disposable;
  private reports = 0;

  constructor(
    private readonly upload: UploadCommand,
    private readonly actions: TransferActions,
    private readonly options: CompareOptions,
  ) {
    this.subscription = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        provideTextDocumentContent: (uri) => this.texts.get(uri.path),
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === SCHEME) this.texts.delete(uri.path);
      }),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** Compares files and folders, and shows what was found. Undefined when the user left. */
  async run(uris: readonly vscode.Uri[]): Promise<VerifyCallResult | undefined> {
    let counts: VerifyCallResult | undefined;
    await this.actions.attempt(
      (async () => {
        const chosen = withoutChildren(uris).filter(isOnDisk);
        const verified = await this.verify(chosen);
        if (verified === undefined) return;
        counts = countsOf(verified);
        await this.open(`${this.nextName()}.txt`, verifyReport(verified, words));
        // Not awaited: a toast may stay for hours.
        void this.actions.attempt(this.tell(verified, counts, chosen));
      })(),
    );
    return counts;
  }

  private async verify(chosen: readonly vscode.Uri[]): Promise<Verified | undefined> {
    const plan = await this.upload.planner.planComparison(chosen);
    if (plan === undefined) return undefined;
    const { requests, failures, places, place } = plan;
    const message = l10n.t('Comparing with OSS…');
    const verification = await withLateProgress(
      message,
      (report, signal) => {
        const { onProgress } = new CountedProgress(report, message);
        return verifyObjects(this.options, requests, places, signal, onProgress);
      },
      l10n.t('Verifying against OSS'),
    );
    if (verification === undefined) return undefined;
    const verified = { verification, failures, place, timeMs: Date.now() };
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
    const answer = await show(verifySummary(verified, words), ...buttons);
    if (answer === lines) await this.open(`${this.nextName()}.jsonl`, verifyJsonLines(verified));
    if (answer !== upload) return;
    await this.upload.upload(chosen, {
      options: { ifExists: 'skipIdentical' },
      isElsewhere: false,
    });
  }

  private nextName(): string {
    return `/${l10n.t('Verified against OSS')} ${++this.reports}`;
  }

  private async open(name: string, text: string): Promise<void> {
    this.texts.set(name, text);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: name });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: false });
  }
}
