import { strict as assert } from 'node:assert';
import type { TransferSnapshot } from '../../../../src/engine/index';
import { editor } from '../../../support/fakeEditor';
import { batch, snapshot, transfer } from '../snapshots';
// Loaded after the editor that it imports.
import { TransferActions } from '../../../../src/ui/actions/transferActions';

type Parts = ConstructorParameters<typeof TransferActions>;

describe('the buttons of a message', () => {
  beforeEach(() => {
    editor.reset();
  });

  it('ask whose credentials are set, where the failure is of no transfer', async () => {
    const nothing = {} as unknown;
    const actions = new TransferActions(
      ...(Array.from<unknown>({ length: 5 }).fill(nothing) as Parts),
    );
    await actions.run({ kind: 'updateCredentials' }, []);
    assert.deepEqual(editor.commands, [['ossUpload.setCredentials', undefined]]);
  });
});

describe('a discard', () => {
  beforeEach(() => {
    editor.reset();
    editor.user = () => 'Discard';
  });

  /** Discards two uploads, of which so many turn out to be completed. */
  async function discard(completed: number): Promise<void> {
    const before = [transfer({ id: 'a' }), transfer({ id: 'b', filePath: '/home/me/other.mp4' })];
    let left: readonly TransferSnapshot[] = before;
    const transfers = {
      snapshot: () => snapshot([batch(left)]),
      discard: () => {
        left = before.slice(0, completed).map((one) => ({ ...one, state: 'completed' }));
        return Promise.resolve();
      },
    };
    const rest = Array.from<unknown>({ length: 4 }).fill({});
    const actions = new TransferActions(...([transfers, ...rest] as unknown as Parts));
    await actions.discard(['a', 'b']);
  }

  it('says of none that OSS had completed that it was discarded', async () => {
    await discard(2);
    assert.deepEqual(editor.statuses, []);
    await discard(1);
    await discard(0);
    // One is named, several are counted.
    assert.deepEqual(editor.statuses, [
      '$(trash) Discarded {name}.',
      '$(trash) Discarded {n} uploads. {size} removed from OSS.',
    ]);
  });
});
