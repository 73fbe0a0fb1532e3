import * as vscode from 'vscode';

import type { OssAccount } from '../account/ports';
import { UploadError, isAbortError, parsePartSize, validateTarget } from '../engine/index';
import type {
  BatchSnapshot,
  Logger,
  ObjectOptions,
  TransferSnapshot,
  Transfers,
  UploadRequest,
} from '../engine/index';
import { objectOf, withDistinctKeys } from './conflictPlan';
import type { Conflicts } from './conflicts';
import type { Destinations } from './destination';
import { settleDirtyDocuments } from './dirtyDocuments';
import { formatBytes, formatCount } from './format';
import { expandPrefix } from './keyNames';
import type { Destination } from './knownDestination';
import { withLateProgress } from './lateProgress';
import { actionLabel, describeError } from './messages';
import { alone, askPick } from './multiStep';
import { askObjectOptions } from './objectOptionsFlow';
import { isOnDisk, withoutChildren } from './selection';
import type { Settings } from './settings';
import type { UploadSettings } from './settingsSchema';
import { findSourceFiles } from './sourceFiles';
import type { SourceFile, SourceFiles } from './sourceFiles';
import type { TransferActions } from './transferActions';
import { fileName } from './transferFacts';
import type { UploadCallOptions, UploadCallResult } from './uploadApi';

const { l10n } = vscode;

/** From here on a folder is confirmed before it is sent. */
const MANY_FILES = 1000;
const MANY_BYTES = 10 * 1024 ** 3;

const NOTHING: UploadCallResult = { uploaded: [], failed: [] };

/** How an upload was asked for. */
export interface UploadCall {
  readonly options: UploadCallOptions;
  /** "Upload to OSS Location...": asks for place and options. */
  readonly isElsewhere: boolean;
}

/** What is sent, and what cannot be. */
interface Plan {
  readonly requests: readonly UploadRequest[];
  readonly failures: readonly UploadError[];
}

/** From chosen files to a running batch: every question is asked here, before anything is sent. */
export class UploadCommand {
  private hasToldRestricted = false;

  constructor(
    private readonly transfers: Transfers,
    private readonly account: OssAccount,
    private readonly settings: Settings,
    private readonly destinations: Destinations,
    private readonly conflicts: Conflicts,
    private readonly actions: TransferActions,
    private readonly logger: Logger,
  ) {}

  /** Uploads files and folders. Resolves when nothing is sent any more. */
  async upload(uris: readonly vscode.Uri[], call: UploadCall): Promise<UploadCallResult> {
    const roots = this.onDisk(withoutChildren(uris));
    if (roots.length === 0) return NOTHING;
    this.tellRestricted();
    try {
      const plan = await this.plan(roots, call);
      return plan === undefined ? NOTHING : await this.run(roots, plan);
    } catch (error) {
      const failure = UploadError.from(error);
      if (failure.kind === 'noSuchBucket') {
        if (await this.selectAnother(failure, roots)) return await this.upload(roots, call);
      } else {
        // The caller learns it from the result and the user from the message; a command that
        // rejects would only add the editor's own toast.
        void this.actions.attempt(Promise.reject(failure));
      }
      return { uploaded: [], failed: roots.map((root) => failedOf(failure, root)) };
    }
  }

  /** The palette's way in: the current file, or one that is looked for. */
  async askFiles(): Promise<readonly vscode.Uri[]> {
    const current = currentFile();
    const browse = Symbol('browse');
    const folders = Symbol('folders');
    const answer = await askPick<vscode.Uri | typeof browse | typeof folders>({
      place: alone(l10n.t('Upload to OSS')),
      placeholder: l10n.t('Choose what to upload'),
      choices: [
        ...(current === undefined
          ? []
          : [
              {
                label: `$(file) ${l10n.t('Current file')}`,
                description: fileName(current.fsPath),
                value: current,
              },
            ]),
        { label: `$(folder-opened) ${l10n.t('Browse files...')}`, value: browse },
        { label: `$(folder) ${l10n.t('Browse folders...')}`, value: folders },
      ],
    });
    if (answer.kind !== 'value') return [];
    if (answer.value !== browse && answer.value !== folders) return [answer.value];
    const chosen = await vscode.window.showOpenDialog({
      openLabel: l10n.t('Upload'),
      canSelectMany: true,
      // Windows and Linux show either files or folders in one dialog.
      canSelectFiles: answer.value === browse,
      canSelectFolders: answer.value === folders,
    });
    return chosen ?? [];
  }

