import { strict as assert } from 'node:assert';
import { rm } from 'node:fs/promises';
import { BATCH, batchesIn, linesOf, readBatch } from '../../../../src/engine/record/batchRecord.ts';
import { ItemTable } from '../../../../src/engine/record/itemTable.ts';
import { failureRecord } from '../../../../src/engine/record/failureRecord.ts';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import { RecordFolder } from '../../../../src/engine/record/recordFolder.ts';
import { MemoryLog } from '../../../support/engineHarness.ts';
import { removeFolder, temporaryFolder } from '../../../support/files.ts';
import { JournalText } from '../../../../src/engine/record/journalStore.ts';
import type {
  BatchContent,
  BatchHeader,
  BatchItem,
} from '../../../../src/engine/record/batchRecord.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';

const HEADER: BatchHeader = { label: '资料', workspacePath: '/work', createdMs: 1 };

function item(digit: string, change: Partial<BatchItem> = {}): BatchItem {
  return {
    id: digit.repeat(32),
    filePath: `/data/${digit}`,
    target: { bucket: 'media', key: digit, region: '', profile: '' },
    options: { partSizeBytes: 102_400, parallel: 3, forbidOverwrite: false, object: {} },
    sizeBytes: 10,
    isDiscarding: false,
    ...change,
  };
}

function read(...lines: readonly string[]): BatchContent & { state: 'valid' } {
  const content = readBatch(Buffer.from(lines.join('')));
  assert.equal(content.state, 'valid');
  return content;
}

const idsOf = ({ items }: { readonly items: Iterable<BatchItem> }): readonly string[] =>
  Array.from(items, ({ id }) => id);

