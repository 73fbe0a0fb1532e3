import assert from 'node:assert/strict';

import { STORAGE_CLASSES } from '../../../../../src/engine/contract/ossLimits';
import { validateOptions } from '../../../../../src/engine/contract/validate';
import {
  CHOSEN_ACLS,
  callbackOf,
  callbackProblem,
  headerProblem,
  metadataProblem,
  nameOfValue,
  parseMetadata,
  parsePairs,
  parseTags,
  tagsProblem,
  trafficLimitBits,
  trafficLimitProblem,
} from '../../../../../src/ui/ask/upload/objectOptionsModel';
import { chinese, english } from '../../snapshots';

describe('options of an object', () => {
  it('are read from pairs', () => {
    assert.deepEqual(parsePairs(' a=1; b = x=y ;'), { a: '1', b: 'x=y' });
    assert.deepEqual(parsePairs(''), {});
    for (const wrong of ['a', '=1', 'a=1;a=2', 'a=1;b']) {
      assert.equal(parsePairs(wrong), undefined, wrong);
    }
  });

  it('accept in the boxes only what the engine accepts', () => {
    const accepts = (object: object): boolean => {
      const common = { partSizeBytes: 8 << 20, parallel: 3, forbidOverwrite: true };
      try {
        validateOptions({ ...common, object });
        return true;
      } catch {
        return false;
      }
    };
    const tags = [
      'a=1',
      'a b=+-=._:/',
      'x=文',
      `${'n'.repeat(129)}=1`,
      `a=${'v'.repeat(257)}`,
      'a=!',
    ];
    for (const text of tags) {
      assert.equal(tagsProblem(text) === undefined, accepts({ tags: parseTags(text) }), text);
    }
    const metadata = ['a=1', 'Owner=me', 'a_b=1', 'a=文', `a=${'v'.repeat(9000)}`];
    for (const text of metadata) {
      const isAccepted = accepts({ metadata: parseMetadata(text) });
      assert.equal(metadataProblem(text) === undefined, isAccepted, text.slice(0, 20));
    }
    for (const text of ['100', '102400']) {
      assert.equal(trafficLimitProblem(text), undefined);
      assert.ok(accepts({ trafficLimitBitsPerSecond: trafficLimitBits(text) }));
    }
    for (const text of ['99', '102401', '1.5', '-1', 'x']) {
      assert.equal(trafficLimitProblem(text), 'trafficLimit', text);
    }
    const callbacks = [
      '',
      'https://example.com/done',
      'http://a.example.com;https://b.example.com',
      // OSS takes it as http.
      'example.com/done',
      'ftp://example.com',
      'https://',
      'https://example.com/a b',
      'https://user:password@example.com/done',
      'https://user@example.com/done',
      Array.from({ length: 6 }, (_, n) => `http://${n}.example.com`).join(';'),
      `https://example.com/${'x'.repeat(5000)}`,
    ];
    for (const text of callbacks) {
      const isAccepted = accepts({ callback: callbackOf(text) });
      assert.equal(callbackProblem(text) === undefined, isAccepted, text.slice(0, 50));
    }
  });

  it('are called what Alibaba Cloud calls them, with the value beside its name', () => {
    const texts = ({ l10n }: typeof english): string[] =>
      [...STORAGE_CLASSES, ...CHOSEN_ACLS].map((value) => {
        const { label, description } = nameOfValue(value, l10n);
        return `${label} | ${description}`;
      });
    assert.deepEqual(texts(english), [
      'Standard | ',
      'Infrequent Access | IA',
      'Archive | ',
      'Cold Archive | ColdArchive',
      'Deep Cold Archive | DeepColdArchive',
      'Private | ',
      'Public Read | public-read',
      'Public Read/Write | public-read-write',
    ]);
    assert.deepEqual(texts(chinese), [
      '标准存储 | Standard',
      '低频访问 | IA',
      '归档存储 | Archive',
      '冷归档存储 | ColdArchive',
      '深度冷归档存储 | DeepColdArchive',
      '私有 | private',
      '公共读 | public-read',
      '公共读写 | public-read-write',
    ]);
  });

  it('are left out when nothing was typed', () => {
    assert.equal(parseTags(''), undefined);
    assert.equal(parseMetadata(' '), undefined);
    assert.equal(trafficLimitBits(''), undefined);
    assert.equal(callbackOf(''), undefined);
    assert.equal(trafficLimitProblem(''), undefined);
  });

  it('refuse more than ten tags, names that differ in case only, and what is no address', () => {
    const eleven = Array.from({ length: 11 }, (_, n) => `t${n}=1`).join(';');
    assert.equal(tagsProblem(eleven), 'tags');
    assert.equal(metadataProblem('Owner=1;owner=2'), 'metadata');
    assert.equal(callbackProblem('https://me:password@example.com/done'), 'callback');
    assert.equal(callbackProblem('ftp://example.com'), 'callback');
    assert.equal(callbackProblem('https://example.com'), undefined);
    assert.equal(headerProblem('max-age=3600'), undefined);
    assert.equal(headerProblem('a\r\nx-oss-acl: public'), 'header');
  });
});
