import { strict as assert } from 'node:assert';
import { Batch, Batches } from '../../../../src/engine/transfers/batches.ts';
import { TestBatch } from '../../../support/transfers.ts';

describe('the batches of a window', () => {
  it('leave nobody waiting for the end of one whose last file has gone into another', async () => {
    const nothing = (): void => undefined;
    const host = { now: () => 0, changed: nothing, notice: nothing };
    const header = { label: 'a', workspacePath: '', createdMs: 0 };
    const { items } = new TestBatch({ name: 'a' }).transfers;
    const batch = new Batch('first', header, host, items);
    const batches = new Batches();
    batches.put(batch);
    const settled = batch.whenSettled();
    batch.transfers.deleteAt(0);
    batches.remove(batch);
    await settled;
    assert.deepEqual([...batches], []);
  });
});
