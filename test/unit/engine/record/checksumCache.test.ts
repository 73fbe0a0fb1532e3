import assert from 'node:assert/strict';
import {
  appendFile,
  chmod,
  readFile,
  readdir,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { ChecksumCache, stateOf } from '../../../../src/engine/record/checksumCache';
import { MemoryLog } from '../../../support/engineHarness';
import { hasLinks, isWindows, removeFolder, temporaryFolder } from '../../../support/files';

const SIGNAL = new AbortController().signal;
const FINGERPRINT = { sizeBytes: 5, mtimeNs: '1', ctimeNs: '2', inode: '3', device: '4' };
const MD5 = 'D41D8CD98F00B204E9800998ECF8427E';

describe('the cache of checksums', () => {
  let folder: string;
  let log: MemoryLog;
  const file = (): string => path.join(folder, 'cache', 'checksums.log');
  const cache = (mostBytes?: number): ChecksumCache =>
    new ChecksumCache(path.join(folder, 'cache'), log, mostBytes);
  const find = async (...states: string[]): Promise<Record<string, unknown>> =>
    Object.fromEntries(await cache().find(new Set(states), SIGNAL));

  beforeEach(async () => {
    folder = await temporaryFolder('checksums');
    log = new MemoryLog();
  });
  afterEach(() => removeFolder(folder));

  it('remembers what was noted, over windows and sessions, and nothing that was not asked for', async () => {
    const [one, other] = [cache(), cache()];
    one.note('a', { crc64: 2n ** 64n - 1n });
    other.note('b', { crc64: 0n, md5: MD5 });
    await Promise.all([one.flush(), other.flush()]);
    assert.deepEqual(await find('a', 'b', 'c'), {
      a: { crc64: 2n ** 64n - 1n, md5: undefined },
      b: { crc64: 0n, md5: MD5 },
    });
    assert.deepEqual(Object.keys(await find('b')), ['b']);
    if (!isWindows) assert.equal((await stat(file())).mode & 0o777, 0o600);
  });

  it('knows another state as soon as the file was written to, touched, replaced or renamed', () => {
    const state = stateOf('/a', FINGERPRINT);
    assert.equal(stateOf('/a', { ...FINGERPRINT }), state);
    const others = [
      stateOf('/b', FINGERPRINT),
      stateOf('/a', { ...FINGERPRINT, sizeBytes: 6 }),
      ...(['mtimeNs', 'ctimeNs', 'inode', 'device'] as const).map((name) =>
        stateOf('/a', { ...FINGERPRINT, [name]: '9' }),
      ),
    ];
    assert.equal(new Set([state, ...others]).size, 7);
  });

  it('writes no name of a file', async () => {
    const one = cache();
    one.note(stateOf('/secret/name.txt', FINGERPRINT), { crc64: 1n });
    await one.flush();
    assert.doesNotMatch(await readFile(file(), 'utf8'), /secret|name/);
  });

  it('ignores lines that are damaged, torn or of others, and keeps the rest', async () => {
    const one = cache();
    for (const [index, state] of ['a', 'b', 'c'].entries())
      one.note(state, { crc64: BigInt(index) });
    await one.flush();
    const lines = (await readFile(file(), 'utf8')).split('\n');
    // Another value for a; the second half of b's line is gone, and with it the end of that line.
    const damaged = [lines[0], lines[1]?.replace('"0"', '"7"'), lines[3], lines[2]?.slice(0, 30)];
    await writeFile(file(), damaged.join('\n'));
    await appendFile(file(), '\xff\xfe\0');
    const next = cache();
    next.note('d', { crc64: 4n });
    await next.flush();
    assert.deepEqual(Object.keys(await find('a', 'b', 'c', 'd')), ['c', 'd']);
  });

  it('stays bounded: what is used goes over to the next file, the rest goes with the last but one', async () => {
    const mostBytes = 4000;
    for (let round = 0; round < 30; round++) {
      const one = cache(mostBytes);
      await one.find(new Set(['used']), SIGNAL);
      if (round === 0) one.note('used', { crc64: 1n });
      for (let n = 0; n < 20; n++) one.note(`${round}-${n}`, { crc64: 1n });
      await one.flush();
    }
    const names = await readdir(path.join(folder, 'cache'));
    assert.deepEqual(names.sort(), ['checksums.log', 'checksums.old.log']);
    for (const name of names) {
      const { size } = await stat(path.join(folder, 'cache', name));
      assert.ok(size < mostBytes * 2, `${name} has ${size} bytes`);
    }
    assert.deepEqual(Object.keys(await find('used', '29-0', '0-0')).sort(), ['29-0', 'used']);
  });

  it('finds lines wherever the chunks it is read by end', async () => {
    const one = cache();
    const states = Array.from({ length: 12_000 }, (_, n) => `state-${n}`);
    for (const [n, state] of states.entries()) one.note(state, { crc64: BigInt(n), md5: MD5 });
    await one.flush();
    assert.ok((await stat(file())).size > 3 * 256 * 1024);
    const found = await cache().find(new Set(states), SIGNAL);
    assert.deepEqual(
      [...found.values()].map(({ crc64 }) => Number(crc64)),
      [...states.keys()],
    );
  });

  it('goes without where nothing can be written or read, and says so in the log', async () => {
    await writeFile(path.join(folder, 'cache'), 'a file');
    const one = cache();
    one.note('a', { crc64: 1n });
    await one.flush();
    assert.deepEqual(await find('a'), {});
    assert.ok(
      log.lines.some((line) => line.startsWith('warn cannot write')),
      log.lines.join(),
    );
  });

  it('believes nothing that others have put into a folder that was open to them, and closes it', async function () {
    if (isWindows) this.skip();
    const [one, elsewhere] = [cache(), new ChecksumCache(path.join(folder, 'theirs'), log)];
    one.note('a', { crc64: 1n });
    elsewhere.note('planted', { crc64: 2n });
    await Promise.all([one.flush(), elsewhere.flush()]);
    await chmod(path.dirname(file()), 0o777);
    const theirs = path.join(folder, 'theirs', 'checksums.log');
    await symlink(theirs, path.join(folder, 'cache', 'checksums.old.log'));
    assert.deepEqual(Object.keys(await find('a', 'planted')), ['a']);
    assert.equal((await stat(path.dirname(file()))).mode & 0o777, 0o700);
  });

  it('is neither read nor written where its folder is a link', async function () {
    if (!hasLinks) this.skip();
    const one = cache();
    one.note('a', { crc64: 1n });
    await one.flush();
    await rename(path.join(folder, 'cache'), path.join(folder, 'elsewhere'));
    await symlink(path.join(folder, 'elsewhere'), path.join(folder, 'cache'), 'dir');
    assert.deepEqual(await find('a'), {});
    const { size } = await stat(file());
    const other = cache();
    other.note('b', { crc64: 1n });
    await other.flush();
    assert.equal((await stat(file())).size, size);
    assert.ok(log.lines.some((line) => line.includes('is not used: it is a link')));
  });

  it('ends when it is aborted', async () => {
    const one = cache();
    one.note('a', { crc64: 1n });
    await one.flush();
    await assert.rejects(cache().find(new Set(['a']), AbortSignal.abort()), { name: 'AbortError' });
  });
});
