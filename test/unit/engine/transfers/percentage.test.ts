import { strict as assert } from 'node:assert';
import type { TransferManager, UploadRequest } from '../../../../src/engine/index.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { close, reopen } from '../../../support/reopenedWindow.ts';

/** What the user was shown: of a batch, and of each of its files. */
interface Shares {
  readonly ofRun: number[];
  readonly ofFiles: Map<string, number[]>;
}

describe('the percentage', () => {
  let harness: EngineHarness;
  let shares: Shares;
  beforeEach(async () => {
    harness = await EngineHarness.start();
    shares = { ofRun: [], ofFiles: new Map() };
  });
  afterEach(async () => {
    await harness.close();
  });

  /** What is shown now. */
  function look(manager: TransferManager): void {
    const { totals, batches } = manager.snapshot();
    if (totals.active > 0) shares.ofRun.push(totals.doneBytes / totals.sizeBytes);
    for (const { target, confirmedBytes, sizeBytes } of batches.flatMap((b) => b.transfers)) {
      const known = shares.ofFiles.get(target.key) ?? [];
      shares.ofFiles.set(target.key, [...known, confirmedBytes / sizeBytes]);
    }
  }

  function listen(manager: TransferManager): void {
    manager.onDidChange(() => {
      look(manager);
    });
  }

  /** Keeps what comes after so many parts of a file on its way. */
  function holdAfter(key: string, parts: number): () => void {
    const hold = harness.server.hold({ on: 'uploadPart', key, after: parts, times: 1000 });
    return () => {
      harness.server.resetConnections();
      hold.release();
    };
  }

  async function accepted(key: string, parts: number): Promise<void> {
    await harness.server.waitFor(
      (all) =>
        all.filter((r) => r.operation === 'uploadPart' && r.key === key && r.accepted).length >=
        parts,
    );
  }

  function assertNeverFalls(shown: readonly number[], what: string): void {
    assert.deepEqual(
      shown,
      [...shown].sort((one, other) => one - other),
      what,
    );
    assert.equal(shown.at(-1), 1, what);
  }

  it('never falls on pause, resume or reload, of a folder and of each of its files', async () => {
    const requests: UploadRequest[] = [];
    for (const key of ['first', 'second', 'third']) {
      const file = await harness.file(key, 10 * PART_BYTES);
      requests.push(harness.request(file, key, { parallel: 1 }));
    }
    const release = holdAfter('second', 4);
    const releaseThird = holdAfter('third', 2);
    const manager = harness.manager();
    listen(manager);
    const id = await harness.enqueue(manager, ...requests);
    await accepted('first', 10);
    await accepted('second', 4);
    await accepted('third', 2);
    await manager.pause([id]);
    release();

    // A resume in the same window, which one of the files has finished in.
    const releaseAgain = holdAfter('second', 3);
    await manager.resume([id]);
    await accepted('second', 7);
    // One of the two that run is paused alone.
    const third = manager
      .snapshot()
      .batches[0]?.transfers.find(({ target }) => target.key === 'third');
    await manager.pause([third?.id ?? '']);
    look(manager);
    const before = shares.ofRun.at(-1) ?? 0;
    assert.ok(before > 0.5, `${before}`);
    await manager.shutdown();
    releaseAgain();
    releaseThird();

    // Another window: the first file is finished, and its record gone.
    const { manager: next, batchId } = await reopen(harness);
    listen(next);
    await next.resume([batchId]);
    await next.whenSettled(batchId);
    // The last change is told a moment later.
    look(next);
    assertNeverFalls([...shares.ofRun, 1], 'of the run');
    for (const [key, shown] of shares.ofFiles) assertNeverFalls(shown, key);
    for (const request of requests) await harness.assertUploaded(request);
    assert.deepEqual(harness.server.uploads(BUCKET), []);
    await close(harness, next);
  });
});
