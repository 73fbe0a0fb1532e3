import * as vscode from 'vscode';

const TOLD_MS = 3000;

/** Copies a text and says so in the status bar: a toast would be too much for what was asked for. */
export async function copyText(text: string, told: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`$(check) ${told}`, TOLD_MS);
}
