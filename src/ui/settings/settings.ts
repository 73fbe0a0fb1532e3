import * as vscode from 'vscode';

import { shownValue } from '../../engine/index';
import type { Disposable, Logger } from '../../engine/index';
import { l10n } from '../editor/editorWords';
import {
  readUploadSettings,
  readWindowSettings,
  refusalOf,
  SECTION,
  settingProblemText,
} from './settingsModel';
import type {
  DecisiveSetting,
  Read,
  SettingProblem,
  UploadSettings,
  WindowSettings,
} from './settingsModel';

/** A setting that this extension writes. */
type WritableSetting = 'bucket' | 'region' | 'prefix' | 'completionMessage';

/** The user's settings as they are at each use, so that a change counts from the next upload on. */
export class Settings implements Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  /** What was found wrong, by key and value: each is told once. */
  private readonly found = new Set<string>();
  /** Of these, what waits until the settings are used or changed; undefined from then on. */
  private untold: SettingProblem[] | undefined = [];
  /** Those of the window, until one changes: they are asked for at each change of a transfer. */
  private ofWindow: Read<WindowSettings> | undefined;
  /** See {@link isStrictAboutCertificates}, which each request asks for. */
  private isStrict: boolean | undefined;

  readonly onDidChange = this.changed.event;

  constructor(private readonly logger: Logger) {
    this.subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('http.proxyStrictSSL')) this.isStrict = undefined;
      if (!event.affectsConfiguration(SECTION)) return;
      this.ofWindow = undefined;
      // Problems that nobody was told of yet may be mended by this change: the next reading finds
      // those that are left.
      if (this.untold !== undefined) this.found.clear();
      this.untold = undefined;
      this.changed.fire();
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  /**
   * From now on each setting that cannot be used is told, and those found before: not at the start
   * of the editor, where nobody uploads and a repository may have written them by the dozen.
   */
  tellProblems(): void {
    const waiting = this.untold ?? [];
    this.untold = undefined;
    for (const problem of waiting) this.tell(problem);
  }

  /** Settings of the workspace folder the resource lies in. */
  forResource(resource: vscode.Uri | undefined): UploadSettings {
    return this.accept(readOf(resource)).value;
  }

  /**
   * Throws `invalidArgument` when one of these settings has a value that cannot be used, before
   * files go to another place than the user wrote.
   */
  assertUsable(
    names: readonly Exclude<DecisiveSetting, 'endpoint' | 'bucketEndpoints'>[],
    resource: vscode.Uri | undefined,
  ): void {
    const refusal = refusalOf(readOf(resource).problems, names);
    if (refusal !== undefined) throw refusal;
  }

  /** Settings of the window and the machine. */
  forWindow(): WindowSettings {
    return this.readWindow().value;
  }

  /**
   * The network route: of all buckets, and of single ones. Throws `invalidArgument` when it is
   * written wrong: no other is taken.
   */
  route(): Pick<WindowSettings, 'endpoint' | 'bucketEndpoints' | 'signatureVersion'> {
    const { value, problems } = this.readWindow();
    const refusal = refusalOf(problems, ['endpoint', 'bucketEndpoints']);
    if (refusal !== undefined) throw refusal;
    return value;
  }

  /** Whether certificates have to be trusted: the editor's own setting, and no workspace's. */
  isStrictAboutCertificates(): boolean {
    if (this.isStrict === undefined) {
      const found = vscode.workspace.getConfiguration('http').inspect<boolean>('proxyStrictSSL');
      this.isStrict = found?.globalValue !== false;
    }
    return this.isStrict;
  }

  /** Whether this setting has a value at any level that counts. */
  isSet(name: WritableSetting, resource: vscode.Uri | undefined): boolean {
    const found = configurationOf(resource).inspect(name);
    const ofWorkspace = [found?.workspaceValue, found?.workspaceFolderValue];
    const values = [found?.globalValue, ...(vscode.workspace.isTrusted ? ofWorkspace : [])];
    return values.some((value) => value !== undefined && value !== '');
  }

  /** Whether it is the workspace that names this bucket, whose files others may have written. */
  isBucketOfWorkspace(bucket: string, resource: vscode.Uri | undefined): boolean {
    const found = configurationOf(resource).inspect<unknown>('bucket');
    const written = found?.workspaceFolderValue ?? found?.workspaceValue;
    return typeof written === 'string' && written.trim() === bucket;
  }

  /** Writes settings of the workspace; those of the user when no workspace is open. */
  async saveToWorkspace(
    values: Partial<Record<WritableSetting, string>>,
    resource: vscode.Uri | undefined,
  ): Promise<void> {
    const hasWorkspace = (vscode.workspace.workspaceFolders ?? []).length > 0;
    for (const [name, value] of Object.entries(values)) {
      // One after the other: two writers of one settings file would overwrite each other.
      await write(name as WritableSetting, value, resource, hasWorkspace);
    }
  }

  /** Writes a setting where it came from; nothing when it was not set. */
  async rewrite(
    name: WritableSetting,
    value: string,
    resource: vscode.Uri | undefined,
  ): Promise<void> {
    if (!this.isSet(name, resource)) return;
    const found = configurationOf(resource).inspect(name);
    const values = [found?.workspaceFolderValue, found?.workspaceValue];
    await write(
      name,
      value,
      resource,
      values.some((written) => written !== undefined),
    );
  }

  /** Writes settings of the user. */
  async saveForUser(values: Partial<Record<WritableSetting, string>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) {
      await configurationOf(undefined).update(name, value, vscode.ConfigurationTarget.Global);
    }
  }

  private readWindow(): Read<WindowSettings> {
    if (this.ofWindow === undefined) {
      const configuration = configurationOf(undefined);
      this.ofWindow = this.accept(readWindowSettings((name) => configuration.get(name)));
    }
    return this.ofWindow;
  }

  private accept<T>(read: Read<T>): Read<T> {
    for (const problem of read.problems) {
      // A repository may have written it, at any length.
      const identity = `${problem.key} ${shownValue(problem.value)}`;
      if (this.found.has(identity)) continue;
      this.found.add(identity);
      if (this.untold === undefined) this.tell(problem);
      else this.untold.push(problem);
    }
    return read;
  }

  private tell(problem: SettingProblem): void {
    this.logger.warn(`setting not used: ${problem.key} ${shownValue(problem.value)}`);
    const open = l10n.t('Open Settings');
    void vscode.window
      .showWarningMessage(settingProblemText(problem, l10n), open)
      .then((chosen) => {
        if (chosen === open) {
          void vscode.commands.executeCommand('workbench.action.openSettings', problem.key);
        }
      });
  }
}

function configurationOf(resource: vscode.Uri | undefined): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(SECTION, resource ?? null);
}

function readOf(resource: vscode.Uri | undefined): Read<UploadSettings> {
  const configuration = configurationOf(resource);
  return readUploadSettings((name) => configuration.get(name));
}

async function write(
  name: WritableSetting,
  value: string,
  resource: vscode.Uri | undefined,
  isOfWorkspace: boolean,
): Promise<void> {
  const configuration = configurationOf(resource);
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  // The folder's own settings where it has them, because they would hide those of the workspace.
  const isOfFolder = configuration.inspect(name)?.workspaceFolderValue !== undefined;
  const target = isOfFolder ? WorkspaceFolder : Workspace;
  await configuration.update(name, value, isOfWorkspace ? target : Global);
}
