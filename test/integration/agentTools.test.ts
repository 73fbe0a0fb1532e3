import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { isObject } from '../../src/engine/base/guards';
import type { Transfers } from '../../src/engine/index';
import { AgentTools } from '../../src/ui/ask/upload/agentTools';
import type { UploadCommand } from '../../src/ui/ask/upload/uploadCommand';
import { AGENT_TOOLS } from '../../src/ui/editor/agentToolNames';
import { hasLinks } from '../support/files';
import { manifest } from './extension';
import { BUCKET, OssFixture, answering } from './ossFixture';

describe('the tools for language models', () => {
  let oss: OssFixture;

  before(async () => {
    oss = await OssFixture.begin();
  });
  after(() => oss.end());

  it('are known to the editor, as package.json declares them', () => {
    const names = manifest().contributes.languageModelTools.map(({ name }) => name);
    assert.deepEqual(names, [...AGENT_TOOLS]);
    const known = vscode.lm.tools.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !known.includes(name)),
      [],
    );
  });

  it('take no path that leads out of the workspace', async () => {
    const secret = path.join(oss.dir, 'secret.txt');
    fs.writeFileSync(secret, 'secret');
    if (hasLinks) fs.symlinkSync(secret, path.join(oss.workspace, 'link.txt'), 'file');
    const links = hasLinks ? ['link.txt'] : [];
    const outside = [secret, path.relative(oss.workspace, secret), ...links];
    for (const file of outside) {
      const call = invoke('upload_to_oss', { paths: ['hello.txt', file] });
      await assert.rejects(call, /outside of the workspace/, file);
    }
    await assert.rejects(invoke('upload_to_oss', { paths: ['none.txt'] }), /There is no none\.txt/);
    await assert.rejects(invoke('upload_to_oss', { paths: ['hello.txt'], folder: '../x' }));
    assert.deepEqual(oss.keys(), []);
  });

  it('name files, count, size and destination before the user says yes', async () => {
    const files = Array.from({ length: 12 }, (_, n) => ({
      filePath: oss.write(`named/_${n}_.txt`, 'named').fsPath,
      sizeBytes: 512,
    }));
    const survey = { files, places: ['oss://agent-bucket/docs/'] };
    const command = { survey: () => Promise.resolve(survey) } as unknown as UploadCommand;
    const tools = new AgentTools({} as Transfers, command);
    const { token } = new vscode.CancellationTokenSource();
    const prepared = await tools.prepare('upload_to_oss', { paths: ['hello.txt'] }, token);
    const { title, message } = prepared.confirmationMessages ?? {};
    assert.equal(title, 'Upload 12 files to OSS?');
    assert.ok(message instanceof vscode.MarkdownString);
    // What is no letter may be escaped: names are no Markdown.
    const text = message.value.replaceAll('\\', '').replaceAll('&nbsp;', ' ');
    assert.match(text, /12 files, 6\.0 KB, to oss:\/\/agent-bucket\/docs\//);
    for (const name of ['_0_.txt', '_9_.txt', 'and 2 more']) assert.ok(text.includes(name), text);
    assert.ok(message.value.includes('\\_0\\_.txt'), message.value);
    assert.equal(message.isTrusted ?? false, false);
  });

  it('upload files of the workspace, and tell their URLs', async () => {
    oss.write('set/one.txt', 'one');
    const result = await answering(invoke('upload_to_oss', { paths: ['hello.txt', 'set'] }));
    assert.deepEqual([result['uploadedFiles'], result['failedFiles']], [2, 0]);
    assert.equal(await oss.textOf('docs/hello.txt'), 'hello\n');
    assert.equal(await oss.textOf('docs/set/one.txt'), 'one');
    assert.match(JSON.stringify(result['uploaded']), /docs\/set\/one\.txt/);
    await answering(invoke('upload_to_oss', { paths: ['set/one.txt'], folder: 'other/' }));
    assert.equal(await oss.textOf('other/one.txt'), 'one');
  });

  for (const ifExists of ['overwrite', 'skipIdentical']) {
    it(`replace nothing without the user, also where the settings say ${ifExists}`, async () => {
      await oss.set({ ifExists });
      await oss.server.putObject(BUCKET, 'docs/set/one.txt', Buffer.from('one'));
      oss.write('set/one.txt', 'another one');
      // Enter on whatever is asked: it takes the first answer, and that overwrites nothing.
      const result = await answering(invoke('upload_to_oss', { paths: ['set'] }));
      assert.deepEqual([result['uploadedFiles'], result['failedFiles']], [0, 0]);
      assert.match(String(result['note']), /Nothing was uploaded/);
      assert.equal(await oss.textOf('docs/set/one.txt'), 'one');
    });
  }

  it('list what there is, and change nothing', async () => {
    const before = oss.server.operations.length;
    const result = await invoke('list_oss_uploads', {});
    assert.deepEqual([result['running'], result['waitingForUser']], [0, 0]);
    assert.match(JSON.stringify(result['uploads']), /"object":"oss:\/\/agent-bucket\/docs\/hello/);
    assert.equal(oss.server.operations.length, before);
  });
});

/** Calls a tool as an agent does; what it answered. */
async function invoke(name: string, input: object): Promise<Record<string, unknown>> {
  const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  const [part] = result.content;
  assert.ok(part instanceof vscode.LanguageModelTextPart);
  const answer: unknown = JSON.parse(part.value);
  assert.ok(isObject(answer));
  return answer;
}
