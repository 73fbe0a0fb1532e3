import { strict as assert } from 'node:assert';
import { mkdir, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TransferManager, TransferSnapshot } from '../../../../src/engine/index.ts';
import { faultAnswers } from '../../../oss-server/faults.ts';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { interruptUpload, whenSnapshot } from '../../../support/interruptedUpload.ts';
import type { InterruptedUpload } from '../../../support/interruptedUpload.ts';
import { until } from '../../../support/until.ts';

describe('a damaged record', () => {
  let harness: EngineHarness;
  let interrupted: InterruptedUpload;
  let request: ReturnType<EngineHarness['request']>;
  beforeEach(async () => {
    harness = await EngineHarness.start();
    request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
    interrupted = await interruptUpload(harness, request, [1, 2]);
  });
  afterEach(() => harness.close());

  /** A window on a checkpoint that no batch names, and that holds this. */
  const windowOn = async (change: (text: string) => string) => {
    const text = await readFile(interrupted.checkpointFile, 'utf8');
    const changed = change(text);
    assert.notEqual(changed, text);
    await writeFile(interrupted.checkpointFile, changed);
    await rm(interrupted.batchFile);
    const manager = harness.manager();
    await manager.refresh();
    return manager;
  };
  const states = (transfers: Iterable<TransferSnapshot>): string[] =>
    Array.from(transfers, ({ filePath, state }) => `${path.basename(filePath)} ${state}`);
  const told = (): string[] =>
    harness.notices.filter(({ kind }) => kind === 'recordDamaged').map(({ filePath }) => filePath);
  const breakPart = (text: string): string => text.replace(`[1,${PART_BYTES},`, '[1,7,');
  const breakHeader = (text: string): string => text.replace('"parallel":', '"parallel":1');

  for (const [what, change, state] of [
    ['of which only a part is damaged', breakPart, 'interrupted'],
    ['whose options are damaged', breakHeader, 'discarding'],
  ] as const) {
    it(`${what} is listed, and its upload can be discarded`, async () => {
      const manager = await windowOn(change);
      const [batch] = manager.snapshot().batches;
      assert.deepEqual(states(batch?.transfers ?? []), [`a.bin ${state}`]);
      assert.deepEqual(told(), state === 'discarding' ? [request.filePath] : []);
      await manager.discard([batch?.id ?? '']);
      assert.deepEqual(manager.snapshot().batches, []);
      await manager.shutdown();
      await harness.assertNothingLeft();
    });
  }

  it('of which only a part is damaged goes on with the file, from its first part', async () => {
    const manager = await windowOn(breakPart);
    const id = manager.snapshot().batches[0]?.id ?? '';
    await manager.resume([id]);
    const { transfers } = await manager.whenSettled(id);
    assert.deepEqual(states(transfers), ['a.bin completed']);
    await harness.assertUploaded(request);
    await manager.shutdown();
    await harness.assertNothingLeft();
  });

  it('whose options are damaged goes as soon as OSS is reached, and starts nothing', async () => {
    const manager = await windowOn(breakHeader);
    manager.retryNow();
    await whenSnapshot(manager, ({ batches }) => batches.length === 0);
    await manager.shutdown();
    assert.equal(harness.server.object(BUCKET, 'a.bin'), undefined);
    await harness.assertNothingLeft();
  });

  it('that cannot be read at all is set aside and told, once for all windows', async () => {
    await writeFile(interrupted.batchFile, 'no batch\n');
    await writeFile(interrupted.checkpointFile, 'no checkpoint\n');
    const first = harness.manager();
    await Promise.all([first.refresh(), first.refresh()]);
    await until(() => told().length === 2);
    await first.refresh();
    const second = harness.manager();
    await second.refresh();
    assert.deepEqual(second.snapshot().batches, []);
    await first.shutdown();
    await second.shutdown();
    assert.deepEqual(await harness.stateFiles(), ['damaged']);
    assert.deepEqual(
      told().toSorted(),
      [
        path.join(harness.stateDir, 'damaged', path.basename(interrupted.batchFile)),
        path.join(harness.stateDir, 'damaged', path.basename(interrupted.checkpointFile)),
      ].toSorted(),
    );
    const later: string[] = [];
    first.onNotice(({ kind }) => later.push(kind));
    assert.equal(later.length, 2, 'whoever listens only now hears it, too');
  });

  it('is kept aside with the nine newest others, and no large one is', async () => {
    const folder = path.join(harness.stateDir, 'damaged');
    await mkdir(folder);
    for (let index = 0; index < 14; index++) {
      const file = path.join(folder, `${index}.batch`);
      await writeFile(file, index === 13 ? Buffer.alloc(2 * 1024 * 1024) : 'x');
      await utimes(file, 1000 + index, 1000 + index);
    }
    await writeFile(interrupted.batchFile, 'no batch\n');
    const manager = harness.manager();
    await manager.refresh();
    await until(() => told().length === 1);
    await manager.shutdown();
    const kept = await readdir(folder);
    assert.equal(kept.length, 9);
    assert.ok(kept.includes(path.basename(interrupted.batchFile)));
    assert.ok(!kept.includes('13.batch') && kept.includes('12.batch') && !kept.includes('4.batch'));
  });

  it('is there under the path that was told, however large it is', async () => {
    await writeFile(interrupted.batchFile, Buffer.alloc(2 * 1024 * 1024));
    const manager = harness.manager();
    await manager.refresh();
    await until(() => told().length === 1);
    await manager.shutdown();
    assert.equal((await stat(told()[0] ?? '')).size, 2 * 1024 * 1024);
  });

  it('of a batch of which only some lines are damaged is told once, and its other files go on', async () => {
    const names = ['x', 'y', 'z'];
    const files = await Promise.all(names.map((name) => harness.file(name, 2 * PART_BYTES)));
    const before = harness.manager({ limits: { concurrency: 1, maxBytesPerSecond: 0 } });
    const hold = harness.server.hold({ on: 'uploadPart', key: 'x' });
    const requests = files.map((file, at) => harness.request(file, names[at] ?? ''));
    const { batchId = '' } = await before.enqueue({ label: 'folder', workspacePath: '', requests });
    await hold.reached;
    await before.shutdown();
    hold.release();
    const batchFile = path.join(harness.stateDir, `${batchId}.batch`);
    const text = await readFile(batchFile, 'utf8');
    await writeFile(batchFile, text.replace('"key":"y"', '"key":"w"'));
    const incomplete = (): string[] =>
      harness.notices
        .filter(({ kind }) => kind === 'recordIncomplete')
        .map(({ filePath }) => filePath);

    const first = harness.manager();
    await first.refresh();
    await first.refresh();
    assert.deepEqual(incomplete(), ['folder']);
    await first.resume([batchId]);
    await first.whenSettled(batchId);
    await first.shutdown();
    const second = harness.manager();
    await second.refresh();
    await second.shutdown();
    assert.deepEqual(incomplete(), ['folder'], 'what was written anew is whole');
    const stored = names.filter((name) => harness.server.object(BUCKET, name) !== undefined);
    assert.deepEqual(stored, ['x', 'z']);
  });

  it('of a batch is written anew with all that is known of its other files', async () => {
    const names = ['done', 'denied', 'goes on', 'paused', 'damaged'];
    const files = await Promise.all(names.map((name) => harness.file(name, 5000)));
    const answer = faultAnswers.accessDenied;
    harness.server.faults.push({ on: 'putObject', key: 'denied', do: { answer } });
    const holds = names.slice(2).map((key) => harness.server.hold({ on: 'putObject', key }));
    const before = harness.manager();
    const { batchId = '' } = await before.enqueue({
      label: 'folder',
      workspacePath: '',
      requests: files.map((file, at) => harness.request(file, names[at] ?? '')),
    });
    const batchOf = (manager: TransferManager) =>
      manager.snapshot().batches.find(({ id }) => id === batchId);
    await Promise.all(holds.map(({ reached }) => reached));
    await whenSnapshot(before, () =>
      states(batchOf(before)?.transfers ?? []).includes('denied failed'),
    );
    await before.pause([batchId]);
    holds.forEach((hold) => {
      hold.release();
    });
    await before.shutdown();
    const batchFile = path.join(harness.stateDir, `${batchId}.batch`);
    const text = await readFile(batchFile, 'utf8');
    await writeFile(batchFile, text.replace('"key":"damaged"', '"key":"else"'));

    const first = harness.manager();
    await first.refresh();
    const [goesOn] =
      batchOf(first)?.transfers.filter(({ target }) => target.key === 'goes on') ?? [];
    await first.resume([goesOn?.id ?? '']);
    await first.whenSettled(batchId);
    await first.shutdown();
    const second = harness.manager();
    await second.refresh();
    assert.deepEqual(states(batchOf(second)?.transfers ?? []), ['denied failed', 'paused paused']);
    assert.equal(batchOf(second)?.transfers[0]?.error?.kind, 'accessDenied');
    assert.deepEqual(batchOf(second)?.finishedEarlier, { files: 2, sizeBytes: 10_000 });
  });
});
