import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs, { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { UploadError } from '../../../../src/engine/contract/errors';
import type { UploadErrorKind } from '../../../../src/engine/contract/errors';
import { scanFolder } from '../../../../src/engine/file/folderScan';
import type { FolderScan } from '../../../../src/engine/file/folderScan';
import {
  hasLinks,
  isWindows,
  makeFifo,
  removeFolder,
  temporaryFolder,
} from '../../../support/files';

describe('scanFolder', () => {
  let root: string;

  beforeEach(async () => {
    root = await temporaryFolder('folder scan é');
  });

  afterEach(async () => {
    mock.restoreAll();
    await removeFolder(root);
  });

  /** Writes files, by relative path with `/`, each as long as its path. A final `/` is a folder. */
  async function create(...relativePaths: readonly string[]): Promise<void> {
    for (const relativePath of relativePaths) {
      const full = path.join(root, relativePath);
      await mkdir(relativePath.endsWith('/') ? full : path.dirname(full), { recursive: true });
      if (!relativePath.endsWith('/')) await writeFile(full, relativePath);
    }
  }

  function scan(...exclude: readonly string[]): Promise<FolderScan> {
    return scanFolder(root, { exclude, signal: new AbortController().signal });
  }

  async function found(...exclude: readonly string[]): Promise<readonly string[]> {
    return (await scan(...exclude)).files.map((file) => file.relativePath);
  }

  function assertRejects(promise: Promise<unknown>, kind: UploadErrorKind): Promise<void> {
    return assert.rejects(promise, (error) => {
      assert.ok(UploadError.is(error, kind), String(error));
      return true;
    });
  }

  it('finds everything below, hidden files too, with sizes and slashes', async () => {
    await create('b.txt', 'a/deep/er.txt', '.env', 'a/名 前 😀.txt');
    const { files, ...rest } = await scan();
    assert.deepEqual(
      files,
      ['.env', 'b.txt', 'a/名 前 😀.txt', 'a/deep/er.txt'].map((relativePath) => ({
        path: path.join(root, relativePath),
        realPath: path.join(root, relativePath),
        relativePath,
        sizeBytes: Buffer.byteLength(relativePath),
      })),
    );
    assert.deepEqual(rest, {
      excluded: 0,
      skippedLinks: [],
      outsideLinks: [],
      emptyFolders: 0,
      unreadable: [],
    });
  });

  it('sorts by code units: files of a folder, then its folders', async () => {
    await create('z', 'B', 'a', 'ä', '10', '9', 'd/x', 'c/y', 'c/b/x', 'E/x');
    assert.deepEqual(await found(), [
      ...['10', '9', 'B', 'a', 'z', 'ä'],
      ...['E/x', 'c/y', 'c/b/x', 'd/x'],
    ]);
  });

  it('counts folders with nothing in them', async () => {
    await create('a/b/c/', 'd/', 'e/f');
    const { files, emptyFolders } = await scan();
    assert.equal(files.length, 1);
    assert.equal(emptyFolders, 2);
  });

  describe('leaves out', () => {
    const all = ['.git/config', 'a.log', 'a.txt', 'sub/.git/x/y', 'sub/b.log', 'sub/c.txt'];
    const cases: readonly (readonly [readonly string[], readonly string[], number])[] = [
      [[], ['a.log', 'a.txt', '.git/config', 'sub/b.log', 'sub/c.txt', 'sub/.git/x/y'], 0],
      [['**/.git/**'], ['a.log', 'a.txt', 'sub/b.log', 'sub/c.txt'], 2],
      [['**/.git'], ['a.log', 'a.txt', 'sub/b.log', 'sub/c.txt'], 2],
      [['.git'], ['a.log', 'a.txt', 'sub/b.log', 'sub/c.txt', 'sub/.git/x/y'], 1],
      [['*.log'], ['a.txt', '.git/config', 'sub/b.log', 'sub/c.txt', 'sub/.git/x/y'], 1],
      [['**/*.log', '**/.git/**'], ['a.txt', 'sub/c.txt'], 4],
      [['sub/*'], ['a.log', 'a.txt', '.git/config'], 3],
      [['**/*.{log,txt}'], ['.git/config', 'sub/.git/x/y'], 4],
      [['**'], [], 4],
      [['**/*.log', '!sub/*.log', '**/.git'], ['a.txt', 'sub/b.log', 'sub/c.txt'], 3],
      [['!**/*.log', '**/*.log', '**/.git'], ['a.txt', 'sub/c.txt'], 4],
      [['sub', '!sub/c.txt', '.git'], ['a.log', 'a.txt'], 2],
      [['**/.git/', 'sub/'], ['a.log', 'a.txt'], 2],
      [['/a.log', './a.txt', '/sub/.git'], ['.git/config', 'sub/b.log', 'sub/c.txt'], 3],
      [['', '!'], ['a.log', 'a.txt', '.git/config', 'sub/b.log', 'sub/c.txt', 'sub/.git/x/y'], 0],
    ];
    for (const [exclude, expected, excluded] of cases) {
      it(`${JSON.stringify(exclude)}: ${excluded} of them`, async () => {
        await create(...all);
        const result = await scan(...exclude);
        assert.deepEqual(
          result.files.map((file) => file.relativePath),
          expected,
        );
        assert.equal(result.excluded, excluded);
      });
    }

    for (const [platform, excluded] of [
      ['linux', 0],
      ['darwin', 2],
      ['win32', 2],
    ] as const) {
      it(`by a glob in another case as the names of the system are compared: ${platform}`, async () => {
        await create(...all);
        const { signal } = new AbortController();
        const result = await scanFolder(root, { exclude: ['**/*.LOG'], signal, platform });
        assert.equal(result.excluded, excluded);
      });
    }

    it('a folder without looking into it', async () => {
      await create('node_modules/a/b/c', 'x');
      let largest = 0;
      const result = await scanFolder(root, {
        exclude: ['**/node_modules/**'],
        signal: new AbortController().signal,
        onProgress: (count) => (largest = Math.max(largest, count)),
      });
      assert.equal(result.excluded, 1);
      assert.equal(largest, 1);
    });

    it('whatever the case, where the file system has it so', async () => {
      await create('Secrets/a', 'sub/SECRETS/b', 'c.Log', 'd');
      const { signal } = new AbortController();
      const on = async (platform: NodeJS.Platform): Promise<unknown> => {
        const exclude = ['**/secrets/', '*.LOG'];
        const { files } = await scanFolder(root, { exclude, signal, platform });
        return files.map((file) => file.relativePath);
      };
      assert.deepEqual(await on('win32'), ['d']);
      assert.deepEqual(await on('darwin'), ['d']);
      assert.deepEqual(await on('linux'), ['c.Log', 'd', 'Secrets/a', 'sub/SECRETS/b']);
    });

    it('nothing at all while a glob could never match', async () => {
      await create('a');
      await assertRejects(scan('x'.repeat(70_000)), 'invalidArgument');
      await assertRejects(scan('**/secrets/', 'secrets\\keys'), 'invalidArgument');
    });
  });

  describe('with links', () => {
    beforeEach(function () {
      if (!hasLinks) this.skip();
    });

    it('sends the bytes of the file that a link leads to, and follows none to a folder, also not in circles', async () => {
      await create('real/long name.txt');
      await symlink('real/long name.txt', path.join(root, 'link'), 'file');
      await symlink('.', path.join(root, 'real/self'), 'dir');
      await symlink('..', path.join(root, 'real/up'), 'dir');
      await symlink(tmpdir(), path.join(root, 'out'), 'junction');
      const { files, skippedLinks, unreadable } = await scan();
      assert.deepEqual(files[0], {
        path: path.join(root, 'link'),
        realPath: path.join(root, 'real/long name.txt'),
        relativePath: 'link',
        sizeBytes: 'real/long name.txt'.length,
      });
      assert.deepEqual([files.length, skippedLinks.length, unreadable], [2, 3, []]);
    });

    it('leaves out what lies outside of the folder, and counts it', async () => {
      await create('chosen/a', 'chosen/deep/b', 'secret', 'chosen-too/c');
      const chosen = path.join(root, 'chosen');
      await symlink('../secret', path.join(chosen, 'out'), 'file');
      await symlink('../../chosen-too/c', path.join(chosen, 'deep/beside'), 'file');
      await symlink('../a', path.join(chosen, 'deep/inside'), 'file');
      await symlink(process.execPath, path.join(chosen, 'system'), 'file');
      const { signal } = new AbortController();
      const { files, outsideLinks } = await scanFolder(chosen, { exclude: [], signal });
      assert.deepEqual(
        files.map((file) => file.relativePath),
        ['a', 'deep/b', 'deep/inside'],
      );
      assert.deepEqual(
        [...outsideLinks].sort(),
        ['deep/beside', 'out', 'system'].map((name) => path.join(chosen, name)),
      );
    });

    it('names links that lead nowhere or in circles, and goes on', async () => {
      await create('x');
      await symlink('nowhere', path.join(root, 'dangling'), 'file');
      await symlink('loop2', path.join(root, 'loop1'), 'file');
      await symlink('loop1', path.join(root, 'loop2'), 'file');
      const { files, unreadable } = await scan();
      assert.equal(files.length, 1);
      assert.deepEqual(unreadable, [
        { path: path.join(root, 'dangling'), code: 'ENOENT' },
        { path: path.join(root, 'loop1'), code: 'ELOOP' },
        { path: path.join(root, 'loop2'), code: 'ELOOP' },
      ]);
    });

    it('searches a folder that is itself given by a link', async () => {
      await create('real/x');
      await symlink('real', path.join(root, 'link'), 'dir');
      const { files } = await scanFolder(path.join(root, 'link'), {
        exclude: [],
        signal: new AbortController().signal,
      });
      assert.deepEqual(files, [
        {
          path: path.join(root, 'link', 'x'),
          realPath: path.join(root, 'real', 'x'),
          relativePath: 'x',
          sizeBytes: 6,
        },
      ]);
    });
  });

  describe('with what Windows has not', () => {
    beforeEach(function () {
      if (isWindows) this.skip();
    });

    it('names what is neither file nor folder, without blocking on it', async () => {
      makeFifo(path.join(root, 'fifo'));
      await symlink('/dev/null', path.join(root, 'null'));
      const server = createServer().listen(path.join(root, 'socket'));
      await once(server, 'listening');
      const { files, unreadable } = await scan();
      server.close();
      assert.deepEqual(files, []);
      assert.deepEqual(
        unreadable.map(({ code }) => code),
        ['FIFO', 'DEVICE', 'SOCKET'],
      );
    });

    it('keeps a backslash that is part of a name', async () => {
      await create('a\\b/c\\d');
      assert.deepEqual(await found('a/b/c/d', 'a/**'), ['a\\b/c\\d']);
    });

    it('names a folder that may not be read', async () => {
      await create('closed/x', 'y');
      await chmod(path.join(root, 'closed'), 0);
      // To root nothing is closed, to nobody it is.
      const isRoot = process.geteuid?.() === 0;
      await chmod(root, 0o755);
      if (isRoot) process.seteuid?.('nobody');
      const { files, unreadable } = await scan().finally(() => {
        if (isRoot) process.seteuid?.(0);
      });
      await chmod(path.join(root, 'closed'), 0o700);
      assert.equal(files.length, 1);
      assert.deepEqual(unreadable, [{ path: path.join(root, 'closed'), code: 'EACCES' }]);
    });
  });

  it('searches a folder that Windows lists as a link, as all are in OneDrive', async () => {
    await create('a', 'cloud/b', 'cloud/deep/c', 'z');
    const { opendir } = fs;
    mock.method(fs, 'opendir', async (folder: string) => {
      const entries = [];
      for await (const { name } of await opendir(folder)) {
        entries.push({ name, isDirectory: () => false, isSymbolicLink: () => true });
      }
      return entries;
    });
    const { files, skippedLinks } = await scan();
    assert.deepEqual(
      files.map((file) => file.relativePath),
      ['a', 'z', 'cloud/b', 'cloud/deep/c'],
    );
    assert.deepEqual(skippedLinks, []);
  });

  it('names a file whose name is no text, and goes on', async function () {
    // Other systems have no such names.
    if (process.platform !== 'linux') this.skip();
    await create('a');
    await writeFile(Buffer.concat([Buffer.from(root + path.sep), Buffer.of(0xff, 0xfe)]), 'x');
    const { files, unreadable } = await scan();
    assert.deepEqual(
      files.map((file) => file.relativePath),
      ['a'],
    );
    assert.deepEqual(unreadable, [{ path: path.join(root, '\ufffd\ufffd'), code: 'NOT_UTF8' }]);
  });

  it('gives names as the editor shows them on macOS, and as they are elsewhere', async () => {
    const [composed, decomposed] = ['caf\u00e9/\uac00', 'cafe\u0301/\u1100\u1161'];
    await create(decomposed);
    const scanOn = async (platform: NodeJS.Platform, ...exclude: string[]): Promise<unknown> => {
      const { signal } = new AbortController();
      const { files } = await scanFolder(root, { exclude, signal, platform });
      return files.map((file) => [file.relativePath, path.relative(root, file.path)]);
    };
    const onDisk = path.join(decomposed);
    assert.deepEqual(await scanOn('darwin'), [[composed, onDisk]]);
    assert.deepEqual(await scanOn('darwin', composed), []);
    assert.deepEqual(await scanOn('linux'), [[decomposed, onDisk]]);
  });

  it('names a folder that vanishes meanwhile, and goes on', async () => {
    await create('x', 'a/y', 'b/z');
    const { files, unreadable } = await scanFolder(root, {
      exclude: [],
      signal: new AbortController().signal,
      onProgress: () => {
        rmSync(path.join(root, 'a'), { recursive: true, force: true });
      },
    });
    assert.deepEqual(
      files.map((file) => file.relativePath),
      ['x', 'b/z'],
    );
    assert.deepEqual(unreadable, [{ path: path.join(root, 'a'), code: 'ENOENT' }]);
  });

  it('goes as deep as the folders do', async () => {
    // A search that calls itself would hold all levels open. Nearly the longest path there is, but
    // for Windows, where it is just longer than what programs had to stay below once.
    const depth = process.platform === 'linux' ? 1_500 : 300;
    await create(`${'d/'.repeat(depth)}x`);
    assert.deepEqual(await found(), [`${'d/'.repeat(depth)}x`]);
  });

  it('tells how many files there are so far', async () => {
    await create(...Array.from({ length: 1_000 }, (_, index) => `f${index}`));
    const counts: number[] = [];
    const { files } = await scanFolder(root, {
      exclude: [],
      signal: new AbortController().signal,
      onProgress: (count) => counts.push(count),
    });
    assert.equal(files.length, 1_000);
    assert.deepEqual(counts, [
      ...Array.from({ length: 15 }, (_, index) => 64 * (index + 1)),
      1_000,
    ]);
  });

  it('lets others run after every 64 entries, also where nothing is looked at', async () => {
    await create(...Array.from({ length: 640 }, (_, index) => `f${index}`));
    let turn = 0;
    const nextTurn = (): void => {
      turn += 1;
      immediate = setImmediate(nextTurn);
    };
    let immediate = setImmediate(nextTurn);
    const turns: number[] = [];
    const { excluded } = await scanFolder(root, {
      exclude: ['**'],
      signal: new AbortController().signal,
      onProgress: () => turns.push(turn),
    });
    clearImmediate(immediate);
    assert.equal(excluded, 640);
    assert.equal(new Set(turns).size, 10);
  });

  it('ends at once when it is aborted', async () => {
    await create(...Array.from({ length: 500 }, (_, index) => `f${index}`));
    const controller = new AbortController();
    let most = 0;
    const scanning = scanFolder(root, {
      exclude: [],
      signal: controller.signal,
      onProgress: (count) => {
        most = count;
        controller.abort();
      },
    });
    await assertRejects(scanning, 'aborted');
    assert.equal(most, 64);
    const before = scanFolder(root, { exclude: [], signal: AbortSignal.abort() });
    await assertRejects(before, 'aborted');
  });

  it('rejects when the folder itself is missing or is a file', async () => {
    await create('x');
    const options = { exclude: [], signal: new AbortController().signal };
    await assertRejects(scanFolder(path.join(root, 'none'), options), 'sourceMissing');
    await assertRejects(scanFolder(path.join(root, 'x'), options), 'sourceNotAFile');
  });
});
