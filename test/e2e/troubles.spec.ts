import fs from 'node:fs';
import path from 'node:path';
import { sleep, until } from '../../scripts/processes';
import { sendRequest } from '../oss-server/client';
import {
  MENU_ITEM,
  acceptedTwice,
  clipboard,
  confirmBucket,
  countOf,
  partsAccepted,
  pickInList,
  pressInRow,
  progress,
  shot,
  showUploads,
  stuckAfter,
  tooltipOf,
  typeCredentials,
  uploadRow,
  watch,
} from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// What goes wrong while an upload runs, and how it goes on: one unlucky user, in this order.
test.describe.configure({ mode: 'serial' });

const OTHER_BUCKET = 'e2e-other-bucket';
const TEMPORARY = {
  accessKeyId: 'STS.NUe2eTemporaryKey001',
  accessKeySecret: 'temporarySecret',
  securityToken: 'token-of-the-first-hour',
};
const RENEWED = {
  accessKeyId: 'STS.NUe2eTemporaryKey002',
  accessKeySecret: 'renewedSecret',
  securityToken: 'token-of-the-second-hour',
};
/** Twelve parts. */
const SIZE_BYTES = 12 * MIB;

let session: Session;
let sums: Record<string, string>;
let settingsFile: string;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
  session.oss.credentials.push({ ...TEMPORARY }, { ...RENEWED });
  // The bucket is in cn-hangzhou.
  settingsFile = session.writeFolderSettings({
    'ossUpload.bucket': BUCKET,
    'ossUpload.region': 'cn-shanghai',
  });
  sums = {};
  const names = ['region', 'offline', 'first', 'second', 'revoked', 'changing', 'restless', 'debt'];
  for (const name of [...names, 'denied', 'again', 'bucket']) {
    sums[`${name}.bin`] = await session.addFile(`${name}.bin`, SIZE_BYTES);
  }
  const { accessKeyId, accessKeySecret } = ACCESS_KEY;
  const signing = { version: 'v4', accessKeyId, accessKeySecret } as const;
  await sendRequest(session.oss.endpoint, { method: 'PUT', bucket: OTHER_BUCKET, signing });
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const upload = (name: string): Promise<void> =>
  session.window.contextMenu(session.window.file(name), MENU_ITEM);

/** Starts an upload that stands after so many parts. */
async function uploadUntil(name: string, parts: number): Promise<() => void> {
  const hold = stuckAfter(session, name, parts);
  await upload(name);
  await partsAccepted(session, name, parts);
  return () => {
    hold.release();
  };
}

async function expectWhole(name: string): Promise<void> {
  await session.expectObject(name, sums[name] ?? '');
}

test('wrong region: Use {region} rewrites the setting and goes on', async () => {
  const { window } = session;
  await upload('region.bin');
  await typeCredentials(window, TEMPORARY);
  await confirmBucket(window, BUCKET);
  const message = window.notification(
    `region.bin was not uploaded. Bucket "${BUCKET}" is in cn-hangzhou, not in cn-shanghai.`,
  );
  await message.waitFor();
  await shot(window, 'troubles-region');
  await window.button(message, 'Use cn-hangzhou').click();
  await expectWhole('region.bin');
  expect(fs.readFileSync(settingsFile, 'utf8')).toContain('"ossUpload.region": "cn-hangzhou"');
  await session.expectNothingLeft();
  await expect(session.status).toHaveCount(0);
});

test('the network goes and comes back: a sentence, no error, nothing sent twice', async () => {
  const { window, oss } = session;
  const release = await uploadUntil('offline.bin', 4);
  const watched = await watch(window);
  await oss.stopListening();
  release();
  const message = window.message(progress(window));
  await expect(message).toContainText(
    /OSS cannot be reached\. Next try in \d+ s\. Progress is kept\./,
  );
  await expect(session.status).toContainText('OSS offline, retrying');
  await shot(window, 'troubles-offline');
  await oss.listenAgain();
  await expectWhole('offline.bin');
  await expect(session.status).toHaveCount(0);
  expect(acceptedTwice(session, 'offline.bin')).toEqual([]);
  expect(countOf(session, 'initiateMultipartUpload', 'offline.bin')).toBe(1);
  await window.notification('Uploaded offline.bin').waitFor();
  const { toasts } = await watched();
  expect(toasts.filter((text) => !/^Upload(ing to OSS|ed )/.test(text))).toEqual([]);
  await session.expectNothingLeft();
});

