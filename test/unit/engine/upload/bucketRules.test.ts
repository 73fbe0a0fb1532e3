import { strict as assert } from 'node:assert';
import type { UploadErrorKind, UploadOptions } from '../../../../src/engine/index.ts';
import type { OssServerOptions } from '../../../oss-server/server.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';

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

  it('many guarded requests a second: files wait for each other, and none fails', async function () {
    this.timeout(60_000);
    const count = 300;
    await start({ guardedRequestsPerSecond: 100 });
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
