import type { BigIntStats } from 'node:fs';

/** The identity of a file's content as far as a stat can tell it. Big numbers are decimal text. */
export interface Fingerprint {
  readonly sizeBytes: number;
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  readonly inode: string;
  readonly device: string;
}

/** The fingerprint in the result of one stat. */
export function fingerprintOf(stats: BigIntStats): Fingerprint {
  return {
    sizeBytes: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    inode: String(stats.ino),
    device: String(stats.dev),
  };
}

/**
 * What a later fingerprint says about the content of an earlier one:
 * - `same`: nothing differs.
 * - `doubtful`: size and mtime agree, but ctime, inode or device differ: attributes were touched,
 *   or another file was put in place with its time restored. Only the bytes can tell.
 * - `changed`: size or mtime differ.
 */
export type SourceChange = 'same' | 'doubtful' | 'changed';

/** What became of a file between two looks at it. */
export function compareFingerprints(earlier: Fingerprint, later: Fingerprint): SourceChange {
  if (earlier.sizeBytes !== later.sizeBytes || earlier.mtimeNs !== later.mtimeNs) return 'changed';
  const isSame =
    earlier.ctimeNs === later.ctimeNs &&
    earlier.inode === later.inode &&
    earlier.device === later.device;
  return isSame ? 'same' : 'doubtful';
}
