import * as vscode from 'vscode';

import { UploadError } from '../engine/index';
import type { Logger, ObjectStore, OpenStore, Transfers } from '../engine/index';
import type { Destinations } from './destination';
import { formatAge, formatCount } from './format';
import { expandPrefix } from './keyNames';
import type { Destination } from './knownDestination';
import { withLateProgress } from './lateProgress';
import { describeError } from './messages';
import { alone, askPickMany } from './multiStep';
import { removableUploads } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';

const { l10n } = vscode;

/** "Clean Up Unfinished Uploads in Bucket...": parts that nobody goes on with cost storage. */
export class CleanUpCommand {
  constructor(
    private readonly transfers: Transfers,
    private readonly destinations: Destinations,
    private readonly openStore: OpenStore,
    private readonly logger: Logger,
  ) {}

  /** Lists, asks which ones, removes those. */
  async run(resource: vscode.Uri | undefined): Promise<void> {
    const destination = await this.destinations.resolve(resource, {
      always: false,
      remember: true,
    });
    if (destination === undefined) return;
    const store = await this.openStore({ ...destination, key: '' });
    const prefix = plainPrefix(destination);
    const place = `oss://${destination.bucket}/${prefix}`;
    const uploads = await withLateProgress(
      l10n.t('Looking for unfinished uploads…'),
      async (_report, signal) => {
        // Other windows may have started or finished some meanwhile.
        await this.transfers.refresh();
        return store.listMultipartUploads(prefix, { signal });
      },
    );
    if (uploads === undefined) return;
    const found = removableUploads(uploads, destination.bucket, this.transfers.snapshot());
    if (found.length === 0) {
      void vscode.window.showInformationMessage(
        l10n.t('No unfinished uploads in {place}.', { place }),
      );
      return;
    }
    const answer = await askPickMany({
      place: alone(l10n.t('Clean Up Unfinished Uploads')),
      placeholder: l10n.t('Choose what to remove from {place}', { place }),
      choices: found.map(choiceOf),
    });
    if (answer.kind === 'value' && answer.value.length > 0) {
      await this.remove(store, answer.value);
    }
  }

  private async remove(store: ObjectStore, chosen: readonly FoundUpload[]): Promise<void> {
    const removed = await withLateProgress(
      chosen.length === 1
        ? l10n.t('Removing 1 unfinished upload…')
        : l10n.t('Removing {n} unfinished uploads…', { n: chosen.length }),
      async (_report, signal) => {
        const failures: UploadError[] = [];
        for (const { upload, transfer } of chosen) {
          signal.throwIfAborted();
          try {
            // Our own record goes with it, so that nobody is asked to resume what is gone.
            if (transfer !== undefined) await this.transfers.discard([transfer.id]);
            await store.abortMultipartUpload(upload.key, upload.uploadId, { signal });
            this.logger.info(`removed unfinished upload ${upload.key} id=${upload.uploadId}`);
          } catch (error) {
            if (signal.aborted) throw error;
            failures.push(UploadError.from(error).with({ key: upload.key }));
          }
        }
        return failures;
      },
    );
    if (removed === undefined) return;
    const { language } = vscode.env;
    const [failure] = removed;
    const done = formatCount(chosen.length - removed.length, language);
    if (failure === undefined) {
      void vscode.window.showInformationMessage(
        chosen.length === 1
          ? l10n.t('Removed 1 unfinished upload from OSS.')
          : l10n.t('Removed {n} unfinished uploads from OSS.', { n: done }),
      );
      return;
    }
    const reason = describeError(failure, {}, { l10n, language }).text;
    void vscode.window.showErrorMessage(
      l10n.t('Removed {n} of {total} unfinished uploads. {reason}', {
        n: done,
        total: formatCount(chosen.length, language),
        reason,
      }),
    );
  }
}

/** The folder to look in: only as far as it is the same for every file. */
export function plainPrefix(destination: Destination): string {
  const fixed = destination.prefix.split('${')[0] ?? '';
  const folder = fixed === destination.prefix ? fixed : fixed.slice(0, fixed.lastIndexOf('/') + 1);
  return expandPrefix(folder, { filePath: '/', workspaceFolderPath: '', now: new Date() });
}

function choiceOf(found: FoundUpload): vscode.QuickPickItem & { readonly value: FoundUpload } {
  const isOurs = found.transfer !== undefined;
  return {
    label: found.upload.key,
    description: formatAge(found.upload.initiatedMs, Date.now(), vscode.env.language),
    detail: isOurs ? l10n.t('from this editor') : l10n.t('not from this editor'),
    picked: isOurs,
    value: found,
  };
}
