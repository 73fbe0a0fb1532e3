import type { Access, BucketSummary } from '../account/ports';

/** What a series of questions has learnt so far, about credentials and destination. */
export interface SetupState {
  readonly profile: string;
  /** Credentials to look with: those of the profile, or new ones that are not stored yet. */
  readonly access: Access;
  /** A key is typed rather than taken from this machine. */
  readonly isKeyTyped: boolean;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly bucket: BucketSummary | undefined;
  /** As written, with variables. */
  readonly prefix: string;
  /** Write the destination to the settings of the workspace. */
  readonly isForSettings: boolean;
}

/** The state before the first question. */
export function initialSetup(profile: string, prefix: string): SetupState {
  return {
    profile,
    access: { profile },
    isKeyTyped: false,
    accessKeyId: '',
    secret: '',
    bucket: undefined,
    prefix,
    isForSettings: false,
  };
}
