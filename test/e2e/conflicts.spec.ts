import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../scripts/processes';
import {
  MENU_ITEM,
  acceptedTwice,
  clipboard,
  confirmBucket,
  countOf,
  partsAccepted,
  selectFiles,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
  watch,
} from './gestures';
import { BUCKET, MIB, Session, expect, test } from './session';

// What is there already, what fails and what is not saved: one user, in this order.
test.describe.configure({ mode: 'serial' });

/** As OSS refuses a file for a reason of its own: each failure for itself. */
const REFUSAL = { status: 400, code: 'InvalidObjectName', ec: '0016-00000102' };

let session: Session;
let sums: Record<string, string>;

test.beforeAll(async ({ profile }) => {
  // An editor in a browser saves by itself; one on a desk does not.
  session = await Session.begin(profile, { settings: { 'files.autoSave': 'off' } });
  const many = Array.from({ length: 500 }, (_, n) => [`many/${n}.txt`, 300] as const);
  const files = [
    ...['same', 'other', 'short'].map((name) => [`set/${name}.bin`, 10_000] as const),
    ...['new', 'newer'].map((name) => [`set/${name}.bin`, 1000] as const),
    ...['one', 'two', 'three', 'four'].map((name) => [`half/${name}.bin`, 1000] as const),
    ...many,
    ['race.bin', 20 * MIB] as const,
    ['lost.bin', 20 * MIB] as const,
    ['notes.txt', 0] as const,
    ['keys.txt', 0] as const,
  ];
  sums = {};
  for (const [name, sizeBytes] of files) sums[name] = await session.addFile(name, sizeBytes);
  fs.writeFileSync(path.join(session.workspace, 'notes.txt'), 'as saved');
  fs.writeFileSync(path.join(session.workspace, 'keys.txt'), 'typed');
  const bytesOf = (name: string): Buffer => fs.readFileSync(path.join(session.workspace, name));
  await session.oss.putObject(BUCKET, 'set/same.bin', bytesOf('set/same.bin'));
  await session.oss.putObject(BUCKET, 'set/other.bin', randomBytes(10_000));
  await session.oss.putObject(BUCKET, 'set/short.bin', randomBytes(500));
  for (const n of [7, 8]) await session.oss.putObject(BUCKET, `many/${n}.txt`, randomBytes(10));
  await session.oss.putObject(BUCKET, 'keys.txt', randomBytes(10));
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const sha256 = (key: string): Promise<string> | undefined =>
  session.oss.object(BUCKET, key)?.sha256();

test('a folder of which some exist: one question with sizes and dates, then one by one', async () => {
  const { window } = session;
  const kept = await sha256('set/short.bin');
  await window.contextMenu(window.file('set'), MENU_ITEM);
  await session.answerFirstQuestions();
  await window.quickTitle('3 of 5 already exist').waitFor();
  await expect(window.row('Overwrite 3')).toContainText(
    /9\.3 KB larger in all.*local: 29\.3 KB, \d+\/\d+\/.* in OSS: 20\.0 KB, \d+\/\d+\//,
  );
  await shot(window, 'conflicts-folder');
  // Nothing is sent before the answer.
  expect(countOf(session, 'putObject')).toBe(0);
  await window.pick('Choose one by one');
  const answers: Record<string, string> = {
    'set/other.bin': 'Overwrite',
    'set/short.bin': 'Skip',
    'set/same.bin': 'Keep both',
  };
  for (const step of [1, 2, 3]) {
    const title = window.quickTitle(`already exists (${step}/3)`);
    await title.waitFor();
    const shown = (await title.textContent()) ?? '';
    const answer = Object.entries(answers).find(([name]) => shown.includes(name));
    await expect(window.row('Overwrite')).toContainText(
      /local: 9\.8 KB, \d+\/\d+\/.* in OSS: \d\S* K?B, \d+\/\d+\//,
    );
    if (step === 2) await shot(window, 'conflicts-one-by-one');
    await window.pick(answer?.[1] ?? '');
  }
  await window.notification('Uploaded 4 files').waitFor();
  expect(await sha256('set/other.bin')).toBe(sums['set/other.bin']);
  expect(await sha256('set/short.bin')).toBe(kept);
  expect(await sha256('set/same-1.bin')).toBe(sums['set/same.bin']);
  expect(session.oss.keys(BUCKET)).toEqual(
    expect.arrayContaining(['set/new.bin', 'set/newer.bin']),
  );
});

test('Skip identical leaves out what is there byte by byte, and asks about the rest', async () => {
  const { window } = session;
  const from = session.oss.operations.length;
  await window.contextMenu(window.file('set'), MENU_ITEM);
  await window.quickTitle('5 of 5 already exist').waitFor();
  await window.pick('Skip identical');
  await window.quickTitle('set/short.bin already exists').waitFor();
  await window.pick('Keep both');
  await until('the object', () => session.oss.object(BUCKET, 'set/short-1.bin'));
  expect(await sha256('set/short-1.bin')).toBe(sums['set/short.bin']);
  expect(countOf(session, 'putObject', undefined, from)).toBe(1);
});

test('an object that appears during the upload is asked about at the end; the parts are kept', async () => {
  const { window } = session;
  for (const [name, answer] of [
    ['race.bin', 'Overwrite'],
    ['lost.bin', 'Skip'],
  ] as const) {
    const hold = stuckAfter(session, name, 2);
    await window.contextMenu(window.file(name), MENU_ITEM);
    await partsAccepted(session, name, 2);
    await session.oss.putObject(BUCKET, name, Buffer.from('of somebody else'));
    hold.release();
    const message = window.notification(`${name} already exists in OSS and was not replaced.`);
    await message.waitFor();
    await expect(session.status).toContainText('OSS: 1 upload failed');
    await shot(window, `conflicts-race-${answer.toLowerCase()}`);
    expect(await session.oss.object(BUCKET, name)?.bytes()).toEqual(
      Buffer.from('of somebody else'),
    );
    await window.button(message, answer).click();
    // Both are asked about: one replaces the object, the other removes the parts.
    await window.dialogButton(answer === 'Overwrite' ? 'Overwrite' : 'Discard').click();
    await expect(session.status).toHaveCount(0);
    await session.expectNothingLeft();
    if (answer === 'Overwrite') await window.notification(`Uploaded ${name}`).waitFor();
  }
  expect(await sha256('race.bin')).toBe(sums['race.bin']);
  expect(session.acceptedParts('race.bin').sort()).toEqual([1, 2, 3]);
  expect(session.oss.object(BUCKET, 'lost.bin')?.sizeBytes).toBe(16);
});

test('500 small files: one notification and one question', async () => {
  const { window } = session;
  const from = session.oss.operations.length;
  const watched = await watch(window);
  await window.contextMenu(window.file('many'), MENU_ITEM);
  await window.quickTitle('2 of 500 already exist').waitFor();
  await window.pick('Skip 2');
  await window.notification('Uploaded 498 files').waitFor({ timeout: 60_000 });
  await shot(window, 'conflicts-500-done');
  const { toasts, questions, most } = await watched();
  expect(questions).toEqual([expect.stringContaining('2 of 500 already exist')]);
  // None on a machine that sends them all within a second.
  expect(most).toBeLessThanOrEqual(1);
  const ours = toasts.filter((text) => !text.startsWith('Uploaded 498 files'));
  expect(ours.filter((text) => text !== 'Uploading to OSS')).toEqual([]);
  expect(countOf(session, 'putObject', undefined, from)).toBe(498);
  expect(session.oss.object(BUCKET, 'many/7.txt')?.sizeBytes).toBe(10);
  await session.expectNothingLeft();
});

test('some files fail: one summary, their details, Retry Failed sends only those', async () => {
  const { window, oss } = session;
  for (const key of ['half/two.bin', 'half/four.bin']) {
    oss.faults.push({ on: 'putObject', key, times: 1, do: { answer: REFUSAL } });
  }
  await window.contextMenu(window.file('half'), MENU_ITEM);
  const summary = window.notification('Uploaded 2 of 4 files. 2 failed.');
  await summary.waitFor();
  await expect(session.status).toContainText('OSS: 1 upload failed');
  await showUploads(window);
  const parent = uploadRow(window, 'half');
  await expect(parent).toContainText('2 failed · 2 of 4');
  await parent.click();
  const failed = uploadRow(window, 'two.bin');
  await expect(failed).toContainText('failed: refused by OSS');
  await shot(window, 'conflicts-failed');
  await window.contextMenu(failed, 'Copy Error Details');
  await expect.poll(() => clipboard(window)).toContain('code: InvalidObjectName');
  const details = await clipboard(window);
  expect(details).toMatch(/requestId: [0-9A-F]{24}/);
  expect(details).toContain('key: half/two.bin');
  expect(details).toContain('ec: 0016-00000102');
  expect(details).not.toMatch(/Signature|e2eSecret/);

  const from = oss.operations.length;
  await window.button(summary, 'Retry Failed').click();
  await window.notification('Uploaded 2 files').waitFor();
  expect(countOf(session, 'putObject', undefined, from)).toBe(2);
  for (const name of ['one', 'two', 'three', 'four']) {
    expect(await sha256(`half/${name}.bin`)).toBe(sums[`half/${name}.bin`]);
  }
  await expect(session.status).toHaveCount(0);
  await session.expectNothingLeft();
});

test('a file with changes that are not saved: the saved version, or save first', async () => {
  const { window } = session;
  const text = async (): Promise<string | undefined> =>
    (await session.oss.object(BUCKET, 'notes.txt')?.bytes())?.toString();
  await window.file('notes.txt').dblclick();
  await window.page.locator('.tab', { hasText: 'notes.txt' }).waitFor();
  const editor = window.page.locator('.editor-instance .view-lines');
  await editor.click();
  await window.page.keyboard.press('ControlOrMeta+End');
  await window.page.keyboard.type(' and more');
  await window.page.locator('.tab.dirty', { hasText: 'notes.txt' }).waitFor();

  await window.contextMenu(window.file('notes.txt'), MENU_ITEM);
  await window.quickTitle('Save notes.txt before upload?').waitFor();
  await shot(window, 'conflicts-dirty');
  await window.pick('Upload saved version');
  await expect.poll(text).toBe('as saved');
  await expect(window.page.locator('.tab.dirty')).toHaveCount(1);

  await window.contextMenu(window.file('notes.txt'), MENU_ITEM);
  await window.pick('Save');
  await window.quickTitle('notes.txt already exists').waitFor();
  await window.pick('Overwrite');
  await expect.poll(text).toBe('as saved and more');
  await expect(window.page.locator('.tab.dirty')).toHaveCount(0);
});

test('an upload with a conflict, by the keyboard only', async () => {
  const { window } = session;
  const { keyboard } = window.page;
  await keyboard.press('ControlOrMeta+P');
  await window.quickInput.waitFor();
  await keyboard.type('keys.txt');
  await window.quick.locator('.monaco-list-row.focused', { hasText: 'keys.txt' }).waitFor();
  await keyboard.press('Enter');
  await window.page.locator('.tab.active', { hasText: 'keys.txt' }).waitFor();
  // An editor that takes the focus late would close the palette.
  await window.page.locator('.editor-instance .monaco-editor.focused').waitFor();
  await keyboard.press('F1');
  await window.quickInput.waitFor();
  await keyboard.type(`OSS: ${MENU_ITEM}`);
  await window.quick.locator('.monaco-list-row.focused', { hasText: MENU_ITEM }).waitFor();
  await keyboard.press('Enter');
  await window.row('Current file').waitFor();
  await keyboard.press('Enter');
  await window.quickTitle('keys.txt already exists').waitFor();
  await keyboard.press('ArrowDown');
  await window.quick.locator('.monaco-list-row.focused', { hasText: 'Keep both' }).waitFor();
  await keyboard.press('Enter');
  const object = await until('the object', () => session.oss.object(BUCKET, 'keys-1.txt'));
  expect((await object.bytes()).toString()).toBe('typed');
  expect(session.oss.object(BUCKET, 'keys.txt')?.sizeBytes).toBe(10);
});

test('files of two workspace folders: each is settled as its own folder says', async () => {
  const answers = { bold: 'overwrite', careful: 'ask' };
  const folders = path.join(session.workspace, 'folders');
  for (const [name, ifExists] of Object.entries(answers)) {
    const settings = {
      'ossUpload.bucket': BUCKET,
      'ossUpload.prefix': '${workspaceFolderBasename}',
      'ossUpload.ifExists': ifExists,
    };
    fs.mkdirSync(path.join(folders, name, '.vscode'), { recursive: true });
    fs.writeFileSync(
      path.join(folders, name, '.vscode', 'settings.json'),
      JSON.stringify(settings),
    );
    fs.writeFileSync(path.join(folders, name, `${name}.txt`), 'new');
    await session.oss.putObject(BUCKET, `${name}/${name}.txt`, Buffer.from('old'));
  }
  const file = path.join(folders, 'both.code-workspace');
  const roots = Object.keys(answers).map((name) => ({ path: name }));
  fs.writeFileSync(file, JSON.stringify({ folders: roots }));
  const window = await session.openAnother(file);
  // A workbench in a browser may read the workspace's file before it can, and then shows no folder.
  await expect(async () => {
    if (await window.page.getByText('No Folder Opened').isVisible()) await window.reload();
    await window.file('bold.txt').waitFor({ timeout: 3000 });
  }).toPass({ timeout: 60_000 });
  await selectFiles(window, 'bold.txt', 'careful.txt');
  await window.contextMenu(window.file('careful.txt'), MENU_ITEM);
  await confirmBucket(window, BUCKET);
  await window.quickTitle('careful/careful.txt already exists').waitFor();
  await window.pick('Overwrite');
  const text = async (key: string): Promise<string | undefined> =>
    (await session.oss.object(BUCKET, key)?.bytes())?.toString();
  await expect.poll(() => text('bold/bold.txt')).toBe('new');
  await expect.poll(() => text('careful/careful.txt')).toBe('new');

  // Again, one of them with changes that are not saved: each by its own settings, as before.
  await window.file('bold.txt').dblclick();
  await window.page.locator('.tab', { hasText: 'bold.txt' }).waitFor();
  await window.page.locator('.editor-instance .view-lines').click();
  await window.page.keyboard.press('ControlOrMeta+End');
  await window.page.keyboard.type('er');
  await window.page.locator('.tab.dirty', { hasText: 'bold.txt' }).waitFor();
  await showUploads(window);
  await uploadRow(window, '2 files').first().click();
  await uploadRow(window, 'bold.txt').click();
  await uploadRow(window, 'careful.txt').click({ modifiers: ['ControlOrMeta'] });
  await window.contextMenu(uploadRow(window, 'careful.txt'), 'Upload Again');
  await window.quickTitle('Save bold.txt before upload?').waitFor();
  await window.pick('Save');
  await window.quickTitle('careful/careful.txt already exists').waitFor();
  await window.pick('Skip if identical');
  await expect.poll(() => text('bold/bold.txt')).toBe('newer');
  await window.notification('1 unchanged').waitFor();
  expect(countOf(session, 'putObject', 'careful/careful.txt')).toBe(1);

  // Before much is sent, all places are named that it goes to.
  for (const name of Object.keys(answers)) {
    fs.writeFileSync(path.join(folders, name, `${name}.bin`), '');
    fs.truncateSync(path.join(folders, name, `${name}.bin`), 6 * 1024 ** 3);
  }
  await selectFiles(window, 'bold.bin', 'careful.bin');
  await window.contextMenu(window.file('careful.bin'), MENU_ITEM);
  await window.quickTitle('Upload 2 files?').waitFor();
  await expect(window.quickInput).toHaveAttribute(
    'placeholder',
    `2 files, 12.0 GB, to oss://${BUCKET}/bold/, oss://${BUCKET}/careful/`,
  );
  await window.page.keyboard.press('Escape');

  // The bucket of one folder is gone: the choice of another one is for that folder.
  const settingsOf = (name: string): string => path.join(folders, name, '.vscode', 'settings.json');
  const bold = fs.readFileSync(settingsOf('bold'), 'utf8');
  const careful = fs.readFileSync(settingsOf('careful'), 'utf8');
  fs.writeFileSync(settingsOf('careful'), careful.replace(BUCKET, 'gone-bucket'));
  await window.reload();
  await selectFiles(window, 'bold.txt', 'careful.txt');
  await window.contextMenu(window.file('careful.txt'), MENU_ITEM);
  const gone = window.notification('Bucket "gone-bucket" was not found');
  await window.button(gone, 'Select Bucket').click();
  await window.pick(BUCKET);
  await window.pick('Use this folder');
  await expect.poll(() => text('careful.txt')).toBe('new');
  expect(fs.readFileSync(settingsOf('bold'), 'utf8')).toBe(bold);
  expect(fs.readFileSync(settingsOf('careful'), 'utf8')).toContain(BUCKET);
  await window.page.close();
});

test('links of a finished upload: URL, signed URL, OSS path', async () => {
  const { window } = session;
  await showUploads(window);
  const row = uploadRow(window, 'keys.txt');
  await expect(row).toContainText('done');
  await window.contextMenu(row, 'Copy OSS Path');
  await expect.poll(() => clipboard(window)).toBe(`oss://${BUCKET}/keys-1.txt`);

  await window.contextMenu(row, 'Copy URL');
  await expect.poll(() => clipboard(window)).toMatch(/^http.*\/keys-1\.txt$/);
  // The bucket is private, and who opens the link would only see a refusal.
  const note = window.notification('keys-1.txt is private');
  await note.waitFor();
  await shot(window, 'conflicts-private-link');
  await window.button(note, 'Copy Signed URL').click();
  await window.quickTitle('Copy Signed URL').waitFor();
  await shot(window, 'conflicts-signed-link');
  await window.page.keyboard.press('Enter');
  await expect.poll(() => clipboard(window)).toMatch(/keys-1\.txt\?.*signature=/i);
  const answer = await fetch(await clipboard(window));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('typed');
});

test('links of a folder: how many, and one look whether they are private', async () => {
  const { window } = session;
  // The folder that an earlier test has opened is closed: the list has but the rows that are in sight.
  await uploadRow(window, 'half').first().click();
  const row = uploadRow(window, 'many');
  await expect(row).toContainText('done');
  const from = session.oss.operations.length;
  await window.contextMenu(row, 'Copy URL');
  const note = window.notification('498 URLs copied. Objects in e2e-bucket are private');
  await note.waitFor();
  await expect(window.button(note, 'Copy Signed URLs')).toBeVisible();
  await shot(window, 'conflicts-private-links');
  expect((await clipboard(window)).split('\n')).toHaveLength(498);
  expect(countOf(session, 'headObject', undefined, from)).toBe(1);
});

test('no part was accepted twice in all of this', () => {
  for (const key of ['race.bin', 'lost.bin']) expect(acceptedTwice(session, key)).toEqual([]);
});
