import { strict as assert } from 'node:assert';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import { MARKS } from '../../../../src/engine/transfers/transferTable.ts';
import { TestBatch } from '../../../support/transfers.ts';

describe('a table of transfers', () => {
  const refusal = new UploadError('accessDenied', 'no', { code: 'AccessDenied' });

  function batch(): TestBatch {
    return new TestBatch(
      { name: 'a', sizeBytes: 10 },
      { name: 'b', sizeBytes: 20 },
      { name: 'c', sizeBytes: 30, state: 'interrupted' },
    );
  }

  it('makes an object of a transfer once, which stays until it is completed', () => {
    const { transfers } = batch();
    assert.equal(transfers.live.size, 0);
    const transfer = transfers.at(0);
    assert.equal(transfers.at(0), transfer);
    assert.equal(transfers.indexOf(transfer), 0);
    transfer.moveTo('completed');
    transfers.finish(transfer);
    assert.equal(transfers.live.size, 0);
    assert.equal(transfers.indexOf(transfer), undefined);
    assert.equal(transfers.stateAt(0), 'completed');
  });

  it('keeps state, reason and time of what is no object', () => {
    const { transfers } = batch();
    transfers.moveTo(1, 'failed', 77, refusal);
    const { state, error, updatedMs, sizeBytes } = transfers.snapshotOf(1);
    assert.deepEqual(
      { state, error, updatedMs, sizeBytes },
      { state: 'failed', error: refusal, updatedMs: 77, sizeBytes: 20 },
    );
    assert.equal(transfers.at(1).error, refusal);
    transfers.moveTo(1, 'queued', 78);
    assert.equal(transfers.stateAt(1), 'queued');
    assert.equal(transfers.snapshotOf(1).error, undefined);
  });

  it('remembers of what was left behind that another window may have sent it', () => {
    const { transfers } = batch();
    transfers.moveTo(2, 'queued', 0);
    assert.equal(transfers.at(2).job.mayBeDone, true);
    assert.equal(transfers.at(0).job.mayBeDone, false);
  });

  it('is settled when nothing runs or waits, and completed when all is', () => {
    const { transfers } = batch();
    assert.equal(transfers.isSettled, false);
    assert.equal(transfers.activeCount, 2);
    transfers.at(0).moveTo('paused');
    transfers.moveTo(1, 'paused', 0);
    assert.equal(transfers.isSettled, true);
    assert.equal(transfers.isCompleted, false);
    for (const index of [0, 1, 2]) {
      transfers.at(index).moveTo('completed');
      assert.equal(transfers.isCompleted, index === 2);
      if (index !== 1) transfers.finish(transfers.at(index));
    }
    assert.equal(transfers.isCompleted, true);
    transfers.deleteAt(0);
    assert.equal(transfers.size, 2);
    assert.equal(transfers.isCompleted, true);
  });

  it('gives lists that stay as they were, with counts and sums', () => {
    const { transfers } = batch();
    const before = transfers.list();
    transfers.at(0).moveTo('completed');
    transfers.finish(transfers.at(0));
    transfers.deleteAt(1);
    transfers.moveTo(2, 'queued', 5);
    const after = transfers.list();
    const states = (list: typeof before): string[] => list.all().map(({ state }) => state);
    assert.deepEqual(states(before), ['queued', 'queued', 'interrupted']);
    assert.deepEqual(states(after), ['completed', 'queued']);
    assert.deepEqual(
      [before.length, before.counts.queued, before.sizeBytes, before.confirmedBytes],
      [3, 2, 60, 0],
    );
    assert.deepEqual(
      [after.length, after.counts.completed, after.sizeBytes, after.confirmedBytes],
      [2, 1, 40, 10],
    );
    const [a, b] = before.all();
    assert.equal(before.get(b?.id ?? '')?.state, 'queued');
    assert.equal(after.get(b?.id ?? ''), undefined);
    assert.equal(after.get(a?.id ?? '')?.state, 'completed');
  });

  it('gives the first of those in some states, or only those with a mark', () => {
    const { transfers } = batch();
    const names = (list: readonly { readonly filePath: string }[]): string[] =>
      list.map(({ filePath }) => filePath);
    assert.deepEqual(names(transfers.list().select(['queued', 'interrupted'], 2)), [
      '/source/a',
      '/source/b',
    ]);
    transfers.mark(2, MARKS.started);
    assert.deepEqual(names(transfers.list(MARKS.started).all()), ['/source/c']);
    transfers.unmarkAll(MARKS.started);
    assert.equal(transfers.list(MARKS.started).length, 0);
  });

  it('knows the folders of those that a list is of, or of those in some states', () => {
    const { transfers } = new TestBatch(
      { name: 'a', key: 'x/a' },
      { name: 'b', key: 'y/b', state: 'failed' },
      { name: 'c', key: 'z/c' },
    );
    const keys = (
      list: ReturnType<typeof transfers.list>,
      ...of: Parameters<typeof list.folders>
    ) => list.folders(...of).map(({ key }) => key);
    assert.deepEqual(keys(transfers.list()), ['x/', 'y/', 'z/']);
    assert.deepEqual(keys(transfers.list(), ['failed']), ['y/']);
    transfers.mark(2, MARKS.started);
    assert.deepEqual(keys(transfers.list(MARKS.started)), ['z/']);
  });
});
