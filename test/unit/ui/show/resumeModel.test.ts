import assert from 'node:assert/strict';
import path from 'node:path';
import {
  bytesLeft,
  bytesSent,
  resumeDescription,
  resumeDetail,
  resumeItems,
  resumeSections,
  sectionTitle,
  statusOf,
  statusText,
  reasonOf,
  tooltipLines,
} from '../../../../src/ui/show/resumeModel';
import type { ResumeItem, StatusKind } from '../../../../src/ui/show/resumeModel';
import type { BatchSnapshot, TransferSnapshot } from '../../../../src/engine/index';
import { batch, chinese, english, failure, GB, NOW, snapshot } from '../snapshots';

const DAY_MS = 86_400_000;
const context = { nowMs: NOW, workspacePaths: ['/home/me'], keepUnfinishedDays: 7 };
const interrupted = { state: 'interrupted', confirmedBytes: 0.42 * GB } as const;

function items(...batches: BatchSnapshot[]): ResumeItem[] {
  return resumeItems(snapshot(batches), context);
}

function status(...batches: BatchSnapshot[]): StatusKind {
  return statusOf(items(...batches), snapshot(batches));
}

describe('what waits to be resumed', () => {
  it('counts a folder as one upload', () => {
    assert.deepEqual(status(batch([interrupted, interrupted, { state: 'completed' }])), {
      kind: 'resume',
      count: 1,
    });
  });

  it('leaves out other windows, and what runs or is done', () => {
    const elsewhere = batch([interrupted], { isElsewhere: true });
    assert.deepEqual(status(elsewhere, batch([{ state: 'uploading' }], { id: 'b2' })), {
      kind: 'hidden',
    });
    assert.deepEqual(status(batch([{ state: 'completed' }])), { kind: 'hidden' });
  });

  it('puts each upload into its section', () => {
    const section = (transfer: object, workspacePath = '/home/me'): string | undefined =>
      items(
        batch([{ ...interrupted, filePath: `${workspacePath}/video.mp4`, ...transfer }], {
          workspacePath,
        }),
      )[0]?.section;
    assert.equal(section({}), 'workspace');
    assert.equal(section({}, '/home/me/film'), 'workspace');
    assert.equal(section({}, '/home/meow'), 'elsewhere');
    assert.equal(section({ updatedMs: NOW - 8 * DAY_MS }), 'old');
    assert.equal(section({ state: 'failed', error: failure('accessDenied') }), 'attention');
    assert.equal(section({ state: 'paused', error: failure('credentials') }), 'attention');
    assert.equal(section({ state: 'paused' }), 'workspace');
  });

  it('says from which day on an upload is old, in both languages', () => {
    const title = (days: number, words = english): string => sectionTitle('old', days, words);
    assert.equal(title(1), 'Older than 1 day (storage is billed)');
    assert.equal(title(7), 'Older than 7 days (storage is billed)');
    assert.equal(title(1, chinese), '超过 1 天（产生存储费用）');
  });

  it('calls for attention where one file of many needs a decision', () => {
    const failed = { state: 'failed', error: failure('accessDenied') } as const;
    const [item] = items(batch([interrupted, { state: 'completed' }, failed, interrupted]));
    assert.equal(item?.section, 'attention');
    assert.equal(item.waiting.length, 3);
  });

  it('takes a drive for the workspace of what lies on it, and no workspace for none', () => {
    const workspacePaths = [path.parse(process.cwd()).root];
    const section = (filePath: string): string | undefined => {
      const found = snapshot([batch([{ ...interrupted, filePath }], { workspacePath: '' })]);
      return resumeItems(found, { ...context, workspacePaths })[0]?.section;
    };
    assert.equal(section(path.resolve('video.mp4')), 'workspace');
    assert.equal(section(''), 'elsewhere');
  });

  it('shows failures before what can simply go on, and the network last', () => {
    const failed = batch([{ state: 'failed', error: failure('accessDenied') }], { id: 'b2' });
    const waiting = batch([{ state: 'waiting' }], { id: 'b3' });
    const moving = batch([{ state: 'uploading' }], { id: 'b4' });
    assert.deepEqual(status(batch([interrupted]), failed, waiting), { kind: 'failed', count: 1 });
    assert.deepEqual(status(batch([interrupted]), waiting), { kind: 'resume', count: 1 });
    assert.deepEqual(status(waiting), { kind: 'offline' });
    assert.deepEqual(status(waiting, moving), { kind: 'hidden' });
  });

  it('does not call failed what is paused and waits for credentials', () => {
    const refused = { state: 'paused', error: failure('credentials') } as const;
    const first = batch([refused, interrupted]);
    const second = batch([{ ...refused, error: failure('noCredentials') }], { id: 'b2' });
    const failed = batch([{ state: 'failed', error: failure('accessDenied') }], { id: 'b3' });
    const stopped = batch([{ state: 'paused' }, interrupted], { id: 'b4' });
    assert.deepEqual(status(first, second, stopped), { kind: 'credentials', count: 2 });
    assert.deepEqual(status(first, second, failed), { kind: 'failed', count: 1 });
    assert.deepEqual(status(stopped), { kind: 'resume', count: 1 });
  });

  it('has the texts that were agreed on', () => {
    const text = (kind: StatusKind, words = english): string | undefined =>
      statusText(kind, words)?.text;
    assert.equal(text({ kind: 'resume', count: 1 }), '$(cloud-upload) 1 upload to resume');
    assert.equal(text({ kind: 'resume', count: 2 }), '$(cloud-upload) 2 uploads to resume');
    assert.equal(text({ kind: 'failed', count: 1 }), '$(warning) OSS: 1 upload failed');
    assert.equal(
      text({ kind: 'credentials', count: 1 }),
      '$(warning) OSS: 1 upload needs credentials',
    );
    assert.equal(
      text({ kind: 'credentials', count: 2 }),
      '$(warning) OSS: 2 uploads need credentials',
    );
    assert.equal(
      text({ kind: 'credentials', count: 2 }, chinese),
      '$(warning) OSS：2 个上传需要凭证',
    );
    assert.equal(text({ kind: 'offline' }), '$(cloud-upload) OSS offline, retrying');
    assert.equal(text({ kind: 'hidden' }), undefined);
    assert.equal(text({ kind: 'resume', count: 2 }, chinese), '$(cloud-upload) 2 个上传待续传');
    assert.equal(text({ kind: 'failed', count: 1 }, chinese), '$(warning) OSS：1 个上传失败');
    assert.equal(
      statusText({ kind: 'resume', count: 1 }, english)?.label,
      'One OSS upload can be resumed. Press Enter to choose.',
    );
  });

  it('describes how far, what is left, where to and since when', () => {
    const [item] = items(batch([{ ...interrupted, updatedMs: NOW - 20 * 3_600_000 }]));
    assert.ok(item);
    assert.equal(
      resumeDescription(item, english),
      '42 % · 593.9 MB left · to oss://films/2026/video.mp4',
    );
    assert.equal(resumeDetail(item, NOW, english), 'interrupted yesterday');
    assert.equal(resumeDetail(item, NOW, chinese), '昨天中断');
    const [refused] = items(batch([{ state: 'paused', error: failure('credentials') }]));
    assert.ok(refused);
    assert.equal(resumeDetail(refused, NOW, english), 'paused just now: credentials refused');
    assert.equal(resumeDetail(refused, NOW, chinese), '刚刚暂停：访问凭证无效');
    assert.equal(bytesLeft([item, item]), 2 * (GB - 0.42 * GB));
  });

  it('counts as lost by a discard what was sent of the files that wait, and of no other', () => {
    const some = items(
      batch([{ ...interrupted, confirmedBytes: 3 }, { state: 'completed' }, { state: 'paused' }], {
        finishedEarlier: { files: 2, sizeBytes: 1000 },
      }),
      batch([{ state: 'failed', confirmedBytes: 40, inFlightBytes: 5 }], { id: 'b2' }),
    );
    assert.equal(bytesSent(some), 43);
    assert.equal(bytesSent([]), 0);
  });

  it('says first what tells it from another one of the same name, and only then', () => {
    const to = (bucket: string, key: string, id: string, label = 'video.mp4'): BatchSnapshot =>
      batch([{ ...interrupted, target: { bucket, key, region: '', profile: '' } }], { id, label });
    const first = (...batches: BatchSnapshot[]): string[] =>
      items(...batches).map((item) => resumeDescription(item, english).split(' · ')[0] ?? '');
    const here = to('films', '2026/video.mp4', 'b1');
    assert.deepEqual(first(here, to('backup', '2026/video.mp4', 'b2')), ['films', 'backup']);
    assert.deepEqual(first(here, to('films', 'a/video.mp4', 'b2')), ['2026/', 'a/']);
    assert.deepEqual(first(here, to('films', 'a/film.mp4', 'b2', 'film.mp4')), ['42 %', '42 %']);
    // What does not wait is not in the list.
    const done = batch([{ state: 'completed' }], { id: 'b2' });
    assert.deepEqual(first(here, done), ['42 %']);
  });

  it('puts what a warning is about first into the list that it opens, and else last but the old', () => {
    const failed = batch([{ state: 'failed', error: failure('accessDenied') }], { id: 'b1' });
    const refused = batch([{ state: 'paused', error: failure('credentials') }], { id: 'b2' });
    const old = batch([{ ...interrupted, updatedMs: NOW - 8 * DAY_MS }], { id: 'b3' });
    const far = batch([{ ...interrupted, filePath: '/srv/a' }], {
      id: 'b4',
      workspacePath: '/srv',
    });
    const here = batch([interrupted], { id: 'b5' });
    const order = (status: StatusKind, ...batches: BatchSnapshot[]): string[] =>
      resumeSections(items(...batches), status).map(({ section, members }) =>
        [section, ...members.map((item) => item.batch.id)].join(' '),
      );
    const all = [old, far, here, failed, refused];
    const warned = ['attention b1 b2', 'workspace b5', 'elsewhere b4', 'old b3'];
    assert.deepEqual(order({ kind: 'failed', count: 1 }, ...all), warned);
    assert.deepEqual(order({ kind: 'credentials', count: 1 }, ...all), warned);
    assert.deepEqual(order({ kind: 'resume', count: 1 }, ...all), [
      'workspace b5',
      'elsewhere b4',
      'attention b1 b2',
      'old b3',
    ]);
    assert.deepEqual(order({ kind: 'resume', count: 1 }, old), ['old b3']);
  });

  it('says in the tooltip why something needs attention', () => {
    const lines = (changes: Partial<TransferSnapshot>, words = english): string[] => {
      const [item] = items(batch([{ ...interrupted, ...changes }]));
      assert.ok(item);
      return tooltipLines(item, reasonOf(item, words), words);
    };
    const line = 'video.mp4 — 42 % · 593.9 MB left · to oss://films/2026/video.mp4';
    const denied = { state: 'failed', error: failure('accessDenied') } as const;
    const refused = { state: 'paused', error: failure('credentials') } as const;
    assert.deepEqual(lines(denied), [line, 'failed: no permission']);
    assert.deepEqual(lines(refused), [line, 'paused: credentials refused']);
    assert.equal(lines(denied, chinese)[1], '失败：没有权限');
    assert.equal(lines(refused, chinese)[1], '已暂停：访问凭证无效');
    assert.deepEqual(lines({}), [line]);
    assert.deepEqual(lines({ state: 'paused' }), [line]);
  });

  it('names the folder a batch goes to', () => {
    const target = { bucket: 'films', region: '', profile: '' };
    const [item] = items(
      batch([
        { ...interrupted, target: { ...target, key: 'a/b/c/1.mp4' } },
        { ...interrupted, target: { ...target, key: 'a/b/d/2.mp4' } },
      ]),
    );
    assert.ok(item);
    assert.match(resumeDescription(item, english), /to oss:\/\/films\/a\/b\/$/);
  });
});
