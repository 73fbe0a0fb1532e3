import * as vscode from 'vscode';

import type { Disposable } from '../../engine/index';
import { setContext } from '../editor/commands';
import type { CredentialsStore } from './credentialsStore';
import type { DestinationMemory } from './destinationMemory';
import { knownDestination } from './knownDestination';
import type { Settings } from './settings';

/** Keeps the context keys about setting up: menus and the walkthrough depend on them. */
export class SetupContext implements Disposable {
  private readonly subscription: Disposable;

  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly credentials: CredentialsStore,
  ) {
    const update = (): void => {
      this.updateConfigured();
    };
    this.subscription = vscode.Disposable.from(
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
