import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import {
  assertInWorkspace,
  listAnswer,
  pathsInWorkspace,
  readUploadInput,
  uploadAnswer,
} from '../../../../../src/ui/ask/upload/agentToolsModel';
import { hasLinks, removeFolder, temporaryFolder } from '../../../../support/files';
import { batch, failure, snapshot, transfer } from '../../snapshots';

describe('what a language model asks for', () => {
  it('is a list of paths and perhaps a folder; anything else is told to it', () => {
    assert.deepEqual(readUploadInput({ paths: ['a'], folder: '' }), {
      paths: ['a'],
      folder: undefined,
    });
    assert.equal(readUploadInput({ paths: ['a'], folder: 'docs/' }).folder, 'docs/');
    const wrong = [undefined, {}, { paths: [] }, { paths: 'a' }, { paths: ['a', 7] }];
    for (const input of [...wrong, { paths: [' '] }, { paths: Array(1001).fill('a') }]) {
      assert.throws(() => readUploadInput(input), /paths/, JSON.stringify(input));
    }
    for (const folder of ['../up', 7, '${nosuch}']) {
      assert.throws(() => readUploadInput({ paths: ['a'], folder }), /folder/);
    }
  });
});

describe('paths of a language model', () => {
  let dir: string;
  let folders: string[];

  beforeEach(async () => {
    dir = await temporaryFolder('agent-paths');
    folders = ['one', 'two'].map((name) => path.join(dir, name));
    for (const folder of folders) await mkdir(folder);
    await writeFile(path.join(dir, 'two', 'b.txt'), 'b');
    await writeFile(path.join(dir, 'outside.txt'), 'secret');
  });
  afterEach(() => removeFolder(dir));

  it('are looked for in each workspace folder', async () => {
    const file = path.join(dir, 'two', 'b.txt');
    assert.deepEqual(await pathsInWorkspace(['b.txt', file], folders), [file, file]);
    await assert.rejects(pathsInWorkspace(['none.txt'], folders), /There is no none\.txt/);
    await assert.rejects(pathsInWorkspace(['b.txt'], []), /No folder is open/);
  });

  it('stay inside of them, with links followed', async () => {
    const outside = path.join(dir, 'outside.txt');
    for (const one of [outside, '../outside.txt', path.join(dir, 'two', '..', 'outside.txt')]) {
      await assert.rejects(pathsInWorkspace([one], folders), /is outside of the workspace/, one);
    }
    await assert.rejects(pathsInWorkspace([dir], folders), /is outside of the workspace/);
    if (!hasLinks) return;
    await symlink(outside, path.join(dir, 'one', 'link.txt'), 'file');
    await assert.rejects(pathsInWorkspace(['link.txt'], folders), /is outside of the workspace/);
    await assert.rejects(assertInWorkspace([path.join(dir, 'one', 'link.txt')], folders));
    // The other way round: seen through a link from outside, it is not where the user works.
    await symlink(path.join(dir, 'two'), path.join(dir, 'alias'), 'dir');
    await assert.rejects(pathsInWorkspace([path.join(dir, 'alias', 'b.txt')], folders));
  });
});

describe('what a language model is told', () => {
  it('is which files were uploaded, and that none was', () => {
    const some = {
      uploaded: [{ uri: 'file:///a', url: 'https://x/a' }],
      failed: [],
    };
    assert.deepEqual(JSON.parse(uploadAnswer({ ...some, unchanged: 3 })), {
      uploadedFiles: 1,
      failedFiles: 0,
      unchangedFiles: 3,
      ...some,
    });
    assert.match(
      uploadAnswer({ uploaded: [], failed: [], unchanged: 0 }),
      /"note":"Nothing was uploaded/,
    );
  });

  it('is what waits before what is done, and no secret', () => {
    const error = failure('accessDenied', { code: 'X' });
    const target = { bucket: 'b', key: 'k', region: '', profile: '' };
    const answer = JSON.parse(
      listAnswer(
        snapshot([
          batch([
            transfer({ state: 'completed', sizeBytes: 10, confirmedBytes: 0, target }),
            transfer({ state: 'failed', sizeBytes: 10, confirmedBytes: 5, target, error }),
          ]),
        ]),
      ),
    ) as { total: number; uploads: { state: string; percent: number; object: string }[] };
    assert.equal(answer.total, 2);
    assert.deepEqual(
      answer.uploads.map(({ state, percent, object }) => [state, percent, object]),
      [
        ['failed', 50, 'oss://b/k'],
        ['completed', 100, 'oss://b/k'],
      ],
    );
  });
});
