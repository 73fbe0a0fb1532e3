import fs from 'node:fs';
import path from 'node:path';
import { EXTENSION_ID } from '../../scripts/paths';
import { until } from '../../scripts/processes';
import { writeSampleFile } from '../../scripts/sampleFile';
import { CHECKPOINT, checkpointId } from '../../src/engine/record/checkpoint';
import { JournalText } from '../../src/engine/record/journalStore';
import { fingerprintOf } from '../../src/engine/file/fingerprint';
import type { PlainAnswer } from '../oss-server/client';
import { sendRequest } from '../oss-server/client';
import type { Hold } from '../oss-server/holds';
import {
  MENU_ITEM,
  STOP_MS,
  acceptedTwice,
  chooseFile,
  countOf,
  followPercent,
  isRising,
  partsAccepted,
  pressInList,
  pressInRow,
  progress,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
} from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// Stopped, closed, forgotten, and gone on with: the second week of one user, in this order.
test.describe.configure({ mode: 'serial' });

/** Twelve parts. */
const SIZE_BYTES = 12 * MIB;
const DAY_MS = 86_400_000;
// So many lanes that none of the uploads waits for another one.
const machineSettings = { 'ossUpload.partSize': '1 MB', 'ossUpload.concurrency': 12 };

let session: Session;
let sums: Record<string, string>;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings });
  sums = {};
  const names = [
    'a',
    'b',
    'c',
    'offline',
    'auto',
    'never',
    'again',
    'moved',
    'old',
    'ours',
    'away',
  ];
  for (const name of names) {
    sums[`${name}.bin`] = await session.addFile(`${name}.bin`, SIZE_BYTES);
  }
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const upload = (name: string): Promise<void> =>
  session.window.contextMenu(session.window.file(name), MENU_ITEM);

/** Starts an upload that stands after two parts, until it is released. */
async function uploadTwoParts(name: string): Promise<Hold> {
  const hold = stuckAfter(session, name, 2);
  await upload(name);
  await partsAccepted(session, name, 2);
  return hold;
}

/** The object is whole, and no part that was accepted came again. */
async function expectWhole(name: string): Promise<void> {
  await session.expectObject(name, sums[name] ?? '');
  expect(acceptedTwice(session, name)).toEqual([]);
  expect(countOf(session, 'initiateMultipartUpload', name)).toBe(1);
}

/** Asks OSS something as another computer of the same user would. */
function ask(
  method: string,
  key: string,
  query: Record<string, string>,
  body?: Uint8Array,
): Promise<PlainAnswer> {
  const { accessKeyId, accessKeySecret } = ACCESS_KEY;
  const signing = { version: 'v4', accessKeyId, accessKeySecret } as const;
  return sendRequest(session.oss.endpoint, { method, bucket: BUCKET, key, query, body, signing });
}

/** Begins an upload that this editor knows nothing of; resolves with its id. */
async function beginElsewhere(key: string): Promise<string> {
  const answer = await ask('POST', key, { uploads: '' });
  return answer.element('UploadId') ?? '';
}

let holds: Hold[] = [];
/** All that the row of a.bin has shown. */
const percents: number[] = [];

/**
 * Ends what a window has left on its way and lets everything new through. Without the reset the
 * server would still read, from the buffers of the system, parts whose sender is gone.
 */
async function letThrough(): Promise<void> {
  session.oss.resetConnections();
  holds.forEach((hold) => {
    hold.release();
  });
  holds = [];
  await until('the end of all requests', () => session.oss.openRequests.length === 0);
}

