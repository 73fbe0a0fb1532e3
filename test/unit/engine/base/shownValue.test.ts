import assert from 'node:assert/strict';
import { shownValue } from '../../../../src/engine/base/shownValue';

describe('a value as it is shown', () => {
  for (const [value, text] of [
    ['a "b"', '"a \\"b\\""'],
    [7, '7'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [[1, 'a', [2], { a: 1 }], '[1, "a", […], {…}]'],
    [[1, 2, 3, 4, 5, 6], '[1, 2, 3, 4, 5, …]'],
    [{ a: 1 }, '{…}'],
    [() => 1, 'a function'],
  ] as const) {
    it(`is ${text}`, () => {
      assert.equal(shownValue(value), text);
    });
  }

  it('is short, whatever its length', () => {
    const long = 'http://'.repeat(150_000);
    const [text, list] = [shownValue(long), shownValue(Array(1000).fill(long))];
    assert.equal(text.length, 203);
    assert.ok(list.length < 1100, String(list.length));
  });
});
