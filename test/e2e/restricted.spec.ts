import fs from 'node:fs';
import path from 'node:path';
import { ACCESS_KEY, BUCKET, Session, expect, test } from './session';

// A folder that is not trusted yet: what it says must not move an upload.
let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, {
    asksForTrust: true,
    settings: {
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    },
    env: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: ACCESS_KEY.accessKeySecret,
    },
  });
});
test.afterAll(async () => {
  await session.end();
});

test('in Restricted Mode the settings of the folder are ignored, and that is said once', async () => {
  const folder = path.join(session.workspace, '.vscode');
  fs.mkdirSync(folder);
  const theirs = {
    'ossUpload.bucket': 'their-bucket',
    'ossUpload.prefix': 'theirs',
    'ossUpload.endpoint': 'http://127.0.0.1:9',
  };
  fs.writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(theirs));
  await session.addFile('a.txt', 100);
  await session.addFile('b.txt', 100);
  const window = await session.open();
  await window.contextMenu(window.file('a.txt'), 'Upload to OSS (resumable)');
  const told = window.notification(
    'Workspace settings for OSS are ignored until you trust this folder.',
  );
  await told.waitFor();
  await window.row(/Use credentials from environment/).waitFor();
  await window.page.keyboard.press('Enter');
  await window.pick(BUCKET);
  await window.input(`Folder in bucket ${BUCKET}`, '');
  await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt']);

  await window.command('Notifications: Clear All Notifications');
  await window.contextMenu(window.file('b.txt'), 'Upload to OSS (resumable)');
  await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt', 'b.txt']);
  await expect(told).toHaveCount(0);
  expect(session.oss.operations.filter(({ bucket }) => bucket === 'their-bucket')).toEqual([]);
});
