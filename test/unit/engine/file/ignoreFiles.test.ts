import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UploadError } from '../../../../src/engine/contract/errors';
import { scanFolder } from '../../../../src/engine/file/folderScan';
import { runCommand } from '../../../../scripts/processes';
import {
  hasLinks,
  isWindows,
  makeFifo,
  removeFolder,
  temporaryFolder,
} from '../../../support/files';
import { seededRandom } from '../../../support/random.ts';

describe('ignore files', () => {
  let root: string;

  beforeEach(async () => {
    root = await temporaryFolder('ignore');
  });

  afterEach(async () => {
    await removeFolder(root);
  });

  async function create(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const full = path.join(root, name);
      await mkdir(path.dirname(full), { recursive: true });
      await writeFile(full, text);
    }
  }

  async function found(folder = '.', within = ''): Promise<readonly string[]> {
    const scan = await scanFolder(path.join(root, folder), {
      exclude: [],
      ignoreFilesWithin: within === '' ? '' : path.join(root, within),
      signal: new AbortController().signal,
    });
    assert.deepEqual(scan.unreadable, []);
    return scan.files.map((file) => file.relativePath).filter((name) => !name.endsWith('ignore'));
  }

  it('do not count unless they are asked for', async () => {
    await create({ '.gitignore': '*', a: '' });
    const { signal } = new AbortController();
    const { files } = await scanFolder(root, { exclude: [], signal });
    assert.equal(files.length, 2);
  });

  it('count by the rules of Git, each for what is below it', async () => {
    await create({
      '.gitignore': '# comment\n*.log\nbuild/\n/only-here\n!keep.log\n\\#x\ntrailing   \r\n',
      'a.log': '',
      'keep.log': '',
      'only-here': '',
      '#x': '',
      trailing: '',
      'build/x': '',
      'src/build': '',
      'src/only-here': '',
      'src/.gitignore': '!a.log\nkeep.log',
      'src/a.log': '',
      'src/keep.log': '',
    });
    assert.deepEqual(await found(), ['keep.log', 'src/a.log', 'src/build', 'src/only-here']);
  });

  it('of our own name count, too, and decide over those of Git', async () => {
    await create({
      '.gitignore': '*.map\n*.tmp',
      '.ossignore': '!*.map\nsecret',
      'a.map': '',
      'a.tmp': '',
      secret: '',
    });
    assert.deepEqual(await found(), ['a.map']);
  });

  it('around the chosen folder count, up to the one with .git or to the workspace', async () => {
    await create({
      '.gitignore': '*.a',
      'work/.gitignore': '*.b',
      'work/app/.gitignore': '/src/*.c\n',
      'work/app/src/x.a': '',
      'work/app/src/x.b': '',
      'work/app/src/x.c': '',
      'work/app/src/x.d': '',
    });
    assert.deepEqual(await found('work/app/src'), ['x.a', 'x.b', 'x.c', 'x.d']);
    assert.deepEqual(await found('work/app/src', 'work'), ['x.a', 'x.d']);
    assert.deepEqual(await found('work/app/src', 'work/other'), ['x.a', 'x.b', 'x.c', 'x.d']);
    await mkdir(path.join(root, 'work/app/.git'));
    assert.deepEqual(await found('work/app/src', 'work'), ['x.a', 'x.b', 'x.d']);
    await rm(path.join(root, 'work/app/.git'), { recursive: true });
    await mkdir(path.join(root, '.git'));
    assert.deepEqual(await found('work/app/src', 'work'), ['x.d']);
  });

  it('do not hide a folder that was chosen itself, such as what a build made', async () => {
    await create({ '.gitignore': 'dist/\n*.map', '.git/x': '', 'dist/a.js': '', 'dist/a.map': '' });
    assert.deepEqual(await found('dist'), ['a.js', 'a.map']);
    await create({ 'dist/.ossignore': '*.map' });
    assert.deepEqual(await found('dist'), ['a.js']);
  });

  it('that cannot be read, or are too large to be true, let nothing of their folder be sent', async () => {
    await create({ 'a/.gitignore': 'x\n'.repeat(40_000), 'a/x': '', b: '' });
    const { signal } = new AbortController();
    const options = { exclude: [], ignoreFilesWithin: '', signal };
    const { files, unreadable } = await scanFolder(root, options);
    assert.deepEqual(
      files.map((file) => file.relativePath),
      ['b'],
    );
    assert.deepEqual(unreadable, [{ path: path.join(root, 'a'), code: 'EFBIG' }]);
    await assert.rejects(scanFolder(path.join(root, 'a'), options), (error) =>
      UploadError.is(error, 'sourceUnreadable'),
    );
  });

  it('that are links, pipes or folders do not count, and nothing waits for them', async () => {
    await create({ all: '*', 'a/x': '', 'b/y': '', 'c/.gitignore/all': '*', 'c/z': '' });
    if (hasLinks) await symlink(path.join('..', 'all'), path.join(root, 'a/.gitignore'), 'file');
    if (!isWindows) makeFifo(path.join(root, 'b/.ossignore'));
    const options = { exclude: [], ignoreFilesWithin: '', signal: new AbortController().signal };
    const { files } = await scanFolder(root, options);
    const names = files.map((file) => file.relativePath);
    const link = hasLinks ? ['a/.gitignore'] : [];
    assert.deepEqual(names, ['all', ...link, 'a/x', 'b/y', 'c/z', 'c/.gitignore/all']);
  });

  it('leave out what Git leaves out, in random folders', async function () {
    this.timeout(120_000);
    const seed = Number(process.env['TEST_SEED'] ?? 20261129);
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const times = <T>(most: number, make: () => T): T[] =>
      Array.from({ length: 1 + Math.floor(random() * most) }, make);
    // Of ASCII only: to Git a question mark is a byte, to us a character.
    const NAMES = ['a', 'b', 'ab', 'a.b', '.a', 'a b', 'b-', '#a', '!b', 'a[b]', '{a,b}'];
    // Elsewhere this is the same name as another one.
    NAMES.push(process.platform === 'linux' ? 'B' : 'C');
    const PARTS = [
      'a',
      'b',
      'B',
      '.',
      '*',
      '**',
      '?',
      '[ab]',
      '[!a]',
      '[^b]',
      '[a-b]',
      '[[:upper:]]',
    ];
    const QUOTED = ['\\#', '\\!', '\\a', '\\*', 'a b', '[', '[]b]', '[b-]', '***', '{a,b}'];
    const part = (): string => times(3, () => pick(random() < 0.9 ? PARTS : QUOTED)).join('');
    const line = (): string => {
      const glob = times(3, () => (random() < 0.25 ? '**' : part())).join('/');
      const [before, after] = [
        pick(['', '', '', '/', '!', '!/', '#']),
        pick(['', '', '/', ' ', '\\ ']),
      ];
      return before + glob + after;
    };
    const runs: Readonly<Record<string, string>>[] = [];
    for (let run = 0; run < 40; run += 1) {
      const folders = new Set(['']);
      const all = new Set<string>();
      times(40, () => times(4, () => pick(NAMES)).join('/')).forEach((name) => all.add(name));
      const files: Record<string, string> = {};
      for (const name of all) {
        const parts = name.split('/');
        const above = parts.slice(1).map((_part, at) => parts.slice(0, at + 1).join('/'));
        // A name is that of a file or of a folder.
        if (folders.has(name) || above.some((folder) => files[folder] !== undefined)) continue;
        for (const folder of above) folders.add(folder);
        files[name] = '';
      }
      for (const folder of folders) {
        if (folder !== '' && random() < 0.7) continue;
        files[path.posix.join(folder, '.gitignore')] = times(6, line).join(pick(['\n', '\r\n']));
      }
      for (const [name, text] of Object.entries(files)) await create({ [`${run}/${name}`]: text });
      runs.push(files);
    }
    const git = (...args: string[]): Promise<string> => runCommand('git', args, { cwd: root });
    await git('init', '--quiet', '--template=');
    await git('config', 'core.ignorecase', 'false');
    // Instead of what the user has Git ignore everywhere.
    await git('config', 'core.excludesfile', path.join(root, 'none'));
    // What Git would take, as it lists it itself.
    const listed = await git('ls-files', '-z', '--others', '--exclude-standard');
    const ignored = { yes: 0, no: 0 };
    for (const [run, files] of runs.entries()) {
      const { files: taken } = await scanFolder(path.join(root, String(run)), {
        exclude: [],
        ignoreFilesWithin: '',
        signal: new AbortController().signal,
        platform: 'linux',
      });
      const about = Object.entries(files).filter(([name]) => name.endsWith('.gitignore'));
      assert.deepEqual(
        taken.map((file) => `${run}/${file.relativePath}`).sort(),
        listed
          .split('\0')
          .filter((name) => name.startsWith(`${run}/`))
          .sort(),
        `TEST_SEED=${seed} ${run}: ${JSON.stringify(about)}`,
      );
      ignored.no += taken.length;
      ignored.yes += Object.keys(files).length - taken.length;
    }
    assert.ok(ignored.yes > 200 && ignored.no > 200, JSON.stringify(ignored));
  });
});
