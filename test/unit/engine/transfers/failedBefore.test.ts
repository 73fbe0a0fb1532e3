import { strict as assert } from 'node:assert';
import type { TransferSnapshot, UploadRequest } from '../../../../src/engine/index.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import { EngineHarness } from '../../../support/engineHarness.ts';
import { close, reopen } from '../../../support/reopenedWindow.ts';

describe('what failed before the window was opened', () => {
  let harness: EngineHarness;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  async function threeFiles(): Promise<UploadRequest[]> {
    const names = ['a.txt', 'b.txt', 'c.txt'];
    return Promise.all(
      names.map(async (name) => harness.request(await harness.file(name, 5000), name)),
    );
  }

  async function failAll(requests: readonly UploadRequest[]): Promise<readonly TransferSnapshot[]> {
    const manager = harness.manager();
    const { transfers } = await harness.upload(manager, ...requests);
    await manager.shutdown();
    harness.server.faults.length = 0;
    return transfers;
  }

  const statesOf = (transfers: readonly TransferSnapshot[]): (readonly unknown[])[] =>
    transfers.map(({ state, error }) => [state, error?.kind, error?.code, error?.requestId]);

  it('says so with the same reason, each for itself or all for one, and goes on when told to', async () => {
    for (const answer of [
      faultAnswers.accessDenied,
      { status: 404, code: 'NoSuchBucket', message: 'The specified bucket does not exist.' },
    ]) {
      const requests = await threeFiles();
      harness.server.faults.push({ on: 'putObject', do: { answer } });
      const before = statesOf(await failAll(requests));
      assert.deepEqual(
        before.map(([state]) => state),
        ['failed', 'failed', 'failed'],
      );
      const { manager, batchId } = await reopen(harness);
      const { transfers = [] } = manager.snapshot().batches[0] ?? {};
      assert.deepEqual(statesOf(transfers), before);
      await manager.resume([batchId]);
      const settled = await manager.whenSettled(batchId);
      assert.deepEqual(
        settled.transfers.map(({ state }) => state),
        ['completed', 'completed', 'completed'],
      );
      await close(harness, manager);
    }
  });

  it('is interrupted when it was told to go on before', async () => {
    const requests = await threeFiles();
    harness.server.faults.push({ on: 'putObject', do: { answer: faultAnswers.accessDenied } });
    await failAll(requests);
    const { manager, batchId } = await reopen(harness);
    const hold = harness.server.hold({ on: 'putObject', times: 3 });
    await manager.resume([batchId]);
    await hold.reached;
    await manager.shutdown();
    hold.release();
    const { manager: later } = await reopen(harness);
    const { transfers = [] } = later.snapshot().batches[0] ?? {};
    assert.deepEqual(
      transfers.map(({ state, error }) => [state, error]),
      requests.map(() => ['interrupted', undefined]),
    );
    await later.discard([batchId]);
    await close(harness, later);
  });
});