test('an expired token: one warning for all uploads, new ones, the same upload goes on', async () => {
  const { window, oss } = session;
  const names = ['first.bin', 'second.bin'];
  const releases = [await uploadUntil('first.bin', 3), await uploadUntil('second.bin', 3)];
  const watched = await watch(window);
  const token = oss.credentials.find((key) => key.accessKeyId === TEMPORARY.accessKeyId);
  if (token) token.expiresAt = 1;
  releases.forEach((release) => {
    release();
  });
  const warning = window.notification(
    '2 uploads are paused. The credentials expired. Progress is kept.',
  );
  await warning.waitFor();
  await expect(session.status).toContainText('OSS: 2 uploads need credentials');
  await showUploads(window);
  for (const name of names) {
    await expect(uploadRow(window, name)).toContainText('credentials refused');
  }
  await shot(window, 'troubles-expired');
  const { toasts } = await watched();
  expect(toasts.filter((text) => text.includes('The credentials expired'))).toHaveLength(1);
  await window.button(warning, 'Update Credentials').click();
  await typeCredentials(window, RENEWED);
  for (const name of names) {
    await expectWhole(name);
    expect(countOf(session, 'initiateMultipartUpload', name)).toBe(1);
    expect(acceptedTwice(session, name)).toEqual([]);
    const keys = oss.operations.filter((r) => r.key === name && r.operation === 'uploadPart');
    expect(keys.at(-1)?.accessKeyId).toBe(RENEWED.accessKeyId);
  }
  await expect(session.status).toHaveCount(0);
  await session.expectNothingLeft();
});

test('a revoked key: the status bar leads to new credentials as well', async () => {
  const { window, oss } = session;
  const release = await uploadUntil('revoked.bin', 3);
  const key = oss.credentials.find((one) => one.accessKeyId === RENEWED.accessKeyId);
  if (key) key.disabled = true;
  release();
  await window.notification('revoked.bin is paused. This AccessKey is disabled').waitFor();
  await expect(session.status).toContainText('OSS: 1 upload needs credentials');
  await session.status.click();
  await window.row('revoked.bin').waitFor();
  await expect(window.quick).toContainText('Needs attention');
  await shot(window, 'troubles-revoked');
  await window.pick('revoked.bin');
  await typeCredentials(window, ACCESS_KEY);
  await expectWhole('revoked.bin');
  expect(countOf(session, 'initiateMultipartUpload', 'revoked.bin')).toBe(1);
  expect(acceptedTwice(session, 'revoked.bin')).toEqual([]);
  await expect(session.status).toHaveCount(0);
});

test('a file that changes is sent again from the start, and the user is told once', async () => {
  const { window } = session;
  const release = await uploadUntil('changing.bin', 3);
  const watched = await watch(window);
  const old = sums['changing.bin'];
  const file = path.join(session.workspace, 'changing.bin');
  const bytes = fs.readFileSync(file);
  bytes.reverse();
  fs.writeFileSync(file, bytes);
  release();
  await window.notification('changing.bin changed; starting again.').waitFor();
  await shot(window, 'troubles-changed');
  await window.notification('Uploaded changing.bin').waitFor();
  const object = session.oss.object(BUCKET, 'changing.bin');
  expect(await object?.sha256()).not.toBe(old);
  expect((await object?.bytes())?.equals(bytes)).toBe(true);
  const { toasts } = await watched();
  expect(toasts.filter((text) => text.includes('changed;'))).toHaveLength(1);
  await session.expectNothingLeft();
});

test('a file that keeps changing is not uploaded; Try Again when it is at rest', async () => {
  const { window } = session;
  const file = path.join(session.workspace, 'restless.bin');
  const watched = await watch(window);
  const restless = { isOver: false };
  const writing = (async () => {
    for (let n = 0; !restless.isOver; n++) {
      const handle = await fs.promises.open(file, 'r+');
      await handle.write(Buffer.from(String(n)), 0, undefined, (n % 12) * MIB);
      await handle.close();
      await sleep(20);
    }
  })();
  await upload('restless.bin');
  const message = window.notification('restless.bin keeps changing and was not uploaded.');
  await message.waitFor();
  restless.isOver = true;
  await writing;
  await shot(window, 'troubles-restless');
  expect(session.oss.object(BUCKET, 'restless.bin')).toBeUndefined();
  await window.button(message, 'Try Again').click();
  await window.notification('Uploaded restless.bin').waitFor();
  const object = session.oss.object(BUCKET, 'restless.bin');
  expect((await object?.bytes())?.equals(fs.readFileSync(file))).toBe(true);
  const { toasts } = await watched();
  // Told once at most: the message that it failed says the same.
  const told = toasts.filter((text) => text.includes('restless.bin changed;'));
  expect(told.length).toBeLessThanOrEqual(1);
  await session.expectNothingLeft();
});

test('no permission: the missing right is named and its policy copied', async () => {
  const { window, oss } = session;
  const key = oss.credentials.find((one) => one.accessKeyId === ACCESS_KEY.accessKeyId);
  if (key) key.deny = ['initiateMultipartUpload'];
  await upload('denied.bin');
  const message = window.notification(
    `denied.bin was not uploaded. No permission for oss:PutObject on ${BUCKET}.`,
  );
  await message.waitFor();
  await shot(window, 'troubles-denied');
  await window.button(message, 'Copy RAM Policy').click();
  await expect.poll(() => clipboard(window)).toContain('oss:AbortMultipartUpload');
  const policy = JSON.parse(await clipboard(window)) as { Statement: { Resource: string[] }[] };
  expect(policy.Statement[0]?.Resource).toEqual([`acs:oss:*:*:${BUCKET}/*`]);
  if (key) key.deny = [];
  await pickInList(session, 'denied.bin');
  await expectWhole('denied.bin');
  await session.expectNothingLeft();
});

