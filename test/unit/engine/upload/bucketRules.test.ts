import { strict as assert } from 'node:assert';
import type {
  TransferManager,
  UploadErrorKind,
  UploadOptions,
  UploadRequest,
} from '../../../../src/engine/index.ts';
import type { OssServerOptions } from '../../../oss-server/server.ts';
import { ACCESS_KEY, BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptAtPart, reopen } from '../../../support/reopenedWindow.ts';

describe('what a bucket forbids', () => {
  let harness: EngineHarness;
  const start = async (server: Partial<OssServerOptions> = {}): Promise<void> => {
    harness = await EngineHarness.start({ server });
  };
  afterEach(async () => {
    await harness.close();
  });

  const rules = { overwriteRules: [{ id: 'all' }] };

  for (const [what, sizeBytes] of [
    ['one request', 10],
    ['parts', 2 * PART_BYTES + 1],
  ] as const) {
    it(`is told apart from a wish of ours, sent as ${what}`, async () => {
      await start({ buckets: [{ name: BUCKET, region: 'cn-hangzhou', ...rules }] });
      await harness.server.putObject(BUCKET, 'a.bin', Buffer.from('old'));
      const file = await harness.file('a.bin', sizeBytes);
      const manager = harness.manager();
      const outcome = async (options: Partial<UploadOptions>) => {
        const request = harness.request(file, 'a.bin', options);
        const { transfers } = await harness.upload(manager, request);
        const [transfer] = transfers;
        assert.equal(transfer?.error?.kind, 'alreadyExists');
        await manager.discard([transfer.id]);
        return transfer.error.isBucketRule;
      };
      assert.equal(await outcome({ forbidOverwrite: false }), true);
      assert.equal(await outcome({ forbidOverwrite: true }), undefined);
      const kept = await harness.server.object(BUCKET, 'a.bin')?.bytes();
      assert.equal(kept?.toString(), 'old');
    });
  }

  for (const versioning of ['Enabled', 'Suspended'] as const) {
    describe(`when versioning is ${versioning}, where OSS ignores the wish not to replace`, () => {
      const theirs = Buffer.from('of somebody else');
      const begin = async (server: Partial<OssServerOptions> = {}): Promise<TransferManager> => {
        await start({ buckets: [{ name: BUCKET, region: 'cn-hangzhou', versioning }], ...server });
        return harness.manager();
      };
      const guarded = async (sizeBytes: number): Promise<UploadRequest> =>
        harness.request(await harness.file('a.bin', sizeBytes), 'a.bin', { forbidOverwrite: true });

      /** Theirs is what is there, and nothing was ever put before it. */
      const assertKept = async (): Promise<void> => {
        const kept = await harness.server.object(BUCKET, 'a.bin')?.bytes();
        assert.equal(kept?.toString(), theirs.toString());
        assert.deepEqual(harness.server.formerVersions(BUCKET, 'a.bin'), []);
      };

      /** Told as an object that exists, kept; and replaced by a yes, with nothing sent twice. */
      const assertAsked = async (
        manager: TransferManager,
        upload: UploadRequest,
        batchId: string,
      ): Promise<void> => {
        const [transfer] = (await manager.whenSettled(batchId)).transfers;
        assert.equal(transfer?.state, 'failed');
        assert.equal(transfer.error?.kind, 'alreadyExists');
        assert.equal(transfer.error.isBucketRule, undefined);
        await assertKept();
        const parts = harness.acceptedParts();
        await manager.resume([transfer.id], { forbidOverwrite: false });
        await manager.whenSettled(batchId);
        await harness.assertUploaded(upload);
        assert.deepEqual(harness.acceptedParts(), parts);
      };

      it('an object that is there before a small file is put stays, until somebody says so', async () => {
        const manager = await begin();
        const upload = await guarded(10);
        await harness.server.putObject(BUCKET, 'a.bin', theirs);
        await assertAsked(manager, upload, await harness.enqueue(manager, upload));
      });

      it('an object that appears during an upload in parts stays, until somebody says so', async () => {
        const manager = await begin();
        const upload = await guarded(3 * PART_BYTES);
        const hold = harness.server.hold({ on: 'uploadPart', key: 'a.bin', partNumber: 3 });
        const batchId = await harness.enqueue(manager, upload);
        await hold.reached;
        await harness.server.putObject(BUCKET, 'a.bin', theirs);
        hold.release();
        await assertAsked(manager, upload, batchId);
      });

      it('an object that appears before an interrupted upload goes on stays, too', async () => {
        await begin();
        const upload = await guarded(3 * PART_BYTES);
        await interruptAtPart(harness, upload, 2);
        await harness.server.putObject(BUCKET, 'a.bin', theirs);
        const { manager, batchId } = await reopen(harness);
        await manager.resume([batchId]);
        await assertAsked(manager, upload, batchId);
      });

      it('no part is sent of a file whose object is there before it begins', async () => {
        const manager = await begin();
        await harness.server.putObject(BUCKET, 'a.bin', theirs);
        const { transfers } = await harness.upload(manager, await guarded(2 * PART_BYTES));
        assert.equal(transfers[0]?.error?.kind, 'alreadyExists');
        assert.deepEqual(harness.operations('uploadPart'), []);
        assert.deepEqual(harness.server.uploads(BUCKET), []);
        await assertKept();
      });

      for (const [what, sizeBytes, operation] of [
        ['a small file', 10, 'putObject'],
        ['the last request', 2 * PART_BYTES, 'completeMultipartUpload'],
      ] as const) {
        it(`our own object, when the answer to ${what} is lost, is no stranger`, async () => {
          const manager = await begin({
            faults: [{ on: operation, times: 1, do: { carryOutThen: 'reset' } }],
          });
          await harness.uploadOne(manager, await guarded(sizeBytes));
          assert.deepEqual(harness.server.formerVersions(BUCKET, 'a.bin'), []);
          await harness.assertNothingLeft();
        });
      }

      it('is looked at all the same by a key that may not ask for the versioning', async () => {
        const manager = await begin({ credentials: [{ ...ACCESS_KEY, deny: ['getBucketInfo'] }] });
        const upload = await guarded(10);
        await harness.server.putObject(BUCKET, 'a.bin', theirs);
        await assertAsked(manager, upload, await harness.enqueue(manager, upload));
        assert.equal(harness.operations('getBucketInfo').length, 1);
      });

      it('a key that may look at nothing uploads, and OSS decides', async () => {
        const deny = ['getBucketInfo', 'headObject'] as const;
        const manager = await begin({ credentials: [{ ...ACCESS_KEY, deny }] });
        await harness.uploadOne(manager, await guarded(10));
      });

      it('is noticed when it was switched on after the first upload', async () => {
        await start();
        const manager = harness.manager();
        await harness.uploadOne(manager, await guarded(10));
        harness.server.changeBucket(BUCKET, { versioning });
        const file = await harness.file('b.bin', 10);
        await harness.uploadOne(manager, harness.request(file, 'b.bin', { forbidOverwrite: true }));
        await harness.server.putObject(BUCKET, 'c.bin', theirs);
        const late = harness.request(file, 'c.bin', { forbidOverwrite: true });
        const { transfers } = await harness.upload(manager, late);
        assert.equal(transfers[0]?.error?.kind, 'alreadyExists');
      });
    });
  }

  it('where OSS heeds the wish, or there is none, no object is looked at', async () => {
    await start();
    const manager = harness.manager();
    for (const [n, forbidOverwrite] of [true, true, false].entries()) {
      const file = await harness.file(`${n}.bin`, n * PART_BYTES + 1);
      await harness.uploadOne(manager, harness.request(file, `${n}.bin`, { forbidOverwrite }));
    }
    assert.equal(harness.operations('getBucketInfo').length, 1, 'asked once for all');
    assert.deepEqual(harness.operations('headObject'), []);
  });

  it('many guarded requests a second: files wait for each other, and none fails', async function () {
    this.timeout(60_000);
    const count = 60;
    // So few that a busy computer meets the limit, too.
    await start({ guardedRequestsPerSecond: 20 });
    const file = await harness.file('small.bin', 10);
    const manager = harness.manager();
    const told = new Set<UploadErrorKind>();
    manager.onDidChange(() => {
      for (const { transfers } of manager.snapshot().batches) {
        for (const { error } of transfers) if (error !== undefined) told.add(error.kind);
      }
    });
    const requests = Array.from({ length: count }, (_, n) =>
      harness.request(file, `small/${n}.bin`, { forbidOverwrite: true }),
    );
    const { transfers, finishedEarlier } = await harness.upload(manager, ...requests);
    const done = transfers.filter(({ state }) => state === 'completed').length;
    assert.equal(done + finishedEarlier.files, count);
    assert.equal(harness.server.keys(BUCKET).length, count);
    const refused = harness.operations('putObject').filter(({ accepted }) => !accepted);
    assert.ok(refused.length > 0, 'the limit of the server was never met');
    assert.deepEqual([...told], told.size === 0 ? [] : ['throttled']);
    assert.deepEqual(harness.notices, []);
  });
});
