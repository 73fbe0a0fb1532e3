import { strict as assert } from 'node:assert';
import { chmod, link, rename, stat, truncate, utimes } from 'node:fs/promises';
import path from 'node:path';
import { compareFingerprints, fingerprintOf } from '../../../../src/engine/file/fingerprint.ts';
import type { Fingerprint, SourceChange } from '../../../../src/engine/file/fingerprint.ts';
import { removeFolder, temporaryFolder, writeTestFile } from '../../../support/files.ts';

const BASE: Fingerprint = {
  sizeBytes: 10,
  mtimeNs: '1700000000123456789',
  ctimeNs: '1700000000123456789',
  inode: '18446744073709551615',
  device: '5',
};

describe('compareFingerprints', () => {
  const changes: readonly (readonly [Partial<Fingerprint>, SourceChange])[] = [
    [{}, 'same'],
    [{ sizeBytes: 11 }, 'changed'],
    [{ mtimeNs: '1700000000123456788' }, 'changed'],
    [{ ctimeNs: '1700000000123456788' }, 'doubtful'],
    [{ inode: '18446744073709551614' }, 'doubtful'],
    [{ device: '6' }, 'doubtful'],
    [{ device: '6', sizeBytes: 9 }, 'changed'],
  ];
  for (const [change, expected] of changes) {
    it(`${JSON.stringify(change)} is ${expected}, both ways`, () => {
      assert.equal(compareFingerprints(BASE, { ...BASE, ...change }), expected);
      assert.equal(compareFingerprints({ ...BASE, ...change }, BASE), expected);
    });
  }
});

describe('fingerprintOf', () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder('fingerprint');
  });
  after(async () => {
    await removeFolder(folder);
  });

  async function changeBy(action: (file: string) => Promise<unknown>): Promise<SourceChange> {
    const file = path.join(folder, `${Math.random()}.bin`);
    await writeTestFile(file, 1000);
    const earlier = fingerprintOf(await stat(file, { bigint: true }));
    await action(file);
    return compareFingerprints(earlier, fingerprintOf(await stat(file, { bigint: true })));
  }

  it('sees what happens to a real file', async () => {
    assert.equal(await changeBy(() => Promise.resolve()), 'same');
    assert.equal(await changeBy((file) => truncate(file, 999)), 'changed');
    assert.equal(await changeBy((file) => utimes(file, 1, 1)), 'changed');
    assert.equal(await changeBy((file) => chmod(file, 0o400)), 'doubtful');
    assert.equal(await changeBy((file) => link(file, `${file}.link`)), 'doubtful');
    const replaced = await changeBy(async (file) => {
      await writeTestFile(`${file}.new`, 1000);
      await rename(`${file}.new`, file);
    });
    // Written within one tick of the file system's clock, only its inode is another.
    assert.notEqual(replaced, 'same');
  });
});
