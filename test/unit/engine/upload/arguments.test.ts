import { strict as assert } from 'node:assert';
import { mkdir, readdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { UploadError } from '../../../../src/engine/index.ts';
import type { TransferSnapshot, UploadRequest } from '../../../../src/engine/index.ts';
import { planParts } from '../../../../src/engine/file/partPlan.ts';
import { MAX_PART_SIZE_BYTES } from '../../../../src/engine/contract/ossLimits.ts';
import { validateRequest } from '../../../../src/engine/contract/validate.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { hasLinks, isWindows, makeFifo } from '../../../support/files.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';

const FILE_BYTES = 2 * PART_BYTES + 12_345;
/** The null device of Windows. */
const NUL = String.raw`\\.\NUL`;

describe('arguments', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  /** Asserts that a request is refused for that field, before anything is sent or written. */
  async function assertRefused(request: unknown, field: string, says: RegExp): Promise<void> {
    const manager = harness.manager();
    const requests = [request as UploadRequest];
    await assert.rejects(
      manager.enqueue({ label: 'bad', workspacePath: '', requests }),
      (error: unknown) => {
        assert.ok(UploadError.is(error, 'invalidArgument'), String(error));
        assert.equal(error.field, field);
        assert.match(error.message, says);
        return true;
      },
    );
    assert.deepEqual(manager.snapshot().batches, []);
    assert.deepEqual(harness.server.operations, []);
    assert.deepEqual(await harness.stateFiles(), []);
  }

  /** Uploads one file and gives back its failure, after which nothing may be left but the batch. */
  async function failureOf(request: UploadRequest): Promise<TransferSnapshot> {
    const manager = harness.manager();
    const { id, transfers } = await harness.upload(manager, request);
    const [transfer] = transfers;
    assert.equal(transfer?.state, 'failed');
    await manager.discard([id]);
    await manager.shutdown();
    await harness.assertNothingLeft();
    return transfer;
  }

  it('a part size below 100 KB is refused before any request', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const request = harness.request(file, 'a.bin', { partSizeBytes: PART_BYTES - 1 });
    await assertRefused(request, 'partSizeBytes', /100 KB to 5 GB/);
  });

  it('parts of exactly 100 KB and 5 GB are accepted, one byte more is refused', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const smallest = harness.request(file, 'smallest', { partSizeBytes: PART_BYTES });
    const largest = harness.request(file, 'largest', { partSizeBytes: MAX_PART_SIZE_BYTES });
    const manager = harness.manager();
    await harness.uploadOne(manager, smallest);
    assert.equal(harness.acceptedParts().length, 3);
    await harness.uploadOne(manager, largest);
    assert.equal(harness.operations('putObject').length, 1);
    await manager.shutdown();
    await harness.assertNothingLeft();
    const plan = planParts(3 * MAX_PART_SIZE_BYTES + 1, MAX_PART_SIZE_BYTES);
    assert.deepEqual([plan.partCount, plan.partSizeBytes], [4, MAX_PART_SIZE_BYTES]);
    const tooLarge = harness.request(file, 'x', { partSizeBytes: MAX_PART_SIZE_BYTES + 1 });
    assert.throws(() => {
      validateRequest(tooLarge);
    }, /100 KB to 5 GB/);
  });

  it('values of the wrong kind are refused with the name of their field', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const good = harness.request(file, 'a.bin');
    const { options, target } = good;
    const wrong = [undefined, null, true, {}, [], Symbol('x'), 12n, () => 1];
    for (const partSizeBytes of [NaN, -1, 1.5, 200_000.5, Infinity, '8M', '204800', ...wrong]) {
      const bad = { ...good, options: { ...options, partSizeBytes } };
      await assertRefused(bad, 'partSizeBytes', /part size/);
    }
    for (const parallel of ['3', NaN, ...wrong]) {
      await assertRefused({ ...good, options: { ...options, parallel } }, 'parallel', /parallel/);
    }
    for (const filePath of [5, ...wrong]) {
      await assertRefused({ ...good, filePath }, 'filePath', /must be text/);
    }
    const inObject = (object: object): unknown => ({ ...good, options: { ...options, object } });
    for (const value of [5, ...wrong]) {
      for (const field of [
        'contentType',
        'cacheControl',
        'contentDisposition',
        'acl',
        'storageClass',
      ]) {
        if (value === undefined) continue;
        await assertRefused(inObject({ [field]: value }), field, /must be/);
      }
      for (const field of ['metadata', 'tags']) {
        await assertRefused(inObject({ [field]: { year: value } }), field, /must be text/);
      }
      await assertRefused({ ...good, target: { ...target, bucket: value } }, 'bucket', /bucket/);
      await assertRefused({ ...good, target: { ...target, key: value } }, 'key', /key/);
    }
  });

  it('0, -1, 1.5 and 1000 parts at once are refused; more than there are parts works', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    for (const parallel of [0, -1, 1.5, 65, 1000]) {
      await assertRefused(harness.request(file, 'a', { parallel }), 'parallel', /1 to 64/);
    }
    const manager = harness.manager();
    await harness.uploadOne(manager, harness.request(file, 'a', { parallel: 64 }));
    assert.deepEqual(harness.acceptedParts().sort(), [1, 2, 3]);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('an empty path is refused; a missing file fails with its path, and nothing is sent', async () => {
    await assertRefused(harness.request('', 'a.bin'), 'filePath', /path/);
    const missing = path.join(harness.folder, 'missing.bin');
    const { error } = await failureOf(harness.request(missing, 'a.bin'));
    assert.equal(error?.kind, 'sourceMissing');
    assert.equal(error.code, 'ENOENT');
    assert.equal(error.sourcePath, missing);
    assert.deepEqual(harness.server.operations, []);
  });

  it('a folder in place of a file fails and never becomes an object of 0 bytes', async () => {
    const folder = path.join(harness.folder, 'folder');
    await mkdir(folder);
    const { error } = await failureOf(harness.request(folder, 'a.bin'));
    assert.equal(error?.kind, 'sourceNotAFile');
    assert.equal(error.code, 'EISDIR');
    assert.deepEqual(harness.server.operations, []);
  });

  it('a FIFO, a socket, a device and a file that cannot be reached fail without hanging', async () => {
    const at = (name: string): string => path.join(harness.folder, name);
    const listener = net.createServer();
    if (!isWindows) {
      listener.listen(at('socket'));
      makeFifo(at('fifo'));
    }
    if (hasLinks) {
      await symlink(at('loop'), at('loop'), 'file');
      await symlink(at('missing'), at('dangling'), 'file');
    }
    const tooLong = at('x'.repeat(300));
    try {
      const cases = isWindows
        ? ([
            { file: NUL, kind: 'sourceNotAFile' },
            { file: tooLong, kind: 'sourceMissing' },
          ] as const)
        : ([
            { file: at('fifo'), kind: 'sourceNotAFile' },
            { file: at('socket'), kind: 'sourceNotAFile' },
            { file: '/dev/zero', kind: 'sourceNotAFile' },
            { file: tooLong, kind: 'sourceUnreadable' },
          ] as const);
      const links = hasLinks
        ? ([
            { file: at('loop'), kind: 'sourceUnreadable' },
            { file: at('dangling'), kind: 'sourceMissing' },
          ] as const)
        : [];
      for (const { file, kind } of [...cases, ...links]) {
        const { error } = await failureOf(harness.request(file, 'a.bin'));
        assert.equal(error?.kind, kind, file);
        // A device may have another name for what resolves paths.
        if (file !== NUL) assert.equal(error.sourcePath, file);
      }
      assert.deepEqual(harness.server.operations, []);
    } finally {
      listener.close();
    }
  });

  it('names that OSS would refuse are refused before any request', async () => {
    const file = await harness.file('a.bin', 10);
    const good = harness.request(file, 'a.bin');
    const { target } = good;
    for (const bucket of ['AB', 'a', 'a'.repeat(64), '-ab', 'ab-', 'a.b', 'ab']) {
      await assertRefused({ ...good, target: { ...target, bucket } }, 'bucket', /bucket name/);
    }
    for (const key of ['', 'k'.repeat(1024), '/a', '\\a', '钥'.repeat(341) + 'a', '\ud800']) {
      await assertRefused({ ...good, target: { ...target, key } }, 'key', /object key/);
    }
    const longest = harness.request(file, '钥'.repeat(341));
    assert.equal(Buffer.byteLength(longest.target.key), 1023);
    await harness.uploadOne(harness.manager(), longest);
  });

  it('any checkpoint folder works: missing, deep, relative, with blanks, emoji, % and #', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const relative = path.relative(process.cwd(), path.join(harness.folder, 'relative'));
    const folders = [
      path.join(harness.folder, 'not', 'there', 'yet'),
      relative,
      path.join(harness.folder, 'with blanks, 😀 100% #1 & ü'),
    ];
    for (const stateDir of folders) {
      const hold = harness.server.hold({ on: 'completeMultipartUpload' });
      const manager = harness.manager({ stateDir });
      const requests = [harness.request(file, 'a.bin')];
      const id = await harness.enqueue(manager, ...requests);
      await hold.reached;
      const names = await readdir(stateDir);
      assert.ok(names.some((name) => name.endsWith('.jsonl')));
      // Legal on Windows too: no reserved character, no blank or dot at the end.
      for (const name of names) assert.match(name, /^[0-9a-z][0-9a-z.-]*[a-z]$/);
      hold.release();
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.state, 'completed');
      await manager.shutdown();
      assert.deepEqual(await readdir(stateDir), []);
    }
    assert.deepEqual(harness.notices, []);
    await harness.assertNothingLeft();
  });

  it('a file or a loop of links in place of the checkpoint folder is told, and the file is uploaded', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const asFile = path.join(harness.folder, 'as-file');
    await writeFile(asFile, 'not a folder');
    const asLoop = path.join(harness.folder, 'as-loop');
    if (hasLinks) await symlink(asLoop, asLoop, 'dir');
    for (const stateDir of [asFile, path.join(asFile, 'below'), ...(hasLinks ? [asLoop] : [])]) {
      harness.notices.length = 0;
      const manager = harness.manager({ stateDir });
      await harness.uploadOne(manager, harness.request(file, path.basename(stateDir)));
      assert.ok(harness.notices.some(({ kind }) => kind === 'notResumable'));
      await manager.shutdown();
    }
    await harness.assertNothingLeft();
  });

  it('names with emoji, both forms of Unicode, blanks and signs: right keys, one checkpoint each', async () => {
    const names = [
      'emoji 😀.bin',
      'caf\u00e9.bin',
      'cafe\u0301.bin',
      'a b + c.bin',
      'q?x=1&y=2#frag.bin',
      'percent %41 %2F %.bin',
      "quote'~!().bin",
      '中文 文件.bin',
      // Windows has no such names.
      ...(isWindows ? [] : ['line\nbreak.bin', '"<>*?|:\\.bin', 'dot.', 'blank ']),
    ].filter((name) => !isWindows || !name.includes('?'));
    for (const name of names) {
      const file = await harness.file(name, FILE_BYTES);
      const request = harness.request(file, `文件 +/${name}`);
      const { since } = await interruptUpload(harness, request, [1]);
      const left = (await harness.stateFiles()).filter((entry) => entry.endsWith('.jsonl'));
      assert.equal(left.length, 1, name);
      const manager = harness.manager();
      await harness.uploadOne(manager, request);
      assert.deepEqual(harness.acceptedParts(since).sort(), [2, 3], name);
      await manager.shutdown();
      await harness.assertNothingLeft();
    }
    const keys = names.map((name) => `文件 +/${name}`);
    assert.deepEqual(harness.server.keys(BUCKET), keys.sort());
  });

  it('keys that look like paths stay as they are', async () => {
    const keys = ['a//b', 'a/./b', 'a/../b', '../up', './here', 'trailing/', 'a/..'];
    const file = await harness.file('a.bin', FILE_BYTES);
    const manager = harness.manager();
    for (const key of keys) await harness.uploadOne(manager, harness.request(file, key));
    assert.deepEqual(harness.server.keys(BUCKET), [...keys].sort());
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('one file to two keys in two buckets at once: four checkpoints, nothing mixed', async () => {
    await harness.close();
    const buckets = [
      { name: BUCKET, region: 'cn-hangzhou' },
      { name: 'other-bucket', region: 'cn-hangzhou' },
    ];
    harness = await EngineHarness.start({ server: { buckets } });
    const file = await harness.file('a.bin', FILE_BYTES);
    const requests = buckets.flatMap(({ name: bucket }) =>
      ['one', 'two'].map((key) => {
        const request = harness.request(file, key);
        return { ...request, target: { ...request.target, bucket } };
      }),
    );
    const holds = requests.map(({ target: { bucket, key } }) =>
      harness.server.hold({ on: 'completeMultipartUpload', bucket, key }),
    );
    const manager = harness.manager({ limits: { concurrency: 12, maxBytesPerSecond: 0 } });
    const id = await harness.enqueue(manager, ...requests);
    await Promise.all(holds.map(({ reached }) => reached));
    const checkpoints = (await harness.stateFiles()).filter((name) => name.endsWith('.jsonl'));
    assert.equal(checkpoints.length, 4);
    assert.equal(new Set(harness.operations('uploadPart').map((part) => part.uploadId)).size, 4);
    holds.forEach((hold) => {
      hold.release();
    });
    const { transfers } = await manager.whenSettled(id);
    assert.deepEqual(new Set(transfers.map(({ state }) => state)), new Set(['completed']));
    for (const request of requests) await harness.assertUploaded(request);
    assert.equal(harness.acceptedParts().length, 12);
    await manager.shutdown();
    await harness.assertNothingLeft();
    assert.deepEqual(harness.server.uploads('other-bucket'), []);
  });

  it('one file by several spellings of its path is one upload', async () => {
    const file = await harness.file('a.bin', FILE_BYTES);
    const source = path.join(harness.folder, 'source');
    const link = path.join(harness.folder, 'link.bin');
    if (hasLinks) await symlink(file, link, 'file');
    const request = harness.request(file, 'a.bin');
    const { since } = await interruptUpload(harness, request, [1]);
    const manager = harness.manager();
    const dotted = `${source}/../source/./a.bin`;
    // On Windows, and mostly on macOS, this is the same file.
    const shouted = path.join(source, 'A.BIN');
    const isSame = await stat(shouted).then(
      () => true,
      () => false,
    );
    const spellings = [dotted, ...(hasLinks ? [link] : []), ...(isSame ? [shouted] : [])];
    const requests = spellings.map((filePath) => ({ ...request, filePath }));
    const { transfers } = await harness.upload(manager, ...requests);
    for (const { filePath } of transfers) assert.equal(filePath, await realpath(file));
    assert.deepEqual(harness.acceptedParts(since).sort(), [2, 3]);
    assert.equal(harness.operations('completeMultipartUpload').length, 1);
    await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });
});
