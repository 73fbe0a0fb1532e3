import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { UploadError, adoptUpload } from '../../../../src/engine/index.ts';
import { JournalWriter } from '../../../../src/engine/record/journal.ts';
import { BUCKET, EngineHarness, MemoryLog, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';

describe('an upload that only OSS knows', () => {
  let harness: EngineHarness;

  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  const options = () => ({
    stateDir: harness.stateDir,
    openStore: harness.oss.openStore,
    logger: new MemoryLog(),
  });
  const { signal } = new AbortController();

  it('goes on with the parts whose bytes are those of the file', async () => {
    const file = await harness.file('video.mp4', 10 * PART_BYTES + 7);
    const request = harness.request(file, 'video.mp4');
    const left = await interruptUpload(harness, request, [1, 2, 5]);
    // Another computer: no checkpoint, and another part size in its settings.
    await rm(harness.stateDir, { recursive: true });
    const here = harness.request(file, 'video.mp4', { partSizeBytes: 8 * PART_BYTES });
    await adoptUpload(options(), here, left.uploadId, signal);
    const { uploadId } = await harness.uploadOne(harness.manager(), here);
    assert.equal(uploadId, left.uploadId);
    assert.deepEqual(
      harness.acceptedParts(left.since).sort((a, b) => a - b),
      [3, 4, 6, 7, 8, 9, 10, 11],
    );
    await harness.assertNothingLeft();
  });

  it('sends the parts of another file again, and never mixes the two', async () => {
    const file = await harness.file('video.mp4', 5 * PART_BYTES, 1);
    const left = await interruptUpload(harness, harness.request(file, 'video.mp4'), [1, 2]);
    await rm(harness.stateDir, { recursive: true });
    const other = harness.request(await harness.file('other.mp4', 5 * PART_BYTES, 2), 'video.mp4');
    await adoptUpload(options(), other, left.uploadId, signal);
    await harness.uploadOne(harness.manager(), other);
    assert.equal(new Set(harness.acceptedParts(left.since)).size, 5);
    await harness.assertNothingLeft();
  });

  it('leaves a checkpoint of our own alone', async () => {
    const request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
    const left = await interruptUpload(harness, request, [1, 2]);
    await adoptUpload(options(), request, 'another-upload', signal);
    await harness.uploadOne(harness.manager(), request);
    assert.deepEqual(harness.acceptedParts(left.since).sort(), [3, 4, 5]);
  });

  it('leaves a checkpoint of a newer version alone, too', async () => {
    const request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
    const left = await interruptUpload(harness, request, [1, 2]);
    const newer = new JournalWriter('oss-upload-checkpoint', { version: 3 }).headerLine;
    await writeFile(left.checkpointFile, newer);
    await adoptUpload(options(), request, left.uploadId, signal);
    assert.equal(await readFile(left.checkpointFile, 'utf8'), newer);
  });

  it('is refused for an empty file, of which no part can be, and stays in OSS', async () => {
    const request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
    const left = await interruptUpload(harness, request, [1, 2]);
    const empty = harness.request(await harness.file('empty.bin', 0), 'a.bin');
    await assert.rejects(
      adoptUpload(options(), empty, left.uploadId, signal),
      (error) => UploadError.is(error, 'invalidArgument') && error.field === 'filePath',
    );
    const uploads = harness.server.uploads(BUCKET).map(({ uploadId }) => uploadId);
    assert.deepEqual(uploads, [left.uploadId]);
  });

  it('is refused when OSS does not know it, and leaves nothing on disk', async () => {
    const request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
    await assert.rejects(adoptUpload(options(), request, 'no-such-upload', signal), (error) =>
      UploadError.is(error, 'noSuchUpload'),
    );
    assert.deepEqual(await harness.stateFiles(), []);
  });
});
