import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../scripts/processes';
import { sendRequest } from '../oss-server/client';
import {
  MENU_ITEM,
  clipboard,
  confirmBucket,
  pressInRow,
  shot,
  showUploads,
  typeCredentials,
  uploadRow,
} from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// What helps against a failure stays at hand when its message is gone.
test.describe.configure({ mode: 'serial' });

const OTHER_BUCKET = 'e2e-other-bucket';

let session: Session;
let sums: Record<string, string>;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
  const settingsFile = path.join(session.workspace, '.vscode', 'settings.json');
  fs.mkdirSync(path.dirname(settingsFile));
  // The bucket is in cn-hangzhou.
  const settings = { 'ossUpload.bucket': BUCKET, 'ossUpload.region': 'cn-shanghai' };
  fs.writeFileSync(settingsFile, JSON.stringify(settings, undefined, 2));
  sums = {};
  for (const name of ['region.bin', 'denied.bin', 'gone.bin']) {
    sums[name] = await session.addFile(name, 2 * MIB);
  }
  const { accessKeyId, accessKeySecret } = ACCESS_KEY;
  const signing = { version: 'v4', accessKeyId, accessKeySecret } as const;
  await sendRequest(session.oss.endpoint, { method: 'PUT', bucket: OTHER_BUCKET, signing });
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

/** Uploads a file that fails, and lets its message fade. */
async function failAndForget(name: string): Promise<void> {
  const { window } = session;
  await window.contextMenu(window.file(name), MENU_ITEM);
  if (name === 'region.bin') {
    await typeCredentials(window, ACCESS_KEY);
    await confirmBucket(window, BUCKET);
  }
  await window.notification(`${name} was not uploaded.`).waitFor();
  await window.command('Notifications: Clear All Notifications');
  await expect(window.notification(name)).toHaveCount(0);
}

test('the list is one of failures, and its first row is the remedy', async () => {
  const { window } = session;
  await failAndForget('region.bin');
  await expect(session.status).toContainText('OSS: 1 upload failed');
  await session.status.click();
  await expect(window.quickTitle('Failed Uploads')).toBeVisible();
  await window.row('Use cn-hangzhou').waitFor();
  const [first] = await window.rowLabels();
  expect(first).toBe('Use cn-hangzhou');
  await shot(window, 'remedies-list');
  await window.page.keyboard.press('Enter');
  await session.expectObject('region.bin', sums['region.bin'] ?? '');
  await expect(session.status).toHaveCount(0);
});

test('a row has the remedies of its failure in its menu and as an icon', async () => {
  const { window, oss } = session;
  const key = oss.credentials.find((one) => one.accessKeyId === ACCESS_KEY.accessKeyId);
  if (key) key.deny = ['initiateMultipartUpload'];
  await failAndForget('denied.bin');
  await showUploads(window);
  const row = uploadRow(window, 'denied.bin');
  await window.openContextMenu(row, 'Copy RAM Policy');
  await expect(window.menuItem('Set Credentials...')).toBeVisible();
  await expect(window.menuItem('Select Bucket...')).toHaveCount(0);
  await shot(window, 'remedies-menu');
  await window.menuItem('Copy RAM Policy').click();
  await expect.poll(() => clipboard(window)).toContain('oss:AbortMultipartUpload');
  await pressInRow(row, 'Set Credentials...');
  await window.inputMessage('AccessKey ID').waitFor();
  await window.page.keyboard.press('Escape');
  if (key) key.deny = [];
  await pressInRow(row, 'Resume');
  await session.expectObject('denied.bin', sums['denied.bin'] ?? '');
});

test('the tooltips of a row and of the status bar have them too', async () => {
  const { window, oss } = session;
  oss.deleteBucket(BUCKET);
  await failAndForget('gone.bin');
  const hover = window.page.locator('.monaco-hover:visible');
  await uploadRow(window, 'gone.bin').hover();
  await expect(hover.getByRole('link', { name: 'Select Bucket' })).toBeVisible();
  await shot(window, 'remedies-row-tooltip');
  await window.page.mouse.move(1, 1);
  await session.status.hover();
  await expect(hover.getByRole('link', { name: 'Select Bucket' })).toBeVisible();
  await shot(window, 'remedies-status-tooltip');
  // A tooltip that the editor draws anew takes the link away from under the pointer.
  await expect(async () => {
    await window.page.mouse.move(1, 1);
    await session.status.hover();
    await hover.getByRole('link', { name: 'Select Bucket' }).click({ timeout: 3000 });
    await window.row(OTHER_BUCKET).waitFor({ timeout: 5000 });
  }).toPass({ timeout: 60_000 });
  await window.pick(OTHER_BUCKET);
  await window.pick('Use this folder');
  await until('the object in the other bucket', () => oss.object(OTHER_BUCKET, 'gone.bin'));
  await expect(session.status).toHaveCount(0);
});
