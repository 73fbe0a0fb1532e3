import assert from 'node:assert/strict';
import path from 'node:path';
import { UploadError } from '../../../../src/engine/contract/errors';
import {
  MAX_PART_SIZE_BYTES,
  MIN_PART_SIZE_BYTES,
} from '../../../../src/engine/contract/ossLimits';
import type { ObjectOptions, UploadTarget } from '../../../../src/engine/contract/ports';
import type { UploadOptions, UploadRequest } from '../../../../src/engine/contract/transfers';
import {
  checkBucketName,
  checkObjectKey,
  checkRegion,
  parsePartSize,
  validateOptions,
  validateRequest,
  validateTarget,
} from '../../../../src/engine/contract/validate';

const TARGET: UploadTarget = {
  bucket: 'media',
  key: 'a/b.mp4',
  region: 'cn-hangzhou',
  profile: '',
};
const OPTIONS: UploadOptions = {
  partSizeBytes: 8_388_608,
  parallel: 3,
  forbidOverwrite: false,
  object: {},
};
const REQUEST: UploadRequest = {
  filePath: path.resolve('/data/b.mp4'),
  target: TARGET,
  options: OPTIONS,
};

/** Asserts that a value is refused with this field and code, and that the message is a sentence. */
function assertRefused(action: () => unknown, field: string, code: string): void {
  assert.throws(action, (error) => {
    assert.ok(UploadError.is(error, 'invalidArgument'));
    assert.deepEqual({ field: error.field, code: error.code }, { field, code });
    assert.match(error.message, /^\S+ .+ \S+/);
    return true;
  });
}

function withObject(object: ObjectOptions): () => void {
  return () => {
    validateOptions({ ...OPTIONS, object });
  };
}

describe('parsePartSize', () => {
  const sizes: readonly (readonly [string | number, number])[] = [
    ['8 MB', 8_388_608],
    ['8MB', 8_388_608],
    ['8 MiB', 8_388_608],
    ['8mib', 8_388_608],
    ['  16 mb ', 16_777_216],
    ['100KB', 102_400],
    ['100 kib', 102_400],
    ['5 GB', 5_368_709_120],
    ['5GiB', 5_368_709_120],
    ['1.5 MB', 1_572_864],
    ['0.3 MB', 314_572],
    ['102400', 102_400],
    ['102400 B', 102_400],
    [102_400, 102_400],
    [MAX_PART_SIZE_BYTES, 5_368_709_120],
  ];
  for (const [value, expected] of sizes) {
    it(`reads ${JSON.stringify(value)} as ${expected} bytes`, () => {
      assert.equal(parsePartSize(value), expected);
    });
  }

  const refused: readonly (string | number)[] = [
    102_399,
    MAX_PART_SIZE_BYTES + 1,
    NaN,
    Infinity,
    -1,
    0,
    1.5,
    102_400.5,
    '',
    '  ',
    '8',
    '8M',
    '8 TB',
    '8 MB MB',
    'MB',
    '-8 MB',
    '+8 MB',
    '0x800000',
    '1e7',
    '102400.5',
    '99.99 KB',
    '5.1 GB',
    '8,5 MB',
    '8ib',
    '__proto__',
    '8 constructor',
    `${'9'.repeat(400)} MB`,
  ];
  for (const value of refused) {
    it(`refuses ${JSON.stringify(value).slice(0, 20)} (${String(value).slice(0, 9)})`, () => {
      assertRefused(() => parsePartSize(value), 'partSizeBytes', 'partSize');
    });
  }

  it('names the rule and what was given', () => {
    assert.throws(() => parsePartSize('99 KB'), /from 100 KB to 5 GB, not "99 KB"/);
  });
});

describe('checkBucketName', () => {
  for (const name of ['abc', 'a-b', '1a2', 'a--b', 'a_b', '_ab', 'a'.repeat(63)]) {
    it(`accepts ${name}`, () => {
      assert.equal(checkBucketName(name), undefined);
    });
  }
  const refused = ['', 'a', 'ab', 'AB', 'Abc', '-ab', 'ab-', 'a.b', 'a b', 'äbc', 'abc\n'];
  for (const name of [...refused, 'a'.repeat(64)]) {
    it(`refuses ${JSON.stringify(name)}`, () => {
      assert.equal(checkBucketName(name), 'bucketName');
    });
  }
});

