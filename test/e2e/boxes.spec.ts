import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { sendRequest } from '../oss-server/client';
import type { PlainAnswer } from '../oss-server/client';
import { MENU_ITEM, countOf, partsAccepted, shot, stuckAfter, takeFolder } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// Boxes that never end in nothing: what is typed and not listed, Esc, a way back, a way out.
test.describe.configure({ mode: 'serial' });

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile);
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    await session.addFile(`set/${name}.bin`, 10_001);
  }
  const bytes = fs.readFileSync(path.join(session.workspace, 'set', 'five.bin'));
  await session.oss.putObject(BUCKET, 'docs/set/five.bin', bytes);
  for (const name of ['one', 'two', 'three', 'four']) {
    await session.oss.putObject(BUCKET, `docs/set/${name}.bin`, randomBytes(10_000));
  }
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const sizeOf = (key: string): number | undefined => session.oss.object(BUCKET, key)?.sizeBytes;

test('a bucket and a folder that no list has are typed into the list', async () => {
  const { window } = session;
  await window.contextMenu(window.file('set'), MENU_ITEM);
  await window.quickTitle('Upload to OSS: AccessKey ID').waitFor();
  await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
  await window.input('AccessKey Secret', 'wrongSecret');
  await window.inputMessage('OSS does not accept this secret (SignatureDoesNotMatch)').waitFor();
  await window.quickTitle('Upload to OSS: AccessKey Secret').waitFor();
  await shot(window, 'boxes-secret');
  await window.input('OSS does not accept this secret', ACCESS_KEY.accessKeySecret);
  await window.row(BUCKET).waitFor();
  await window.quickTitle('Upload to OSS: Bucket').waitFor();
  await window.quickInput.fill('nosuch');
  const typed = window.row('Use bucket "nosuch"');
  await expect(typed).toBeVisible();
  await expect(window.row(BUCKET)).toHaveCount(0);
  await window.quickInput.press('Enter');
  await expect(typed).toContainText('Bucket "nosuch" was not found.');
  await shot(window, 'boxes-typed-bucket');
  await window.quickInput.fill('My_Bucket');
  await window.row('Use bucket "My_Bucket"').click();
  await expect(window.row('Use bucket "My_Bucket"')).toContainText('A bucket name has 3 to 63');
  // What is listed is offered once.
  await window.quickInput.fill(BUCKET);
  await expect(window.row(`Use bucket "${BUCKET}"`)).toHaveCount(0);
  await window.quickInput.press('Enter');
  await window.quickTitle('Upload to OSS: Folder').waitFor();
  await window.page.getByRole('button', { name: 'Browse folders' }).click();
  await window.row('docs/').waitFor();
  await window.quickInput.fill('..');
  await window.row('Use folder "../"').click();
  await expect(window.row('Use folder "../"')).toContainText('A folder in OSS is written');
  await window.quickInput.fill('docs/new');
  await expect(window.row('Use folder "docs/new/"')).toBeVisible();
  await shot(window, 'boxes-typed-folder');
  await window.quickInput.fill('docs');
  await takeFolder(window, 'docs/');
  await window.quickTitle('5 of 5 already exist').waitFor();
});

test('Esc asks before a folder is dropped, and Enter replaces nothing', async () => {
  const { window } = session;
  await expect(window.row('Overwrite 5')).toContainText(/local: 50,005 B, .* in OSS: 50,001 B/);
  await shot(window, 'boxes-conflicts');
  await window.page.keyboard.press('Escape');
  await window.dialogButton('Upload Nothing').waitFor();
  await shot(window, 'boxes-drop');
  await window.page.keyboard.press('Escape');
  await window.quickTitle('5 of 5 already exist').waitFor();
  await window.pick('Skip identical');
  await window.quickTitle('4 of 5 already exist · 1 identical skipped').waitFor();
  await expect(window.quick.locator('.monaco-list-row.focused')).toContainText('Skip 4');
});

test('one by one: Back as far as the question for all, the rest at once', async () => {
  const { window } = session;
  await window.pick('Choose one by one');
  await window.quickTitle('already exists (1/4)').waitFor();
  await expect(window.row('Overwrite')).toContainText(
    /1 B larger than in OSS.*local: 10,001 B, .* in OSS: 10,000 B/,
  );
  await expect(window.quick.locator('.monaco-list-row.focused')).toContainText('Skip');
  const back = window.page.getByRole('button', { name: /^Back/ });
  await back.click();
  await window.quickTitle('4 of 5 already exist').waitFor();
  await window.pick('Choose one by one');
  await window.pick('Overwrite');
  await window.quickTitle('already exists (2/4)').waitFor();
  await window.page.keyboard.press('Escape');
  await window.dialogButton('Upload Nothing').waitFor();
  await window.page.keyboard.press('Escape');
  await window.quickTitle('already exists (2/4)').waitFor();
  await shot(window, 'boxes-one-by-one');
  await back.click();
  // What was answered before is what Enter takes.
  await expect(window.quick.locator('.monaco-list-row.focused')).toContainText('Overwrite');
  expect(countOf(session, 'putObject')).toBe(0);
  await window.page.keyboard.press('Enter');
  await window.pick('Keep both for this and the rest (3)');
  const keys = (): string[] => session.oss.keys(BUCKET);
  await expect.poll(() => keys().filter((key) => key.endsWith('-1.bin')).length).toBe(3);
  const sizes = ['one', 'two', 'three', 'four'].map((name) => sizeOf(`docs/set/${name}.bin`));
  expect(sizes.filter((size) => size === 10_001)).toHaveLength(1);
});

