import * as vscode from 'vscode';

import { UploadError } from '../../engine/index';
import { describeError } from '../text/messages';
import { plainText } from '../text/plainText';
import type { Words } from '../text/words';

/** Translates for this editor's user. */
export const { l10n } = vscode;

/** Such as `en` or `zh-cn`. It does not change before the editor starts again. */
export const { language } = vscode.env;

/** Both together, for what knows no editor. */
export const words: Words = { l10n, language };

/** What went wrong, as a sentence for the user. */
export function sentenceOf(error: unknown): string {
  return plainText(describeError(UploadError.from(error), {}, words).text);
}
