import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  checkBucketEndpoint,
  checkEndpoint,
  parseEndpoint,
} from '../../../../src/engine/contract/endpoint';

const WORDS = ['public', 'internal', 'accelerate'];
const ADDRESSES = [
  'http://127.0.0.1:9000',
  'https://upload.example.com/',
  'oss-cn-hangzhou.aliyuncs.com',
  'https://my_bucket.oss-cn-hangzhou.aliyuncs.com',
  'localhost:9000',
  'localhost',
  'minio:9000',
  'http://minio',
  'http://[::1]:9000',
  '[2001:db8::1]:9000',
  'https://{bucket}.oss.corp.example.com',
  '{bucket}.oss.corp.example.com:8443/',
  'https://oss.corp.example.com/{bucket}',
  'oss.corp.example.com:8443/{bucket}/',
  'https://中文.example.com',
];
const WRONG = [
  '',
  'pubic',
  'https://',
  'ftp://example.com',
  'https://example.com/path',
  'https://example.com?x=1',
  'https://example.com#x',
  'https://user:secret@example.com',
  'https://{bucket}',
  'https://a.{bucket}.example.com',
  'https://{bucket}.example.com/{bucket}',
  'https://example.com/{bucket}/x',
  'https://example.com/{other}',
  'two words',
  'https://a b.example.com',
];

describe('parseEndpoint', () => {
  for (const [text, secure, host, place, region] of [
    [
      'https://oss-cn-beijing.aliyuncs.com',
      true,
      'oss-cn-beijing.aliyuncs.com',
      'host',
      'cn-beijing',
    ],
    [
      'HTTP://OSS-CN-Beijing.aliyuncs.com./',
      false,
      'oss-cn-beijing.aliyuncs.com',
      'host',
      'cn-beijing',
    ],
    ['oss-accelerate.aliyuncs.com', true, 'oss-accelerate.aliyuncs.com', 'host', ''],
    ['127.0.0.1:9000', false, '127.0.0.1:9000', 'path', ''],
    ['http://0x7f.1:9000', false, '127.0.0.1:9000', 'path', ''],
    ['10.1.2.3', true, '10.1.2.3', 'path', ''],
    ['http://[::1]:9000/', false, '[::1]:9000', 'path', ''],
    ['https://[2001:DB8::1]', true, '[2001:db8::1]', 'path', ''],
    ['https://files.example.com:8443', true, 'files.example.com:8443', 'unknown', ''],
    ['https://files.example.com:443', true, 'files.example.com', 'unknown', ''],
    ['https://{bucket}.oss.corp.example.com', true, 'oss.corp.example.com', 'host', ''],
    ['http://oss.corp.example.com:80/{bucket}', false, 'oss.corp.example.com', 'path', ''],
    [
      '{bucket}.oss-cn-beijing.aliyuncs.com',
      true,
      'oss-cn-beijing.aliyuncs.com',
      'host',
      'cn-beijing',
    ],
  ] as const) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseEndpoint(text), { secure, host, place, region });
    });
  }

  it('reads words, however they are written', () => {
    assert.deepEqual(['public', ' Internal ', 'ACCELERATE'].map(parseEndpoint), WORDS);
  });

  it('accepts every way to reach OSS, and refuses what is none', () => {
    const accepted = [...WORDS, ...ADDRESSES, ...WRONG].filter(
      (text) => checkEndpoint(text) === undefined,
    );
    assert.deepEqual(accepted, [...WORDS, ...ADDRESSES]);
  });

  it('takes no word for the address of a single bucket', () => {
    const accepted = [...WORDS, ...ADDRESSES, ...WRONG].filter(
      (text) => checkBucketEndpoint(text) === undefined,
    );
    assert.deepEqual(accepted, ADDRESSES);
  });

  it('is of one mind with what the settings editor marks as wrong', () => {
    const file = path.join(__dirname, '../../../../package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
      contributes: {
        configuration: {
          properties: Record<
            string,
            { pattern?: string; additionalProperties?: { pattern: string } }
          >;
        };
      };
    };
    const { properties } = manifest.contributes.configuration;
    const ofAll = new RegExp(properties['ossUpload.endpoint']?.pattern ?? '');
    const ofBucket = new RegExp(
      properties['ossUpload.bucketEndpoints']?.additionalProperties?.pattern ?? '',
    );
    for (const text of [...WORDS, ...ADDRESSES]) assert.match(text, ofAll);
    for (const text of ADDRESSES) assert.match(text, ofBucket);
    // What a pattern cannot see, the reader of the settings tells.
    const unseen = ['https://{bucket}.example.com/{bucket}'];
    for (const text of WRONG) {
      if (!unseen.includes(text)) assert.doesNotMatch(text, ofAll);
      if (!unseen.includes(text)) assert.doesNotMatch(text, ofBucket);
    }
    for (const word of WORDS) assert.doesNotMatch(word, ofBucket);
  });
});
