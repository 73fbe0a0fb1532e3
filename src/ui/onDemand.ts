/**
 * The second door of this room: what asks, which no start of the editor needs. Import it by
 * `import()` only, so that it stays out of `dist/extension.js`.
 */
export { CleanUpCommand } from './cleanUpCommand';
export { Conflicts } from './conflicts';
export { CredentialsFlow } from './credentialsFlow';
export { Destinations } from './destination';
export { ResumeFromOssCommand } from './resumeFromOssCommand';
export { UploadCommand } from './uploadCommand';
export { uploadHandler } from './uploadHandler';
