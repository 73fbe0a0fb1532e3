/** Commands that do a remedy, and are in the menu of a row only where it helps. */
export const REMEDY_COMMANDS = [
  'useRegionItem',
  'chooseDomainItem',
  'keepBothItem',
  'selectBucketItem',
  'setCredentialsItem',
  'copyPolicyItem',
  'overwriteItem',
  'locateItem',
  'openSettingItem',
] as const;

/** Commands that act on transfers, by the last part of their ids. Their handlers are loaded on demand. */
export const TRANSFER_COMMANDS = [
  'resume',
  'pauseAll',
  'resumeAll',
  'copyLastUrl',
  'pauseItem',
  'resumeItem',
  'discardItem',
  ...REMEDY_COMMANDS,
  'copyUrl',
  'copySignedUrl',
  'copyOssPath',
  'revealFile',
  'copyError',
  'openHelp',
  'clearFinished',
  'tryNow',
  'openRow',
  'copyMarkdown',
  'openInBrowser',
  'uploadAgain',
  'removeFromList',
  'find',
  'clearHistory',
  'exportReport',
] as const;

/** One of {@link TRANSFER_COMMANDS}. */
export type TransferCommand = (typeof TRANSFER_COMMANDS)[number];

/** Every command of package.json, by the last part of its id. A test compares the two. */
export const COMMAND_NAMES = [
  ...TRANSFER_COMMANDS,
  'upload',
  'uploadTo',
  'uploadContents',
  'uploadChanged',
  'uploadDiffering',
  'verify',
  'showTransfers',
  'setCredentials',
  'removeCredentials',
  'selectDestination',
  'cleanUp',
  'resumeFromOss',
  'showLog',
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
  'hasUploaded',
  'hasActive',
  'hasWaiting',
  'configured',
  'hasStoredCredentials',
  'hasWalkthrough',
] as const;

/** Last part of a context key. */
export type ContextKey = (typeof CONTEXT_KEYS)[number];
