import assert from 'node:assert/strict';
import picomatch from 'picomatch';
import { UploadError } from '../../../../src/engine/contract/errors';
import { exclusionOf } from '../../../../src/engine/file/globs';
import type { GlobProblem } from '../../../../src/engine/file/globs';
import { seededRandom } from '../../../support/random.ts';

function isExcluded(glob: string, path: string, platform: NodeJS.Platform = 'linux'): boolean {
  const isFolder = path.endsWith('/');
  return exclusionOf([glob], platform)(path.replace(/\/$/, '').split('/'), isFolder);
}

describe('globs', () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['*.log', ['a.log', '.log'], ['a/b.log', 'a.logs']],
    ['**/*.log', ['a.log', 'a/b/c.log'], ['a.log/b']],
    ['**/.git/**', ['.git/', '.git/a', 'a/.git/b'], ['.git', '.gitignore', 'a/git']],
    ['*/**', ['a/', 'a/b', 'a/b/c'], ['a']],
    ['**/secrets/', ['secrets/', 'a/secrets/'], ['secrets', 'secrets2/']],
    ['/secrets', ['secrets', 'secrets/'], ['a/secrets']],
    ['/secrets/', ['secrets/'], ['secrets', 'a/secrets/']],
    ['./a/**', ['a/', 'a/b', 'a/b/c'], ['b/a']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a/b', 'az']],
    ['a**z', ['az', 'a.z', 'aaz'], ['a/z', 'a']],
    ['{a,b/c}/*.{js,ts}', ['a/x.js', 'b/c/x.ts'], ['b/x.js', 'a/x.jsx']],
    ['a{,.min}.js', ['a.js', 'a.min.js'], ['a..js']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'ad']],
    ['{{name}}', ['{{name}}'], ['name']],
    ['a?c', ['abc', 'a😀c', 'a.c'], ['ac', 'abbc', 'a/c']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x', '-x']],
    ['[!a-c]x', ['dx', '-x'], ['ax', 'x']],
    ['[]]x', [']x'], ['x', '[]]x']],
    ['[a\\]b]', ['a', ']', 'b'], ['\\']],
    ['[[:digit:]]*', ['1', '1a'], ['a1']],
    ['\\*\\[x', ['*[x'], ['a[x', '\\*\\[x']],
    ['report (1).pdf', ['report (1).pdf'], ['report 1.pdf']],
    ['*(1).pdf', ['x(1).pdf'], ['1.pdf']],
    ['中文/*', ['中文/文'], ['文']],
    ['**', ['a', 'a/b'], []],
  ];
  for (const [glob, yes, no] of cases) {
    it(`${glob} means ${yes.join(' ')}, and not ${no.join(' ')}`, () => {
      assert.deepEqual(
        yes.filter((path) => !isExcluded(glob, path)),
        [],
      );
      assert.deepEqual(
        no.filter((path) => isExcluded(glob, path)),
        [],
      );
    });
  }

  it('take back what those before them left out', () => {
    const excluded = exclusionOf(['**/*.log', '!**/keep.log', 'a/keep.log'], 'linux');
    assert.equal(excluded(['x.log'], false), true);
    assert.equal(excluded(['b', 'keep.log'], false), false);
    assert.equal(excluded(['a', 'keep.log'], false), true);
  });

  it('that could never match are refused, with the rule they break and what was written', () => {
    const refused: Readonly<Record<GlobProblem, readonly string[]>> = {
      globNames: ['a//b', '../a', 'a/../b', 'a/./b', '//', 'C:/secrets', '!a//b'],
      globBackslash: ['secrets\\keys', '**\\x', 'a\\'],
      globBrackets: ['a[b', 'a{b,c', '{a,[b}', '[[:nothing:]]'],
      globExtended: ['!(a|b)', '+(a|b)', '@(a)', '*(a|b).js', '?(a|b)', '{1..9}'],
      globTooLong: ['a'.repeat(1001), '{a,b}'.repeat(20)],
    };
    for (const [problem, globs] of Object.entries(refused)) {
      for (const glob of globs) {
        assert.throws(
          () => exclusionOf([glob], 'linux'),
          (error) => {
            assert.ok(UploadError.is(error, 'invalidArgument'), glob);
            assert.deepEqual([error.field, error.code], ['exclude', problem], glob);
            assert.ok(error.value !== undefined && error.value.length <= 81, glob);
            assert.ok(glob.startsWith(error.value.replace('…', '')), glob);
            return true;
          },
        );
      }
    }
    assert.throws(
      () => exclusionOf(Array<string>(1001).fill('a'), 'linux'),
      (error) => UploadError.is(error) && error.code === 'globTooLong',
    );
  });

  it('mean what they mean to picomatch, which reads them as the editor does', () => {
    const seed = Number(process.env['TEST_SEED'] ?? 20261129);
    const random = seededRandom(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const times = <T>(most: number, make: () => T): T[] =>
      Array.from({ length: 1 + Math.floor(random() * most) }, make);
    const name = (): string =>
      times(3, () => pick(['a', 'b', '-', 'ab', '*', '?', '[ab]', '[^a]', '{a,b}'])).join('');
    const glob = (): string => times(3, () => (random() < 0.2 ? '**' : name())).join('/');
    const path = (): string =>
      times(3, () => times(3, () => pick(['a', 'b', '-'])).join('')).join('/');
    let both = 0;
    for (let run = 0; run < 4000; run += 1) {
      const [one, other] = [glob(), path()];
      // What is said of the folder itself is in the table; and picomatch takes some runs of stars and sets otherwise than the editor does.
      if (/\/\*\*$|\*\*(?!\/|$)|(?<!^|\/)\*\*|\*\[|\*\?|\*\{/.test(one)) continue;
      const expected = picomatch(one, { dot: true, windows: false })(other);
      assert.equal(isExcluded(one, other), expected, `TEST_SEED=${seed}: ${one} ${other}`);
      both += expected ? 1 : 0;
    }
    assert.ok(both > 40, String(both));
  });
});