test('Cancel stops all uploads and says how many; Resume goes on with all', async () => {
  const { window, oss } = session;
  const first = stuckAfter(session, 'a.bin', 2);
  await upload('a.bin');
  await session.answerFirstQuestions();
  await partsAccepted(session, 'a.bin', 2);
  holds = [first, await uploadTwoParts('b.bin'), await uploadTwoParts('c.bin')];
  const cancel = window.button(progress(window), 'Cancel');
  await cancel.hover();
  const pressedMs = Date.now();
  await cancel.click();
  const stopped = window.notification('Stopped 3 uploads. Progress is kept.');
  await stopped.waitFor();
  expect(Date.now() - pressedMs).toBeLessThan(STOP_MS);
  await expect(session.status).toContainText('3 uploads to resume');
  await shot(window, 'later-stopped');
  await letThrough();
  expect(oss.uploads(BUCKET)).toHaveLength(3);
  holds = ['a.bin', 'b.bin', 'c.bin'].map((name) => stuckAfter(session, name, 2));
  await window.button(stopped, 'Resume').click();
  for (const name of ['a.bin', 'b.bin', 'c.bin']) await partsAccepted(session, name, 4);
  await expect(session.status).toHaveCount(0);
});

test('the view pauses, resumes and discards one upload', async () => {
  const { window } = session;
  await showUploads(window);
  const percent = await followPercent(window, 'a.bin');
  await pressInRow(uploadRow(window, 'a.bin'), 'Pause');
  await expect(uploadRow(window, 'a.bin')).toContainText(/paused at \d+ %/);
  await expect(session.status).toContainText('1 upload to resume');
  await expect(uploadRow(window, 'b.bin')).toContainText(/\d+ %/);
  await shot(window, 'later-view');
  await pressInRow(uploadRow(window, 'a.bin'), 'Resume');
  await expect(uploadRow(window, 'a.bin')).not.toContainText('paused');
  await pressInRow(uploadRow(window, 'c.bin'), 'Discard...');
  await window.dialogButton('Discard').click();
  await expect(uploadRow(window, 'c.bin')).toHaveCount(0);
  await until('two unfinished uploads', () => session.oss.uploads(BUCKET).length === 2);
  expect(countOf(session, 'abortMultipartUpload', 'c.bin')).toBe(1);
  expect(session.oss.object(BUCKET, 'c.bin')).toBeUndefined();
  percents.push(...(await percent()).row);
});

test('Reload Window with running uploads: the status bar offers them, one by one or all', async () => {
  const { window, oss } = session;
  await session.window.reload();
  await expect(session.status).toContainText('2 uploads to resume');
  // Nothing goes on without being asked to.
  const from = oss.operations.length;
  await letThrough();
  await session.status.click();
  await expect(window.row(/Resume all \(2 · .* left\)/)).toBeVisible();
  await expect(window.quick).toContainText('This workspace');
  await window.row('b.bin').hover();
  await shot(window, 'later-resume-list');
  await pressInRow(window.row('b.bin'), 'Discard...');
  await window.dialogButton('Discard').click();
  await expect(session.status).toContainText('1 upload to resume');
  await until('one unfinished upload', () => oss.uploads(BUCKET).length === 1);
  await showUploads(window);
  const percent = await followPercent(window, 'a.bin');
  await pressInList(session, 'a.bin', 'Resume');
  await expectWhole('a.bin');
  await expect(uploadRow(window, 'a.bin')).toContainText('done');
  const { row, toast } = await percent();
  percents.push(...row);
  // Of what OSS has: it never falls, through the pause, the reload and the two resumes.
  expect(percents.length).toBeGreaterThan(1);
  expect(isRising(percents), percents.join()).toBe(true);
  expect(isRising(toast), toast.join()).toBe(true);
  expect(toast.every((shown) => shown >= (row[0] ?? 0))).toBe(true);
  expect(session.acceptedParts('b.bin', from)).toEqual([]);
  await session.expectNothingLeft();
  await expect(session.status).toHaveCount(0);
});

