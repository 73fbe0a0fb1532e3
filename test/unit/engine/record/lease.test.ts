import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import fs, { mkdir, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import {
  acquireLease,
  BEAT_MS,
  GUARD_SUFFIX,
  isRunning,
  leaseHolder,
} from '../../../../src/engine/record/lease.ts';
import { isWindows, removeFolder, temporaryFolder } from '../../../support/files.ts';
import { until } from '../../../support/until.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const { signal } = new AbortController();

describe('lease', () => {
  let folder: string;
  let file: string;
  let clock: VirtualClock;
  beforeEach(async () => {
    folder = await temporaryFolder('lease');
    file = path.join(folder, 'x.lease');
    clock = new VirtualClock();
  });
  afterEach(async () => {
    mock.restoreAll();
    await removeFolder(folder);
  });

  const take = (): ReturnType<typeof acquireLease> => acquireLease(file, clock, signal);

  /** A lease as another process would have written it. */
  async function foreign(holder: object, ageMs: number): Promise<void> {
    await writeFile(
      file,
      JSON.stringify({ instanceId: 'foreign', pid: 1, host: hostname(), sinceMs: 5, ...holder }),
    );
    await touch(ageMs);
  }

  async function touch(ageMs: number): Promise<void> {
    const beat = new Date(clock.now() - ageMs);
    await utimes(file, beat, beat);
  }

  /** Takes a lease that is looked at twice, and lets the beat in between pass. */
  async function takeAfterBeat(inBetween = (): Promise<void> => Promise.resolve()) {
    const taking = take();
    taking.catch(() => undefined);
    await until(() => clock.waiting === 1);
    await inBetween();
    clock.advance(2 * BEAT_MS);
    return taking;
  }

  async function beatMs(): Promise<number> {
    return (await stat(file)).mtimeMs;
  }

  /** The id of a process that is gone. */
  function deadPid(): number {
    return spawnSync(process.execPath, ['--version']).pid;
  }

  function isHeldBy(pid: number): (error: unknown) => boolean {
    return (error) => UploadError.is(error, 'heldElsewhere') && error.holder?.pid === pid;
  }

  it('is taken once, names its holder, and can be taken again when it was released', async () => {
    const lease = await take();
    assert.ok(await lease.isHeld());
    if (!isWindows) assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await leaseHolder(file, clock))?.pid, process.pid);
    await assert.rejects(take(), isHeldBy(process.pid));
    await lease.release();
    await assert.rejects(stat(file), { code: 'ENOENT' });
    assert.equal(await leaseHolder(file, clock), undefined);
    await (await take()).release();
    assert.deepEqual(clock.delays, []);
  });

  it('is touched with every beat, from the beginning and by the clock of its holder', async () => {
    clock.sleep(3_600_000);
    const lease = await take();
    assert.ok(Math.abs((await beatMs()) - clock.now()) < 1);
    for (let beat = 1; beat <= 3; beat++) {
      clock.advance(BEAT_MS);
      const now = clock.now();
      for (let seenMs = 0; Math.abs(seenMs - now) >= 1;) seenMs = await beatMs();
      assert.equal((await leaseHolder(file, clock))?.pid, process.pid);
    }
    await lease.release();
    clock.advance(BEAT_MS);
    await assert.rejects(stat(file), { code: 'ENOENT' });
  });

  it('is lost with the next beat when another has taken it', async () => {
    const lease = await take();
    await foreign({ pid: process.ppid }, 0);
    assert.ok(!lease.lost.aborted);
    clock.advance(BEAT_MS);
    await until(() => lease.lost.aborted);
    assert.ok(UploadError.is(lease.lost.reason, 'heldElsewhere'));
    await lease.release();
    assert.match(await readFile(file, 'utf8'), /foreign/);
  });

  it('is given to one of many that ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, take));
    const given = asked.filter((result) => result.status === 'fulfilled');
    assert.equal(given.length, 1);
    await given[0]?.value.release();
  });

  it('of a process that is gone is taken over at once, by one of many', async () => {
    await foreign({ pid: deadPid() }, 0);
    const asked = await Promise.allSettled(Array.from({ length: 20 }, take));
    const given = asked.filter((result) => result.status === 'fulfilled');
    assert.equal(given.length, 1);
    assert.deepEqual(clock.delays, []);
    await given[0]?.value.release();
  });

  it('is taken over past a guard of a time that is still to come', async () => {
    await foreign({ pid: deadPid() }, 0);
    const guard = file + GUARD_SUFFIX;
    await writeFile(guard, '');
    const later = new Date(clock.now() + 3_600_000);
    await utimes(guard, later, later);
    await (await take()).release();
  });

  it('that is given back during a beat stays away', async () => {
    for (let round = 0; round < 300; round++) {
      const lease = await take();
      // Whoever beats now puts it back.
      if (round % 2 === 0) rmSync(file);
      clock.advance(BEAT_MS);
      await lease.release();
    }
    assert.deepEqual(await readdir(folder), []);
  });

  it('of a process that lives and beats is not taken', async () => {
    await foreign({ pid: process.ppid }, BEAT_MS);
    await assert.rejects(take(), isHeldBy(process.ppid));
  });

  it('of another computer is judged by its beats alone', async () => {
    await foreign({ pid: deadPid(), host: 'another' }, BEAT_MS);
    await assert.rejects(take(), UploadError);
    await foreign({ pid: deadPid(), host: 'another' }, 4 * BEAT_MS);
    await (await takeAfterBeat()).release();
  });

  it('is taken once, too, where the file system has no hard links', async () => {
    // In this order: exFAT of Windows, exFAT of Linux, drives of the network.
    for (const code of ['EISDIR', 'EPERM', 'ENOTSUP']) {
      mock.method(fs, 'link', () => Promise.reject(Object.assign(new Error(code), { code })));
      const lease = await take();
      assert.ok(await lease.isHeld());
      await assert.rejects(take(), isHeldBy(process.pid));
      await lease.release();
      assert.deepEqual(await fs.readdir(folder), []);
      mock.restoreAll();
    }
  });

  it('takes a process of somebody else, too, for one that runs', () => {
    assert.ok(isRunning(process.pid));
    assert.ok(!isRunning(deadPid()));
    mock.method(process, 'kill', () => {
      throw Object.assign(new Error('not yours'), { code: 'EPERM' });
    });
    assert.ok(isRunning(process.pid));
  });

  it('that missed three beats is taken over after one more', async () => {
    await foreign({ pid: process.ppid }, 4 * BEAT_MS);
    assert.equal(await leaseHolder(file, clock), undefined);
    const lease = await takeAfterBeat();
    assert.deepEqual(clock.delays, [1.5 * BEAT_MS]);
    await lease.release();
  });

  it('that beats again after a sleep stays with its holder', async () => {
    await foreign({ pid: process.ppid }, 4 * BEAT_MS);
    const taking = takeAfterBeat(() => touch(0));
    await assert.rejects(taking, isHeldBy(process.ppid));
  });

  it('from a time that is still to come is taken over, too: the clock was put back', async () => {
    await foreign({ pid: process.ppid, host: 'another' }, -24 * 3_600_000);
    await assert.rejects(
      takeAfterBeat(() => touch(0)),
      isHeldBy(process.ppid),
    );
    await foreign({ pid: process.ppid, host: 'another' }, -24 * 3_600_000);
    await (await takeAfterBeat()).release();
  });

  it('is not held any more when another has taken it, and its release leaves that one', async () => {
    const lease = await take();
    await foreign({ pid: process.ppid }, 0);
    assert.ok(!(await lease.isHeld()));
    await lease.release();
    assert.match(await readFile(file, 'utf8'), /foreign/);
  });

  it('that somebody deleted is put back', async () => {
    const lease = await take();
    await rm(file);
    assert.ok(await lease.isHeld());
    await assert.rejects(take(), isHeldBy(process.pid));
    await lease.release();
    await assert.rejects(stat(file), { code: 'ENOENT' });
  });

  it('goes on being held when its folder is gone', async () => {
    const lease = await take();
    await removeFolder(folder);
    assert.ok(await lease.isHeld());
    await lease.release();
    await mkdir(folder);
  });

  for (const text of [
    '',
    '{}',
    '[]',
    'null',
    '5',
    'x'.repeat(1000),
    '{"pid":"a","instanceId":3}',
  ]) {
    it(`with ${JSON.stringify(text.slice(0, 30))} in it is held while it is fresh, and taken when it is old`, async () => {
      await writeFile(file, text);
      await assert.rejects(take(), UploadError);
      await touch(4 * BEAT_MS);
      await (await takeAfterBeat()).release();
    });
  }
});
