/**
 * The part of `vscode.l10n` that this extension uses. Given as an argument, so that everything that
 * chooses words runs in plain Node.
 */
export interface Localizer {
  t(message: string, args?: Record<string, string | number>): string;
}

/** The words for one user: how to translate, and how numbers and dates are written. */
export interface Words {
  readonly l10n: Localizer;
  /** Such as `en` or `zh-cn`. */
  readonly language: string;
}
