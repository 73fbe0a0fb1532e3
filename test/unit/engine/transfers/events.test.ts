import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import type {
  EndedTransfer,
  OpenStore,
  SettledBatch,
  TransferManager,
} from '../../../../src/engine/index.ts';
import { crc64Of } from '../../../oss-server/crc64.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import { EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload } from '../../../support/interruptedUpload.ts';
import { close } from '../../../support/reopenedWindow.ts';
import { until } from '../../../support/until.ts';

const SMALL_BYTES = 1000;

describe('what the engine tells', () => {
  let harness: EngineHarness;
  let settled: SettledBatch[];
  let ended: EndedTransfer[];
  let changed: Set<string>;
  beforeEach(async () => {
    harness = await EngineHarness.start();
    settled = [];
    ended = [];
    changed = new Set();
  });
  afterEach(async () => {
    await harness.close();
  });

  function listen(): TransferManager {
    const manager = harness.manager();
    manager.onDidSettle((batch) => settled.push(batch));
    manager.onDidEnd((end) => ended.push(end));
    manager.onDidChange((ids) => {
      ids.forEach((id) => changed.add(id));
    });
    return manager;
  }

  /** What ended since this was asked last: name and state of each, in the order of the batch. */
  function news(): string[][] {
    return settled
      .splice(0)
      .map((batch) => batch.ended.all().map(({ target, state }) => `${target.key} ${state}`));
  }

  const refused = (key: string) => ({
    on: 'putObject' as const,
    key,
    do: { answer: faultAnswers.accessDenied },
  });

  it('what OSS said of an object: ETag, CRC-64 and request id, and how many files its batch has', async () => {
    const manager = listen();
    const small = await harness.file('a', SMALL_BYTES);
    const large = await harness.file('b', 3 * PART_BYTES);
    await harness.upload(manager, harness.request(small, 'a'), harness.request(large, 'b'));
    assert.equal(ended.length, 2);
    for (const { transfer, batch } of ended) {
      const { result, filePath } = transfer;
      const bytes = await readFile(filePath);
      assert.equal(result?.crc64, (await crc64Of(bytes)).toString());
      assert.match(result.etag, /^"[0-9A-F]{32}(-3)?"$/);
      const answered = harness.server.operations.map(({ requestId }) => requestId);
      assert.ok(answered.includes(result.requestId ?? ''));
      assert.equal(batch.files, 2);
    }
  });

  it('a batch that settles, once, with all that ended and how long it took', async () => {
    const manager = listen();
    harness.server.faults.push(refused('b'));
    const names = ['a', 'b', 'c'];
    const { id, transfers } = await harness.upload(
      manager,
      ...(await Promise.all(
        names.map(async (name) => harness.request(await harness.file(name, SMALL_BYTES), name)),
      )),
    );
    const [only] = settled;
    assert.equal(only?.batch.id, id);
    assert.ok(only.elapsedMs >= 0 && only.elapsedMs < 60_000);
    assert.deepEqual(news(), [['a completed', 'b failed', 'c completed']]);
    assert.equal(ended.length, 3, 'each transfer tells its end once');
    await until(() => transfers.every((transfer) => changed.has(transfer.id)));
    harness.server.faults.length = 0;

    // Tried again, only that one is news.
    await manager.resume([id]);
    await manager.whenSettled(id);
    assert.deepEqual(news(), [['b completed']]);
    assert.equal(ended.length, 4);
    await close(harness, manager);
  });

  it('a pause settles the batch; what an earlier window left, or a discard of it, does not', async () => {
    const request = harness.request(await harness.file('a', 5 * PART_BYTES), 'a', { parallel: 1 });
    const { batchId } = await interruptUpload(harness, request, [1]);
    const manager = listen();
    await manager.refresh();
    await until(() => changed.has(batchId));
    assert.deepEqual(news(), []);
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
    await manager.resume([batchId]);
    await hold.reached;
    assert.deepEqual(news(), []);
    await manager.pause([batchId]);
    assert.deepEqual(news(), [['a paused']]);
    assert.deepEqual(
      ended.map(({ transfer }) => transfer.state),
      ['paused'],
    );
    hold.release();
    await manager.discard([batchId]);
    assert.deepEqual(news(), []);
    assert.equal(ended.length, 1);
    await close(harness, manager);
  });

  it('the end of each run before that of its batch, also where a pause comes too late for one', async () => {
    const requests = await Promise.all(
      ['a', 'b'].map(async (name) =>
        harness.request(await harness.file(name, 3 * PART_BYTES), name, { parallel: 1 }),
      ),
    );
    const told: string[] = [];
    // The object of b is there; the window hears of it when the other run has long ended.
    let answer = (): void => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    let isThere = false;
    const openStore: OpenStore = async (target) => {
      const store = await harness.oss.openStore(target);
      return new Proxy(store, {
        get: (object, name): unknown => {
          const member: unknown = Reflect.get(object, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]): Promise<unknown> => {
            const result: unknown = await Reflect.apply(member, object, args);
            if (name === 'completeMultipartUpload') {
              isThere = true;
              await late;
            }
            return result;
          };
        },
      });
    };
    const manager = harness.manager({ openStore });
    manager.onDidEnd(({ transfer }) => told.push(`${transfer.target.key} ${transfer.state}`));
    manager.onDidSettle(({ ended: all }) => {
      told.push(
        `settled: ${all
          .all()
          .map(({ state }) => state)
          .join()}`,
      );
    });
    const hold = harness.server.hold({ on: 'uploadPart', key: 'a', partNumber: 3 });
    const id = await harness.enqueue(manager, ...requests);
    await Promise.all([hold.reached, until(() => isThere)]);
    const paused = manager.pause([id]);
    const whenSettled = manager.whenSettled(id);
    await until(() => told.length > 0);
    answer();
    await paused;
    assert.deepEqual(told, ['a paused', 'b completed', 'settled: paused,completed']);
    const { transfers } = await whenSettled;
    assert.deepEqual(
      transfers.map(({ state }) => state),
      ['paused', 'completed'],
    );
    hold.release();
    await manager.discard([id]);
    await close(harness, manager);
  });

  it('nothing of what a closing window interrupts: the next one offers it', async () => {
    const request = harness.request(await harness.file('a', 5 * PART_BYTES), 'a', { parallel: 1 });
    const manager = listen();
    const hold = harness.server.hold({ on: 'uploadPart', partNumber: 3 });
    await harness.enqueue(manager, request);
    await hold.reached;
    await manager.shutdown();
    hold.release();
    assert.deepEqual(news(), []);
    assert.deepEqual(ended, []);
  });

  it('many that are discarded by two calls at once are gone, and so is their batch', async () => {
    const requests = await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        harness.request(await harness.file(`${n}`, SMALL_BYTES), `${n}`),
      ),
    );
    const manager = listen();
    const hold = harness.server.hold({ on: 'putObject', times: 1000 });
    const asked = { label: 'many', workspacePath: '', requests };
    const { batchId = '' } = await manager.enqueue(asked);
    await hold.reached;
    await manager.pause([batchId]);
    hold.release();
    const one = manager.discard([batchId]);
    const last = manager.snapshot().batches[0]?.transfers.slice(20) ?? [];
    await Promise.all([one, manager.discard(last.map(({ id }) => id))]);
    assert.deepEqual(manager.snapshot().batches, []);
    await close(harness, manager);
    await harness.assertNothingLeft();
  });
});
