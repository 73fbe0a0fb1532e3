import { strict as assert } from 'node:assert';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readBatch } from '../../../../src/engine/record/batchRecord.ts';
import type { BatchItem } from '../../../../src/engine/record/batchRecord.ts';
import { readCheckpoint } from '../../../../src/engine/record/checkpoint.ts';
import type { UploadRequest } from '../../../../src/engine/index.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import type { InterruptedUpload } from '../../../support/interruptedUpload.ts';
import { seededRandom } from '../../../support/random.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);
const random = seededRandom(SEED);
/** 3 parts. */
const FILE_BYTES = 2 * PART_BYTES + 12_345;
const CHECKPOINT = 'oss-upload-checkpoint';
const BATCH = 'oss-upload-batch';
const LINE_END = 0x0a;

const NOISE = Buffer.from(
  Uint32Array.from({ length: (10 * 1024 * 1024) / 4 }, () => random() * 2 ** 32).buffer,
);
const ONE_LINE = Buffer.alloc(10 * 1024 * 1024, 'a');

/** A damage with a name that a failed test can show. */
interface Damage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The JSON of each line, header first. */
function jsonLines(bytes: Uint8Array): unknown[] {
  const lines = Buffer.from(bytes).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line.slice(17)) as unknown);
}

/** A file with these contents whose check values are all right. */
function forged(kind: string, [header, ...records]: readonly unknown[]): Buffer {
  const writer = new JournalWriter(kind, header as object);
  return Buffer.from(writer.headerLine + records.map((record) => writer.line(record)).join(''));
}

const idsOf = ({ items }: { readonly items: Iterable<BatchItem> }): readonly string[] =>
  Array.from(items, ({ id }) => id);

/** Values of every kind that JSON can hold, and some it can only just. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  102_399,
  '',
  'x',
  '../../../etc/passwd',
  '\0',
  '\ud800',
  '9'.repeat(400),
  'x'.repeat(70_000),
  [],
  [[[]]],
  {},
  { toString: 1, valueOf: null, length: -1 },
];

/** The same JSON with one value replaced or one field gone, for every place in it. */
function* variants(json: unknown, at = ''): Generator<{ name: string; json: unknown }> {
  for (const value of VALUES) {
    yield { name: `${at}=${JSON.stringify(value).slice(0, 30)}`, json: value };
  }
  if (typeof json !== 'object' || json === null) return;
  for (const [field, value] of Object.entries(json)) {
    const place = `${at}.${field}`;
    const rest = Object.fromEntries(Object.entries(json).filter(([name]) => name !== field));
    if (!Array.isArray(json)) yield { name: `${place} gone`, json: rest };
    for (const { name, json: inner } of variants(value, place)) {
      const copy: unknown = Array.isArray(json) ? [...(json as unknown[])] : { ...json };
      yield { name, json: Object.assign(copy as object, { [field]: inner }) };
    }
  }
}

/** Files that nobody's program wrote. */
function garbage(good: Uint8Array): Damage[] {
  const text = Buffer.from(good).toString('utf8');
  const texts = {
    empty: '',
    'a line end': '\n',
    'many line ends': '\n'.repeat(1000),
    '{}': '{}\n',
    '[]': '[]\n',
    null: 'null\n',
    '123': '123\n',
    '"x"': '"x"\n',
    'a byte order mark': `\ufeff${text}`,
    CRLF: text.replaceAll('\n', '\r\n'),
    'no line ends': text.replaceAll('\n', ''),
    'a blank line at the end': `${text}\n`,
    'a blank line between': text.replace('\n', '\n\n'),
    'a NUL at the end': `${text}\0\n`,
    doubled: text + text,
    'the lines turned round': `${text.trimEnd().split('\n').reverse().join('\n')}\n`,
    'the header only once more': `${text}${text.slice(0, text.indexOf('\n') + 1)}`,
    'check values in capitals': text.replaceAll(/^[0-9a-f]{16}/gm, (check) => check.toUpperCase()),
    'huge numbers': `0123456789abcdef {"version":1e999,"uploadId":${'9'.repeat(10_000)}}\n`,
    'deep nesting': `0123456789abcdef ${'['.repeat(100_000)}\n`,
    __proto__: '0123456789abcdef {"__proto__":{"version":1,"uploadId":"0123456789"}}\n',
  };
  return [
    ...Object.entries(texts).map(([name, content]) => ({ name, bytes: Buffer.from(content) })),
    { name: '10 MB of noise', bytes: NOISE },
    { name: '10 MB of one line', bytes: ONE_LINE },
    { name: 'half of a character', bytes: Buffer.concat([good, Buffer.from([0xe4, LINE_END])]) },
  ];
}

