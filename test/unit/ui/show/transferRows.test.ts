import assert from 'node:assert/strict';
import { Emitter } from '../../../../src/engine/index';
import type {
  BatchSnapshot,
  FinishedFile,
  HistoryEntry,
  TransferSnapshot,
} from '../../../../src/engine/index';
import { TransferRows } from '../../../../src/ui/show/transferRows';
import { FINISHED_ID } from '../../../../src/ui/show/transfersModel';
import { until } from '../../../support/until';
import { NOW, batch, english, snapshot, transfer } from '../snapshots';

const fail = (error: unknown): void => {
  throw error as Error;
};

/** Uploads as the engine tells them, and a history, both owned by a test. */
class Uploads {
  readonly changes = new Emitter<readonly string[]>(fail);
  readonly additions = new Emitter<void>(fail);
  readonly onDidChange = this.changes.event;
  readonly redrawn: (readonly string[] | undefined)[] = [];
  readonly rows: TransferRows;
  batches: BatchSnapshot[];
  entries: HistoryEntry[] = [];
  files: FinishedFile[] = [];
  private told: (() => void) | undefined;

  constructor(batches: BatchSnapshot[]) {
    this.batches = batches;
    const history = {
      onDidChange: this.additions.event,
      entries: () => Promise.resolve(this.entries),
      filesOf: this.filesOf.bind(this),
    };
    this.rows = new TransferRows(this, history, english, (ids) => {
      this.redrawn.push(ids);
      this.told?.();
    });
  }

  snapshot = (): ReturnType<typeof snapshot> => snapshot(this.batches);

  async ids(parent = ''): Promise<string[]> {
    return (await this.rows.below(parent)).map(({ id }) => id);
  }

  /** Changes one transfer and resolves with what is drawn anew by it. */
  async change(
    id: string,
    change: Partial<TransferSnapshot>,
  ): Promise<readonly string[] | undefined> {
    this.batches = this.batches.map((one) =>
      batch(
        one.transfers.map((each) => (each.id === id ? { ...each, ...change } : each)),
        one,
      ),
    );
    const redrawn = new Promise<void>((resolve) => {
      this.told = resolve;
    });
    this.changes.fire([id]);
    await redrawn;
    return this.redrawn.at(-1);
  }

  private async *filesOf(entry: HistoryEntry): AsyncGenerator<FinishedFile> {
    await Promise.resolve();
    if (entry.only !== undefined) yield entry.only;
    else yield* this.files;
  }
}

function file(name: string): FinishedFile {
  const { target } = transfer();
  const result = { etag: '"A"', crc64: '1' };
  return { id: name, filePath: `/${name}`, target, sizeBytes: 1, finishedMs: NOW, result };
}

function entry(id: string, files = 1): HistoryEntry {
  const only = files === 1 ? file('a') : undefined;
  const place = { bucket: 'films', key: '' };
  const times = { createdMs: NOW, finishedMs: NOW };
  return { id, label: id, ...times, files, sizeBytes: files, place, only };
}

