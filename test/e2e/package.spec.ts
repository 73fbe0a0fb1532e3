import fs from 'node:fs';
import path from 'node:path';
import { EXTENSION_ID } from '../../scripts/paths';
import { EXTENSIONS_DIR, expect, test } from './session';

test('the package holds the extension and nothing else', () => {
  const folder = fs.readdirSync(EXTENSIONS_DIR).find((name) => name.startsWith(EXTENSION_ID));
  const root = path.join(EXTENSIONS_DIR, folder ?? EXTENSION_ID);
  const files = fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(root, name)).isFile())
    .map((name) => name.split(path.sep).join('/'));
  const needed = [
    'dist/extension.js',
    'dist/oss.js',
    'dist/ThirdPartyNotices.txt',
    'l10n/bundle.l10n.zh-cn.json',
    'media/icon.png',
    'package.json',
    'package.nls.json',
    'package.nls.zh-cn.json',
  ];
  expect(files).toEqual(expect.arrayContaining(needed));
  const welcome =
    /^(\.vsixmanifest|LICENSE\.txt|changelog\.md|readme\.md|README\.zh-CN\.md|media\/walkthrough\/[a-z]+\.svg)$/i;
  expect(files.filter((name) => !needed.includes(name) && !welcome.test(name))).toEqual([]);
});