  /** Sends files whose bucket was wrong to another one. False when the user chose none. */
  async sendElsewhere(about: readonly TransferSnapshot[]): Promise<boolean> {
    const [first] = about;
    if (first === undefined) {
      await this.destinations.selectCommand(undefined);
      return false;
    }
    const resource = vscode.Uri.file(first.filePath);
    const destination = await this.destinations.resolve(resource, { always: true, remember: true });
    if (destination === undefined) return false;
    const requests = about.map((transfer) => ({
      filePath: transfer.filePath,
      target: { ...targetOf(destination), key: transfer.target.key },
      options: this.uploadOptions(this.settings.forResource(resource), {}),
    }));
    const settled = await this.conflicts.settle(
      requests,
      this.settings.forResource(resource).ifExists,
    );
    if (settled === undefined) return false;
    await this.transfers.discard(about.map((transfer) => transfer.id));
    if (settled.length === 0) return true;
    await this.transfers.enqueue({
      label: labelOf([resource], settled.length),
      workspacePath: workspaceFolderPath(resource),
      requests: settled,
    });
    return true;
  }

  /** The bucket of the settings is gone: offers to choose another one. True when it was chosen. */
  private async selectAnother(error: UploadError, roots: readonly vscode.Uri[]): Promise<boolean> {
    const message = describeError(error, {}, { l10n, language: vscode.env.language });
    const select = actionLabel({ kind: 'selectBucket' }, l10n);
    const chosen = await vscode.window.showErrorMessage(message.text, select);
    if (chosen !== select) return false;
    const options = { always: true, remember: true };
    return (await this.destinations.resolve(roots[0], options)) !== undefined;
  }

  private async run(roots: readonly vscode.Uri[], plan: Plan): Promise<UploadCallResult> {
    this.tellFailures(plan.failures);
    const { requests, failures: held } = await this.leaveToOthers(plan.requests);
    this.tellHeld(held);
    const failed = [...plan.failures, ...held].map((failure) => failedOf(failure));
    if (requests.length === 0) return { uploaded: [], failed };
    const batchId = await this.transfers.enqueue({
      label: labelOf(roots, requests.length),
      workspacePath: workspaceFolderPath(roots[0]),
      requests,
    });
    return this.resultOf(await this.transfers.whenSettled(batchId), failed);
  }

  /** What another window is just sending stays with it: it neither fails nor waits here. */
  private async leaveToOthers(requests: readonly UploadRequest[]): Promise<Plan> {
    await this.transfers.refresh();
    const elsewhere = new Set(
      this.transfers
        .snapshot()
        .batches.filter((batch) => batch.isElsewhere)
        .flatMap((batch) => batch.transfers.map(objectOf)),
    );
    const isHeld = (request: UploadRequest): boolean => elsewhere.has(objectOf(request));
    return {
      requests: requests.filter((request) => !isHeld(request)),
      failures: requests.filter(isHeld).map(({ filePath, target: { bucket, key } }) =>
        new UploadError('heldElsewhere', `${key} is being uploaded in another window`, {
          code: 'HeldElsewhere',
        }).with({ sourcePath: filePath, bucket, key }),
      ),
    };
  }

  /** Every question, in order. Undefined when the user left at one of them. */
  private async plan(roots: readonly vscode.Uri[], call: UploadCall): Promise<Plan | undefined> {
    const places = await this.findPlaces(roots, call);
    if (places === undefined) return undefined;
    const firstPlace = places.get(placeKey(roots[0]));
    if (firstPlace === undefined) return undefined;
    const place = `oss://${firstPlace.bucket}/${firstPlace.prefix}`;
    const object = call.isElsewhere ? await askObjectOptions(place) : (call.options.object ?? {});
    if (object === undefined) return undefined;
    if (!(await settleDirtyDocuments(roots.map((root) => root.fsPath)))) return undefined;
    const found = await this.findFiles(roots);
    if (found === undefined) return undefined;
    if (!(await confirmMany(found, place))) return undefined;
    const { requests, failures } = this.requestsOf(found, roots, places, object);
    const ifExists = call.options.ifExists ?? this.settings.forResource(roots[0]).ifExists;
    const settled = await this.conflicts.settle(requests, ifExists);
    return settled && { requests: settled, failures: [...found.failures, ...failures] };
  }

