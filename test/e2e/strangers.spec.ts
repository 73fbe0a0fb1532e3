import fs from 'node:fs';
import path from 'node:path';
import { MENU_ITEM, shot } from './gestures';
import { ACCESS_KEY, BUCKET, Session, expect, test } from './session';

// What the files of a repository say and hold, once its folder is trusted.
test.describe.configure({ mode: 'serial' });

const THEIRS = { 'ossUpload.bucket': BUCKET, 'ossUpload.prefix': 'theirs' };

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, {
    env: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: ACCESS_KEY.accessKeySecret,
    },
  });
  session.writeFolderSettings({ ...THEIRS, 'ossUpload.ifExists': 'perhaps' });
});
test.afterAll(async () => {
  await session.end();
});

test('the bucket that a workspace names is asked about once, and never again', async () => {
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await session.addFile(name, 100);
  const window = await session.open();
  const wrong = window.notification('Setting ossUpload.ifExists is not used');
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await wrong.waitFor();
  await window.pick(/Use credentials from environment/);
  const question = window.quickTitle(`Upload to bucket ${BUCKET}?`);
  await question.waitFor();
  await expect(window.quickInput).toHaveAttribute(
    'placeholder',
    `The settings of this workspace send its files to oss://${BUCKET}/theirs.`,
  );
  await shot(window, 'strangers-bucket');
  await window.pick('Cancel');
  await expect(question).toHaveCount(0);

  // What is only compared sends no file, and asks for no yes that would count for uploads.
  await window.contextMenu(window.file('a.txt'), 'Verify Against OSS...');
  await window.notification(/missing in OSS/).waitFor();
  await expect(question).toHaveCount(0);

  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  await question.waitFor();
  expect(session.oss.keys(BUCKET)).toEqual([]);
  await window.pick('Upload');
  await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['theirs/a.txt']);

  await window.contextMenu(window.file('b.txt'), MENU_ITEM);
  await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['theirs/a.txt', 'theirs/b.txt']);
  await window.reload();
  // Nothing is said of its settings at a start, which is over when the view names the place.
  const header = window.page.locator('.pane-header', { hasText: 'OSS Uploads' });
  await expect(header).toContainText(`${BUCKET}/theirs`);
  await expect(wrong).toHaveCount(0);
  await window.contextMenu(window.file('c.txt'), MENU_ITEM);
  await wrong.waitFor();
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('theirs/c.txt');
});

test('links out of a chosen folder are left out and said, and ignore files count when asked to', async () => {
  const { window } = session;
  const site = path.join(session.workspace, 'site');
  await session.addFile('site/index.html', 10);
  await session.addFile('site/debug.log', 10);
  await session.addFile('site/secrets/key', 10);
  fs.writeFileSync(path.join(site, '.ossignore'), '*.log\n.ossignore\n/links/');
  fs.symlinkSync('/etc/passwd', path.join(site, 'passwd'));
  await session.changeFolderSettings({
    ...THEIRS,
    'ossUpload.useIgnoreFiles': true,
    'ossUpload.exclude': ['**/secrets/'],
  });
  await window.command('Notifications: Clear All Notifications');
  const found = (): string[] => session.oss.keys(BUCKET).filter((key) => key.includes('site'));
  await window.contextMenu(window.file('site'), MENU_ITEM);
  await window
    .notification('passwd was left out: it is a link to a folder, or out of the folder')
    .waitFor();
  await shot(window, 'strangers-links');
  await expect.poll(found).toEqual(['theirs/site/index.html']);
});

test('a pattern that could never match stops the upload of its folder, and is named', async () => {
  const { window } = session;
  await session.addFile('more/secrets/key', 10);
  await session.changeFolderSettings({ ...THEIRS, 'ossUpload.exclude': ['secrets\\key'] });
  await window.contextMenu(window.file('more'), MENU_ITEM);
  const refusal = window.notification(
    'Nothing was sent: the pattern secrets\\key in ossUpload.exclude could never match. Folders are separated by / on every system',
  );
  await window.button(refusal, 'Open Settings').waitFor();
  await shot(window, 'strangers-pattern');
  expect(session.oss.keys(BUCKET).filter((key) => key.includes('more'))).toEqual([]);
});
