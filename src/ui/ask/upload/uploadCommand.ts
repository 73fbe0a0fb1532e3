import * as vscode from 'vscode';

import type { OssAccount } from '../../../account';
import { RequestList, UploadError } from '../../../engine/index';
import type {
  BatchSnapshot,
  Logger,
  TransferSnapshot,
  Transfers,
  UploadRequest,
  UploadTarget,
} from '../../../engine/index';
import type { Conflicts } from './conflicts';
import { objectOf } from './conflictsModel';
import type { Destinations } from '../setup/destination';
import { saveDirtyDocuments } from './dirtyDocuments';
import { l10n, language, words } from '../../editor/editorWords';
import { formatCount } from '../../text/format';
import { actionLabel } from '../../text/buttons';
import type { FailureContext } from '../../text/failures';
import { describeError } from '../../text/messages';
import { plainText } from '../../text/plainText';
import { isOnDisk, withoutChildren } from './selection';
import type { Settings } from '../../settings/settings';
import type { IfExists, UploadSettings } from '../../settings/settingsModel';
import type { TransferActions } from '../../actions/transferActions';
import { fileName, idsOf } from '../../text/transferFacts';
import { NOTHING_UPLOADED } from './uploadApi';
import type { UploadCallResult } from './uploadApi';
import { UploadPlanner, planOf } from './uploadPlan';
import type { Survey, UploadCall, UploadPlan } from './uploadPlan';
import { nothingSentText, someOf } from './uploadPlanModel';
import { batchOf, heldError, targetAt, uploadOptions, workspaceFolderPath } from './uploadRequests';

/** From chosen files to a running batch, and to what became of it. */
export class UploadCommand {
  /** Finds the files, and where they go. */
  readonly planner: UploadPlanner;
  private hasToldRestricted = false;

  constructor(
    private readonly transfers: Transfers,
    private readonly account: OssAccount,
    private readonly settings: Settings,
    private readonly destinations: Destinations,
    private readonly conflicts: Conflicts,
    private readonly actions: TransferActions,
    /** How many files were left out of a batch because they exist, by its id. */
    private readonly skipped: Map<string, number>,
    /** How many files were left out of a batch because OSS has their bytes, by its id. */
    private readonly unchanged: Map<string, number>,
    private readonly logger: Logger,
  ) {
    this.planner = new UploadPlanner(settings, destinations, conflicts, logger);
  }

  /** Uploads files and folders. Resolves when nothing is sent any more. */
  async upload(uris: readonly vscode.Uri[], call: UploadCall): Promise<UploadCallResult> {
    const roots = this.onDisk(withoutChildren(uris));
    if (roots.length === 0) return NOTHING_UPLOADED;
    this.tellRestricted();
    try {
      const plan = await this.planner.plan(roots, call);
      return plan === undefined ? NOTHING_UPLOADED : await this.run(roots, plan, call.isOfMenu);
    } catch (error) {
      const failure = UploadError.from(error);
      // A bucket that the caller named stays what it is: there may be no user to choose another.
      if (failure.kind === 'noSuchBucket' && call.options.bucket === undefined) {
        if (await this.selectAnother(failure, roots)) return await this.upload(roots, call);
      } else {
        // The caller learns it from the result and the user from the message; a command that
        // rejects would only add the editor's own toast.
        this.actions.tell(failure, contextOf(roots));
      }
      const failed = roots.map((root) => failedOf(failure, root));
      return { ...NOTHING_UPLOADED, failed };
    }
  }

  /** What {@link upload} would send, and where to. Rejects when some of it cannot be read. */
  survey(uris: readonly vscode.Uri[], call: UploadCall, signal: AbortSignal): Promise<Survey> {
    return this.planner.survey(withoutChildren(uris), call, signal);
  }

  /** Sends files whose bucket was wrong to another one. False when the user chose none. */
  async sendElsewhere(about: readonly TransferSnapshot[]): Promise<boolean> {
    const [first] = about;
    if (first === undefined) {
      await this.destinations.selectCommand(undefined);
      return false;
    }
    const resource = vscode.Uri.file(first.filePath);
    // Objects keep their keys: a folder that is chosen here would be one for other files.
    const asked = { always: true, remember: true, bucketOnly: true };
    const destination = await this.destinations.resolve(resource, asked);
    if (destination === undefined) return false;
    return this.sendInstead(about, (target) => targetAt(destination, target.key));
  }

  /** Sends files whose objects may not be replaced under names that are free. */
  async keepBoth(about: readonly TransferSnapshot[]): Promise<boolean> {
    return this.sendInstead(about, (target) => target, 'rename');
  }

