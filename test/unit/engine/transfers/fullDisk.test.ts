import { strict as assert } from 'node:assert';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TransferManager } from '../../../../src/engine/index.ts';
import type { TransferManagerOptions } from '../../../../src/engine/transfers/transferManager.ts';
import { EngineHarness } from '../../../support/engineHarness.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';
import { close, reopen } from '../../../support/reopenedWindow.ts';

describe('a batch on a disk that was full for a moment', () => {
  let harness: EngineHarness;
  /** So many lines the disk takes. */
  let room: number;
  const { files } = new PlayedDisk(({ call, name, lines }) => {
    if (call !== 'write' || !name.includes('.batch')) return undefined;
    if (lines > room) return 'ENOSPC';
    room -= lines;
    return undefined;
  });
  beforeEach(async () => {
    room = Infinity;
    harness = await EngineHarness.start();
  });
  afterEach(async () => {
    await harness.close();
  });

  /** Small files of which none is sent yet. */
  async function begun(
    options: Partial<TransferManagerOptions> = {},
  ): Promise<{ readonly manager: TransferManager; readonly batchId: string }> {
    const names = ['a', 'b', 'c'];
    const hold = harness.server.hold({ on: 'putObject', times: names.length });
    const requests = await Promise.all(
      names.map(async (name) => harness.request(await harness.file(name, 5000), name)),
    );
    const manager = harness.manager({ files, ...options });
    const batchId = await harness.enqueue(manager, ...requests);
    await hold.reached;
    room = 0;
    await manager.pause([batchId]);
    hold.release();
    return { manager, batchId };
  }

  const discard = (manager: TransferManager, ...keys: readonly string[]): Promise<void> => {
    const all = manager.snapshot().batches.flatMap(({ transfers }) => transfers);
    return manager.discard(
      all.filter(({ target }) => keys.includes(target.key)).map(({ id }) => id),
    );
  };
  const statesOf = (manager: TransferManager): string[] =>
    manager
      .snapshot()
      .batches.flatMap(({ transfers }) => transfers)
      .map(({ target, state }) => `${target.key} ${state}`);
  const notResumable = (): number =>
    harness.notices.filter(({ kind }) => kind === 'notResumable').length;

  it('tells it once, and has all of it on disk with the next line that can be written', async () => {
    const { manager } = await begun();
    await discard(manager, 'a');
    assert.equal(notResumable(), 1);
    room = Infinity;
    await discard(manager, 'b');
    // The window is not closed but gone: what is not on disk by now never gets there.
    room = 0;
    await manager.shutdown();
    const { manager: next, batchId } = await reopen(harness);
    assert.deepEqual(statesOf(next), ['c paused']);
    assert.equal(notResumable(), 1);
    await next.discard([batchId]);
    await close(harness, next);
  });

  it('has it there when the window is closed, too', async () => {
    const { manager } = await begun();
    await discard(manager, 'a');
    room = Infinity;
    await manager.shutdown();
    const { manager: next, batchId } = await reopen(harness);
    assert.deepEqual(statesOf(next), ['b paused', 'c paused']);
    await next.discard([batchId]);
    await close(harness, next);
  });

  it('has as much of it there as there is room for', async () => {
    const { manager } = await begun();
    await discard(manager, 'a', 'b');
    // What was paused and what is discarded; which of the two is gone first is not known.
    room = 2;
    await manager.shutdown();
    const { manager: next, batchId } = await reopen(harness);
    assert.deepEqual(statesOf(next), ['a discarding', 'b discarding', 'c paused']);
    await next.discard([batchId]);
    await close(harness, next);
  });

  it('is told, too, where it has to be written anew for which there is no room', async () => {
    const { manager, batchId } = await begun();
    room = Infinity;
    await manager.shutdown();
    const file = path.join(harness.stateDir, `${batchId}.batch`);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"key":"a"', '"key":"z"'));
    const full = new PlayedDisk(({ call }) => (call === 'writeFile' ? 'ENOSPC' : undefined));
    const next = harness.manager({ files: full.files });
    await next.refresh();
    const before = notResumable();
    await discard(next, 'b');
    assert.deepEqual(statesOf(next), ['c paused']);
    assert.equal(notResumable(), before + 1);
    await next.discard([batchId]);
    await close(harness, next);
  });
});
