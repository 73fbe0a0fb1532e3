import assert from 'node:assert/strict';
import { childText, element, parseXml, textElement } from '../xml.ts';

describe('XML of the OSS server', () => {
  it('reads what it writes', () => {
    const text = '<a> & "b" \r\n ü😀';
    const root = parseXml(
      element('Root', textElement('Text', text), textElement('None', undefined)),
    );
    assert.equal(childText(root, 'Text'), text);
    assert.equal(childText(root, 'None'), undefined);
  });

  it('reads declarations, comments, attributes, empty elements and entities', () => {
    const root = parseXml(
      '<?xml version="1.0"?>\n<!-- note --><R xmlns="x">\n<E/><T>&#34;&#x41;&amp;&apos;</T></R>\n',
    );
    assert.deepEqual(
      root.children.map(({ name, text }) => [name, text]),
      [
        ['E', ''],
        ['T', '"A&\''],
      ],
    );
  });

  for (const wrong of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a>&unknown;</a>',
    '<a>&amp</a>',
    '<a><b</a>',
    '<!DOCTYPE a [<!ENTITY e "x">]><a/>',
  ]) {
    it(`refuses ${wrong || 'nothing'}`, () => {
      assert.throws(() => parseXml(wrong), SyntaxError);
    });
  }
});