describe('fuzz of the files on disk', () => {
  let harness: EngineHarness;
  let request: UploadRequest;
  let other: UploadRequest;
  let interrupted: InterruptedUpload;
  let checkpoint: Buffer;
  let otherCheckpoint: Buffer;
  let batch: Buffer;

  before(async () => {
    console.log(`      FUZZ_SEED=${SEED}`);
    harness = await EngineHarness.start();
    request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    other = harness.request(await harness.file('b.bin', FILE_BYTES, 2), 'b.bin');
    const left = await interruptUpload(harness, other, [1, 2]);
    otherCheckpoint = await readFile(left.checkpointFile);
    await discardAll();
    await interruptAgain();
  });

  after(async () => {
    await harness.close();
  });

  describe('readCheckpoint and readBatch never throw and believe nothing false', () => {
    it('a checkpoint cut at every byte has the whole lines before the cut, or nothing', () => {
      for (let length = 0; length < checkpoint.length; length++) {
        const content = readCheckpoint(checkpoint.subarray(0, length));
        const intact = checkpoint.subarray(0, length).lastIndexOf(LINE_END) + 1;
        if (intact === 0) {
          assert.equal(content.state, 'damaged', `cut at ${length}`);
        } else {
          assert.equal(content.state, 'valid', `cut at ${length}`);
          assert.equal(content.checkpoint.intactBytes, intact);
          const whole = checkpoint.subarray(0, length).filter((byte) => byte === LINE_END).length;
          assert.equal(content.checkpoint.parts.size, whole - 1);
        }
      }
    });

    it('a checkpoint with any bit of any byte flipped is damaged, or has lost its torn end', () => {
      const good = readCheckpoint(checkpoint);
      assert.equal(good.state, 'valid');
      for (let offset = 0; offset < checkpoint.length; offset++) {
        for (let bit = 0; bit < 8; bit++) {
          const bytes = Buffer.from(checkpoint);
          bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
          const content = readCheckpoint(bytes);
          if (content.state === 'damaged') continue;
          // A last line without its end looks as if it had been torn while it was appended.
          assert.equal(offset, checkpoint.length - 1);
          assert.equal(content.state, 'valid');
          assert.equal(content.checkpoint.parts.size, good.checkpoint.parts.size - 1);
        }
      }
    });

    it('lines of two checkpoints spliced in any way are not believed', () => {
      const ours = checkpoint.toString('utf8').trimEnd().split('\n');
      const theirs = otherCheckpoint.toString('utf8').trimEnd().split('\n');
      const lines = [...ours, ...theirs];
      for (let round = 0; round < 2000; round++) {
        const count = 1 + Math.floor(random() * 6);
        const chosen = Array.from(
          { length: count },
          () => lines[Math.floor(random() * lines.length)] ?? '',
        );
        const content = readCheckpoint(Buffer.from(`${chosen.join('\n')}\n`));
        const [first, ...rest] = chosen;
        const own = first === ours[0] ? ours : theirs;
        const isPlain = first === own[0] && rest.every((line) => own.slice(1).includes(line));
        assert.equal(content.state, isPlain ? 'valid' : 'damaged', chosen.join('\n'));
      }
    });

    it('JSON of any wrong kind in any place of a checkpoint, its check values right, is no checkpoint', () => {
      const [header, ...parts] = jsonLines(checkpoint) as [object, ...unknown[]];
      const before = { ...header, version: 1, optionsHash: 'f'.repeat(32) };
      const both = [...variants([header, ...parts]), ...variants([before, ...parts])];
      for (const { name, json } of both) {
        if (!Array.isArray(json) || json.length === 0) continue;
        const content = readCheckpoint(forged(CHECKPOINT, json));
        if (content.state !== 'valid') continue;
        const { header, parts } = content.checkpoint;
        assert.ok(
          header.partSizeBytes >= PART_BYTES && Number.isInteger(header.partSizeBytes),
          name,
        );
        assert.ok(header.source.sizeBytes >= 0, name);
        const { options } = header;
        if ('objectHash' in options) assert.equal(typeof options.objectHash, 'string', name);
        else assert.ok(options.parallel >= 1 && options.parallel <= 64, name);
        for (const value of [header.uploadId, header.filePath, header.target.key]) {
          assert.equal(typeof value, 'string', name);
        }
        for (const [number, part] of parts) {
          assert.equal(number, part.partNumber, name);
          assert.ok(number >= 1 && number <= 10_000, name);
          assert.equal(typeof part.crc64, 'bigint', name);
        }
      }
    });

    it('JSON of any wrong kind in any place of a batch, its check values right, costs its line only', () => {
      for (const { name, json } of variants(jsonLines(batch))) {
        if (!Array.isArray(json) || json.length === 0) continue;
        const content = readBatch(forged(BATCH, json));
        if (content.state !== 'valid') continue;
        for (const item of content.items.values()) {
          assert.match(item.id, /^[0-9a-f]{32}$/, name);
          assert.ok(item.options.parallel >= 1 && item.options.parallel <= 64, name);
          assert.equal(typeof item.target.bucket, 'string', name);
        }
      }
    });

    it('a batch with any bit of a line flipped loses that line only', () => {
      const lines = jsonLines(batch);
      const [header, item] = lines as [object, { item: object }];
      const ids = ['1', '2', '3'].map((digit) => digit.repeat(32));
      const three = forged(BATCH, [header, ...ids.map((id) => ({ item: { ...item.item, id } }))]);
      const second = three.lastIndexOf(LINE_END, three.indexOf(ids[1] ?? '')) + 1;
      for (let offset = second; three.readUInt8(offset) !== LINE_END; offset++) {
        for (let bit = 0; bit < 8; bit++) {
          const bytes = Buffer.from(three);
          bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
          const content = readBatch(bytes);
          assert.equal(content.state, 'valid');
          assert.equal(content.intactBytes, undefined);
          assert.deepEqual(idsOf(content), [ids[0], ids[2]], `${offset}.${bit}`);
        }
      }
    });

    it('a checkpoint with any bit of a part flipped, or a foreign sign before it, still names its upload', () => {
      const parts = checkpoint.indexOf(LINE_END) + 1;
      const damaged = Array.from({ length: checkpoint.length - 1 - parts }, (_, index) => {
        const bytes = Buffer.from(checkpoint);
        const bit = 1 << Math.floor(random() * 8);
        bytes.writeUInt8(bytes.readUInt8(parts + index) ^ bit, parts + index);
        return bytes;
      });
      damaged.push(Buffer.from(`\ufeff${checkpoint.toString('utf8')}`));
      for (const bytes of damaged) {
        const content = readCheckpoint(bytes);
        assert.equal(content.state, 'damaged');
        assert.equal(content.uploadId, interrupted.uploadId);
      }
    });

    it('a batch cut at every byte, or with any byte changed, keeps the lines that verify', () => {
      const good = readBatch(batch);
      assert.equal(good.state, 'valid');
      const ids = new Set(idsOf(good));
      for (let offset = 0; offset < batch.length; offset++) {
        const changed = Buffer.from(batch);
        changed.writeUInt8(changed.readUInt8(offset) ^ (1 << Math.floor(random() * 8)), offset);
        for (const bytes of [batch.subarray(0, offset), changed]) {
          const content = readBatch(bytes);
          if (content.state !== 'valid') continue;
          for (const item of content.items) {
            assert.ok(ids.has(item.id));
            assert.deepEqual(item, good.items.at(good.items.indexOf(item.id)));
          }
        }
      }
    });

    it('garbage of any kind is neither a checkpoint nor a batch', () => {
      for (const [good, read] of [
        [checkpoint, readCheckpoint],
        [batch, readBatch],
      ] as const) {
        const whole = read(good);
        for (const { name, bytes } of garbage(good)) {
          const content = read(bytes);
          if (content.state === 'valid' && whole.state === 'valid') {
            // A batch goes on with its good lines.
            assert.equal(read, readBatch, name);
            assert.ok('items' in content && content.intactBytes === undefined, name);
          }
          assert.notEqual(content.state, 'newer', name);
        }
      }
      assert.equal(({} as Record<string, unknown>)['uploadId'], undefined);
    });
  });

  /** Discards whatever can be read. */
  async function discardAll(): Promise<void> {
    const manager = harness.manager();
    await manager.refresh();
    await manager.discard(manager.snapshot().batches.map(({ id }) => id));
    await manager.shutdown();
  }

  /** Where no id can be read, or it is that of another key, an upload stays on the server. */
  function abortAll(): void {
    for (const { uploadId } of harness.server.uploads(BUCKET)) harness.server.abortUpload(uploadId);
  }

  /** Opens a window on what lies there, uploads the file again, and asserts that all is right. */
  async function uploadAgain(name: string): Promise<void> {
    const manager = harness.manager();
    await manager.refresh();
    try {
      await harness.uploadOne(manager, request);
    } catch (error) {
      throw new Error(`${name}: ${String(error).slice(0, 300)}`, { cause: error });
    } finally {
      await manager.shutdown();
    }
    harness.server.deleteObject(BUCKET, request.target.key);
  }

  /** Puts both files back as an interrupted run has left them, with an upload of that id. */
  async function interruptAgain(): Promise<void> {
    await discardAll();
    abortAll();
    interrupted = await interruptUpload(harness, request, [1, 2]);
    checkpoint = await readFile(interrupted.checkpointFile);
    batch = await readFile(interrupted.batchFile);
  }

  function* someOf<T>(items: readonly T[], count: number): Generator<T> {
    for (let taken = 0; taken < count; taken++) {
      const item = items[Math.floor(random() * items.length)];
      if (item !== undefined) yield item;
    }
  }

  it('whatever the checkpoint holds, the right object comes of it and the file is replaced', async function () {
    this.timeout(60_000);
    const flipped = (offset: number): Buffer => {
      const bytes = Buffer.from(checkpoint);
      bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << Math.floor(random() * 8)), offset);
      return bytes;
    };
    const offsets = Array.from(checkpoint.keys());
    const firstLine = checkpoint.indexOf(LINE_END) + 1;
    const damages: (() => Damage)[] = [
      ...someOf(
        garbage(checkpoint).map(({ name }) => name),
        10,
      ),
    ].map((name) => () => garbage(checkpoint).find((damage) => damage.name === name)!);
    for (const offset of someOf(offsets, 4)) {
      damages.push(() => ({ name: `flipped at ${offset}`, bytes: flipped(offset) }));
      damages.push(() => ({ name: `cut at ${offset}`, bytes: checkpoint.subarray(0, offset) }));
    }
    damages.push(() => ({
      name: 'parts of another upload',
      bytes: Buffer.concat([
        checkpoint.subarray(0, firstLine),
        otherCheckpoint.subarray(otherCheckpoint.indexOf(LINE_END) + 1),
      ]),
    }));
    damages.push(() => ({ name: 'another checkpoint', bytes: otherCheckpoint }));
    for (const damage of damages) {
      const { name, bytes } = damage();
      await writeFile(interrupted.checkpointFile, bytes);
      await uploadAgain(name);
      assert.deepEqual(await harness.stateFiles(), [], name);
      await interruptAgain();
    }
  });

  it('wrong values with right check values: the right object comes of them', async function () {
    this.timeout(60_000);
    const names = [...variants(jsonLines(checkpoint))]
      .filter(({ json }) => Array.isArray(json) && json.length > 0)
      .filter(({ json }) => readCheckpoint(forged(CHECKPOINT, json as unknown[])).state === 'valid')
      .map(({ name }) => name);
    assert.ok(names.length > 50);
    for (const name of someOf(names, 12)) {
      const variant = [...variants(jsonLines(checkpoint))].find((one) => one.name === name);
      await writeFile(interrupted.checkpointFile, forged(CHECKPOINT, variant?.json as unknown[]));
      await uploadAgain(name);
      assert.deepEqual(await harness.stateFiles(), [], name);
      await interruptAgain();
    }
  });

  it('whatever the batch holds, nothing throws, and the checkpoint it named is still there to resume', async function () {
    this.timeout(60_000);
    const names = [
      ...someOf(
        garbage(batch).map(({ name }) => name),
        6,
      ),
    ];
    const offsets = [...someOf(Array.from(batch.keys()), 4)];
    const damages: (() => Damage)[] = [
      ...names.map((name) => () => garbage(batch).find((one) => one.name === name)!),
      ...offsets.map((offset) => () => ({
        name: `cut at ${offset}`,
        bytes: batch.subarray(0, offset),
      })),
    ];
    for (const damage of damages) {
      const { name, bytes } = damage();
      await writeFile(interrupted.batchFile, bytes);
      const manager = harness.manager();
      await manager.refresh();
      const batches = manager.snapshot().batches;
      assert.equal(batches.length, 1, name);
      await manager.resume(batches.map(({ id }) => id));
      const { transfers } = await manager.whenSettled(batches[0]?.id ?? '');
      assert.equal(
        transfers[0]?.state,
        'completed',
        `${name}: ${transfers[0]?.error?.stack ?? ''}`,
      );
      await harness.assertUploaded(request);
      assert.deepEqual(harness.acceptedParts(interrupted.since), [3], name);
      await manager.shutdown();
      // A batch of which nothing can be read is set aside, which is told.
      const left = await harness.stateFiles();
      const file = path.basename(interrupted.batchFile);
      const folder = path.join(harness.stateDir, 'damaged');
      assert.ok(
        left.every((entry) => entry === 'damaged'),
        `${name}: ${left.join()}`,
      );
      const aside = await readdir(folder).catch(() => []);
      const told = harness.notices.some(({ filePath }) => path.basename(filePath) === file);
      assert.equal(told, left.length > 0, name);
      assert.ok(
        aside.every((entry) => entry === file),
        name,
      );
      assert.ok(left.length === 0 || harness.log.lines.some((line) => line.includes(file)), name);
      await rm(folder, { force: true, recursive: true });
      harness.server.deleteObject(BUCKET, request.target.key);
      await interruptAgain();
    }
  });

  it('checkpoints of two uploads with their names exchanged: both objects are right', async () => {
    const second = await interruptUpload(harness, other, [1, 3]);
    const [ours, theirs] = [checkpoint, await readFile(second.checkpointFile)];
    await writeFile(interrupted.checkpointFile, theirs);
    await writeFile(second.checkpointFile, ours);
    const manager = harness.manager();
    await manager.refresh();
    await harness.upload(manager, request, other);
    await harness.assertUploaded(request);
    await harness.assertUploaded(other);
    await manager.shutdown();
    assert.deepEqual(await harness.stateFiles(), []);
    await interruptAgain();
  });
});
