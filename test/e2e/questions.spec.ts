import fs from 'node:fs';
import path from 'node:path';
import { MENU_ITEM, partsAccepted, stuckAfter, takeFolder } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// What is asked before anything is sent: the first questions of a new user, in this order.
test.describe.configure({ mode: 'serial' });

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile);
});
test.afterAll(async () => {
  await session.end();
});

test('Esc at the last question stores nothing and uploads nothing', async () => {
  await session.addFile('a.txt', 1000);
  const window = await session.open();
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
  await window.input('AccessKey Secret', ACCESS_KEY.accessKeySecret);
  await window.row(BUCKET).waitFor();
  await window.page.keyboard.press('Escape');
  await expect(window.quickInput).toBeHidden();
  // The same question again: nothing was kept.
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.inputMessage('AccessKey ID').waitFor();
  await window.page.keyboard.press('Escape');
  expect(session.oss.keys(BUCKET)).toEqual([]);
});

test('what is typed wrong is refused in the box, with the rule', async () => {
  const { window } = session;
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.input('AccessKey ID', 'LTAI 5t');
  await window.inputMessage('An AccessKey ID has 4 to 128 letters and digits.').waitFor();
  await window.quickInput.fill(`  ${ACCESS_KEY.accessKeyId}  `);
  await window.quickInput.press('Enter');
  await window.input('AccessKey Secret', 'not the secret');
  await window.inputMessage('It contains blanks').waitFor();
  await window.quickInput.fill('wrongSecret');
  await window.quickInput.press('Enter');
  // Told on the box of the secret, which is then typed right.
  await window.inputMessage('OSS does not accept this secret (SignatureDoesNotMatch)').waitFor();
  await window.quickTitle('Upload to OSS: AccessKey Secret').waitFor();
  await window.quickInput.fill(ACCESS_KEY.accessKeySecret);
  await window.quickInput.press('Enter');
  await window.pick('Type the name of another bucket...');
  await window.input('Type the name of the bucket', 'My_Bucket');
  await window.inputMessage('A bucket name has 3 to 63').waitFor();
  await window.quickInput.fill('no-such-bucket');
  await window.quickInput.press('Enter');
  await window.inputMessage('Bucket "no-such-bucket" was not found.').waitFor();
  await window.quickInput.fill(BUCKET);
  await window.quickInput.press('Enter');
  await window.input(`Folder in bucket ${BUCKET}`, 'x'.repeat(1100));
  await window.inputMessage('The name in OSS is too long').waitFor();
  await window.quickInput.fill('/docs');
  await window.quickInput.press('Enter');
  await session.oss.waitFor((records) => records.some((r) => r.key === 'docs/a.txt' && r.accepted));
});

test('a temporary key needs its own token, and a wrong one is called by its name', async () => {
  const { window } = session;
  const key = { accessKeyId: 'STS.NUe2eTemporaryKey001', accessKeySecret: 'temporarySecret' };
  session.oss.credentials.push({ ...key, securityToken: 'rightToken' });
  await window.command('OSS: Set Credentials...');
  await window.pick('Default');
  await window.input('AccessKey ID', key.accessKeyId);
  await window.input('AccessKey Secret', key.accessKeySecret);
  await window.input('STS token', '');
  await window.inputMessage('works only with its STS token').waitFor();
  await window.quickInput.fill('wrongToken');
  await window.quickInput.press('Enter');
  await window.inputMessage('OSS does not accept this STS token (InvalidSecurityToken)').waitFor();
  // A wrong secret leads back to the box of the secret.
  await window.page.getByRole('button', { name: /^Back/ }).click();
  await window.input('AccessKey Secret', 'wrongSecret');
  await window.input('STS token', 'rightToken');
  await window.inputMessage('OSS does not accept this secret (SignatureDoesNotMatch)').waitFor();
  await window.quickTitle('AccessKey Secret').waitFor();
  await window.page.keyboard.press('Escape');
  await expect(window.quickInput).toBeHidden();
});

