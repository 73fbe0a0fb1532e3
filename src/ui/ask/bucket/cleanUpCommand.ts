import * as vscode from 'vscode';

import { UploadError, removeUpload } from '../../../engine/index';
import type { LookupOptions, Transfers } from '../../../engine/index';
import { BucketSearch } from './bucketSearch';
import { askWhichUploads } from './cleanUpBox';
import type { Destinations } from '../setup/destination';
import { targetAt } from '../upload/uploadRequests';
import type { Destination } from '../../settings/knownDestination';
import { l10n, language, sentenceOf } from '../../editor/editorWords';
import { formatCount } from '../../text/format';
import { withLateProgress } from '../../editor/lateProgress';
import type { TransferActions } from '../../actions/transferActions';
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
    const chosen = await askWhichUploads(uploads);
    if (chosen.length === 0) return;
    const ours = chosen.flatMap(({ transfer }) => transfer ?? []);
    if (!(await this.actions.confirmDiscard(ours))) return;
    const failures = await this.remove(uploads.destination, chosen);
    if (failures !== undefined) tell(chosen.length, failures);
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

function tell(chosen: number, [failure, ...others]: readonly UploadError[]): void {
  const total = formatCount(chosen, language);
  if (failure === undefined) {
    void vscode.window.showInformationMessage(
      chosen === 1
        ? l10n.t('Removed 1 unfinished upload from OSS.')
        : l10n.t('Removed {n} unfinished uploads from OSS.', { n: total }),
    );
    return;
  }
  const n = formatCount(chosen - others.length - 1, language);
  void vscode.window.showErrorMessage(
    l10n.t('Removed {n} of {total} unfinished uploads. {reason}', {
      n,
      total,
      reason: sentenceOf(failure),
    }),
  );
}
