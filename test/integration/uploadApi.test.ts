import assert from 'node:assert/strict';
import { commands } from 'vscode';

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
});
