import * as vscode from 'vscode';
import { ACTIVE_STATES, WAITING_STATES } from '../../engine/index';
import type { Disposable, TransferSnapshot, Transfers } from '../../engine/index';
import type { ContextKey } from '../editor/commandIds';
import { setContext } from '../editor/commands';
import { words } from '../editor/editorWords';
import type { DestinationMemory } from '../settings/destinationMemory';
import { hasOwnIn } from '../text/transferFacts';
import type { TransfersTree } from './transfersTree';
import { ELSEWHERE_SCHEME, viewHeader } from './viewHeader';
import type { SetupContext } from '../settings/setupContext';

const VIEW_ID = 'ossUpload.transfers';
/** The pause between two looks at the numbers beside the name of the view. */
const HEADER_MS = 1000;

/**
 * The view "OSS Uploads": its place in the editor, and the context keys of what is in it. Its rows,
 * whose elements are their ids, are loaded when it is first opened.
 */
export class TransfersView implements vscode.TreeDataProvider<string>, Disposable {
  private readonly subscription: Disposable;
  private readonly changed = new vscode.EventEmitter<string[] | undefined>();
  private readonly view: vscode.TreeView<string>;
  private readonly contextKeys = new Map<string, boolean>();
  private tree: Promise<TransfersTree> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** "Show Uploads" while there are none: the view is there as long as it is looked at. */
  private isAskedFor = false;

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly transfers: Transfers,
    private readonly setup: Pick<SetupContext, 'place' | 'onDidChangePlace'>,
    private readonly memory: DestinationMemory,
    dragAndDropController: vscode.TreeDragAndDropController<string>,
    private readonly load: (redraw: (ids: string[] | undefined) => void) => Promise<TransfersTree>,
  ) {
    this.view = vscode.window.createTreeView(VIEW_ID, {
      treeDataProvider: this,
      canSelectMany: true,
      dragAndDropController,
    });
    this.subscription = vscode.Disposable.from(
      this.changed,
      this.view,
      vscode.window.registerFileDecorationProvider({ provideFileDecoration: greyElsewhere }),
      transfers.onDidChange(() => {
        this.updateContext();
        this.timer ??= setTimeout(() => {
          this.timer = undefined;
          this.updateHeader();
        }, HEADER_MS);
      }),
      setup.onDidChangePlace(() => {
        this.updateHeader();
      }),
      memory.onDidUpload(() => {
        this.updateContext();
      }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (!visible) this.isAskedFor = false;
        // The editor makes the tree of a view after it has laid out its place, and lays it out again
        // only two seconds later, or when there is word of a message: until then it has no height.
        else this.view.message = '';
        this.updateContext();
      }),
    );
    this.updateHeader();
    this.updateContext();
  }

  dispose(): void {
    clearTimeout(this.timer);
    void this.tree?.then((tree) => {
      tree.dispose();
    });
    this.subscription.dispose();
  }

  /** Opens the view and puts the focus into it. */
  async show(): Promise<void> {
    this.isAskedFor = true;
    this.updateContext();
    await vscode.commands.executeCommand(`${VIEW_ID}.focus`);
  }

  /** The rows that are selected, for a command from the palette or a key. */
  get selection(): readonly string[] {
    return this.view.selection;
  }

  /** The transfers that these rows stand for, those of the history too. */
  async transfersOf(rows: readonly string[]): Promise<readonly TransferSnapshot[]> {
    const tree = await this.open();
    const found = await Promise.all(rows.map((row) => tree.transfersOf(row)));
    return found.flat();
  }

  async getChildren(parent?: string): Promise<string[]> {
    return (await this.open()).getChildren(parent);
  }

  async getTreeItem(id: string): Promise<vscode.TreeItem> {
    return (await this.open()).getTreeItem(id);
  }

  async resolveTreeItem(item: vscode.TreeItem, id: string): Promise<vscode.TreeItem> {
    return (await this.open()).resolveTreeItem(item, id);
  }

  private open(): Promise<TransfersTree> {
    this.tree ??= this.load((ids) => {
      this.changed.fire(ids);
    });
    return this.tree;
  }

  private updateHeader(): void {
    const { description, badge } = viewHeader(this.transfers.snapshot(), this.setup.place, words);
    this.view.description = description;
    this.view.badge = badge;
  }

  private updateContext(): void {
    const snapshot = this.transfers.snapshot();
    const hasUploaded = this.memory.hasUploaded();
    const hasTransfers = snapshot.batches.some((batch) => batch.files.length > 0);
    this.setContext('hasTransfers', hasTransfers || hasUploaded || this.isAskedFor);
    this.setContext('hasUploaded', hasUploaded);
    this.setContext('hasActive', hasOwnIn(snapshot, ACTIVE_STATES));
    this.setContext('hasWaiting', hasOwnIn(snapshot, WAITING_STATES));
  }

  private setContext(key: ContextKey, value: boolean): void {
    if (this.contextKeys.get(key) === value) return;
    this.contextKeys.set(key, value);
    setContext(key, value);
  }
}

function greyElsewhere(uri: vscode.Uri): vscode.FileDecoration | undefined {
  return uri.scheme === ELSEWHERE_SCHEME
    ? new vscode.FileDecoration(undefined, undefined, new vscode.ThemeColor('disabledForeground'))
    : undefined;
}
