import { strict as assert } from 'node:assert';
import { RunTotals, SpeedMeter } from '../../../../src/engine/transfers/totals.ts';
import type { Transfer } from '../../../../src/engine/transfers/transfer.ts';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import { TestBatch } from '../../../support/transfers.ts';

/** Lets a transfer run until its test is over. */
function run(transfer: Transfer): void {
  void transfer.start(() => new Promise(() => undefined));
}

/** Confirms parts of 1000 bytes. */
function sendParts(transfer: Transfer, count: number): void {
  for (let part = 0; part < count; part++) {
    const lane = transfer.monitor.startLane(1000);
    lane.add(1000);
    lane.confirm();
  }
}

describe('RunTotals', () => {
  it('counts what runs, what waits for the user, and what the run is made of', () => {
    const totals = new RunTotals();
    const batch = new TestBatch(...['a', 'b', 'c'].map((name) => ({ name, sizeBytes: 10_000 })));
    batch.add({ name: 'd', state: 'failed', sizeBytes: 99 });
    totals.begin([batch], batch.these(0, 1, 2));
    const [a, b] = [batch.at(0), batch.at(1)];
    run(a);
    sendParts(a, 4);
    a.monitor.startLane(1000).add(500);
    sendParts(b, 10);
    b.moveTo('completed');
    const { active, waitingForUser, files, filesDone, sizeBytes, doneBytes } = totals.snapshot(
      [batch],
      0,
    );
    assert.deepEqual(
      { active, waitingForUser, files, filesDone, sizeBytes, doneBytes },
      {
        active: 2,
        waitingForUser: 1,
        files: 3,
        filesDone: 1,
        sizeBytes: 30_000,
        // Of what is on its way, nothing is accepted yet.
        doneBytes: 14_000,
      },
    );
  });

  it('counts a completed one the same after nothing but a line is left of it', () => {
    const totals = new RunTotals();
    const batch = new TestBatch(...['a', 'b'].map((name) => ({ name, sizeBytes: 10_000 })));
    totals.begin([], batch.these(0, 1));
    const a = batch.at(0);
    sendParts(a, 10);
    a.moveTo('completed');
    const [sums, snapshot] = [totals.snapshot([batch], 0), a.snapshot()];
    totals.finish(batch.transfers, 0);
    batch.transfers.finish(a);
    assert.deepEqual(totals.snapshot([batch], 0), sums);
    assert.deepEqual(batch.transfers.snapshotOf(0), snapshot);
    assert.equal(batch.transfers.live.size, 0);
  });

  it('goes on with the run while something is active, and begins anew when nothing was', () => {
    const totals = new RunTotals();
    const first = new TestBatch({ name: 'a' }, { name: 'b' });
    const second = new TestBatch({ name: 'c' });
    totals.begin([], first.these(0));
    totals.begin([first], first.these(1));
    assert.equal(totals.snapshot([first], 0).files, 2);
    first.at(0).moveTo('completed');
    first.at(1).moveTo('paused');
    totals.begin([first], second.these(0));
    assert.equal(totals.snapshot([first, second], 0).files, 1);
  });

  it('keeps what was paused or failed meanwhile, and waits for nothing of what was discarded', () => {
    const totals = new RunTotals();
    const names = ['a', 'b', 'c', 'd'];
    const batch = new TestBatch(...names.map((name) => ({ name, sizeBytes: 10_000 })));
    totals.begin([], batch.these(0, 1, 2, 3));
    for (const index of [0, 1, 2, 3]) sendParts(batch.at(index), 2);
    batch.at(1).moveTo('paused');
    batch.at(2).moveTo('discarding');
    batch.at(3).moveTo('failed');
    const { files, filesDone, sizeBytes, doneBytes } = totals.snapshot([batch], 0);
    assert.deepEqual(
      { files, filesDone, sizeBytes, doneBytes },
      { files: 3, filesDone: 0, sizeBytes: 30_000, doneBytes: 6000 },
    );
  });

  it('tells the speed of bytes sent now, not of those that were there before', () => {
    const totals = new RunTotals();
    const batch = new TestBatch({ name: 'a', sizeBytes: 100_000 });
    totals.begin([], batch.these(0));
    const transfer = batch.at(0);
    run(transfer);
    transfer.monitor.plan(100_000, 100, 60_000, 60);
    totals.sample(0);
    for (let second = 1; second <= 10; second++) {
      sendParts(transfer, 1);
      totals.sample(second * 1000);
    }
    const snapshot = totals.snapshot([batch], 10_000);
    assert.equal(snapshot.doneBytes, 70_000);
    assert.ok(Math.abs(snapshot.speedBytesPerSecond - 1000) < 1);
    assert.ok(Math.abs((snapshot.secondsLeft ?? 0) - 30) < 1);
  });

  it('counts nothing of what a transfer had sent before it was resumed into a run', () => {
    const totals = new RunTotals();
    const batch = new TestBatch(...['a', 'b'].map((name) => ({ name, sizeBytes: 100_000 })));
    const [running, resumed] = [batch.at(0), batch.at(1)];
    sendParts(resumed, 60);
    resumed.moveTo('paused');
    totals.begin([], batch.these(0));
    run(running);
    totals.sample(0);
    for (let second = 1; second <= 10; second++) {
      sendParts(running, 1);
      totals.sample(second * 1000);
    }
    totals.begin([batch], batch.these(1));
    totals.sample(10_100);
    const { speedBytesPerSecond, doneBytes } = totals.snapshot([batch], 10_100);
    assert.ok(speedBytesPerSecond > 900 && speedBytesPerSecond < 1100);
    assert.equal(resumed.monitor.partsSent, 0);
    // What OSS has of it counts, but not for the speed.
    assert.equal(doneBytes, 70_000);
  });

  it('has no speed and no time left while everything waits for the network', async () => {
    const totals = new RunTotals();
    const batch = new TestBatch({ name: 'a' });
    totals.begin([], batch.these(0));
    const transfer = batch.at(0);
    run(transfer);
    for (let second = 0; second <= 10; second++) {
      sendParts(transfer, 1);
      totals.sample(second * 1000);
    }
    const retry = { error: new UploadError('network', '', { code: 'ECONNRESET' }), nextTryMs: 0 };
    await transfer.monitor.waitFor(retry, () => {
      const waiting = totals.snapshot([batch], 10_000);
      assert.equal(waiting.speedBytesPerSecond, 0);
      assert.equal(waiting.secondsLeft, undefined);
      assert.equal(waiting.active, 1);
      return Promise.resolve();
    });
    assert.ok(totals.snapshot([batch], 10_000).speedBytesPerSecond > 0);
  });

  it('never tells more than there is', () => {
    const totals = new RunTotals();
    const batch = new TestBatch({ name: 'a', sizeBytes: 1000 });
    totals.begin([], batch.these(0));
    const transfer = batch.at(0);
    sendParts(transfer, 1);
    transfer.monitor.startLane(1000).add(1000);
    const { doneBytes, sizeBytes } = totals.snapshot([batch], 0);
    assert.ok(doneBytes <= sizeBytes);
  });
});