test('Back from the list of folders leads to the box that opened it; slips are told there', async () => {
  const { window } = session;
  await window.command('OSS: Select Bucket and Folder...');
  await window.quickTitle('Select Bucket and Folder').waitFor();
  await window.pick(BUCKET);
  await window.pick('Type a folder...');
  await window.inputMessage(`Folder in bucket ${BUCKET}`).waitFor();
  await window.quickInput.fill('docs/${YYYY}');
  await window.inputMessage('The variables are ${workspaceFolderBasename}').waitFor();
  await window.quickInput.fill('docs');
  await window.page.getByRole('button', { name: 'Browse folders' }).click();
  await window.row('Use this folder').waitFor();
  await window.page.getByRole('button', { name: /^Back/ }).click();
  await window.inputMessage(`Folder in bucket ${BUCKET}`).waitFor();
  await window.page.keyboard.press('Escape');
  await expect(window.quickInput).toBeHidden();
});

test('one question for an object that exists: keep both, overwrite, skip identical', async () => {
  const { window } = session;
  await session.addFile('a.txt', 2000);
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.quickTitle('docs/a.txt already exists').waitFor();
  await window.pick('Keep both');
  await session.oss.waitFor((r) => r.some((one) => one.key === 'docs/a-1.txt' && one.accepted));
  expect(session.oss.object(BUCKET, 'docs/a.txt')?.sizeBytes).toBe(1000);

  // The next free name is known only when it is looked for: none is promised.
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await expect(window.row('Keep both')).toContainText('under a free name, such as a-1.txt');
  await window.pick('Keep both');
  await session.oss.waitFor((r) => r.some((one) => one.key === 'docs/a-2.txt' && one.accepted));

  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.pick('Overwrite');
  await expect
    .poll(() => session.oss.object(BUCKET, 'docs/a.txt')?.sizeBytes, { timeout: 10_000 })
    .toBe(2000);

  const before = session.oss.operations.length;
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await window.pick('Skip if identical');
  await window.notification('a.txt was not sent: OSS has the same bytes already').waitFor();
  const sent = session.oss.operations.slice(before).map((record) => record.operation);
  expect(sent.filter((operation) => operation === 'putObject')).toEqual([]);
});

test('a folder with objects that exist asks once', async () => {
  const { window } = session;
  for (const name of ['one', 'two', 'three']) await session.addFile(`set/${name}.bin`, 100);
  await window.contextMenu(window.file('set'), MENU_ITEM);
  await expect
    .poll(() => session.oss.keys(BUCKET).filter((k) => k.includes('set/')).length)
    .toBe(3);
  await session.addFile('set/four.bin', 100);
  await session.addFile('set/one.bin', 200);
  await window.contextMenu(window.file('set'), MENU_ITEM);
  await window.quickTitle('3 of 4 already exist').waitFor();
  await window.pick('Skip identical');
  await window.quickTitle('already exists').waitFor();
  await window.pick('Skip');
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('docs/set/four.bin');
  expect(session.oss.object(BUCKET, 'docs/set/one.bin')?.sizeBytes).toBe(100);
});

test('another location with options', async () => {
  const { window } = session;
  await window.file('a.txt').click();
  await window.file('a.txt').dblclick();
  await window.page.locator('.tab', { hasText: 'a.txt' }).waitFor();
  await window.command('OSS: Upload to OSS Location...');
  await window.pick('Current file');
  await window.pick(BUCKET);
  await window.pick('Type a folder...');
  await window.input(`Folder in bucket ${BUCKET}`, 'elsewhere');
  await window.pick('Storage class');
  await window.pick('Infrequent Access');
  await expect(window.row('Storage class')).toContainText('Infrequent Access (IA)');
  await window.pick('Metadata');
  await window.input('Pairs such as', 'Owner=me');
  await window.pick('Upload');
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('elsewhere/a.txt');
  const object = session.oss.object(BUCKET, 'elsewhere/a.txt');
  expect(object?.headers).toMatchObject({
    'x-oss-meta-owner': 'me',
    'x-oss-storage-class': 'IA',
  });
});

