import * as vscode from 'vscode';
import { redact } from '../../engine/index';
import type { Disposable, Logger } from '../../engine/index';

/**
 * The log as an output channel, whose level the user sets. Each message is one line without a secret.
 * The channel is made with its first line: the editor writes a file for it, and most windows upload
 * nothing.
 */
export class OutputLog implements Logger, Disposable {
  private made: vscode.LogOutputChannel | undefined;

  constructor(private readonly name: string) {}

  debug(message: string): void {
    this.channel.debug(redact(message));
  }

  info(message: string): void {
    this.channel.info(redact(message));
  }

  warn(message: string): void {
    this.channel.warn(redact(message));
  }

  error(message: string): void {
    this.channel.error(redact(message));
  }

  show(): void {
    this.channel.show();
  }

  dispose(): void {
    this.made?.dispose();
  }

  private get channel(): vscode.LogOutputChannel {
    this.made ??= vscode.window.createOutputChannel(this.name, { log: true });
    return this.made;
  }
}
