import assert from 'node:assert/strict';
import type { TransferSnapshot } from '../../../../src/engine/index';
import { contextOf, rowCommandOf } from '../../../../src/ui/show/rowRemedies';
import { rootRows } from '../../../../src/ui/show/transfersModel';
import { causesOf, remediesOf } from '../../../../src/ui/text/causes';
import { batch, english, failure, KINDS, NOW, snapshot, transfer } from '../snapshots';

const beijing = { endpoint: 'oss-cn-beijing.aliyuncs.com' };

function failed(
  kind: Parameters<typeof failure>[0],
  details = {},
  changes: Partial<TransferSnapshot> = {},
): TransferSnapshot {
  return transfer({ state: 'failed', error: failure(kind, details), ...changes });
}

describe('what helps', () => {
  it('is there for what waits for a decision, and for nothing else', () => {
    const useRegion = { kind: 'useRegion', region: 'cn-beijing' };
    assert.deepEqual(remediesOf(failed('wrongRegion', beijing), english), [
      useRegion,
      { kind: 'selectBucket' },
    ]);
    const error = failure('wrongRegion', beijing);
    for (const state of ['paused', 'interrupted', 'uploading'] as const) {
      assert.deepEqual(remediesOf(transfer({ state, error }), english), []);
    }
    const refused = transfer({ state: 'paused', error: failure('credentials') });
    assert.deepEqual(remediesOf(refused, english), [{ kind: 'updateCredentials' }]);
  });

  it('is never what loses something, or only tells more', () => {
    for (const kind of ['sourceMissing', 'checkpointNewer', 'alreadyExists', 'internal'] as const) {
      const kinds = remediesOf(failed(kind, { ec: '1' }), english).map((action) => action.kind);
      for (const other of ['discard', 'skip', 'openHelp', 'copyErrorDetails', 'showLog'] as const) {
        assert.equal(kinds.includes(other), false, `${kind}: ${other}`);
      }
    }
  });

  it('has a command that a row can call, whatever failed', () => {
    for (const kind of KINDS) {
      const remedies = remediesOf(failed(kind, { ...beijing, ec: '1' }), english);
      const unknown = remedies.filter((action) => rowCommandOf(action) === undefined);
      assert.deepEqual(unknown, [], kind);
    }
  });

  it('is one for all of one cause', () => {
    const other = { target: { ...transfer().target, bucket: 'backup' } };
    const causes = causesOf(
      [
        failed('accessDenied', {}, { id: 'a' }),
        failed('accessDenied', {}, { id: 'b' }),
        failed('accessDenied', {}, { id: 'c', ...other }),
        failed('sourceMissing', {}, { id: 'd' }),
        transfer({ id: 'e', state: 'paused' }),
      ],
      english,
    );
    assert.deepEqual(
      causes.map(({ transfers, short }) => [short, ...transfers.map(({ id }) => id)]),
      [
        ['no permission', 'a', 'b'],
        ['no permission', 'c'],
        ['file is gone', 'd'],
      ],
    );
    assert.deepEqual(
      causes[0]?.remedies.map(({ kind }) => kind),
      ['switchCredentials', 'copyRamPolicy', 'retry'],
    );
  });

  it('is known to the menu of a row, and of the folder it lies in', () => {
    const context = (transfers: readonly Partial<TransferSnapshot>[]): string | undefined => {
      const [row] = rootRows(snapshot([batch(transfers)]), NOW, english);
      return row && contextOf(row.state, row.remedies);
    };
    const denied = { state: 'failed', error: failure('accessDenied') } as const;
    assert.equal(context([denied]), 'failed setCredentialsItem copyPolicyItem');
    assert.equal(context([{}, denied]), 'queued setCredentialsItem copyPolicyItem');
    assert.equal(context([{ state: 'paused' }]), 'paused');
    assert.equal(rowCommandOf({ kind: 'retry' }), 'resumeItem');
    assert.equal(rowCommandOf({ kind: 'openHelp' }), undefined);
  });
});