test('when its message is gone, the list is one of failures, and its first rows are the remedies', async () => {
  const { window, oss } = session;
  const key = oss.credentials.find((one) => one.accessKeyId === ACCESS_KEY.accessKeyId);
  if (key) key.deny = ['initiateMultipartUpload'];
  await upload('again.bin');
  await window.notification('again.bin was not uploaded.').waitFor();
  await window.command('Notifications: Clear All Notifications');
  await expect(window.notification('again.bin')).toHaveCount(0);
  await expect(session.status).toContainText('OSS: 1 upload failed');
  await session.status.click();
  await expect(window.quickTitle('Failed Uploads')).toBeVisible();
  await window.row('Copy RAM Policy').waitFor();
  expect((await window.rowLabels()).slice(0, 2)).toEqual(['Switch Credentials', 'Copy RAM Policy']);
  await shot(window, 'troubles-list');
  await window.page.evaluate('navigator.clipboard.writeText("")');
  await window.pick('Copy RAM Policy');
  await expect.poll(() => clipboard(window)).toContain('oss:AbortMultipartUpload');
  if (key) key.deny = [];
});

test('a row has the remedies of its failure in its menu and as an icon', async () => {
  const { window } = session;
  // Why it failed is on disk.
  await window.reload();
  await expect(session.status).toContainText('OSS: 1 upload failed');
  await showUploads(window);
  const row = uploadRow(window, 'again.bin');
  await window.openContextMenu(row, 'Copy RAM Policy');
  await expect(window.menuItem('Set Credentials...')).toBeVisible();
  await expect(window.menuItem('Select Bucket...')).toHaveCount(0);
  await shot(window, 'troubles-menu');
  await window.page.keyboard.press('Escape');
  await pressInRow(row, 'Set Credentials...');
  await window.inputMessage('AccessKey ID').waitFor();
  await window.page.keyboard.press('Escape');
  await pressInRow(row, 'Resume');
  await expectWhole('again.bin');
  await session.expectNothingLeft();
});

test('an account in arrears: the words of OSS, and details to send to its owner', async () => {
  const { window, oss } = session;
  const key = oss.credentials.find((one) => one.accessKeyId === ACCESS_KEY.accessKeyId);
  const release = await uploadUntil('debt.bin', 2);
  if (key) key.inArrears = true;
  release();
  const message = window.notification(
    `debt.bin was not uploaded. OSS refuses uploads to bucket "${BUCKET}"`,
  );
  await message.waitFor();
  await shot(window, 'troubles-arrears');
  await window.button(message, 'Copy Error Details').click();
  await expect.poll(() => clipboard(window)).toContain('code: UserDisable');
  expect(await clipboard(window)).toContain('key: debt.bin');
  if (key) key.inArrears = false;
  await pickInList(session, 'debt.bin');
  await expectWhole('debt.bin');
  expect(acceptedTwice(session, 'debt.bin')).toEqual([]);
  await session.expectNothingLeft();
});

test('a bucket that is gone: Select Bucket, also in the tooltips, sends the file to another one', async () => {
  const { window, oss } = session;
  const release = await uploadUntil('bucket.bin', 2);
  oss.deleteBucket(BUCKET);
  release();
  const message = window.notification(
    `bucket.bin was not uploaded. Bucket "${BUCKET}" was not found in cn-hangzhou.`,
  );
  await message.waitFor();
  await expect(window.button(message, 'Select Bucket')).toBeVisible();
  await shot(window, 'troubles-bucket');
  await window.command('Notifications: Clear All Notifications');
  await showUploads(window);
  await tooltipOf(session, uploadRow(window, 'bucket.bin'), 'Select Bucket');
  await shot(window, 'troubles-row-tooltip');
  // A tooltip that the editor draws anew takes the link away from under the pointer.
  await expect(async () => {
    const tooltip = await tooltipOf(session, session.status, 'Select Bucket');
    await tooltip.getByRole('link', { name: 'Select Bucket' }).click({ timeout: 3000 });
    await window.row(OTHER_BUCKET).waitFor({ timeout: 5000 });
  }).toPass({ timeout: 60_000 });
  // The key stays, and so no folder is asked for.
  await window.pick(OTHER_BUCKET);
  await until('the object in the other bucket', () => oss.object(OTHER_BUCKET, 'bucket.bin'));
  expect(await oss.object(OTHER_BUCKET, 'bucket.bin')?.sha256()).toBe(sums['bucket.bin']);
  expect(fs.readFileSync(settingsFile, 'utf8')).toContain(`"ossUpload.bucket": "${OTHER_BUCKET}"`);
  await expect(session.status).toHaveCount(0);
  await until('an empty folder of checkpoints', () => session.checkpoints().length === 0);
});
