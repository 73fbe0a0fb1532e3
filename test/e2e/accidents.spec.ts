import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../scripts/processes';
import type { Hold } from '../oss-server/holds';
import {
  MENU_ITEM,
  countOf,
  partsAccepted,
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

test.beforeAll(async ({ browser }) => {
  session = await Session.begin(browser, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
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
  const { window } = session;
  const ask = async (): Promise<void> => {
    await session.status.click();
    await pressInRow(window.row('clicked.bin'), 'Discard...');
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

test('what replaces an object is asked about, and Enter keeps it', async () => {
  const { window, oss } = session;
  hold = stuckAfter(session, 'gone.bin', 2);
  await window.contextMenu(window.file('gone.bin'), MENU_ITEM);
  await partsAccepted(session, 'gone.bin', 2);
  const theirs = Buffer.from('theirs');
  await oss.putObject(BUCKET, 'gone.bin', theirs);
  await endRequests();
  const message = window.notification('already exists in OSS and was not replaced');
  await window.button(message, 'Overwrite').click();
  await window.dialogButton('Overwrite').waitFor();
  await shot(window, 'accidents-overwrite');
  await window.page.keyboard.press('Enter');
  await expect(window.dialogButton('Overwrite')).toHaveCount(0);
  expect(await oss.object(BUCKET, 'gone.bin')?.bytes()).toEqual(theirs);
});
