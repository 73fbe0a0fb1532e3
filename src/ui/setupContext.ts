import * as vscode from 'vscode';

import type { Disposable } from '../engine/index';
import type { ContextKey } from './commandIds';
import type { CredentialsStore } from './credentialsStore';
import type { DestinationMemory } from './destinationMemory';
import { knownDestination } from './knownDestination';
import type { Settings } from './settings';

/** Keeps the context keys about setting up: menus and the walkthrough depend on them. */
export class SetupContext implements Disposable {
  private readonly subscriptions: Disposable[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly credentials: CredentialsStore,
  ) {
    this.subscriptions.push(
      settings.onDidChange(() => {
        this.updateConfigured();
      }),
    );
    this.subscriptions.push(
      memory.onDidChange(() => {
        this.updateConfigured();
      }),
    );
    this.subscriptions.push(
      credentials.onDidChange(() => {
        void this.updateCredentials();
      }),
    );
    this.updateConfigured();
    setContext('hasStoredCredentials', memory.hasCredentials());
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
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

function setContext(key: ContextKey, value: boolean): void {
  void vscode.commands.executeCommand('setContext', `ossUpload.${key}`, value);
}
