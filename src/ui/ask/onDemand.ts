/**
 * The second door of this room: what asks, which no start of the editor needs. Import it by
 * `import()` only, so that it stays out of `dist/extension.js`.
 */
export { AgentTools } from './upload/agentTools';
export { CleanUpCommand } from './bucket/cleanUpCommand';
export { Conflicts } from './upload/conflicts';
export { CredentialsFlow } from './setup/credentialsFlow';
export { Destinations } from './setup/destination';
export { DomainFlow } from './setup/domainFlow';
export { ReportFiles } from './upload/reportFiles';
export { FinishedCommands } from './history/finishedCommands';
export { HistoryRecorder, openHistory } from './history/recorder';
export { ResumeFromOssCommand } from './bucket/resumeFromOssCommand';
export { RouteQuestion } from './setup/routeQuestion';
export { UploadCommand } from './upload/uploadCommand';
export { uploadHandler, verifyHandler } from './upload/uploadHandler';
export { VerifyCommand } from './upload/verifyCommand';
export { WaysIn } from './upload/waysIn';
