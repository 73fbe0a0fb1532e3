import { strict as assert } from 'node:assert';
import fs from 'node:fs';
import promises, { open, readFile, rename, mkdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { mock } from 'node:test';
import { BufferPool } from '../../../../src/engine/limits/bufferPool.ts';
import {
  CHECKPOINT,
  checkpointId,
  readCheckpoint,
} from '../../../../src/engine/record/checkpoint.ts';
import { JournalText } from '../../../../src/engine/record/journalStore.ts';
import { Crc64 } from '../../../../src/engine/base/crc64.ts';
import { SourceFile } from '../../../../src/engine/file/sourceFile.ts';
import { RecordFolder } from '../../../../src/engine/record/recordFolder.ts';
import { batchesIn } from '../../../../src/engine/record/batchRecord.ts';
import { ItemTable } from '../../../../src/engine/record/itemTable.ts';
import { Batch, Batches } from '../../../../src/engine/transfers/batches.ts';
import { BatchOwner } from '../../../../src/engine/transfers/batchOwner.ts';
import { TakeOver } from '../../../../src/engine/transfers/takeOver.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';
import { EngineHarness, PART_BYTES, hastyClock } from '../../../support/engineHarness.ts';

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What the engine may cost where it can be counted; `npm run bench` measures the rest. */
describe('cost', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  it('writes no more than 2 MB to the checkpoint of 10,000 parts', () => {
    const writer = new JournalText(CHECKPOINT, {
      uploadId: 'F'.repeat(32),
      filePath: `/home/user/${'folder/'.repeat(20)}video.mp4`,
      source: { sizeBytes: 1e12, mtimeNs: '1'.repeat(19), ctimeNs: '1', inode: '1', device: '1' },
      target: { bucket: 'bucket', key: 'k'.repeat(200), region: 'cn-hangzhou', profile: '' },
      partSizeBytes: 104_857_600,
      options: { partSizeBytes: 104_857_600, parallel: 3, forbidOverwrite: false, object: {} },
      createdMs: 1_700_000_000_000,
    });
    const etag = `"${'F'.repeat(32)}"`;
    const lines = Array.from({ length: 10_000 }, (_, index) =>
      writer.line({
        partNumber: index + 1,
        sizeBytes: 104_857_600,
        etag,
        crc64: 0xffff_ffff_ffff_ffffn,
      }),
    );
    const bytes = Buffer.from(writer.headerLine + lines.join(''));
    assert.ok(bytes.length <= 2_000_000, `${bytes.length} bytes`);
    const content = readCheckpoint(bytes);
    assert.ok(content.state === 'valid');
    assert.equal(content.checkpoint.parts.size, 10_000);
  });

  it('writes each line of the checkpoint once, and flushes them together', async () => {
    const parts = 60;
    const file = await harness.file('many.bin', parts * PART_BYTES);
    let writtenBytes = 0;
    let flushes = 0;
    const counted: typeof open = async (...args) => {
      const handle = await open(...args);
      const write = handle.write.bind(handle) as (...of: unknown[]) => Promise<unknown>;
      const datasync = handle.datasync.bind(handle);
      return Object.assign(handle, {
        write: (bytes: Buffer, ...rest: unknown[]) => {
          writtenBytes += bytes.length;
          return write(bytes, ...rest);
        },
        datasync: () => {
          flushes++;
          return datasync();
        },
      });
    };
    const manager = harness.manager({ files: { mkdir, rename, open: counted } });
    await harness.uploadOne(manager, harness.request(file, 'many.bin'));
    assert.ok(writtenBytes <= parts * 200, `${writtenBytes} bytes`);
    assert.ok(flushes <= parts / 2, `${flushes} flushes`);
  });

  it('uses no more connections than parts in flight, and uses them again', async () => {
    const file = await harness.file('parts.bin', 30 * PART_BYTES);
    const manager = harness.manager();
    await harness.uploadOne(manager, harness.request(file, 'parts.bin', { parallel: 3 }));
    assert.equal(harness.operations('uploadPart').length, 30);
    const used = harness.server.acceptedConnections;
    assert.ok(used <= 3, `${used} connections`);
  });

  it('sends one request for a small file', async () => {
    const files = await Promise.all(
      Array.from({ length: 40 }, (_, index) => harness.file(`small/${index}.bin`, 4096, index)),
    );
    const manager = harness.manager();
    const requests = files.map((file, index) => harness.request(file, `small/${index}.bin`));
    const { transfers } = await harness.upload(manager, ...requests);
    assert.ok(transfers.every(({ state }) => state === 'completed'));
    assert.deepEqual(
      harness.server.operations.map(({ operation }) => operation),
      Array.from({ length: 40 }, () => 'putObject'),
    );
  });

  it('asks the disk six things of a small file, and nothing twice', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `small/${index}.bin`);
    const files = await Promise.all(names.map((name, index) => harness.file(name, 4096, index)));
    // One that was written a moment ago is looked at once more.
    await Promise.all(files.map((file) => utimes(file, 1e9, 1e9)));
    const calls = ['open', 'fstatSync', 'lstat', 'read', 'stat', 'closeSync'] as const;
    const counted = calls.map((call) => mock.method(fs, call));
    const looks = mock.method(promises, 'stat');
    try {
      const manager = harness.manager();
      const requests = files.map((file, index) => ({
        ...harness.request(file, names[index] ?? ''),
        realPath: file,
        sizeBytes: 4096,
      }));
      await harness.upload(manager, ...requests);
      const ofFiles = counted.map(({ mock: { calls: made } }) =>
        made.filter(
          ({ arguments: [first], stack }) =>
            (typeof first === 'number' || files.includes(String(first))) &&
            // The server is in this process, too.
            stack.stack?.includes('oss-server') !== true,
        ),
      );
      for (const [index, made] of ofFiles.entries()) {
        assert.ok(made.length <= 40, `${made.length} calls of ${calls[index] ?? ''}`);
      }
      // Whether one of them has a checkpoint is no question for each.
      assert.ok(looks.mock.callCount() <= 20, `${looks.mock.callCount()} looks at the records`);
    } finally {
      mock.restoreAll();
    }
  });

  it('looks for a large folder in many small batches by the files of those', async () => {
    const table = (prefix: string, count: number): ItemTable => {
      const items = new ItemTable();
      for (let index = 0; index < count; index++) {
        const { filePath, target, options } = harness.request(`/${prefix}/${index}`, `${index}`);
        const id = checkpointId(filePath, target.bucket, target.key);
        items.set({ id, filePath, target, options, sizeBytes: 1, isDiscarding: false });
      }
      return items;
    };
    const host = { now: () => 0, changed: nothing, notice: nothing };
    const header = { label: '', workspacePath: '', createdMs: 0 };
    const batches = new Batches();
    const fresh = table('folder', 10_000);
    for (let number = 0; number < 20; number++) {
      const items = table(number === 7 ? 'folder' : `other ${number}`, 1);
      const batch = new Batch(`${number}`, header, host, items);
      batch.isOwned = true;
      batches.put(batch);
    }
    const { signal } = new AbortController();
    const owner = new BatchOwner(
      batchesIn(new RecordFolder(harness.stateDir, silent)),
      hastyClock,
      silent,
      signal,
      () => Promise.resolve(),
    );
    const takeOver = new TakeOver(batches, owner, () => Promise.resolve(), nothing);
    const looks = mock.method(ItemTable.prototype, 'idAt');
    try {
      assert.equal(await takeOver.clear(fresh), '7', 'it joins what runs');
      assert.equal(fresh.size, 9999);
      assert.ok(looks.mock.callCount() <= 200, `${looks.mock.callCount()} looks`);
    } finally {
      mock.restoreAll();
    }
  });

  it('writes the lines together that come together', async () => {
    const disk = new PlayedDisk();
    const records = new RecordFolder(path.join(harness.stateDir, 'lines'), silent, disk.files);
    const file = await records.create('many.batch', ['first\n']);
    const lines = Array.from({ length: 1000 }, (_, index) => `${index}\n`);
    const appended = await Promise.all(lines.map((line) => file.append(line)));
    await file.close();
    assert.ok(appended.every((each) => each === 'written'));
    const writes = disk.calls.filter(({ call }) => call === 'write');
    assert.equal(writes.length, 1);
    const text = await readFile(records.pathOf('many.batch'), 'utf8');
    assert.equal(text, ['first\n', ...lines].join(''));
  });

  it('reads any range with two buffers, and a small one with its size', async () => {
    const file = await harness.file('large.bin', 3_000_000);
    const { size } = await stat(file);
    class CountingPool extends BufferPool {
      readonly taken = new Set<Buffer>();
      override take(sizeBytes: number): Buffer {
        const buffer = super.take(sizeBytes);
        this.taken.add(buffer);
        return buffer;
      }
    }
    const source = await SourceFile.open(file);
    try {
      const pool = new CountingPool();
      const { signal } = new AbortController();
      for (let turn = 0; turn < 5; turn++) await source.crc64(0, size, pool, signal);
      assert.equal(pool.taken.size, 2);
      const small = new CountingPool();
      await source.crc64(10, 4096, small, signal);
      assert.deepEqual(
        [...small.taken].map(({ length }) => length),
        [4096],
      );
    } finally {
      source.close();
    }
  });

  it('keeps apart the chunks of a range that fits into one buffer', async () => {
    const file = await harness.file('slow.bin', 20_000);
    const source = await SourceFile.open(file);
    const whole: Buffer[] = [];
    try {
      const hooks = { chunkBytes: () => 4096 };
      // The chunk is copied only after the next one was read beside it.
      let before: Uint8Array | undefined;
      for await (const chunk of source.read(0, 20_000, new BufferPool(), new Crc64(), hooks)) {
        if (before !== undefined) whole.push(Buffer.from(before));
        before = chunk;
      }
      if (before !== undefined) whole.push(Buffer.from(before));
      const crc = new Crc64();
      whole.forEach((chunk) => {
        crc.update(chunk);
      });
      const { signal } = new AbortController();
      assert.equal(crc.digest(), await source.crc64(0, 20_000, new BufferPool(), signal));
    } finally {
      source.close();
    }
  });
});
