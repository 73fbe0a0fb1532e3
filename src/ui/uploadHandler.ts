import * as vscode from 'vscode';

import { UploadError } from '../engine/index';
import { chosenUris } from './selection';
import { parseCallOptions } from './uploadApi';
import type { UploadCallResult } from './uploadApi';
import type { UploadCommand } from './uploadCommand';

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
    const uris = named.length === 0 ? await command.askFiles() : named;
    return command.upload(uris, { options, isElsewhere });
  };
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
