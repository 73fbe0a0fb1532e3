import { strict as assert } from 'node:assert';
import { ChangeTicker } from '../../../../src/engine/transfers/changeTicker.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

describe('ChangeTicker', () => {
  let clock: VirtualClock;
  let startMs: number;
  /** When it told, since the beginning. */
  let told: number[];
  /** What each telling takes. */
  let tellingMs: number;
  let ticker: ChangeTicker;
  beforeEach(() => {
    clock = new VirtualClock();
    startMs = clock.now();
    told = [];
    tellingMs = 0;
    ticker = new ChangeTicker(clock, () => {
      told.push(clock.now() - startMs);
      clock.advance(tellingMs);
    });
  });
  afterEach(() => {
    ticker.dispose();
  });

  /** A change of that kind in each of so many milliseconds. */
  function change(isNewState: boolean, forMs: number): void {
    for (let passedMs = 0; passedMs < forMs; passedMs++) {
      ticker.changed(isNewState);
      clock.advance(1);
    }
  }

  it('tells the first change at once, and not within the call', () => {
    ticker.changed(false);
    assert.deepEqual(told, []);
    clock.advance(0);
    assert.deepEqual(told, [0]);
  });

  it('makes one call of any number of changes, and does not forget the last', () => {
    change(false, 100);
    assert.deepEqual(told, [0]);
    clock.advance(149);
    assert.deepEqual(told, [0]);
    clock.advance(1000);
    assert.deepEqual(told, [0, 250]);
  });

  it('does not let a new state wait for the next number', () => {
    change(false, 10);
    ticker.changed(true);
    clock.advance(100);
    assert.deepEqual(told, [0, 25]);
  });

  it('makes few calls of thousands of states', () => {
    change(true, 100);
    assert.deepEqual(told, [0, 25, 50, 75, 100]);
  });

  it('takes no more than a fiftieth of the time, and takes a stall for no measure', () => {
    tellingMs = 10;
    change(true, 1000);
    assert.deepEqual(told, [0, 510]);
    tellingMs = 10_000;
    clock.advance(20);
    assert.deepEqual(told, [0, 510, 1020]);
    ticker.changed(true);
    clock.advance(1000);
    assert.deepEqual(told, [0, 510, 1020, 12_020]);
  });

  it('goes on when the clock is put back', () => {
    change(false, 10);
    clock.sleep(-3_600_000);
    told.length = 0;
    change(false, 1000);
    assert.ok(told.length >= 3, `${told.length} calls in a second`);
  });

  it('says nothing after the end', () => {
    ticker.changed(true);
    ticker.dispose();
    ticker.changed(true);
    clock.advance(1000);
    assert.deepEqual(told, []);
  });

  it('tells of a hundred thousand no more than twice a second', () => {
    const many = new ChangeTicker(
      clock,
      () => {
        told.push(clock.now() - startMs);
      },
      () => 100_000,
    );
    ticker.dispose();
    ticker = many;
    change(true, 2000);
    assert.deepEqual(told, [0, 500, 1000, 1500, 2000]);
  });
});
