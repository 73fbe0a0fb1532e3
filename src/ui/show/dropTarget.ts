import type * as vscode from 'vscode';

/**
 * What makes a view take files that are dropped onto it, from the explorer, a tab or the desktop.
 * `drop` is called while what was dropped can still be read; where in the view it fell says nothing.
 */
export function dropTarget(
  drop: (data: vscode.DataTransfer) => Promise<unknown>,
): vscode.TreeDragAndDropController<string> {
  return {
    dragMimeTypes: [],
    dropMimeTypes: ['text/uri-list', 'files'],
    handleDrop: async (_row, data) => {
      await drop(data);
    },
  };
}
