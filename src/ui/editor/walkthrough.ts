import * as vscode from 'vscode';

import { setContext } from './commands';

/**
 * Says that a walkthrough may be open. Its steps wait for that beside what they are about: the editor
 * may read them only when the first walkthrough opens, and ticks nothing that was true before.
 */
export function watchWalkthrough(): vscode.Disposable {
  const { tabGroups } = vscode.window;
  const look = (): void => {
    // A page of the editor's own is of no kind that extensions know.
    const isOpen = tabGroups.all.some(({ tabs }) => tabs.some(({ input }) => input === undefined));
    if (isOpen) setContext('hasWalkthrough', true);
  };
  look();
  return tabGroups.onDidChangeTabs(look);
}
