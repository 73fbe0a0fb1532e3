import assert from 'node:assert/strict';
import { activeBatches } from '../../../../src/ui/text/transferFacts';
import { isBrief, progressOf, stoppedText } from '../../../../src/ui/show/progressModel';
import { batch, chinese, english, failure, GB, MB, NOW, snapshot, transfer } from '../snapshots';

const uploading = { state: 'uploading', confirmedBytes: 0.4 * GB, inFlightBytes: 20 * MB } as const;

describe('progress of the notification', () => {
  it('tells name, bytes, speed and time of one file', () => {
    const state = progressOf(
      snapshot([batch([uploading])], { speedBytesPerSecond: 8.4 * MB, secondsLeft: 118 }),
      0,
      NOW,
      english,
    );
    assert.equal(state.percent, 40);
    assert.equal(
      state.message,
      'Uploading to films/2026: video.mp4 · 40 % · 409.6 MB of 1.0 GB · 8.4 MB/s · about 2 min left [Details](command:ossUpload.showTransfers)',
    );
  });

  it('says the same in Chinese', () => {
    const state = progressOf(
      snapshot([batch([uploading])], { speedBytesPerSecond: 8.4 * MB, secondsLeft: 118 }),
      0,
      NOW,
      chinese,
    );
    assert.equal(
      state.message,
      '正在上传至 films/2026：video.mp4 · 40% · 409.6 MB/1.0 GB · 8.4 MB/s · 约剩 2分钟 [详情](command:ossUpload.showTransfers)',
    );
  });

  it('leaves out speed and time that are not known yet', () => {
    const { message } = progressOf(snapshot([batch([uploading])]), 0, NOW, english);
    assert.equal(
      message,
      'Uploading to films/2026: video.mp4 · 40 % · 409.6 MB of 1.0 GB [Details](command:ossUpload.showTransfers)',
    );
  });

  it('names the place of what runs: the shared folder, both ends of a long one, or the buckets', () => {
    const at = (bucket: string, key: string) =>
      ({ ...uploading, target: { bucket, key, region: '', profile: '' } }) as const;
    const begins = (...targets: readonly ReturnType<typeof at>[]): string =>
      progressOf(snapshot([batch(targets)]), 0, NOW, english).message.split(': ')[0] ?? '';
    assert.equal(begins(at('films', 'a.bin')), 'Uploading to films');
    assert.equal(begins(at('films', 'docs/a'), at('films', 'docs/b/c')), 'Uploading to films/docs');
    assert.equal(begins(at('films', 'docs/a'), at('backup', 'b')), 'Uploading to films, backup');
    const long = `${'x'.repeat(60)}/${'y'.repeat(19)}/a.bin`;
    assert.equal(
      begins(at('films', long)),
      `Uploading to films/${'x'.repeat(20)}…/${'y'.repeat(19)}`,
    );
  });

  it('makes no link of a name, only of its own one', () => {
    const filePath = '/w/[a](command:b)';
    for (const state of ['uploading', 'preparing'] as const) {
      const shown = snapshot([batch([{ state, filePath }])]);
      const { message } = progressOf(shown, 0, NOW, english);
      assert.doesNotMatch(message, /\]\(command:b/);
    }
  });

  it('counts the files of a batch', () => {
    const files = [{ state: 'completed', confirmedBytes: GB } as const, uploading, {}];
    const { message, percent } = progressOf(snapshot([batch(files)]), 0, NOW, english);
    assert.match(message, /: 2 of 3 files · 46 % · 1\.4 GB of 3\.0 GB /);
    assert.equal(percent, 46);
  });

  it('begins with the real percentage on a resume', () => {
    const resumed = snapshot([batch([{ state: 'preparing', confirmedBytes: 0.73 * GB }])]);
    const state = progressOf(resumed, 0, NOW, english);
    assert.deepEqual(state, {
      percent: 73,
      message: 'Uploading to films/2026: Checking video.mp4…',
    });
  });

  it('holds the bar when the total grows, while the text tells the truth', () => {
    const before = progressOf(snapshot([batch([uploading])]), 0, NOW, english);
    const grown = snapshot([batch([uploading]), batch([{}], { id: 'b2' })]);
    const after = progressOf(grown, before.percent, NOW, english);
    assert.equal(after.percent, 40);
    assert.match(after.message, / 20 % · 409\.6 MB of 2\.0 GB/);
  });

  it('never goes back and never passes 100, whatever comes', () => {
    let percent = 0;
    for (const done of [10, 60, 40, 99, 100, 20, 120]) {
      const next = progressOf(
        snapshot([batch([uploading])], { doneBytes: done, sizeBytes: 100 }),
        percent,
        NOW,
        english,
      );
      assert.ok(next.percent >= percent && next.percent <= 100);
      percent = next.percent;
    }
    assert.equal(percent, 100);
  });

  it('counts down while there is no network', () => {
    const waiting = (nextTryMs?: number): string =>
      progressOf(
        snapshot([
          batch([{ state: 'waiting', nextTryMs, error: failure('network') }, { state: 'queued' }]),
        ]),
        0,
        NOW,
        english,
      ).message;
    assert.equal(
      waiting(NOW + 3200),
      'Uploading to films/2026: 1 of 2 files · 0 % · OSS cannot be reached. Next try in 4 s. Progress is kept.',
    );
    assert.equal(
      waiting(NOW - 1),
      'Uploading to films/2026: 1 of 2 files · 0 % · OSS cannot be reached. Trying again. Progress is kept.',
    );
    assert.equal(
      waiting(),
      'Uploading to films/2026: 1 of 2 files · 0 % · OSS cannot be reached. Trying again. Progress is kept.',
    );
  });

  it('does not blame the network for a login page that answers in the place of OSS', () => {
    const waiting = (nextTryMs: number, words = english): string => {
      const row = { state: 'waiting', nextTryMs, error: failure('badResponse') } as const;
      return progressOf(snapshot([batch([row])]), 0, NOW, words).message;
    };
    assert.match(waiting(NOW + 4000), /login page\? Next try in 4 s\.$/);
    assert.match(waiting(NOW), /login page\? Trying again\.$/);
    assert.match(waiting(NOW, chinese), /登录页面/);
  });

  it('does not blame the network for a server that is busy', () => {
    const { message } = progressOf(
      snapshot([
        batch([
          { ...uploading, state: 'waiting', nextTryMs: NOW + 4000, error: failure('throttled') },
        ]),
      ]),
      0,
      NOW,
      english,
    );
    assert.equal(
      message,
      'Uploading to films/2026: video.mp4 · 40 % · OSS is busy. Next try in 4 s. Progress is kept.',
    );
  });

  it('says nothing of waiting while another file goes on', () => {
    const { message } = progressOf(
      snapshot([batch([{ state: 'waiting', nextTryMs: NOW + 4000 }, uploading])]),
      0,
      NOW,
      english,
    );
    assert.match(message, /: 1 of 2 files/);
  });

  it('names the steps after the last part', () => {
    const step = (state: 'completing' | 'verifying'): string =>
      progressOf(snapshot([batch([{ state, partsTotal: 50 }])]), 0, NOW, english).message;
    assert.equal(step('completing'), 'Uploading to films/2026: Combining 50 parts of video.mp4…');
    assert.equal(step('verifying'), 'Uploading to films/2026: Verifying video.mp4…');
  });

  it('says what Cancel has stopped, and how far that is', () => {
    const half = { state: 'paused', confirmedBytes: 0.4 * GB } as const;
    const one = batch([half]);
    const folder = batch([half, { state: 'completed', confirmedBytes: GB }, { state: 'paused' }], {
      label: 'site',
    });
    assert.equal(stoppedText([one], english), 'video.mp4 is stopped at 40 %. Progress is kept.');
    assert.equal(
      stoppedText([folder], english),
      'site is stopped at 46 %, 1 of 3 files. Progress is kept.',
    );
    assert.equal(stoppedText([one, folder], english), 'Stopped 2 uploads. Progress is kept.');
    assert.equal(stoppedText([one], chinese), 'video.mp4 已停止（40%），进度已保留。');
    assert.equal(stoppedText([folder], chinese), 'site 已停止（46%，1/3 个文件），进度已保留。');
  });

  it('is about this window only, and about what runs', () => {
    const shown = snapshot([
      batch([{ state: 'uploading' }], { id: 'other', isElsewhere: true }),
      batch([{ state: 'paused' }, { state: 'completed' }, { state: 'discarding' }]),
    ]);
    assert.deepEqual(activeBatches(shown), []);
  });

  it('does not open for what is over before it could be read', () => {
    assert.equal(
      isBrief(snapshot([batch([transfer({ partsTotal: 1, sizeBytes: 8 * MB })])])),
      true,
    );
    assert.equal(isBrief(snapshot([batch([transfer({ partsTotal: 0, sizeBytes: 100 })])])), true);
    assert.equal(isBrief(snapshot([batch([transfer({ partsTotal: 0, sizeBytes: GB })])])), false);
    assert.equal(
      isBrief(snapshot([batch([transfer({ partsTotal: 1 }), transfer({ partsTotal: 2 })])])),
      false,
    );
  });
});
