import assert from 'node:assert/strict';
import type { SettledBatch, TransferSnapshot } from '../../../../src/engine/index';
import {
  announce,
  announceCredentials,
  credentialStops,
  isWorthTelling,
  uploadedText,
} from '../../../../src/ui/show/completionModel';
import { batch, chinese, english, failure, GB } from '../snapshots';

const done = { state: 'completed', confirmedBytes: GB } as const;

function failed(kind: Parameters<typeof failure>[0]): Partial<TransferSnapshot> {
  return { state: 'failed', error: failure(kind, { ec: '1' }) };
}

function settled(transfers: readonly Partial<TransferSnapshot>[], id = 'b1'): SettledBatch {
  const whole = batch(transfers, { id });
  return { batch: whole, ended: whole.files, elapsedMs: 20_000 };
}

/** Nothing was left out. */
const none = (): number => 0;

function texts(entries: readonly SettledBatch[], words = english): string[] {
  return announce(entries, none, words).map((announcement) => announcement.message.text);
}

describe('what is said after uploads', () => {
  it('names one file, and counts several', () => {
    assert.deepEqual(texts([settled([done])]), [
      'Uploaded video.mp4 (1.0 GB) to oss://films/2026/',
    ]);
    assert.deepEqual(texts([settled([done, done])]), [
      'Uploaded 2 files (2.0 GB) to oss://films/2026/',
    ]);
    assert.deepEqual(texts([settled([done])], chinese), [
      '已将 video.mp4（1.0 GB）上传至 oss://films/2026/',
    ]);
  });

  it('names every bucket, and the folder that all objects there share', () => {
    const at = (bucket: string, key: string): Partial<TransferSnapshot> => ({
      ...done,
      target: { bucket, key, region: '', profile: '' },
    });
    const places = [at('films', 'a/b/1'), at('films', 'a/c/2'), at('backup', '3')];
    assert.deepEqual(texts([settled(places)]), [
      'Uploaded 3 files (3.0 GB) to oss://films/a/, oss://backup/',
    ]);
  });

  it('counts what was skipped because it exists', () => {
    const skipped = (id: string): number => (id === 'b1' ? 50 : 0);
    const [all] = announce([settled([done, done])], skipped, english);
    assert.equal(all?.message.text, 'Uploaded 2 files (2.0 GB) to oss://films/2026/ · 50 skipped');
    const [some] = announce(
      [settled([done, failed('sourceMissing'), failed('sourceUnreadable')])],
      skipped,
      english,
    );
    assert.equal(some?.message.text, 'Uploaded 1 of 3 files. 2 failed, 50 skipped.');
  });

  it('says in the status bar what went where', () => {
    const of = (...ended: readonly Partial<TransferSnapshot>[]) => [batch(ended).files];
    assert.equal(uploadedText([], english), undefined);
    assert.equal(uploadedText(of({ state: 'failed' }), english), undefined);
    assert.equal(uploadedText(of(done), english), 'Uploaded video.mp4 to films');
    assert.equal(uploadedText(of(done, done), english), 'Uploaded 2 files to films');
    assert.equal(uploadedText(of(done, done), chinese), '已将 2 个文件上传至 films');
  });

  it('says how many files were not sent because they are unchanged, also beside a failure', () => {
    const told = (entries: readonly SettledBatch[], unchanged: number, words = english): string[] =>
      announce(entries, () => 0, words, unchanged).map(({ message }) => message.text);
    assert.deepEqual(told([settled([done])], 19_988), [
      'Uploaded video.mp4 (1.0 GB) to oss://films/2026/ · 19,988 unchanged',
    ]);
    assert.deepEqual(told([settled([done])], 1), [
      'Uploaded video.mp4 (1.0 GB) to oss://films/2026/ · 1 unchanged',
    ]);
    assert.deepEqual(told([settled([done])], 2, chinese), [
      '已将 video.mp4（1.0 GB）上传至 oss://films/2026/ · 未变化 2 个',
    ]);
    const [mixed] = told([settled([done, failed('sourceMissing'), failed('sourceUnreadable')])], 7);
    assert.match(mixed ?? '', /2 failed\. · 7 unchanged$/);
  });

  it('is one message for batches that end together', () => {
    const [only, ...others] = announce([settled([done]), settled([done], 'b2')], none, english);
    assert.equal(others.length, 0);
    assert.equal(only?.about().length, 2);
    assert.deepEqual(
      only.message.actions.map((action) => action.kind),
      ['copyUrls', 'dontShowAgain'],
    );
  });

  it('sums up a batch of which several failed for several reasons', () => {
    const [only, ...others] = announce(
      [settled([done, failed('sourceMissing'), failed('sourceUnreadable')])],
      none,
      english,
    );
    assert.equal(others.length, 0);
    assert.equal(only?.message.text, 'Uploaded 1 of 3 files. 2 failed.');
    assert.equal(only.about().length, 2);
    assert.deepEqual(
      only.message.actions.map((action) => action.kind),
      ['retryFailed', 'showUploads'],
    );
  });

  it('names a shared cause once, over all batches', () => {
    const shown = texts([
      settled([failed('accessDenied'), failed('accessDenied'), done]),
      settled([failed('accessDenied')], 'b2'),
    ]);
    assert.deepEqual(shown, [
      'Uploaded 1 of 4 files. 3 failed. No permission for oss:PutObject on films/2026.',
    ]);
  });

  it('names the right to tags where the objects were to get some', () => {
    const tagged = { ...failed('accessDenied'), object: { tags: { a: 'b' } } };
    assert.match(texts([settled([tagged])])[0] ?? '', /oss:PutObject or oss:PutObjectTagging/);
    assert.doesNotMatch(texts([settled([failed('accessDenied')])])[0] ?? '', /Tagging/);
  });

  it('asks once for all files that exist already', () => {
    const [only] = announce(
      [settled([failed('alreadyExists'), failed('alreadyExists')])],
      none,
      english,
    );
    assert.match(only?.message.text ?? '', /2 files already exist in OSS/);
    assert.equal(only?.about().length, 2);
  });

  it('keeps causes apart whose sentences differ, although they concern one bucket', () => {
    const blocked = (code: string): Partial<TransferSnapshot> => ({
      state: 'failed',
      error: failure('accountBlocked', { code }, 'over quota'),
    });
    const [arrears, quota, ...others] = texts([
      settled([blocked('UserDisable')]),
      settled([blocked('QuotaExceeded')], 'b2'),
    ]);
    assert.match(arrears ?? '', /in arrears or disabled/);
    assert.match(quota ?? '', /over quota/);
    assert.equal(others.length, 0);
  });

  it('says the cause of a single file alone', () => {
    assert.deepEqual(texts([settled([failed('sourceMissing')])]), [
      'video.mp4 was not uploaded: it no longer exists at /home/me/video.mp4.',
    ]);
  });

  it('is silent about what was stopped, interrupted, or waits for credentials', () => {
    const stopped: Partial<TransferSnapshot>[] = [
      { state: 'paused' },
      { state: 'interrupted', error: failure('network') },
      { state: 'paused', error: failure('credentials') },
    ];
    for (const transfer of stopped) assert.deepEqual(texts([settled([transfer, done])]), []);
    assert.deepEqual(texts([settled([failed('aborted')])]), []);
  });

  it('has one message for all uploads of failing credentials', () => {
    const stops = credentialStops(
      batch([
        {
          state: 'paused',
          partsDone: 3,
          error: failure('credentials', { code: 'SecurityTokenExpired' }),
        },
        { state: 'paused', error: failure('credentials', { code: 'SecurityTokenExpired' }) },
        { state: 'paused' },
        { state: 'interrupted', error: failure('credentials') },
      ]).transfers,
    );
    assert.deepEqual([...stops.keys()], ['']);
    assert.equal(
      announceCredentials(stops.get('') ?? [], english)?.message.text,
      '2 uploads are paused. The credentials expired. Progress is kept.',
    );
    assert.equal(announceCredentials([], english), undefined);
  });

  it('speaks of kept progress only where parts are in OSS', () => {
    const text = (changes: Partial<TransferSnapshot>): string | undefined => {
      const failed = { state: 'failed', error: failure('alreadyExists'), ...changes } as const;
      return announce([settled([failed])], none, english)[0]?.message.text;
    };
    const refused = '2026/video.mp4 already exists in OSS and was not replaced.';
    assert.equal(text({ partsTotal: 128, partsDone: 127 }), `${refused} Progress is kept.`);
    assert.equal(text({ partsTotal: 128, partsDone: 0 }), refused);
    assert.equal(text({ partsTotal: 1, partsDone: 1 }), refused);
  });

  it('tells a success that was the first, was waited for, could not be seen, or left files out', () => {
    const quiet = {
      isFirst: false,
      wasProgressShown: false,
      isWindowFocused: true,
      hasUnchanged: false,
    };
    assert.equal(isWorthTelling('whenUseful', quiet), false);
    for (const useful of [
      { isFirst: true },
      { wasProgressShown: true },
      { isWindowFocused: false },
      { hasUnchanged: true },
    ]) {
      assert.equal(isWorthTelling('whenUseful', { ...quiet, ...useful }), true);
      assert.equal(isWorthTelling('never', { ...quiet, ...useful }), false);
    }
    assert.equal(isWorthTelling('always', quiet), true);
  });
});
