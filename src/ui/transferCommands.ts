import * as vscode from 'vscode';
import type { Disposable, TransferSnapshot, Transfers } from '../engine/index';
import type { CommandName } from './commandIds';
import { commandId } from './commandIds';
import type { Links } from './links';
import type { TransferActions } from './transferActions';
import { transfersOfRow } from './transferRows';
import { idsOf, isActive, isWaitingForUser, needsDecision, ownTransfers } from './transferFacts';
import { TransferNode } from './transfersView';
import type { TransfersView } from './transfersView';

/** The commands that act on transfers: those of rows, and those of all of them. */
export class TransferCommands implements Disposable {
  private readonly subscription: Disposable;

  constructor(
    private readonly transfers: Transfers,
    private readonly view: TransfersView,
    private readonly actions: TransferActions,
    links: Links,
  ) {
    this.subscription = vscode.Disposable.from(
      this.onRows('pauseItem', (about) => transfers.pause(idsOf(about.filter(isActive)))),
      this.onRows('resumeItem', (about) => actions.resume(about.filter(isWaitingForUser))),
      this.onRows('discardItem', (about) => actions.discard(idsOf(about))),
      this.onRows('copyUrl', (about) => actions.copyUrls(about.filter(isDone))),
      this.onRows('copySignedUrl', (about) => links.copySignedUrls(about.filter(isDone))),
      this.onRows('copyOssPath', (about) => links.copyOssPaths(about)),
      this.onRows('revealFile', revealFile),
      this.onRows('copyError', (about) => actions.copyError(about)),
      this.onRows('openHelp', (about) =>
        actions.openHelp(about.find((transfer) => transfer.error !== undefined)?.error),
      ),
      this.on('pauseAll', () => transfers.pause(idsOf(this.own().filter(isActive)))),
      this.on('resumeAll', () => this.resumeAll()),
      this.on('clearFinished', () => {
        transfers.clearFinished();
        return Promise.resolve();
      }),
      this.on('showTransfers', () => view.show()),
    );
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private on(name: CommandName, run: () => Promise<void>): Disposable {
    return vscode.commands.registerCommand(commandId(name), () => this.actions.attempt(run()));
  }

  private onRows(
    name: CommandName,
    run: (about: readonly TransferSnapshot[]) => Promise<void>,
  ): Disposable {
    return vscode.commands.registerCommand(
      commandId(name),
      (clicked: unknown, selected: unknown) => {
        const about = this.transfersOf(clicked, selected);
        return about.length > 0 ? this.actions.attempt(run(about)) : undefined;
      },
    );
  }

  /**
   * What a command is about: the row that was clicked, with the selection when it is part of it;
   * the id in a link; or what is selected in the view.
   */
  private transfersOf(clicked: unknown, selected: unknown): readonly TransferSnapshot[] {
    if (typeof clicked === 'string') {
      return this.own().filter(
        (transfer) => transfer.id === clicked || transfer.batchId === clicked,
      );
    }
    const nodes = Array.isArray(selected) ? selected.filter(isNode) : [];
    if (!isNode(clicked)) return this.ofNodes(this.view.selection);
    return this.ofNodes(nodes.includes(clicked) ? nodes : [clicked]);
  }

  private ofNodes(nodes: readonly TransferNode[]): readonly TransferSnapshot[] {
    const snapshot = this.transfers.snapshot();
    const own = new Set(idsOf(this.own()));
    const found = nodes.flatMap((node) => transfersOfRow(node.row, snapshot));
    // A parent and its child may both be selected.
    return [...new Set(found)].filter((transfer) => own.has(transfer.id));
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

function isNode(value: unknown): value is TransferNode {
  return value instanceof TransferNode;
}