test('discarded without a network: marked, and removed from OSS when it is back', async () => {
  const { window, oss } = session;
  holds = [await uploadTwoParts('offline.bin')];
  await oss.stopListening();
  await letThrough();
  await showUploads(window);
  await pressInRow(uploadRow(window, 'offline.bin'), 'Discard...');
  await window.dialogButton('Discard').click();
  await expect(uploadRow(window, 'offline.bin')).toContainText('will be removed from OSS');
  await shot(window, 'later-discard-offline');
  const isMarked = (): boolean =>
    session
      .checkpoints()
      .filter((name) => name.endsWith('.batch'))
      .some((name) => readCheckpointFile(name).includes('"discarding":['));
  await until('the mark on disk', isMarked);
  expect(oss.uploads(BUCKET)).toHaveLength(1);
  await oss.listenAgain();
  // The next contact with OSS is the upload of another file.
  await session.addFile('tiny.txt', 10);
  await upload('tiny.txt');
  await until('the object', () => oss.object(BUCKET, 'tiny.txt'));
  await session.expectNothingLeft();
  await expect(uploadRow(window, 'offline.bin')).toHaveCount(0);
});

test('resumeOnStartup auto: goes on by itself, with one notification', async () => {
  const { window } = session;
  holds = [await uploadTwoParts('auto.bin')];
  await session.changeSettings({ 'ossUpload.resumeOnStartup': 'auto' });
  await window.reload();
  await letThrough();
  await expectWhole('auto.bin');
  await window.notification('Uploaded auto.bin').waitFor();
  await expect(session.status).toHaveCount(0);
  await session.expectNothingLeft();
});

