import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { RateLimiter } from '../../../../src/engine/limits/rateLimiter.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const MB = 1_000_000;

describe('RateLimiter', () => {
  let clock: VirtualClock;
  let controller: AbortController;
  beforeEach(() => {
    clock = new VirtualClock();
    controller = new AbortController();
  });
  afterEach(() => {
    controller.abort();
  });

  /** Lanes that take chunks as fast as they may; counts what they got. */
  function lanes(limiter: RateLimiter, count: number): { bytes: number } {
    const taken = { bytes: 0 };
    const lane = async (): Promise<void> => {
      while (!controller.signal.aborted) {
        const sizeBytes = Math.min(limiter.chunkBytes, 256 * 1024);
        await limiter.take(sizeBytes, controller.signal);
        taken.bytes += sizeBytes;
        await turn();
      }
    };
    for (let index = 0; index < count; index++) void lane().catch(() => undefined);
    return taken;
  }

  /** Bytes per second that are taken in so many seconds. */
  async function measure(taken: { readonly bytes: number }, seconds: number): Promise<number> {
    const before = taken.bytes;
    const stepMs = 10;
    for (let ms = 0; ms < seconds * 1000; ms += stepMs) {
      clock.advance(stepMs);
      await turn();
      await turn();
    }
    return (taken.bytes - before) / seconds;
  }

  function assertNear(actual: number, wanted: number): void {
    assert.ok(Math.abs(actual / wanted - 1) < 0.1, `${actual} is not near ${wanted}`);
  }

  it('keeps four lanes at 1 MB/s within 10 %, at 2 MB/s when changed, and lets go without a limit', async () => {
    const limiter = new RateLimiter(MB, clock);
    const taken = lanes(limiter, 4);
    assertNear(await measure(taken, 10), MB);
    limiter.setLimit(2 * MB);
    assertNear(await measure(taken, 10), 2 * MB);
    limiter.setLimit(0);
    assert.ok((await measure(taken, 1)) > 20 * MB);
    limiter.setLimit(100_000);
    assertNear(await measure(taken, 10), 100_000);
  });

  it('does not save up what was not used in a pause', async () => {
    const limiter = new RateLimiter(MB, clock);
    clock.advance(3_600_000);
    const taken = lanes(limiter, 4);
    await turn();
    await turn();
    await turn();
    assert.ok(taken.bytes <= 0.3 * MB, `${taken.bytes} bytes at once after an hour`);
  });

  it('does not stand still for as long as the clock is put back', async () => {
    const limiter = new RateLimiter(MB, clock);
    const taken = lanes(limiter, 4);
    await measure(taken, 1);
    clock.sleep(-3_600_000);
    assertNear(await measure(taken, 10), MB);
  });

  it('gives small chunks where the limit is low, for a steady stream', () => {
    assert.equal(new RateLimiter(100_000, clock).chunkBytes, 10_000);
    assert.equal(new RateLimiter(1000, clock).chunkBytes, 4096);
    assert.equal(new RateLimiter(0, clock).chunkBytes, Number.MAX_SAFE_INTEGER);
  });

  it('lets whoever waits reckon anew when the limit changes', async () => {
    const limiter = new RateLimiter(1000, clock);
    await limiter.take(4096, controller.signal);
    const waiting = limiter.take(4096, controller.signal);
    await turn();
    limiter.setLimit(0);
    await waiting;
  });

  it('ends the wait when it is not wanted any more', async () => {
    const limiter = new RateLimiter(1000, clock);
    await limiter.take(4096, controller.signal);
    const waiting = limiter.take(4096, controller.signal);
    await turn();
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
  });
});
