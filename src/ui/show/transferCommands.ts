import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { isActive, isWaitingForUser } from '../../engine/index';
import type { TransferSnapshot, Transfers } from '../../engine/index';
import { REMEDY_COMMANDS } from '../editor/commandIds';
import type { TransferCommand } from '../editor/commandIds';
import type { CommandHandler } from '../editor/commands';
import type { FinishedActions } from '../actions/finishedActions';
import type { Links } from '../actions/links';
import type { LastUpload } from '../settings/lastUpload';
import type { TransferActions } from '../actions/transferActions';
import type { ResumeList } from './resumeList';
import { rowCommandOf } from './rowRemedies';
import { words } from '../editor/editorWords';
import type { MessageAction } from '../text/buttons';
import { remediesOf } from '../text/causes';
import { activeBatches, idsOf, needsDecision, ownTransfers } from '../text/transferFacts';
import type { TransfersView } from './transfersView';

/** The commands that act on transfers: those of rows, and those of all of them. */
export class TransferCommands {
  readonly handlers: Readonly<Record<TransferCommand, CommandHandler>>;

  constructor(
    private readonly transfers: Transfers,
    private readonly view: Pick<TransfersView, 'selection' | 'transfersOf'>,
    private readonly actions: TransferActions,
    links: Links,
    list: ResumeList,
    last: LastUpload,
    finished: () => Promise<FinishedActions>,
  ) {
    const onDone = (
      run: (actions: FinishedActions, about: readonly TransferSnapshot[]) => Promise<void>,
    ): CommandHandler => this.onRows(async (about) => run(await finished(), about.filter(isDone)));
    const ask =
      (run: (actions: FinishedActions) => Promise<void>): CommandHandler =>
      () =>
        actions.attempt(finished().then(run));
    this.handlers = {
      resume: () => list.pick(),
      copyLastUrl: () => actions.attempt(actions.copyLastUrl(last)),
      pauseItem: this.onRows((about) => transfers.pause(idsOf(about.filter(isActive)))),
      resumeItem: this.onRows((about) => actions.resume(about.filter(isWaitingForUser))),
      discardItem: this.onRows((about) => actions.discard(idsOf(about))),
      ...this.remedies(),
      copyUrl: this.onRows((about) => actions.copyUrls(about.filter(isDone))),
      copySignedUrl: this.onRows((about) => links.copySignedUrls(about.filter(isDone))),
      // Of another window, too: it changes nothing there.
      copyOssPath: this.onRows((about) => links.copyOssPaths(about), true),
      revealFile: this.onRows(revealFile),
      copyError: this.onRows((about) => actions.copyError(about)),
      openHelp: this.onRows((about) =>
        actions.openHelp(about.find((transfer) => transfer.error !== undefined)?.error),
      ),
      pauseAll: () =>
        actions.attempt(transfers.pause(activeBatches(transfers.snapshot()).map(({ id }) => id))),
      resumeAll: () => actions.attempt(this.resumeAll()),
      tryNow: () => {
        transfers.retryNow();
      },
      openRow: () => actions.attempt(this.openRow()),
      copyMarkdown: onDone((done, about) => done.copyMarkdown(about)),
      openInBrowser: onDone((done, about) => done.openInBrowser(about)),
      uploadAgain: onDone((done, about) => done.uploadAgain(about)),
      removeFromList: onDone((done, about) => done.remove(about)),
      find: ask((done) => done.find()),
      clearHistory: ask((done) => done.clear()),
      exportReport: ask((done) => done.exportReport([])),
      clearFinished: () => {
        transfers.clearFinished();
      },
    };
  }

  private remedies(): Record<(typeof REMEDY_COMMANDS)[number], CommandHandler> {
    const entries = REMEDY_COMMANDS.map((name) => [
      name,
      this.onRows((about) => this.help(name, about)),
    ]);
    return Object.fromEntries(entries) as ReturnType<TransferCommands['remedies']>;
  }

  /** Does for all of these the remedy that the first of them has for this command. */
  private async help(name: TransferCommand, about: readonly TransferSnapshot[]): Promise<void> {
    const remedyOf = (transfer: TransferSnapshot): MessageAction | undefined =>
      remediesOf(transfer, words).find((action) => rowCommandOf(action) === name);
    const action = about.map(remedyOf).find((found) => found !== undefined);
    if (action === undefined) return;
    const isSame = (other: MessageAction | undefined): boolean => isDeepStrictEqual(action, other);
    await this.actions.run(
      action,
      about.filter((transfer) => isSame(remedyOf(transfer))),
    );
  }

  /** Acts on rows; on those of other windows only where `isForAll`. */
  private onRows(
    run: (about: readonly TransferSnapshot[]) => Promise<void>,
    isForAll = false,
  ): CommandHandler {
    return (clicked, selected) =>
      this.actions.attempt(
        this.transfersOf(clicked, selected).then((found) => {
          const about = isForAll ? found : this.withoutOthers(found);
          return about.length > 0 ? run(about) : undefined;
        }),
      );
  }

  /**
   * What a command is about: the row that was clicked or named by a link, with the selection when
   * it is part of it; or what is selected in the view.
   */
  private async transfersOf(
    clicked: unknown,
    selected: unknown,
  ): Promise<readonly TransferSnapshot[]> {
    let rows = this.view.selection;
    if (typeof clicked === 'string') {
      const among = Array.isArray(selected)
        ? selected.filter((row) => typeof row === 'string')
        : [];
      rows = among.includes(clicked) ? among : [clicked];
    }
    // A parent and its child may both be selected.
    return [...new Set(await this.view.transfersOf(rows))];
  }

  private withoutOthers(found: readonly TransferSnapshot[]): readonly TransferSnapshot[] {
    const elsewhere = new Set(
      this.transfers
        .snapshot()
        .batches.filter((batch) => batch.isElsewhere)
        .map(({ id }) => id),
    );
    return found.filter(({ batchId }) => !elsewhere.has(batchId));
  }

  /** Enter: what is done gives its address. */
  private async openRow(): Promise<void> {
    const [row, ...others] = this.view.selection;
    if (row === undefined || others.length > 0) return;
    const about = await this.view.transfersOf([row]);
    const [only] = about;
    if (about.length === 1 && only !== undefined && isDone(only)) {
      await this.actions.copyUrls([only]);
    }
  }

  private own(): TransferSnapshot[] {
    return ownTransfers(this.transfers.snapshot());
  }

  private async resumeAll(): Promise<void> {
    const waiting = this.own().filter(isWaitingForUser);
    const ready = waiting.filter((transfer) => !needsDecision(transfer));
    // Failed ones ask their questions only when nothing else is left to go on.
    await this.actions.resume(ready.length > 0 ? ready : waiting);
  }
}

async function revealFile(about: readonly TransferSnapshot[]): Promise<void> {
  const [first] = about;
  if (first === undefined) return;
  const uri = vscode.Uri.file(first.filePath);
  const isInWorkspace = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(isInWorkspace ? 'revealInExplorer' : 'revealFileInOS', uri);
}

function isDone(transfer: TransferSnapshot): boolean {
  return transfer.state === 'completed';
}
