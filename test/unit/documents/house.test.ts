import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { ARROWS, house, ossServer } from '../../../scripts/house.mjs';
import { ROOT } from '../../../scripts/paths';

const SRC = path.join(ROOT, 'src');

describe('the rooms of the house', () => {
  it('are the folders of src, each with its line', () => {
    assert.deepEqual(roomsOnDisk().toSorted(), Object.keys(ARROWS).toSorted());
  });

  it('have a line each in ARCHITECTURE.md', () => {
    const text = fs.readFileSync(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const [, table = ''] = /^\| In `src` .*\n\| -.*\n((?:\|.*\n)+)/m.exec(text) ?? [];
    const named = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
    const doors: Record<string, string> = {
      '': 'extension.ts',
      account: 'account.ts',
      engine: 'engine/index.ts',
    };
    const rooms = Object.keys(ARROWS).map((room) => doors[room] ?? room);
    assert.deepEqual(named.toSorted(), rooms.toSorted());
  });

  it('are below one another in no circle', () => {
    const under = (room: string, seen: readonly string[]): void => {
      assert.ok(!seen.includes(room), [...seen, room].join(' → '));
      for (const next of roomsIn(room)) under(next, [...seen, room]);
    };
    for (const room of Object.keys(ARROWS)) under(room, []);
  });

  for (const room of Object.keys(ARROWS)) {
    const name = room === '' ? 'the composition root' : room;
    it(`let ${name} import from below it, and refuse the rest`, () => {
      const allowed = ARROWS[room] ?? [];
      const files = Object.keys(ARROWS)
        .filter((other) => other !== room)
        .flatMap(filesOf);
      const isRefused = refusals(
        room,
        files.map((file) => specifier(room, file)),
      );
      for (const [at, file] of files.entries()) {
        const target = file.replace(/\.ts$/, '');
        const isAllowed = allowed.includes(target) || allowed.includes(roomOf(file));
        assert.equal(isRefused[at], !isAllowed, `${name} → ${file}`);
      }
      assert.deepEqual(refusals(room, ['./beside']), [room === 'account']);
    });
  }

  it('know the editor in ui and the composition root, and ali-oss in oss', () => {
    for (const room of Object.keys(ARROWS)) {
      const knowsEditor = room === '' || (room.startsWith('ui/') && room !== 'ui/text');
      const isRefused = [!knowsEditor, room !== 'oss'];
      assert.deepEqual(refusals(room, ['vscode', 'ali-oss']), isRefused, room);
    }
  });
});

describe('the local OSS server', () => {
  it('imports nothing from outside of its folder, and only its tests know ali-oss', () => {
    const isAllowed = (file: string, imported: string): boolean =>
      !refusalsIn(`test/oss-server/${file}`, [imported])[0];
    for (const file of ['server.ts', 'server.cli.mts']) {
      assert.ok(isAllowed(file, './storage.ts'));
      assert.ok(isAllowed(file, 'node:http'));
      assert.ok(!isAllowed(file, '../support/files.ts'));
      assert.ok(!isAllowed(file, '../../src/engine/index.ts'));
      assert.ok(!isAllowed(file, 'ali-oss'));
    }
    assert.ok(isAllowed('test/a.test.ts', '../server.ts'));
    assert.ok(isAllowed('test/a.test.ts', 'ali-oss'));
    assert.ok(!isAllowed('test/a.test.ts', '../../support/files.ts'));
    assert.ok(!isAllowed('test/a.test.ts', '../../../src/oss/xml.ts'));
  });
});

/** Of each of these imports, whether the linter refuses it in a file of that room. */
function refusals(room: string, imported: readonly string[]): boolean[] {
  const file = room === 'account' ? 'account.ts' : path.posix.join(room, 'example.ts');
  return refusalsIn(path.posix.join('src', file), imported);
}

function refusalsIn(file: string, imported: readonly string[]): boolean[] {
  const config = [
    { plugins: { '@typescript-eslint': tseslint.plugin }, files: ['**/*.{ts,mts}'] },
    ...house,
    ...ossServer,
  ] as Linter.Config[];
  // A line each: what the linter says of an import names its line.
  const code = imported.map((from, at) => `import { a${at} } from '${from}';\n`).join('');
  const lines = new Set(new Linter().verify(code, config, file).map(({ line }) => line));
  return imported.map((_, at) => lines.has(at + 1));
}

/** Rooms that arrows lead to; `engine/index` is the door of the room `engine`. */
function roomsIn(room: string): string[] {
  return (ARROWS[room] ?? []).map((other) => (other in ARROWS ? other : roomOf(other)));
}

/** The room of a file, by its path in `src`. */
function roomOf(file: string): string {
  const target = file.replace(/\.ts$/, '');
  if (target in ARROWS) return target;
  const folder = path.posix.dirname(target);
  return folder === '.' ? '' : folder;
}

function roomsOnDisk(): string[] {
  return fs
    .readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => roomOf(file.replaceAll(path.sep, '/')))
    .filter((room, at, all) => all.indexOf(room) === at);
}

function filesOf(room: string): string[] {
  if (room === 'account') return ['account.ts'];
  return fs
    .readdirSync(path.join(SRC, room))
    .filter((file) => file.endsWith('.ts') && file !== 'account.ts')
    .map((file) => path.posix.join(room, file));
}

/** How a file of the room names another file of `src`. */
function specifier(room: string, file: string): string {
  const folder = room === 'account' ? '' : room;
  const way = path.posix.relative(folder, file.replace(/\.ts$/, ''));
  return way.startsWith('.') ? way : `./${way}`;
}
