import fs from 'node:fs';
import path from 'node:path';
import { MENU_ITEM } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// Where the user's surroundings decide: credentials of the machine, rights, regions, trust.
test.describe.configure({ mode: 'serial' });

/** Replaces the settings of the workspace; gives their file. */
test.describe('with credentials in the environment, and a folder that is not trusted yet', () => {
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
    writeAliyunProfiles(['build', 'deploy']);
    session.writeFolderSettings({
      'ossUpload.bucket': 'their-bucket',
      'ossUpload.prefix': 'theirs',
      'ossUpload.endpoint': 'http://127.0.0.1:9',
    });
    for (const name of ['a.txt', 'b.txt']) await session.addFile(name, 100);
    await session.open();
  });
  test.afterAll(async () => {
    await session.end();
  });

  function writeAliyunProfiles(names: readonly string[]): void {
    const profiles = names.map((name) => ({
      name,
      mode: 'AK',
      access_key_id: ACCESS_KEY.accessKeyId,
      access_key_secret: ACCESS_KEY.accessKeySecret,
    }));
    const folder = path.join(path.dirname(session.workspace), 'home', '.aliyun');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ profiles }));
  }

  test('the settings of the folder are ignored, which is said once; the credentials are one Enter', async () => {
    const { window } = session;
    await window.contextMenu(window.file('a.txt'), MENU_ITEM);
    const told = window.notification(
      'Workspace settings for OSS are ignored until you trust this folder.',
    );
    await told.waitFor();
    // Profiles of one file are told apart, although their keys look alike.
    await window.row(/config\.json \(build · LTAI\*+0001\)/).waitFor();
    await window.row(/config\.json \(deploy · LTAI\*+0001\)/).waitFor();
    await window.row(/Use credentials from environment \(LTAI\*+0001\)/).waitFor();
    await window.page.keyboard.press('Enter');
    await window.pick(BUCKET);
    await window.input(`Folder in bucket ${BUCKET}`, '');
    await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt']);

    await window.command('Notifications: Clear All Notifications');
    await window.contextMenu(window.file('b.txt'), MENU_ITEM);
    await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt', 'b.txt']);
    await expect(told).toHaveCount(0);
    const theirs = session.oss.operations.filter(({ bucket }) => bucket === 'their-bucket');
    expect(theirs).toEqual([]);
  });

  test('which ones are in use is visible, and they can be removed', async () => {
    const { window } = session;
    await window.command('OSS: Remove Credentials...');
    await window.row('Default').waitFor();
    await expect(window.row('Default')).toContainText('credentials from environment (in use)');
    await window.pick('Default');
    await window.notification('Credentials "Default" removed.').waitFor();
  });
});

test.describe('with a key that may do little', () => {
  let session: Session;

  test.beforeAll(async ({ profile }) => {
    session = await Session.begin(profile);
  });
  test.afterAll(async () => {
    await session.end();
  });

  test('a bucket that cannot be listed is typed, and its region found', async () => {
    session.oss.faults.push({
      on: 'listBuckets',
      do: { answer: { status: 403, code: 'AccessDenied' } },
    });
    await session.addFile('a.txt', 100);
    const window = await session.open();
    await window.contextMenu(window.file('a.txt'), MENU_ITEM);
    await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
    await window.input('AccessKey Secret', ACCESS_KEY.accessKeySecret);
    await window.input('This key cannot list buckets; type the name', BUCKET);
    await window.input(`Folder in bucket ${BUCKET}`, '');
    await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt']);
  });

  test('no permission to write is said with the way out', async () => {
    const { window } = session;
    session.oss.faults.push({
      on: 'initiateMultipartUpload',
      do: { answer: { status: 403, code: 'AccessDenied' } },
    });
    await session.addFile('big.bin', 20 * MIB);
    await window.contextMenu(window.file('big.bin'), MENU_ITEM);
    const message = window.notification(`No permission for oss:PutObject on ${BUCKET}.`);
    await window.button(message, 'Copy RAM Policy').click();
    await expect
      .poll(() => window.page.evaluate<string>('navigator.clipboard.readText()'))
      .toContain('oss:PutObject');
  });

  test('a bucket of the settings that does not exist leads to the choice of another', async () => {
    const { window } = session;
    session.oss.faults.length = 0;
    const settings = await session.changeFolderSettings({ 'ossUpload.bucket': 'gone-bucket' });
    await session.addFile('b.txt', 100);
    await window.contextMenu(window.file('b.txt'), MENU_ITEM);
    const message = window.notification(
      'b.txt was not uploaded. Bucket "gone-bucket" was not found',
    );
    await window.button(message, 'Select Bucket').click();
    await window.pick(BUCKET);
    await window.pick('Use this folder');
    await expect.poll(() => session.oss.keys(BUCKET)).toContain('b.txt');
    // The editor writes its settings when it comes to it.
    await expect
      .poll(() => fs.readFileSync(settings, 'utf8'))
      .toContain(`"ossUpload.bucket": "${BUCKET}"`);
  });

  test('a setting that says not where but how is named when it is wrong, and its default used', async () => {
    const { window } = session;
    await session.changeFolderSettings({
      'ossUpload.bucket': BUCKET,
      'ossUpload.ifExists': 'perhaps',
      'ossUpload.completionMessage': 'perhaps',
    });
    await session.addFile('c.txt', 100);
    // A setting of the window is read as soon as the editor has seen the file change.
    await window.notification('Setting ossUpload.completionMessage is not used').waitFor();
    await window.contextMenu(window.file('c.txt'), MENU_ITEM);
    await expect.poll(() => session.oss.keys(BUCKET)).toContain('c.txt');
    await window.notification('Setting ossUpload.ifExists is not used').waitFor();
  });

  test('a part size out of range is refused before any request', async () => {
    const { window } = session;
    await session.changeSettings({ 'ossUpload.partSize': '10 KB' });
    await session.addFile('d.txt', 100);
    await window.contextMenu(window.file('d.txt'), MENU_ITEM);
    await window
      .notification(/100 KB/)
      .first()
      .waitFor();
    expect(session.oss.keys(BUCKET)).not.toContain('d.txt');
  });
});
