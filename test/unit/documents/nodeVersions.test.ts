import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';

const read = (name: string): string => fs.readFileSync(path.join(ROOT, name), 'utf8');

const NUMBER = /\d+(?:\.\d+)?/g;

/** What a manifest says of Node, such as `^20.19.0 || >=24`. */
const nodesOf = (manifest: string): string =>
  (JSON.parse(read(manifest)) as { engines: { node: string } }).engines.node;

describe('the Node that this repository is built with', () => {
  it('is what the most exacting of its tools asks for', () => {
    assert.equal(nodesOf('package.json'), nodesOf('node_modules/eslint/package.json'));
  });

  it('is named by the READMEs and CONTRIBUTING.md as npm is told it', () => {
    const named = nodesOf('package.json').replaceAll('.0', '').match(NUMBER);
    for (const name of ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md']) {
      const sentence = /\bNode \d[^`:：]*/.exec(read(name))?.[0] ?? '';
      assert.deepEqual(sentence.match(NUMBER), named, name);
    }
  });
});
