import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { UploadError } from '../../../../../src/engine/index';
import { findSourceFiles } from '../../../../../src/ui/ask/upload/sourceFiles';
import type {
  ChosenPath,
  FoundFiles,
  SearchOptions,
} from '../../../../../src/ui/ask/upload/sourceFiles';
import {
  hasLinks,
  isWindows,
  makeFifo,
  removeFolder,
  temporaryFolder,
} from '../../../../support/files';

describe('files of a selection', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await temporaryFolder('source-files');
  });
  afterEach(async () => {
    await removeFolder(dir);
  });

  const at = (name: string): string => path.join(dir, ...name.split('/'));

  async function write(...names: string[]): Promise<void> {
    for (const name of names) {
      await mkdir(path.dirname(at(name)), { recursive: true });
      await writeFile(at(name), name);
    }
  }

  function find(
    names: string[],
    options: Partial<SearchOptions> = {},
    exclude: (root: string) => string[] = () => [],
  ): Promise<FoundFiles<ChosenPath>> {
    const roots = names
      .map(at)
      .map((root) => ({ path: root, leftOut: () => ({ exclude: exclude(root) }) }));
    return findSourceFiles(roots, {
      signal: new AbortController().signal,
      onFound: () => undefined,
      ...options,
    });
  }

  it('are named after themselves, or after their folder and the path in it', async () => {
    await write('a.txt', 'set/b.txt', 'set/deep/c.txt');
    const { files, failures } = await find(['a.txt', 'set']);
    assert.deepEqual(
      files.map((file) => file.name),
      ['a.txt', 'set/b.txt', 'set/deep/c.txt'],
    );
    assert.deepEqual(failures, []);
    assert.equal(files[1]?.root.path, at('set'));
    assert.equal(files[1].sizeBytes, 'set/b.txt'.length);
  });

  it('leave out what the settings of their folder exclude', async () => {
    await write('set/a.txt', 'set/.git/config', 'other/.git/config');
    const exclude = (root: string): string[] => (root === at('set') ? ['**/.git/**'] : []);
    const { files, excluded } = await find(['set', 'other'], {}, exclude);
    assert.deepEqual(
      files.map((file) => file.name),
      ['set/a.txt', 'other/.git/config'],
    );
    assert.ok(excluded > 0);
  });

  it('say of all folders together how many were left out or had nothing in them', async () => {
    for (const folder of ['one', 'two', 'two/deep']) {
      await write(`${folder}/keep.txt`, `${folder}/leave.tmp`);
      await mkdir(at(`${folder}/empty`));
      await mkdir(at(`${folder}/bare`));
    }
    const { files, ...rest } = await find(['one', 'two'], {}, () => ['**/*.tmp']);
    assert.equal(files.length, 3);
    assert.deepEqual(rest, { failures: [], links: [], excluded: 3, emptyFolders: 6 });
  });

  it('are not sent at all while it cannot be told what a folder leaves out', async () => {
    await write('set/a.txt', 'other/b.txt');
    const exclude = (root: string): string[] => (root === at('set') ? ['secrets\\keys'] : []);
    await assert.rejects(find(['other', 'set'], {}, exclude), (error) => {
      assert.ok(UploadError.is(error, 'invalidArgument'));
      assert.deepEqual(
        [error.field, error.code, error.value],
        ['exclude', 'globBackslash', 'secrets\\keys'],
      );
      return true;
    });
  });

  it('whose name is no UTF-8 are said to have characters that no key has', async function () {
    // Other systems have no such names.
    if (process.platform !== 'linux') this.skip();
    const name = Buffer.of(0xd6, 0xd0, 0xce, 0xc4);
    await write('set/a.txt');
    await writeFile(Buffer.concat([Buffer.from(at('set') + path.sep), name]), 'x');
    const listed = at('set/\ufffd\ufffd\ufffd\ufffd');
    for (const chosen of ['set', 'set/\ufffd\ufffd\ufffd\ufffd']) {
      const { failures } = await find([chosen]);
      assert.deepEqual(
        failures.map(({ kind, field, code, sourcePath }) => [kind, field, code, sourcePath]),
        [['invalidArgument', 'key', 'keyCharacters', listed]],
      );
    }
  });

  it('fail one by one', async () => {
    await write('good.txt', 'set/inside.txt');
    const pipes = isWindows ? [] : ['pipe', 'set/pipe'];
    pipes.map(at).forEach(makeFifo);
    const { files, failures } = await find(['gone.txt', 'good.txt', ...pipes.slice(0, 1), 'set']);
    assert.deepEqual(
      files.map((file) => file.name),
      ['good.txt', 'set/inside.txt'],
    );
    assert.deepEqual(
      failures.map((failure) => [failure.kind, failure.sourcePath]),
      [['sourceMissing', at('gone.txt')], ...pipes.map((name) => ['sourceNotAFile', at(name)])],
    );
  });

  it('that are links are counted, of all folders together, and those to nowhere are called so', async function () {
    if (!hasLinks) this.skip();
    for (const folder of ['set', 'two', 'two/deep']) {
      await write(`${folder}/inside.txt`, `${folder}/linked/leave.tmp`);
      await symlink('linked', at(`${folder}/link`), 'dir');
    }
    await symlink(path.join('..', 'two', 'inside.txt'), at('set/out'), 'file');
    await write('secret');
    await symlink(at('secret'), at('two/deep/out'), 'file');
    await symlink('nowhere', at('dead'), 'file');
    await symlink('loop', at('set/loop'), 'file');
    const exclude = (): string[] => ['**/*.tmp'];
    const { files, failures, links } = await find(['dead', 'set', 'two'], {}, exclude);
    assert.deepEqual(
      files.map((file) => file.name),
      ['set/inside.txt', 'two/inside.txt', 'two/deep/inside.txt'],
    );
    assert.deepEqual(
      [...links].sort(),
      ['set/link', 'set/out', 'two/deep/link', 'two/deep/out', 'two/link'].map(at).sort(),
    );
    assert.deepEqual(
      failures.map((failure) => [failure.kind, failure.code, failure.sourcePath]),
      [
        ['sourceMissing', 'DeadLink', at('dead')],
        ['sourceMissing', 'DeadLink', at('set/loop')],
      ],
    );
  });

  it('are named by their place inside of a folder, when that is asked for', async () => {
    await write('w/site/index.html', 'w/site/css/a.css', 'w/a/x.txt');
    const inside = async (path: string, namesInside: string): Promise<string[]> => {
      const roots = [
        { path: at(path), namesInside: at(namesInside), leftOut: () => ({ exclude: [] }) },
      ];
      const signal = new AbortController().signal;
      const { files } = await findSourceFiles(roots, { signal, onFound: () => undefined });
      return files.map((file) => file.name).sort();
    };
    assert.deepEqual(await inside('w/site', 'w/site'), ['css/a.css', 'index.html']);
    assert.deepEqual(await inside('w/a/x.txt', 'w'), ['a/x.txt']);
    assert.deepEqual(await inside('w/site', 'w'), ['site/css/a.css', 'site/index.html']);
  });

  it('may be empty', async () => {
    await writeFile(at('empty'), '');
    const { files } = await find(['empty']);
    assert.equal(files[0]?.sizeBytes, 0);
  });

  it('are not looked for any more after a cancel', async () => {
    await write('a.txt');
    await assert.rejects(find(['a.txt'], { signal: AbortSignal.abort() }));
  });
});
