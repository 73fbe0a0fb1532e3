import * as vscode from 'vscode';
import { UploadError, isActive, isWaitingForUser, regionOfEndpoint } from '../../engine/index';
import type { Logger, TransferSnapshot, Transfers, UploadTarget } from '../../engine/index';
import { copyText } from '../editor/clipboard';
import type { LastUpload, UploadedObject } from '../settings/lastUpload';
import { l10n, words } from '../editor/editorWords';
import type { Links } from './links';
import { errorDetails } from '../text/errorDetails';
import { ramPolicy } from '../text/ramPolicy';
import { actionLabel, withDomains } from '../text/buttons';
import type { MessageAction } from '../text/buttons';
import {
  describeError,
  describeLooseError,
  discardedText,
  discardQuestion,
  overwriteQuestion,
} from '../text/messages';
import type { FailureContext } from '../text/failures';
import type { Message } from '../text/messages';
import { plainText } from '../text/plainText';
import type { ToastPace } from '../editor/toastPace';
import { idsOf, isAboutCredentials, ownTransfers } from '../text/transferFacts';

const SHOW = {
  information: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
} satisfies Record<Message['severity'], unknown>;

const DISCARDED_MS = 10_000;

/** What helps against a failure and belongs to the upload's start: credentials, place. */
export interface Remedies {
  /** Asks for other credentials. False when the user gave none. */
  updateCredentials(profile: string): Promise<boolean>;
  /** Writes the region to the setting where the target came from. */
  useRegion(target: UploadTarget, region: string, filePath: string): Promise<void>;
  /**
   * Addresses of domains that are bound to the bucket and usable; none where that may not be asked,
   * undefined where the settings say one.
   */
  findDomains(target: UploadTarget): Promise<readonly string[] | undefined>;
  /**
   * Has the bucket's data go by this address from now on, or by one that is asked for. False when
   * none was chosen.
   */
  useDomain(target: UploadTarget, address: string | undefined): Promise<boolean>;
  /** Uploads these files under names that are free. False when the user left. */
  keepBoth(transfers: readonly TransferSnapshot[]): Promise<boolean>;
  /** Asks for another bucket and uploads these files to it. False when the user chose none. */
  chooseBucket(transfers: readonly TransferSnapshot[]): Promise<boolean>;
}

/** What a piece of work is about, as far as a message about its failure says it. */
export type About = Pick<TransferSnapshot, 'target'> & { readonly filePath?: string };

/** What the buttons of messages, the pick list and the view do. */
export class TransferActions {
  constructor(
    private readonly transfers: Transfers,
    private readonly remedies: Remedies,
    private readonly links: Links,
    private readonly pace: ToastPace,
    private readonly log: Logger,
  ) {}

  /** Shows a message and does what its button says. Resolves when the message is gone. */
  async show(
    message: Message,
    about: readonly TransferSnapshot[] | (() => readonly TransferSnapshot[]),
    error?: UploadError,
  ): Promise<MessageAction | undefined> {
    const [first] = typeof about === 'function' ? [] : about;
    const action = await this.ask(message, first?.target, (first?.error ?? error)?.domain);
    if (action === undefined) return undefined;
    await this.run(action, typeof about === 'function' ? about() : about, error);
    return action;
  }