/** Leaves an upload with so many parts of 1 MB in the bucket, as another computer would. */
async function leaveUpload(key: string, parts: number): Promise<void> {
  const { accessKeyId, accessKeySecret } = ACCESS_KEY;
  const signing = { version: 'v4', accessKeyId, accessKeySecret } as const;
  const send = (
    method: string,
    query: Record<string, string>,
    body?: Uint8Array,
  ): Promise<PlainAnswer> =>
    sendRequest(session.oss.endpoint, { method, bucket: BUCKET, key, query, body, signing });
  const uploadId = (await send('POST', { uploads: '' })).element('UploadId') ?? '';
  for (let part = 1; part <= parts; part++) {
    await send('PUT', { partNumber: String(part), uploadId }, randomBytes(MIB));
  }
}

test('clean-up looks in the whole bucket, says what each takes up, and filters by folder', async () => {
  const { window } = session;
  await leaveUpload('docs/theirs.bin', 1);
  await leaveUpload('other/theirs.bin', 2);
  await session.addFile('ours.bin', 20 * MIB);
  stuckAfter(session, 'docs/ours.bin', 1);
  await window.contextMenu(window.file('ours.bin'), MENU_ITEM);
  await partsAccepted(session, 'docs/ours.bin', 1);
  await window.command('OSS: Pause All Uploads');
  await expect(session.status).toContainText('1 upload to resume');
  const size = session.oss.hold({ on: 'listParts', key: 'docs/theirs.bin' });
  await window.command('OSS: Clean Up Unfinished Uploads in Bucket...');
  await window.quickTitle(': 3, ≥ 10.0 MB · chosen: 1, 8.0 MB').waitFor();
  await expect(window.row('other/theirs.bin')).toContainText(/2\.0 MB · just now/);
  await expect(window.row('docs/ours.bin')).toContainText('from this editor');
  await expect(window.row('docs/theirs.bin')).toContainText('not from this editor');
  await expect(window.row('docs/theirs.bin')).toContainText('… · just now');
  await window.row('other/theirs.bin').getByRole('checkbox').click();
  await window.quickTitle('chosen: 2, 10.0 MB').waitFor();
  // Rows are drawn once when all are counted, and keep their ticks.
  size.release();
  await window.quickTitle(': 3, 11.0 MB · chosen: 2, 10.0 MB').waitFor();
  await expect(window.row('docs/theirs.bin')).toContainText('1.0 MB · just now');
  await expect(window.row('other/theirs.bin').getByRole('checkbox')).toBeChecked();
  await shot(window, 'boxes-clean-up');
  // What is filtered away is not removed, whatever was chosen before.
  await window.page.getByRole('button', { name: 'Only those in docs/' }).click();
  await window.quickTitle('chosen: 1, 8.0 MB').waitFor();
  await expect(window.row('other/theirs.bin')).toHaveCount(0);
  await expect(window.row('docs/theirs.bin')).toContainText('1.0 MB');
  await window.row('docs/ours.bin').getByRole('checkbox').click();
  await window.row('docs/theirs.bin').getByRole('checkbox').click();
  await window.quickTitle('chosen: 1, 1.0 MB').waitFor();
  await shot(window, 'boxes-clean-up-folder');
  await window.quickInput.press('Enter');
  // Not ours: it is named, and neither Enter nor Escape removes it.
  const question = window.page.locator('.monaco-dialog-box');
  await expect(question).toContainText('Remove theirs.bin from OSS? It is not from this editor');
  await expect(question).toContainText('docs/theirs.bin');
  await shot(window, 'boxes-clean-up-theirs');
  await window.page.keyboard.press('Enter');
  await expect(question).toHaveCount(0);
  // The same list again, as it was left.
  await window.quickTitle('chosen: 1, 1.0 MB').waitFor();
  expect(await window.row('docs/theirs.bin').getByRole('checkbox').isChecked()).toBe(true);
  await window.page.keyboard.press('Escape');
  await expect(window.quickInput).toBeHidden();
  expect(session.oss.uploads(BUCKET)).toHaveLength(3);
});

test('what is not ours is removed after a yes that says how many they are', async () => {
  const { window } = session;
  await window.command('OSS: Clean Up Unfinished Uploads in Bucket...');
  await window.quickTitle(': 3, 11.0 MB · chosen: 1, 8.0 MB').waitFor();
  await window.row('docs/theirs.bin').getByRole('checkbox').click();
  await window.quickTitle('chosen: 2, 9.0 MB').waitFor();
  await window.quickInput.press('Enter');
  const question = window.page.locator('.monaco-dialog-box');
  await expect(question).toContainText(
    'Remove 2 unfinished uploads from OSS? 1 of them is not from this editor',
  );
  await window.page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  expect(session.oss.uploads(BUCKET)).toHaveLength(3);
  await window.row('docs/ours.bin').getByRole('checkbox').click();
  await window.quickTitle('chosen: 1, 1.0 MB').waitFor();
  await window.quickInput.press('Enter');
  await window.dialogButton('Remove').click();
  await window
    .notification(`Removed the unfinished upload of theirs.bin from oss://${BUCKET}/.`)
    .waitFor();
  const left = session.oss.uploads(BUCKET).map(({ key }) => key);
  expect(left.sort()).toEqual(['docs/ours.bin', 'other/theirs.bin']);
});
