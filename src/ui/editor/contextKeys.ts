import * as vscode from 'vscode';

import type { ContextKey } from './commandIds';

/** Sets what `when` clauses of package.json ask for. */
export function setContext(key: ContextKey, value: boolean): void {
  void vscode.commands.executeCommand('setContext', `ossUpload.${key}`, value);
}
