import { strict as assert } from 'node:assert';
import { SpeedMeter } from '../../../../src/engine/transfers/progress.ts';

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
