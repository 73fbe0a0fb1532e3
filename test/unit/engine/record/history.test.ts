import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import {
  appendFile,
  mkdir,
  readFile,
  readdir,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { UploadHistory } from '../../../../src/engine/index.ts';
import type { FinishedFile, HistoryEntry, HistoryProblem } from '../../../../src/engine/index.ts';
import { systemClock } from '../../../../src/engine/base/clock.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';
import { MemoryLog } from '../../../support/engineHarness.ts';
import { hasLinks, isWindows, removeFolder, temporaryFolder } from '../../../support/files.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const clock = { ...systemClock, now: () => NOW };

function file(name: string, change: Partial<FinishedFile> = {}): FinishedFile {
  return {
    id: name,
    filePath: `/data/${name}`,
    target: { bucket: 'media', key: name, region: 'cn-hangzhou', profile: '' },
    sizeBytes: 10,
    finishedMs: NOW,
    result: { etag: '"A"', crc64: '12345', versionId: 'v1', requestId: 'r1' },
    ...change,
  };
}

function entry(id: string, change: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    id,
    label: id,
    createdMs: NOW - 1000,
    finishedMs: NOW,
    files: 1,
    sizeBytes: 10,
    place: { bucket: 'media', key: id },
    only: file(id),
    ...change,
  };
}

const several = (id: string, files: number): HistoryEntry =>
  entry(id, { files, only: undefined, place: { bucket: 'media', key: '' } });

