import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { runParallel } from '../../../../src/engine/base/runParallel.ts';

const never = new AbortController().signal;
const items = Array.from({ length: 20 }, (_, index) => index + 1);

describe('runParallel', () => {
  it('works through all items, in order, so many at once', async () => {
    const started: number[] = [];
    let running = 0;
    let most = 0;
    await runParallel(items, 3, never, async (item) => {
      started.push(item);
      most = Math.max(most, ++running);
      await turn();
      running--;
    });
    assert.deepEqual(started, items);
    assert.equal(most, 3);
  });

  it('has nothing to do with no items, and no trouble with more workers than items', async () => {
    const unexpected = (): Promise<void> => Promise.reject(new Error('nothing to do'));
    await runParallel([], 3, never, unexpected);
    const done: number[] = [];
    await runParallel([1, 2], 64, never, (item) => {
      done.push(item);
      return Promise.resolve();
    });
    assert.deepEqual(done, [1, 2]);
  });

  it('stops all workers at the first failure, and starts nothing after it', async () => {
    const started: number[] = [];
    let stopped = 0;
    const work = async (item: number, signal: AbortSignal): Promise<void> => {
      started.push(item);
      if (item === 2) throw new Error('part 2');
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped++;
          reject(new Error('only a consequence'));
        });
      });
    };
    await assert.rejects(runParallel(items, 4, never, work), { message: 'part 2' });
    assert.ok(started.length <= 4, `${started.length} were started`);
    assert.equal(stopped, started.length - 1);
  });

  it('rejects only when every worker has come to rest', async () => {
    let isResting = false;
    const work = async (item: number): Promise<void> => {
      if (item === 1) throw new Error('part 1');
      for (let turns = 0; turns < 5; turns++) await turn();
      isResting = true;
    };
    await assert.rejects(runParallel([1, 2], 2, never, work));
    assert.ok(isResting);
  });

  it('rejects with the reason of whoever stopped it', async () => {
    const controller = new AbortController();
    const started: number[] = [];
    const running = runParallel(items, 2, controller.signal, async (item) => {
      started.push(item);
      if (item === 2) controller.abort(new Error('paused'));
      await turn();
    });
    await assert.rejects(running, { message: 'paused' });
    assert.deepEqual(started, [1, 2]);
  });
});
