import path from 'node:path';
import * as vscode from 'vscode';

import { UploadError } from '../../../engine/index';
import { l10n } from '../../editor/editorWords';
import { askFiles } from './askFiles';
import type { FileQuestion } from './askFiles';
import { chosenUris } from './selection';
import { NOTHING_UPLOADED, parseCallOptions } from './uploadApi';
import type { UploadCallOptions, UploadCallResult, VerifyCallResult } from './uploadApi';
import type { UploadCommand } from './uploadCommand';
import type { VerifyCommand } from './verifyCommand';

/**
 * The handler of the upload commands. It takes `(clicked, selected[])` of a menu,
 * `(uri | uri[], options)` of another extension, or nothing, and then asks. What the command decides
 * itself goes before the caller's options.
 */
export function uploadHandler(
  command: UploadCommand,
  isElsewhere: boolean,
  decided: UploadCallOptions = {},
): (...args: unknown[]) => Promise<UploadCallResult> {
  return async (clicked, second) => {
    const uris = await chosenBy(clicked, second, {
      title: l10n.t('Upload to OSS'),
      placeholder: l10n.t('Choose what to upload'),
      button: l10n.t('Upload'),
    });
    if (uris.length === 0) return NOTHING_UPLOADED;
    const options = Array.isArray(second) ? {} : parseCallOptions(second);
    const isOfMenu = Array.isArray(second);
    return command.upload(uris, { options: { ...options, ...decided }, isElsewhere, isOfMenu });
  };
}

/** The handler of the command that compares. Its arguments are those of {@link uploadHandler}. */
export function verifyHandler(
  command: VerifyCommand,
): (...args: unknown[]) => Promise<VerifyCallResult | undefined> {
  return async (clicked, second) => {
    const uris = await chosenBy(clicked, second, {
      title: l10n.t('Verify Against OSS'),
      placeholder: l10n.t('Choose what to compare'),
      button: l10n.t('Verify'),
    });
    return uris.length === 0 ? undefined : command.run(uris);
  };
}

async function chosenBy(
  clicked: unknown,
  second: unknown,
  question: FileQuestion,
): Promise<readonly vscode.Uri[]> {
  // An empty list means no files; only a call without one asks for them.
  if (Array.isArray(clicked) && clicked.length === 0) return [];
  const selected = Array.isArray(second) ? second.map(toUri) : undefined;
  let named: readonly vscode.Uri[] = [];
  if (Array.isArray(clicked)) named = chosenUris(undefined, clicked.map(toUri));
  else if (clicked !== undefined && clicked !== null) named = chosenUris(toUri(clicked), selected);
  return named.length === 0 ? askFiles(question) : named;
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
