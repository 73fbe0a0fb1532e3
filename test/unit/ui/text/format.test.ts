import assert from 'node:assert/strict';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatSpeed,
  percentOf,
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