test('folders of the bucket can be walked, and the choice is kept', async () => {
  const { window } = session;
  await window.command('OSS: Select Bucket and Folder...');
  await window.pick(BUCKET);
  await window.pick('..');
  await takeFolder(window, 'elsewhere/');
  await expect(window.quick).toHaveCount(0);
  await session.addFile('b.txt', 10);
  await window.contextMenu(window.file('b.txt'), MENU_ITEM);
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('elsewhere/b.txt');
});

test('what was left in the bucket is listed and removed, never silently', async () => {
  const { window } = session;
  for (const name of ['left.bin', 'over.bin']) {
    await session.addFile(name, 20 * MIB);
    stuckAfter(session, `elsewhere/${name}`, 1);
    await window.contextMenu(window.file(name), MENU_ITEM);
    await partsAccepted(session, `elsewhere/${name}`, 1);
  }
  await window.command('OSS: Pause All Uploads');
  await expect(session.status).toContainText('2 uploads to resume');
  expect(session.oss.uploads(BUCKET)).toHaveLength(2);
  await window.command('OSS: Clean Up Unfinished Uploads in Bucket...');
  await expect(window.row('elsewhere/left.bin')).toContainText('can still be resumed');
  await window.page.keyboard.press('Enter');
  // They could be resumed: it is asked as for any other discard of two uploads.
  await window.dialogButton('Discard').waitFor();
  expect(session.oss.uploads(BUCKET)).toHaveLength(2);
  await window.dialogButton('Discard').click();
  await window.notification(`Removed 2 unfinished uploads from oss://${BUCKET}/.`).waitFor();
  await session.expectNothingLeft();
});

test('a setting that is written wrong sends nothing to another place', async () => {
  const { window } = session;
  await session.addFile('sub/wrong.txt', 10);
  const sent = (): string[] => session.oss.keys(BUCKET).filter((key) => key.includes('wrong.txt'));
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ 'ossUpload.bucket': 'My Bucket' }, /The setting ossUpload.bucket cannot be used. A bucket/],
    [{ 'ossUpload.prefix': '../x' }, /The setting ossUpload.prefix cannot be used. A folder in/],
    [{ 'ossUpload.exclude': '**/*.txt' }, /The setting ossUpload.exclude cannot be used. It is a/],
  ];
  for (const [settings, text] of wrong) {
    await window.command('Notifications: Clear All Notifications');
    await session.changeFolderSettings(settings);
    // Told when it is written: from then on it counts.
    await window.notification('is not used').waitFor();
    await window.contextMenu(window.file('sub'), MENU_ITEM);
    await window.button(window.notification(text), 'Open Settings').waitFor();
  }
  await session.changeFolderSettings({});
  await window.command('Notifications: Clear All Notifications');
  const endpoint = `${session.oss.endpoint}/path`;
  await session.changeSettings({ 'ossUpload.endpoint': endpoint });
  await window.notification('ossUpload.endpoint is not used').waitFor();
  await window.contextMenu(window.file('sub'), MENU_ITEM);
  const refusal = window.notification('The setting ossUpload.endpoint cannot be used.');
  await refusal.waitFor();
  expect(sent()).toEqual([]);
  await session.changeSettings({});
  await window.button(refusal, 'Try Again').click();
  await expect.poll(sent).toEqual(['elsewhere/sub/wrong.txt']);
});

test('unreadable, missing and special files are named; the rest is sent', async () => {
  const { window } = session;
  await session.addFile('mixed/good.bin', 10);
  fs.symlinkSync('/nowhere', path.join(session.workspace, 'mixed', 'dangling'));
  await window.contextMenu(window.file('mixed'), MENU_ITEM);
  await window.notification('dangling was not uploaded: it is a link that leads nowhere').waitFor();
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('elsewhere/mixed/good.bin');
});

test('a name that looks like a link is none in a message', async () => {
  const { window } = session;
  const name = '[open](command:workbench.action.showCommands).txt';
  await session.addFile(name, 10);
  await window.contextMenu(window.file(name), MENU_ITEM);
  const done = window.notification('Uploaded [open]');
  await done.waitFor();
  await expect(window.message(done).locator('a')).toHaveCount(0);
});
