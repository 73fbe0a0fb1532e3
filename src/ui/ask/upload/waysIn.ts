import fs from 'node:fs/promises';
import * as vscode from 'vscode';

import { isObject } from '../../../engine/index';
import { pick } from '../../editor/boxes';
import { l10n } from '../../editor/editorWords';
import { fileName, ossPath } from '../../text/transferFacts';
import type { Destinations } from '../setup/destination';
import { changedUris, droppedUris } from './waysInModel';
import type { UploadCommand } from './uploadCommand';

/** The lists of changed files in the state of a repository of the Git extension. */
const GIT_CHANGES = ['mergeChanges', 'indexChanges', 'workingTreeChanges', 'untrackedChanges'];

/** Ways to an upload beside the menu of a file: what is dropped, what changed, what a folder holds. */
export class WaysIn {
  constructor(
    private readonly upload: UploadCommand,
    private readonly destinations: Destinations,
  ) {}

  /** Uploads what was dropped onto the view. */
  async drop(data: vscode.DataTransfer): Promise<void> {
    const list = await data.get('text/uri-list')?.asString();
    const uris = droppedUris(list ?? '').map((text) => vscode.Uri.parse(text, true));
    for (const [, item] of data) uris.push(...[item.asFile()?.uri].filter(isUri));
    if (uris.length > 0) {
      // The drop is over when the files are known; it does not wait for the upload.
      void this.upload.upload(uris, { options: {}, isElsewhere: false });
      return;
    }
    void vscode.window.showWarningMessage(
      l10n.t('The browser does not tell where these files are. Drop them from the explorer.'),
    );
  }

  /** "Upload Folder Contents...": the files of a folder, without its name in their keys. */
  async uploadContents(clicked: unknown): Promise<void> {
    const folder = clicked instanceof vscode.Uri ? clicked : await askFolder();
    if (folder === undefined) return;
    const isElsewhere = await this.askPlace(folder);
    if (isElsewhere === undefined) return;
    await this.upload.upload([folder], { options: {}, isElsewhere, names: 'contents' });
  }

  /**
   * "Upload Changed Files": those a menu of the source control was opened on, else all that Git calls
   * changed. Files keep their paths inside of the workspace folder; what is deleted stays in OSS.
   */
  async uploadChanged(args: readonly unknown[]): Promise<void> {
    // Git may be switched off, or not be there.
    const uris = changedUris(args) ?? (await changedInGit(args[0]).catch(() => []));
    const present = await onlyFiles(uris.filter(isUri));
    if (present.length === 0) {
      void vscode.window.showInformationMessage(l10n.t('There is no changed file to upload.'));
      return;
    }
    await this.upload.upload(present, { options: {}, isElsewhere: false, names: 'paths' });
  }

  /** Whether another place is to be asked for; undefined when the user left. */
  private async askPlace(folder: vscode.Uri): Promise<boolean | undefined> {
    const known = this.destinations.known(folder);
    // Without one, the upload asks.
    if (known === undefined) return false;
    const place = ossPath({ bucket: known.bucket, key: known.prefix });
    return pick(
      l10n.t('Upload Folder Contents'),
      l10n.t('What is in {folder} goes there, without the name of the folder', {
        folder: fileName(folder.fsPath),
      }),
      [
        { label: `$(cloud-upload) ${l10n.t('Upload')}`, description: place, value: false },
        { label: `$(edit) ${l10n.t('Another location...')}`, value: true },
      ],
    );
  }
}

async function askFolder(): Promise<vscode.Uri | undefined> {
  const found = await vscode.window.showOpenDialog({
    openLabel: l10n.t('Upload'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return found?.[0];
}

function isUri(value: unknown): value is vscode.Uri {
  return value instanceof vscode.Uri;
}

/** What is deleted, or a folder such as a submodule, is no changed file. */
async function onlyFiles(uris: readonly vscode.Uri[]): Promise<readonly vscode.Uri[]> {
  const found = await Promise.all(
    uris.map(async (uri) => {
      const stat = await fs.lstat(uri.fsPath).catch(() => undefined);
      return stat !== undefined && !stat.isDirectory() ? [uri] : [];
    }),
  );
  return found.flat();
}

/** What the Git extension of the editor calls changed, in one repository or in all. */
async function changedInGit(sourceControl: unknown): Promise<readonly unknown[]> {
  const git = vscode.extensions.getExtension<unknown>('vscode.git');
  const api = await git?.activate();
  if (!isObject(api) || typeof api['getAPI'] !== 'function') return [];
  const version: unknown = (api['getAPI'] as (version: number) => unknown)(1);
  const root = isObject(sourceControl) ? sourceControl['rootUri'] : undefined;
  const repositories = isObject(version) ? version['repositories'] : undefined;
  if (!Array.isArray(repositories)) return [];
  return repositories
    .filter(isObject)
    .filter(({ rootUri }) => !isUri(root) || (isUri(rootUri) && rootUri.fsPath === root.fsPath))
    .flatMap(({ state }) => (isObject(state) ? GIT_CHANGES.map((name) => state[name]) : []))
    .flatMap((changes: unknown) => (Array.isArray(changes) ? (changes as unknown[]) : []))
    .filter(isObject)
    .map((change) => change['renameUri'] ?? change['uri']);
}
