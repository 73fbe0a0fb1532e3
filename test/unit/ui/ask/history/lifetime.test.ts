import assert from 'node:assert/strict';
import { parseLifetime } from '../../../../../src/ui/ask/history/lifetime';

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

  it('is nothing that is no time, and nothing that OSS would not sign', () => {
    for (const text of ['', '0', 'soon', '1.5 h', '-3 h', '8 d', '3 weeks', '99999999']) {
      assert.equal(parseLifetime(text), undefined, text);
    }
  });
});
