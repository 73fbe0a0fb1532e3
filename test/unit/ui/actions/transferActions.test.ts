import { strict as assert } from 'node:assert';
import { editor } from '../../../support/fakeEditor';
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
