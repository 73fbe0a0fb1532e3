import assert from 'node:assert/strict';

import { plainText } from '../../../../src/ui/text/plainText';

/** What the editor makes links of in a notification. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

describe('plain text', () => {
  it('holds no link for the editor, and reads the same', () => {
    for (const text of ['[a](command:b) c', '[[a](https://b)](file:c)', '[a](command:b "c")']) {
      assert.match(text, LINK);
      assert.doesNotMatch(plainText(text), LINK);
      assert.equal(plainText(text).replaceAll('\u2060', ''), text);
    }
  });

  it('is one line without secrets', () => {
    assert.equal(plainText('a\u202eb\nc password=x'), String.raw`a\u202eb\nc password=***`);
    assert.equal(plainText(plainText('[a](command:b)')), plainText('[a](command:b)'));
  });

  it('leaves all others as they are', () => {
    assert.equal(plainText('a (1) [b].txt'), 'a (1) [b].txt');
  });
});