  /** One destination per workspace folder: each has its own settings. */
  private async findPlaces(
    roots: readonly vscode.Uri[],
    call: UploadCall,
  ): Promise<ReadonlyMap<string, Destination> | undefined> {
    const places = new Map<string, Destination>();
    for (const root of roots) {
      const key = placeKey(root);
      if (places.has(key)) continue;
      const first = [...places.values()][0];
      const destination = call.isElsewhere
        ? // "Location" means one place for all that was chosen.
          (first ?? (await this.destinations.resolve(root, { always: true, remember: false })))
        : await this.destinations.named(root, call.options);
      if (destination === undefined) return undefined;
      places.set(key, destination);
    }
    return places;
  }

  private async findFiles(roots: readonly vscode.Uri[]): Promise<SourceFiles | undefined> {
    const { language } = vscode.env;
    const rootOf = new Map(roots.map((root) => [root.fsPath, root]));
    const found = await withLateProgress(l10n.t('Looking for files…'), (report, signal) =>
      findSourceFiles([...rootOf.keys()], {
        signal,
        exclude: (rootPath) => this.settings.forResource(rootOf.get(rootPath)).exclude,
        onFound: (folder, n) => {
          report(l10n.t('Scanning {folder}… {n} files', { folder, n: formatCount(n, language) }));
        },
      }),
    );
    if (found === undefined) return undefined;
    const left = `excluded=${found.excluded} links=${found.skippedLinks}`;
    this.logger.info(
      `found ${found.files.length} files, ${left} emptyFolders=${found.emptyFolders} unreadable=${found.failures.length}`,
    );
    if (found.files.length === 0 && found.failures.length === 0) {
      void vscode.window.showInformationMessage(
        l10n.t('There is no file to upload: the folder is empty, or all of it is excluded.'),
      );
      return undefined;
    }
    return found;
  }

  private requestsOf(
    found: SourceFiles,
    roots: readonly vscode.Uri[],
    places: ReadonlyMap<string, Destination>,
    object: ObjectOptions,
  ): Plan {
    const requests: UploadRequest[] = [];
    const failures: UploadError[] = [];
    const now = new Date();
    const contexts = new Map(
      roots.flatMap((root) => {
        const destination = places.get(placeKey(root));
        if (destination === undefined) return [];
        const options = this.uploadOptions(this.settings.forResource(root), object);
        const prefix = expandPrefix(destination.prefix, {
          filePath: root.fsPath,
          workspaceFolderPath: workspaceFolderPath(root),
          now,
        });
        return [[root.fsPath, { target: targetOf(destination), options, prefix }] as const];
      }),
    );
    for (const file of found.files) {
      const context = contexts.get(file.rootPath);
      if (context === undefined) continue;
      const request = {
        filePath: file.filePath,
        target: { ...context.target, key: `${context.prefix}${file.name}` },
        options: context.options,
      };
      const failure = refusalOf(request);
      if (failure === undefined) requests.push(request);
      else failures.push(failure);
    }
    return { requests: withDistinctKeys(requests), failures };
  }

  private uploadOptions(settings: UploadSettings, object: ObjectOptions): UploadRequest['options'] {
    return {
      partSizeBytes: parsePartSize(settings.partSize),
      parallel: settings.parallel,
      forbidOverwrite: true,
      object,
    };
  }

