import type { TransferSnapshot, UploadTarget } from '../engine/index';

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

/** What helps against a failure and belongs to the upload's start: credentials, place. */
export interface Remedies {
  /** Asks for other credentials. False when the user gave none. */
  updateCredentials(profile: string): Promise<boolean>;
  /** Writes the region to the setting where the target came from. */
  useRegion(target: UploadTarget, region: string, filePath: string): Promise<void>;
  /** Asks for another bucket and uploads these files to it. False when the user chose none. */
  chooseBucket(transfers: readonly TransferSnapshot[]): Promise<boolean>;
}
