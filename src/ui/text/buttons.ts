/** The buttons of messages: what each does, in words. */
import type { Localizer } from './words';

/** The labels of buttons: verbs. */
const LABELS = {
  resume: (l10n) => l10n.t('Resume'),
  retry: (l10n) => l10n.t('Try Again'),
  retryFailed: (l10n) => l10n.t('Retry Failed'),
  discard: (l10n) => l10n.t('Discard...'),
  showUploads: (l10n) => l10n.t('Show Uploads'),
  showLog: (l10n) => l10n.t('Show Log'),
  setCredentials: (l10n) => l10n.t('Set Credentials'),
  updateCredentials: (l10n) => l10n.t('Update Credentials'),
  switchCredentials: (l10n) => l10n.t('Switch Credentials'),
  copyRamPolicy: (l10n) => l10n.t('Copy RAM Policy'),
  openHelp: (l10n) => l10n.t('Open Help'),
  chooseDomain: (l10n) => l10n.t('Choose Domain...'),
  otherDomain: (l10n) => l10n.t('Choose Another...'),
  selectBucket: (l10n) => l10n.t('Select Bucket'),
  overwrite: (l10n) => l10n.t('Overwrite'),
  skip: (l10n) => l10n.t('Skip'),
  keepBoth: (l10n) => l10n.t('Keep Both'),
  locate: (l10n) => l10n.t('Locate...'),
  openSettings: (l10n) => l10n.t('Open Settings'),
  copyErrorDetails: (l10n) => l10n.t('Copy Error Details'),
  copyUrl: (l10n) => l10n.t('Copy URL'),
  copyUrls: (l10n) => l10n.t('Copy URLs'),
  dontShowAgain: (l10n) => l10n.t("Don't Show Again"),
} satisfies Record<string, (l10n: Localizer) => string>;

/** What a button of a message does, where nothing more needs to be said. */
type SimpleAction = Exclude<keyof typeof LABELS, 'openSettings'>;

/** What a button of a message does; `TransferActions` knows how. */
export type MessageAction =
  | { readonly kind: SimpleAction }
  | { readonly kind: 'useRegion'; readonly region: string }
  /** Has the bucket's data go by this address of its own. */
  | { readonly kind: 'useDomain'; readonly address: string }
  /** Opens the settings editor with this in its search box. */
  | { readonly kind: 'openSettings'; readonly query: string };

/** Buttons that need no transfer. */
const WORK_ALONE: ReadonlySet<MessageAction['kind']> = new Set([
  'showUploads',
  'showLog',
  'setCredentials',
  'updateCredentials',
  'switchCredentials',
  'openHelp',
  'openSettings',
  'copyErrorDetails',
]);

/** A button as the tables write it: by its name where nothing more needs to be said. */
export type Action = SimpleAction | MessageAction;

/** A button that opens the settings editor with this in its search box. */
export function openSettings(query: string): MessageAction {
  return { kind: 'openSettings', query };
}

/** A button of a table, as `TransferActions` takes it. */
export function asMessageAction(action: Action): MessageAction {
  return typeof action === 'string' ? { kind: action } : action;
}

/** The label of a button: a verb. */
export function actionLabel(action: MessageAction, l10n: Localizer): string {
  if (action.kind === 'useRegion') return l10n.t('Use {region}', { region: action.region });
  if (action.kind === 'useDomain') return l10n.t('Use {address}', { address: action.address });
  return LABELS[action.kind](l10n);
}

/**
 * The buttons of a message that asks for a domain, by the addresses that are known to be usable: a
 * single one needs no list, and `dead` is none of them. With undefined instead of addresses, a
 * setting says the address already.
 */
export function withDomains(
  actions: readonly MessageAction[],
  addresses: readonly string[] | undefined,
  dead?: string,
): readonly MessageAction[] {
  const alive = addresses?.filter((each) => each.replace(/^https?:\/\//, '') !== dead);
  const [address, ...others] = alive ?? [];
  return actions.flatMap((action): readonly MessageAction[] => {
    if (action.kind !== 'chooseDomain') return [action];
    if (addresses === undefined) return [openSettings('ossUpload.bucketEndpoints')];
    if (address === undefined || others.length > 0) return [action];
    return [{ kind: 'useDomain', address }, { kind: 'otherDomain' }];
  });
}

/** Whether a button works where no transfer is at hand. */
export function worksAlone({ kind }: MessageAction): boolean {
  return WORK_ALONE.has(kind);
}
