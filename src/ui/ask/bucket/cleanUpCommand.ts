import * as vscode from 'vscode';

import { UploadError, removeUpload } from '../../../engine/index';
import type { LookupOptions, Transfers } from '../../../engine/index';
import { BucketSearch } from './bucketSearch';
import { askWhichUploads, firstState } from './cleanUpBox';
import type { Destinations } from '../setup/destination';
import { targetAt } from '../upload/uploadRequests';
import type { Destination } from '../../settings/knownDestination';
import { commandId } from '../../editor/commandIds';
import { l10n, language, sentenceOf, words } from '../../editor/editorWords';
import { formatCount } from '../../text/format';
import { plainText } from '../../text/plainText';
import { fileName } from '../../text/transferFacts';
import { withLateProgress } from '../../editor/lateProgress';
import { confirmLoss } from '../../actions/transferActions';
import type { TransferActions } from '../../actions/transferActions';
import { removalQuestion, removedText } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';

/** "Clean Up Unfinished Uploads in Bucket...": left-over parts cost storage. */
export class CleanUpCommand {
  private readonly search: BucketSearch;

  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    destinations: Destinations,
    private readonly bucket: LookupOptions,
  ) {
    this.search = new BucketSearch(transfers, actions, destinations, bucket.openStore);
  }

  /** Lists, asks which ones, removes those. What could still be resumed is discarded as elsewhere. */
  async run(resource: vscode.Uri | undefined): Promise<void> {
    const uploads = await this.search.run(resource);
    if (uploads === undefined) return;
    const state = firstState(uploads);
    let chosen = await askWhichUploads(uploads, state);
    // Who keeps them may have ticked one too many: the same list again.
    while (chosen.length > 0 && !(await this.confirm(chosen))) {
      chosen = await askWhichUploads(uploads, state);
    }
    if (chosen.length === 0) return;
    const failures = await this.remove(uploads.destination, chosen);
    if (failures !== undefined) await this.actions.attempt(tell(chosen, failures, uploads.place));
  }

  /** Those of others are asked about by their names: nothing here knows whether they still run. */
  private confirm(chosen: readonly FoundUpload[]): Promise<boolean> {
    const asked = removalQuestion(chosen, words);
    if (asked !== undefined) return confirmLoss(asked.question, l10n.t('Remove'), asked.detail);
    return this.actions.confirmDiscard(chosen.flatMap(({ transfer }) => transfer ?? []));
  }

  /** Resolves with what went wrong; undefined when the user cancelled. */
  private remove(
    destination: Destination,
    chosen: readonly FoundUpload[],
  ): Promise<readonly UploadError[] | undefined> {
    const message =
      chosen.length === 1
        ? l10n.t('Removing 1 unfinished upload…')
        : l10n.t('Removing {n} unfinished uploads…', { n: chosen.length });
    return withLateProgress(message, async (_report, signal) => {
      const failures: UploadError[] = [];
      for (const { upload, transfer } of chosen) {
        signal.throwIfAborted();
        try {
          // Our own record goes with it, so that the status bar does not offer what is gone.
          if (transfer !== undefined) await this.transfers.discard([transfer.id]);
          const { key, uploadId } = upload;
          await removeUpload(this.bucket, targetAt(destination, key), uploadId, signal);
          this.bucket.logger.info(`removed unfinished upload ${key} id=${uploadId}`);
        } catch (error) {
          if (signal.aborted) throw error;
          failures.push(UploadError.from(error).with({ key: upload.key }));
        }
      }
      return failures;
    });
  }
}

async function tell(
  chosen: readonly FoundUpload[],
  [failure, ...others]: readonly UploadError[],
  place: string,
): Promise<void> {
  const total = chosen.length;
  if (failure === undefined) {
    const key = chosen[0]?.upload.key ?? '';
    void vscode.window.showInformationMessage(plainText(removedText(total, key, place, words)));
    return;
  }
  const text = l10n.t(
    'Removed {n} of {total} unfinished uploads. {name} is still there: {reason}',
    {
      n: formatCount(total - others.length - 1, language),
      total: formatCount(total, language),
      name: fileName(failure.key ?? ''),
      reason: sentenceOf(failure),
    },
  );
  const again = l10n.t('Try Again');
  if ((await vscode.window.showErrorMessage(plainText(text), again)) !== again) return;
  await vscode.commands.executeCommand(commandId('cleanUp'));
}
