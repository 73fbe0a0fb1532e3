import type { Locator } from '@playwright/test';
import { MENU_ITEM, shot, showUploads, uploadRow } from './gestures';
import { BUCKET, Session, expect, test } from './session';

// Ways to an upload beside the menu of a file.
test.describe.configure({ mode: 'serial' });

/** Says that two files changed, as Git does, which this editor lacks. */
const SOURCE_CONTROL = `
const vscode = require('vscode');
exports.activate = ({ subscriptions }) => {
  const root = vscode.workspace.workspaceFolders[0].uri;
  const control = vscode.scm.createSourceControl('git', 'Git', root);
  const group = control.createResourceGroup('workingTree', 'Changes');
  const states = ['site/index.html', 'site/css/a.css'].map((name) => ({
    resourceUri: vscode.Uri.joinPath(root, name),
  }));
  group.resourceStates = states;
  subscriptions.push(control);
};
`;

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile);
  for (const name of ['first.txt', 'dropped.txt', 'site/index.html', 'site/css/a.css']) {
    await session.addFile(name, 1000);
  }
  session.addExtension('source-control', { 'main.js': SOURCE_CONTROL });
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

/** The steps of the walkthrough, in order: whether each is ticked. */
async function ticks(): Promise<readonly boolean[]> {
  const steps = session.window.page.locator('.getting-started-step');
  await steps.first().waitFor();
  return Promise.all(
    (await steps.all()).map((step) => step.getByRole('checkbox').first().isChecked()),
  );
}

test('who has uploaded nothing is shown the three first steps', async () => {
  const { window } = session;
  await window.command('OSS: Show Uploads');
  const pane = window.page.locator('.pane', { hasText: 'OSS Uploads' });
  const button = (name: string): Locator => pane.getByRole('button', { name, exact: true });
  await button('Upload Files').click();
  await window.quickTitle('Upload to OSS').waitFor();
  await window.row('Browse files...').waitFor();
  await window.page.keyboard.press('Escape');
  await shot(window, 'ways-in-welcome');
  await button('Set Credentials').click();
  await window.quickTitle('Set Credentials').waitFor();
  await window.page.keyboard.press('Escape');
  await button('Select Bucket').click();
  await window.quickTitle('Select Bucket and Folder').waitFor();
  await window.page.keyboard.press('Escape');
  expect(session.oss.operations).toEqual([]);
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

test('the walkthrough ticks what was done before it was opened, and what is done then', async () => {
  const { window } = session;
  await window.command('Welcome: Open Walkthrough...');
  await window.pick('Upload large files to Alibaba Cloud OSS');
  await expect.poll(ticks).toEqual([true, true, true, false]);
  await showUploads(window);
  await expect.poll(ticks).toEqual([true, true, true, true]);
  await shot(window, 'ways-in-walkthrough');
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

test('changed files are uploaded from the source control, with their paths', async () => {
  const { window } = session;
  await window.command('Source Control: Focus on Changes View');
  const changed = (name: string): Locator =>
    window.page.locator('.scm-view .monaco-list-row', { hasText: name });
  const item = 'Upload Changed Files to OSS';
  await window.openContextMenu(changed('a.css'), item);
  await shot(window, 'ways-in-changed-file');
  await window.menuItem(item).click();
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('site/css/a.css');
  expect(session.oss.keys(BUCKET)).not.toContain('site/index.html');
  await window.contextMenu(changed('Changes'), item);
  await window.quickTitle('1 of 2 already exist').or(window.quickTitle('already exists')).waitFor();
  await window.pick('Skip');
  await expect.poll(() => session.oss.keys(BUCKET)).toContain('site/index.html');
});