  /** In place of these. False when the user left. */
  private async sendInstead(
    about: readonly TransferSnapshot[],
    targetOf: (before: UploadTarget) => UploadTarget,
    ifExists?: IfExists,
  ): Promise<boolean> {
    const plan = await this.planAgain(about, targetOf, ifExists);
    if (plan === undefined) return false;
    // What a bucket that is gone had of them is gone with it.
    const left = about.filter(({ error }) => error?.kind !== 'noSuchBucket');
    if (!(await this.actions.confirmDiscard(left))) return false;
    await this.transfers.discard(idsOf(about));
    await this.begin(rootsOf(about), plan);
    return true;
  }

  /** Uploads finished files again to the same objects, which are there: the user says what then. */
  async again(about: readonly TransferSnapshot[]): Promise<void> {
    if (!(await saveDirtyDocuments(about.map(({ filePath }) => filePath)))) return;
    const plan = await this.planAgain(about, (target) => target);
    if (plan !== undefined) await this.begin(rootsOf(about), plan);
  }

  /**
   * The same files with the same properties of their objects, as far as these are known, each by the
   * settings of its workspace folder. Undefined when the user left.
   */
  private async planAgain(
    about: readonly TransferSnapshot[],
    targetOf: (before: UploadTarget) => UploadTarget,
    ifExists?: IfExists,
  ): Promise<UploadPlan | undefined> {
    // The editor is slow to tell them, and there may be thousands of files.
    const known = new Map<string, UploadSettings>();
    const requests = about.map(({ filePath, target, object = {} }) => {
      const resource = vscode.Uri.file(filePath);
      const folder = workspaceFolderPath(resource);
      const settings = known.get(folder) ?? this.settings.forResource(resource);
      known.set(folder, settings);
      return {
        filePath,
        target: targetOf(target),
        options: uploadOptions(settings, object),
        ifExists: ifExists ?? settings.ifExists,
      };
    });
    const answered = await this.conflicts.resolve(requests, (request) => request.ifExists);
    return answered && planOf(requests, answered);
  }

  /** The bucket of the settings is gone: offers to choose another one. True when it was chosen. */
  private async selectAnother(error: UploadError, roots: readonly vscode.Uri[]): Promise<boolean> {
    const select = actionLabel({ kind: 'selectBucket' }, l10n);
    const { text } = describeError(error, contextOf(roots), words);
    const chosen = await vscode.window.showErrorMessage(plainText(text), select);
    if (chosen !== select) return false;
    const options = { always: true, remember: true };
    // Each workspace folder has a bucket of its own.
    const about = roots.find((root) => this.destinations.known(root)?.bucket === error.bucket);
    return (await this.destinations.resolve(about ?? roots[0], options)) !== undefined;
  }

  private async run(
    roots: readonly vscode.Uri[],
    plan: UploadPlan,
    isOfMenu = false,
  ): Promise<UploadCallResult> {
    const { requests, failures, unchanged } = plan;
    this.tellFailures(failures);
    const { batchId, held } = await this.begin(roots, plan);
    const failed = [...failures, ...held].map((failure) => failedOf(failure));
    if (batchId === undefined) return { uploaded: [], failed, unchanged };
    const batch = await this.transfers.whenSettled(batchId);
    if (isOfMenu) return { uploaded: [], failed, unchanged };
    return { ...(await this.resultOf(batch, requests, failed)), unchanged };
  }

  /**
   * Starts what a plan sends, or says why that is nothing; and says which of them another window
   * holds: those neither fail nor wait here.
   */
  private async begin(
    roots: readonly vscode.Uri[],
    { requests, failures, leftOut, skipped, unchanged }: UploadPlan,
  ): Promise<{ readonly batchId: string | undefined; readonly held: readonly UploadError[] }> {
    if (requests.length === 0) {
      if (failures.length === 0) tellNothingSent(leftOut, unchanged);
      return { batchId: undefined, held: [] };
    }
    const { batchId, held } = await this.transfers.enqueue(batchOf(roots, requests));
    const errors = held.map(heldError);
    if (held.length > 0) void this.actions.attempt(this.tellHeld(roots, held, errors));
    if (batchId !== undefined && skipped > 0) this.skipped.set(batchId, skipped);
    if (batchId !== undefined && unchanged > 0) this.unchanged.set(batchId, unchanged);
    return { batchId, held: errors };
  }

