import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';

import { runParallel } from '../../../engine/index';
import { uploadChoice } from './bucketSearch';
import type { BucketUploads } from './bucketSearch';
import { cleanUpTitle, isShown } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';
import { l10n, language, words } from '../../editor/editorWords';
import { formatBytes } from '../../text/format';
import type { Choice } from '../../editor/boxes';
import { withLateProgress } from '../../editor/lateProgress';

/** ListParts that are under way at once. */
const LISTS_AT_ONCE = 4;
/** The list waits so long for sizes, because a tick on its way here is lost when rows are replaced. */
const WAIT_MS = 2000;

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
 * Asks which unfinished uploads are removed, with what each of them takes up. The title counts
 * them in as they come; rows are drawn anew when the user filters them, and once when all are
 * counted: never row by row, which would undo ticks that are on their way. What is filtered away is
 * not among the answer. None when the user left.
 */
export async function askWhichUploads(
  uploads: BucketUploads,
  state: CleanUpState,
): Promise<readonly FoundUpload[]> {
  const leaving = new AbortController();
  const counting = findSizes(uploads, state.sizes, leaving.signal).then(() => true);
  try {
    const waited = await withLateProgress(
      l10n.t('Looking for unfinished uploads…'),
      (_report, signal) => Promise.race([counting, delay(WAIT_MS, true, { signal })]),
    );
    return waited === undefined ? [] : await show(uploads, state, counting);
  } finally {
    leaving.abort();
  }
}

async function show(
  { found, place, folder }: BucketUploads,
  state: CleanUpState,
  counting: Promise<unknown>,
): Promise<readonly FoundUpload[]> {
  const { sizes } = state;
  const box = vscode.window.createQuickPick<Choice<FoundUpload>>();
  box.canSelectMany = true;
  box.ignoreFocusOut = true;
  box.placeholder = l10n.t('Choose what to remove from {place}', { place });
  const onlyFolder: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('filter'),
    tooltip: l10n.t('Only those in {folder}', { folder }),
  };
  const all: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon('clear-all'),
    tooltip: l10n.t('Those of the whole bucket'),
  };
  const ticked = (): readonly FoundUpload[] => box.selectedItems.map(({ value }) => value);
  const chosen = (): readonly FoundUpload[] => ticked().filter((one) => isShown(one, box.value));
  const drawTitle = (): void => {
    box.title = cleanUpTitle(found, chosen(), sizes, words);
  };
  let drawnSizes = -1;
  const draw = (picked: ReadonlySet<FoundUpload>): void => {
    if (drawnSizes !== sizes.size) {
      drawnSizes = sizes.size;
      box.items = found.map((one) => rowOf(one, sizes));
      box.selectedItems = box.items.filter(({ value }) => picked.has(value));
    }
    const filter = folder === '' ? [] : [onlyFolder];
    box.buttons = box.value === '' ? filter : [all];
    drawTitle();
  };
  try {
    return await new Promise((resolve) => {
      box.onDidChangeSelection(drawTitle);
      box.onDidChangeValue(() => {
        draw(new Set(ticked()));
      });
      box.onDidTriggerButton((button) => {
        box.value = button === onlyFolder ? folder : '';
      });
      box.onDidAccept(() => {
        state.picked = new Set(chosen());
        resolve([...state.picked]);
      });
      box.onDidHide(() => {
        resolve([]);
      });
      draw(state.picked);
      box.show();
      box.busy = true;
      void counting.then(() => {
        box.busy = false;
        draw(new Set(ticked()));
      });
    });
  } finally {
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
  leaving: AbortSignal,
): Promise<void> {
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
  };
  // The only failure left is that the user left.
  const unknown = found.filter((one) => !sizes.has(one));
  await runParallel(unknown, LISTS_AT_ONCE, leaving, work).catch(() => undefined);
}

function rowOf(
  one: FoundUpload,
  sizes: ReadonlyMap<FoundUpload, number | undefined>,
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
  };
}
