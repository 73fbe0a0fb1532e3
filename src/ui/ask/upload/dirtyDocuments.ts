import * as vscode from 'vscode';

import { l10n } from '../../editor/editorWords';
import { isInside } from '../../text/localPaths';
import { pick } from '../../editor/boxes';
import { isOnDisk } from './selection';
import { fileName } from '../../text/transferFacts';

/**
 * Uploads take what is on the disk. Asks once whether changes in open editors are saved before;
 * false when the user left.
 */
export async function saveDirtyDocuments(paths: readonly string[]): Promise<boolean> {
  const dirty = [...vscode.workspace.textDocuments, ...vscode.workspace.notebookDocuments].filter(
    (document) =>
      document.isDirty &&
      isOnDisk(document.uri) &&
      paths.some((root) => isInside(root, document.uri.fsPath)),
  );
  const [first] = dirty;
  if (first === undefined) return true;
  const chosen = await pick(
    dirty.length === 1
      ? l10n.t('Save {name} before upload?', { name: fileName(first.uri.fsPath) })
      : l10n.t('Save {n} files before upload?', { n: dirty.length }),
    l10n.t('There are changes that are not saved'),
    [
      { label: `$(save) ${l10n.t('Save')}`, value: 'save' },
      { label: `$(cloud-upload) ${l10n.t('Upload saved version')}`, value: 'disk' },
    ],
  );
  if (chosen !== 'save') return chosen === 'disk';
  const saved = await Promise.all(dirty.map((document) => document.save()));
  // The editor has told why it could not save; an old version must not go out unasked.
  return saved.every((isSaved) => isSaved);
}
