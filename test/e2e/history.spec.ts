import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import type { Workbench } from '../../scripts/editor/workbench';
import { EXTENSION_ID } from '../../scripts/paths';
import { crc64Of } from '../oss-server/crc64';
import {
  MENU_ITEM,
  clipboard,
  pressInRow,
  shot,
  showUploads,
  tooltipOf,
  uploadRow,
} from './gestures';
import { BUCKET, MIB, Session, expect, test } from './session';

// What was uploaded stays known: after a reload, with links, checksums and a report.
test.describe.configure({ mode: 'serial' });

const FOLDER_FILES = 12;

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { machineSettings: { 'ossUpload.partSize': '1 MB' } });
  await session.addFile('hello.txt', 1000);
  await session.addFile('big.bin', 3 * MIB);
  for (let n = 0; n < FOLDER_FILES; n++) await session.addFile(`site/page${n}.html`, 500);
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const finished = (window: Workbench): Locator => uploadRow(window, 'Finished');

async function reopen(): Promise<void> {
  await session.closeWindow();
  await session.open();
}

test('after a reload all that was uploaded is below Finished', async () => {
  const { window } = session;
  await window.contextMenu(window.file('hello.txt'), MENU_ITEM);
  await session.answerFirstQuestions();
  await showUploads(window);
  await expect(uploadRow(window, 'hello.txt')).toContainText('done · 1,000 B');
  for (const name of ['big.bin', 'site']) {
    await window.contextMenu(window.file(name), MENU_ITEM);
    await expect(uploadRow(window, name)).toContainText('done');
  }
  await shot(window, 'history-before-reload');
  await reopen();
  await showUploads(session.window);
  await expect(finished(session.window)).toContainText('3 uploads');
  await finished(session.window).click();
  for (const name of ['hello.txt', 'big.bin', 'site']) {
    await expect(uploadRow(session.window, name)).toContainText(BUCKET);
  }
  await shot(session.window, 'history-after-reload');
});

test('its rows give the URL, and Markdown, and say what OSS said', async () => {
  const { window } = session;
  const url = `${session.oss.endpoint.replace('//', `//${BUCKET}.`)}/hello.txt`;
  await pressInRow(uploadRow(window, 'hello.txt'), 'Copy URL');
  await expect.poll(() => clipboard(window)).toContain('/hello.txt');
  const copied = await clipboard(window);
  expect([url, copied]).toContain(copied);
  await window.contextMenu(uploadRow(window, 'hello.txt'), 'Copy as Markdown');
  await expect.poll(() => clipboard(window)).toBe(`[hello.txt](${copied})`);
  const tooltip = await tooltipOf(session, uploadRow(window, 'big.bin'), 'CRC-64: ');
  await expect(tooltip).toContainText('ETag: ');
  await expect(tooltip).toContainText('RequestId: ');
  await shot(window, 'history-tooltip');
  await session.changeSettings({});
});

test('a finished folder can be opened, and its Copy URL copies all of it', async () => {
  const { window } = session;
  await window.page.mouse.move(1, 1);
  await pressInRow(uploadRow(window, 'site'), 'Copy URL');
  await expect
    .poll(async () => (await clipboard(window)).trim().split('\n').length)
    .toBe(FOLDER_FILES);
  await uploadRow(window, 'site').click();
  await expect(uploadRow(window, 'page')).not.toHaveCount(0);
  await uploadRow(window, 'site').first().click();
  await expect(uploadRow(window, 'page')).toHaveCount(0);
});

test('Enter on a finished row copies its URL', async () => {
  const { window } = session;
  await window.page.evaluate(`navigator.clipboard.writeText('')`);
  // A click alone selects.
  await uploadRow(window, 'hello.txt').click();
  expect(await clipboard(window)).toBe('');
  await window.page.keyboard.press('Enter');
  await expect.poll(() => clipboard(window)).toContain('/hello.txt');
});

test('an upload is found by name and state', async () => {
  const { window } = session;
  await window.command('OSS: Find Upload...');
  await window.row('hello.txt').waitFor();
  const only = (state: string): Promise<void> =>
    window.press(window.quick.getByRole('button', { name: `Only: ${state}` }));
  await only('failed');
  await window.quickTitle('Find Upload: failed').waitFor();
  await expect(window.row('hello.txt')).toHaveCount(0);
  await only('finished');
  await window.row('hello.txt').waitFor();
  await window.quickInput.fill('hello');
  await expect(window.quick).toContainText('hello.txt');
  await shot(window, 'history-find');
  await window.page.keyboard.press('Enter');
  await window.pick('Copy as Markdown');
  await expect.poll(() => clipboard(window)).toMatch(/^\[hello\.txt\]/);
});

