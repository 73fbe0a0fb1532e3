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

/** A localizer whose texts may name any of these facts. */
export function withFacts(
  localizer: Localizer,
  facts: Readonly<Record<string, string | number>>,
): Localizer {
  return { t: (text, more) => localizer.t(text, { ...facts, ...more }) };
}

/** A text about one thing and about several, `{n}` of them. Neither language has more forms. */
export type OneOrMany = readonly [
  one: (l10n: Localizer) => string,
  many: (l10n: Localizer) => string,
];
