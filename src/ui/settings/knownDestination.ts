import type { DestinationMemory } from './destinationMemory';
import type { UploadSettings } from './settingsModel';

/** Where uploads go: a folder of a bucket, with the credentials to use. */
export interface Destination {
  readonly bucket: string;
  /** '' when it could not be found; the address then has to say it. */
  readonly region: string;
  /** Folder in the bucket as written, with variables. */
  readonly prefix: string;
  readonly profile: string;
}

/** Where uploads go without a question: as the settings say, or as was chosen before. */
export function knownDestination(
  { bucket, region, prefix, profile }: UploadSettings,
  memory: DestinationMemory,
): Destination | undefined {
  if (bucket !== '') return { bucket, region, prefix, profile };
  const remembered = memory.destination();
  if (remembered === undefined) return undefined;
  return { bucket: remembered.bucket, region: '', prefix: remembered.prefix ?? prefix, profile };
}
