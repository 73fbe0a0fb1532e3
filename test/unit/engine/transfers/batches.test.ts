import { strict as assert } from 'node:assert';
import type { OpenBatch } from '../../../../src/engine/record/batchRecord.ts';
import { OpenJournal } from '../../../../src/engine/record/journalStore.ts';
import { Batch, Batches, note } from '../../../../src/engine/transfers/batches.ts';
import { TestBatch } from '../../../support/transfers.ts';

function batchOf(id: string): Batch {
  const nothing = (): void => undefined;
  const host = { now: () => 0, changed: nothing, notice: nothing };
  const header = { label: 'a', workspacePath: '', createdMs: 0 };
  const { items } = new TestBatch({ name: 'a' }).transfers;
  return new Batch(id, header, host, items);
}

describe('the batches of a window', () => {
  it('leave nobody waiting for the end of one whose last file has gone into another', async () => {
    const batch = batchOf('first');
    const batches = new Batches();
    batches.put(batch);
    const settled = batch.whenSettled();
    batch.transfers.deleteAt(0);
    batches.remove(batch);
    await settled;
    assert.deepEqual([...batches], []);
  });

  it('have a note about several written in each before what is noted later, however slow one is', () => {
    const written: string[] = [];
    const selected = ['slow', 'other'].map((id) => {
      const batch = batchOf(id);
      const journal = Object.create(OpenJournal.prototype) as OpenBatch;
      journal.append = (line) => {
        written.push(`${id} ${Object.keys(line).join()}`);
        return new Promise(() => undefined);
      };
      batch.journal = journal;
      return { batch, indices: [0] };
    });
    void note(selected, (paused) => ({ paused }));
    void note(selected.slice(1), (resumed) => ({ resumed }));
    assert.deepEqual(written, ['slow paused', 'other paused', 'other resumed']);
  });
});
