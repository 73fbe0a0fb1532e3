import fs from 'node:fs';
import path from 'node:path';
import { EXTENSION_ID } from '../../scripts/paths';
import { expect, extensionsDir, test } from './session';

test('the package runs where nothing is beside it', () => {
  // Node looks for modules in the folders above, too.
  const above: string[] = [];
  for (let dir = extensionsDir(); dir !== path.dirname(dir); dir = path.dirname(dir)) {
    above.push(path.join(dir, 'node_modules'));
  }
  expect(above.filter((dir) => fs.existsSync(dir))).toEqual([]);
  expect(fs.readdirSync(extensionsDir()).filter((name) => name !== 'extensions.json')).toHaveLength(
    1,
  );
});

test('the package holds the extension and nothing else', () => {
  const folder = fs.readdirSync(extensionsDir()).find((name) => name.startsWith(EXTENSION_ID));
  const root = path.join(extensionsDir(), folder ?? EXTENSION_ID);
  const files = fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(root, name)).isFile())
    .map((name) => name.split(path.sep).join('/'));
  const needed = [
    'dist/extension.js',
    'dist/oss.js',
    'dist/upload.js',
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
