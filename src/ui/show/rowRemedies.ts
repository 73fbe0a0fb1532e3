/** What helps a row of the view, as its commands know it. Knows no editor. */
import { REMEDY_COMMANDS } from '../editor/commandIds';
import type { TransferCommand } from '../editor/commandIds';
import type { MessageAction } from '../text/buttons';

/** The command of a row that does what a button of its message does. */
const COMMANDS: Partial<Record<MessageAction['kind'], TransferCommand>> = {
  resume: 'resumeItem',
  retry: 'resumeItem',
  useRegion: 'useRegionItem',
  chooseDomain: 'chooseDomainItem',
  keepBoth: 'keepBothItem',
  selectBucket: 'selectBucketItem',
  setCredentials: 'setCredentialsItem',
  updateCredentials: 'setCredentialsItem',
  switchCredentials: 'setCredentialsItem',
  copyRamPolicy: 'copyPolicyItem',
  overwrite: 'overwriteItem',
  locate: 'locateItem',
  openSettings: 'openSettingItem',
};

/** The command for a button; undefined where a row has none. */
export function rowCommandOf({ kind }: MessageAction): TransferCommand | undefined {
  return COMMANDS[kind];
}

/** What menus of package.json ask a row for: its state, and the commands of its remedies. */
export function contextOf(state: string, remedies: readonly MessageAction[]): string {
  const commands: (string | undefined)[] = remedies.map(rowCommandOf);
  return [state, ...REMEDY_COMMANDS.filter((name) => commands.includes(name))].join(' ');
}
