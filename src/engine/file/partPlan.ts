import { UploadError } from '../contract/errors';
import { MAX_PARTS, MAX_PART_SIZE_BYTES } from '../contract/ossLimits';

/** A byte range of the file, under its number. */
export interface Part {
  /** From 1. */
  readonly partNumber: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** How a file is cut. All parts are `partSizeBytes` long but the last, which is 1 byte or more. */
export interface PartPlan {
  readonly fileSizeBytes: number;
  readonly partSizeBytes: number;
  readonly partCount: number;
}

/** Part sizes grow in these steps: a multiple of the page size keeps reads aligned. */
const GROWTH_STEP_BYTES = 4096;

/**
 * Cuts a file into parts of the wanted size, or of the smallest larger size that needs no more than
 * 10,000 parts (limit of OSS CompleteMultipartUpload). Throws `invalidArgument` for a file that
 * OSS cannot hold (over 10,000 parts of 5 GB).
 */
export function planParts(fileSizeBytes: number, wantedPartSizeBytes: number): PartPlan {
  const needed = Math.ceil(fileSizeBytes / MAX_PARTS / GROWTH_STEP_BYTES) * GROWTH_STEP_BYTES;
  const partSizeBytes = Math.max(wantedPartSizeBytes, Math.min(needed, MAX_PART_SIZE_BYTES));
  const partCount = Math.ceil(fileSizeBytes / partSizeBytes);
  if (partCount > MAX_PARTS) {
    throw new UploadError(
      'invalidArgument',
      `a file of ${fileSizeBytes} bytes is over the limit of OSS: ${MAX_PARTS} parts of ${MAX_PART_SIZE_BYTES} bytes`,
      { code: 'EntityTooLarge', field: 'filePath' },
    );
  }
  return { fileSizeBytes, partSizeBytes, partCount };
}

/** The part of that number, 1 to `partCount`. */
export function partAt(plan: PartPlan, partNumber: number): Part {
  const offset = (partNumber - 1) * plan.partSizeBytes;
  return {
    partNumber,
    offset,
    sizeBytes: Math.min(plan.partSizeBytes, plan.fileSizeBytes - offset),
  };
}