describe('checkRegion', () => {
  for (const region of ['cn-hangzhou', 'us-west-1', 'ap-southeast-1', 'cn-hzfinance']) {
    it(`accepts ${region}`, () => {
      assert.equal(checkRegion(region), undefined);
    });
  }
  for (const region of ['', 'oss-cn-hangzhou', 'hangzhou', 'CN-hangzhou', 'cn-', 'cn hangzhou']) {
    it(`refuses ${JSON.stringify(region)}`, () => {
      assert.equal(checkRegion(region), 'region');
    });
  }
});

describe('checkObjectKey', () => {
  const accepted = {
    'one byte': 'a',
    '1,023 bytes': 'k'.repeat(1_023),
    '1,023 bytes in 341 characters': '中'.repeat(341),
    'emoji, blanks and signs': 'a b/😀 + ? & # %.txt',
    'what only looks odd': '../a//b/\u0001\n\\',
    'decomposed letters': 'e\u0301',
  };
  for (const [name, key] of Object.entries(accepted)) {
    it(`accepts ${name}`, () => {
      assert.equal(checkObjectKey(key), undefined);
    });
  }
  const refused = [
    ['', 'keyEmpty'],
    ['/a', 'keyStart'],
    ['\\a', 'keyStart'],
    ['k'.repeat(1_024), 'keyTooLong'],
    [`${'中'.repeat(341)}a`, 'keyTooLong'],
    ['a\ud83d', 'keyCharacters'],
  ] as const;
  for (const [key, problem] of refused) {
    it(`refuses ${JSON.stringify(key.slice(0, 12))} (${key.length}) as ${problem}`, () => {
      assert.equal(checkObjectKey(key), problem);
    });
  }
});

describe('validateTarget', () => {
  it('accepts a target, also without a region', () => {
    validateTarget(TARGET);
    validateTarget({ ...TARGET, region: '' });
  });

  it('names what is wrong', () => {
    const check = (change: Partial<UploadTarget>) => () => {
      validateTarget({ ...TARGET, ...change });
    };
    assertRefused(check({ bucket: 'AB' }), 'bucket', 'bucketName');
    assertRefused(check({ key: '/a' }), 'key', 'keyStart');
    assertRefused(check({ key: 'k'.repeat(1_024) }), 'key', 'keyTooLong');
    assertRefused(check({ region: 'oss-cn-hangzhou' }), 'region', 'region');
  });
});

