import * as vscode from 'vscode';

import { UploadError } from '../engine/index';
import { askFiles } from './askFiles';
import { commandId } from './commandIds';
import type { CommandName } from './commandIds';
import { chosenUris } from './selection';
import { parseCallOptions } from './uploadApi';
import type { UploadCallResult } from './uploadApi';
import type { UploadCommand } from './uploadCommand';

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

/**
 * The handler of the two upload commands. It takes `(clicked, selected[])` of a menu,
 * `(uri | uri[], options)` of another extension, or nothing, and then asks.
 */
export function uploadHandler(
  command: UploadCommand,
  isElsewhere: boolean,
): (...args: unknown[]) => Promise<UploadCallResult> {
  return async (...args) => {
    const [first, second] = args;
    const options = Array.isArray(second) ? {} : parseCallOptions(second);
    const named = Array.isArray(first)
      ? chosenUris(undefined, first.map(toUri))
      : first === undefined || first === null
        ? []
        : chosenUris(toUri(first), Array.isArray(second) ? second.map(toUri) : undefined);
    const uris = named.length === 0 ? await askFiles() : named;
    return command.upload(uris, { options, isElsewhere });
  };
}

/** The resource a command was called on, if any. */
export function resourceOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return (
    vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri
  );
}

/** Key bindings and tasks can only write texts: a path, or a URI as text. */
function toUri(argument: unknown): vscode.Uri {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument === 'string' && argument !== '') {
    return /^[a-z][a-z0-9+.-]+:/i.test(argument)
      ? vscode.Uri.parse(argument, true)
      : vscode.Uri.file(argument);
  }
  throw new UploadError('invalidArgument', 'a URI or a list of URIs is expected', {
    code: 'InvalidArgument',
    field: 'uri',
  });
}
