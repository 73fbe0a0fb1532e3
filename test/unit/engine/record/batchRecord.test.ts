import { strict as assert } from 'node:assert';
import { BatchWriter, readBatch } from '../../../../src/engine/record/batchRecord.ts';
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

describe('the record of a batch', () => {
  const writer = new BatchWriter(HEADER);

  it('holds the files that are neither finished nor removed, and counts the finished ones', () => {
    const content = read(
      writer.headerLine,
      ...['1', '2', '3', '4'].map((digit) => writer.itemLine(item(digit))),
      writer.finishedLine(item('2').id),
      writer.removedLine(item('3').id),
    );
    assert.deepEqual(content.header, HEADER);
    assert.deepEqual([...content.items.values()], [item('1'), item('4')]);
    assert.deepEqual([...content.finished], [item('2').id]);
    assert.equal(content.finishedBytes, 10);
    assert.ok(!content.isDamaged);
  });

  it('takes the last line of a file', () => {
    const later = item('1', { isDiscarding: true });
    const content = read(writer.headerLine, writer.itemLine(item('1')), writer.itemLine(later));
    assert.deepEqual([...content.items.values()], [later]);
  });

  it('knows which files are paused', () => {
    const [one, two] = [item('1').id, item('2').id];
    const content = read(
      writer.headerLine,
      writer.itemLine(item('1')),
      writer.itemLine(item('2')),
      writer.pausedLine([one, two]),
      writer.resumedLine([two]),
    );
    assert.deepEqual([...content.paused], [one]);
    assert.ok(!content.isDamaged);
  });

  it('a file may come back after it was finished', () => {
    const content = read(
      writer.headerLine,
      writer.itemLine(item('1')),
      writer.finishedLine(item('1').id),
      writer.itemLine(item('1')),
    );
    assert.equal(content.items.size, 1);
  });

  it('a torn last line is cut off, a damaged one costs its own file', () => {
    const [first, second] = [writer.itemLine(item('1')), writer.itemLine(item('2'))];
    const torn = read(writer.headerLine, first, second.slice(0, -5));
    assert.deepEqual([...torn.items.keys()], [item('1').id]);
    assert.ok(!torn.isDamaged);
    const damaged = read(writer.headerLine, first.replace('/data/1', '/data/9'), second);
    assert.deepEqual([...damaged.items.keys()], [item('2').id]);
    assert.ok(damaged.isDamaged);
  });

  it('lines of another batch are damage', () => {
    const other = new BatchWriter({ ...HEADER, createdMs: 2 });
    const content = read(writer.headerLine, writer.itemLine(item('1')), other.itemLine(item('2')));
    assert.deepEqual([...content.items.keys()], [item('1').id]);
    assert.ok(content.isDamaged);
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
      const content = read(writer.headerLine, writer.itemLine(bad), writer.itemLine(item('2')));
      assert.deepEqual([...content.items.keys()], [item('2').id]);
      assert.ok(content.isDamaged);
    });
  }

  it('of a newer version is told apart from a damaged one', () => {
    const { headerLine } = new JournalWriter('oss-upload-batch', { version: 7 });
    assert.deepEqual(readBatch(Buffer.from(headerLine)), { state: 'newer', version: 7 });
    assert.deepEqual(readBatch(Buffer.from('{}\n')), { state: 'damaged' });
  });
});