describe('validateOptions', () => {
  const check = (change: Partial<UploadOptions>) => () => {
    validateOptions({ ...OPTIONS, ...change });
  };

  it('accepts the limits themselves', () => {
    for (const partSizeBytes of [MIN_PART_SIZE_BYTES, MAX_PART_SIZE_BYTES])
      check({ partSizeBytes })();
    for (const parallel of [1, 64]) check({ parallel })();
  });

  for (const partSizeBytes of [102_399, MAX_PART_SIZE_BYTES + 1, NaN, -1, 1.5, 204_800.5]) {
    it(`refuses parts of ${partSizeBytes} bytes`, () => {
      assertRefused(check({ partSizeBytes }), 'partSizeBytes', 'partSize');
    });
  }

  for (const parallel of [0, -1, 1.5, 65, 1_000, NaN, Infinity]) {
    it(`refuses ${parallel} parts at once`, () => {
      assertRefused(check({ parallel }), 'parallel', 'parallel');
    });
  }

  it('accepts an object with everything, at its limits', () => {
    withObject({
      contentType: 'text/plain; charset=utf-8',
      cacheControl: 'no-cache',
      contentDisposition: 'attachment; filename="视频.mp4"',
      acl: 'public-read-write',
      storageClass: 'DeepColdArchive',
      encryption: { algorithm: 'KMS', keyId: '9468da86-3509-4f8d-a61e-6eab1eac****' },
      metadata: { 'a-1': 'x'.repeat(8 * 1024 - 3) },
      tags: Object.fromEntries([
        ['k'.repeat(128), 'v'.repeat(256)],
        ['A b+c-d=e.f_g:h/i', ''],
        ...Array.from({ length: 8 }, (_, index) => [`tag${index}`, 'value']),
      ]) as Record<string, string>,
      callback: {
        url: 'http://a.example/x;https://b.example;10.0.0.1:80/c',
        body: 'bucket=${bucket}&object=${object}',
        host: 'a.example',
        bodyType: 'application/json',
        variables: { 'x:uid': '1', name: '名' },
      },
      trafficLimitBitsPerSecond: 819_200,
    })();
    withObject({ trafficLimitBitsPerSecond: 838_860_800 })();
  });

  it('counts the bytes of metadata, not its characters', () => {
    withObject({ metadata: { ab: '中'.repeat(2_730) } })();
    assertRefused(
      withObject({ metadata: { abc: '中'.repeat(2_730) } }),
      'metadata',
      'metadataSize',
    );
  });

  const callback = { url: 'http://a.example', body: 'x' };
  const six = Array.from({ length: 6 }, () => 'http://a.example').join(';');
  const refused: readonly (readonly [ObjectOptions | object, string, string])[] = [
    [{ contentType: 'a\r\nx-oss-object-acl: public-read' }, 'contentType', 'headerCharacters'],
    [{ cacheControl: 'a\nb' }, 'cacheControl', 'headerCharacters'],
    [{ contentDisposition: 'a\0' }, 'contentDisposition', 'headerCharacters'],
    [{ cacheControl: '\u007f' }, 'cacheControl', 'headerCharacters'],
    [{ contentDisposition: '\ud800' }, 'contentDisposition', 'headerCharacters'],
    [{ acl: 'public' }, 'acl', 'choice'],
    [{ storageClass: 'standard' }, 'storageClass', 'choice'],
    [{ encryption: { algorithm: 'AES128' } }, 'encryption', 'choice'],
    [{ encryption: { algorithm: 'KMS', keyId: 'a\nb' } }, 'encryption', 'headerCharacters'],
    [{ metadata: { a_b: '1' } }, 'metadata', 'metadataName'],
    [{ metadata: { A: '1' } }, 'metadata', 'metadataName'],
    [{ metadata: { '': '1' } }, 'metadata', 'metadataName'],
    [{ metadata: { a: '1\r\n2' } }, 'metadata', 'headerCharacters'],
    [{ metadata: { a: 'x'.repeat(8 * 1024) } }, 'metadata', 'metadataSize'],
    [
      { tags: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`t${n}`, ''])) },
      'tags',
      'tagCount',
    ],
    [{ tags: { '': 'v' } }, 'tags', 'tagLength'],
    [{ tags: { ['k'.repeat(129)]: 'v' } }, 'tags', 'tagLength'],
    [{ tags: { k: 'v'.repeat(257) } }, 'tags', 'tagLength'],
    [{ tags: { 'a&b': 'v' } }, 'tags', 'tagCharacters'],
    [{ tags: { a: '中' } }, 'tags', 'tagCharacters'],
    [{ callback: { ...callback, url: '' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: 'ftp://a.example' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: 'http://a b' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: 'http://a.example/b c' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: six } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: 'https://me:secret@a.example' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, url: 'me:secret@a.example' } }, 'callback', 'callbackUrl'],
    [{ callback: { ...callback, body: '' } }, 'callback', 'callbackBody'],
    [{ callback: { ...callback, host: 'a\n' } }, 'callback', 'headerCharacters'],
    [{ callback: { ...callback, bodyType: 'text/xml' } }, 'callback', 'choice'],
    [{ callback: { ...callback, variables: { Uid: '1' } } }, 'callback', 'callbackVariable'],
    [
      { callback: { ...callback, variables: { a: 'x'.repeat(5_120) } } },
      'callback',
      'callbackSize',
    ],
    [{ trafficLimitBitsPerSecond: 819_199 }, 'trafficLimitBitsPerSecond', 'trafficLimit'],
    [{ trafficLimitBitsPerSecond: 838_860_801 }, 'trafficLimitBitsPerSecond', 'trafficLimit'],
    [{ trafficLimitBitsPerSecond: 819_200.5 }, 'trafficLimitBitsPerSecond', 'trafficLimit'],
    [{ trafficLimitBitsPerSecond: 0 }, 'trafficLimitBitsPerSecond', 'trafficLimit'],
  ];
  for (const [object, field, code] of refused) {
    it(`refuses ${JSON.stringify(object).slice(0, 70)}`, () => {
      assertRefused(withObject(object), field, code);
    });
  }
});

describe('validateRequest', () => {
  it('accepts an absolute path with its target and options', () => {
    validateRequest(REQUEST);
  });

  it('refuses another path, and looks at target and options', () => {
    const check = (change: Partial<UploadRequest>) => () => {
      validateRequest({ ...REQUEST, ...change });
    };
    for (const filePath of ['', 'video.mp4', './video.mp4', `${REQUEST.filePath}\0`]) {
      assertRefused(check({ filePath }), 'filePath', 'filePath');
    }
    assertRefused(check({ target: { ...TARGET, bucket: '' } }), 'bucket', 'bucketName');
    assertRefused(check({ options: { ...OPTIONS, parallel: 0 } }), 'parallel', 'parallel');
  });
});
