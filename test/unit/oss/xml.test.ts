import { strict as assert } from 'node:assert';
import { parseXml, xmlElements, xmlText } from '../../../src/oss/xml.ts';

describe('xml', () => {
  it('reads what OSS writes', () => {
    const page = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a page -->\n<ListPartsResult xmlns="http://doc.oss">' +
        '\n  <Part><PartNumber>1</PartNumber><ETag>&quot;A&quot;</ETag></Part>' +
        '\n  <Part><PartNumber>2</PartNumber><ETag>"B"</ETag></Part>\n  <Marker/><Empty></Empty>\n</ListPartsResult>\n',
    );
    const parts = xmlElements(page, 'Part');
    assert.deepEqual(
      parts.map((part) => [xmlText(part, 'PartNumber'), xmlText(part, 'ETag')]),
      [
        ['1', '"A"'],
        ['2', '"B"'],
      ],
    );
    assert.equal(xmlText(page, 'Marker'), '');
    assert.equal(xmlText(page, 'Empty'), '');
    assert.deepEqual(xmlElements(page, 'Missing'), []);
  });

  it('tells a root without children by its text', () => {
    assert.equal(parseXml('<Location a="1">oss-cn-beijing</Location>'), 'oss-cn-beijing');
    assert.equal(parseXml('<Location/>'), '');
  });

  it('resolves entities and takes character data as it is', () => {
    assert.equal(parseXml('<a>&lt;&gt;&amp;&apos;&#65;&#x4e2d;&#x1F600;</a>'), "<>&'A中😀");
    assert.equal(parseXml('<a>x<![CDATA[<b>&amp;]]>y</a>'), 'x<b>&amp;y');
  });

  it('gives no name a meaning', () => {
    const root = parseXml('<a><__proto__><b>1</b></__proto__><constructor>2</constructor></a>');
    assert.equal(xmlText(root, 'constructor'), '2');
    assert.equal(xmlText(xmlElements(root, '__proto__')[0], 'b'), '1');
    assert.equal(xmlText(root, 'toString'), '');
  });

  const malformed = [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/>text',
    '<a/><b/>',
    '<a/><a/>',
    '<a>&nbsp;</a>',
    '<a>& b</a>',
    '<a>&#x110000;</a>',
    '<a>1 < 2</a>',
    '<a b=1></a>',
    '<a></a',
    '<a></a/>',
    '<a><![CDATA[b</a>',
    '<!DOCTYPE a><a/>',
    '<a><b>1</b>',
  ];
  for (const text of malformed) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseXml(text), SyntaxError);
    });
  }

  it('refuses every begin of a document', () => {
    const whole = '<List><Part><Size>1</Size></Part><End>false</End></List>';
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => parseXml(whole.slice(0, length)), SyntaxError);
    }
  });
});
