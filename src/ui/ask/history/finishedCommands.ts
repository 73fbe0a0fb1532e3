import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import type {
  FinishedFile,
  TransferSnapshot,
  Transfers,
  UploadHistory,
} from '../../../engine/index';
import type { FinishedActions } from '../../actions/finishedActions';
import { confirmLoss } from '../../actions/transferActions';
import type { Links } from '../../actions/links';
import { linkLifetimes } from '../../actions/linksModel';
import { copyText } from '../../editor/clipboard';
import { l10n, language, words } from '../../editor/editorWords';
import type { DestinationMemory } from '../../settings/destinationMemory';
import type { LastUpload } from '../../settings/lastUpload';
import { formatCount, formatDuration } from '../../text/format';
import { fileName } from '../../text/transferFacts';
import type { UploadCommand } from '../upload/uploadCommand';
import { findUpload } from './findUpload';
import { typedLifetime } from './lifetime';
import type { LifetimeRow } from './lifetime';
import { reportHead, reportLine } from './report';

/** More pages at once are a mistake. */
const MOST_PAGES = 10;
const PICTURES = /\.(png|jpe?g|gif|webp|svg|avif|bmp)$/i;

/** The commands of finished uploads. */
export class FinishedCommands implements FinishedActions {
  constructor(
    private readonly history: UploadHistory,
    private readonly transfers: Transfers,
    private readonly links: Links,
    private readonly upload: UploadCommand,
    private readonly memory: DestinationMemory,
    private readonly last: Pick<LastUpload, 'forget'>,
  ) {}

  async copyMarkdown(about: readonly TransferSnapshot[]): Promise<void> {
    const lines = await Promise.all(
      about.map(async (transfer) => {
        const name = fileName(transfer.target.key).replace(/[\\[\]]/g, String.raw`\$&`);
        // A bracket in an address would end the link.
        const url = (await this.links.urlOf(transfer)).replace(/[()]/g, encodeBracket);
        return `${PICTURES.test(transfer.target.key) ? '!' : ''}[${name}](${url})`;
      }),
    );
    const n = formatCount(lines.length, language);
    const told =
      lines.length === 1
        ? l10n.t('Markdown link copied')
        : l10n.t('{n} Markdown links copied', { n });
    await copyText(lines.join('\n'), told);
  }

  async openInBrowser(about: readonly TransferSnapshot[]): Promise<void> {
    for (const transfer of about.slice(0, MOST_PAGES)) {
      const url = await this.links.urlOf(transfer);
      await vscode.env.openExternal(vscode.Uri.parse(url, true));
    }
  }

  uploadAgain(about: readonly TransferSnapshot[]): Promise<void> {
    return this.upload.again(about);
  }

  async remove(about: readonly TransferSnapshot[]): Promise<void> {
    const batches = this.transfers.snapshot().batches;
    const removed = new Set(about.map(({ id }) => id));
    // A folder stays in the list with the files that were not chosen.
    const isPart = (batchId: string): boolean =>
      batches.some(
        ({ id, transfers }) => id === batchId && transfers.some((t) => !removed.has(t.id)),
      );
    const entries = [...new Set(about.map(({ batchId }) => batchId))].filter((id) => !isPart(id));
    this.transfers.clearFinished([...removed]);
    await this.history.remove(entries);
  }

  async clear(): Promise<void> {
    const isSure = await confirmLoss(
      l10n.t('Clear the list of finished uploads?'),
      l10n.t('Clear History'),
      l10n.t('The objects stay in OSS. Their links, checksums and request IDs are forgotten here.'),
    );
    if (!isSure) return;
    this.transfers.clearFinished();
    this.last.forget();
    await this.history.clear();
    await this.memory.rememberUploaded(false);
  }

  async exportReport(about: readonly TransferSnapshot[]): Promise<void> {
    const entries = await this.history.entries();
    const wanted = new Set(about.map(({ batchId }) => batchId));
    const chosen = entries.filter(({ id }) => wanted.size === 0 || wanted.has(id));
    if (chosen.length === 0) {
      void vscode.window.showInformationMessage(l10n.t('Nothing was uploaded yet.'));
      return;
    }
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const uri = await vscode.window.showSaveDialog({
      title: l10n.t('Export Report'),
      filters: { 'JSON Lines': ['jsonl'], CSV: ['csv'] },
      ...(folder && { defaultUri: vscode.Uri.joinPath(folder, 'oss-uploads.jsonl') }),
    });
    if (uri === undefined) return;
    const format = uri.path.toLowerCase().endsWith('.csv') ? 'csv' : 'jsonl';
    let files = 0;
    const { history } = this;
    async function* lines(): AsyncGenerator<string> {
      yield reportHead(format);
      // The oldest first, as a log is read.
      for (const entry of [...chosen].reverse()) {
        for await (const file of history.filesOf(entry)) {
          files++;
          yield reportLine(file satisfies FinishedFile, format);
        }
      }
    }
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: l10n.t('Exporting the report') },
      () => write(uri, lines()),
    );
    const open = l10n.t('Open');
    const n = formatCount(files, language);
    const text =
      files === 1
        ? l10n.t('Wrote 1 file to the report {name}.', { name: fileName(uri.path) })
        : l10n.t('Wrote {n} files to the report {name}.', { n, name: fileName(uri.path) });
    if ((await vscode.window.showInformationMessage(text, open)) === open) {
      await vscode.window.showTextDocument(uri);
    }
  }

  find(): Promise<void> {
    return findUpload(this.transfers, this.history);
  }

  askLifetime(longestSeconds: number): Promise<number | undefined> {
    const choices: readonly LifetimeRow[] = linkLifetimes(longestSeconds).map((seconds) => ({
      label: formatDuration(seconds, language),
      description: '',
      seconds,
    }));
    const box = vscode.window.createQuickPick<LifetimeRow & vscode.QuickPickItem>();
    box.title = l10n.t('Copy Signed URL');
    box.placeholder = l10n.t(
      'How long may anyone who has the link read the object? Choose, or type such as 90 min. At most {limit} with this key.',
      { limit: formatDuration(longestSeconds, language) },
    );
    box.items = choices;
    return new Promise((resolve) => {
      box.onDidChangeValue((text) => {
        // What is typed is always a row of its own, unless it says nothing.
        const row = typedLifetime(text, longestSeconds, words);
        box.items = row === undefined ? choices : [{ ...row, alwaysShow: true }, ...choices];
      });
      box.onDidAccept(() => {
        resolve(box.selectedItems[0]?.seconds);
        box.hide();
      });
      box.onDidHide(() => {
        resolve(undefined);
        box.dispose();
      });
      box.show();
    });
  }
}

async function write(uri: vscode.Uri, lines: AsyncGenerator<string>): Promise<void> {
  if (uri.scheme === 'file') {
    await pipeline(Readable.from(lines), createWriteStream(uri.fsPath));
    return;
  }
  const parts: string[] = [];
  for await (const line of lines) parts.push(line);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(parts.join('')));
}

function encodeBracket(bracket: string): string {
  return bracket === '(' ? '%28' : '%29';
}
