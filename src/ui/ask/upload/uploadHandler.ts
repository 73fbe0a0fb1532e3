import path from 'node:path';
import * as vscode from 'vscode';

import { UploadError } from '../../../engine/index';
import { askFiles } from './askFiles';
import { chosenUris } from './selection';
import { NOTHING_UPLOADED, parseCallOptions } from './uploadApi';
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
  return async (clicked, second) => {
    // An empty list means no files; only a call without one asks for them.
    if (Array.isArray(clicked) && clicked.length === 0) return NOTHING_UPLOADED;
    const selected = Array.isArray(second) ? second.map(toUri) : undefined;
    const options = selected === undefined ? parseCallOptions(second) : {};
    let named: readonly vscode.Uri[] = [];
    if (Array.isArray(clicked)) named = chosenUris(undefined, clicked.map(toUri));
    else if (clicked !== undefined && clicked !== null)
      named = chosenUris(toUri(clicked), selected);
    const uris = named.length === 0 ? await askFiles() : named;
    return command.upload(uris, { options, isElsewhere });
  };
}

/**
 * Key bindings and tasks can only write texts: a path, or a URI as text. A path that is not absolute
 * would be taken for one below the root of the disk.
 */
function toUri(argument: unknown): vscode.Uri {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument === 'string') {
    if (path.isAbsolute(argument)) return vscode.Uri.file(argument);
    if (/^[a-z][a-z0-9+.-]+:/i.test(argument)) return vscode.Uri.parse(argument, true);
  }
  throw new UploadError(
    'invalidArgument',
    'an absolute path, a URI or a list of them is expected',
    {
      code: 'InvalidArgument',
      field: 'uri',
    },
  );
}
