import type { Locator } from '@playwright/test';
import type { Workbench } from '../../scripts/editor/workbench';
import { EXTENSION_ID } from '../../scripts/paths';
import {
  MENU_ITEM,
  acceptedTwice,
  countOf,
  partsAccepted,
  progress,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
  watch,
} from './gestures';
import type { Hold } from '../oss-server/holds';
import { BUCKET, MIB, Session, expect, test } from './session';

// The same folder in two windows: an upload belongs to the one that runs it.
test.describe.configure({ mode: 'serial' });

const NAME = 'shared.bin';

let session: Session;
let sha256: string;
let other: Workbench;
let hold: Hold;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
  sha256 = await session.addFile(NAME, 12 * MIB);
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const statusOf = (window: Workbench): ReturnType<Workbench['status']> =>
  window.status(EXTENSION_ID, 'ossUpload.status');

test('in the second window the upload is greyed, and is not offered', async () => {
  const { window } = session;
  hold = stuckAfter(session, NAME, 3);
  await window.contextMenu(window.file(NAME), MENU_ITEM);
  await session.answerFirstQuestions();
  await partsAccepted(session, NAME, 3);
  other = await session.openAnother();
  await showUploads(other);
  const row = uploadRow(other, NAME);
  await expect(row).toContainText('25 % in another window');
  await row.hover();
  await expect(row.getByRole('button')).toHaveCount(0);
  await expect(statusOf(other)).toHaveCount(0);
  await expect(progress(other)).toHaveCount(0);
  await shot(other, 'windows-elsewhere');
});

/** What the second window says when the same file is asked for there. */
const heldMessage = (): Locator =>
  other.notification(`${NAME} was being uploaded in another window, so this one left it alone.`);

test('the same file again in the second window: it is being uploaded in another window', async () => {
  const watched = await watch(other);
  await other.contextMenu(other.file(NAME), MENU_ITEM);
  const message = heldMessage();
  await message.waitFor();
  await shot(other, 'windows-same-file');
  await other.button(message, 'Show Uploads').click();
  await expect(message).toHaveCount(0);
  expect((await watched()).questions).toEqual([]);
  expect(countOf(session, 'initiateMultipartUpload', NAME)).toBe(1);
  // It is the upload of the other window: nothing of this one failed or waits.
  await expect(statusOf(other)).toHaveCount(0);
});

test('the first window closes: the second one offers the upload and goes on with it', async () => {
  await other.contextMenu(other.file(NAME), MENU_ITEM);
  const message = heldMessage();
  await message.waitFor();
  await session.closeWindow();
  await expect(statusOf(other)).toContainText('1 upload to resume', { timeout: 40_000 });
  await expect(uploadRow(other, NAME)).toContainText('interrupted');
  await shot(other, 'windows-left-behind');
  // What the closed window had on its way must not arrive after all.
  session.oss.resetConnections();
  hold.release();
  // The message of before is still there, and its button does what is right now.
  await other.button(message, 'Try Again').click();
  await session.expectObject(NAME, sha256);
  expect(acceptedTwice(session, NAME)).toEqual([]);
  expect(countOf(session, 'initiateMultipartUpload', NAME)).toBe(1);
  expect(session.oss.uploads(BUCKET)).toEqual([]);
  await session.expectNothingLeft();
  await expect(statusOf(other)).toHaveCount(0);
});
