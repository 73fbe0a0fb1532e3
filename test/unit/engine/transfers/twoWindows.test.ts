import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, realpath, rename, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  CHECKPOINT,
  checkpointId,
  readCheckpoint,
} from '../../../../src/engine/record/checkpoint.ts';
import { JournalStore, JournalText } from '../../../../src/engine/record/journalStore.ts';
import { acquireLease } from '../../../../src/engine/record/lease.ts';
import { UploadError } from '../../../../src/engine/index.ts';
import type {
  Clock,
  SettledBatch,
  TransferManager,
  TransferSnapshot,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import type { UploaderTask } from '../../../crash/uploader.ts';
import {
  ACCESS_KEY,
  BUCKET,
  EngineHarness,
  PART_BYTES,
  hastyClock,
} from '../../../support/engineHarness.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import { close, interruptAtPart } from '../../../support/reopenedWindow.ts';
import { until } from '../../../support/until.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { watchedStore } from '../../../support/watchedStore.ts';

/** 10 parts, the last of them short. */
const FILE_BYTES = 9 * PART_BYTES + 12_345;
const MINUTE_MS = 60_000;

/** A clock that can be set forward, as if all processes had been stopped for a while. */
class LeapingClock implements Clock {
  aheadMs = 0;
  readonly delay = hastyClock.delay.bind(hastyClock);
  readonly after = hastyClock.after.bind(hastyClock);
  now(): number {
    return Date.now() + this.aheadMs;
  }
}

describe('windows and calls that meet', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  async function request(
    name = 'a.bin',
    options: Partial<UploadRequest['options']> = {},
    sizeBytes = FILE_BYTES,
  ): Promise<UploadRequest> {
    return harness.request(await harness.file(name, sizeBytes), name, options);
  }

  function enqueue(manager: TransferManager, ...requests: UploadRequest[]): Promise<string> {
    return harness.enqueue(manager, ...requests);
  }

  function stateOf(manager: TransferManager): TransferSnapshot | undefined {
    return manager.snapshot().batches[0]?.transfers[0];
  }

  function completions(): number {
    return harness.operations('completeMultipartUpload').filter(({ accepted }) => accepted).length;
  }

  function isHeldBy(pid: number) {
    return (error: unknown): boolean =>
      UploadError.is(error, 'heldElsewhere') &&
      error.holder?.pid === pid &&
      error.holder.sinceMs > Date.now() - MINUTE_MS;
  }

  describe('two windows and one upload', () => {
    it('both start it: one works, the other says who holds it, and leaves it alone', async () => {
      const upload = await request();
      const another = await request('b.bin');
      const [first, second] = [harness.manager(), harness.manager()];
      const hold = harness.server.hold({ on: 'uploadPart', key: 'a.bin', partNumber: 4 });
      const firstId = await enqueue(first, upload);
      await hold.reached;
      const both = { label: 'both', workspacePath: '', requests: [upload, another] };
      const { batchId, held } = await second.enqueue(both);
      assert.deepEqual(held, [upload]);
      const own = await second.whenSettled(batchId ?? '');
      assert.deepEqual(
        own.transfers.map(({ target, state }) => [target.key, state]),
        [['b.bin', 'completed']],
      );
      const elsewhere = second.snapshot().batches.filter((batch) => batch.isElsewhere);
      assert.deepEqual(
        elsewhere.map(({ id }) => id),
        [firstId],
      );
      const all = await second.enqueue({ ...both, requests: [upload] });
      assert.deepEqual(all, { batchId: undefined, held: [upload] });
      await assert.rejects(second.discard([firstId]), isHeldBy(process.pid));
      assert.equal(harness.operations('abortMultipartUpload').length, 0);
      hold.release();
      const settled = await first.whenSettled(firstId);
      assert.equal(settled.transfers[0]?.state, 'completed');
      await harness.assertUploaded(upload);
      await harness.assertUploaded(another);
      await first.shutdown();
      await close(harness, second);
      assert.equal(harness.operations('initiateMultipartUpload').length, 2);
      assert.equal(completions(), 2);
    });

    it('another file for an object that the other window sends is held, a small one too', async () => {
      const [first, second] = [harness.manager(), harness.manager()];
      const hold = harness.server.hold({ on: 'putObject', key: 'a.bin' });
      const firstId = await enqueue(first, await request('a.bin', {}, 1000));
      await hold.reached;
      const other = harness.request(await harness.file('other.bin', 2000), 'a.bin');
      const batch = { label: 'other', workspacePath: '', requests: [other] };
      assert.deepEqual(await second.enqueue(batch), { batchId: undefined, held: [other] });
      hold.release();
      await first.whenSettled(firstId);
      assert.equal(harness.operations('putObject').length, 1);
      await first.shutdown();
      await close(harness, second);
    });

    for (const forbidOverwrite of [false, true]) {
      const how = forbidOverwrite ? 'that must not replace anything' : 'that may replace';
      it(`a file of one part ${how}, asked for in both at the very same time: never an error, never another object`, async () => {
        const upload = await request('a.bin', { forbidOverwrite }, 1000);
        const batch = { label: 'both', workspacePath: '', requests: [upload] };
        const managers = [harness.manager(), harness.manager()];
        // Both puts are on their way before either of them is carried out, where there are two.
        const hold = harness.server.hold({ on: 'putObject', times: 2 });
        const asked = await Promise.all(managers.map((manager) => manager.enqueue(batch)));
        await hold.reached;
        const ends = managers.map(async (manager, index) => {
          const { batchId, held } = asked[index] ?? {};
          if (batchId === undefined) {
            assert.deepEqual(held, [upload]);
            return 'held';
          }
          return (await manager.whenSettled(batchId)).transfers.map(({ state }) => state).join();
        });
        const isTwice = asked.every(({ batchId }) => batchId !== undefined);
        if (isTwice) await until(() => harness.server.openRequests.length === 2);
        hold.release();
        const states = await Promise.all(ends);
        assert.ok(states.includes('completed'), states.join());
        assert.ok(
          states.every((state) => state === 'completed' || state === 'held'),
          states.join(),
        );
        await harness.assertUploaded(upload);
        for (const manager of managers) await manager.shutdown();
        await harness.assertNothingLeft();
      });
    }

    for (const [what, isSame] of [
      ['what the other window has sent is not sent again', true],
      ['another object of the same size is no proof: the file is sent', false],
    ] as const) {
      for (const isReopened of [false, true]) {
        it(`the one that came too late is resumed${isReopened ? ' in a new window' : ''}: ${what}`, async () => {
          const upload = await request();
          const { bucket, key } = upload.target;
          const manager = harness.manager();
          // Asked for in the same moment, none of the windows has seen the other's batch.
          await mkdir(harness.stateDir);
          const id = checkpointId(await realpath(upload.filePath), bucket, key);
          const leaseFile = path.join(harness.stateDir, `${id}.lease`);
          const { signal } = new AbortController();
          const lease = await acquireLease(leaseFile, hastyClock, signal);
          const batchId = await enqueue(manager, upload);
          const { transfers } = await manager.whenSettled(batchId);
          assert.equal(transfers[0]?.error?.kind, 'heldElsewhere');
          const sent = await readFile(upload.filePath);
          if (!isSame) sent.writeUInt8(sent.readUInt8(7) ^ 1, 7);
          await harness.server.putObject(bucket, key, sent);
          await lease.release();
          if (isReopened) await manager.shutdown();
          const later = isReopened ? harness.manager() : manager;
          await later.refresh();
          await later.resume([batchId]);
          const settled = await later.whenSettled(batchId);
          assert.equal(settled.transfers[0]?.state, 'completed');
          assert.equal(settled.transfers[0].confirmedBytes, FILE_BYTES);
          await harness.assertUploaded(upload);
          assert.equal(harness.acceptedParts().length, isSame ? 0 : 10);
          await close(harness, later);
        });
      }
    }

    it('both resume it: one works, the other sees it work', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      await interruptAtPart(harness, upload, 4);
      const [first, second] = [harness.manager(), harness.manager()];
      await Promise.all([first.refresh(), second.refresh()]);
      const id = first.snapshot().batches[0]?.id ?? '';
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 6 });
      const outcomes = await Promise.allSettled([first.resume([id]), second.resume([id])]);
      const [refused] = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.ok(isHeldBy(process.pid)(refused?.reason));
      assert.equal((refused?.reason as UploadError).sourcePath, 'test', 'it says what is held');
      await hold.reached;
      const [working, watching] =
        outcomes[0].status === 'fulfilled' ? [first, second] : [second, first];
      assert.equal(watching.snapshot().batches[0]?.isElsewhere, true);
      hold.release();
      await working.whenSettled(id);
      await close(harness, working);
      await watching.refresh();
      assert.deepEqual(watching.snapshot().batches, []);
      await harness.assertUploaded(upload);
      assert.deepEqual(harness.acceptedParts(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.equal(completions(), 1);
    });

    it('what the other window has finished meanwhile is not begun again', async () => {
      const small = await request('small', {}, 1000);
      const large = await request('a.bin', { parallel: 1 });
      await interruptAtPart(harness, large, 4);
      const before = harness.manager();
      const putHold = harness.server.hold({ on: 'putObject' });
      await enqueue(before, small);
      await putHold.reached;
      await before.shutdown();
      harness.server.resetConnections();
      putHold.release();
      const [first, second] = [harness.manager(), harness.manager()];
      await Promise.all([first.refresh(), second.refresh()]);
      const ids = second.snapshot().batches.map(({ id }) => id);
      assert.equal(ids.length, 2);
      await first.resume(ids);
      await Promise.all(ids.map((id) => first.whenSettled(id)));
      const since = harness.server.operations.length;
      await second.resume(ids);
      assert.deepEqual(second.snapshot().batches, []);
      assert.equal(harness.server.operations.length, since);
      await first.shutdown();
      await close(harness, second);
    });

    it('a batch on disk has its lease, from the first moment', async () => {
      const leases: boolean[] = [];
      const renamed: typeof rename = async (from, to) => {
        await rename(from, to);
        const name = String(to);
        if (name.endsWith('.batch')) leases.push(existsSync(name.replace('.batch', '.lease')));
      };
      const manager = harness.manager({ files: { mkdir, open, rename: renamed } });
      await harness.uploadOne(manager, await request('a.bin', {}, 1000));
      assert.deepEqual(leases, [true]);
      await close(harness, manager);
    });

    it('a batch that cannot be read is let go, for whoever can', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      const { batchFile, batchId, since } = await interruptUpload(harness, upload, [1]);
      const [first, second] = [harness.manager(), harness.manager()];
      await Promise.all([first.refresh(), second.refresh()]);
      const read = Reflect.get(JournalStore.prototype, 'read') as (id: string) => Promise<never>;
      mock.method(JournalStore.prototype, 'read', function (this: unknown, id: string) {
        // With the lease, nobody else reads it.
        const isTaking = existsSync(batchFile.replace('.batch', '.lease'));
        return isTaking ? Promise.reject(new Error('EIO')) : read.call(this, id);
      });
      await assert.rejects(first.resume([batchId]), /EIO/);
      mock.restoreAll();
      await second.resume([batchId]);
      await second.whenSettled(batchId);
      const accepted = harness.acceptedParts(since).sort((a, b) => a - b);
      assert.deepEqual(accepted, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await first.shutdown();
      await close(harness, second);
    });

    it('a discard removes what is there when it has the lease', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      const interrupted = await interruptUpload(harness, upload, [1]);
      const old = await readFile(interrupted.checkpointFile, 'utf8');
      const store = await harness.oss.openStore(upload.target);
      const options = { forbidOverwrite: false };
      const { signal } = new AbortController();
      const again = await store.initiateMultipartUpload('a.bin', options, { signal });
      // A process of another computer had the lease of this upload, and has stopped.
      const lease = interrupted.checkpointFile.replace('.jsonl', '.lease');
      await writeFile(
        lease,
        JSON.stringify({ instanceId: 'x', pid: 1, host: 'other', sinceMs: 1 }),
      );
      await utimes(lease, 1, 1);
      const clock = new VirtualClock();
      const manager = harness.manager({ clock });
      await manager.refresh();
      const discarding = manager.discard([interrupted.batchId]);
      await until(() => clock.waiting === 1);
      // Meanwhile it turns out that it had begun anew.
      const content = readCheckpoint(Buffer.from(old));
      assert.equal(content.state, 'valid');
      const header = { ...content.checkpoint.header, uploadId: again.uploadId };
      await writeFile(interrupted.checkpointFile, new JournalText(CHECKPOINT, header).headerLine);
      clock.advance(8000);
      await discarding;
      const left = harness.server.uploads(BUCKET).map(({ uploadId }) => uploadId);
      assert.deepEqual(left, [interrupted.uploadId]);
      harness.server.abortUpload(interrupted.uploadId);
      await close(harness, manager);
    });

    it('another window is seen also where the folder has a time of whole seconds', async () => {
      const clock = new VirtualClock();
      const manager = harness.manager({ clock });
      await manager.refresh();
      const shown = (): number => manager.snapshot().batches.length;
      for (const name of ['a.bin', 'b.bin']) {
        await interruptUpload(harness, await request(name), [1]);
        await utimes(harness.stateDir, 1_700_000_000, 1_700_000_000);
        clock.advance(3000);
        await until(() => shown() === (name === 'a.bin' ? 1 : 2));
      }
      await manager.discard(manager.snapshot().batches.map(({ id }) => id));
      await close(harness, manager);
    });

    it('a window that was taken for dead does not complete, nor start over', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      const clock = new LeapingClock();
      const stopped = harness.manager({ clock });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 10 });
      const id = await enqueue(stopped, upload);
      await hold.reached;
      clock.aheadMs = MINUTE_MS;
      const second = harness.manager({ clock });
      await second.refresh();
      await second.resume([id]);
      // The hold lets the second request for this part pass.
      const settled = await second.whenSettled(id);
      assert.equal(settled.transfers[0]?.state, 'completed', settled.transfers[0]?.error?.stack);
      hold.release();
      const late = await stopped.whenSettled(id);
      assert.equal(late.transfers[0]?.error?.kind, 'heldElsewhere');
      await harness.assertUploaded(upload);
      assert.equal(completions(), 1);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      await stopped.shutdown();
      await close(harness, second);
    });

    it('a window that was taken for dead leaves what the other one does alone', async () => {
      const file = await harness.file('a.bin', FILE_BYTES);
      const upload = harness.request(file, 'a.bin', { parallel: 1 });
      const clock = new LeapingClock();
      const stopped = harness.manager({ clock });
      const first = harness.server.hold({ on: 'uploadPart', partNumber: 9 });
      const id = await enqueue(stopped, upload);
      await first.reached;
      clock.aheadMs = MINUTE_MS;
      const second = harness.manager({ clock });
      await second.refresh();
      const other = harness.server.hold({ on: 'uploadPart', partNumber: 10 });
      await second.resume([id]);
      await other.reached;
      // The first window is told that its upload is void, and may not clean up.
      harness.server.faults.push({
        on: 'uploadPart',
        partNumber: 9,
        do: { answer: { status: 404, code: 'NoSuchUpload' } },
      });
      first.release();
      const late = await stopped.whenSettled(id);
      assert.equal(late.transfers[0]?.error?.kind, 'heldElsewhere');
      assert.equal(harness.server.uploads(BUCKET).length, 1);
      other.release();
      const settled = await second.whenSettled(id);
      assert.equal(settled.transfers[0]?.state, 'completed', settled.transfers[0]?.error?.stack);
      await harness.assertUploaded(upload);
      await stopped.shutdown();
      await close(harness, second);
    });
  });

  describe('a window that was taken for dead and wakes up', () => {
    const COUNT = 60;
    /** Puts that are under way at once. */
    const LANES = 24;

    /** Both windows, when the other one could take the batch up and this one is about to wake up. */
    async function blocked() {
      const uploads = await Promise.all(
        Array.from({ length: COUNT }, (_, number) => request(`${number}`, {}, 1000 + number)),
      );
      const clock = new VirtualClock();
      const stopped = harness.manager({ clock });
      const settled: SettledBatch[] = [];
      stopped.onDidSettle((batch) => settled.push(batch));
      const hold = harness.server.hold({ on: 'putObject', times: LANES });
      const id = await enqueue(stopped, ...uploads);
      await until(() => harness.server.openRequests.length === LANES);
      const leaping = new LeapingClock();
      leaping.aheadMs = MINUTE_MS;
      const second = harness.manager({ clock: leaping });
      await second.refresh();
      const wakeUp = async (): Promise<void> => {
        clock.sleep(MINUTE_MS);
        clock.advance(5000);
        await until(() => stopped.snapshot().batches[0]?.isElsewhere !== false);
        hold.release();
        const { transfers } = await stopped.whenSettled(id);
        const errors = new Set(transfers.map(({ error }) => error?.kind));
        assert.deepEqual([...errors], ['heldElsewhere']);
        assert.deepEqual(
          settled.map(({ ended }) => ended.all().length),
          [COUNT],
        );
      };
      return { uploads, clock, stopped, second, id, wakeUp };
    }

    it('sends nothing of a batch that the other window has discarded', async () => {
      const { clock, stopped, second, id, wakeUp } = await blocked();
      await second.discard([id]);
      await wakeUp();
      await until(() => harness.server.openRequests.length === 0);
      const { length } = harness.operations('putObject');
      assert.ok(length <= LANES, `${length} puts, and ${LANES} were under way`);
      clock.advance(10_000);
      await until(() => stopped.snapshot().batches.length === 0);
      await stopped.shutdown();
      await close(harness, second);
    });

    it('writes nothing into the file of a batch that the other window goes on with', async () => {
      const { uploads, stopped, second, id, wakeUp } = await blocked();
      const later = harness.server.hold({ on: 'putObject', times: COUNT });
      await second.resume([id]);
      await later.reached;
      const file = path.join(harness.stateDir, `${id}.batch`);
      const before = await readFile(file);
      await wakeUp();
      await stopped.refresh();
      assert.equal(stopped.snapshot().batches[0]?.isElsewhere, true);
      await stopped.shutdown();
      assert.deepEqual(await readFile(file), before);
      later.release();
      const { transfers } = await second.whenSettled(id);
      assert.ok(transfers.every(({ state }) => state === 'completed'));
      await Promise.all(uploads.map((upload) => harness.assertUploaded(upload)));
      await close(harness, second);
    });
  });

  describe('two processes', () => {
    let child: ChildProcess | undefined;
    afterEach(() => {
      child?.kill('SIGKILL');
      child = undefined;
    });

    function startProcess(...requests: UploadRequest[]): ChildProcess {
      const task: UploaderTask = {
        stateDir: harness.stateDir,
        endpoint: harness.server.endpoint,
        ...ACCESS_KEY,
        requests,
      };
      const script = path.join(__dirname, '../../../crash/uploader.ts');
      child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(task)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      return child;
    }

    it('the other process is named; killed, this one takes over; one completion', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 6 });
      const other = startProcess(upload);
      await hold.reached;
      const manager = harness.manager();
      await manager.refresh();
      const [batch] = manager.snapshot().batches;
      assert.ok(batch?.isElsewhere);
      await assert.rejects(manager.resume([batch.id]), isHeldBy(other.pid ?? 0));

      other.kill('SIGKILL');
      await once(other, 'exit');
      hold.release();
      const before = harness.server.operations.length;
      await manager.refresh();
      assert.equal(manager.snapshot().batches[0]?.isElsewhere, false);
      await manager.resume([batch.id]);
      const { transfers } = await manager.whenSettled(batch.id);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      await harness.assertUploaded(upload);
      const again = harness.acceptedParts(before);
      assert.ok(again.every((partNumber) => partNumber >= 6));
      assert.equal(completions(), 1);
      await close(harness, manager);
    });
  });

  describe('files and objects', () => {
    it('one file to two objects at once', async () => {
      const file = await harness.file('a.bin', FILE_BYTES);
      const [left, right] = [harness.request(file, 'left'), harness.request(file, 'right')];
      const manager = harness.manager();
      const { transfers } = await harness.upload(manager, left, right);
      assert.deepEqual(
        transfers.map(({ state }) => state),
        ['completed', 'completed'],
      );
      await harness.assertUploaded(left);
      await harness.assertUploaded(right);
      await close(harness, manager);
    });

    it('two files to one object: one after the other, the last one stays', async () => {
      const first = harness.request(await harness.file('first', FILE_BYTES, 1), 'same');
      const last = harness.request(await harness.file('last', FILE_BYTES, 2), 'same');
      const manager = harness.manager();
      const { transfers } = await harness.upload(manager, first, last);
      assert.deepEqual(
        transfers.map(({ state }) => state),
        ['completed', 'completed'],
      );
      await harness.assertUploaded(last);
      const [completed, initiated] = [
        harness.operations('completeMultipartUpload')[0],
        harness.operations('initiateMultipartUpload')[1],
      ];
      assert.ok((completed?.at ?? Infinity) <= (initiated?.startedAt ?? 0));
      await close(harness, manager);
    });

    it('the same file to the same object twice: joins what runs', async () => {
      const upload = await request();
      const manager = harness.manager();
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 2 });
      const id = await enqueue(manager, upload);
      await hold.reached;
      assert.equal(await enqueue(manager, upload), id);
      hold.release();
      await manager.whenSettled(id);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      await close(harness, manager);
    });

    it('the same file to the same object twice at once: one upload', async () => {
      const upload = await request();
      const manager = harness.manager();
      const [id, again] = await Promise.all([enqueue(manager, upload), enqueue(manager, upload)]);
      assert.equal(again, id);
      await manager.whenSettled(id);
      assert.equal(completions(), 1);
      await close(harness, manager);
    });

    it('resumed and asked for anew at once: one upload', async () => {
      const upload = await request();
      const { batchId } = await interruptUpload(harness, upload, [1, 2]);
      const manager = harness.manager();
      await manager.refresh();
      // Asked for after it is complete, it would be sent again.
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 10 });
      const [id] = await Promise.all([enqueue(manager, upload), manager.resume([batchId])]);
      hold.release();
      await manager.whenSettled(id);
      await until(() => manager.snapshot().totals.active === 0);
      assert.equal(completions(), 1);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      await close(harness, manager);
    });
  });

  it('resumed twice and paused in between: it can be resumed', async () => {
    const writes: (() => void)[] = [];
    const closings: (() => void)[] = [];
    let isSlow = false;
    // A disk that is asked to wait: for each line of the batch, and for the end of the checkpoint.
    const slowOpen: typeof open = async (file, ...rest) => {
      const handle = await open(file, ...rest);
      const wait = async (where: (() => void)[]): Promise<void> => {
        if (isSlow) await new Promise<void>((resolve) => where.push(resolve));
      };
      return new Proxy(handle, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== 'function') return value;
          const isLine = property === 'write' && String(file).includes('.batch');
          const isEnd = property === 'close' && String(file).includes('.jsonl') && rest[0] !== 'r';
          if (!isLine && !isEnd) return value.bind(target) as unknown;
          return async (...args: unknown[]): Promise<unknown> => {
            await wait(isLine ? writes : closings);
            return (await Reflect.apply(value, target, args)) as unknown;
          };
        },
      });
    };
    const manager = harness.manager({ files: { mkdir, open: slowOpen, rename } });
    const hold = harness.server.hold({ on: 'uploadPart', times: Infinity });
    const id = await enqueue(manager, await request());
    await hold.reached;
    await manager.pause([id]);
    isSlow = true;
    const first = manager.resume([id]);
    await until(() => writes.length > 0);
    const resumed = [first, manager.resume([id])];
    const next = async (): Promise<void> => {
      await until(() => writes.length > 0);
      writes.shift()?.();
    };
    await next();
    await until(() => stateOf(manager)?.state === 'uploading');
    const paused = manager.pause([id]);
    await until(() => closings.length > 0);
    await next();
    await Promise.all(resumed);
    isSlow = false;
    closings.shift()?.();
    await paused;
    hold.release();
    await until(() => stateOf(manager)?.state === 'completed');
    await close(harness, manager);
  });

  it('what is read again while a resume waits for a lease is taken up all the same', async () => {
    const uploads = [await request('a.bin'), await request('b.bin')];
    const ids: string[] = [];
    for (const upload of uploads) {
      const { batchId } = await interruptUpload(harness, upload, [1, 2]);
      // Of a window that hangs: it is looked at twice before it counts as dead.
      const lease = path.join(harness.stateDir, `${batchId}.lease`);
      await writeFile(
        lease,
        JSON.stringify({ instanceId: 'hangs', pid: process.pid, host: hostname() }),
      );
      const longAgo = Date.now() / 1000 - 60;
      await utimes(lease, longAgo, longAgo);
      ids.push(batchId);
    }
    const clock = new VirtualClock();
    const manager = harness.manager({ clock });
    await manager.refresh();
    const resumed = manager.resume(ids);
    await until(() => clock.waiting === 1);
    await manager.refresh();
    clock.run();
    await resumed;
    const settled = await Promise.all(ids.map((id) => manager.whenSettled(id)));
    clock.stop();
    assert.deepEqual(
      settled.map(({ transfers }) => transfers[0]?.state),
      ['completed', 'completed'],
    );
    await close(harness, manager);
  });

  it('pause and resume twenty times: one completion, no part twice at once, no step back', async () => {
    const upload = await request('a.bin', { parallel: 3 }, 60 * PART_BYTES);
    const inFlight = new Set<unknown>();
    let twice = 0;
    const openStore = watchedStore(harness.oss.openStore, ({ name, parameters }) => {
      if (name !== 'uploadPart') return () => undefined;
      const [, , partNumber] = parameters;
      if (inFlight.has(partNumber)) twice++;
      inFlight.add(partNumber);
      return () => inFlight.delete(partNumber);
    });
    const manager = harness.manager({ openStore });
    const seen: number[] = [];
    manager.onDidChange(() => {
      const transfer = stateOf(manager);
      // Before the journal has been compared with the server there is nothing to tell yet.
      if (transfer?.state === 'uploading') seen.push(transfer.confirmedBytes);
    });
    const id = await enqueue(manager, upload);
    for (let round = 0; round < 20; round++) {
      const parts = harness.operations('uploadPart').length;
      await harness.server.waitFor(
        (all) => all.filter(({ operation }) => operation === 'uploadPart').length > parts,
      );
      await manager.pause([id]);
      assert.equal(stateOf(manager)?.state, 'paused');
      assert.equal(inFlight.size, 0, 'nothing is sent any more after a pause');
      await manager.resume([id]);
    }
    const { transfers } = await manager.whenSettled(id);
    assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
    assert.equal(twice, 0);
    assert.equal(completions(), 1);
    assert.equal(harness.operations('initiateMultipartUpload').length, 1);
    assert.deepEqual(
      seen,
      [...seen].sort((left, right) => left - right),
      'confirmed bytes went back',
    );
    await harness.assertUploaded(upload);
    await close(harness, manager);
  });

  it('pause and resume without waiting for anything', async () => {
    const upload = await request('a.bin', { parallel: 3 }, 20 * PART_BYTES);
    const manager = harness.manager();
    const id = await enqueue(manager, upload);
    const calls: Promise<void>[] = [];
    for (let round = 0; round < 20; round++) {
      calls.push(manager.pause([id]), manager.resume([id]));
      if (round % 5 === 0) await turn();
    }
    await Promise.all(calls);
    await manager.resume([id]);
    const { transfers } = await manager.whenSettled(id);
    assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
    assert.equal(completions(), 1);
    await harness.assertUploaded(upload);
    await close(harness, manager);
  });

  it('a discard of what waits for its turn is heard by whoever waits for its end', async () => {
    const manager = harness.manager({ limits: { concurrency: 1, maxBytesPerSecond: 0 } });
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 1 });
    const running = await enqueue(manager, await request('a.bin', { parallel: 1 }));
    await hold.reached;
    const queued = await enqueue(manager, await request('b.bin', { parallel: 1 }));
    assert.equal(manager.snapshot().batches[1]?.transfers[0]?.state, 'queued');
    const settled = manager.whenSettled(queued);
    await manager.discard([queued]);
    assert.deepEqual((await settled).transfers, []);
    hold.release();
    await manager.whenSettled(running);
    await close(harness, manager);
  });

  it('a button of an outdated message takes nothing up again that is finished', async () => {
    const manager = harness.manager();
    const { id } = await harness.uploadOne(manager, await request());
    await manager.resume([id]);
    await manager.discard([id]);
    assert.equal(stateOf(manager)?.state, 'completed');
    await close(harness, manager);
  });

  it('a file that is uploaded again costs one record, as the first time', async () => {
    const written: string[] = [];
    const renamed: typeof rename = async (from, to) => {
      written.push(path.extname(String(to)));
      await rename(from, to);
    };
    const manager = harness.manager({ files: { mkdir, open, rename: renamed } });
    const upload = await request('a.bin', {}, 1000);
    await harness.uploadOne(manager, upload);
    await harness.uploadOne(manager, upload);
    assert.deepEqual(written, ['.batch', '.batch']);
    await close(harness, manager);
  });

  it('one of five is paused: its connection closes, the others go on', async () => {
    const uploads = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => request(name, { parallel: 1 }, 3 * PART_BYTES)),
    );
    const hold = harness.server.hold({
      on: 'uploadPart',
      partNumber: 2,
      at: 'received',
      times: 5,
    });
    const manager = harness.manager();
    const id = await enqueue(manager, ...uploads);
    await until(() => harness.server.openRequests.length === 5);
    const connections = harness.server.openConnections;
    const paused = manager
      .snapshot()
      .batches[0]?.transfers.find(({ target }) => target.key === 'c');
    assert.ok(paused);
    await manager.pause([paused.id]);
    // Held as they are, the requests would not end by themselves.
    await until(() => harness.server.openConnections < connections);
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    assert.deepEqual(
      transfers.map(({ state }) => state),
      ['completed', 'completed', 'paused', 'completed', 'completed'],
    );
    await manager.resume([paused.id]);
    await manager.whenSettled(id);
    await Promise.all(uploads.map((upload) => harness.assertUploaded(upload)));
    await close(harness, manager);
  });

  describe('lanes', () => {
    for (const [parallel, parts] of [
      [1, 4],
      [3, 10],
      [64, 20],
      [64, 2],
    ] as const) {
      it(`${parallel} at a time, ${parts} parts`, async () => {
        const warnings: Error[] = [];
        const note = (warning: Error): void => void warnings.push(warning);
        process.on('warning', note);
        const upload = await request('a.bin', { parallel }, parts * PART_BYTES);
        let sending = 0;
        let mostSending = 0;
        const openStore = watchedStore(harness.oss.openStore, ({ name }) => {
          if (name !== 'uploadPart') return () => undefined;
          mostSending = Math.max(mostSending, ++sending);
          return () => sending--;
        });
        const limits = { concurrency: 64, maxBytesPerSecond: 0 };
        const manager = harness.manager({ limits, openStore });
        const hold = harness.server.hold({ on: 'uploadPart', times: 100 });
        const id = await enqueue(manager, upload);
        const expected = Math.min(parallel, parts);
        await until(() => harness.server.openRequests.length === expected);
        hold.release();
        const { transfers } = await manager.whenSettled(id);
        assert.equal(transfers[0]?.state, 'completed');
        await harness.assertUploaded(upload);
        process.off('warning', note);
        assert.deepEqual(
          warnings.map(({ message }) => message),
          [],
        );
        await close(harness, manager);
      });
    }

    it('parts finish in reverse order: completed in theirs', async () => {
      const upload = await request('a.bin', { parallel: 10 });
      const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
      const holds = numbers.map((partNumber) =>
        harness.server.hold({ on: 'uploadPart', partNumber }),
      );
      const manager = harness.manager({ limits: { concurrency: 10, maxBytesPerSecond: 0 } });
      const id = await enqueue(manager, upload);
      await Promise.all(holds.map(({ reached }) => reached));
      for (const hold of holds.reverse()) {
        const accepted = harness.acceptedParts().length;
        hold.release();
        await harness.server.waitFor(() => harness.acceptedParts().length > accepted);
      }
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.state, 'completed');
      assert.deepEqual(harness.acceptedParts(), numbers.reverse());
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });
  });

  describe('many files', () => {
    async function manyFiles(count: number): Promise<UploadRequest[]> {
      const names = Array.from({ length: count }, (_, index) => `small/${index}.txt`);
      return Promise.all(names.map((name, index) => request(name, {}, 1000 + index)));
    }

    it('small and big files together: within the limit, and neither waits for the other', async () => {
      const small = await manyFiles(300);
      const big = await Promise.all(
        ['A', 'B', 'C'].map((name) => request(name, {}, 20 * PART_BYTES)),
      );
      let units = 0;
      let most = 0;
      const openStore = watchedStore(harness.oss.openStore, ({ name }) => {
        const unit = name === 'uploadPart' ? 4 : name === 'putObject' ? 1 : 0;
        units += unit;
        most = Math.max(most, units);
        return () => (units -= unit);
      });
      const limits = { concurrency: 4, maxBytesPerSecond: 0 };
      const manager = harness.manager({ openStore, limits });
      const { transfers } = await harness.upload(manager, ...small, ...big);
      assert.ok(transfers.every(({ state }) => state === 'completed'));
      assert.ok(most <= 16, `${most / 4} lanes were in use`);

      const isPut = ({ operation }: { operation: string }): boolean => operation === 'putObject';
      const { operations } = harness.server;
      const firstPart = operations.findIndex(({ operation }) => operation === 'uploadPart');
      const lastPart = operations.findLastIndex(({ operation }) => operation === 'uploadPart');
      const putsBefore = operations.slice(0, firstPart).filter(isPut).length;
      const putsMeanwhile = operations.slice(firstPart, lastPart).filter(isPut).length;
      assert.ok(putsBefore < 150, `${putsBefore} small files before the first part`);
      assert.ok(putsMeanwhile > 30, `${putsMeanwhile} small files while parts were sent`);
      await Promise.all([...small.slice(0, 20), ...big].map((one) => harness.assertUploaded(one)));
      await close(harness, manager);
    });

    it('a folder is interrupted: what is finished is not sent again, the rest is', async () => {
      const uploads = await manyFiles(60);
      const big = await request('big', { parallel: 1 });
      const all = [...uploads, big];
      const first = harness.manager({ limits: { concurrency: 2, maxBytesPerSecond: 0 } });
      const id = await enqueue(first, ...all);
      await harness.server.waitFor((done) => {
        const puts = done.filter(
          ({ operation, accepted }) => operation === 'putObject' && accepted,
        );
        return puts.length >= 25 && done.some(({ partNumber }) => (partNumber ?? 0) >= 2);
      });
      await first.shutdown();
      const finished = first
        .snapshot()
        .batches[0]?.transfers.filter(({ state }) => state === 'completed')
        .map(({ target }) => target.key);
      assert.ok(finished && finished.length > 0 && finished.length < all.length);

      const before = harness.server.operations.length;
      const second = harness.manager();
      await second.refresh();
      const [batch] = second.snapshot().batches;
      assert.equal(batch?.id, id);
      assert.equal(batch.finishedEarlier.files, finished.length);
      assert.equal(batch.transfers.length, all.length - finished.length);
      await second.resume([id]);
      const { transfers } = await second.whenSettled(id);
      assert.ok(transfers.every(({ state }) => state === 'completed'));
      const sent = harness.server.operations.slice(before).map(({ key }) => key);
      assert.deepEqual(
        finished.filter((key) => sent.includes(key)),
        [],
        'finished files were sent again',
      );
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      await Promise.all(all.map((upload) => harness.assertUploaded(upload)));
      await close(harness, second);
    });

    it('a discard of many that the end of the window cuts short stays one: nothing of it is offered', async () => {
      const uploads = await Promise.all(
        Array.from({ length: 40 }, (_, number) => request(`${number}`, {}, 2 * PART_BYTES)),
      );
      const parts = harness.server.hold({ on: 'uploadPart', times: 1000 });
      const limits = { concurrency: 200, maxBytesPerSecond: 0 };
      const first = harness.manager({ limits });
      const id = await enqueue(first, ...uploads);
      await until(() => harness.server.openRequests.length === 80);
      await first.shutdown();
      parts.release();
      const second = harness.manager();
      await second.refresh();
      const aborts = harness.server.hold({ on: 'abortMultipartUpload', times: 1000 });
      const discarding = second.discard([id]).catch(() => undefined);
      await aborts.reached;
      await second.shutdown();
      await discarding;
      aborts.release();
      const third = harness.manager();
      await third.refresh();
      const left = third.snapshot().batches.flatMap(({ transfers }) => transfers);
      assert.ok(left.length >= 30, `${left.length} are left`);
      assert.deepEqual([...new Set(left.map(({ state }) => state))], ['discarding']);
      third.retryNow();
      await until(() => third.snapshot().batches.length === 0);
      await close(harness, third);
    });

    it('files that fail do not stop the others, and can be tried again alone', async () => {
      const uploads = await manyFiles(30);
      const bad = ['small/3.txt', 'small/17.txt'];
      harness.server.faults.push(
        ...bad.map((key) => ({
          on: 'putObject' as const,
          key,
          do: { answer: faultAnswers.accessDenied },
        })),
      );
      const manager = harness.manager();
      const { id, transfers } = await harness.upload(manager, ...uploads);
      const failed = transfers.filter(({ state }) => state === 'failed');
      assert.deepEqual(failed.map(({ target }) => target.key).sort(), bad.sort());
      assert.equal(transfers.filter(({ state }) => state === 'completed').length, 28);
      harness.server.faults.length = 0;
      const before = harness.server.operations.length;
      await manager.resume([id]);
      await manager.whenSettled(id);
      assert.equal(harness.server.operations.length, before + 2);
      await Promise.all(uploads.map((upload) => harness.assertUploaded(upload)));
      await close(harness, manager);
    });
  });

  describe('a listener', () => {
    it('that throws is reported, and no other notices', async () => {
      const upload = await request();
      const manager = harness.manager();
      let told = 0;
      manager.onDidChange(() => {
        throw new Error('a broken listener');
      });
      manager.onDidChange(() => {
        told++;
      });
      await harness.uploadOne(manager, upload);
      assert.ok(told > 0);
      assert.ok(harness.log.lines.some((line) => line.includes('a broken listener')));
      await close(harness, manager);
    });

    it('that is slow does not hold up the upload', async () => {
      const upload = await request();
      const manager = harness.manager();
      manager.onDidChange(() => {
        const endMs = performance.now() + 20;
        while (performance.now() < endMs);
      });
      await harness.uploadOne(manager, upload);
      await close(harness, manager);
    });

    it('that pauses leaves an upload that can be resumed', async () => {
      const upload = await request('a.bin', { parallel: 1 });
      const manager = harness.manager();
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
      const paused = new Promise<void>((resolve) => {
        const subscription = manager.onDidChange(() => {
          const transfer = stateOf(manager);
          if (transfer?.state !== 'uploading') return;
          subscription.dispose();
          void manager.pause([transfer.id]).then(resolve);
        });
      });
      const id = await enqueue(manager, upload);
      await paused;
      hold.release();
      assert.equal(stateOf(manager)?.state, 'paused');
      await manager.resume([id]);
      await manager.whenSettled(id);
      await harness.assertUploaded(upload);
      await close(harness, manager);
    });
  });
});