  /**
   * Does some work. Where OSS lets this account in by a domain of the bucket only, one is asked for
   * and the work done again; undefined when none was chosen. `abouts` says what the message is about.
   */
  async withDomain<T>(abouts: readonly About[], work: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!UploadError.is(error) || !error.isAboutDomain) throw error;
        const concerned = abouts.filter(({ target }) => target.bucket === error.bucket);
        const [first] = concerned.length > 0 ? concerned : abouts;
        if (first === undefined) throw error;
        const context = { ...first, count: Math.max(1, concerned.length) };
        const message = describeError(error, context, words);
        const action = await this.ask(message, first.target, error.domain);
        if (action === undefined) return undefined;
        if (!isDomainAction(action)) await this.run(action, [], error);
        else if (await this.useDomain(first.target, action)) continue;
        return undefined;
      }
    }
  }

  /** Resolves when the work has ended; a failure is told to the user and not to the caller. */
  async attempt(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.tell(UploadError.from(error));
    }
  }

  /**
   * Tells a failure that is about no transfer, of the files that `context` names. Does not wait: a
   * toast may stay for hours.
   */
  tell(failure: UploadError, context: FailureContext = {}): void {
    if (failure.kind === 'aborted') return;
    this.log.error(`${failure.kind} ${failure.code}: ${failure.message}`);
    void this.attempt(this.show(describeLooseError(failure, words, context), [], failure));
  }

  /**
   * Shows a message and waits for a button; undefined when the user closed it. `dead` is the domain
   * that is not to be offered.
   */
  private async ask(
    message: Message,
    target: UploadTarget | undefined,
    dead: string | undefined,
  ): Promise<MessageAction | undefined> {
    const asksForDomain = message.actions.some(({ kind }) => kind === 'chooseDomain');
    const actions =
      asksForDomain && target !== undefined
        ? withDomains(message.actions, await this.remedies.findDomains(target), dead)
        : message.actions;
    const items = actions.map((action) => ({ title: actionLabel(action, l10n), action }));
    await this.pace.turn();
    return (await SHOW[message.severity](plainText(message.text), ...items))?.action;
  }

  /** Does what a button says to the transfers it is about, or for a failure without a transfer. */
  async run(
    action: MessageAction,
    about: readonly TransferSnapshot[],
    error?: UploadError,
  ): Promise<void> {
    const ids = idsOf(about);
    const [first] = about;
    switch (action.kind) {
      case 'resume':
      case 'retry':
      case 'retryFailed':
        return this.transfers.resume(ids);
      case 'discard':
      case 'skip':
        return this.discard(ids);
      case 'showUploads':
        return this.command('showTransfers');
      case 'showLog':
        return this.command('showLog');
      case 'setCredentials':
      case 'updateCredentials':
      case 'switchCredentials':
        return this.updateCredentials(about);
      case 'copyRamPolicy':
        if (first !== undefined) await copyText(ramPolicy(about), l10n.t('RAM policy copied'));
        return;
      case 'openHelp':
        return this.openHelp(first?.error ?? error);
      case 'selectBucket':
        await this.remedies.chooseBucket(about);
        return;
      case 'useRegion':
        if (first === undefined) return;
        await this.remedies.useRegion(first.target, action.region, first.filePath);
        return this.transfers.resume(ids, { region: action.region });
      case 'useDomain':
      case 'chooseDomain':
      case 'otherDomain':
        if (first === undefined || !(await this.useDomain(first.target, action))) return;
        return this.transfers.resume(idsOf(this.waitingForDomain(first.target.bucket)));
      case 'overwrite':
        return this.overwrite(about);
      case 'keepBoth':
        await this.remedies.keepBoth(about);
        return;
      case 'locate':
        return this.locate(first);
      case 'openSettings':
        await vscode.commands.executeCommand('workbench.action.openSettings', action.query);
        return;
      case 'copyErrorDetails':
        return this.copyError(about, error);
      case 'copyUrl':
      case 'copyUrls':
        return this.copyUrls(about);
      case 'dontShowAgain':
        // The owner of the message keeps the setting.
        return;
    }
  }

  /** Goes on with these; what cannot simply go on gets the remedy of its failure first. */
  async resume(about: readonly TransferSnapshot[]): Promise<void> {
    const only = about.length === 1 ? about[0] : undefined;
    if (only !== undefined) return this.resumeOne(only);
    const refused = about.filter(isAboutCredentials);
    if (refused.length > 0) await this.updateCredentials(refused);
    const rest = about.filter((transfer) => !isAboutCredentials(transfer));
    if (rest.length > 0) await this.transfers.resume(idsOf(rest));
  }

  /** Stops, removes the parts from OSS and the checkpoint; asks first, and says so. */
  async discard(ids: readonly string[]): Promise<void> {
    const wanted = new Set(ids);
    const unfinished = (): readonly TransferSnapshot[] =>
      ownTransfers(this.transfers.snapshot()).filter(
        (transfer) => wanted.has(transfer.id) && (isActive(transfer) || isWaitingForUser(transfer)),
      );
    if (!(await this.confirmDiscard(unfinished()))) return;
    // Some may have been completed while the question stood.
    const about = unfinished();
    if (about.length === 0) return;
    await this.transfers.discard(idsOf(about));
    const left = ownTransfers(this.transfers.snapshot());
    const isLater = left.some(({ id, state }) => state === 'discarding' && wanted.has(id));
    // What OSS had completed by then is told as an upload.
    const done = new Set(idsOf(left.filter(({ state }) => state === 'completed')));
    const discarded = about.filter(({ id }) => !done.has(id));
    if (discarded.length === 0) return;
    vscode.window.setStatusBarMessage(
      `$(trash) ${discardedText(discarded, isLater, words)}`,
      DISCARDED_MS,
    );
  }

  /** Whether these may be discarded; asks when OSS has something of them. */
  async confirmDiscard(about: readonly TransferSnapshot[]): Promise<boolean> {
    const question = discardQuestion(about, words);
    return question === undefined || confirmLoss(question, l10n.t('Discard'));
  }

  /** Takes the file from where it was moved to. */
  async locate(transfer: TransferSnapshot | undefined): Promise<void> {
    if (transfer === undefined) return;
    const chosen = await vscode.window.showOpenDialog({
      title: l10n.t('Where is the file now?'),
      openLabel: l10n.t('Resume'),
      defaultUri: vscode.Uri.file(transfer.filePath),
      canSelectMany: false,
    });
    const [file] = chosen ?? [];
    if (file !== undefined) await this.transfers.relocate(transfer.id, file.fsPath);
  }

  /** Copies the addresses of the objects; says so when they are private. */
  async copyUrls(about: readonly UploadedObject[]): Promise<void> {
    await this.links.copyUrls(about);
    void this.attempt(this.links.warnIfPrivate(about));
  }

  /** The same for what was uploaded last, wherever the user is now. */
  async copyLastUrl(last: LastUpload): Promise<void> {
    const objects = await last.objects();
    if (objects.length > 0) return this.copyUrls(objects);
    await this.show(
      { text: l10n.t('No upload to copy a URL of.'), severity: 'information', actions: [] },
      [],
    );
  }

  /** Copies code, message, request id and all that helps to help; `loose` is of no transfer. */
  async copyError(about: readonly TransferSnapshot[], loose?: UploadError): Promise<void> {
    const texts = about.flatMap((transfer) =>
      transfer.error === undefined ? [] : [errorDetails(transfer.error, transfer)],
    );
    if (about.length === 0 && loose !== undefined) texts.push(errorDetails(loose));
    if (texts.length > 0) await copyText(texts.join('\n\n'), l10n.t('Error details copied'));
  }

  /** Opens the page that explains the failure. */
  async openHelp(error: UploadError | undefined): Promise<void> {
    const url = error?.helpUrl;
    if (url !== undefined) await vscode.env.openExternal(vscode.Uri.parse(url, true));
    // A failure without a page of its own still has its lines in the log.
    else await this.command('showLog');
  }

  private async resumeOne(transfer: TransferSnapshot): Promise<void> {
    // What was interrupted simply goes on, whatever ended it.
    const kind = transfer.state === 'interrupted' ? undefined : transfer.error?.kind;
    const region = regionOfEndpoint(transfer.error?.endpoint ?? '');
    if (isAboutCredentials(transfer)) return this.updateCredentials([transfer]);
    // It may be back: moved there again, or its drive mounted.
    if (kind === 'sourceMissing' && !(await exists(transfer.filePath))) {
      return this.locate(transfer);
    }
    if (kind === 'alreadyExists') return this.overwrite([transfer]);
    if (kind === 'wrongRegion' && region !== '') {
      return this.run({ kind: 'useRegion', region }, [transfer]);
    }
    return this.transfers.resume([transfer.id]);
  }

  private async overwrite(about: readonly TransferSnapshot[]): Promise<void> {
    if (!(await confirmLoss(overwriteQuestion(about, words), l10n.t('Overwrite')))) return;
    await this.transfers.resume(idsOf(about), { forbidOverwrite: false });
  }

  /** New credentials serve all that waits for them, not only what the message was about. */
  private async updateCredentials(about: readonly TransferSnapshot[]): Promise<void> {
    // Of which profile they were is not known here, and the command asks.
    if (about.length === 0) return this.command('setCredentials');
    const profiles = new Set(about.map((transfer) => transfer.target.profile));
    for (const profile of profiles) {
      if (!(await this.remedies.updateCredentials(profile))) continue;
      const stuck = ownTransfers(this.transfers.snapshot()).filter(
        (transfer) =>
          transfer.target.profile === profile &&
          isWaitingForUser(transfer) &&
          (isAboutCredentials(transfer) || about.some((other) => other.id === transfer.id)),
      );
      await this.transfers.resume(idsOf(stuck));
    }
  }

  private useDomain(target: UploadTarget, action: MessageAction): Promise<boolean> {
    const address = action.kind === 'useDomain' ? action.address : undefined;
    return this.remedies.useDomain(target, address);
  }

  /** One answer serves all files of the bucket, whatever batch they are of. */
  private waitingForDomain(bucket: string): readonly TransferSnapshot[] {
    return ownTransfers(this.transfers.snapshot()).filter(
      (transfer) =>
        transfer.target.bucket === bucket &&
        isWaitingForUser(transfer) &&
        transfer.error?.isAboutDomain === true,
    );
  }

  private async command(name: 'showTransfers' | 'showLog' | 'setCredentials'): Promise<void> {
    await vscode.commands.executeCommand(`ossUpload.${name}`);
  }
}

/**
 * Asks before something is lost that OSS has, or a list that took long to make. The first button is
 * the one that Enter presses, which may still be meant for the list before: like Escape, it keeps
 * everything.
 */
export async function confirmLoss(
  question: string,
  yes: string,
  detail?: string,
): Promise<boolean> {
  const keep = l10n.t('Keep');
  const options = { modal: true, ...(detail !== undefined && { detail }) };
  return (await vscode.window.showWarningMessage(question, options, keep, yes)) === yes;
}

function exists(filePath: string): Promise<boolean> {
  return Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(filePath))).then(
    () => true,
    () => false,
  );
}

function isDomainAction({ kind }: MessageAction): boolean {
  return kind === 'useDomain' || kind === 'chooseDomain' || kind === 'otherDomain';
}