test('a signed URL lives as long as was typed', async () => {
  const { window } = session;
  await window.contextMenu(uploadRow(window, 'hello.txt'), 'Copy Signed URL...');
  await window.quickInput.fill('8 days');
  await expect(window.quick).toContainText('8 days is too long');
  await shot(window, 'history-lifetime');
  await window.quickInput.fill('90 min');
  await expect(window.quick).toContainText('90 min');
  await window.page.keyboard.press('Enter');
  await expect.poll(() => clipboard(window)).toContain('x-oss-expires=5400');
});

test('the report has every file with its checksum', async () => {
  const { window } = session;
  await window.command('OSS: Export Report...');
  // The name it offers: what is typed before that name is there would be replaced by it.
  const file = path.join(session.workspace, 'oss-uploads.jsonl');
  await expect(window.quickInput).toHaveValue(file);
  await expect(async () => {
    await window.quickInput.press('Enter', { timeout: 2000 });
    await expect(window.quick).toHaveCount(0, { timeout: 2000 });
  }).toPass();
  await window.notification(`Wrote ${FOLDER_FILES + 2} files to the report`).waitFor();
  const lines = fs
    .readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(FOLDER_FILES + 2);
  for (const line of lines) {
    const bytes = fs.readFileSync(String(line['file']));
    expect(line['size']).toBe(bytes.length);
    expect(line['crc64']).toBe((await crc64Of(bytes)).toString());
    expect(line['requestId']).not.toBe('');
  }
});

test('Open in Browser opens the URL', async () => {
  const { window } = session;
  const opened = window.page.context().waitForEvent('page');
  await window.contextMenu(uploadRow(window, 'hello.txt'), 'Open in Browser');
  const page = await opened;
  expect(page.url()).toContain('/hello.txt');
  await page.close();
});

test('Remove from List takes a row, and leaves its object', async () => {
  const { window } = session;
  await window.contextMenu(uploadRow(window, 'big.bin'), 'Remove from List');
  await expect(uploadRow(window, 'big.bin')).toHaveCount(0);
  await expect(finished(window)).toContainText('2 uploads');
  expect(session.oss.object(BUCKET, 'big.bin')?.sizeBytes).toBe(3 * MIB);
});

test('Upload Again sends the file as it is now to the same object, after the question', async () => {
  const { window } = session;
  await session.addFile('hello.txt', 2000);
  await window.contextMenu(uploadRow(window, 'hello.txt'), 'Upload Again');
  await window.quickTitle('hello.txt already exists').waitFor();
  expect(session.oss.object(BUCKET, 'hello.txt')?.sizeBytes).toBe(1000);
  await window.pick('Overwrite');
  await expect.poll(() => session.oss.object(BUCKET, 'hello.txt')?.sizeBytes).toBe(2000);
});

test('a damaged history is told once, and uploads go on', async () => {
  const { window } = session;
  const file = path.join(session.editor.globalStorage(EXTENSION_ID), 'history', 'history.jsonl');
  await expect(uploadRow(window, 'hello.txt').first()).toContainText('done · 2.0 KB');
  fs.writeFileSync(file, 'of another program\n');
  const told = window.notification('Some entries of the list of finished uploads are damaged');
  for (const name of ['after.txt', 'later.txt']) {
    await session.addFile(name, 10);
    await window.file(name).waitFor();
    await window.contextMenu(window.file(name), MENU_ITEM);
    await expect(uploadRow(window, name)).toContainText('done');
  }
  await expect(told).toHaveCount(1);
});

test('no secret is in the history, and clearing it is asked about', async () => {
  const { window } = session;
  const folder = path.join(session.editor.globalStorage(EXTENSION_ID), 'history');
  for (const name of fs.readdirSync(folder)) {
    expect(fs.readFileSync(path.join(folder, name), 'utf8')).not.toMatch(/LTAI|e2eSecret/);
  }
  const [entries] = fs.readdirSync(folder);
  await window.command('OSS: Clear History...');
  await window.dialogButton('Clear History').waitFor();
  // An Enter too many, such as that of the palette.
  await window.page.keyboard.press('Enter');
  await expect(window.dialogButton('Clear History')).toHaveCount(0);
  expect(fs.readdirSync(folder)).toContain(entries);
  await window.command('OSS: Clear History...');
  await window.dialogButton('Clear History').click();
  await expect.poll(() => fs.readdirSync(folder)).toEqual([]);
  await expect(finished(window)).toHaveCount(0);
});
