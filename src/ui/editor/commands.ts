import * as vscode from 'vscode';

import { commandId } from './commandIds';
import type { CommandName, ContextKey } from './commandIds';

/** What a command does. Arguments come from menus, key bindings and other extensions. */
export type CommandHandler = (...args: unknown[]) => unknown;

/** Registers commands. What goes wrong is for the handlers to tell. */
export function registerCommands(
  handlers: Partial<Record<CommandName, CommandHandler>>,
): vscode.Disposable {
  const registered = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(commandId(name as CommandName), handler),
  );
  return vscode.Disposable.from(...registered);
}

/** The resource a command was called on, if any. */
export function resourceOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return (
    vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri
  );
}

/** Sets what `when` clauses of package.json ask for. */
export function setContext(key: ContextKey, value: boolean): void {
  void vscode.commands.executeCommand('setContext', `ossUpload.${key}`, value);
}
