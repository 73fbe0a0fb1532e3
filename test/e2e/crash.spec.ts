import fs from 'node:fs';
import path from 'node:path';
import { EXTENSION_ID } from '../../scripts/paths';
import { isAlive, until } from '../../scripts/processes';
import { shot, showUploads } from './gestures';
import { BUCKET, MIB, Session, expect, test } from './session';

test.describe.configure({ mode: 'serial' });

let session: Session;

test.beforeAll(async ({ profile }) => {
  // So many lanes that some parts can be stuck while others, the last one too, are accepted.
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.parallel': 6 } });
});
test.afterAll(async () => {
  await session.end();
});

const TOLD = /The record of an unfinished upload is damaged/;

test('killed in the middle of an upload, the editor offers to go on and sends only what is missing', async () => {
  const sha256 = await session.addFile('backup.img', 64 * MIB + 12_345);
  const window = await session.open();
  // Of nine parts four never get through, so that five are accepted: also the last, short one.
  const stuck = [3, 4, 5, 6];
  const hold = session.oss.hold({ on: 'uploadPart', partNumber: stuck, times: stuck.length });
  await window.contextMenu(window.file('backup.img'), 'Upload to OSS (resumable)');
  await session.answerFirstQuestions();
  const expected = [1, 2, 7, 8, 9];
  await until(
    'all parts that can get through',
    () => session.acceptedParts('backup.img').length === expected.length,
  );
  expect(session.acceptedParts('backup.img').sort()).toEqual(expected);
  expect(session.oss.openRequests.map((r) => r.partNumber).sort()).toEqual(stuck);

  const [host] = session.editor.extensionHosts();
  await session.editor.kill();
  expect(isAlive(host!)).toBe(false);
  await session.closeWindow();
  hold.release();
  await until('the end of all requests', () => session.oss.openRequests.length === 0);
  const operationsBefore = session.oss.operations.length;
  expect(session.oss.uploads(BUCKET)).toHaveLength(1);
  expect(session.checkpoints().length).toBeGreaterThan(0);
  const folder = path.join(session.editor.globalStorage(EXTENSION_ID), 'checkpoints');
  fs.writeFileSync(path.join(folder, `${'0'.repeat(32)}.batch`), 'no batch\n');

  const again = await session.open();
  await expect(again.notification(TOLD)).toContainText('Clean Up Unfinished Uploads in Bucket');
  await shot(again, 'crash-damaged-record');
  await expect(session.status).toContainText('1 upload to resume');
  await session.status.click();
  await expect(again.row(/Resume all \(1/)).toBeVisible();
  await again.pick(/^\s*backup\.img/);
  await session.expectObject('backup.img', sha256);

  // The server's log: each part that was accepted before was sent once, also the short last one.
  const sentAgain = session.oss.operations
    .slice(operationsBefore)
    .filter((r) => r.operation === 'uploadPart')
    .map((r) => r.partNumber);
  expect(sentAgain.sort()).toEqual(stuck);
  expect(
    session.oss.operations.filter((r) => r.operation === 'initiateMultipartUpload'),
  ).toHaveLength(1);
  await until('no unfinished upload in OSS', () => session.oss.uploads(BUCKET).length === 0);
  await expect(session.status).toHaveCount(0);
});

test('a record that could not be read is told once, and lies among the damaged then', async () => {
  const { window } = session;
  await until('no record but the damaged', () => session.checkpoints().join() === 'damaged');
  await window.reload();
  // The list of uploads is there when the folder has been looked at.
  await showUploads(window);
  await expect(window.notification(TOLD)).toHaveCount(0);
  expect(session.checkpoints()).toEqual(['damaged']);
});
