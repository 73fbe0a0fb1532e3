/** Every command of package.json, by the last part of its id. A test compares the two. */
export const COMMAND_NAMES = [
  'upload',
  'uploadTo',
  'resume',
  'pauseAll',
  'resumeAll',
  'showTransfers',
  'setCredentials',
  'removeCredentials',
  'selectDestination',
  'cleanUp',
  'resumeFromOss',
  'showLog',
  'pauseItem',
  'resumeItem',
  'discardItem',
  'copyUrl',
  'copySignedUrl',
  'copyOssPath',
  'revealFile',
  'copyError',
  'openHelp',
  'clearFinished',
] as const;

/** Last part of a command's id. */
export type CommandName = (typeof COMMAND_NAMES)[number];

/** The id under which the editor knows a command. */
export function commandId(name: CommandName): `ossUpload.${CommandName}` {
  return `ossUpload.${name}`;
}

/** Keys of `when` clauses in package.json. */
export const CONTEXT_KEYS = [
  'hasTransfers',
  'hasActive',
  'hasWaiting',
  'configured',
  'hasStoredCredentials',
] as const;

/** Last part of a context key. */
export type ContextKey = (typeof CONTEXT_KEYS)[number];
