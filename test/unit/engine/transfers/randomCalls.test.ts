import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import type { TransferManager, TransferSnapshot } from '../../../../src/engine/index.ts';
import { EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { seededRandom } from '../../../support/random.ts';
import { until } from '../../../support/until.ts';

const RUNS = 10;
const CALLS = 30;
/** After so many looks whatever two windows left to each other is done. */
const ROUNDS = 8;

function transfersOf(manager: TransferManager): TransferSnapshot[] {
  const { batches } = manager.snapshot();
  return batches.filter(({ isElsewhere }) => !isElsewhere).flatMap(({ transfers }) => transfers);
}

/** Goes on with all that waits for the user, and waits for its end. */
async function finish(manager: TransferManager): Promise<void> {
  await manager.refresh();
  const stopped = transfersOf(manager).filter(({ state }) =>
    ['paused', 'interrupted', 'failed'].includes(state),
  );
  // Another window may be faster.
  await manager.resume(stopped.map(({ id }) => id)).catch(() => undefined);
  await until(() => manager.snapshot().totals.active === 0);
  manager.retryNow();
  await until(() => transfersOf(manager).every(({ state }) => state !== 'discarding'));
}

describe('calls in any order, without waiting for each other', () => {
  let harness: EngineHarness;
  let uploaded = 0;
  beforeEach(async () => {
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  after(() => {
    assert.ok(uploaded >= RUNS, `only ${uploaded} files were uploaded in all runs`);
  });

  for (let seed = 1; seed <= RUNS; seed++) {
    it(`leave nothing behind that does not end (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const windows = seed % 2 === 0 ? 2 : 1;
      /** Keys of what a window has called completed at some time, of what it took on, and gave up. */
      const completed = new Set<string>();
      const accepted = new Set<string>();
      const discarded = new Set<string>();
      const openWindow = (): TransferManager => {
        const manager = harness.manager();
        manager.onDidChange(() => {
          for (const { state, target } of transfersOf(manager)) {
            if (state === 'completed') completed.add(target.key);
          }
        });
        return manager;
      };
      const managers = Array.from({ length: windows }, openWindow);
      const requests = await Promise.all(
        [1000, 3 * PART_BYTES, 4 * PART_BYTES + 5, 5 * PART_BYTES].map(async (sizeBytes, index) => {
          const file = await harness.file(`${index}.bin`, sizeBytes, index + 1);
          return harness.request(file, `${index}.bin`, { parallel: 2 });
        }),
      );
      const calls: Promise<unknown>[] = [];
      for (let step = 0; step < CALLS; step++) {
        const at = Math.floor(random() * windows);
        const manager = managers[at];
        assert.ok(manager);
        const transfers = transfersOf(manager).filter(() => random() < 0.6);
        const ids = transfers.map(({ id }) => id);
        const some = requests.filter(() => random() < 0.5);
        const chosen = some.length > 0 ? some : requests;
        const choices: (() => Promise<unknown> | undefined)[] = [
          async () => {
            await manager.enqueue({ label: 'test', workspacePath: '', requests: chosen });
            for (const { target } of chosen) accepted.add(target.key);
          },
          () => manager.pause(ids),
          () => manager.pause(ids),
          () => manager.resume(ids),
          () => manager.resume(ids),
          () => {
            for (const { target } of transfers) discarded.add(target.key);
            return manager.discard(ids);
          },
          () => manager.refresh(),
          () => {
            manager.clearFinished();
            return undefined;
          },
          () => {
            managers[at] = openWindow();
            return manager.shutdown();
          },
        ];
        // What a closing or another window refuses is none of this test's business.
        calls.push(
          Promise.resolve(choices[Math.floor(random() * choices.length)]?.()).catch(
            () => undefined,
          ),
        );
        if (random() < 0.6) await delay(random() * 15);
      }
      await Promise.all(calls);
      for (let round = 0; round < ROUNDS; round++) {
        for (const manager of managers) await finish(manager);
      }
      for (const manager of managers) {
        const states = manager.snapshot().batches.flatMap(({ transfers }) => transfers);
        assert.deepEqual(
          states
            .filter(({ state }) => state !== 'completed')
            .map(({ error, ...rest }) => [rest.state, error?.message]),
          [],
        );
        await manager.shutdown();
      }
      await harness.assertNothingLeft();
      for (const request of requests) {
        const { bucket, key } = request.target;
        const isThere = harness.server.object(bucket, key) !== undefined;
        const isDue = completed.has(key) || (accepted.has(key) && !discarded.has(key));
        assert.ok(isThere || !isDue, `${key} was not uploaded`);
        if (!isThere) continue;
        await harness.assertUploaded(request);
        uploaded += 1;
      }
    });
  }
});
