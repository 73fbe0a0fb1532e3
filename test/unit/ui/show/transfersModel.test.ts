import assert from 'node:assert/strict';
import type {
  BatchSnapshot,
  TransferSnapshot,
  TransferState,
  UploadErrorKind,
} from '../../../../src/engine/index';
import {
  ROW_ICONS,
  childRows,
  doneRows,
  rootRows,
  transfersOfRow,
} from '../../../../src/ui/show/transfersModel';
import { viewHeader } from '../../../../src/ui/show/viewHeader';
import type { TransferRow } from '../../../../src/ui/show/transfersModel';
import { batch, chinese, english, failure, GB, MB, NOW, snapshot } from '../snapshots';

function row(changes: Partial<TransferSnapshot>, totals = {}, words = english): TransferRow {
  const [only] = rootRows(snapshot([batch([changes])], totals), NOW, words);
  assert.ok(only);
  return only;
}

describe('rows of the view', () => {
  it('say the state of a transfer in words', () => {
    const half = 0.42 * GB;
    const expected: [Partial<TransferSnapshot>, string, string][] = [
      [{ state: 'queued' }, 'queued', 'queued'],
      [{ state: 'preparing' }, 'running', 'checking'],
      [{ state: 'uploading', confirmedBytes: half }, 'running', '42 % · 8.4 MB/s · 2 min'],
      [{ state: 'waiting', confirmedBytes: half }, 'waiting', 'waiting for the network at 42 %'],
      ...(['network', 'timeout'] as const).map(
        (kind): [Partial<TransferSnapshot>, string, string] => [
          { state: 'waiting', confirmedBytes: half, error: failure(kind) },
          'waiting',
          'waiting for the network at 42 %',
        ],
      ),
      [
        { state: 'waiting', confirmedBytes: half, error: failure('badResponse') },
        'waiting',
        'waiting at 42 %: not an answer of OSS',
      ],
      [{ state: 'completing' }, 'running', 'combining parts'],
      [{ state: 'verifying' }, 'running', 'verifying'],
      [{ state: 'completed' }, 'done', 'done · 1.0 GB · 12:00 PM · films/2026/'],
      [{ state: 'paused', confirmedBytes: half }, 'paused', 'paused at 42 %'],
      [
        { state: 'interrupted', confirmedBytes: half, updatedMs: NOW - 20 * 3_600_000 },
        'interrupted',
        'interrupted at 42 %, yesterday',
      ],
      [{ state: 'failed', error: failure('accessDenied') }, 'failed', 'failed: no permission'],
      [{ state: 'discarding' }, 'discarding', 'will be removed from OSS'],
    ];
    const totals = { speedBytesPerSecond: 8.4 * MB, secondsLeft: 118 };
    for (const [changes, state, description] of expected) {
      const shown = row(changes, totals);
      assert.equal(shown.state, state);
      // Between time and AM or PM stands a blank that is as wide as ICU likes.
      assert.equal(shown.description.replaceAll('\u202f', ' '), description);
      assert.ok(ROW_ICONS[shown.state] !== '');
      // The place is what the user has called it.
      const place = /films\/2026\//;
      const inChinese = row(changes, totals, chinese).description.replace(place, '');
      assert.doesNotMatch(inChinese, /[a-z]{4}/);
    }
  });

  it('are read as sentences', () => {
    assert.equal(
      row({ state: 'uploading', confirmedBytes: 0.42 * GB }).spoken,
      'video.mp4, 42 percent, uploading to films',
    );
    assert.equal(row({ state: 'queued' }).spoken, 'video.mp4, queued');
    assert.equal(row({ state: 'queued' }, {}, chinese).spoken, 'video.mp4，排队中');
  });

  it('do not give the speed of all to one of several', () => {
    const shown = rootRows(
      snapshot([batch([{ state: 'uploading' }]), batch([{ state: 'uploading' }], { id: 'b2' })], {
        speedBytesPerSecond: MB,
      }),
      NOW,
      english,
    );
    assert.deepEqual(
      shown.map((entry) => entry.description),
      ['0 %', '0 %'],
    );
  });

  it('have a parent for a folder, whose done files are below a row of their own', () => {
    const folder = batch(
      [
        { state: 'completed', confirmedBytes: GB },
        { state: 'uploading', confirmedBytes: 0.1 * GB },
        { state: 'failed', error: failure('sourceMissing') },
      ],
      { label: 'assets' },
    );
    const [parent] = rootRows(snapshot([folder]), NOW, english);
    assert.equal(parent?.label, 'assets');
    assert.equal(parent.state, 'running');
    assert.equal(parent.description, '1 failed · 1 of 3 · 1.1 GB of 3.0 GB');
    const children = childRows(folder, 200, snapshot([folder]), NOW, english);
    assert.deepEqual(
      children.map((child) => child.state),
      ['running', 'failed', 'done'],
    );
    const done = children.at(-1);
    assert.equal(done?.label, '1 file finished');
    assert.equal(transfersOfRow(done.id, snapshot([folder]))[0]?.state, 'completed');
    assert.deepEqual(
      doneRows(folder, 200, NOW, english).map(({ state }) => state),
      ['done'],
    );
    assert.equal(transfersOfRow(parent.id, snapshot([folder])).length, 3);
    assert.ok(children[0]);
    assert.equal(transfersOfRow(children[0].id, snapshot([folder])).length, 1);
  });

  it('count the files that an earlier window finished', () => {
    const rest = batch([{ state: 'interrupted' }], {
      label: 'assets',
      finishedEarlier: { files: 119, sizeBytes: 2 * GB },
    });
    const [parent] = rootRows(snapshot([rest]), NOW, english);
    assert.equal(parent?.kind, 'batch');
    assert.equal(parent.description, 'interrupted · 119 of 120 · 2.0 GB of 3.0 GB');
  });

  it('say what tells them apart where they have one name, and only there', () => {
    const descriptions = (...places: string[]): string[] => {
      const batches = places.map((place, at) => {
        const [bucket = '', key = '', name = 'video.mp4'] = place.split(' ');
        const target = { bucket, key, region: '', profile: '' };
        return batch([{ target, filePath: `/home/me/${name}` }], { id: `b${at}` });
      });
      return rootRows(snapshot(batches), NOW, english).map((entry) => entry.description);
    };
    const here = 'films 2026/video.mp4';
    assert.deepEqual(descriptions(here, 'films 2026/b.mp4 b.mp4'), ['queued', 'queued']);
    // The same object twice, first done and then uploaded again: their states tell them apart.
    assert.deepEqual(descriptions(here, here), ['queued', 'queued']);
    const cases: [string[], string[]][] = [
      [
        [here, 'backup 2026/video.mp4', 'films 2026/b.mp4 b.mp4'],
        ['films · queued', 'backup · queued', 'queued'],
      ],
      [
        [here, 'films video.mp4', 'films video.mp4'],
        ['2026/ · queued', '/ · queued', '/ · queued'],
      ],
      [
        ['films web/2026/a/video.mp4', 'films web/2026/b/c/video.mp4'],
        ['…/a/ · queued', '…/c/ · queued'],
      ],
      [
        ['films web/2026/video.mp4', 'films web/2026/b/video.mp4'],
        ['…/2026/ · queued', '…/b/ · queued'],
      ],
      [
        ['films web/a/img/video.mp4', 'films web/b/img/video.mp4'],
        ['web/a/img/ · queued', 'web/b/img/ · queued'],
      ],
      [
        [here, 'films 2026/video-1.mp4'],
        ['video.mp4 · queued', 'video-1.mp4 · queued'],
      ],
      [
        [here, 'films 2027/video.mp4', 'backup 2026/video.mp4'],
        [
          'oss://films/2026/video.mp4 · queued',
          'oss://films/2027/video.mp4 · queued',
          'oss://backup/2026/video.mp4 · queued',
        ],
      ],
    ];
    for (const [places, expected] of cases) assert.deepEqual(descriptions(...places), expected);
  });

  it('tell folders and files of one name apart, for a screen reader, too', () => {
    const target = { bucket: 'films', region: '', profile: '' };
    const page = (folder: string): Partial<TransferSnapshot> => ({
      filePath: `/home/me/${folder}/index.html`,
      target: { ...target, key: `${folder}/index.html` },
      state: 'uploading',
    });
    const site = (folder: string, id: string): BatchSnapshot =>
      batch([page(`${folder}/en`), page(`${folder}/zh`)], { id, label: 'site' });
    const all = snapshot([site('one', 'b1'), site('two', 'b2')]);
    const parents = rootRows(all, NOW, english);
    assert.deepEqual(
      parents.map((entry) => entry.description),
      ['one/ · 0 of 2 · 0 B of 2.0 GB', 'two/ · 0 of 2 · 0 B of 2.0 GB'],
    );
    assert.match(parents[0]?.spoken ?? '', /^site, .*, to oss:\/\/films\/one\/$/);
    const children = childRows(site('one', 'b1'), 200, all, NOW, english);
    assert.deepEqual(
      children.map((entry) => entry.description),
      ['…/en/ · 0 %', '…/zh/ · 0 %'],
    );
    assert.equal(children[0]?.spoken, 'index.html, 0 percent, uploading to films, …/en/');
    // The other one is on a page that is not shown yet.
    assert.equal(childRows(site('one', 'b1'), 1, all, NOW, english)[0]?.description, '0 %');
  });

  it('show long lists page by page', () => {
    const folder = batch(Array.from({ length: 450 }, () => ({})));
    const children = childRows(folder, 200, snapshot([folder]), NOW, english);
    assert.equal(children.length, 201);
    assert.equal(children.at(-1)?.label, 'Show 200 more');
    assert.equal(children.at(-1)?.description, '250 not shown');
    assert.equal(childRows(folder, 600, snapshot([folder]), NOW, english).length, 450);
  });

  it('say how far the uploads of another window are', () => {
    const [shown] = rootRows(
      snapshot([batch([{ state: 'uploading', confirmedBytes: 0.42 * GB }], { isElsewhere: true })]),
      NOW,
      english,
    );
    assert.equal(shown?.state, 'elsewhere');
    assert.equal(shown.description, '42 % in another window');
  });

  it('are equal when nothing that is shown changed', () => {
    const one = row({ state: 'paused', updatedMs: NOW });
    assert.deepEqual(one, row({ state: 'paused', updatedMs: NOW - 5 }));
  });

  it('have few words for every failure', () => {
    const kinds: UploadErrorKind[] = ['network', 'credentials', 'noSuchBucket', 'internal'];
    for (const kind of kinds) {
      assert.ok(row({ state: 'failed', error: failure(kind) }).description.length < 40, kind);
    }
  });

  it('have another picture for each state', () => {
    // These two names stand for one picture of the editor.
    const icons = Object.values(ROW_ICONS);
    const pictures = icons.map((icon) => (icon === 'clock' ? 'history' : icon));
    assert.equal(new Set(pictures).size, icons.length);
  });

  it('are there for every state', () => {
    const states: TransferState[] = ['queued', 'waiting', 'completed', 'discarding'];
    for (const state of states) assert.equal(row({ state }).label, 'video.mp4');
  });
});

