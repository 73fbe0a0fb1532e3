import assert from 'node:assert/strict';
import {
  copiedText,
  linkLifetimes,
  onePerBucket,
  privateText,
} from '../../../../src/ui/actions/linksModel';
import { chinese, english, transfer } from '../snapshots';

const objectIn = (bucket: string, id: string): ReturnType<typeof transfer> =>
  transfer({ id, target: { bucket, key: `2026/${id}.mp4`, region: '', profile: '' } });

describe('what is said about links', () => {
  it('counts several that were copied', () => {
    assert.equal(copiedText('url', 1, english), 'URL copied');
    assert.equal(copiedText('url', 2000, english), '2,000 URLs copied');
    assert.equal(copiedText('url', 2000, chinese), '已复制 2,000 个链接');
    assert.equal(copiedText('signedUrl', 2, english), '2 signed URLs copied');
    assert.equal(copiedText('ossPath', 2, english), '2 OSS paths copied');
  });

  it('offers no lifetime that OSS would refuse, and always the longest', () => {
    const hours = (longest: number): number[] =>
      linkLifetimes(longest * 3600).map((seconds) => seconds / 3600);
    assert.deepEqual(hours(7 * 24), [1, 24, 72, 168]);
    assert.deepEqual(hours(12), [1, 12]);
  });

  it('needs one look per bucket, however many objects there are', () => {
    const films = Array.from({ length: 2000 }, (_, n) => objectIn('films', `f${n}`));
    const looked = onePerBucket([...films, objectIn('backup', 'b1'), objectIn('films', 'last')]);
    assert.deepEqual(
      looked.map(({ target }) => target.key),
      ['2026/f0.mp4', '2026/b1.mp4'],
    );
  });

  it('names a private object, and the buckets of several', () => {
    const [film, other, backup] = [
      objectIn('films', 'a'),
      objectIn('films', 'b'),
      objectIn('backup', 'c'),
    ];
    assert.equal(
      privateText([film], [film], english),
      'URL copied. a.mp4 is private: only a signed URL opens it for others.',
    );
    assert.equal(
      privateText([film, other, backup], [film], english),
      '3 URLs copied. Objects in films are private: only signed URLs open them for others.',
    );
    assert.equal(
      privateText([film, other, backup], [film, backup], chinese),
      '已复制 3 个链接。films, backup 中的文件为私有，他人只能通过签名链接打开。',
    );
  });
});