/** A meter that has seen a steady stream for so many seconds, looked at four times a second. */
function after(seconds: number, bytesPerSecond: number, meter = new SpeedMeter(), fromMs = 0) {
  const startBytes = (fromMs / 1000) * bytesPerSecond;
  for (let ms = 0; ms <= seconds * 1000; ms += 250) {
    meter.sample(startBytes + (ms / 1000) * bytesPerSecond, fromMs + ms);
  }
  return meter;
}

describe('SpeedMeter', () => {
  it('knows nothing before there are two looks', () => {
    const meter = new SpeedMeter();
    assert.equal(meter.bytesPerSecond, 0);
    meter.sample(1_000_000, 5000);
    assert.equal(meter.bytesPerSecond, 0, 'bytes of before are not bytes of now');
    meter.sample(1_500_000, 6000);
    meter.sample(2_000_000, 6500);
    assert.equal(meter.bytesPerSecond, 0, 'half a second may have a slice more or less');
    meter.sample(2_500_000, 7000);
    assert.ok(Math.abs(meter.bytesPerSecond - 1_000_000) < 1);
  });

  it('does not take for sent what fills the buffers of the system', () => {
    const meter = new SpeedMeter();
    for (let ms = 0; ms <= 3000; ms += 250) {
      meter.sample(ms === 0 ? 0 : 10_000_000 + ms * 1000, ms);
      const { bytesPerSecond } = meter;
      assert.ok(bytesPerSecond === 0 || Math.abs(bytesPerSecond - 1_000_000) < 1, `at ${ms} ms`);
    }
    assert.ok(meter.bytesPerSecond > 0);
  });

  it('tells the speed of a steady stream', () => {
    assert.ok(Math.abs(after(60, 1_000_000).bytesPerSecond - 1_000_000) < 1000);
  });

  it('follows a change within some ten seconds', () => {
    const meter = after(60, 1_000_000);
    let bytes = 60_000_000;
    for (let ms = 60_250; ms <= 90_000; ms += 250) meter.sample((bytes += 25_000), ms);
    assert.ok(meter.bytesPerSecond > 90_000 && meter.bytesPerSecond < 200_000);
  });

  it('is slower, never negative, when bytes have to be sent again', () => {
    const meter = after(20, 1_000_000);
    const before = meter.bytesPerSecond;
    meter.sample(10_000_000, 20_250);
    assert.ok(meter.bytesPerSecond < before);
    assert.ok(meter.bytesPerSecond >= 0);
  });

  it('is not upset by two looks at the same moment', () => {
    const meter = after(10, 1_000_000);
    const before = meter.bytesPerSecond;
    meter.sample(99_000_000, 10_000);
    assert.equal(meter.bytesPerSecond, before);
  });

  it('tells the time left when it can be believed', () => {
    const meter = after(10, 1_000_000);
    assert.ok(Math.abs((meter.secondsLeft(60_000_000, 10, 10_000) ?? 0) - 60) < 1);
    assert.equal(meter.secondsLeft(0, 10, 10_000), 0);
  });

  it('does not guess before five seconds and three parts, or while nothing moves', () => {
    assert.equal(after(4, 1_000_000).secondsLeft(60_000_000, 10, 4000), undefined);
    assert.equal(after(10, 1_000_000).secondsLeft(60_000_000, 2, 10_000), undefined);
    assert.equal(after(10, 0).secondsLeft(60_000_000, 10, 10_000), undefined);
    assert.equal(new SpeedMeter().secondsLeft(1, 10, 10_000), undefined);
  });

  it('starts over', () => {
    const meter = after(10, 1_000_000);
    meter.reset();
    assert.equal(meter.bytesPerSecond, 0);
    after(10, 2_000_000, meter, 100_000);
    assert.ok(Math.abs(meter.bytesPerSecond - 2_000_000) < 1000);
  });
});