test('resumeOnStartup never: nothing is shown, and the command still offers it', async () => {
  const { window } = session;
  holds = [await uploadTwoParts('never.bin'), await uploadTwoParts('again.bin')];
  await session.changeSettings({ 'ossUpload.resumeOnStartup': 'never' });
  await window.reload();
  await letThrough();
  // The palette has the command as soon as the folder of checkpoints has been looked at.
  await expect(async () => {
    await window.page.keyboard.press('Escape');
    await window.page.keyboard.press('F1');
    await window.quickInput.fill('>OSS: Resume Interrupted Uploads...');
    await expect(window.row('OSS: Resume Interrupted Uploads...').first()).toBeVisible({
      timeout: 1000,
    });
  }).toPass();
  await expect(session.status).toHaveCount(0);
  await window.pick('OSS: Resume Interrupted Uploads...');
  await window.pick(/Resume all \(2 · /);
  await expectWhole('never.bin');
  await expectWhole('again.bin');
  await session.expectNothingLeft();
  await session.changeSettings({});
});

test('from another folder, and its file has moved: Locate... goes on with it', async () => {
  const { window } = session;
  holds = [await uploadTwoParts('moved.bin')];
  const other = path.join(path.dirname(session.workspace), 'other');
  const movedTo = path.join(other, 'here.bin');
  fs.mkdirSync(other);
  await window.open(session.editor.url(other));
  fs.renameSync(path.join(session.workspace, 'moved.bin'), movedTo);
  await letThrough();
  await expect(session.status).toContainText('1 upload to resume');
  await session.status.click();
  await expect(window.quick).toContainText('Other folders');
  await shot(window, 'later-other-folder');
  await window.pick('moved.bin');
  const message = window.notification('moved.bin was not uploaded: it no longer exists at');
  await message.waitFor();
  await expect(session.status).toContainText('OSS: 1 upload failed');
  await shot(window, 'later-file-gone');
  await window.button(message, 'Locate...').click();
  await shot(window, 'later-locate');
  await chooseFile(window, movedTo);
  await expectWhole('moved.bin');
  await session.expectNothingLeft();
  await window.open(session.editor.url(session.workspace));
});

test('what is older than a week is offered for discard, all at once', async () => {
  const { window, oss } = session;
  for (const key of ['old.bin', 'older.bin']) {
    await writeOldCheckpoint(key, await beginElsewhere(key));
  }
  await expect(session.status).toContainText('2 uploads to resume');
  await session.status.click();
  await expect(window.quick).toContainText('Older than 7 days (storage is billed)');
  await expect(window.row(/Resume all/)).toHaveCount(0);
  await shot(window, 'later-old');
  await window.pick(/Discard all \(2 · /);
  await window.dialogButton('Discard').waitFor();
  await shot(window, 'later-old-confirm');
  await window.dialogButton('Discard').click();
  await session.expectNothingLeft();
  expect(countOf(session, 'abortMultipartUpload', 'old.bin')).toBe(1);
  expect(oss.object(BUCKET, 'old.bin')).toBeUndefined();
  await expect(session.status).toHaveCount(0);
});

test('clean-up of the bucket: ours preselected, others never removed silently', async () => {
  const { window, oss } = session;
  const foreign = await beginElsewhere('foreign.bin');
  holds = [await uploadTwoParts('ours.bin')];
  await window.command('OSS: Pause All Uploads');
  await letThrough();
  await expect(session.status).toContainText('1 upload to resume');
  const isChecked = (name: string): Promise<boolean> =>
    window.row(name).getByRole('checkbox').isChecked();
  await window.command('OSS: Clean Up Unfinished Uploads in Bucket...');
  await window.row('foreign.bin').waitFor();
  await expect(window.row('foreign.bin')).toContainText('not from this editor');
  expect(await isChecked('ours.bin')).toBe(true);
  expect(await isChecked('foreign.bin')).toBe(false);
  await shot(window, 'later-clean-up');
  await window.page.keyboard.press('Enter');
  await window.dialogButton('Discard').click();
  await window.notification('Removed the unfinished upload of ours.bin').waitFor();
  expect(oss.uploads(BUCKET).map(({ uploadId }) => uploadId)).toEqual([foreign]);
  await expect(session.status).toHaveCount(0);
  oss.abortUpload(foreign);
});

test('Resume Upload from OSS: begun on another computer, proven parts are kept', async () => {
  const { window } = session;
  const uploadId = await beginElsewhere('away.bin');
  const bytes = fs.readFileSync(path.join(session.workspace, 'away.bin'));
  for (const number of [1, 2, 5]) {
    const part = bytes.subarray((number - 1) * MIB, number * MIB);
    await ask('PUT', 'away.bin', { partNumber: String(number), uploadId }, part);
  }
  const from = session.oss.operations.length;
  await window.command('OSS: Resume Upload from OSS...');
  await window.row('away.bin').waitFor();
  await shot(window, 'later-from-oss');
  await window.pick('away.bin');
  await chooseFile(window, path.join(session.workspace, 'away.bin'));
  await session.expectObject('away.bin', sums['away.bin'] ?? '');
  const sent = session.acceptedParts('away.bin', from).sort((one, other) => one - other);
  expect(sent).toEqual([3, 4, 6, 7, 8, 9, 10, 11, 12]);
  await session.expectNothingLeft();
});

function checkpointFolder(): string {
  return path.join(session.editor.globalStorage(EXTENSION_ID), 'checkpoints');
}

function readCheckpointFile(name: string): string {
  return fs.readFileSync(path.join(checkpointFolder(), name), 'utf8');
}

/** What an upload has left that moved last ten days ago. */
async function writeOldCheckpoint(name: string, uploadId: string): Promise<void> {
  const filePath = path.join(session.workspace, name);
  await writeSampleFile(filePath, SIZE_BYTES, name);
  const createdMs = Date.now() - 10 * DAY_MS;
  const writer = new JournalText(CHECKPOINT, {
    uploadId,
    filePath,
    source: fingerprintOf(fs.statSync(filePath, { bigint: true })),
    target: { bucket: BUCKET, region: 'cn-hangzhou', key: name, profile: '' },
    partSizeBytes: MIB,
    options: { partSizeBytes: MIB, parallel: 3, forbidOverwrite: false, object: {} },
    createdMs,
  });
  fs.mkdirSync(checkpointFolder(), { recursive: true });
  const file = path.join(checkpointFolder(), `${checkpointId(filePath, BUCKET, name)}.jsonl`);
  // Under another name until it is old: a file that is seen young stays young.
  fs.writeFileSync(`${file}.new`, writer.headerLine);
  fs.utimesSync(`${file}.new`, createdMs / 1000, createdMs / 1000);
  fs.renameSync(`${file}.new`, file);
}
