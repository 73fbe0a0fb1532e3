import * as vscode from 'vscode';

import { commandId } from './commandIds';
import type { CommandName } from './commandIds';

/** Commands about setting up and starting; those about transfers register themselves. */
export type StartCommandName = Extract<
  CommandName,
  | 'upload'
  | 'uploadTo'
  | 'setCredentials'
  | 'removeCredentials'
  | 'selectDestination'
  | 'cleanUp'
  | 'resumeFromOss'
  | 'showLog'
>;

/** What each does. Arguments come from menus, key bindings and other extensions. */
export type CommandHandlers = Readonly<Record<StartCommandName, (...args: unknown[]) => unknown>>;

/** Registers the commands. What goes wrong is for the handlers to tell. */
export function registerCommands(handlers: CommandHandlers): vscode.Disposable {
  const registered = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(commandId(name as StartCommandName), handler),
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