  private async resultOf(
    batch: BatchSnapshot,
    requests: Iterable<UploadRequest>,
    failed: UploadCallResult['failed'],
  ): Promise<Omit<UploadCallResult, 'unchanged'>> {
    const uploaded = [];
    const stopped = [...failed];
    const asked = new Map(Array.from(requests, (request) => [objectOf(request), request.filePath]));
    for (const transfer of batch.transfers) {
      // The path that the caller knows, not the one that a link leads to.
      const uri = vscode.Uri.file(asked.get(objectOf(transfer)) ?? transfer.filePath);
      if (transfer.state === 'completed') {
        const { urlBase } = this.settings.forResource(uri);
        const url = await this.account.objectUrl(transfer.target, urlBase);
        uploaded.push({ uri: uri.toString(), url });
      } else {
        const code = transfer.error?.code ?? transfer.state;
        const message = transfer.error?.message ?? `upload is ${transfer.state}`;
        stopped.push({ uri: uri.toString(), code, message });
      }
    }
    return { uploaded, failed: stopped };
  }

  private onDisk(uris: readonly vscode.Uri[]): readonly vscode.Uri[] {
    const usable = uris.filter(isOnDisk);
    const [first, ...others] = uris.filter((uri) => !isOnDisk(uri));
    if (first !== undefined) {
      const n = formatCount(others.length + 1, language);
      const verdict =
        others.length === 0
          ? l10n.t('{name} was not uploaded.', { name: fileName(first.path) })
          : l10n.t('{n} files were not uploaded.', { n });
      const reason = l10n.t(
        'Only files on a disk of this computer or of the remote computer can be uploaded.',
      );
      void vscode.window.showWarningMessage(
        plainText(l10n.t('{verdict} {reason}', { verdict, reason })),
      );
    }
    return usable;
  }

  private tellRestricted(): void {
    if (vscode.workspace.isTrusted || this.hasToldRestricted) return;
    this.hasToldRestricted = true;
    const manage = l10n.t('Manage Trust');
    const text = l10n.t('Workspace settings for OSS are ignored until you trust this folder.');
    // Not awaited: a toast may stay for hours.
    void this.actions.attempt(
      Promise.resolve(vscode.window.showInformationMessage(text, manage)).then(async (chosen) => {
        if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
      }),
    );
  }

  /** The other window may have closed by the time the user answers: then it goes on here. */
  private async tellHeld(
    roots: readonly vscode.Uri[],
    held: readonly UploadRequest[],
    errors: readonly UploadError[],
  ): Promise<void> {
    const [first] = errors;
    if (first === undefined) return;
    const message = describeError(first, { count: held.length }, words);
    const action = await this.actions.show(message, []);
    if (action?.kind === 'retry') {
      const requests = RequestList.of(held);
      await this.run(roots, { requests, failures: [], leftOut: [], skipped: 0, unchanged: 0 });
    }
  }

  /** One message for all that was left out; the log names each. */
  private tellFailures(failures: readonly UploadError[]): void {
    const [first] = failures;
    if (first === undefined) return;
    for (const failure of failures) {
      this.logger.error(
        `not uploaded: ${failure.sourcePath ?? ''} ${failure.kind} ${failure.code}`,
      );
    }
    const message = describeError(
      first,
      { filePath: first.sourcePath, hasVerdict: failures.length > 1 },
      words,
    );
    const text =
      failures.length === 1
        ? message.text
        : l10n.t('{n} files cannot be uploaded: {names}. {reason}', {
            n: formatCount(failures.length, language),
            names: someOf(failures.map((failure) => fileName(failure.sourcePath ?? ''))),
            reason: message.text,
          });
    // Nothing was begun, so there is nothing to resume or to discard.
    const actions = [
      ...message.actions.filter((action) => action.kind === 'openSettings'),
      { kind: 'showLog' } as const,
    ];
    const shown = { ...message, text, actions };
    void this.actions.attempt(this.actions.show(shown, []));
  }
}

/** A setting may have skipped all of it, and then nothing else would show that it was looked at. */
function tellNothingSent(leftOut: readonly UploadRequest[], unchanged: number): void {
  const text = nothingSentText(leftOut, unchanged, words);
  if (unchanged > 0) void vscode.window.showInformationMessage(plainText(text));
  else vscode.window.setStatusBarMessage(text, 5000);
}

function rootsOf(about: readonly TransferSnapshot[]): vscode.Uri[] {
  return about.map(({ filePath }) => vscode.Uri.file(filePath));
}

/** What a failure before anything is sent is about. */
function contextOf(roots: readonly vscode.Uri[]): FailureContext {
  return { filePath: roots[0]?.fsPath, count: roots.length };
}

function failedOf(error: UploadError, root?: vscode.Uri): UploadCallResult['failed'][number] {
  const uri = root ?? vscode.Uri.file(error.sourcePath ?? '');
  return { uri: uri.toString(), code: error.code, message: error.message };
}
