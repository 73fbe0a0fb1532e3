import * as vscode from 'vscode';

import { parsePartSize } from '../engine/index';
import type { OpenStore, Transfers, UnfinishedUpload, UploadRequest } from '../engine/index';
import { plainPrefix } from './cleanUpCommand';
import type { Destinations } from './destination';
import { formatAge } from './format';
import { withLateProgress } from './lateProgress';
import { alone, askPick } from './multiStep';
import type { Settings } from './settings';
import type { TransferActions } from './transferActions';
import { fileName } from './transferFacts';
import { removableUploads } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';

const { l10n } = vscode;

/** Writes the record of an upload that only OSS knows. */
export type Adopt = (
  request: UploadRequest,
  uploadId: string,
  signal: AbortSignal,
) => Promise<void>;

/** "Resume Upload from OSS...": goes on with an upload that was begun on another computer. */
export class ResumeFromOssCommand {
  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly destinations: Destinations,
    private readonly settings: Settings,
    private readonly openStore: OpenStore,
    private readonly adopt: Adopt,
  ) {}

  /** Lists, asks which one and where its file is, goes on. */
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
    const chosen = await askUpload(found, place);
    if (chosen === undefined) return;
    if (chosen.transfer !== undefined) {
      await this.actions.resume([chosen.transfer]);
      return;
    }
    const file = await askFile(chosen.upload, resource);
    if (file === undefined) return;
    const { partSize, parallel } = this.settings.forResource(file);
    const { bucket, region, profile } = destination;
    await this.goOn(chosen.upload, {
      filePath: file.fsPath,
      target: { bucket, region, profile, key: chosen.upload.key },
      options: {
        partSizeBytes: parsePartSize(partSize),
        parallel,
        forbidOverwrite: true,
        object: {},
      },
    });
  }

  private async goOn(upload: UnfinishedUpload, request: UploadRequest): Promise<void> {
    await this.adopt(request, upload.uploadId, AbortSignal.timeout(60_000));
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.filePath));
    await this.transfers.enqueue({
      label: fileName(request.filePath),
      workspacePath: folder?.uri.fsPath ?? '',
      requests: [request],
    });
  }
}

async function askUpload(
  found: readonly FoundUpload[],
  place: string,
): Promise<FoundUpload | undefined> {
  const answer = await askPick({
    place: alone(l10n.t('Resume Upload from OSS')),
    placeholder: l10n.t('Choose the unfinished upload in {place}', { place }),
    choices: found.map((one) => ({
      label: one.upload.key,
      description: formatAge(one.upload.initiatedMs, Date.now(), vscode.env.language),
      value: one,
    })),
  });
  return answer.kind === 'value' ? answer.value : undefined;
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