describe('the record of a batch', () => {
  const writer = new JournalText(BATCH, HEADER);

  it('holds why files failed until they go on, where a restart does not mend it', () => {
    const details = { code: 'AccessDenied', status: 403, ec: '0003-00000001', requestId: 'A1' };
    const error = failureRecord(new UploadError('accessDenied', 'no right', details));
    assert.ok(error);
    const failed = ['1', '2', '3'].map((digit) => item(digit).id);
    const lines = [
      writer.headerLine,
      ...failed.map((id, at) => writer.line({ item: item(String(at + 1), { id }) })),
      writer.line({ failed, error }),
      writer.line({ resumed: failed.slice(0, 1) }),
    ];
    const content = read(...lines);
    assert.deepEqual([...content.failed.keys()], failed.slice(1));
    for (const known of content.failed.values()) {
      assert.ok(UploadError.is(known, 'accessDenied'));
      assert.deepEqual(failureRecord(known), error);
    }
    assert.notEqual(content.intactBytes, undefined);
    assert.equal(failureRecord(new UploadError('server', '', { code: '500' })), undefined);
    const odd = { ...error, status: '403', bucket: null } as unknown as typeof error;
    const [read403] = read(
      ...lines.slice(0, 4),
      writer.line({ failed, error: odd }),
    ).failed.values();
    assert.deepEqual(
      [read403?.code, read403?.status, read403?.bucket],
      ['AccessDenied', undefined, undefined],
    );
    // A reason that is none costs its line, and the files are there.
    const unknown = { ...error, kind: 'toString' } as unknown as typeof error;
    const damaged = read(...lines.slice(0, 4), writer.line({ failed, error: unknown }));
    assert.deepEqual(
      [damaged.items.size, damaged.failed.size, damaged.intactBytes],
      [3, 0, undefined],
    );
  });

  it('keeps a thousand different reasons: what failed for another is interrupted', () => {
    const ids = Array.from({ length: 1100 }, (_, at) => at.toString(16).padStart(32, '0'));
    const error = failureRecord(new UploadError('refused', '', { code: 'No' }));
    assert.ok(error);
    const content = read(
      writer.headerLine,
      ...ids.map((id) => writer.line({ item: item('1', { id }) })),
      ...ids.map((id) => writer.line({ failed: [id], error })),
    );
    assert.deepEqual([content.items.size, content.failed.size], [1100, 1000]);
  });

  it('counts only the reasons that hold now: those of earlier tries are past', () => {
    const ids = Array.from({ length: 400 }, (_, at) => at.toString(16).padStart(32, '0'));
    const lines = [writer.headerLine, ...ids.map((id) => writer.line({ item: item('1', { id }) }))];
    for (const requestId of ['A', 'B', 'C']) {
      const error = failureRecord(new UploadError('refused', '', { code: 'No', requestId }));
      assert.ok(error);
      for (const id of ids) lines.push(writer.line({ failed: [id], error }));
      if (requestId === 'A') lines.push(writer.line({ resumed: ids }));
    }
    const { failed } = read(...lines);
    assert.equal(failed.size, 400);
    assert.deepEqual(
      new Set(Array.from(failed.values(), ({ requestId }) => requestId)),
      new Set('C'),
    );
  });

  it('knows nothing of how a file was before it was removed, finished, or asked for anew', () => {
    const error = failureRecord(new UploadError('sourceMissing', '', { code: 'ENOENT' }));
    assert.ok(error);
    const [one, two] = [item('1'), item('2')];
    for (const past of [{ removed: one.id }, { finished: one.id }, { item: one }]) {
      const content = read(
        writer.headerLine,
        writer.line({ item: one }),
        writer.line({ item: two }),
        writer.line({ failed: [one.id], error }),
        writer.line({ paused: [one.id, two.id] }),
        writer.line({ failed: [one.id], error }),
        writer.line(past),
        writer.line({ item: one }),
      );
      assert.deepEqual([[...content.paused], content.failed.size], [[two.id], 0]);
    }
  });

  it('holds the files that are neither finished nor removed, and counts the finished ones', () => {
    const content = read(
      writer.headerLine,
      ...['1', '2', '3', '4'].map((digit) => writer.line({ item: item(digit) })),
      writer.line({ finished: item('2').id }),
      writer.line({ removed: item('3').id }),
    );
    assert.deepEqual(content.header, HEADER);
    assert.deepEqual([...content.items.values()], [item('1'), item('4')]);
    assert.deepEqual([...content.finished], [item('2').id]);
    assert.equal(content.finishedBytes, 10);
    assert.ok(content.intactBytes !== undefined);
  });

  it('says the same when it is written anew', () => {
    const error = failureRecord(new UploadError('accessDenied', 'no', { code: 'No', status: 403 }));
    assert.ok(error);
    const ids = ['1', '2', '3', '4', '5'].map((digit) => item(digit).id);
    const content = read(
      writer.headerLine,
      ...['1', '2', '3', '4', '5'].map((digit) => writer.line({ item: item(digit) })),
      writer.line({ finished: item('1').id }),
      writer.line({ finished: item('2').id }),
      writer.line({ item: item('2', { sizeBytes: 20 }) }),
      writer.line({ finished: '9'.repeat(32) }),
      writer.line({ paused: ids.slice(2, 3) }),
      writer.line({ failed: ids.slice(3), error }),
    );
    const lines = [...linesOf(content)];
    const anew = read(writer.headerLine, ...lines.map((line) => writer.line(line)));
    assert.deepEqual([...anew.items], [...content.items]);
    for (const name of ['finished', 'paused', 'failed'] as const)
      assert.deepEqual(anew[name], content[name], name);
    assert.equal(anew.failed.get(ids[3] ?? ''), anew.failed.get(ids[4] ?? ''), 'one for both');
    assert.deepEqual([...linesOf({ items: new ItemTable() })], []);
  });

  it('is kept in memory for as long as its file is there', async () => {
    const folder = await temporaryFolder('batches');
    try {
      const records = new RecordFolder(folder, new MemoryLog());
      const store = batchesIn(records);
      for (const id of ['a', 'b']) {
        await (await store.create(id, HEADER, [{ item: item('1') }])).close();
        assert.equal((await store.read(id))?.state, 'valid');
      }
      const known = await store.read('b');
      // As another window does it.
      await rm(records.pathOf('a.batch'));
      assert.notEqual(store.modifiedMs('a'), undefined);
      assert.deepEqual(store.idsIn(await records.list()), ['b']);
      assert.equal(store.modifiedMs('a'), undefined);
      assert.equal(await store.read('b'), known, 'and not read again');
    } finally {
      await removeFolder(folder);
    }
  });

  it('takes the last line of a file', () => {
    const later = item('1', { isDiscarding: true });
    const content = read(
      writer.headerLine,
      writer.line({ item: item('1') }),
      writer.line({ item: later }),
    );
    assert.deepEqual([...content.items.values()], [later]);
  });

  it('knows which files are discarded, and keeps none for it that is gone', () => {
    const ids = ['1', '2', '3'].map((digit) => item(digit).id);
    const content = read(
      writer.headerLine,
      ...['1', '2', '3'].map((digit) => writer.line({ item: item(digit) })),
      writer.line({ removed: item('2').id }),
      writer.line({ discarding: [...ids.slice(0, 2), item('4').id] }),
    );
    assert.deepEqual([...content.items.values()], [item('1', { isDiscarding: true }), item('3')]);
    assert.ok(content.intactBytes !== undefined);
  });

  it('knows which files are paused', () => {
    const [one, two] = [item('1').id, item('2').id];
    const content = read(
      writer.headerLine,
      writer.line({ item: item('1') }),
      writer.line({ item: item('2') }),
      writer.line({ paused: [one, two] }),
      writer.line({ resumed: [two] }),
    );
    assert.deepEqual([...content.paused], [one]);
    assert.ok(content.intactBytes !== undefined);
  });

  it('a file may come back after it was finished', () => {
    const content = read(
      writer.headerLine,
      writer.line({ item: item('1') }),
      writer.line({ finished: item('1').id }),
      writer.line({ item: item('1') }),
    );
    assert.equal(content.items.size, 1);
  });

  it('a torn last line is cut off, a damaged one costs its own file', () => {
    const [first, second] = [writer.line({ item: item('1') }), writer.line({ item: item('2') })];
    const torn = read(writer.headerLine, first, second.slice(0, -5));
    assert.deepEqual(idsOf(torn), [item('1').id]);
    assert.ok(torn.intactBytes !== undefined);
    const damaged = read(writer.headerLine, first.replace('/data/1', '/data/9'), second);
    assert.deepEqual(idsOf(damaged), [item('2').id]);
    assert.equal(damaged.intactBytes, undefined);
  });

  it('lines of another batch are damage', () => {
    const other = new JournalText(BATCH, { ...HEADER, createdMs: 2 });
    const content = read(
      writer.headerLine,
      writer.line({ item: item('1') }),
      other.line({ item: item('2') }),
    );
    assert.deepEqual(idsOf(content), [item('1').id]);
    assert.equal(content.intactBytes, undefined);
  });

  const wrong: readonly object[] = [
    { id: '../../x' },
    { id: 1 },
    { filePath: 1 },
    { target: {} },
    { sizeBytes: -1 },
    { isDiscarding: 'no' },
    { options: null },
    { options: { ...item('1').options, partSizeBytes: 1 } },
    { options: { ...item('1').options, parallel: 1000 } },
    { options: { ...item('1').options, object: [] } },
    { options: { ...item('1').options, object: { acl: 'everybody' } } },
    { options: { ...item('1').options, forbidOverwrite: undefined } },
  ];
  for (const change of wrong) {
    it(`a file with ${JSON.stringify(change)} is left out, and the batch is damaged`, () => {
      const bad = { ...item('1'), ...change };
      const content = read(
        writer.headerLine,
        writer.line({ item: bad }),
        writer.line({ item: item('2') }),
      );
      assert.deepEqual(idsOf(content), [item('2').id]);
      assert.equal(content.intactBytes, undefined);
    });
  }

  it('of a newer version is told apart from a damaged one', () => {
    const { headerLine } = new JournalWriter('oss-upload-batch', { version: 7 });
    assert.deepEqual(readBatch(Buffer.from(headerLine)), { state: 'newer', version: 7 });
    assert.deepEqual(readBatch(Buffer.from('{}\n')), { state: 'damaged' });
  });
});
