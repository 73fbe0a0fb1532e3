import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ReportFiles } from '../../../../../src/ui/ask/upload/reportFiles';
import { MemoryLog } from '../../../../support/engineHarness';
import { NOW } from '../../snapshots';

describe('reports on disk', () => {
  let dir: string;
  let reports: ReportFiles;

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-reports-'));
    reports = new ReportFiles(path.join(dir, 'reports'), new MemoryLog());
  });
  afterEach(() => {
    fs.rmSync(dir, { recursive: true, force: true });
  });

  it('have the name of what they are of, and the local time', async () => {
    const file = await reports.write('site - Verified', NOW, 'txt', 'all of it\n');
    assert.equal(path.basename(file), 'site - Verified 2026-11-22 12.00.00.txt');
    assert.equal(fs.readFileSync(file, 'utf8'), 'all of it\n');
  });

  it('take any name, also of a drive and of 200 characters', async () => {
    for (const name of ['C:\\', 'a/b\nc?*', 'x'.repeat(200), '季'.repeat(200)]) {
      const file = await reports.write(`${name} - Verified`, NOW, 'jsonl', '');
      assert.equal(path.dirname(file), path.join(dir, 'reports'));
      assert.ok(path.basename(file).length < 100, file);
    }
  });

  it('are kept to the latest twenty, and are readable for their owner only', async function () {
    for (let n = 0; n < 25; n++) {
      const file = await reports.write(`r${n} - Verified`, NOW, 'txt', '');
      fs.utimesSync(file, 1000 + n, 1000 + n);
      if (process.platform !== 'win32') assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    }
    await reports.write('last - Verified', NOW, 'txt', '');
    const names = fs.readdirSync(path.join(dir, 'reports'));
    assert.equal(names.length, 20);
    assert.ok(names.some((name) => name.startsWith('last')));
    assert.ok(!names.some((name) => name.startsWith('r5 ')));
  });

  it('are closed to others where their folder was open, and not written into one that is a link', async function () {
    if (process.platform === 'win32') this.skip();
    fs.mkdirSync(path.join(dir, 'reports'));
    fs.chmodSync(path.join(dir, 'reports'), 0o777);
    await reports.write('a', NOW, 'txt', '');
    assert.equal(fs.statSync(path.join(dir, 'reports')).mode & 0o777, 0o700);
    fs.symlinkSync(path.join(dir, 'reports'), path.join(dir, 'link'));
    const linked = new ReportFiles(path.join(dir, 'link'), new MemoryLog());
    await assert.rejects(linked.write('b', NOW, 'txt', ''), /is not used: it is a link/);
  });
});
