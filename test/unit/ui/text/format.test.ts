import assert from 'node:assert/strict';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatSpeed,
  formatWhen,
  percentOf,
  nameInRow,
  nameInSentence,
  shortName,
} from '../../../../src/ui/text/format';
import { chinese, english, GB, KB, MB, NOW } from '../snapshots';

const HOUR_MS = 3_600_000;

describe('format', () => {
  it('writes sizes in binary units with one decimal', () => {
    assert.equal(formatBytes(0, 'en'), '0 B');
    assert.equal(formatBytes(1023, 'en'), '1,023 B');
    assert.equal(formatBytes(KB, 'en'), '1.0 KB');
    assert.equal(formatBytes(8 * MB, 'en'), '8.0 MB');
    assert.equal(formatBytes(1.2 * GB, 'zh-cn'), '1.2 GB');
    assert.equal(formatBytes(1.2 * GB, 'de'), '1,2 GB');
  });

  it('never writes 1,024 of a unit', () => {
    for (const unit of [KB, MB, GB]) assert.match(formatBytes(unit - 1, 'en'), /^1(\.0|,023) /);
  });

  it('writes a speed', () => {
    assert.equal(formatSpeed(8.4 * MB, 'en'), '8.4 MB/s');
  });

  it('writes durations coarser the longer they are', () => {
    assert.equal(formatDuration(0.2, 'en'), '1 sec');
    assert.equal(formatDuration(42, 'en'), '40 sec');
    assert.equal(formatDuration(59, 'en'), '1 min');
    assert.equal(formatDuration(125, 'en'), '2 min');
    assert.equal(formatDuration(3599, 'en'), '1 hr');
    assert.equal(formatDuration(3900, 'en'), '1 hr 5 min');
    assert.equal(formatDuration(3 * 86_400, 'en'), '3 days');
    assert.equal(formatDuration(125, 'zh-cn'), '2分钟');
  });

  it('says 100 only when nothing is missing', () => {
    assert.equal(percentOf(0, 0), 0);
    assert.equal(percentOf(GB - 1, GB), 99);
    assert.equal(percentOf(GB, GB), 100);
    assert.equal(percentOf(2 * GB, GB), 100);
  });

  it('tells an age in the language, with yesterday by the calendar', () => {
    assert.equal(formatAge(NOW - 3 * HOUR_MS, NOW, english), '3 hours ago');
    assert.equal(formatAge(NOW - 20 * HOUR_MS, NOW, english), 'yesterday');
    assert.equal(formatAge(NOW - 20 * HOUR_MS, NOW, chinese), '昨天');
    assert.equal(formatAge(NOW - 9 * 24 * HOUR_MS, NOW, english), '9 days ago');
  });

  it('rounds an age down, and calls less than a minute just now', () => {
    const age = (ms: number, words = english): string => formatAge(NOW - ms, NOW, words);
    assert.equal(age(0), 'just now');
    assert.equal(age(59_999), 'just now');
    assert.equal(age(59_999, chinese), '刚刚');
    assert.equal(age(60_000), '1 minute ago');
    assert.equal(age(119_999), '1 minute ago');
    assert.equal(age(2 * HOUR_MS - 1), '1 hour ago');
    assert.equal(age(-5000), 'just now');
  });
});

describe('the name of a file in a narrow row', () => {
  it('keeps its beginning and its end', () => {
    assert.equal(shortName('video.mp4', 24), 'video.mp4');
    const long = shortName(`holiday-${'x'.repeat(200)}-2026.mp4`, 24);
    assert.equal(long, 'holiday-xxxx…xx-2026.mp4');
    assert.equal(Array.from(long).length, 24);
  });

  it('leaves room for the state of a row: the longer that is, the shorter the name', () => {
    const name = `${'very-long-name-'.repeat(13)}end.bin`;
    const columns = (state: string): number => Array.from(nameInRow(name, state)).length;
    assert.deepEqual(
      ['25 %', 'paused at 25 %', '已暂停（25%）', 'waiting for the network at 25 %'].map(columns),
      [24, 15, 16, 12],
    );
    assert.equal(nameInRow('hello.txt', 'waiting for the network at 25 %'), 'hello.txt');
  });

  it('leaves the end of a sentence in sight', () => {
    const name = nameInSentence(`${'very-long-name-'.repeat(13)}end.bin`);
    assert.equal(name.length, 48);
    assert.match(name, /^very-long-name-.*….*-end\.bin$/);
  });

  it('counts a Chinese character as wide as it is drawn', () => {
    assert.equal(shortName('季度财务报告附件.xlsx', 24), '季度财务报告附件.xlsx');
    const long = shortName(`${'季度财务报告与附件'.repeat(6)}.xlsx`, 24);
    assert.equal(long, '季度财务报告…与附件.xlsx');
    // Short in signs, and still too wide.
    assert.equal(shortName('二〇二六年第三季度财务报告.pdf', 24), '二〇二六年第…务报告.pdf');
  });

  it('cuts no emoji, no accent and no pair in two', () => {
    const family = '👨‍👩‍👧‍👦';
    const short = shortName(family.repeat(60), 24);
    assert.equal(short, `${family.repeat(6)}…${family.repeat(5)}`);
    assert.doesNotMatch(shortName('é'.repeat(60), 24), /…\u0301/);
  });
});

describe('when something was', () => {
  it('is a time of day, and of another day a date', () => {
    const noon = new Date(2026, 10, 22, 12, 0).getTime();
    assert.match(formatWhen(noon - 3_600_000, noon, 'en'), /^11:00\sAM$/);
    assert.equal(formatWhen(noon - 86_400_000, noon, 'en'), 'Nov 21, 2026');
    assert.equal(formatWhen(noon - 86_400_000, noon, 'zh-cn'), '2026年11月21日');
  });
});