describe('the history of what was uploaded', () => {
  let folder: string;
  let log: MemoryLog;
  let told: HistoryProblem[];
  beforeEach(async () => {
    folder = path.join(await temporaryFolder('history'), 'history');
    log = new MemoryLog();
    told = [];
  });
  afterEach(async () => {
    await removeFolder(path.dirname(folder));
  });

  function open(disk = new PlayedDisk()): UploadHistory {
    const history = new UploadHistory(folder, log, disk.files, clock);
    history.onProblem((problem) => told.push(problem));
    return history;
  }

  const ids = async (history: UploadHistory): Promise<string[]> =>
    (await history.entries()).map(({ id }) => id);

  async function filesOf(history: UploadHistory, of: HistoryEntry): Promise<FinishedFile[]> {
    const found: FinishedFile[] = [];
    for await (const one of history.filesOf(of)) found.push(one);
    return found;
  }

  const journal = (): string => path.join(folder, 'history.jsonl');

  it('is there for the next window: with size, place, time, CRC-64, ETag, version and request id', async () => {
    const first = open();
    first.add(entry('a', { finishedMs: NOW - 5 }));
    first.add(entry('b'));
    await first.whenWritten();
    const second = open();
    assert.deepEqual(await second.entries(), [entry('b'), entry('a', { finishedMs: NOW - 5 })]);
    if (!isWindows) assert.equal((await stat(journal())).mode & 0o077, 0);
    assert.deepEqual(told, []);
  });

  it('is shared: what one window adds, another one sees, and both may write at once', async () => {
    const windows = [open(), open(), open()];
    windows.forEach((history, window) => {
      for (let n = 0; n < 30; n++) history.add(entry(`w${window}-${n}`));
    });
    await Promise.all(windows.map((history) => history.whenWritten()));
    for (const history of windows) assert.equal((await history.entries()).length, 90);
    windows[0]?.add(entry('late'));
    await windows[0]?.whenWritten();
    assert.ok(windows[1] !== undefined && (await ids(windows[1])).includes('late'));
    assert.deepEqual(told, []);
  });

  it('keeps the files of a folder beside it, of which reading the list reads none', async () => {
    const history = open();
    history.add(several('dir', 1));
    for (let n = 0; n < 500; n++) history.addFile('dir', file(`f${n}`));
    history.add(several('dir', 500));
    const [only, ...others] = await history.entries();
    assert.deepEqual([only, others], [several('dir', 500), []]);
    const files = await filesOf(open(), several('dir', 500));
    assert.deepEqual(
      files.map(({ id }) => id),
      Array.from({ length: 500 }, (_, n) => `f${n}`),
    );
    assert.ok((await stat(journal())).size < 2000);
  });

  it('writes what comes during a write together', async () => {
    const disk = new PlayedDisk();
    const history = open(disk);
    for (let n = 0; n < 1000; n++) history.addFile('dir', file(`f${n}`));
    await history.whenWritten();
    assert.ok(disk.of('dir.files').filter((call) => call.startsWith('write ')).length <= 3);
    assert.equal((await filesOf(history, several('dir', 1000))).length, 1000);
  });

  it('forgets what is removed, or all, with the files of folders', async () => {
    const history = open();
    for (const id of ['a', 'b', 'c']) history.add(several(id, 2));
    for (const id of ['a', 'b', 'c']) history.addFile(id, file('x'));
    await history.remove(['b']);
    assert.deepEqual((await ids(open())).sort(), ['a', 'c']);
    assert.deepEqual((await readdir(folder)).sort(), ['a.files', 'c.files', 'history.jsonl']);
    await history.clear();
    assert.deepEqual(await readdir(folder), []);
    assert.deepEqual(await history.entries(), []);
    history.add(entry('d'));
    assert.deepEqual(await ids(history), ['d']);
  });

  it('holds 1,000 entries of 30 days, and neither file nor folder grow beyond that', async () => {
    const history = open();
    history.addFile('old', file('x'));
    history.add(entry('old', { finishedMs: NOW - 31 * DAY_MS, only: undefined }));
    await history.whenWritten();
    for (let n = 0; n < 9000; n++) history.add(entry(`e${n}`, { finishedMs: NOW - 9000 + n }));
    const found = await ids(history);
    assert.equal(found.length, 1000);
    assert.equal(found[0], 'e8999');
    assert.equal(found[999], 'e8000');
    assert.ok((await stat(journal())).size < 2 * 1024 * 1024);
    assert.deepEqual(await readdir(folder), ['history.jsonl']);
  });

  it('keeps nothing of an entry of more than 30 days on disk, whether or not somebody looks at it', async () => {
    const beforeMs = NOW - 31 * DAY_MS;
    const past = new UploadHistory(folder, log, undefined, { ...clock, now: () => beforeMs });
    for (let n = 0; n < 150; n++) past.add(entry(`old${n}`, { finishedMs: beforeMs }));
    past.add(several('dir', 2));
    past.add({ ...several('dir', 2), finishedMs: beforeMs });
    past.addFile('dir', file('x'));
    await past.whenWritten();
    const later = open();
    later.add(entry('new'));
    await later.whenWritten();
    assert.doesNotMatch(await readFile(journal(), 'utf8'), /old|dir/);
    assert.deepEqual(await readdir(folder), ['history.jsonl']);
    assert.deepEqual(await ids(open()), ['new']);
  });

  it('forgets in a window that stays open, too, once a day', async () => {
    let nowMs = NOW;
    const history = new UploadHistory(folder, log, undefined, { ...clock, now: () => nowMs });
    history.add(entry('a'));
    await history.whenWritten();
    nowMs += 31 * DAY_MS;
    history.add(entry('b', { finishedMs: nowMs }));
    await history.whenWritten();
    assert.doesNotMatch(await readFile(journal(), 'utf8'), /"a"/);
    const { size } = await stat(journal());
    nowMs += 1000;
    assert.deepEqual(await ids(history), ['b']);
    assert.equal((await stat(journal())).size, size);
  });

  it('is bounded although nobody looks at it', async () => {
    const history = open();
    const label = 'x'.repeat(1000);
    for (let n = 0; n < 5000; n++) {
      history.add(entry(`e${n}`, { label }));
      if (n % 100 === 0) await history.whenWritten();
    }
    await history.whenWritten();
    assert.ok((await stat(journal())).size < 4 * 1024 * 1024);
  });

  it('leaves damaged lines out, says so once, and loses no other', async () => {
    const history = open();
    for (const id of ['a', 'b', 'c']) history.add(entry(id));
    await history.whenWritten();
    const text = await readFile(journal(), 'utf8');
    await writeFile(journal(), `garbage\n${text.replace('"label":"b"', '"label":"B"')}`);
    const second = open();
    assert.deepEqual((await ids(second)).sort(), ['a', 'c']);
    assert.deepEqual(told, ['damaged']);
    second.add(entry('d'));
    assert.deepEqual((await ids(second)).sort(), ['a', 'c', 'd']);
    assert.deepEqual((await ids(open())).sort(), ['a', 'c', 'd']);
    assert.deepEqual(told, ['damaged']);
  });

  it('goes on behind a line that was torn, and reads nothing into it', async () => {
    const history = open();
    history.add(entry('a'));
    await history.whenWritten();
    await appendFile(journal(), '0123456789abcdef {"entry":{"id"');
    const second = open();
    assert.deepEqual(await ids(second), ['a']);
    second.add(entry('b'));
    await second.whenWritten();
    assert.deepEqual((await ids(open())).sort(), ['a', 'b']);
  });

  it('is not read where its folder is a link: others could say what was uploaded', async function () {
    if (!hasLinks) this.skip();
    const first = open();
    first.add(several('dir', 1));
    first.addFile('dir', file('x'));
    await first.whenWritten();
    await rename(folder, `${folder}-elsewhere`);
    await symlink(`${folder}-elsewhere`, folder, 'dir');
    const second = open();
    assert.deepEqual(await second.entries(), []);
    assert.deepEqual(await filesOf(second, several('dir', 1)), []);
  });

  it('is left alone when a newer version has written it, which is told once', async () => {
    const newer = new JournalWriter('oss-upload-history', { version: 2, more: true });
    const history = open();
    history.add(entry('a'));
    await history.whenWritten();
    const text = newer.headerLine + newer.line({ something: 'else' });
    await writeFile(journal(), text);
    history.add(entry('b'));
    history.add(entry('c'));
    assert.deepEqual(await history.entries(), []);
    assert.equal(await readFile(journal(), 'utf8'), text);
    assert.deepEqual(told, ['newer']);
  });

  it('begins anew in the place of what is no history, which is told once', async () => {
    const noise = randomBytes(100_000);
    const foreign = `${JSON.stringify({ of: 'another program' })}\n`.repeat(50);
    for (const content of [noise, foreign, '', '\n\n']) {
      told.length = 0;
      await mkdir(path.dirname(journal()), { recursive: true });
      await writeFile(journal(), content);
      const history = open();
      history.add(entry('a'));
      assert.deepEqual(await ids(history), ['a']);
      history.add(entry('b'));
      await history.whenWritten();
      assert.deepEqual((await ids(open())).sort(), ['a', 'b']);
      assert.deepEqual(told, content.length > 2 ? ['damaged'] : []);
    }
  });

  it('is said to be unwritten, once, and empty, where a folder has its name', async () => {
    await mkdir(journal(), { recursive: true });
    const history = open();
    for (const id of ['a', 'b']) history.add(entry(id));
    await history.whenWritten();
    assert.deepEqual(told, ['notWritten']);
    assert.deepEqual(await ids(history), []);
  });

  it('is given up once on a full disk, said once, and goes on when there is room', async () => {
    let isFull = true;
    const disk = new PlayedDisk(({ call }) => (isFull && call === 'write' ? 'ENOSPC' : undefined));
    const history = open(disk);
    for (const id of ['a', 'b', 'c']) {
      history.add(entry(id));
      await history.whenWritten();
    }
    assert.deepEqual(told, ['notWritten']);
    isFull = false;
    history.add(entry('d'));
    assert.deepEqual(await ids(history), ['d']);
  });
});
