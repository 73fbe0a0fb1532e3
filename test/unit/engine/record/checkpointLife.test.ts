import { strict as assert } from 'node:assert';
import fs, {
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { mock } from 'node:test';
import {
  CHECKPOINT,
  checkpointsIn,
  readCheckpoint,
} from '../../../../src/engine/record/checkpoint.ts';
import { JournalText } from '../../../../src/engine/record/journalStore.ts';
import type { CheckpointHeader } from '../../../../src/engine/record/checkpoint.ts';
import { RecordFolder } from '../../../../src/engine/record/recordFolder.ts';
import type {
  TransferSnapshot,
  UploadOptions,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';
import type {
  TransferManager,
  TransferManagerOptions,
} from '../../../../src/engine/transfers/transferManager.ts';
import {
  ACCESS_KEY,
  BUCKET,
  EngineHarness,
  MemoryLog,
  PART_BYTES,
} from '../../../support/engineHarness.ts';
import { interruptUpload, whenSnapshot } from '../../../support/interruptedUpload.ts';
import type { InterruptedUpload } from '../../../support/interruptedUpload.ts';
import { hasLinks, isWindows, testBytes } from '../../../support/files.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';
import { SentRequests } from '../../../support/sentRequests.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

/** 5 parts, the last of them short. */
const FILE_BYTES = 4 * PART_BYTES + 12_345;

describe('the life of a checkpoint', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    mock.restoreAll();
    await harness.close();
  });

  async function newRequest(options: Partial<UploadOptions> = {}): Promise<UploadRequest> {
    return harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin', options);
  }

  /** Opens a new window and resumes what it finds; nothing may be left then. */
  async function resumeAll(
    { since }: { readonly since: number },
    options: Partial<TransferManagerOptions> = {},
  ): Promise<{ readonly sent: number[]; readonly transfers: readonly TransferSnapshot[] }> {
    const manager = harness.manager(options);
    await manager.refresh();
    const ids = manager.snapshot().batches.map(({ id }) => id);
    await manager.resume(ids);
    const settled = await Promise.all(ids.map((id) => manager.whenSettled(id)));
    const transfers = settled.flatMap((batch) => batch.transfers);
    for (const { state, error } of transfers) assert.equal(state, 'completed', error?.stack);
    await manager.shutdown();
    await harness.assertNothingLeft();
    return { sent: harness.acceptedParts(since).sort((a, b) => a - b), transfers };
  }

  /** Enqueues again in a new window and asserts success; gives the parts that were sent. */
  async function uploadAgain(
    request: UploadRequest,
    { since }: { readonly since: number },
    options: Partial<TransferManagerOptions> = {},
  ): Promise<number[]> {
    const manager = harness.manager(options);
    await harness.uploadOne(manager, request);
    await manager.shutdown();
    await harness.assertNothingLeft();
    return harness.acceptedParts(since).sort((a, b) => a - b);
  }

  async function headerOf({ checkpointFile }: InterruptedUpload): Promise<CheckpointHeader> {
    const content = readCheckpoint(await readFile(checkpointFile));
    assert.equal(content.state, 'valid');
    return content.checkpoint.header;
  }

  function noticesOf(kind: string): (string | undefined)[] {
    return harness.notices.filter((notice) => notice.kind === kind).map(({ detail }) => detail);
  }

  const allParts = [1, 2, 3, 4, 5];

  it('after a refused part 3 of 5 the next run sends only that one, the short last one not again', async () => {
    const request = await newRequest({ parallel: 5 });
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
    const answer = { status: 403, code: 'AccessDenied' };
    harness.server.faults.push({ on: 'uploadPart', partNumber: 3, do: { answer } });
    const manager = harness.manager();
    const id = await harness.enqueue(manager, request);
    await whenSnapshot(manager, ({ batches }) => batches[0]?.transfers[0]?.partsDone === 4);
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    assert.equal(transfers[0]?.error?.code, 'AccessDenied');
    assert.equal(transfers[0].error.partNumber, 3);
    await manager.shutdown();
    harness.server.faults.length = 0;
    const { sent } = await resumeAll({ since: harness.server.operations.length });
    assert.deepEqual(sent, [3]);
    await harness.assertUploaded(request);
  });

  it('with parts 1 and 4 done a resume sends exactly 2, 3 and 5', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 4]);
    assert.deepEqual((await resumeAll(interrupted)).sent, [2, 3, 5]);
    await harness.assertUploaded(request);
    assert.equal(harness.operations('initiateMultipartUpload').length, 1);
  });

  it('parts that only the server knows are proven by their bytes and kept', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 3, 5]);
    const header = await headerOf(interrupted);
    await writeFile(interrupted.checkpointFile, new JournalText(CHECKPOINT, header).headerLine);
    assert.deepEqual((await resumeAll(interrupted)).sent, [2, 4]);
    await harness.assertUploaded(request);
  });

  it('a part of the right size and other bytes that only the server knows is sent again', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 3, 5]);
    const { target } = request;
    const store = await harness.oss.openStore(target);
    const { signal } = new AbortController();
    for (const partNumber of [2, 3]) {
      const body = { sizeBytes: PART_BYTES, chunks: once(testBytes(0, PART_BYTES, 9)) };
      const { uploadId } = interrupted;
      await store.uploadPart(target.key, uploadId, partNumber, body, {}, { signal });
    }
    const since = harness.server.operations.length;
    assert.deepEqual((await resumeAll({ since })).sent, [2, 3, 4]);
    await harness.assertUploaded(request);
  });

  describe('the options lie in the checkpoint too', () => {
    const options: Partial<UploadOptions> = {
      parallel: 2,
      forbidOverwrite: true,
      object: {
        acl: 'public-read',
        storageClass: 'IA',
        encryption: { algorithm: 'KMS', keyId: 'key-1' },
        metadata: { author: 'Zoë 上海' },
        tags: { project: 'a b' },
        callback: { url: 'http://127.0.0.1:1/', body: 'size=${size}' },
        trafficLimitBitsPerSecond: 819_200,
      },
    };

    /** Resumes all with only parts 2, 4 and 5 to send, and the options of the beginning. */
    async function assertGoesOn(request: UploadRequest, since: number): Promise<void> {
      const sent = new SentRequests();
      try {
        assert.deepEqual((await resumeAll({ since })).sent, [2, 4, 5]);
      } finally {
        sent.stop();
      }
      await harness.assertUploaded(request);
      assert.deepEqual(noticesOf('optionsChanged'), []);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      assert.equal(noticesOf('callbackFailed').length, 1);
      const [completion] = sent.matching('POST', /uploadId=/);
      assert.equal(completion?.headers['x-oss-forbid-overwrite'], 'true');
      assert.equal(completion.headers['x-oss-object-acl'], 'public-read');
      const [part] = sent.matching('PUT', /partNumber=/);
      assert.equal(part?.headers['x-oss-traffic-limit'], '819200');
    }

    it('the record of one upload is read once, from the start of the window to the object', async () => {
      const request = await newRequest();
      const interrupted = await interruptUpload(harness, request, [1, 3]);
      const disk = new PlayedDisk();
      const { files } = disk;
      const { sent } = await resumeAll({ since: interrupted.since }, { files });
      assert.deepEqual(sent, [2, 4, 5]);
      // Once for reading, once for the lines of the parts that were sent.
      const name = path.basename(interrupted.checkpointFile);
      const ofCheckpoint = disk.calls.filter((call) => call.call === 'open' && call.name === name);
      assert.equal(ofCheckpoint.length, 2);
      const batchName = path.basename(interrupted.batchFile);
      const ofBatch = disk.calls.filter((call) => call.call === 'open' && call.name === batchName);
      assert.equal(ofBatch.length, 2);
    });

    it('without its batch an upload goes on with the very same options, and sends nothing again', async () => {
      const request = await newRequest(options);
      const interrupted = await interruptUpload(harness, request, [1, 3]);
      await rm(interrupted.batchFile);
      await assertGoesOn(request, interrupted.since);
    });

    it('what the user has changed about it meanwhile is in the checkpoint, too', async () => {
      const request = await newRequest(options);
      const interrupted = await interruptUpload(harness, request, [1, 3]);
      const hold = harness.server.hold({ on: 'uploadPart', times: 9 });
      const manager = harness.manager();
      await manager.refresh();
      await manager.resume([interrupted.batchId], { forbidOverwrite: false, profile: 'other' });
      await hold.reached;
      const { options: kept, target } = await headerOf(interrupted);
      assert.ok(!kept.forbidOverwrite);
      assert.equal(target.profile, 'other');
      hold.release();
      await manager.whenSettled(interrupted.batchId);
      await manager.shutdown();
      await harness.assertNothingLeft();
    });
  });

  it('a checkpoint with another part size written into it restarts with the requested one', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const text = await readFile(interrupted.checkpointFile, 'utf8');
    const tampered = text.replace(`"partSizeBytes":${PART_BYTES}`, '"partSizeBytes":204800');
    assert.notEqual(tampered, text);
    await writeFile(interrupted.checkpointFile, tampered);
    assert.deepEqual(await uploadAgain(request, interrupted), allParts);
    const sizes = harness.server.operations
      .slice(interrupted.since)
      .filter(({ operation }) => operation === 'uploadPart')
      .map(({ bytes }) => bytes);
    assert.equal(Math.max(...sizes), PART_BYTES);
    assert.equal(noticesOf('checkpointDamaged').length, 1);
  });

  it('a checkpoint of a newer version is named and left as it is', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const { uploadId } = interrupted;
    const { headerLine } = new JournalWriter('oss-upload-checkpoint', { version: 3, uploadId });
    await writeFile(interrupted.checkpointFile, headerLine);
    const manager = harness.manager();
    const { transfers } = await harness.upload(manager, request);
    assert.equal(transfers[0]?.state, 'failed');
    assert.equal(transfers[0].error?.kind, 'checkpointNewer');
    assert.match(transfers[0].error.message, new RegExp(path.basename(interrupted.checkpointFile)));
    await manager.discard([transfers[0].id]);
    await manager.shutdown();
    assert.equal(harness.server.operations.length, interrupted.since);
    assert.equal(await readFile(interrupted.checkpointFile, 'utf8'), headerLine);
    assert.deepEqual(await harness.stateFiles(), [path.basename(interrupted.checkpointFile)]);
  });

  it('records of a newer version that no batch names are named in the log and left', async () => {
    await mkdir(harness.stateDir);
    const files = [
      { name: `${'a'.repeat(32)}.jsonl`, kind: 'oss-upload-checkpoint' },
      { name: 'some.batch', kind: 'oss-upload-batch' },
    ];
    for (const { name, kind } of files) {
      const text = new JournalWriter(kind, { version: 99 }).headerLine;
      await writeFile(path.join(harness.stateDir, name), text);
    }
    const manager = harness.manager();
    await manager.refresh();
    await manager.refresh();
    assert.deepEqual(manager.snapshot().batches, []);
    for (const { name } of files) {
      const lines = harness.log.lines.filter((line) => line.includes(name));
      assert.equal(lines.length, 1, name);
      assert.match(lines[0] ?? '', /warn .*newer version \(99\)/);
    }
    await manager.shutdown();
    assert.deepEqual((await harness.stateFiles()).sort(), files.map(({ name }) => name).sort());
  });

  it('a folder that cannot be written: the file is uploaded and the user is told', async () => {
    const request = await newRequest();
    const disk = new PlayedDisk(({ call, name }) =>
      call === 'mkdir' || (call === 'open' && name.endsWith('.tmp')) ? 'EROFS' : undefined,
    );
    const manager = harness.manager({ files: disk.files });
    await harness.uploadOne(manager, request);
    assert.match(noticesOf('notResumable')[0] ?? '', /EROFS/);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a checkpoint that somebody has open for a moment, as on Windows, is replaced all the same', async () => {
    const request = await newRequest();
    const refusals = ['EPERM', 'EACCES', 'EBUSY'];
    const disk = new PlayedDisk(({ call, name }) =>
      call === 'rename' && name.endsWith('.jsonl') ? refusals.pop() : undefined,
    );
    const interrupted = await interruptUpload(harness, request, [1, 2], { files: disk.files });
    assert.deepEqual(refusals, []);
    assert.deepEqual(noticesOf('notResumable'), []);
    assert.deepEqual((await resumeAll(interrupted)).sent, [3, 4, 5]);
  });

  it('a checkpoint that somebody has open for a moment is gone on with, and removed in the end', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const refusals = ['EPERM', 'EBUSY'];
    const disk = new PlayedDisk(({ call, name }) =>
      call === 'open' && name.endsWith('.jsonl') ? refusals.pop() : undefined,
    );
    let removals = 0;
    const { rm: remove } = fs;
    mock.method(fs, 'rm', (file: string, ...rest: [object]) =>
      file === interrupted.checkpointFile && ++removals === 1
        ? Promise.reject(Object.assign(new Error('EBUSY'), { code: 'EBUSY' }))
        : remove(file, ...rest),
    );
    const { sent } = await resumeAll(interrupted, { files: disk.files });
    assert.deepEqual(sent, [3, 4, 5]);
    assert.deepEqual([refusals, removals], [[], 2]);
    assert.deepEqual(noticesOf('notResumable'), []);
  });

  it('a checkpoint that stays locked is told, leaves nothing behind, and the upload goes on', async () => {
    const request = await newRequest();
    const disk = new PlayedDisk(({ call, name }) =>
      call === 'rename' && name.endsWith('.jsonl') ? 'EPERM' : undefined,
    );
    const manager = harness.manager({ files: disk.files });
    await harness.uploadOne(manager, request);
    assert.match(noticesOf('notResumable')[0] ?? '', /EPERM/);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a disk that is full at the creation leaves no half-written file, and the upload goes on', async () => {
    const request = await newRequest();
    const disk = new PlayedDisk(({ call }) => (call === 'writeFile' ? 'ENOSPC' : undefined));
    const hold = harness.server.hold({ on: 'completeMultipartUpload' });
    const manager = harness.manager({ files: disk.files });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    const names = await harness.stateFiles();
    assert.ok(
      names.every((name) => name.endsWith('.lease')),
      names.join(),
    );
    hold.release();
    const { transfers } = await manager.whenSettled(id);
    assert.equal(transfers[0]?.state, 'completed');
    assert.match(noticesOf('notResumable')[0] ?? '', /ENOSPC/);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('a disk that is full at the third record: told once, and a later resume sends nothing twice', async () => {
    const request = await newRequest();
    // Lines that come together are written together.
    let records = 0;
    const disk = new PlayedDisk(({ call, name, lines }) => {
      if (call !== 'write' || !name.includes('.jsonl')) return undefined;
      if (records + lines > 2) return 'ENOSPC';
      records += lines;
      return undefined;
    });
    const interrupted = await interruptUpload(harness, request, [1, 2, 4, 5], {
      files: disk.files,
    });
    assert.equal(noticesOf('notResumable').length, 1);
    const content = readCheckpoint(await readFile(interrupted.checkpointFile));
    assert.equal(content.state, 'valid');
    assert.equal(content.checkpoint.parts.size, 2);
    assert.deepEqual((await resumeAll(interrupted)).sent, [3]);
    await harness.assertUploaded(request);
  });

  it('a disk that is full when parts are taken over from the server: told once', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 3, 5]);
    const header = await headerOf(interrupted);
    await writeFile(interrupted.checkpointFile, new JournalText(CHECKPOINT, header).headerLine);
    const disk = new PlayedDisk(({ call, name }) =>
      call === 'write' && name.includes('.jsonl') ? 'ENOSPC' : undefined,
    );
    const resumed = await resumeAll(interrupted, { files: disk.files });
    assert.deepEqual(resumed.sent, [2, 4]);
    assert.equal(noticesOf('notResumable').length, 1);
    await harness.assertUploaded(request);
  });

  it('a disk that has no room for the lease of a batch: it is resumed all the same', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const lease = path.join(harness.stateDir, `${interrupted.batchId}.lease`);
    const { link } = fs;
    mock.method(fs, 'link', (from: string, to: string) =>
      to === lease
        ? Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
        : link(from, to),
    );
    const { sent } = await resumeAll(interrupted).finally(() => {
      mock.restoreAll();
    });
    assert.deepEqual(sent, [3, 4, 5]);
    await harness.assertUploaded(request);
  });

  it('a disk that takes half of a line: the line is taken back', async () => {
    const request = await newRequest();
    let records = 0;
    const disk = new PlayedDisk();
    const open: typeof disk.files.open = async (file, ...rest) => {
      const handle = await disk.files.open(file, ...rest);
      return new Proxy(handle, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (property === 'write') {
            return (bytes: Buffer, offset: number, length: number, position: number) => {
              const lines = bytes.toString().split('\n').length - 1;
              const isCut = String(file).includes('.jsonl') && records + lines >= 2;
              if (String(file).includes('.jsonl') && !isCut) records += lines;
              return target.write(bytes, offset, isCut ? length >> 1 : length, position);
            };
          }
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    };
    const files = { ...disk.files, open };
    const interrupted = await interruptUpload(harness, request, [1, 2, 4], { files });
    const bytes = await readFile(interrupted.checkpointFile);
    assert.equal(bytes.at(-1), 0x0a);
    const content = readCheckpoint(bytes);
    assert.equal(content.state, 'valid');
    assert.equal(content.checkpoint.parts.size, 1);
    assert.deepEqual((await resumeAll(interrupted)).sent, [3, 5]);
  });

  // Windows does not remove a folder with a file in it that is open.
  const removable = ['checkpoint', 'lease files', ...(isWindows ? [] : ['folder'])];
  for (const what of removable) {
    it(`the ${what} deleted in the middle of an upload: it finishes`, async () => {
      const request = await newRequest();
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 4 });
      const manager = harness.manager();
      const id = await harness.enqueue(manager, request);
      await hold.reached;
      for (const name of await harness.stateFiles()) {
        const isMeant = name.endsWith(what === 'checkpoint' ? '.jsonl' : '.lease');
        if (isMeant) await rm(path.join(harness.stateDir, name));
      }
      if (what === 'folder') await rm(harness.stateDir, { recursive: true });
      hold.release();
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.error, undefined, transfers[0]?.error?.stack);
      assert.equal(transfers[0]?.state, 'completed');
      await harness.assertUploaded(request);
      await manager.shutdown();
      await harness.assertNothingLeft();
    });
  }

  it('after a clean success the folder is there and empty', async () => {
    const manager = harness.manager();
    await harness.uploadOne(manager, await newRequest());
    await manager.shutdown();
    assert.deepEqual(await readdir(harness.stateDir), []);
  });

  it('the records of 10,000 parts are 1 MB in all, each written once and nothing read again', async () => {
    const disk = new PlayedDisk();
    const store = checkpointsIn(new RecordFolder(harness.stateDir, new MemoryLog(), disk.files));
    const header: CheckpointHeader = {
      uploadId: '0004B9894A22E5B1888A1E29F8236E2D',
      filePath: '/data/video.mp4',
      source: { sizeBytes: 8e10, mtimeNs: '1', ctimeNs: '1', inode: '1', device: '1' },
      target: { bucket: BUCKET, key: 'video.mp4', region: 'cn-hangzhou', profile: '' },
      partSizeBytes: 8 * 1024 ** 2,
      options: { partSizeBytes: 8 * 1024 ** 2, parallel: 3, forbidOverwrite: false, object: {} },
      createdMs: 1,
    };
    const checkpoint = await store.create('id', header, []);
    for (let partNumber = 1; partNumber <= 10_000; partNumber++) {
      const etag = `"${'ABCDEF0123456789'.repeat(2)}"`;
      await checkpoint.append({
        partNumber,
        sizeBytes: 8 * 1024 ** 2,
        etag,
        crc64: 2n ** 64n - 1n,
      });
    }
    await checkpoint.close();
    const written = disk.calls.filter(({ call }) => call === 'write' || call === 'writeFile');
    assert.equal(written.length, 10_001);
    const bytes = written.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    assert.ok(bytes < 1.2e6, `${bytes} bytes`);
    assert.ok(Math.max(...written.slice(1).map(({ sizeBytes }) => sizeBytes)) < 120);
    assert.equal(disk.of('.tmp').filter((call) => call.startsWith('open')).length, 1);
    const content = await store.read('id');
    assert.equal(content?.state, 'valid');
    assert.equal(content.checkpoint.parts.size, 10_000);
  });

  it('files are for their owner only, and no key or token is in them', async () => {
    const request = await newRequest();
    await interruptUpload(harness, request, [1]);
    const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;
    if (!isWindows) assert.equal(await modeOf(harness.stateDir), 0o700);
    for (const name of await harness.stateFiles()) {
      const file = path.join(harness.stateDir, name);
      if (!isWindows) assert.equal(await modeOf(file), 0o600, name);
      const text = await readFile(file, 'utf8');
      assert.ok(!text.includes(ACCESS_KEY.accessKeySecret), name);
      assert.ok(!text.includes(ACCESS_KEY.accessKeyId), name);
    }
    const log = harness.log.lines.join('\n');
    assert.ok(!log.includes(ACCESS_KEY.accessKeySecret));
    await resumeAll({ since: 0 });
  });

  it('a folder that was open to others is closed, and what they have put there is removed', async function () {
    if (isWindows) this.skip();
    const request = await newRequest();
    await interruptUpload(harness, request, [1]);
    await chmod(harness.stateDir, 0o777);
    const planted = path.join(harness.stateDir, 'planted.batch');
    await symlink('/etc/passwd', planted);
    await resumeAll({ since: 0 });
    assert.equal((await stat(harness.stateDir)).mode & 0o777, 0o700);
    await assert.rejects(lstat(planted), { code: 'ENOENT' });
    assert.ok(harness.log.lines.some((line) => /^warn .*open to other users/.test(line)));
  });

  for (const kind of ['a link', 'of another user'] as const) {
    it(`a folder that is ${kind} is neither read nor written, which is told, and uploads go on`, async function () {
      if (kind === 'a link') {
        if (!hasLinks) this.skip();
      } else if (isWindows) this.skip();
      await interruptUpload(harness, await newRequest(), [1]);
      if (kind === 'a link') {
        const elsewhere = path.join(harness.folder, 'elsewhere');
        await rename(harness.stateDir, elsewhere);
        await symlink(elsewhere, harness.stateDir, 'dir');
      } else if (process.getuid?.() === 0) {
        await chown(harness.stateDir, 12_345, 12_345);
      } else {
        mock.method(process as Required<NodeJS.Process>, 'getuid', () => 12_345);
      }
      const before = await harness.stateFiles();
      const manager = harness.manager();
      await manager.refresh();
      assert.deepEqual(manager.snapshot().batches, []);
      const other = await harness.file('other.bin', FILE_BYTES);
      await harness.uploadOne(manager, harness.request(other, 'other.bin'));
      await manager.shutdown();
      mock.restoreAll();
      assert.deepEqual(await harness.stateFiles(), before);
      assert.ok(harness.log.lines.some((line) => /^error .*is not used: it is a link/.test(line)));
      assert.ok(harness.notices.some((notice) => notice.kind === 'notResumable'));
    });
  }

  it('many old checkpoints are listed with size, age and progress; a discard removes uploads, then files', async () => {
    const count = 20;
    const { signal } = new AbortController();
    const old = Date.now() - 8 * 24 * 3_600_000;
    await mkdir(harness.stateDir);
    const records = checkpointsIn(new RecordFolder(harness.stateDir, harness.log));
    for (let index = 0; index < count; index++) {
      const key = `old/${index}.bin`;
      const { target, options } = harness.request('', key);
      const store = await harness.oss.openStore(target);
      const { uploadId } = await store.initiateMultipartUpload(
        key,
        { forbidOverwrite: false },
        { signal },
      );
      const header = {
        uploadId,
        filePath: path.join(harness.folder, 'deleted', `${index}.bin`),
        source: { sizeBytes: 10 * PART_BYTES, mtimeNs: '1', ctimeNs: '1', inode: '1', device: '1' },
        target,
        partSizeBytes: PART_BYTES,
        options,
        createdMs: old,
      };
      const checkpoint = await records.create(index.toString(16).padStart(32, '0'), header, []);
      for (let partNumber = 1; partNumber <= index % 10; partNumber++) {
        await checkpoint.append({ partNumber, sizeBytes: PART_BYTES, etag: '"A"', crc64: 1n });
      }
      await checkpoint.close();
    }
    const manager = harness.manager();
    await manager.refresh();
    const { batches } = manager.snapshot();
    assert.equal(batches.length, count);
    for (const { label, createdMs, transfers } of batches) {
      const [transfer] = transfers;
      const index = Number.parseInt(label, 10);
      assert.equal(createdMs, old);
      assert.equal(transfer?.state, 'interrupted');
      assert.equal(transfer.sizeBytes, 10 * PART_BYTES);
      assert.equal(transfer.confirmedBytes, (index % 10) * PART_BYTES);
      assert.deepEqual([transfer.partsDone, transfer.partsTotal], [index % 10, 10]);
    }
    // A checkpoint outlives its upload, never the other way round.
    const hold = harness.server.hold({ on: 'abortMultipartUpload', key: 'old/7.bin' });
    const discarding = manager.discard(batches.map(({ id }) => id));
    await hold.reached;
    const seventh = `${(7).toString(16).padStart(32, '0')}.jsonl`;
    assert.ok((await harness.stateFiles()).includes(seventh));
    hold.release();
    await discarding;
    assert.deepEqual(manager.snapshot().batches, []);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('another part size on resume keeps the old plan and says so', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const larger = { ...request, options: { ...request.options, partSizeBytes: 2 * PART_BYTES } };
    assert.deepEqual(await uploadAgain(larger, interrupted), [3, 4, 5]);
    assert.deepEqual(noticesOf('partSizeKept'), [String(PART_BYTES)]);
  });

  const otherOptions: readonly UploadOptions['object'][] = [
    { acl: 'public-read' },
    { encryption: { algorithm: 'AES256' } },
    { storageClass: 'IA' },
    { metadata: { author: 'me' } },
    { tags: { year: '2026' } },
    { cacheControl: 'no-cache' },
  ];
  for (const object of otherOptions) {
    it(`${Object.keys(object).join()} changed between runs: told, and all parts are sent under it`, async () => {
      const request = await newRequest();
      const interrupted = await interruptUpload(harness, request, [1, 2]);
      const changed = { ...request, options: { ...request.options, object } };
      assert.deepEqual(await uploadAgain(changed, interrupted), allParts);
      assert.equal(noticesOf('optionsChanged').length, 1);
      const aborts = harness.operations('abortMultipartUpload').map(({ uploadId }) => uploadId);
      assert.deepEqual(aborts, [interrupted.uploadId]);
    });
  }

  it('what travels with each request may change between runs', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const object = { trafficLimitBitsPerSecond: 838_860_800 };
    const changed = { ...request, options: { ...request.options, object } };
    assert.deepEqual(await uploadAgain(changed, interrupted), [3, 4, 5]);
    assert.deepEqual(noticesOf('optionsChanged'), []);
  });

  it('after a restart with three running uploads all three are offered, with what is done', async () => {
    const keys = ['one.bin', 'two.bin', 'three.bin'];
    const requests = await Promise.all(
      keys.map(async (key, index) =>
        harness.request(await harness.file(key, FILE_BYTES, index + 1), key, { parallel: 1 }),
      ),
    );
    const holds = keys.map((key) => harness.server.hold({ on: 'uploadPart', key, partNumber: 4 }));
    const first = harness.manager();
    await first.enqueue({ label: 'three', workspacePath: '/work', requests });
    await Promise.all(holds.map(({ reached }) => reached));
    await whenSnapshot(first, ({ batches }) =>
      (batches[0]?.transfers ?? []).every(({ partsDone }) => partsDone === 3),
    );
    const ids = keys.map(
      (key) => harness.server.uploads(BUCKET).find((one) => one.key === key)?.uploadId,
    );
    const idsIn = (manager: TransferManager): string[] | undefined =>
      manager.snapshot().batches[0]?.transfers.map(({ uploadId }) => uploadId);
    assert.deepEqual(idsIn(first), ids);
    await first.shutdown();
    const since = harness.server.operations.length;
    const second = harness.manager();
    await second.refresh();
    const [batch] = second.snapshot().batches;
    assert.deepEqual([batch?.label, batch?.workspacePath], ['three', '/work']);
    assert.deepEqual(idsIn(second), ids);
    assert.deepEqual(
      batch?.transfers.map(({ target, state, confirmedBytes }) => [
        target.key,
        state,
        confirmedBytes,
      ]),
      keys.map((key) => [key, 'interrupted', 3 * PART_BYTES]),
    );
    assert.equal(harness.server.operations.length, since, 'a start-up asks the server nothing');
    await second.shutdown();
    holds.forEach((hold) => {
      hold.release();
    });
    // The held fourth parts may have been accepted after all; then they are proven and kept.
    const { sent } = await resumeAll({ since });
    assert.ok(
      sent.every((partNumber) => partNumber >= 4),
      sent.join(),
    );
    for (const request of requests) await harness.assertUploaded(request);
  });

  it('a window with nothing to offer tells nobody; what comes and what goes is told', async () => {
    const clock = new VirtualClock();
    const manager = harness.manager({ clock });
    let told = 0;
    manager.onDidChange(() => {
      told++;
    });
    const look = async (): Promise<number> => {
      await manager.refresh();
      clock.advance(1000);
      return told;
    };
    assert.equal(await look(), 0);
    const request = await newRequest();
    const { batchId } = await interruptUpload(harness, request, [1, 2]);
    assert.equal(await look(), 1);
    const another = harness.manager();
    await another.refresh();
    await another.discard([batchId]);
    assert.equal(await look(), 2);
    assert.deepEqual(manager.snapshot().batches, []);
    assert.equal(await look(), 2);
    await Promise.all([manager.shutdown(), another.shutdown()]);
  });

  it('a file in the folder that stays locked is named once and left, and the others are offered', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    const locked = ['locked.jsonl', 'locked.batch'];
    for (const name of locked) await writeFile(path.join(harness.stateDir, name), 'x');
    // The other one is only locked for a moment.
    const lockedOnce = new Set([interrupted.batchFile]);
    const { open } = fs;
    mock.method(fs, 'open', (file: string, ...rest: [string]) =>
      locked.includes(path.basename(file)) || lockedOnce.delete(file)
        ? Promise.reject(Object.assign(new Error('EBUSY'), { code: 'EBUSY' }))
        : open(file, ...rest),
    );
    const manager = harness.manager();
    await manager.refresh();
    assert.deepEqual(
      manager.snapshot().batches.map(({ id }) => id),
      [interrupted.batchId],
    );
    await manager.refresh();
    await manager.shutdown();
    mock.restoreAll();
    for (const name of locked) {
      const lines = harness.log.lines.filter((line) => line.includes(name));
      assert.equal(lines.length, 1, name);
      await rm(path.join(harness.stateDir, name));
    }
    assert.deepEqual((await resumeAll(interrupted)).sent, [3, 4, 5]);
  });

  it('folders with names of our files stand in the way of nothing', async () => {
    const request = await newRequest();
    const interrupted = await interruptUpload(harness, request, [1, 2]);
    for (const suffix of ['.jsonl', '.batch', '.lease', '.tmp', '']) {
      await mkdir(path.join(harness.stateDir, `folder${suffix}`));
    }
    const looking = harness.manager();
    await looking.refresh();
    assert.deepEqual(
      looking.snapshot().batches.map(({ id }) => id),
      [interrupted.batchId],
    );
    await looking.shutdown();
    assert.deepEqual(await uploadAgainBeside(request, interrupted), [3, 4, 5]);

    async function uploadAgainBeside(
      ...[again, { since }]: Parameters<typeof uploadAgain>
    ): Promise<number[]> {
      const manager = harness.manager();
      await harness.uploadOne(manager, again);
      await manager.shutdown();
      return harness.acceptedParts(since).sort();
    }
  });

  it('a part is sent only when its upload id is on disk: written, flushed, renamed, the folder flushed', async () => {
    const request = await newRequest();
    const disk = new PlayedDisk();
    const hold = harness.server.hold({ on: 'uploadPart', times: Infinity });
    const manager = harness.manager({ files: disk.files });
    const id = await harness.enqueue(manager, request);
    await hold.reached;
    const uploadId = harness.server.uploads(BUCKET)[0]?.uploadId;
    const names = (await harness.stateFiles()).filter((name) => name.endsWith('.jsonl'));
    const content = readCheckpoint(await readFile(path.join(harness.stateDir, names[0] ?? '')));
    assert.equal(content.state, 'valid');
    assert.equal(content.checkpoint.header.uploadId, uploadId);
    // Batch, pending checkpoint, checkpoint: each the same way.
    const folder = path.basename(harness.stateDir);
    const steps = disk.calls
      .filter(({ call, name }) => call !== 'mkdir' && !(call === 'open' && name === folder))
      .map(({ call, name }) => `${call} ${name.replace(/^.*(?=\.)/, '')}`);
    // Windows has no such call.
    const ofFolder = isWindows ? [] : [`sync ${folder}`];
    const whole = (suffix: string): string[] => [
      'open .tmp',
      'writeFile .tmp',
      'sync .tmp',
      `rename ${suffix}`,
      ...ofFolder,
    ];
    assert.deepEqual(steps, [...whole('.batch'), ...whole('.jsonl'), ...whole('.jsonl')]);
    hold.release();
    await manager.whenSettled(id);
  });

  it('what the user has paused is paused in the next window too, until it is resumed', async () => {
    const request = harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin');
    const first = harness.manager();
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 2 });
    const id = await harness.enqueue(first, request);
    await hold.reached;
    await first.pause([id]);
    hold.release();
    await first.shutdown();

    const second = harness.manager();
    await second.refresh();
    assert.equal(second.snapshot().batches[0]?.transfers[0]?.state, 'paused');
    const again = harness.server.hold({ on: 'uploadPart', after: 1 });
    await second.resume([id]);
    await again.reached;
    await second.shutdown();
    again.release();

    const third = harness.manager();
    await third.refresh();
    assert.equal(third.snapshot().batches[0]?.transfers[0]?.state, 'interrupted');
    await third.discard([id]);
    await third.shutdown();
    await harness.assertNothingLeft();
  });

  it('an upload after others is counted by itself', async () => {
    const manager = harness.manager();
    await harness.uploadOne(
      manager,
      harness.request(await harness.file('a.bin', FILE_BYTES), 'a.bin'),
    );
    await harness.uploadOne(manager, harness.request(await harness.file('b.bin', 1000), 'b.bin'));
    const { files, filesDone, sizeBytes } = manager.snapshot().totals;
    assert.deepEqual({ files, filesDone, sizeBytes }, { files: 1, filesDone: 1, sizeBytes: 1000 });
  });

  it('a file left behind by a dead process is removed, one of a living process stays', async () => {
    await mkdir(harness.stateDir);
    const at = (name: string): string => path.join(harness.stateDir, name);
    const dead = 2 ** 22 + 1;
    await writeFile(at(`x.jsonl.${dead}-0a.tmp`), 'torn');
    await writeFile(at(`y.jsonl.${process.pid}-0b.tmp`), 'being written');
    await writeFile(at('gone.lease'), JSON.stringify({ instanceId: 'i', pid: dead, host: '' }));
    const long = new Date(Date.now() - 60_000);
    await utimes(at('gone.lease'), long, long);
    await writeFile(at('away.lease.takeover'), '');
    const manager = harness.manager();
    await manager.refresh();
    await manager.shutdown();
    assert.deepEqual(await harness.stateFiles(), [`y.jsonl.${process.pid}-0b.tmp`]);
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
