import { strict as assert } from 'node:assert';
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scanFolder } from '../../../../src/engine/index.ts';
import type { UploadRequest } from '../../../../src/engine/index.ts';
import { itemsOf, toItem } from '../../../../src/engine/transfers/batchItems.ts';
import { hasLinks, removeFolder, temporaryFolder } from '../../../support/files.ts';

function request(
  filePath: string,
  known: Pick<UploadRequest, 'realPath' | 'sizeBytes'> = {},
): UploadRequest {
  return {
    filePath,
    ...known,
    target: { bucket: 'bucket', key: path.basename(filePath), region: '', profile: '' },
    options: { partSizeBytes: 102_400, parallel: 3, forbidOverwrite: false, object: {} },
  };
}

describe('the item of a request', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder('items');
  });
  afterEach(async () => {
    await removeFolder(folder);
  });

  it('has what a search knows already, which is not asked of the disk again', async () => {
    const realPath = path.resolve('/not/there/a.bin');
    const item = await toItem(request('/link/a.bin', { realPath, sizeBytes: 5 }));
    assert.equal(item.filePath, realPath);
    assert.equal(item.sizeBytes, 5);
  });

  it('of a file that is not there has no bytes', async () => {
    assert.equal((await toItem(request(path.join(folder, 'none')))).sizeBytes, 0);
  });

  it('is the same for what a search found and for what is asked of the disk', async () => {
    const real = path.join(folder, 'real');
    await mkdir(path.join(real, 'deep'), { recursive: true });
    await writeFile(path.join(real, 'deep', 'a'), 'one');
    await writeFile(path.join(real, 'deep', 'b'), 'four');
    const way = path.join(folder, 'way');
    if (hasLinks) {
      await symlink(path.join(real, 'deep', 'b'), path.join(real, 'link'), 'file');
      await symlink(real, way, 'dir');
    }
    // On Windows, and mostly on macOS, this is the same folder.
    const shouted = path.join(folder, 'REAL');
    const isSame = await realpath(shouted).then(
      () => true,
      () => false,
    );
    const { signal } = new AbortController();
    for (const root of [real, ...(hasLinks ? [way] : []), ...(isSame ? [shouted] : [])]) {
      const { files } = await scanFolder(root, { exclude: [], signal });
      const known = files.map(({ path: found, realPath, sizeBytes }) =>
        request(found, { realPath, sizeBytes }),
      );
      const asked = files.map((file) => request(file.path));
      const items = [...(await itemsOf(known, signal)).values()];
      assert.deepEqual(items, [...(await itemsOf(asked, signal)).values()], root);
      assert.deepEqual(
        items.map(({ sizeBytes }) => sizeBytes),
        [...(hasLinks ? [4] : []), 3, 4],
      );
    }
  });
});
