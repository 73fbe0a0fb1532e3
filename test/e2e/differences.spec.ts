import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../scripts/processes';
import { countOf, shot } from './gestures';
import { BUCKET, Session, expect, test } from './session';

// A folder of which OSS has most: verified, sent, and verified again by one user, in this order.
test.describe.configure({ mode: 'serial' });

const COUNT = 120;
let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, {});
  for (let n = 0; n < COUNT; n++) await session.addFile(`site/page-${n}.html`, 2000 + n);
  const bytesOf = (name: string): Buffer => fs.readFileSync(path.join(session.workspace, name));
  for (let n = 2; n < COUNT; n++) {
    const name = `site/page-${n}.html`;
    await session.oss.putObject(BUCKET, name, bytesOf(name));
  }
  // One that is shorter here, one of the same size with another byte, one that only OSS has.
  fs.appendFileSync(path.join(session.workspace, 'site/page-7.html'), 'x');
  const other = bytesOf('site/page-8.html');
  other[0] = (other[0] ?? 0) ^ 1;
  await session.oss.putObject(BUCKET, 'site/page-8.html', other);
  await session.oss.putObject(BUCKET, 'site/old.html', Buffer.from('old'));
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

test('Verify Against OSS opens a report: different, missing and only in OSS; nothing is changed', async () => {
  const { window } = session;
  const keys = session.oss.keys(BUCKET);
  await window.contextMenu(window.file('site'), 'Verify Against OSS...');
  await session.answerFirstQuestions();
  const summary = window.notification(
    `Verified site against oss://${BUCKET}/site/: 116 equal, 2 different`,
  );
  await summary.waitFor();
  await expect(summary).toContainText('2 missing in OSS, 1 only in OSS');
  const report = window.page.locator('.monaco-editor .view-lines').first();
  for (const name of ['page-7.html', 'page-8.html', 'page-0.html', 'page-1.html', 'old.html']) {
    await expect(report).toContainText(name);
  }
  await shot(window, 'verify-report');
  await window.button(summary, 'Show JSON Lines').click();
  await expect(window.page.locator('.tab.active')).toContainText('.jsonl');
  await expect(report).toContainText('"verdict":"missing"');
  await shot(window, 'verify-json-lines');
  expect(session.oss.keys(BUCKET)).toEqual(keys);
  expect(countOf(session, 'putObject')).toBe(0);
});

test('a report is there again when the window is reloaded', async () => {
  const { window } = session;
  // By its own command the editor remembers its tabs before it goes.
  const gone = window.page.waitForEvent('framenavigated');
  await window.command('Developer: Reload Window');
  await gone;
  await window.whenReady();
  const report = window.page.locator('.monaco-editor .view-lines').first();
  await expect(window.page.locator('.tab.active')).toContainText('.jsonl');
  await expect(report).toContainText('"verdict":"missing"');
  await window.page.locator('.tab', { hasText: 'Verified against OSS' }).first().click();
  await expect(report).toContainText(`site compared with oss://${BUCKET}/site/`);
  await expect(report).toContainText('page-7.html');
});

test('Upload Only What Differs sends four files by one listing, and says how many are unchanged', async () => {
  const { window } = session;
  const from = session.oss.operations.length;
  await window.contextMenu(window.file('site'), 'Upload Only What Differs from OSS');
  await window.notification('Uploaded 4 files').waitFor();
  await expect(window.notification('Uploaded 4 files')).toContainText('116 unchanged');
  await shot(window, 'only-what-differs');
  const sent = session.oss.operations
    .slice(from)
    .filter(({ operation }) => operation === 'putObject')
    .map(({ key }) => key);
  expect(sent.sort()).toEqual([0, 1, 7, 8].map((n) => `site/page-${n}.html`));
  expect(countOf(session, 'listObjectsV2', undefined, from)).toBe(1);
  expect(countOf(session, 'headObject', undefined, from)).toBeLessThanOrEqual(4 + 1);
  expect(session.oss.object(BUCKET, 'site/old.html')).toBeDefined();
});

test('asked for again it sends nothing, and says so', async () => {
  const { window } = session;
  const from = session.oss.operations.length;
  await window.contextMenu(window.file('site'), 'Upload Only What Differs from OSS');
  await window.notification('Nothing to send: 120 files are unchanged in OSS.').waitFor();
  await until('one listing', () => countOf(session, 'listObjectsV2', undefined, from) === 1);
  expect(countOf(session, 'putObject', undefined, from)).toBe(0);
});
