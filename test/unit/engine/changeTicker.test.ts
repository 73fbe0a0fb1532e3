import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { ChangeTicker } from '../../../src/engine/changeTicker.ts';

describe('ChangeTicker', () => {
  let told: number[];
  let ticker: ChangeTicker;
  beforeEach(() => {
    told = [];
    ticker = new ChangeTicker(() => told.push(performance.now()));
  });
  afterEach(() => {
    ticker.dispose();
  });

  it('tells the first change at once, and not within the call', async () => {
    ticker.changed(false);
    assert.equal(told.length, 0);
    await delay(15);
    assert.equal(told.length, 1);
  });

  it('makes one call of any number of changes, and does not forget the last', async () => {
    ticker.flush();
    const startMs = performance.now();
    for (let count = 0; count < 10_000; count++) ticker.changed(false);
    await delay(150);
    assert.equal(told.length, 1);
    ticker.changed(false);
    await delay(150);
    assert.equal(told.length, 2);
    assert.ok((told[1] ?? 0) - startMs >= 240);
  });

  it('does not let a new state wait for the next number', async () => {
    ticker.flush();
    ticker.changed(false);
    ticker.changed(true);
    await delay(60);
    assert.equal(told.length, 2);
  });

  it('makes few calls of thousands of states', async () => {
    const endMs = performance.now() + 150;
    while (performance.now() < endMs) {
      ticker.changed(true);
      await delay(1);
    }
    assert.ok(told.length <= 8, `${told.length} calls in 150 ms`);
  });

  it('says nothing after the end', async () => {
    ticker.changed(true);
    ticker.dispose();
    ticker.changed(true);
    await delay(50);
    assert.deepEqual(told, []);
  });
});
