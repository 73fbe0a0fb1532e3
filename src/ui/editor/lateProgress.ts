import * as vscode from 'vscode';

import { l10n } from './editorWords';
import { plainText } from '../text/plainText';

/** Work that is done before this has passed needs no notification. */
const PATIENCE_MS = 400;

/**
 * Runs something that is usually quick, with a notification as soon as it is not. Undefined when
 * the user pressed Cancel there.
 */
export async function withLateProgress<T>(
  message: string,
  task: (report: (message: string) => void, signal: AbortSignal) => Promise<T>,
  title = l10n.t('Uploading to OSS'),
): Promise<T | undefined> {
  const cancelling = new AbortController();
  let latest = message;
  let show = (text: string): void => {
    latest = text;
  };
  const running = task((text) => {
    show(text);
  }, cancelling.signal);
  // An error closes the notification and does not fail it: the caller, which awaits `running`, tells it.
  const settled = running.then(
    () => undefined,
    () => undefined,
  );
  const timer = setTimeout(() => {
    void vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title,
        cancellable: true,
      },
      async (progress, token) => {
        show = (text) => {
          progress.report({ message: plainText(text) });
        };
        show(latest);
        token.onCancellationRequested(() => {
          cancelling.abort();
        });
        await settled;
      },
    );
  }, PATIENCE_MS);
  try {
    return await running;
  } catch (error) {
    if (cancelling.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
