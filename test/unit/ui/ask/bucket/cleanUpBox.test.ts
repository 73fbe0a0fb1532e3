import assert from 'node:assert/strict';
import { mock } from 'node:test';
import timers from 'node:timers/promises';
import type { ObjectStore } from '../../../../../src/engine/index';
import { editor } from '../../../../support/fakeEditor';
// Loaded after the editor that it imports.
import { askWhichUploads, firstState } from '../../../../../src/ui/ask/bucket/cleanUpBox';
import type { FoundUpload } from '../../../../../src/ui/ask/bucket/unfinishedUploads';

const { setImmediate: turn } = timers;

describe('the list of unfinished uploads', () => {
  beforeEach(() => {
    editor.reset();
    // The list does not wait for the sizes.
    mock.method(timers, 'setTimeout', () => Promise.resolve(true));
  });
  afterEach(() => {
    mock.restoreAll();
  });

  it('shows the sizes when all are counted, and keeps what is ticked', async () => {
    let count: (parts: { sizeBytes: number }[]) => void = () => undefined;
    const counted = new Promise<{ sizeBytes: number }[]>((resolve) => {
      count = resolve;
    });
    const store = { listParts: () => counted } as unknown as ObjectStore;
    const found = ['a.bin', 'b.bin'].map((key): FoundUpload => ({
      upload: { key, uploadId: key, initiatedMs: 0 },
      transfer: undefined,
    }));
    const destination = { bucket: 'films', region: '', prefix: '', profile: '' };
    const uploads = { destination, store, place: 'oss://films/', folder: '', found };
    const answer = askWhichUploads(uploads, firstState(uploads));
    await turn();
    const [box] = editor.boxes;
    assert.ok(box !== undefined);
    const details = (): (string | undefined)[] => box.items.map(({ detail }) => detail);
    assert.match(details().join(), /^… .*,… /);
    box.tick(box.items.slice(1));
    count([{ sizeBytes: 2048 }]);
    await turn();
    assert.match(details().join(), /^2\.0 KB .*,2\.0 KB /);
    box.didAccept.fire(undefined);
    assert.deepEqual(await answer, [found[1]]);
  });
});
