import { strict as assert } from 'node:assert';
import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Lanes } from '../../../../src/engine/limits/lanes.ts';
import type { LaneKind } from '../../../../src/engine/limits/lanes.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const never = new AbortController().signal;
// All requests of these tests share one signal.
setMaxListeners(0, never);

/** Requests that run until they are ended by hand. */
class Requests {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();

  constructor(private readonly lanes: Lanes) {}

  async start(name: string, kind: LaneKind, signal = never): Promise<void> {
    const leave = await this.lanes.enter(kind, signal);
    this.running.push(name);
    this.#ends.set(name, leave);
  }

  async end(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.#ends.get(name)?.();
    await turn();
  }
}

describe('Lanes', () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
  });

  function succeed(lanes: Lanes, times: number): void {
    for (let count = 0; count < times; count++) lanes.speedUp();
  }

  it('lets in as many parts as there are lanes, in the order they came', async () => {
    const requests = new Requests(new Lanes(2, clock));
    ['a', 'b', 'c', 'd'].forEach((name) => void requests.start(name, 'part'));
    await turn();
    assert.deepEqual(requests.running, ['a', 'b']);
    await requests.end('b');
    assert.deepEqual(requests.running, ['a', 'c']);
    await requests.end('a');
    assert.deepEqual(requests.running, ['c', 'd']);
  });

  it('does not stay closed for as long as the clock is put back', async () => {
    const lanes = new Lanes(4, clock);
    const requests = new Requests(lanes);
    lanes.slowDown(1000);
    clock.sleep(-3_600_000);
    void requests.start('a', 'part');
    await turn();
    clock.advance(1000);
    await turn();
    assert.deepEqual(requests.running, ['a']);
  });

  it('puts four small files into a lane', async () => {
    const requests = new Requests(new Lanes(1, clock));
    ['a', 'b', 'c', 'd', 'e'].forEach((name) => void requests.start(name, 'smallFile'));
    await turn();
    assert.deepEqual(requests.running, ['a', 'b', 'c', 'd']);
  });

  it('shares between parts and small files, whoever came first', async () => {
    const lanes = new Lanes(4, clock);
    const requests = new Requests(lanes);
    for (let count = 0; count < 10; count++) void requests.start(`part ${count}`, 'part');
    await turn();
    for (let count = 0; count < 40; count++) void requests.start(`file ${count}`, 'smallFile');
    for (let count = 0; count < 4; count++) await requests.end(requests.running[0] ?? '');
    const files = requests.running.filter((name) => name.startsWith('file'));
    const parts = requests.running.filter((name) => name.startsWith('part'));
    assert.equal(files.length, 8, 'small files have half of the lanes');
    assert.equal(parts.length, 2, 'parts have the other half');
  });

  it('lets a part in although small files keep coming', async () => {
    const requests = new Requests(new Lanes(1, clock));
    for (let count = 0; count < 20; count++) void requests.start(`file ${count}`, 'smallFile');
    void requests.start('part', 'part');
    await turn();
    for (let count = 0; count < 4; count++) await requests.end(`file ${count}`);
    assert.deepEqual(requests.running, ['part']);
  });

  it('gives the lane back when its wait for OSS is ended', async () => {
    const lanes = new Lanes(1, clock);
    const requests = new Requests(lanes);
    const controller = new AbortController();
    lanes.slowDown(7000);
    const ended = assert.rejects(requests.start('a', 'part', controller.signal), {
      name: 'AbortError',
    });
    await turn();
    controller.abort();
    await ended;
    void requests.start('b', 'part');
    clock.advance(7000);
    await turn();
    assert.deepEqual(requests.running, ['b']);
  });

  it('lets go of whoever does not want to wait any more', async () => {
    const lanes = new Lanes(1, clock);
    const requests = new Requests(lanes);
    const controller = new AbortController();
    void requests.start('a', 'part');
    const refused = assert.rejects(requests.start('b', 'part', controller.signal), {
      name: 'AbortError',
    });
    void requests.start('c', 'part');
    controller.abort();
    await refused;
    await requests.end('a');
    assert.deepEqual(requests.running, ['c']);
    await assert.rejects(requests.start('d', 'part', controller.signal));
  });

  it('halves the limit once for everybody who is throttled together', () => {
    const lanes = new Lanes(8, clock);
    for (let count = 0; count < 8; count++) lanes.slowDown(0);
    assert.equal(lanes.open, 4);
    clock.advance(1000);
    lanes.slowDown(0);
    assert.equal(lanes.open, 2);
    for (let count = 0; count < 10; count++) {
      clock.advance(1000);
      lanes.slowDown(0);
    }
    assert.equal(lanes.open, 1);
  });

  it('opens a lane again for every eight successes, up to the limit', () => {
    const lanes = new Lanes(4, clock);
    lanes.slowDown(0);
    assert.equal(lanes.open, 2);
    succeed(lanes, 7);
    assert.equal(lanes.open, 2);
    succeed(lanes, 1);
    assert.equal(lanes.open, 3);
    succeed(lanes, 100);
    assert.equal(lanes.open, 4);
  });

  it('starts counting successes anew when it is throttled again', () => {
    const lanes = new Lanes(4, clock);
    lanes.slowDown(0);
    succeed(lanes, 7);
    lanes.slowDown(0);
    succeed(lanes, 7);
    assert.equal(lanes.open, 2);
  });

  it('sends nothing while OSS asked for time', async () => {
    const lanes = new Lanes(2, clock);
    const requests = new Requests(lanes);
    lanes.slowDown(7000);
    void requests.start('a', 'part');
    await turn();
    clock.advance(6999);
    await turn();
    assert.deepEqual(requests.running, []);
    clock.advance(1);
    await turn();
    assert.deepEqual(requests.running, ['a']);
  });

  it('sends nothing either when OSS asks for more time meanwhile', async () => {
    const lanes = new Lanes(2, clock);
    const requests = new Requests(lanes);
    lanes.slowDown(2000);
    void requests.start('a', 'part');
    await turn();
    clock.advance(1000);
    lanes.slowDown(60_000);
    clock.advance(59_999);
    await turn();
    assert.deepEqual(requests.running, []);
    clock.advance(1);
    await turn();
    assert.deepEqual(requests.running, ['a']);
  });

  it('has another limit at once, and keeps to it when OSS throttled before', async () => {
    const lanes = new Lanes(2, clock);
    const requests = new Requests(lanes);
    ['a', 'b', 'c', 'd'].forEach((name) => void requests.start(name, 'part'));
    lanes.setLimit(3);
    await turn();
    assert.deepEqual(requests.running, ['a', 'b', 'c']);
    lanes.setLimit(1);
    await requests.end('a');
    await requests.end('b');
    assert.deepEqual(requests.running, ['c']);
    lanes.setLimit(8);
    lanes.slowDown(0);
    lanes.setLimit(16);
    assert.equal(lanes.open, 4, 'a higher limit is no reason to be faster than OSS allows');
    succeed(lanes, 1000);
    assert.equal(lanes.open, 16);
  });
});
