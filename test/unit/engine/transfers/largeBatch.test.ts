import { strict as assert } from 'node:assert';
import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../../../src/engine/base/clock.ts';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import { BATCH } from '../../../../src/engine/record/batchRecord.ts';
import type {
  BatchContent,
  BatchLine,
  BatchStore,
  OpenBatch,
} from '../../../../src/engine/record/batchRecord.ts';
import { checkpointId } from '../../../../src/engine/record/checkpoint.ts';
import { failureRecord } from '../../../../src/engine/record/failureRecord.ts';
import { ItemTable } from '../../../../src/engine/record/itemTable.ts';
import { JournalStore, OpenJournal } from '../../../../src/engine/record/journalStore.ts';
import { RecordFolder } from '../../../../src/engine/record/recordFolder.ts';
import { BatchOwner } from '../../../../src/engine/transfers/batchOwner.ts';
import { Batch } from '../../../../src/engine/transfers/batches.ts';
import { EngineHarness, MemoryLog, PART_BYTES } from '../../../support/engineHarness.ts';
import { removeFolder, temporaryFolder } from '../../../support/files.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';

const MOST_BYTES = 40_000;
const NAMES = Array.from({ length: 20 }, (_, at) => `file ${at}`);

const denied = failureRecord(new UploadError('accessDenied', 'no right', { code: 'AccessDenied' }));
assert.ok(denied);
const error = denied;

describe('a batch that fails and goes on again and again', () => {
  const log = new MemoryLog();
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder('large');
  });
  afterEach(() => removeFolder(folder));

  function batch(): Batch {
    const nothing = (): void => undefined;
    const host = { now: () => 0, changed: nothing, notice: nothing };
    const items = new ItemTable();
    for (const name of NAMES) {
      const target = { bucket: 'media', key: name, region: '', profile: '' };
      const options = { partSizeBytes: 102_400, parallel: 3, forbidOverwrite: false, object: {} };
      const id = checkpointId(name, 'media', name);
      items.set({ id, filePath: name, target, options, sizeBytes: 5, isDiscarding: false });
    }
    return new Batch('a', { label: 'a', workspacePath: '', createdMs: 0 }, host, items);
  }

  /** A window on the folder. */
  function open(disk = new PlayedDisk()): { store: BatchStore; owner: BatchOwner } {
    const records = new RecordFolder(folder, log, disk.files);
    const store = new JournalStore<Batch['header'], BatchLine, BatchContent>(records, {
      ...BATCH,
      mostBytes: MOST_BYTES,
    });
    const { signal } = new AbortController();
    const stop = (): Promise<void> => Promise.resolve();
    return { store, owner: new BatchOwner(store, systemClock, log, signal, stop) };
  }

  async function failAndResume(disk?: PlayedDisk): Promise<void> {
    const { owner } = open(disk);
    const taken = batch();
    await owner.take(taken);
    const ids = Array.from(taken.transfers.items, ({ id }) => id);
    assert.equal(ids.length, NAMES.length);
    await taken.append({ resumed: ids });
    await Promise.all(ids.map((id) => taken.append({ failed: [id], error })));
    await owner.letGo(taken);
  }

  it('stays readable: it is written anew before it is too large for that', async () => {
    const first = batch();
    const { owner, store } = open();
    await owner.begin(first);
    await owner.letGo(first);
    for (let round = 0; round < 20; round++) await failAndResume();
    const content = await open().store.read('a');
    assert.ok(content?.state === 'valid');
    assert.equal(content.items.size, NAMES.length);
    assert.equal(content.failed.size, NAMES.length);
    assert.ok((await stat(store.records.pathOf('a.batch'))).size < MOST_BYTES);
  });

  it('goes on behind what is there when the disk has no room to write it anew', async () => {
    const first = batch();
    const { owner } = open();
    await owner.begin(first);
    await owner.letGo(first);
    const full = new PlayedDisk(({ call }) => (call === 'writeFile' ? 'ENOSPC' : undefined));
    for (let round = 0; round < 6; round++) await failAndResume(full);
    const content = await open().store.read('a');
    assert.ok(content?.state === 'valid');
    assert.equal(content.failed.size, NAMES.length);
  });

  it('writes no more reasons than are read, until something is resumed', async () => {
    const written: BatchLine[] = [];
    const one = batch();
    one.journal = Object.create(OpenJournal.prototype) as OpenBatch;
    one.journal.append = (line) => {
      written.push(line);
      return Promise.resolve('written');
    };
    const fail = async (): Promise<number> => {
      written.length = 0;
      for (let at = 0; at < 3000; at++) await one.append({ failed: ['a'], error });
      return written.length;
    };
    assert.equal(await fail(), 1000);
    assert.equal(await fail(), 0);
    await one.append({ resumed: ['a'] });
    assert.equal(await fail(), 1000);
  });

  it('writes once that it is to be discarded, however often that is tried', async () => {
    const harness = await EngineHarness.start();
    try {
      const request = harness.request(await harness.file('a.bin', 3 * PART_BYTES), 'a.bin');
      const { batchId, batchFile } = await interruptUpload(harness, request, [1]);
      const answer = { status: 403, code: 'AccessDenied', message: 'no' };
      harness.server.faults.push({ on: 'abortMultipartUpload', do: { answer } });
      const manager = harness.manager();
      await manager.refresh();
      for (let time = 0; time < 3; time++) await manager.discard([batchId]);
      const text = await readFile(batchFile, 'utf8');
      assert.equal(text.match(/"discarding":/g)?.length, 1);
      assert.ok(harness.operations('abortMultipartUpload').length >= 3);
    } finally {
      await harness.close();
    }
  });
});
