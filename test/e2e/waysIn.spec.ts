import { MENU_ITEM, shot, showUploads, uploadRow } from './gestures';
import { BUCKET, Session, expect, test } from './session';

// Ways to an upload beside the menu of a file.
test.describe.configure({ mode: 'serial' });

let session: Session;

test.beforeAll(async ({ browser }) => {
  session = await Session.begin(browser);
  for (const name of ['first.txt', 'dropped.txt', 'site/index.html', 'site/css/a.css']) {
    await session.addFile(name, 1000);
  }
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

test('files are dropped from the explorer onto the view', async () => {
  const { window } = session;
  await window.contextMenu(window.file('first.txt'), MENU_ITEM);
  await session.answerFirstQuestions();
  await showUploads(window);
  await uploadRow(window, 'first.txt').waitFor();
  await window.file('dropped.txt').dragTo(uploadRow(window, 'first.txt'));
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('dropped.txt');
  await expect(uploadRow(window, 'dropped.txt')).toContainText('done');
  await shot(window, 'ways-in-dropped');
});

test('the contents of a folder go up without its name', async () => {
  const { window } = session;
  await window.openContextMenu(window.file('site'), 'Upload Folder Contents to OSS...');
  await shot(window, 'ways-in-menu');
  await window.menuItem('Upload Folder Contents to OSS...').click();
  await window.quickTitle('Upload Folder Contents').waitFor();
  await expect(window.row('Upload')).toContainText(`oss://${BUCKET}/`);
  await shot(window, 'ways-in-contents');
  await window.pick('Upload');
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('css/a.css');
  expect(session.oss.keys(BUCKET).sort()).toEqual([
    'css/a.css',
    'dropped.txt',
    'first.txt',
    'index.html',
  ]);
});
