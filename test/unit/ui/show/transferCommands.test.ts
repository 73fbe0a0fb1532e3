import { strict as assert } from 'node:assert';
import { editor } from '../../../support/fakeEditor';
// Loaded after the editor that it imports.
import { TransferCommands } from '../../../../src/ui/show/transferCommands';
import { batch, snapshot } from '../snapshots';

type Parts = ConstructorParameters<typeof TransferCommands>;

describe('the commands of rows', () => {
  beforeEach(() => {
    editor.reset();
  });

  it('leave alone what another window sends, and copy its path', async () => {
    const other = batch([{ state: 'uploading' }], { isElsewhere: true });
    const calls: string[] = [];
    const called =
      (name: string) =>
      (about: readonly unknown[]): Promise<void> => {
        calls.push(`${name} ${about.length}`);
        return Promise.resolve();
      };
    const parts = {
      transfers: { snapshot: () => snapshot([other]), pause: called('pause') },
      view: { selection: [], transfersOf: () => Promise.resolve(other.transfers) },
      actions: { attempt: (work: Promise<unknown>) => work, discard: called('discard') },
      links: { copyOssPaths: called('copyOssPaths') },
    };
    const { handlers } = new TransferCommands(
      ...([parts.transfers, parts.view, parts.actions, parts.links] as unknown as Parts),
    );
    for (const name of ['pauseItem', 'discardItem', 'copyOssPath'] as const) {
      await handlers[name](other.id);
    }
    assert.deepEqual(calls, ['copyOssPaths 1']);
  });
});
