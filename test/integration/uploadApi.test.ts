import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Uri, commands } from 'vscode';
import { until } from '../../scripts/processes';
import { toItem } from '../../src/engine/transfers/batchItems';
import type { UploadCallResult } from '../../src/ui/ask/upload/uploadApi';
import { hasLinks } from '../support/files';
import { BUCKET, OssFixture, answering } from './ossFixture';

describe('a call of another extension', () => {
  it('that names no file uploads none, and asks nobody', async () => {
    const result: unknown = await commands.executeCommand('ossUpload.upload', []);
    assert.deepEqual(result, { uploaded: [], failed: [], unchanged: 0 });
  });

  it('that names something else is refused', async () => {
    const calls = [[42], [['/a.txt', {}]], ['/a.txt', { bucket: 'My_Bucket' }], ['a.txt'], ['']];
    for (const args of calls) {
      await assert.rejects(async () => commands.executeCommand('ossUpload.upload', ...args));
    }
  });

  it('is answered by the paths that were named, also where a link leads elsewhere', async function () {
    if (!hasLinks) this.skip();
    const oss = await OssFixture.begin();
    try {
      const real = oss.write('called/real.txt', 'called').fsPath;
      const link = path.join(path.dirname(real), 'link.txt');
      fs.symlinkSync(real, link, 'file');
      const call = commands.executeCommand<UploadCallResult>('ossUpload.upload', Uri.file(link));
      const { uploaded } = await answering(call);
      assert.deepEqual(
        uploaded.map(({ uri }) => uri),
        [Uri.file(link).toString()],
      );
      assert.equal(await oss.textOf('docs/link.txt'), 'called');
    } finally {
      await oss.end();
    }
  });

  it('keeps the properties of the object where the user keeps both', async () => {
    const oss = await OssFixture.begin({ overwriteRules: [{ id: 'r1' }] });
    try {
      await oss.server.putObject(BUCKET, 'docs/kept.txt', Buffer.from('old'));
      const file = oss.write('kept.txt', 'new');
      const options = { ifExists: 'overwrite', acl: 'private', cacheControl: 'no-cache' };
      const call = commands.executeCommand<UploadCallResult>('ossUpload.upload', file, options);
      assert.equal((await answering(call)).failed.length, 1);
      const { id } = await toItem({
        filePath: file.fsPath,
        target: { bucket: BUCKET, region: '', profile: '', key: 'docs/kept.txt' },
        options: { partSizeBytes: 1, parallel: 1, forbidOverwrite: true, object: {} },
      });
      await answering(commands.executeCommand('ossUpload.keepBothItem', id));
      const kept = await until('the object', () => oss.server.object(BUCKET, 'docs/kept-1.txt'));
      assert.deepEqual([kept.acl, kept.headers['cache-control']], ['private', 'no-cache']);
    } finally {
      await oss.end();
    }
  });
});
