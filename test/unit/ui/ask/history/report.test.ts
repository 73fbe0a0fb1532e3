import assert from 'node:assert/strict';
import type { FinishedFile } from '../../../../../src/engine/index';
import { REPORT_FIELDS, reportHead, reportLine } from '../../../../../src/ui/ask/history/report';

function file(change: Partial<FinishedFile> = {}): FinishedFile {
  return {
    id: 'a',
    filePath: '/data/a.bin',
    target: { bucket: 'films', key: 'x/a.bin', region: '', profile: '' },
    sizeBytes: 12,
    finishedMs: Date.UTC(2026, 10, 29, 10, 0),
    result: { etag: '"ABC-2"', crc64: '18446744073709551615', versionId: 'v', requestId: 'R' },
    ...change,
  };
}

describe('the report of what was uploaded', () => {
  it('has its fields in each line, with a checksum of 64 bits as a text', () => {
    const line = reportLine(file(), 'jsonl');
    assert.ok(line.endsWith('}\n'));
    assert.deepEqual(Object.keys(JSON.parse(line) as object), [...REPORT_FIELDS]);
    assert.deepEqual(JSON.parse(line), {
      file: '/data/a.bin',
      bucket: 'films',
      key: 'x/a.bin',
      size: 12,
      crc64: '18446744073709551615',
      etag: 'ABC-2',
      version: 'v',
      time: '2026-11-29T10:00:00.000Z',
      requestId: 'R',
    });
  });

  it('is CSV as RFC 4180 has it, whatever is in a name', () => {
    assert.equal(reportHead('csv'), 'file,bucket,key,size,crc64,etag,version,time,requestId\r\n');
    const line = reportLine(file({ filePath: '/data/a, "b"\nc.bin' }), 'csv');
    assert.ok(line.startsWith('"/data/a, ""b""\nc.bin",films,x/a.bin,12,18446744073709551615,'));
    assert.ok(line.endsWith(',R\r\n'));
  });

  it('leaves empty what OSS did not say', () => {
    const line = reportLine(file({ result: { etag: '"A"' } }), 'csv');
    assert.ok(line.endsWith(',12,,A,,2026-11-29T10:00:00.000Z,\r\n'));
  });
});
