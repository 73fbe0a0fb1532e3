import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** What the editor shows as it is given, by the index of its first text argument. */
const SHOWING = new Set([
  'showInformationMessage',
  'showWarningMessage',
  'showErrorMessage',
  'setStatusBarMessage',
]);
/** Properties whose text the user reads, when they are given to the editor. */
const SHOWN_PROPERTIES = new Set([
  'title',
  'placeHolder',
  'placeholder',
  'prompt',
  'tooltip',
  'openLabel',
  'saveLabel',
  'validationMessage',
]);

interface Found {
  readonly key: string;
  readonly where: string;
}

interface Scan {
  readonly keys: Found[];
  /** Calls of `l10n.t` whose text no tool can find. */
  readonly hidden: string[];
  /** Texts the user reads that are not translated. */
  readonly raw: string[];
}

function sourceFiles(): string[] {
  return readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(ROOT, 'src', name));
}

function isTranslation(node: ts.Node): node is ts.CallExpression {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 't' &&
    /(^|\.)l10n$/.test(node.expression.expression.getText())
  );
}

/** Words to be read; not an icon, an example such as `cn-hangzhou`, or a separator. */
function isWording(text: string): boolean {
  const words = text.replace(/\$\([^)]*\)/g, '').trim();
  return /\p{L}{2,}\s+\p{L}/u.test(words) || /^\p{L}\p{Ll}+[.…:?!]*$/u.test(words);
}

/** The words of an expression that are written into the code as they are. */
function wordsIn(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return isWording(node.text) ? [node.text] : [];
  if (ts.isTemplateExpression(node)) {
    const texts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
    return texts.filter(isWording);
  }
  if (ts.isConditionalExpression(node)) {
    return [...wordsIn(node.whenTrue), ...wordsIn(node.whenFalse)];
  }
  if (ts.isParenthesizedExpression(node)) return wordsIn(node.expression);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return [...wordsIn(node.left), ...wordsIn(node.right)];
  }
  return [];
}

function scan(files: readonly string[]): Scan {
  const result: Scan = { keys: [], hidden: [], raw: [] };
  for (const file of files) {
    const source = ts.createSourceFile(
      file,
      readFileSync(file, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const isUserInterface = /[\\/]src[\\/](ui[\\/]|extension\.ts$)/.test(file);
    const where = (node: ts.Node): string => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      return `${path.relative(ROOT, file)}:${line + 1}`;
    };
    const visit = (node: ts.Node): void => {
      if (isTranslation(node)) {
        const [text] = node.arguments;
        if (text !== undefined && ts.isStringLiteralLike(text)) {
          result.keys.push({ key: text.text, where: where(node) });
        } else {
          result.hidden.push(where(node));
        }
      } else if (isUserInterface) {
        for (const text of shownBy(node).flatMap(wordsIn)) {
          result.raw.push(`${where(node)}: ${text}`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return result;
}

/** Expressions that this node puts before the user's eyes. */
function shownBy(node: ts.Node): readonly ts.Expression[] {
  if (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    SHOWING.has(node.expression.name.text)
  ) {
    return node.arguments;
  }
  if (
    ts.isPropertyAssignment(node) &&
    ts.isIdentifier(node.name) &&
    SHOWN_PROPERTIES.has(node.name.text)
  ) {
    return [node.initializer];
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    ts.isPropertyAccessExpression(node.left) &&
    SHOWN_PROPERTIES.has(node.left.name.text)
  ) {
    return [node.right];
  }
  return [];
}

function readTexts(name: string): Record<string, string> {
  return JSON.parse(readFileSync(path.join(ROOT, name), 'utf8')) as Record<string, string>;
}

/** Everything in a text that has to be in its translation, too. */
function fixedParts(text: string): string[] {
  return (text.match(/\{\w+\}|\]\(command:[^)]*\)/g) ?? []).sort();
}

describe('translations', () => {
  const found = scan(sourceFiles());
  const bundle = readTexts('l10n/bundle.l10n.zh-cn.json');
  const keys = new Set(found.keys.map(({ key }) => key));

  it('are asked for with a literal text, so that tools find them', () => {
    assert.deepEqual(found.hidden, []);
    assert.ok(keys.size > 100);
  });

  it('exist in Chinese for every text of the code', () => {
    const missing = found.keys.filter(({ key }) => !(key in bundle));
    assert.deepEqual(
      missing.map(({ key, where }) => `${where}: ${key}`),
      [],
    );
  });

  it('are all in use', () => {
    assert.deepEqual(
      Object.keys(bundle).filter((key) => !keys.has(key)),
      [],
    );
  });

  it('keep the placeholders, and are not empty', () => {
    for (const [key, text] of Object.entries(bundle)) {
      assert.notEqual(text.trim(), '', key);
      assert.deepEqual(fixedParts(text), fixedParts(key), key);
    }
  });

  it('cover all that the editor shows', () => {
    assert.deepEqual(found.raw, []);
  });

  it('exist in both languages for package.json', () => {
    const english = readTexts('package.nls.json');
    const chinese = readTexts('package.nls.zh-cn.json');
    const manifest = readFileSync(path.join(ROOT, 'package.json'), 'utf8');
    const used = new Set([...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]));
    assert.deepEqual(Object.keys(english).sort(), [...used].sort());
    assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(chinese)) {
      assert.notEqual(text.trim(), '', key);
      assert.deepEqual(fixedParts(text), fixedParts(english[key] ?? ''), key);
    }
  });
});
