import * as vscode from 'vscode';

import { UploadError, parsePartSize } from '../../../engine/index';
import type {
  ObjectOptions,
  RequestList,
  UploadOptions,
  UploadRequest,
  UploadTarget,
} from '../../../engine/index';
import type { Destination } from '../../settings/knownDestination';
import { l10n, language } from '../../editor/editorWords';
import { formatCount } from '../../text/format';
import type { UploadSettings } from '../../settings/settingsModel';
import { fileName } from '../../text/transferFacts';

/** The object with this key at a destination. */
export function targetAt({ bucket, region, profile }: Destination, key: string): UploadTarget {
  return { bucket, region, profile, key };
}

/** How a file is sent. No object is replaced, unless the answer to a conflict allows it later. */
export function uploadOptions(settings: UploadSettings, object: ObjectOptions): UploadOptions {
  return {
    partSizeBytes: parsePartSize(settings.partSize),
    parallel: settings.parallel,
    forbidOverwrite: true,
    object,
  };
}

/** A batch as the engine takes it: named by the only root, or by the number of files. */
export function batchOf(
  roots: readonly vscode.Uri[],
  requests: RequestList,
): { label: string; workspacePath: string; requests: RequestList } {
  const [first, ...others] = roots;
  const label =
    first !== undefined && others.length === 0
      ? fileName(first.fsPath)
      : l10n.t('{n} files', { n: formatCount(requests.length, language) });
  return { label, workspacePath: workspaceFolderPath(first), requests };
}

/** What is said of a request for an object that another window is uploading. */
export function heldError({ filePath, target: { bucket, key } }: UploadRequest): UploadError {
  return new UploadError('heldElsewhere', `${key} is being uploaded in another window`, {
    code: 'HeldElsewhere',
    sourcePath: filePath,
    bucket,
    key,
  });
}

/** The workspace folder a resource lies in; '' when it lies in none. */
export function workspaceFolderPath(resource: vscode.Uri | undefined): string {
  const folder = resource && vscode.workspace.getWorkspaceFolder(resource);
  return folder?.uri.fsPath ?? '';
}
