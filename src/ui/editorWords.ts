import * as vscode from 'vscode';

import { UploadError } from '../engine/index';
import { describeError } from './messages';
import type { Words } from './words';

/** The words of this editor's user, who cannot change his language without a restart. */
export const words: Words = { l10n: vscode.l10n, language: vscode.env.language };

/** What went wrong, as a sentence for the user. */
export function sentenceOf(error: unknown): string {
  return describeError(UploadError.from(error), {}, words).text;
}
