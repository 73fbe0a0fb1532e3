import * as vscode from 'vscode';

import type { Disposable } from '../../engine/index';
import { resourceOf, setContext } from '../editor/commands';
import { folderLabel } from '../text/transferFacts';
import type { CredentialsStore } from './credentialsStore';
import type { DestinationMemory } from './destinationMemory';
import { knownDestination } from './knownDestination';
import type { Settings } from './settings';

/**
 * Keeps what is known about setting up: the context keys that menus and the walkthrough depend on,
 * and the place uploads go to.
 */
export class SetupContext implements Disposable {
  private readonly subscription: Disposable;
  private readonly placeChanged = new vscode.EventEmitter<void>();

  /** {@link place} changed. */
  readonly onDidChangePlace = this.placeChanged.event;

  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly credentials: CredentialsStore,
  ) {
    const update = (): void => {
      this.updateConfigured();
      this.placeChanged.fire();
    };
    this.subscription = vscode.Disposable.from(
      this.placeChanged,
      vscode.window.onDidChangeActiveTextEditor(update),
      settings.onDidChange(update),
      memory.onDidChange(update),
      credentials.onDidChange(() => {
        void this.updateCredentials();
      }),
    );
    this.updateConfigured();
    setContext('hasStoredCredentials', memory.hasCredentials());
  }

  dispose(): void {
    this.subscription.dispose();
  }

  /** Where an upload goes now, as `bucket/folder`; '' as long as that would be asked. */
  get place(): string {
    const settings = this.settings.forResource(resourceOf(undefined));
    const known = knownDestination(settings, this.memory);
    return known === undefined ? '' : folderLabel({ bucket: known.bucket, key: known.prefix });
  }

  private updateConfigured(): void {
    const resource = vscode.workspace.workspaceFolders?.[0]?.uri;
    const known = knownDestination(this.settings.forResource(resource), this.memory);
    setContext('configured', known !== undefined);
  }

  private async updateCredentials(): Promise<void> {
    const hasCredentials = (await this.credentials.profiles()).length > 0;
    await this.memory.rememberCredentials(hasCredentials);
    setContext('hasStoredCredentials', hasCredentials);
  }
}
