/** The engine's one door: what the editor layer and the composition root may see. */
export { removeUpload } from './upload/abandon';
export { adoptUpload } from './upload/adoptUpload';
export type { AdoptionOptions } from './upload/adoptUpload';
export { checkBucketEndpoint, checkEndpoint, parseEndpoint } from './contract/endpoint';
export type { EndpointProblem } from './contract/endpoint';
export { UploadError, isAbortError } from './contract/errors';
export type { UploadErrorDetails, UploadErrorKind } from './contract/errors';
export { Emitter } from './base/events';
export type { Disposable, Event } from './base/events';
export { codeOf, isObject } from './base/guards';
export { runParallel } from './base/runParallel';
export { shownValue } from './base/shownValue';
export type { GlobProblem } from './file/globs';
export { cutOff, maskAccessKeyId, redact } from './base/redact';
export { compareContent, verifyObjects } from './upload/comparison';
export type {
  CompareOptions,
  ComparedFile,
  ComparedPlace,
  Comparison,
  Verification,
} from './upload/comparison';
export { findExisting } from './upload/existingObjects';
export type { ExistingObject, LookupOptions } from './upload/existingObjects';
export { UploadHistory } from './record/history';
export type { FinishedFile, HistoryEntry, HistoryProblem } from './record/history';
export { RecordFolder } from './record/recordFolder';
export { scanFolder } from './file/folderScan';
export { composedName } from './file/nameForms';
export type { FolderScan, FolderScanOptions, ScannedFile } from './file/folderScan';
export type { Logger } from './base/logger';
export type * from './contract/ports';
export type { Clock } from './base/clock';
export { regionOfEndpoint } from './contract/ossHosts';
export { TransferManager } from './transfers/transferManager';
export type { TransferManagerOptions } from './transfers/transferManager';
export { ACLS, STORAGE_CLASSES } from './contract/ossLimits';
export { RequestList } from './contract/requestList';
export {
  ACTIVE_STATES,
  DEFAULT_PART_SIZE_BYTES,
  RUNNING_STATES,
  TRANSFER_STATES,
  UNFINISHED_STATES,
  WAITING_STATES,
  isActive,
  isWaitingForUser,
} from './contract/transfers';
export type * from './contract/transfers';
export {
  checkBucketName,
  checkObjectKey,
  checkRegion,
  parsePartSize,
  validateObjectOptions,
  validateTarget,
} from './contract/validate';
export type { BucketNameProblem, ObjectKeyProblem, RegionProblem } from './contract/validate';
