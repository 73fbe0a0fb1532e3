/** The engine's one door: what the editor layer and the composition root may see. */
export { adoptUpload } from './adoptUpload';
export type { AdoptionOptions } from './adoptUpload';
export { UploadError, isAbortError } from './errors';
export type { UploadErrorDetails, UploadErrorKind } from './errors';
export { Emitter } from './events';
export type { Disposable, Event } from './events';
export { findExisting, isIdentical } from './existingObjects';
export type { ExistingObject } from './existingObjects';
export { composedName, scanFolder } from './folderScan';
export type { FolderScan, FolderScanOptions, ScannedFile } from './folderScan';
export type { Logger } from './logger';
export type * from './ports';
export type { Clock } from './systemClock';
export { TransferManager } from './transferManager';
export type { TransferManagerOptions } from './transferManager';
export { isActive, isWaitingForUser } from './transfers';
export type * from './transfers';
export {
  DEFAULT_PART_SIZE_BYTES,
  checkBucketName,
  checkObjectKey,
  checkRegion,
  parsePartSize,
  validateObjectOptions,
  validateTarget,
} from './validate';
export type { BucketNameProblem, ObjectKeyProblem, RegionProblem } from './validate';
