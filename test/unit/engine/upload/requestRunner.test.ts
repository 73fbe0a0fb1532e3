import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import type {
  UploadErrorDetails,
  UploadErrorKind,
} from '../../../../src/engine/contract/errors.ts';
import { Lanes } from '../../../../src/engine/limits/lanes.ts';
import type { ObjectStore } from '../../../../src/engine/contract/ports.ts';
import { RequestRunner, WakeUp } from '../../../../src/engine/upload/requestRunner.ts';
import { RetryBudget } from '../../../../src/engine/upload/retry.ts';
import { UploadMonitor } from '../../../../src/engine/upload/uploadMonitor.ts';
import { until } from '../../../support/until.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function failure(kind: UploadErrorKind, details: Partial<UploadErrorDetails> = {}): UploadError {
  return new UploadError(kind, kind, { code: kind, ...details });
}

/** A runner on a clock of its own, and everything around it. */
class Bench {
  readonly clock = new VirtualClock();
  readonly lanes = new Lanes(8, this.clock);
  readonly wakeUp = new WakeUp();
  readonly logged: string[] = [];
  readonly controller = new AbortController();
  readonly monitor = new UploadMonitor(
    () => undefined,
    () => undefined,
  );
  recoveries: boolean[] = [];
  recovered = 0;
  readonly runner: RequestRunner;

  constructor(parallel = 1) {
    const log = (message: string): void => void this.logged.push(message);
    const { clock, lanes, wakeUp } = this;
    const store = {
      recover: () => {
        this.recovered++;
        return Promise.resolve(this.recoveries.shift() ?? false);
      },
    } as Partial<ObjectStore> as ObjectStore;
    const logger = { debug: log, info: log, warn: log, error: log };
    const environment = { lanes, clock, logger, wakeUp, random: () => 0.5 };
    this.runner = new RequestRunner(environment, store, new RetryBudget(parallel), this.monitor);
  }

  /** Sends a request that fails with these, one after the other, and then succeeds. */
  send(...failures: readonly UploadError[]): Promise<number> {
    const left = [...failures];
    return this.runner.send('test', this.controller.signal, (attempt) => {
      const error = left.shift();
      return error === undefined ? Promise.resolve(attempt) : Promise.reject(error);
    });
  }

  /** Waits until so many wait for their next try. */
  async waiting(count = 1): Promise<void> {
    await until(() => this.clock.waiting >= count);
  }
}