describe('what the view draws', () => {
  let uploads: Uploads;
  afterEach(() => {
    uploads.rows.dispose();
  });

  it('is the row that changed and no other, among 300 rows and a folder of 20,000 files', async () => {
    const single = Array.from({ length: 300 }, (_, n) =>
      batch([{ state: 'uploading', filePath: `/data/f${n}.bin` }], { id: `s${n}` }),
    );
    const folder = batch(
      Array.from({ length: 20_000 }, (_, n) => ({
        state: 'queued' as const,
        filePath: `/data/dir/f${n}.bin`,
      })),
      { id: 'dir', label: 'dir' },
    );
    uploads = new Uploads([...single, folder]);
    assert.equal((await uploads.ids()).length, 301);
    assert.equal((await uploads.ids('batch dir')).length, 201);
    assert.deepEqual(await uploads.change('s7-t1', { state: 'paused' }), ['s7-t1']);
    assert.deepEqual(await uploads.change('s8-t1', { confirmedBytes: 1 << 29 }), ['s8-t1']);
    // The numbers of a folder change with a file of it, and the editor asks for both.
    assert.deepEqual(await uploads.change('dir-t3', { state: 'uploading' }), ['batch dir']);
    assert.equal(uploads.rows.get('dir-t3')?.state, 'running');
    assert.equal(uploads.redrawn.length, 3);
  });

  it('makes no row anew that did not change', async () => {
    uploads = new Uploads([
      batch([{ state: 'queued' }]),
      batch([{ state: 'queued' }], { id: 'b2' }),
    ]);
    const before = await uploads.rows.below('');
    await uploads.change('b2-t1', { state: 'paused' });
    const after = await uploads.rows.below('');
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
  });

  it('has the history below Finished, without what is above it', async () => {
    uploads = new Uploads([batch([{ state: 'completed' }])]);
    uploads.entries = [entry('b1'), entry('old'), entry('dir', 450)];
    uploads.files = Array.from({ length: 450 }, (_, n) => file(`f${n}`));
    assert.deepEqual(await uploads.ids(), ['b1-t1', FINISHED_ID]);
    assert.equal(uploads.rows.get(FINISHED_ID)?.description, '2 uploads');
    assert.deepEqual(await uploads.ids(FINISHED_ID), ['done old', 'done dir']);
    const page = await uploads.rows.below('done dir');
    assert.equal(page.length, 201);
    assert.equal(page.at(-1)?.description, '250 not shown');
    assert.equal((await uploads.rows.transfersOf('done dir')).length, 450);
    const [one] = await uploads.rows.transfersOf('done dir/f7');
    assert.equal(one?.state, 'completed');
    assert.equal(one.result?.crc64, '1');
  });

  it('has below Finished what another window has finished meanwhile', async () => {
    uploads = new Uploads([batch([{ state: 'uploading' }], { isElsewhere: true })]);
    assert.deepEqual(await uploads.ids(), ['b1-t1']);
    uploads.entries = [entry('b1')];
    uploads.batches = [];
    uploads.changes.fire(['b1']);
    await until(() => uploads.rows.get(FINISHED_ID)?.description === '1 upload');
    assert.deepEqual(await uploads.ids(), [FINISHED_ID]);
  });

  it('has below a finished folder all its files, those of an earlier window too', async () => {
    const earlier = { files: 2, sizeBytes: 2 };
    uploads = new Uploads([
      batch([{ state: 'completed', id: 'f2', filePath: '/f2' }], { finishedEarlier: earlier }),
    ]);
    uploads.entries = [entry('b1', 3)];
    uploads.files = ['f0', 'f1', 'f2'].map(file);
    const [parent = ''] = await uploads.ids();
    assert.equal((await uploads.ids(parent)).length, 3);
    const all = await uploads.rows.transfersOf(parent);
    assert.deepEqual(all.map(({ id }) => id).sort(), ['f0', 'f1', 'f2']);
  });

  it('knows from the history what OSS said of a file, where the window does not hold that', async () => {
    const result = { etag: '"held"' };
    uploads = new Uploads([
      batch([
        { state: 'completed', id: 'f1', filePath: '/f1' },
        { state: 'completed', id: 'f2', filePath: '/f2', result },
        { state: 'uploading', id: 'f3', filePath: '/f3' },
      ]),
    ]);
    uploads.entries = [entry('b1', 2)];
    uploads.files = ['f1', 'f2'].map(file);
    const etags = async (id: string): Promise<unknown[]> =>
      (await uploads.rows.transfersOf(id)).map((one) => one.result?.etag);
    assert.deepEqual(await etags('batch b1'), ['"A"', '"held"', undefined]);
    assert.deepEqual(await etags('f1'), ['"A"']);
  });
});
