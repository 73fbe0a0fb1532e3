import { EXTENSION_ID } from '../../scripts/paths';
import {
  MENU_ITEM,
  clipboard,
  countOf,
  partsAccepted,
  progress,
  shot,
  showUploads,
  stuckAfter,
  typeCredentials,
  watch,
} from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// What a user sees of uploads that go well: where they go, that they are done, and their URLs.
test.describe.configure({ mode: 'serial' });

const QUIET = {
  'ossUpload.partSize': '1 MB',
  'ossUpload.completionMessage': 'whenUseful',
  'ossUpload.ifExists': 'skip',
};

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: QUIET });
  for (const name of ['hello.txt', 'second.txt', 'third.txt', 'set/a.txt', 'set/b.txt']) {
    await session.addFile(name, 20);
  }
  await session.addFile('big.bin', 4 * MIB);
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const upload = (name: string): Promise<void> =>
  session.window.contextMenu(session.window.file(name), MENU_ITEM);

/** The item that says what was uploaded. */
const uploaded = () => session.window.status(EXTENSION_ID, 'ossUpload.uploaded');

test('the first upload ever ends with its place and its URL at hand', async () => {
  const { window } = session;
  await upload('hello.txt');
  await typeCredentials(window, ACCESS_KEY);
  await window.pick(BUCKET);
  await window.input(`Folder in bucket ${BUCKET}`, 'docs');
  await expect(uploaded()).toContainText(`Uploaded hello.txt to ${BUCKET}`);
  const message = window.notification(`Uploaded hello.txt (20 B) to oss://${BUCKET}/docs/`);
  await message.waitFor();
  await shot(window, 'success-first');
  await window.button(message, 'Copy URL').click();
  await expect.poll(() => clipboard(window)).toMatch(/\/docs\/hello\.txt$/);
});

test('the next small one is said in the status bar for ten seconds; a click copies its URL', async () => {
  const { window } = session;
  const watched = await watch(window);
  await upload('second.txt');
  await expect(uploaded()).toContainText(`Uploaded second.txt to ${BUCKET}`);
  await shot(window, 'success-status');
  await uploaded().click();
  await expect.poll(() => clipboard(window)).toMatch(/\/docs\/second\.txt$/);
  await expect(uploaded()).toHaveCount(0, { timeout: 15_000 });
  // The note that the object is private belongs to the copying.
  const { toasts } = await watched();
  expect(toasts.filter((text) => text.startsWith('Uploaded'))).toEqual([]);
});

test('what was seen running says where it goes, and that it is done', async () => {
  const { window } = session;
  const hold = stuckAfter(session, 'docs/big.bin', 2);
  await upload('big.bin');
  await partsAccepted(session, 'docs/big.bin', 2);
  await expect(window.message(progress(window))).toContainText(
    `Uploading to ${BUCKET}/docs: big.bin · 50 % · 2.0 MB of 4.0 MB`,
  );
  await shot(window, 'success-progress');
  hold.release();
  await window.notification(`Uploaded big.bin (4.0 MB) to oss://${BUCKET}/docs/`).waitFor();
  await expect(uploaded()).toContainText('Uploaded big.bin');
});

test('a folder says how many of its files went, and how many were skipped', async () => {
  const { window, oss } = session;
  await oss.putObject(BUCKET, 'docs/set/a.txt', Buffer.from('there already'));
  await session.changeSettings({ 'ossUpload.completionMessage': 'always' });
  await upload('set');
  await window.notification(/Uploaded b\.txt .* · 1 skipped/).waitFor();
  await expect(uploaded()).toContainText(`Uploaded b.txt to ${BUCKET}`);
});

test('completionMessage never: the status bar still says it', async () => {
  const { window } = session;
  await session.changeSettings({ 'ossUpload.completionMessage': 'never' });
  const watched = await watch(window);
  const hold = stuckAfter(session, 'docs/never.bin', 2);
  await session.addFile('never.bin', 4 * MIB);
  await upload('never.bin');
  await partsAccepted(session, 'docs/never.bin', 2);
  await progress(window).waitFor();
  hold.release();
  await expect(uploaded()).toContainText(`Uploaded never.bin to ${BUCKET}`);
  const { toasts } = await watched();
  expect(toasts.filter((text) => text.startsWith('Uploaded'))).toEqual([]);
});

test('the header of the view names the place and opens its choice', async () => {
  const { window } = session;
  await showUploads(window);
  const header = window.page.locator('.pane-header', { hasText: 'OSS Uploads' });
  await expect(header).toContainText(`${BUCKET}/docs`);
  await header.hover();
  await shot(window, 'success-header');
  await header.getByRole('button', { name: 'Select Bucket and Folder...' }).click();
  await window.pick(BUCKET);
  await window.pick(/Use this folder/);
  await expect(header).toContainText(`${BUCKET}/docs`);
});

test('the URL of the last upload is copied by a command, also after a reload', async () => {
  const { window } = session;
  await upload('third.txt');
  await expect.poll(() => countOf(session, 'putObject', 'docs/third.txt')).toBe(1);
  await expect(uploaded()).toContainText('Uploaded third.txt');
  await window.reload();
  await window.command('OSS: Copy URL of Last Upload');
  await expect.poll(() => clipboard(window)).toMatch(/\/docs\/third\.txt$/);
});
