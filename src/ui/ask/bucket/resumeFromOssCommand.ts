import * as vscode from 'vscode';

import { RequestList, adoptUpload } from '../../../engine/index';
import type { AdoptionOptions, Transfers, UnfinishedUpload } from '../../../engine/index';
import { BucketSearch, uploadChoice } from './bucketSearch';
import type { Destinations } from '../setup/destination';
import { l10n } from '../../editor/editorWords';
import { pick } from '../../editor/boxes';
import type { Settings } from '../../settings/settings';
import type { TransferActions } from '../../actions/transferActions';
import { fileName } from '../../text/transferFacts';
import { batchOf, heldError, targetAt, uploadOptions } from '../upload/uploadRequests';

/** "Resume Upload from OSS...": goes on with an upload that was begun on another computer. */
export class ResumeFromOssCommand {
  private readonly search: BucketSearch;

  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    destinations: Destinations,
    private readonly settings: Settings,
    private readonly records: AdoptionOptions,
  ) {
    this.search = new BucketSearch(transfers, actions, destinations, records.openStore);
  }

  /** Lists, asks which one and where its file is, goes on. */
  async run(resource: vscode.Uri | undefined): Promise<void> {
    const uploads = await this.search.run(resource);
    if (uploads === undefined) return;
    const { destination, place, found } = uploads;
    const chosen = await pick(
      l10n.t('Resume Upload from OSS'),
      l10n.t('Choose the unfinished upload in {place}', { place }),
      found.map(uploadChoice),
    );
    if (chosen === undefined) return;
    if (chosen.transfer !== undefined) {
      await this.actions.resume([chosen.transfer]);
      return;
    }
    const file = await askFile(chosen.upload, resource);
    if (file === undefined) return;
    const request = {
      filePath: file.fsPath,
      target: targetAt(destination, chosen.upload.key),
      options: uploadOptions(this.settings.forResource(file), {}),
    };
    const { uploadId } = chosen.upload;
    await adoptUpload(this.records, request, uploadId, AbortSignal.timeout(60_000));
    const { held } = await this.transfers.enqueue(batchOf([file], RequestList.of([request])));
    const [other] = held;
    if (other !== undefined) throw heldError(other);
  }
}

async function askFile(
  upload: UnfinishedUpload,
  resource: vscode.Uri | undefined,
): Promise<vscode.Uri | undefined> {
  const folder = resource === undefined ? undefined : vscode.workspace.getWorkspaceFolder(resource);
  const chosen = await vscode.window.showOpenDialog({
    title: l10n.t('Where is {name}?', { name: fileName(upload.key) }),
    openLabel: l10n.t('Resume'),
    canSelectMany: false,
    ...(folder === undefined
      ? {}
      : { defaultUri: vscode.Uri.joinPath(folder.uri, fileName(upload.key)) }),
  });
  return chosen?.[0];
}
