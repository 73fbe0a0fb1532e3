import * as vscode from 'vscode';
import { UploadHistory } from '../../../engine/index';
import type {
  Disposable,
  EndedTransfer,
  FinishedFile,
  HistoryProblem,
  Logger,
  SettledBatch,
  TransferSnapshot,
  Transfers,
} from '../../../engine/index';
import { l10n } from '../../editor/editorWords';
import type { DestinationMemory } from '../../settings/destinationMemory';
import { batchPlace, keyFolder, sumOf } from '../../text/transferFacts';

/** The history in that folder, which tells once what is wrong with it. */
export function openHistory(folder: string, logger: Logger): UploadHistory {
  const history = new UploadHistory(folder, logger);
  history.onProblem((problem) => {
    void vscode.window.showWarningMessage(problemText(problem));
  });
  return history;
}

/** Writes what is uploaded into the history. */
export class HistoryRecorder implements Disposable {
  /** Batches of several files that have an entry. */
  private readonly begun = new Set<string>();
  private readonly subscription: Disposable;

  constructor(
    transfers: Pick<Transfers, 'onDidEnd' | 'onDidSettle'>,
    private readonly history: UploadHistory,
    private readonly memory: DestinationMemory,
  ) {
    this.subscription = vscode.Disposable.from(
      transfers.onDidEnd((end) => {
        this.ended(end);
      }),
      transfers.onDidSettle((settled) => {
        this.settled(settled);
      }),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private ended({ transfer, batch }: EndedTransfer): void {
    if (transfer.state !== 'completed') return;
    void this.memory.rememberUploaded(true);
    const { batchId, target, sizeBytes, updatedMs } = transfer;
    const file = fileOf(transfer);
    const entry = { id: batchId, ...batch, files: 1, sizeBytes, finishedMs: updatedMs };
    if (batch.files === 1) {
      this.history.add({ ...entry, place: target, only: file });
      return;
    }
    if (!this.begun.has(batchId)) {
      // Its numbers follow when the batch has settled; should the window be killed before, the entry
      // is there all the same.
      this.begun.add(batchId);
      const place = { bucket: target.bucket, key: keyFolder(target.key) };
      this.history.add({ ...entry, place });
    }
    this.history.addFile(batchId, file);
  }

  private settled({ batch, ended }: SettledBatch): void {
    if (!this.begun.has(batch.id) || ended.counts.completed === 0) return;
    const { files, finishedEarlier: earlier } = batch;
    const isAll = files.counts.completed === files.length;
    const done = isAll ? files : sumOf(files.select(['completed']));
    this.history.add({
      id: batch.id,
      label: batch.label,
      createdMs: batch.createdMs,
      finishedMs: done.updatedMs,
      files: earlier.files + files.counts.completed,
      sizeBytes: earlier.sizeBytes + done.sizeBytes,
      place: batchPlace(batch),
    });
  }
}

function fileOf(transfer: TransferSnapshot): FinishedFile {
  const { id, filePath, target, sizeBytes, updatedMs, result = { etag: '' } } = transfer;
  return { id, filePath, target, sizeBytes, finishedMs: updatedMs, result };
}

function problemText(problem: HistoryProblem): string {
  switch (problem) {
    case 'damaged':
      return l10n.t(
        'Some entries of the list of finished uploads are damaged and were left out. Uploads are not affected.',
      );
    case 'newer':
      return l10n.t(
        'The list of finished uploads was written by a newer version of this extension and is left as it is. Uploads go on, but are not added to it.',
      );
    case 'notWritten':
      return l10n.t(
        'The list of finished uploads cannot be written, perhaps because the disk is full. Uploads go on, but are not added to it.',
      );
  }
}
