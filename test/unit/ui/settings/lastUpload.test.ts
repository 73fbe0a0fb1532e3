import { strict as assert } from 'node:assert';
import path from 'node:path';
import { editor } from '../../../support/fakeEditor';
import { MemoryLog } from '../../../support/engineHarness';
import { removeFolder, temporaryFolder } from '../../../support/files';
import { UploadHistory } from '../../../../src/engine/index';
// Loaded after the editor that it imports.
import { FinishedCommands } from '../../../../src/ui/ask/history/finishedCommands';
import { LastUpload } from '../../../../src/ui/settings/lastUpload';
import { batch } from '../snapshots';

const FILES = 101;

describe('the last upload', () => {
  let folder: string;
  let history: UploadHistory;
  const kept = new Map<string, unknown>();
  const memento = {
    get: (key: string): unknown => kept.get(key),
    update: (key: string, value: unknown): Promise<void> => {
      kept.set(key, value);
      return Promise.resolve();
    },
  };
  const folderOfFiles = batch(
    Array.from({ length: FILES }, (_, n) => ({
      state: 'completed',
      filePath: `/home/me/site/${n}.html`,
    })),
  );

  beforeEach(async () => {
    editor.reset();
    kept.clear();
    folder = await temporaryFolder('last');
    history = new UploadHistory(path.join(folder, 'history'), new MemoryLog());
    const now = Date.now();
    const entry = { id: 'b1', label: 'site', createdMs: now, finishedMs: now, sizeBytes: 0 };
    history.add({ ...entry, files: FILES, place: { bucket: 'films', key: '2026/' } });
    for (const { id, filePath, target } of folderOfFiles.transfers) {
      const result = { etag: '"A"' };
      history.addFile('b1', { id, filePath, target, sizeBytes: 0, finishedMs: now, result });
    }
  });
  afterEach(() => removeFolder(folder));

  it('has all its objects after a reload, and names none of them outside of the history', async () => {
    const before = new LastUpload(memento, history);
    assert.equal(before.isFirst, true);
    await before.remember([folderOfFiles.files]);
    assert.doesNotMatch(JSON.stringify([...kept]), /site/);
    const after = new LastUpload(memento, history);
    assert.equal(after.isFirst, false);
    const paths = (await after.objects()).map(({ filePath }) => filePath);
    assert.deepEqual(
      paths,
      folderOfFiles.transfers.map(({ filePath }) => filePath),
    );
  });

  it('is forgotten with the history, in this window and after a reload', async () => {
    const last = new LastUpload(memento, history);
    await last.remember([folderOfFiles.files]);
    type Parts = ConstructorParameters<typeof FinishedCommands>;
    const transfers = { clearFinished: () => undefined } as unknown as Parts[1];
    const memory = { rememberUploaded: () => Promise.resolve() } as unknown as Parts[4];
    const none = {} as unknown as Parts[2] & Parts[3];
    const commands = new FinishedCommands(history, transfers, none, none, memory, last);
    await commands.clear();
    assert.equal((await last.objects()).length, FILES);
    editor.user = () => 'Clear History';
    await commands.clear();
    assert.deepEqual(await last.objects(), []);
    assert.deepEqual(await new LastUpload(memento, history).objects(), []);
    assert.equal(last.isFirst, false);
  });
});
