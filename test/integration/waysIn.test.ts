import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as vscode from 'vscode';
import { until } from '../../scripts/processes';
import { OssFixture, answering } from './ossFixture';

describe('ways in', () => {
  let oss: OssFixture;
  let control: vscode.SourceControl;
  let group: vscode.SourceControlResourceGroup;

  before(async () => {
    oss = await OssFixture.begin();
    control = vscode.scm.createSourceControl('test', 'Test', vscode.Uri.file(oss.workspace));
    group = control.createResourceGroup('changes', 'Changes');
    const names = ['changed/a/x.txt', 'changed/b/x.txt', 'changed/gone.txt'];
    group.resourceStates = names.map((name) => ({ resourceUri: oss.write(name, name) }));
    fs.rmSync(vscode.Uri.joinPath(vscode.Uri.file(oss.workspace), 'changed/gone.txt').fsPath);
  });
  after(async () => {
    control.dispose();
    await oss.end();
  });

  it('take a changed file from its menu, with its path in the workspace', async () => {
    const [state] = group.resourceStates;
    await answering(vscode.commands.executeCommand('ossUpload.uploadChanged', state));
    await until('the object', () => oss.keys().length > 0);
    assert.deepEqual(oss.keys(), ['docs/changed/a/x.txt']);
  });

  it('take all of a group but what was deleted, and give no two files one name', async () => {
    await answering(vscode.commands.executeCommand('ossUpload.uploadChanged', group));
    assert.deepEqual(oss.keys().sort(), ['docs/changed/a/x.txt', 'docs/changed/b/x.txt']);
    assert.equal(await oss.textOf('docs/changed/b/x.txt'), 'changed/b/x.txt');
  });

  it('say it when nothing changed, and send nothing', async () => {
    const before = oss.server.operations.length;
    await vscode.commands.executeCommand('ossUpload.uploadChanged', control);
    assert.equal(oss.server.operations.length, before);
  });

  it('leave the name of a folder out of its contents', async () => {
    oss.write('site/index.html', 'index');
    oss.write('site/css/a.css', 'a');
    const folder = vscode.Uri.joinPath(vscode.Uri.file(oss.workspace), 'site');
    await answering(vscode.commands.executeCommand('ossUpload.uploadContents', folder));
    assert.equal(await oss.textOf('docs/index.html'), 'index');
    assert.equal(await oss.textOf('docs/css/a.css'), 'a');
  });
});
