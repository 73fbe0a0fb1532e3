import { strict as assert } from 'node:assert';
import {
  checkpointId,
  CHECKPOINT,
  hasSameProperties,
  readCheckpoint,
} from '../../../../src/engine/record/checkpoint.ts';
import { JournalText } from '../../../../src/engine/record/journalStore.ts';
import type { CheckpointHeader, PartRecord } from '../../../../src/engine/record/checkpoint.ts';
import type { ObjectOptions } from '../../../../src/engine/index.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';

const HEADER: CheckpointHeader = {
  uploadId: '0004B9894A22E5B1888A1E29F8236E2D',
  filePath: '/data/中文 video.mp4',
  source: { sizeBytes: 300_000, mtimeNs: '1', ctimeNs: '2', inode: '3', device: '4' },
  target: { bucket: 'media', key: 'a/b.mp4', region: 'cn-hangzhou', profile: '' },
  partSizeBytes: 102_400,
  options: {
    partSizeBytes: 102_400,
    parallel: 5,
    forbidOverwrite: true,
    object: {
      acl: 'private',
      storageClass: 'IA',
      encryption: { algorithm: 'KMS', keyId: 'k' },
      metadata: { a: '上海' },
      tags: { b: '1' },
      callback: { url: 'https://example.com', body: 'size=${size}', variables: { c: '2' } },
      trafficLimitBitsPerSecond: 819_200,
    },
  },
  createdMs: 1_700_000_000_000,
};
const PARTS: readonly PartRecord[] = [
  { partNumber: 3, sizeBytes: 95_200, etag: '"ABC"', crc64: 0n },
  { partNumber: 1, sizeBytes: 102_400, etag: '"DEF"', crc64: 2n ** 64n - 1n },
];

function read(text: string): ReturnType<typeof readCheckpoint> {
  return readCheckpoint(Buffer.from(text));
}

/** A checkpoint of this version, its check values right. */
function forged(header: object, ...records: readonly unknown[]): string {
  const writer = new JournalWriter('oss-upload-checkpoint', { version: 2, ...HEADER, ...header });
  return writer.headerLine + records.map((record) => writer.line(record)).join('');
}

describe('checkpoint', () => {
  it('gives back header and parts, in any order, CRC-64 to the last bit', () => {
    const writer = new JournalText(CHECKPOINT, HEADER);
    const content = read(writer.headerLine + PARTS.map((part) => writer.line(part)).join(''));
    assert.equal(content.state, 'valid');
    assert.deepEqual(content.checkpoint.header, HEADER);
    assert.deepEqual([...content.checkpoint.parts.values()], PARTS);
  });

  it('believes the later of two records of one part', () => {
    const writer = new JournalText(CHECKPOINT, HEADER);
    const [part] = PARTS;
    assert.ok(part);
    const again = { ...part, etag: '"NEW"' };
    const content = read(writer.headerLine + writer.line(part) + writer.line(again));
    assert.equal(content.state, 'valid');
    assert.deepEqual([...content.checkpoint.parts.values()], [again]);
  });

  const bad: readonly object[] = [
    { uploadId: 1 },
    { uploadId: 'x'.repeat(1025) },
    { filePath: null },
    { partSizeBytes: 102_399 },
    { partSizeBytes: 5 * 1024 ** 3 + 1 },
    { partSizeBytes: 200_000.5 },
    { createdMs: -1 },
    { options: undefined },
    { options: { ...HEADER.options, parallel: 0 } },
    { options: { ...HEADER.options, object: { acl: 'everybody' } } },
    { options: { objectHash: 1 } },
    { version: 1 },
    { version: 1, optionsHash: 5 },
    { source: { ...HEADER.source, sizeBytes: 10_000 * 5 * 1024 ** 3 + 1 } },
    { source: { ...HEADER.source, mtimeNs: 1 } },
    { source: [] },
    { target: { ...HEADER.target, key: 1 } },
    { target: { ...HEADER.target, bucket: 'A' } },
    { target: { ...HEADER.target, key: 'k'.repeat(1024) } },
    { target: null },
    { version: 0 },
    { version: 1 },
    { version: '1' },
    { version: undefined },
  ];
  for (const change of bad) {
    it(`is damaged with ${JSON.stringify(change).slice(0, 60)}, and still names its upload`, () => {
      const content = read(forged(change));
      assert.equal(content.state, 'damaged');
      const expected = 'uploadId' in change ? undefined : HEADER.uploadId;
      assert.equal(content.uploadId, expected);
    });
  }

  const badParts: readonly unknown[] = [
    null,
    {},
    [],
    [1, 102_400, '"E"'],
    [0, 102_400, '"E"', '1'],
    [10_001, 102_400, '"E"', '1'],
    [1, 0, '"E"', '1'],
    [1, 102_400, 5, '1'],
    [1, 102_400, '"E"', 1],
    [1, 102_400, '"E"', '-1'],
    [1, 102_400, '"E"', '1e5'],
    [1, 102_400, '"E"', '1', 'more'],
  ];
  for (const part of badParts) {
    it(`is damaged with the part ${JSON.stringify(part)}`, () => {
      assert.equal(read(forged({}, part)).state, 'damaged');
    });
  }

  it('of a newer version is not damaged, whatever else it says', () => {
    assert.deepEqual(read(forged({ version: 3, source: 'in another way' }, 'new')), {
      state: 'newer',
      version: 3,
    });
  });

  it('has an id that is safe as a file name and differs by file, bucket and key', () => {
    const id = checkpointId('/a', 'b', 'c');
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(checkpointId('/a', 'b', 'c'), id);
    const others = [
      checkpointId('/x', 'b', 'c'),
      checkpointId('/a', 'x', 'c'),
      checkpointId('/a', 'b', 'x'),
      checkpointId('/ab', '', 'c'),
      checkpointId('/a', 'bc', ''),
    ];
    assert.ok(!others.includes(id));
  });
});

describe('hasSameProperties', () => {
  const full: ObjectOptions = {
    contentType: 'text/plain',
    acl: 'private',
    storageClass: 'IA',
    encryption: { algorithm: 'KMS', keyId: 'k' },
    metadata: { a: '1', b: '2' },
    tags: { x: '1' },
  };

  it('does not depend on the order of fields, nor on fields that are undefined', () => {
    const turned = Object.fromEntries(Object.entries(full).reverse());
    const other = { ...turned, metadata: { b: '2', a: '1' }, cacheControl: undefined };
    assert.ok(hasSameProperties(other, full));
  });

  it('differs with each option that an upload is initiated with', () => {
    const changes: readonly ObjectOptions[] = [
      { ...full, contentType: 'text/html' },
      { ...full, acl: 'public-read' },
      { ...full, storageClass: 'Archive' },
      { ...full, encryption: { algorithm: 'KMS' } },
      { ...full, metadata: { a: '1' } },
      { ...full, metadata: { a: '1', b: '2', c: '' } },
      { ...full, tags: { x: '2' } },
      { ...full, cacheControl: 'no-cache' },
    ];
    const all = [full, ...changes];
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(index + 1)) assert.ok(!hasSameProperties(one, other));
    }
  });

  it('does not differ with what travels with each request', () => {
    const callback = { url: 'https://example.com', body: 'x' };
    const other = { ...full, callback, trafficLimitBitsPerSecond: 819_200 };
    assert.ok(hasSameProperties(other, full));
  });
});
