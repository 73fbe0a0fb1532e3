import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';

/** A test file, and names of tests in it: `test/…ts`: "a name", "another name". */
const MENTION = /`(test\/[^`]+\.ts)`:\s*((?:"[^"]+"(?:,\s*)?)+)/g;

describe('tests that documents name', () => {
  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    it(`in ${document} exist`, () => {
      const text = fs.readFileSync(path.join(ROOT, document), 'utf8');
      const mentions = [...text.matchAll(MENTION)];
      assert.ok(mentions.length >= 5, String(mentions.length));
      for (const [, file = '', quoted = ''] of mentions) {
        const code = fs.readFileSync(path.join(ROOT, file), 'utf8');
        for (const [, name = ''] of quoted.matchAll(/"([^"]+)"/g)) {
          assert.ok(code.includes(name), `${file} has no test "${name}"`);
        }
      }
    });
  }
});
