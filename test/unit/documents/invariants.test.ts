import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../../scripts/paths';

/** A test file, and names of tests in it: `test/…ts`: "a name", "another name". */
const MENTION = /`(test\/[^`]+\.ts)`:\s*((?:"[^"]+"(?:,\s*)?)+)/g;
/** Where the paths begin that documents name. */
const PLACES = ['', 'src', 'src/engine'];
/** Calls whose function may skip the tests beside it. */
const HOOKS = ['before', 'beforeEach'];

describe('tests that documents name', () => {
  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
    it(`in ${document} exist and run`, () => {
      const text = fs.readFileSync(path.join(ROOT, document), 'utf8');
      const mentions = [...text.matchAll(MENTION)];
      assert.ok(mentions.length >= 5, String(mentions.length));
      for (const [, file = '', quoted = ''] of mentions) {
        const code = fs.readFileSync(path.join(ROOT, file), 'utf8');
        for (const [, name = ''] of quoted.matchAll(/"([^"]+)"/g)) {
          assert.equal(verdict(code, name), 'runs', `${file}: "${name}"`);
        }
      }
    });
  }

  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']) {
    it(`stand in files that exist, as do all files in ${document}`, () => {
      const text = fs.readFileSync(path.join(ROOT, document), 'utf8');
      const named = [...text.matchAll(/`((?!dist\/|out\/)(?:[\w-]+\/)+[\w.-]+)(?=[`:])/g)].map(
        ([, file = '']) => file,
      );
      assert.ok(named.length > 20, String(named.length));
      const missing = named.filter(
        (file) => !PLACES.some((place) => fs.existsSync(path.join(ROOT, place, file))),
      );
      assert.deepEqual(missing, []);
    });
  }

  const body = '{ assert.ok(true); }';
  for (const [expected, code] of [
    ['runs', `describe('a', () => { it('works', () => ${body}); });`],
    ['runs', `it('works', async function () { if (isWindows) this.skip(); assert.ok(true); });`],
    ['runs', `for (const what of ['works']) it(\`\${what}\`, () => ${body});`],
    ['runs', `it('works', async function () { if (!hasLinks) this.skip(); assert.ok(true); });`],
    ['is not there', `it('works no more', () => ${body});`],
    ['is not there', `// it('works', () => ${body});`],
    ['is not there', `const name = 'works';`],
    ['is skipped', `it.skip('works', () => ${body});`],
    ['is skipped', `xit('works', () => ${body});`],
    ['is skipped', `it('works');`],
    ['is skipped', `it('works', () => {});`],
    ['is skipped', `it('works', function () { this.skip(); assert.ok(true); });`],
    ['is skipped', `it('works', function () { if (isSlow) this.skip(); assert.ok(true); });`],
    ['is skipped', `describe.skip('a', () => { it('works', () => ${body}); });`],
    [
      'is skipped',
      `xdescribe('a', () => { describe('b', () => { it('works', () => ${body}); }); });`,
    ],
    [
      'is skipped',
      `describe('a', () => { before(function () { this.skip(); }); it('works', () => ${body}); });`,
    ],
    ['is skipped', `it('works', () => ${body}); it.skip('works', () => ${body});`],
  ] as const) {
    it(`would notice that one ${expected}: ${code}`, () => {
      assert.equal(verdict(code, 'works'), expected);
    });
  }
});

/** What becomes of the tests of that name when mocha or Playwright read this code. */
function verdict(code: string, name: string): 'runs' | 'is skipped' | 'is not there' {
  const file = ts.createSourceFile('a.test.ts', code, ts.ScriptTarget.Latest, true);
  const tests = callsIn(file).filter(
    (call) => /^x?(it|test)\b/.test(nameOf(call)) && hasName(call, name),
  );
  if (tests.length === 0) return 'is not there';
  return tests.every(runs) ? 'runs' : 'is skipped';
}

function runs(test: ts.CallExpression): boolean {
  const body = bodyOf(test);
  if (!['it', 'test'].includes(nameOf(test)) || body === undefined) return false;
  if (ts.isBlock(body) && body.statements.length === 0) return false;
  if (skipsHere(body)) return false;
  for (let node: ts.Node = test.parent; !ts.isSourceFile(node); node = node.parent) {
    if (!ts.isCallExpression(node)) continue;
    if (!['describe', 'test.describe'].includes(nameOf(node))) return false;
    const suite = bodyOf(node);
    if (suite === undefined || hooksOf(suite).some(skipsHere)) return false;
  }
  return true;
}

/** What the hooks that stand directly in a suite do. */
function hooksOf(suite: ts.Node): ts.Node[] {
  return callsIn(suite)
    .filter((call) => HOOKS.includes(nameOf(call)))
    .map(bodyOf)
    .filter((body) => body !== undefined);
}

/** Whether it skips on each system: where a system has no such thing as is tested, it may. */
function skipsHere(body: ts.Node): boolean {
  return callsIn(body)
    .filter((call) => /\.(skip|fixme)$/.test(nameOf(call)))
    .some((call) => {
      const condition = call.parent.parent;
      return !(
        ts.isIfStatement(condition) &&
        /^isWindows$|^!hasLinks$|^process\.platform [!=]== '\w+'$/.test(
          condition.expression.getText(),
        )
      );
    });
}

function callsIn(node: ts.Node): ts.CallExpression[] {
  const calls: ts.CallExpression[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isCallExpression(child)) calls.push(child);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return calls;
}

/** What is called, such as `describe.skip`. */
function nameOf(call: ts.CallExpression): string {
  return call.expression.getText();
}

function bodyOf(call: ts.CallExpression): ts.Node | undefined {
  const action = call.arguments.find(
    (argument) => ts.isArrowFunction(argument) || ts.isFunctionExpression(argument),
  );
  return action?.body;
}

/** Whether the first argument says exactly this; a `${…}` in it stands for anything. */
function hasName(call: ts.CallExpression, name: string): boolean {
  const [title] = call.arguments;
  if (title === undefined) return false;
  if (ts.isStringLiteralLike(title)) return title.text === name;
  if (!ts.isTemplateExpression(title)) return false;
  const parts = [title.head, ...title.templateSpans.map(({ literal }) => literal)];
  const pattern = parts.map(({ text }) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+');
  return new RegExp(`^${pattern}$`).test(name);
}
