/**
 * The door to what shows an upload once there is one: progress, its end, and what buttons and menus
 * do. Import it by `import()` only, so that it stays out of `dist/extension.js`.
 */
export { Completion } from './completion';
export { failureTexts } from './failureTexts';
export { ProgressNotification } from './progressNotification';
export { ResumeList } from './resumeList';
export { TransferCommands } from './transferCommands';
export { TransfersTree } from './transfersTree';
export { UploadLog } from './uploadLog';
export { LastUpload } from '../settings/lastUpload';
export { Links } from '../actions/links';
export { TransferActions } from '../actions/transferActions';
