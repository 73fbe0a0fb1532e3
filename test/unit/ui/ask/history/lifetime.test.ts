import assert from 'node:assert/strict';
import { chinese, english } from '../../snapshots';
import { parseLifetime, typedLifetime } from '../../../../../src/ui/ask/history/lifetime';

describe('how long a signed URL is good for', () => {
  it('is read in the units that users type, minutes when there is none', () => {
    const expected: [string, number][] = [
      ['90', 5400],
      ['90 min', 5400],
      ['30s', 30],
      [' 2h ', 7200],
      ['3 Days', 259_200],
      ['7d', 604_800],
      ['90分钟', 5400],
      ['2 小时', 7200],
      ['1天', 86_400],
    ];
    for (const [text, seconds] of expected) assert.equal(parseLifetime(text), seconds, text);
  });

  it('is nothing that is no time', () => {
    for (const text of ['', '0', 'soon', '1.5 h', '-3 h', '3 weeks', '99999999']) {
      assert.equal(parseLifetime(text), undefined, text);
    }
  });

  it('is no longer than OSS signs for with this key, and that is said', () => {
    const [hours12, days7] = [43_200, 604_800];
    for (const [text, longest, seconds, label] of [
      ['12 h', hours12, hours12, '12 h'],
      ['13 h', hours12, hours12, '12 hr'],
      ['1 d', hours12, hours12, '12 hr'],
      ['7 d', days7, days7, '7 d'],
      ['8 d', days7, days7, '7 days'],
      ['90', days7, 5400, '90'],
    ] as const) {
      const row = typedLifetime(text, longest, english);
      assert.deepEqual([row?.seconds, row?.label], [seconds, label], text);
      const isCut = parseLifetime(text) !== seconds;
      assert.equal(row?.description.startsWith(`${text} is too long: `), isCut, text);
    }
    assert.match(typedLifetime('8 天', days7, chinese)?.description ?? '', /^8 天 过长/);
    assert.equal(typedLifetime('soon', days7, english), undefined);
  });
});