describe('RequestRunner', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => {
    bench.clock.stop();
  });

  it('sends again what may heal, later each time', async () => {
    bench.clock.run();
    const attempt = await bench.send(failure('server'), failure('badResponse'), failure('timeout'));
    assert.equal(attempt, 4);
    assert.deepEqual(bench.clock.delays, [250, 500, 1000]);
    assert.equal(bench.monitor.retries, 3);
  });

  it('sends what does not heal once', async () => {
    const refused = failure('accessDenied');
    await assert.rejects(bench.send(refused), (error) => error === refused);
    assert.deepEqual(bench.clock.delays, []);
  });

  it('waits as long as the server asks for, even when others get through', async () => {
    const sent = bench.send(failure('throttled', { retryAfterMs: 7000 }));
    await bench.waiting();
    assert.deepEqual(bench.clock.delays, [7000]);
    bench.wakeUp.now();
    bench.clock.advance(6999);
    await turn();
    assert.equal(bench.monitor.waiting?.error.kind, 'throttled');
    bench.clock.advance(1);
    assert.equal(await sent, 2);
  });

  it('slows everybody down when OSS throttles', async () => {
    bench.clock.run();
    await bench.send(failure('throttled'));
    assert.equal(bench.lanes.open, 4);
    await bench.send(failure('server'));
    assert.equal(bench.lanes.open, 4);
  });

  it('tells when nothing is under way but a wait, and for when', async () => {
    const startMs = bench.clock.now();
    const sent = bench.send(failure('network'));
    await bench.waiting();
    assert.equal(bench.monitor.waiting?.nextTryMs, startMs + 250);
    bench.clock.advance(250);
    await sent;
    assert.equal(bench.monitor.waiting, undefined);
  });

  it('tries at once when woken while the network is gone', async () => {
    const sent = bench.send(failure('network'), failure('timeout'));
    await bench.waiting();
    bench.wakeUp.now();
    await turn();
    await bench.waiting();
    bench.wakeUp.now();
    assert.equal(await sent, 3);
  });

  it('wakes the others when it gets through after an outage', async () => {
    const sent = bench.send(failure('network'));
    const other = new Promise<void>((resolve) => {
      bench.wakeUp.signal.addEventListener('abort', () => {
        resolve();
      });
    });
    await bench.waiting();
    bench.clock.advance(250);
    await Promise.all([sent, other]);
  });

  it('gives up when the network is gone for 30 minutes', async () => {
    bench.clock.run();
    const startMs = bench.clock.now();
    const failures = Array.from({ length: 1000 }, () => failure('network'));
    await assert.rejects(bench.send(...failures), (error) => UploadError.is(error, 'network'));
    const minutes = (bench.clock.now() - startMs) / MINUTE_MS;
    assert.ok(minutes >= 30 && minutes < 31, `after ${minutes} min`);
  });

  it('counts the 30 minutes from the first failure, not from the last success', async () => {
    bench.clock.advance(HOUR_MS);
    bench.clock.run();
    assert.equal(await bench.send(failure('network')), 2);
  });

  it('counts them anew after sleep, also for what was under way meanwhile', async () => {
    const sent = bench.send(failure('network'), failure('network'), failure('network'));
    await bench.waiting();
    bench.clock.advance(8 * HOUR_MS);
    bench.wakeUp.now();
    await bench.waiting();
    bench.clock.advance(500);
    await bench.waiting();
    bench.clock.advance(1000);
    assert.equal(await sent, 4);
  });

  it('counts neither sleep nor a clock that is set, although nobody noticed', async () => {
    for (const leapMs of [8 * HOUR_MS, -8 * HOUR_MS]) {
      const sent = bench.send(failure('network'), failure('network'), failure('network'));
      await bench.waiting();
      bench.clock.sleep(leapMs);
      bench.clock.run();
      assert.equal(await sent, 4);
      bench.clock.stop();
    }
  });

  it('takes an error of the service for a sign that the network is there', async () => {
    const failures = Array.from({ length: 100 }, (_, index) =>
      failure(index % 50 === 49 ? 'server' : 'network'),
    );
    bench.clock.run();
    assert.equal(await bench.send(...failures), 101);
  });

  it('stops when nothing but errors comes back', async () => {
    bench.clock.run();
    const failures = Array.from({ length: 100 }, () => failure('server'));
    await assert.rejects(bench.send(...failures), (error) => UploadError.is(error, 'server'));
    assert.equal(bench.monitor.retries, 12);
  });

  it('sends again at once after a recovery, and asks for one only once', async () => {
    bench.recoveries = [true, true];
    assert.equal(await bench.send(failure('credentials')), 2);
    assert.deepEqual(bench.clock.delays, []);
    await assert.rejects(bench.send(failure('credentials'), failure('credentials')), (error) =>
      UploadError.is(error, 'credentials'),
    );
    assert.equal(bench.recovered, 2);
  });

  it('recovers from a key and from a clock that are wrong at once, from each once', async () => {
    bench.recoveries = [true, true, true];
    assert.equal(await bench.send(failure('credentials'), failure('clockSkew')), 3);
    assert.equal(bench.recovered, 2);
    const failures = ['clockSkew', 'credentials', 'clockSkew'] as const;
    bench.recoveries = [true, true, true];
    await assert.rejects(bench.send(...failures.map((kind) => failure(kind))), (error) =>
      UploadError.is(error, 'clockSkew'),
    );
    assert.equal(bench.recovered, 4);
  });

  it('fails when there is nothing to recover with', async () => {
    await assert.rejects(bench.send(failure('clockSkew')), (error) =>
      UploadError.is(error, 'clockSkew'),
    );
    assert.equal(bench.recovered, 1);
  });

  it('ends a wait at once when it is stopped, with the reason if that is an error of ours', async () => {
    const sent = bench.send(failure('throttled', { retryAfterMs: 60_000 }));
    await bench.waiting();
    bench.controller.abort();
    await assert.rejects(sent, (error) => UploadError.is(error, 'aborted'));

    const second = new Bench();
    const held = second.send(failure('network'));
    await second.waiting();
    second.controller.abort(failure('heldElsewhere'));
    await assert.rejects(held, (error) => UploadError.is(error, 'heldElsewhere'));
  });

  it('sends nothing when it was stopped before', async () => {
    bench.controller.abort();
    let isSent = false;
    const sent = bench.runner.send('test', bench.controller.signal, () => {
      isSent = true;
      return Promise.resolve();
    });
    await assert.rejects(sent, (error) => UploadError.is(error, 'aborted'));
    assert.equal(isSent, false);
  });
});