describe('the header of the view', () => {
  const running = (id: string, files = 1): BatchSnapshot =>
    batch(
      Array.from({ length: files }, () => ({ state: 'uploading' })),
      { id },
    );
  const header = (
    batches: readonly BatchSnapshot[],
    speedBytesPerSecond = 0,
    words = english,
    place = '',
  ): ReturnType<typeof viewHeader> =>
    viewHeader(snapshot(batches, { speedBytesPerSecond }), place, words);

  it('says where uploads go, behind the speed', () => {
    assert.equal(header([], 0, english, 'films/docs').description, 'films/docs');
    assert.equal(header([running('a')], MB, english, 'films').description, '1.0 MB/s · films');
  });

  it('has the number of uploads that run and how fast they are, and nothing when none runs', () => {
    assert.deepEqual(header([running('a'), running('b')], 8.4 * MB), {
      description: '8.4 MB/s',
      badge: { value: 2, tooltip: 'Uploads running: 2' },
    });
    // The last speed is still known for a moment after the last upload.
    assert.deepEqual(header([batch([{ state: 'completed' }])], 8.4 * MB), {
      description: '',
      badge: undefined,
    });
  });

  it('counts a folder once, and nothing of other windows', () => {
    const elsewhere = batch([{ state: 'uploading' }], { id: 'c', isElsewhere: true });
    assert.equal(header([running('a', 1200), running('b'), elsewhere]).badge?.value, 2);
  });

  it('says it in Chinese', () => {
    assert.equal(header([running('a'), running('b')], 0, chinese).badge?.tooltip, '正在上传：2');
  });
});