  private async resultOf(
    batch: BatchSnapshot,
    failed: UploadCallResult['failed'],
  ): Promise<UploadCallResult> {
    const uploaded = [];
    const stopped = [...failed];
    for (const transfer of batch.transfers) {
      const uri = vscode.Uri.file(transfer.filePath);
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
    if (usable.length < uris.length) {
      void vscode.window.showWarningMessage(
        l10n.t('Only files on a disk of this computer or of the remote computer can be uploaded.'),
      );
    }
    return usable;
  }

  private tellRestricted(): void {
    if (vscode.workspace.isTrusted || this.hasToldRestricted) return;
    this.hasToldRestricted = true;
    void vscode.window.showInformationMessage(
      l10n.t('Workspace settings for OSS are ignored until you trust this folder.'),
    );
  }

  private tellHeld(held: readonly UploadError[]): void {
    const [first] = held;
    if (first === undefined) return;
    const words = { l10n, language: vscode.env.language };
    const message = describeError(first, { count: held.length }, words);
    void this.actions.attempt(this.actions.show(message, []));
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
    const words = { l10n, language: vscode.env.language };
    const message = describeError(first, { filePath: first.sourcePath }, words);
    const names = failures.slice(0, 3).map((failure) => fileName(failure.sourcePath ?? ''));
    const text =
      failures.length === 1
        ? message.text
        : l10n.t('{n} files cannot be uploaded: {names}. {reason}', {
            n: formatCount(failures.length, words.language),
            names: failures.length > names.length ? `${names.join(', ')}, …` : names.join(', '),
            reason: message.text,
          });
    // Nothing was begun, so there is nothing to resume or to discard.
    const shown = { ...message, text, actions: [{ kind: 'showLog' } as const] };
    void this.actions.attempt(this.actions.show(shown, []));
  }
}

/** Why a request cannot be sent, before anything is. */
function refusalOf(request: UploadRequest): UploadError | undefined {
  try {
    validateTarget(request.target);
    return undefined;
  } catch (error) {
    if (isAbortError(error)) throw error;
    const { bucket, key } = request.target;
    return UploadError.from(error).with({ sourcePath: request.filePath, bucket, key });
  }
}

async function confirmMany(found: SourceFiles, place: string): Promise<boolean> {
  const sizeBytes = sumBytes(found.files);
  const isMany = found.files.length > MANY_FILES || sizeBytes > MANY_BYTES;
  // A single large file is just what the user clicked on.
  if (!isMany || found.files.length === 1) return true;
  const { language } = vscode.env;
  const n = formatCount(found.files.length, language);
  const answer = await askPick<boolean>({
    place: alone(l10n.t('Upload {n} files?', { n })),
    placeholder: l10n.t('{n} files, {size}, to {place}', {
      n,
      size: formatBytes(sizeBytes, language),
      place,
    }),
    choices: [
      {
        label: `$(cloud-upload) ${l10n.t('Upload')}`,
        description:
          found.excluded === 0
            ? ''
            : l10n.t('{n} excluded', { n: formatCount(found.excluded, language) }),
        value: true,
      },
      { label: `$(close) ${l10n.t('Cancel')}`, value: false },
    ],
  });
  return answer.kind === 'value' && answer.value;
}

function sumBytes(files: readonly SourceFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}

function targetOf({ bucket, region, profile }: Destination): {
  bucket: string;
  region: string;
  profile: string;
} {
  return { bucket, region, profile };
}

function failedOf(error: UploadError, root?: vscode.Uri): UploadCallResult['failed'][number] {
  const uri = root ?? vscode.Uri.file(error.sourcePath ?? '');
  return { uri: uri.toString(), code: error.code, message: error.message };
}

function labelOf(roots: readonly vscode.Uri[], files: number): string {
  const [only, ...others] = roots;
  if (only !== undefined && others.length === 0) return fileName(only.fsPath);
  return l10n.t('{n} files', { n: formatCount(files, vscode.env.language) });
}

function workspaceFolderPath(resource: vscode.Uri | undefined): string {
  const folder = resource && vscode.workspace.getWorkspaceFolder(resource);
  return folder?.uri.fsPath ?? '';
}

/** Files with the same settings share a destination. */
function placeKey(resource: vscode.Uri | undefined): string {
  return workspaceFolderPath(resource);
}

/** The file of the active tab, whatever kind of editor shows it. */
function currentFile(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputText ||
    input instanceof vscode.TabInputCustom ||
    input instanceof vscode.TabInputNotebook
      ? input.uri
      : vscode.window.activeTextEditor?.document.uri;
  return uri !== undefined && isOnDisk(uri) ? uri : undefined;
}
