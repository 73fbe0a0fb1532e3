import * as vscode from 'vscode';

import { UploadError } from '../../../engine/index';
import type { Logger, ObjectStore, OpenStore, Transfers } from '../../../engine/index';
import { BucketSearch } from './bucketSearch';
import { askWhichUploads } from './cleanUpBox';
import type { Destinations } from '../setup/destination';
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
    openStore: OpenStore,
    private readonly logger: Logger,
  ) {
    this.search = new BucketSearch(transfers, actions, destinations, openStore);
  }

  /** Lists, asks which ones, removes those. What could still be resumed is discarded as elsewhere. */
  async run(resource: vscode.Uri | undefined): Promise<void> {
    const uploads = await this.search.run(resource);
    if (uploads === undefined) return;
    const chosen = await askWhichUploads(uploads);
    if (chosen.length === 0) return;
    const ours = chosen.flatMap(({ transfer }) => transfer ?? []);
    if (!(await this.actions.confirmDiscard(ours))) return;
    const failures = await this.remove(uploads.store, chosen);
    if (failures !== undefined) tell(chosen.length, failures);
  }

  /** Resolves with what went wrong; undefined when the user cancelled. */
  private remove(
    store: ObjectStore,
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
          await store.abortMultipartUpload(upload.key, upload.uploadId, { signal });
          this.logger.info(`removed unfinished upload ${upload.key} id=${upload.uploadId}`);
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
