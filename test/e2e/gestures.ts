/** What several spec files do in a window, and what they look at, beyond the workbench itself. */
import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import type { Workbench } from '../../scripts/editor/workbench';
import { OUT } from '../../scripts/paths';
import { until } from '../../scripts/processes';
import type { Hold } from '../oss-server/holds';
import { ACCESS_KEY, BUCKET, TOOLTIPS, expect } from './session';
import type { Session } from './session';

/** The item of the explorer's menu. */
export const MENU_ITEM = 'Upload to OSS (resumable)';

/** A picture for whoever reviews the looks: `out/shots/<name>.png`. */
export async function shot(window: Workbench, name: string): Promise<void> {
  const folder = path.join(OUT, 'shots');
  fs.mkdirSync(folder, { recursive: true });
  await window.page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** What is on the clipboard. */
export function clipboard(window: Workbench): Promise<string> {
  return window.page.evaluate<string>('navigator.clipboard.readText()');
}

/**
 * The notification of what runs: the newest, because the workbench keeps each for 800 ms at least,
 * and that of a short upload before may still be there.
 */
export function progress(window: Workbench): Locator {
  return window.notification(/^Uploading to /).first();
}

/** Opens the view of the uploads; its rows are then {@link uploadRow}. */
export async function showUploads(window: Workbench): Promise<void> {
  await window.command('OSS: Show Uploads');
  await window.treeRows('OSS Uploads').first().waitFor();
}

/** Selects two files of the explorer. */
export async function selectFiles(window: Workbench, first: string, second: string): Promise<void> {
  await window.file(first).click();
  await window.file(second).click({ modifiers: ['ControlOrMeta'] });
  for (const name of [first, second]) {
    await expect(window.file(name)).toHaveClass(/\bselected\b/);
  }
}

/** The row of a file in the view. */
export function uploadRow(window: Workbench, name: string): Locator {
  return window.treeRows('OSS Uploads').filter({ hasText: name });
}

/** The tooltip of something that has this text. From then on the window shows all tooltips. */
export async function tooltipOf(session: Session, target: Locator, text: string): Promise<Locator> {
  await session.changeSettings(TOOLTIPS);
  const { page } = session.window;
  const tooltip = page.locator('.monaco-hover:visible').filter({ hasText: text }).first();
  // A row that is drawn anew takes it away.
  await expect(async () => {
    await page.mouse.move(1, 1);
    await target.hover();
    await expect(tooltip).toBeVisible({ timeout: 2000 });
  }).toPass();
  return tooltip;
}

/** Presses an icon of a row, which is there while the pointer is on the row. */
export async function pressInRow(row: Locator, button: string): Promise<void> {
  await until(`${button} on a row`, async () => {
    try {
      await row.hover({ timeout: 3000 });
      await row.getByRole('button', { name: button }).click({ timeout: 3000 });
      return true;
    } catch {
      // A view that is drawn anew has put another row under the pointer.
      return false;
    }
  });
}

/** Goes into a folder of the bucket, and takes it; the list before has the same row. */
export async function takeFolder(window: Workbench, folder: string): Promise<void> {
  await window.pick(folder);
  await expect(window.quickInput).toHaveAttribute('placeholder', `oss://${BUCKET}/${folder}`);
  await window.pick('Use this folder');
}

/** Types a path into the file dialog. */
export async function chooseFile(window: Workbench, file: string): Promise<void> {
  // A dialog that is given a path before it has listed its first folder stays busy for ever.
  await window.row('..').waitFor();
  await window.quickInput.fill(file);
  await window.row(path.basename(file)).waitFor();
  await window.quickInput.press('Enter');
  await expect(window.quick).toHaveCount(0);
}

/**
 * Opens the list of the status bar and does something with it, once more where a view that takes the
 * focus late has closed it. What is done must fail soon, and not twice.
 */
async function inList(session: Session, act: () => Promise<void>): Promise<void> {
  await until('the list of the status bar', async () => {
    try {
      await session.status.click({ timeout: 3000 });
      await act();
      return true;
    } catch {
      return false;
    }
  });
}

/** Chooses a row of the list that the status bar opens. */
export function pickInList(session: Session, label: string | RegExp): Promise<void> {
  return inList(session, () => session.window.row(label).first().click({ timeout: 3000 }));
}

/** Presses an icon of a row in that list. */
export function pressInList(session: Session, label: string, button: string): Promise<void> {
  return inList(session, async () => {
    const row = session.window.row(label);
    await row.hover({ timeout: 3000 });
    await row.getByRole('button', { name: button }).click({ timeout: 3000 });
  });
}

/** Says yes to the bucket that the workspace names, which is asked once for each. */
export async function confirmBucket(window: Workbench, bucket: string): Promise<void> {
  await window.quickTitle(`Upload to bucket ${bucket}?`).waitFor();
  await window.pick('Upload');
}

/** Types an AccessKey into its boxes; the third is only for a temporary one. */
export async function typeCredentials(
  window: Workbench,
  key: { accessKeyId: string; accessKeySecret: string; securityToken?: string | undefined },
): Promise<void> {
  await window.input('AccessKey ID', key.accessKeyId);
  await window.input('AccessKey Secret', key.accessKeySecret);
  if (key.securityToken !== undefined) await window.input('STS token', key.securityToken);
}

/**
 * A home folder as somebody has it who has tried each way once: nothing in it can be used but what a
 * program would give.
 */
export function writeCredentialFiles({ workspace }: Session, program: string): void {
  const home = path.join(path.dirname(workspace), 'home');
  fs.mkdirSync(path.join(home, '.aliyun'));
  const profiles = [
    { name: 'office', mode: 'OAuth', oauth_site_type: 'CN', oauth_access_token_expire: 5 },
    { name: 'build', mode: 'RsaKeyPair', key_pair_name: 'k', private_key: 'p' },
    { name: 'vault', mode: 'External', process_command: program },
  ];
  fs.writeFileSync(path.join(home, '.aliyun', 'config.json'), JSON.stringify({ profiles }));
  fs.writeFileSync(
    path.join(home, '.ossutilconfig'),
    `[default]\nmode=RamRoleArn\naccessKeyID=${ACCESS_KEY.accessKeyId}\naccessKeySecret=x\n`,
  );
}

/**
 * Lets so many parts of an object through and keeps the others on their way, so that an upload
 * stands at a known place however fast the machine is.
 */
export function stuckAfter(session: Session, key: string, parts: number): Hold {
  return session.oss.hold({ on: 'uploadPart', key, after: parts, times: Number.MAX_SAFE_INTEGER });
}

/** A stop takes one second of a machine that has time for it; requests that are held never end. */
export const STOP_MS = 3000;

/** Waits until so many parts of an object are accepted. */
export async function partsAccepted(session: Session, key: string, parts: number): Promise<void> {
  await until(
    `${parts} parts of ${key}`,
    () => new Set(session.acceptedParts(key)).size >= parts,
    60_000,
  );
}

/** How often each part of an object was accepted more than once. */
export function acceptedTwice(session: Session, key: string, from = 0): number[] {
  const parts = session.acceptedParts(key, from);
  return parts.filter((part, index) => parts.indexOf(part) !== index);
}

/** How many requests of a kind came for a key. */
export function countOf(session: Session, operation: string, key?: string, from = 0): number {
  return session.oss.operations
    .slice(from)
    .filter((r) => r.operation === operation && (key === undefined || r.key === key)).length;
}

/** What was shown from now on: texts of notifications, titles of questions, most progresses at once. */
export interface Watched {
  readonly toasts: readonly string[];
  readonly questions: readonly string[];
  readonly most: number;
}

/** Begins to write down what pops up in a window, in which nothing is left from before. */
export async function watch(window: Workbench): Promise<() => Promise<Watched>> {
  await window.command('Notifications: Clear All Notifications');
  // A text, because these files know nothing of a page's own types.
  await window.page.evaluate(`(() => {
    const seen = { toasts: [], questions: [], most: 0 };
    window.watchedByTest = seen;
    const look = () => {
      const toasts = [...document.querySelectorAll('.notifications-toasts .notification-toast')];
      let running = 0;
      for (const toast of toasts) {
        const text = toast.querySelector('.notification-list-item-message')?.textContent ?? '';
        // The text of a progress changes all the time: what it begins with names it.
        const isRunning = text.startsWith('Uploading to ');
        if (isRunning) running++;
        const name = isRunning ? 'Uploading to OSS' : text;
        if (name !== '' && !seen.toasts.includes(name)) seen.toasts.push(name);
      }
      seen.most = Math.max(seen.most, running);
      const title = document.querySelector('.quick-input-widget:not([style*="display: none"]) .quick-input-title');
      const question = title?.textContent ?? '';
      if (question !== '' && seen.questions.at(-1) !== question) seen.questions.push(question);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  })()`);
  return () => window.page.evaluate<Watched>('window.watchedByTest');
}

/**
 * Begins to write down each other percentage that a window shows of an upload, in its row and in
 * the notification; the call that it resolves with gives those seen so far.
 */
export async function followPercent(
  window: Workbench,
  name: string,
): Promise<() => Promise<{ readonly row: readonly number[]; readonly toast: readonly number[] }>> {
  await window.page.evaluate(`(() => {
    const seen = { row: [], toast: [] };
    window.percentsByTest = seen;
    const note = (list, text) => {
      const found = /(\\d+) %/.exec(text);
      if (found && list.at(-1) !== Number(found[1])) list.push(Number(found[1]));
    };
    const look = () => {
      for (const row of document.querySelectorAll('.pane .customview-tree .monaco-list-row')) {
        if (row.textContent.includes(${JSON.stringify(name)})) note(seen.row, row.textContent);
      }
      for (const toast of document.querySelectorAll('.notification-toast')) {
        const text = toast.querySelector('.notification-list-item-message')?.textContent ?? '';
        if (text.includes(${JSON.stringify(name)})) note(seen.toast, text);
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  })()`);
  return () => window.page.evaluate('window.percentsByTest');
}

/** Whether numbers never become less. */
export function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => number >= (numbers[at - 1] ?? 0));
}
