import * as vscode from 'vscode';

import { runParallel } from '../../../engine/index';
import { uploadChoice } from './bucketSearch';
import type { BucketUploads } from './bucketSearch';
import { cleanUpTitle, isShown } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';
import { l10n, language, words } from '../../editor/editorWords';
import { formatBytes } from '../../text/format';
import type { Choice } from '../../editor/boxes';

/** ListParts that are under way at once. */
const LISTS_AT_ONCE = 4;
/** Rows are drawn anew no more often: a click that falls between two drawings may be lost. */
const DRAW_MS = 1000;

/** What is ticked, and what is known of sizes, when the same list is shown once more. */
export interface CleanUpState {
  picked: ReadonlySet<FoundUpload>;
  readonly sizes: Map<FoundUpload, number | undefined>;
}

/** Ours are ticked: who else may still be sending is not known here. */
export function firstState({ found }: BucketUploads): CleanUpState {
  const picked = new Set(found.filter(({ transfer }) => transfer !== undefined));
  return { picked, sizes: new Map() };
}

/**
 * Asks which unfinished uploads are removed, with what each of them takes up: their sizes come in
 * while the list is shown. What the user has filtered away is not among the answer. None when he
 * left.
 */
export async function askWhichUploads(
  uploads: BucketUploads,
  state: CleanUpState,
): Promise<readonly FoundUpload[]> {
  const { found, place, folder } = uploads;
  const { sizes } = state;
  const box = vscode.window.createQuickPick<Choice<FoundUpload>>();
  box.canSelectMany = true;
  box.ignoreFocusOut = true;
  box.keepScrollPosition = true;
  box.placeholder = l10n.t('Choose what to remove from {place}', { place });
  const onlyFolder: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('filter'),
    tooltip: l10n.t('Only those in {folder}', { folder }),
  };
  const all: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('clear-all'),
    tooltip: l10n.t('Those of the whole bucket'),
  };
  const chosen = (): readonly FoundUpload[] =>
    box.selectedItems.map(({ value }) => value).filter((one) => isShown(one, box.value));
  const drawTitle = (): void => {
    box.title = cleanUpTitle(found, chosen(), sizes, words);
    const isFiltered = box.value !== '';
    box.buttons = isFiltered ? [all] : folder === '' ? [] : [onlyFolder];
  };
  const drawRows = (picked: ReadonlySet<FoundUpload>): void => {
    const active = box.activeItems[0]?.value;
    box.items = found.map((one) => rowOf(one, sizes, picked.has(one)));
    box.selectedItems = box.items.filter(({ picked: isPicked }) => isPicked === true);
    const at = box.items.find(({ value }) => value === active);
    if (at !== undefined) box.activeItems = [at];
    drawTitle();
  };
  const leaving = new AbortController();
  const drawSizes = (): void => {
    drawRows(new Set(box.selectedItems.map(({ value }) => value)));
  };
  try {
    return await new Promise((resolve) => {
      box.onDidChangeSelection(drawTitle);
      box.onDidChangeValue(drawTitle);
      box.onDidTriggerButton((button) => {
        box.value = button === onlyFolder ? folder : '';
        drawTitle();
      });
      box.onDidAccept(() => {
        state.picked = new Set(chosen());
        resolve([...state.picked]);
      });
      box.onDidHide(() => {
        resolve([]);
      });
      drawRows(state.picked);
      box.show();
      box.busy = true;
      void findSizes(uploads, sizes, drawSizes, leaving.signal).finally(() => {
        if (leaving.signal.aborted) return;
        box.busy = false;
        drawSizes();
      });
    });
  } finally {
    leaving.abort();
    box.dispose();
  }
}

/**
 * Fills in what the parts of each upload take up; undefined where OSS does not tell. Without
 * permission to list parts the list is of use all the same, so nothing here fails.
 */
async function findSizes(
  { found, store }: BucketUploads,
  sizes: Map<FoundUpload, number | undefined>,
  draw: () => void,
  leaving: AbortSignal,
): Promise<void> {
  let drawnMs = performance.now();
  const work = async (one: FoundUpload, signal: AbortSignal): Promise<void> => {
    const { key, uploadId } = one.upload;
    try {
      const parts = await store.listParts(key, uploadId, { signal });
      sizes.set(
        one,
        parts.reduce((sum, part) => sum + part.sizeBytes, 0),
      );
    } catch (error) {
      // A policy may allow one folder and not the other.
      if (signal.aborted) throw error;
      sizes.set(one, undefined);
    }
    if (performance.now() - drawnMs < DRAW_MS) return;
    drawnMs = performance.now();
    draw();
  };
  // The only failure left is that the user left.
  const unknown = found.filter((one) => !sizes.has(one));
  await runParallel(unknown, LISTS_AT_ONCE, leaving, work).catch(() => undefined);
}

function rowOf(
  one: FoundUpload,
  sizes: ReadonlyMap<FoundUpload, number | undefined>,
  picked: boolean,
): Choice<FoundUpload> {
  const isOurs = one.transfer !== undefined;
  const row = uploadChoice(one);
  const bytes = sizes.get(one);
  const unknown = sizes.has(one) ? l10n.t('size unknown') : '…';
  const size = bytes === undefined ? unknown : formatBytes(bytes, language);
  return {
    ...row,
    label: `${isOurs ? '$(vm)' : '$(cloud)'} ${row.label}`,
    // Below the key, which may take the whole line.
    description: '',
    detail: [
      size,
      row.description,
      isOurs ? l10n.t('from this editor, can still be resumed') : l10n.t('not from this editor'),
    ].join(' · '),
    picked,
  };
}
