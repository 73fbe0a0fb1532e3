import * as vscode from 'vscode';

const TOLD_MS = 3000;

/** Copies a text and says so in the status bar: who asked for it needs no toast. */
export async function copyText(text: string, told: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`$(check) ${told}`, TOLD_MS);
}
