import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { FolderWatch } from '../../../../src/engine/transfers/folderWatch.ts';
import { Batch, Batches } from '../../../../src/engine/transfers/batches.ts';
import type { SavedBatch } from '../../../../src/engine/record/savedBatches.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const host = { now: () => 0, changed: nothing, notice: nothing };
const header = { label: '', workspacePath: '', createdMs: 0 };

describe('the looking out for other windows', () => {
  let clock: VirtualClock;
  let reads: number;
  /** What reading the folder takes. */
  let tookMs: number;
  /** What the folder says of its last change. */
  let mark: string;
  /** Whether there is a batch, and another window drives it. */
  let isElsewhere: boolean | undefined;
  let watch: FolderWatch;
  let batches: Batches;
  beforeEach(async () => {
    clock = new VirtualClock();
    reads = tookMs = 0;
    mark = 'as it was';
    isElsewhere = undefined;
    batches = new Batches();
    const read = async (): Promise<SavedBatch[]> => {
      reads++;
      await turn();
      clock.advance(tookMs);
      const finishedEarlier = { files: 0, sizeBytes: 0 };
      const { filePath, target, options } = {
        filePath: '/a',
        target: { bucket: 'b', key: 'a', region: '', profile: '' },
        options: { partSizeBytes: 102_400, parallel: 1, forbidOverwrite: false, object: {} },
      };
      const id = '0'.repeat(32);
      const item = { id, filePath, target, options, sizeBytes: 1, isDiscarding: false };
      const items = [{ item, progress: undefined, state: 'interrupted', updatedMs: 0 }] as const;
      return isElsewhere === undefined
        ? []
        : [{ id: 'large', header, isElsewhere, finishedEarlier, items }];
    };
    const folder = { mark: () => Promise.resolve(mark), read };
    watch = new FolderWatch(folder, batches, clock, silent, {
      make: (id) => new Batch(id, header, host),
      add: ({ transfers }, { item, state }) => transfers.add(item, state),
      changed: nothing,
    });
    await watch.refresh();
    await lookOut(2);
    reads = 0;
  });
  afterEach(async () => {
    await watch.stop();
  });

  async function lookOut(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      clock.advance(3000);
      for (let turns = 0; turns < 5; turns++) await turn();
    }
  }

  it('reads nothing while nothing changes and no other window drives anything', async () => {
    await lookOut(20);
    assert.equal(reads, 0);
  });

  it('reads each time while another window drives a little', async () => {
    isElsewhere = true;
    await watch.refresh();
    reads = 0;
    await lookOut(20);
    assert.equal(reads, 20);
    isElsewhere = false;
    await lookOut(1);
    assert.equal(
      [...batches].some((batch) => batch.isElsewhere),
      false,
    );
  });

  it('takes a fiftieth of the time while another window drives much, and misses no change', async () => {
    isElsewhere = true;
    tookMs = 400;
    await watch.refresh();
    reads = 0;
    const startMs = clock.now();
    for (let look = 0; look < 40; look++) {
      mark = `change ${look}`;
      await lookOut(1);
    }
    const share = (reads * tookMs) / (clock.now() - startMs);
    assert.ok(share > 0.01 && share <= 0.02, `${reads} reads, ${share} of the time`);
    // The last change comes while it is too early to look again.
    for (const before = reads; reads === before;) await lookOut(1);
    isElsewhere = false;
    mark = 'let go';
    await lookOut(2);
    assert.equal(
      [...batches].some((batch) => batch.isElsewhere),
      true,
    );
    await lookOut(6);
    assert.equal(
      [...batches].some((batch) => batch.isElsewhere),
      false,
    );
  });
});
