import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { StartQueue } from '../../../../src/engine/transfers/startQueue.ts';
import { TEST_PART_BYTES, TestBatch } from '../../../support/transfers.ts';
import type { TestTransfer } from '../../../support/transfers.ts';

/** A queue whose transfers run until they are ended by hand. */
class Bench {
  readonly running: string[] = [];
  readonly queue: StartQueue;
  readonly batch = new TestBatch();
  readonly #ends = new Map<string, () => void>();

  constructor(lanes: number) {
    this.queue = new StartQueue(lanes, async (transfer) => {
      const name = transfer.item.filePath.replace('/source/', '');
      await transfer.start(async () => {
        this.running.push(name);
        await new Promise<void>((resolve) => this.#ends.set(name, resolve));
        transfer.moveTo('completed');
      });
    });
  }

  push(...wanted: readonly TestTransfer[]): void {
    wanted.forEach((one) => {
      this.queue.push(this.batch.transfers, this.batch.add(one));
    });
    this.queue.pump();
  }

  async end(name: string): Promise<void> {
    assert.ok(this.running.includes(name), `${name} does not run`);
    this.running.splice(this.running.indexOf(name), 1);
    this.#ends.get(name)?.();
    await turn();
  }
}

function large(name: string, parallel = 3): TestTransfer {
  return { name, parallel };
}

function small(name: string): TestTransfer {
  return { name, sizeBytes: TEST_PART_BYTES };
}

describe('StartQueue', () => {
  it('starts as many large files as fill the lanes, the next when one ends', async () => {
    const bench = new Bench(6);
    bench.push(large('a'), large('b'), large('c'));
    assert.deepEqual(bench.running, ['a', 'b']);
    await bench.end('a');
    assert.deepEqual(bench.running, ['b', 'c']);
  });

  it('starts one large file although it wants more lanes than there are', () => {
    const bench = new Bench(2);
    bench.push(large('a', 64), large('b', 64));
    assert.deepEqual(bench.running, ['a']);
  });

  it('lets small files pass large ones, and large ones small ones', async () => {
    const bench = new Bench(1);
    bench.push(large('A'), large('B'), ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(small));
    assert.deepEqual(bench.running, ['A', 'a', 'b', 'c', 'd', 'e', 'f']);
    await bench.end('A');
    assert.deepEqual(bench.running, ['a', 'b', 'c', 'd', 'e', 'f', 'B']);
    await bench.end('a');
    assert.deepEqual(bench.running, ['b', 'c', 'd', 'e', 'f', 'B', 'g']);
  });

  it('uses lanes that are added at once', () => {
    const bench = new Bench(1);
    bench.push(large('a', 1), large('b', 1), large('c', 1));
    assert.deepEqual(bench.running, ['a']);
    bench.queue.setLimit(2);
    assert.deepEqual(bench.running, ['a', 'b']);
  });

  it('passes over what was paused before its turn', async () => {
    const bench = new Bench(1);
    bench.push(large('a', 1));
    bench.push(large('b', 1), large('c', 1));
    bench.batch.transfers.moveTo(1, 'paused', 0);
    await bench.end('a');
    assert.deepEqual(bench.running, ['c']);
  });

  it('sends two files to the same object one after the other, the later one last', async () => {
    const bench = new Bench(9);
    bench.push({ name: 'a', key: 'same' }, { name: 'b', key: 'same' }, large('c'));
    assert.deepEqual(bench.running, ['a', 'c']);
    await bench.end('a');
    assert.deepEqual(bench.running, ['c', 'b']);
    await bench.end('b');
    bench.push({ name: 'd', key: 'same' });
    assert.deepEqual(bench.running, ['c', 'd']);
  });

  it('keeps the order of three files to the same object', async () => {
    const bench = new Bench(9);
    bench.push(...['a', 'b', 'c'].map((name) => ({ name, key: 'same' })));
    await bench.end('a');
    assert.deepEqual(bench.running, ['b']);
    await bench.end('b');
    assert.deepEqual(bench.running, ['c']);
  });

  it('lets nobody pass who came later for the same object', async () => {
    const bench = new Bench(2);
    const same = (name: string): TestTransfer => ({ name, key: 'same', parallel: 1 });
    bench.push(same('a'), same('b'), large('x', 1), same('c'));
    assert.deepEqual(bench.running, ['a', 'x']);
    await bench.end('a');
    assert.deepEqual(bench.running, ['x', 'b']);
    await bench.end('b');
    assert.deepEqual(bench.running, ['x', 'c']);
  });
});
