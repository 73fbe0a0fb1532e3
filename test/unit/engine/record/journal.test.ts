import { strict as assert } from 'node:assert';
import { JournalWriter, readJournal } from '../../../../src/engine/record/journal.ts';

const KIND = 'test';
const HEADER = { name: 'one' };

function fileOf(...records: readonly unknown[]): string {
  const writer = new JournalWriter(KIND, HEADER);
  return writer.headerLine + records.map((record) => writer.line(record)).join('');
}

function read(text: string, kind = KIND): ReturnType<typeof readJournal> {
  return readJournal(kind, Buffer.from(text));
}

describe('the lines of a journal', () => {
  it('gives back what was written, line breaks and any sign included', () => {
    const records = [1, 'a\nb', { text: 'ü 😀 \u2028 \0' }, null, [[]], '\ud800'];
    const content = read(fileOf(...records));
    assert.equal(content.state, 'intact');
    assert.deepEqual(content.header, HEADER);
    assert.deepEqual(content.records, records);
    assert.equal(content.intactBytes, Buffer.byteLength(fileOf(...records)));
  });

  it('has one line per record, a check value before it', () => {
    const lines = fileOf('a\nb', 2).split('\n');
    assert.equal(lines.length, 4);
    for (const line of lines.slice(0, 3)) assert.match(line, /^[0-9a-f]{16} /);
  });

  it('cuts a torn last line off and says where the whole ones end', () => {
    const whole = fileOf(1, 2);
    const content = read(fileOf(1, 2, 3).slice(0, -1));
    assert.equal(content.state, 'intact');
    assert.deepEqual(content.records, [1, 2]);
    assert.equal(content.intactBytes, whole.length);
  });

  it('cuts a line off that was torn inside of a character', () => {
    const bytes = Buffer.from(fileOf(1, '😀'));
    const content = readJournal(KIND, bytes.subarray(0, bytes.indexOf(0xf0) + 2));
    assert.equal(content.state, 'intact');
    assert.deepEqual(content.records, [1]);
  });

  it('is damaged by a changed line, and keeps the others', () => {
    const [header, first, second, third] = fileOf(1, 2, 3).split('\n');
    const content = read(`${header}\n${first}\n${second?.replace(/2$/, '7')}\n${third}\n`);
    assert.equal(content.state, 'damaged');
    assert.deepEqual(content.records, [1, 3]);
  });

  it('binds every line to its header: a line of another file is damage', () => {
    const other = new JournalWriter(KIND, { name: 'two' });
    const content = read(fileOf(1) + other.line(2));
    assert.equal(content.state, 'damaged');
    assert.deepEqual(content.records, [1]);
  });

  it('binds the header to the kind of file', () => {
    assert.equal(read(fileOf(1), 'another kind').state, 'damaged');
  });

  it('is damaged without a whole header', () => {
    for (const text of ['', '\n', fileOf().trimEnd(), 'x', '{}\n']) {
      const content = read(text);
      assert.equal(content.state, 'damaged', JSON.stringify(text));
      assert.deepEqual(content.records, []);
    }
  });
});
