import { strict as assert } from 'node:assert';
import fs from 'node:fs/promises';
import { mock } from 'node:test';
import { FolderPaths } from '../../../../src/engine/file/realPath.ts';

describe('the real paths of folders', () => {
  afterEach(() => {
    mock.restoreAll();
  });

  it('are asked of the disk once for all who want the same one at the same time', async () => {
    const asked: string[] = [];
    mock.method(fs, 'realpath', (folder: string) => {
      asked.push(folder);
      return Promise.resolve(`/real${folder}`);
    });
    const folders = new FolderPaths();
    const wanted = ['/a', '/b', ...Array.from({ length: 100 }, () => '/a')];
    const found = await Promise.all(wanted.map((folder) => folders.realPathOf(folder)));
    assert.deepEqual(
      found,
      wanted.map((folder) => `/real${folder}`),
    );
    assert.deepEqual(asked, ['/a', '/b']);
  });

  it('are asked anew for who comes while an answer is under way', async () => {
    const answers: ((realPath: string) => void)[] = [];
    mock.method(fs, 'realpath', () => new Promise<string>((resolve) => answers.push(resolve)));
    const folders = new FolderPaths();
    const first = folders.realPathOf('/a');
    await new Promise(setImmediate);
    const second = folders.realPathOf('/a');
    answers.shift()?.('/a');
    assert.equal(await first, '/a');
    await new Promise(setImmediate);
    // The folder has become a link meanwhile.
    answers.shift()?.('/elsewhere');
    assert.equal(await second, '/elsewhere');
  });
});
