import assert from 'node:assert/strict';

import { UploadError } from '../../../../../src/engine/index';
import type { ComparedFile, UploadRequest } from '../../../../../src/engine/index';
import {
  countsOf,
  verifyJsonLines,
  verifyReport,
  verifySummary,
} from '../../../../../src/ui/ask/upload/verifyReport';
import type { Verified } from '../../../../../src/ui/ask/upload/verifyReport';
import { NOW, chinese, english } from '../../snapshots';

function file(name: string, verdict: ComparedFile['verdict']): ComparedFile {
  const request: UploadRequest = {
    filePath: `/site/${name}`,
    target: { bucket: 'films', key: `site/${name}`, region: 'cn-hangzhou', profile: '' },
    options: { partSizeBytes: 8 << 20, parallel: 3, forbidOverwrite: true, object: {} },
  };
  const isThere = verdict === 'equal' || verdict === 'different';
  return {
    request,
    verdict,
    ...(isThere && { localSizeBytes: 2048, info: { sizeBytes: 1024, etag: '"AB"' } }),
  };
}

const gone = new UploadError('sourceMissing', 'gone', { code: 'ENOENT', sourcePath: '/site/gone' });

function verified(changes: Partial<Verified['verification']> = {}): Verified {
  return {
    verification: {
      files: [
        file('a', 'equal'),
        file('b', 'equal'),
        file('c', 'different'),
        file('d', 'missing'),
        file('e', 'unknown'),
      ],
      onlyInOss: {
        count: 1,
        objects: [{ bucket: 'films', key: 'site/old', sizeBytes: 3, etag: '"CD"' }],
        isComplete: true,
      },
      ...changes,
    },
    failures: [gone],
    name: 'site',
    place: 'oss://films/site/',
    timeMs: NOW,
  };
}

describe('the report of a verification', () => {
  it('counts every file once, those that could not be read too', () => {
    assert.deepEqual(countsOf(verified()), {
      equal: 2,
      different: 1,
      missing: 1,
      unknown: 2,
      onlyInOss: 1,
    });
  });

  it('is one sentence, in both languages', () => {
    assert.equal(
      verifySummary(verified(), english),
      'Verified site against oss://films/site/: 2 equal, 1 different, 1 missing in OSS, 2 could not be compared, 1 only in OSS.',
    );
    assert.equal(
      verifySummary(verified(), chinese),
      'site 与 oss://films/site/ 核对完成：2 个一致，1 个不同，1 个在 OSS 中不存在，2 个无法比对，1 个仅存在于 OSS。',
    );
  });

  it('names all that is not equal, and says when there is more', () => {
    const text = verifyReport(verified(), english);
    assert.match(
      text,
      /^site compared with oss:\/\/films\/site\/, Nov 22, 2026, .*\n2 equal, 1 different, 1 missing in OSS, /,
    );
    for (const line of ['/site/c  (2.0 KB here, 1.0 KB in OSS)', '/site/d', 'site/old  (3 B)']) {
      assert.ok(text.includes(`\n  ${line}\n`), text);
    }
    assert.match(text, /\/site\/e {2}OSS told no checksum/);
    assert.match(text, /\/site\/gone {2}\S/);
    assert.doesNotMatch(text, /\/site\/a\b/);
    const files = Array.from({ length: 1500 }, (_, n) => file(`f${n}`, 'missing'));
    const onlyInOss = { count: 1_000_000, objects: [], isComplete: false };
    const long = verifyReport(verified({ files, onlyInOss }), english);
    assert.match(long, /f999\n {2}… and 500 more\n/);
    assert.match(long, /1,000,000\+ only in OSS/);
    assert.match(long, /not all were counted/);
  });

  it('tells sizes to the byte where they would read the same, and equal ones by their content', () => {
    const close = { ...file('close', 'different'), localSizeBytes: 2_000_001 };
    const files = [
      { ...close, info: { sizeBytes: 2_000_000, etag: '' } },
      { ...file('same', 'different'), info: { sizeBytes: 2048, etag: '' } },
    ];
    const text = verifyReport(verified({ files }), english);
    assert.ok(text.includes('/site/close  (2,000,001 B here, 2,000,000 B in OSS)'), text);
    assert.ok(text.includes('/site/same  (same size, other content)'), text);
  });

  it('has a line of JSON for each file and for each object without one', () => {
    const lines = verifyJsonLines(verified()).trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      parsed.map(({ verdict, file: path, object }) => [verdict, path ?? object]),
      [
        ['equal', '/site/a'],
        ['equal', '/site/b'],
        ['different', '/site/c'],
        ['missing', '/site/d'],
        ['unknown', '/site/e'],
        ['unknown', '/site/gone'],
        ['onlyInOss', 'oss://films/site/old'],
      ],
    );
    assert.deepEqual(parsed[2], {
      verdict: 'different',
      file: '/site/c',
      object: 'oss://films/site/c',
      sizeBytes: 2048,
      ossSizeBytes: 1024,
      ossETag: 'AB',
    });
  });

  it('says in a last line of JSON how many objects have none', () => {
    const { objects } = verified().verification.onlyInOss;
    const lastLine = (onlyInOss: Verified['verification']['onlyInOss']): unknown =>
      JSON.parse(verifyJsonLines(verified({ onlyInOss })).trimEnd().split('\n').at(-1) ?? '');
    assert.deepEqual(lastLine({ count: 4, objects, isComplete: true }), {
      verdict: 'onlyInOss',
      notListed: 3,
      isComplete: true,
    });
    assert.deepEqual(lastLine({ count: 1, objects, isComplete: false }), {
      verdict: 'onlyInOss',
      notListed: 0,
      isComplete: false,
    });
  });
});
