import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import { until } from '../../scripts/processes';
import type { Hold } from '../oss-server/holds';
import {
  MENU_ITEM,
  countOf,
  partsAccepted,
  pressInList,
  pressInRow,
  progress,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
} from './gestures';
import { BUCKET, MIB, Session, expect, test } from './session';

// Clicks and keys that come once too often: nothing that OSS has is lost without a yes.
test.describe.configure({ mode: 'serial' });

let session: Session;
let hold: Hold;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
  for (const name of ['clicked.bin', 'gone.bin']) await session.addFile(name, 12 * MIB);
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

/** Ends what a window has left on its way, and keeps new parts of the file where they are. */
async function endRequests(): Promise<void> {
  session.oss.resetConnections();
  hold.release();
  await until('the end of all requests', () => session.oss.openRequests.length === 0);
}

/** Presses something that asks, and answers by a key: nothing has happened then. */
async function askAndPress(ask: () => Promise<void>, key: string): Promise<void> {
  await ask();
  await session.window.dialogButton('Discard').waitFor();
  await session.window.page.keyboard.press(key);
  await expect(session.window.dialogButton('Discard')).toHaveCount(0);
  expectKept();
}

/** As a hand does that is too fast, wherever the button is by then. */
async function clickThrice(button: Locator): Promise<void> {
  await button.hover();
  const box = await button.boundingBox();
  if (box === null) throw new Error('The button has no place.');
  const at = [box.x + box.width / 2, box.y + box.height / 2] as const;
  await session.window.page.mouse.click(...at, { clickCount: 3 });
}

function expectKept(): void {
  expect(session.oss.uploads(BUCKET)).toHaveLength(1);
  expect(countOf(session, 'abortMultipartUpload')).toBe(0);
  expect(session.checkpoints().length).toBeGreaterThan(0);
}

test('more clicks where Cancel was keep the upload', async () => {
  const { window } = session;
  hold = stuckAfter(session, 'clicked.bin', 2);
  await window.contextMenu(window.file('clicked.bin'), MENU_ITEM);
  await session.answerFirstQuestions();
  await partsAccepted(session, 'clicked.bin', 2);
  const cancel = window.button(progress(window), 'Cancel');
  await cancel.hover();
  const box = await cancel.boundingBox();
  if (box === null) throw new Error('Cancel has no place.');
  const at = [box.x + box.width / 2, box.y + box.height / 2] as const;
  await window.page.mouse.click(...at);
  const stopped = window.notification(/ is stopped at \d+ %\. Progress is kept\./);
  await stopped.waitFor();
  await shot(window, 'accidents-stopped');
  await window.page.mouse.click(...at);
  await window.page.mouse.click(...at, { clickCount: 2 });
  // The view is what a click there opens.
  await expect(uploadRow(window, 'clicked.bin')).toContainText(/paused at \d+ %/);
  await expect(session.status).toContainText('1 upload to resume');
  await endRequests();
  expectKept();
});

test('Enter and Escape at the question of a row keep the upload', async () => {
  const { window } = session;
  await showUploads(window);
  const ask = (): Promise<void> => pressInRow(uploadRow(window, 'clicked.bin'), 'Discard...');
  await askAndPress(ask, 'Enter');
  await askAndPress(ask, 'Escape');
});

test('so do they at the question of the list', async () => {
  const ask = async (): Promise<void> => {
    await pressInList(session, 'clicked.bin', 'Discard...');
  };
  await askAndPress(ask, 'Enter');
  await askAndPress(ask, 'Escape');
});

test('so do they at a failure whose button discards', async () => {
  const { window } = session;
  const file = path.join(session.workspace, 'clicked.bin');
  fs.renameSync(file, `${file}.away`);
  await pressInRow(uploadRow(window, 'clicked.bin'), 'Resume');
  const message = window.notification('clicked.bin');
  await askAndPress(() => window.button(message, 'Discard...').click(), 'Enter');
  fs.renameSync(`${file}.away`, file);
});

test('so do Escape at a notification, and three clicks on its Discard...', async () => {
  const { window } = session;
  const stopped = window.notification('clicked.bin is stopped at');
  const stopAgain = async (): Promise<void> => {
    hold = stuckAfter(session, 'clicked.bin', 0);
    await pressInRow(uploadRow(window, 'clicked.bin'), 'Resume');
    await window.button(progress(window), 'Cancel').click();
    await stopped.waitFor();
    await endRequests();
  };
  await stopAgain();
  await window.command('Notifications: Focus Notification Toast');
  await window.page.keyboard.press('Escape');
  await expect(stopped).toHaveCount(0);
  expectKept();
  await stopAgain();
  await clickThrice(window.button(stopped, 'Discard...'));
  await window.dialogButton('Keep').click();
  await expect(window.dialogButton('Keep')).toHaveCount(0);
  expectKept();
});

test('a yes discards, and the status bar says what', async () => {
  const { window } = session;
  await pressInRow(uploadRow(window, 'clicked.bin'), 'Discard...');
  await shot(window, 'accidents-question');
  await window.dialogButton('Discard').click();
  const told = window.page.locator('.statusbar-item', { hasText: 'Discarded clicked.bin.' });
  await expect(told).toContainText('2.0 MB removed from OSS');
  await shot(window, 'accidents-discarded');
  await session.expectNothingLeft();
});

test('a yes that comes when OSS has the object: told as uploaded, not as discarded', async () => {
  const { window, oss } = session;
  await session.addFile('late.bin', 3 * MIB);
  hold = oss.hold({ on: 'completeMultipartUpload', key: 'late.bin', at: 'carriedOut' });
  await window.contextMenu(window.file('late.bin'), MENU_ITEM);
  await hold.reached;
  await pressInRow(uploadRow(window, 'late.bin'), 'Discard...');
  await window.dialogButton('Discard').click();
  const statusBar = window.page.locator('.statusbar');
  await expect(statusBar).toContainText('Uploaded late.bin to');
  await expect(statusBar).not.toContainText('Discarded late.bin');
  await expect(uploadRow(window, 'late.bin')).toContainText('done');
  await shot(window, 'accidents-too-late');
  await endRequests();
  await session.expectNothingLeft();
});

test('what replaces an object is asked about, and Enter keeps it', async () => {
  const { window, oss } = session;
  hold = stuckAfter(session, 'gone.bin', 2);
  await window.contextMenu(window.file('gone.bin'), MENU_ITEM);
  await partsAccepted(session, 'gone.bin', 2);
  const theirs = Buffer.from('theirs');
  await oss.putObject(BUCKET, 'gone.bin', theirs);
  await endRequests();
  const message = window.notification('already exists in OSS and was not replaced');
  await message.waitFor();
  // By the keyboard: Enter takes no button of it.
  await window.command('Notifications: Focus Notification Toast');
  await window.page.keyboard.press('Enter');
  await expect(window.dialogButton('Keep')).toHaveCount(0);
  await clickThrice(window.button(message, 'Skip'));
  await window.dialogButton('Keep').click();
  expect(oss.uploads(BUCKET)).toHaveLength(1);
  await pressInRow(uploadRow(window, 'gone.bin'), 'Overwrite...');
  await window.dialogButton('Overwrite').waitFor();
  await shot(window, 'accidents-overwrite');
  await window.page.keyboard.press('Enter');
  await expect(window.dialogButton('Overwrite')).toHaveCount(0);
  expect(oss.uploads(BUCKET)).toHaveLength(1);
  expect(await oss.object(BUCKET, 'gone.bin')?.bytes()).toEqual(theirs);
});
