import assert from 'node:assert/strict';

import {
  readUploadSettings,
  readWindowSettings,
  refusalOf,
} from '../../../../src/ui/settings/settingsModel';
import type { GetSetting } from '../../../../src/ui/settings/settingsModel';

function of(values: Record<string, unknown>): GetSetting {
  return (name) => values[name];
}

describe('settings', () => {
  it('have defaults', () => {
    assert.deepEqual(readUploadSettings(of({})), {
      value: {
        bucket: '',
        region: '',
        prefix: '',
        profile: '',
        urlBase: '',
        ifExists: 'ask',
        exclude: ['**/.git', '**/.DS_Store', '**/Thumbs.db'],
        useIgnoreFiles: false,
        partSize: '8 MB',
        parallel: 3,
      },
      problems: [],
    });
    assert.deepEqual(readWindowSettings(of({})), {
      value: {
        endpoint: 'public',
        bucketEndpoints: {},
        signatureVersion: 'v4',
        concurrency: 6,
        maxBytesPerSecond: 0,
        resumeOnStartup: 'prompt',
        completionMessage: 'whenUseful',
        keepUnfinishedDays: 7,
      },
      problems: [],
    });
  });

  it('are taken as written, without blanks around', () => {
    const { value, problems } = readUploadSettings(
      of({ bucket: ' my-bucket ', region: 'cn-hangzhou', partSize: 1048576, exclude: ['*.tmp'] }),
    );
    assert.deepEqual(problems, []);
    assert.equal(value.bucket, 'my-bucket');
    assert.equal(value.partSize, 1048576);
    assert.deepEqual(value.exclude, ['*.tmp']);
    assert.equal(readWindowSettings(of({ maxSpeed: 2 })).value.maxBytesPerSecond, 2048);
  });

  it('with a wrong value are named, and the default is used', () => {
    const wrong: [string, unknown, unknown][] = [
      ['bucket', 'My_Bucket', ''],
      ['bucket', 7, ''],
      ['region', 'oss-cn-hangzhou', ''],
      ['prefix', 'a'.repeat(2000), ''],
      ['urlBase', 'cdn', ''],
      ['ifExists', 'maybe', 'ask'],
      ['exclude', 'x', ['**/.git', '**/.DS_Store', '**/Thumbs.db']],
      ['exclude', [1], ['**/.git', '**/.DS_Store', '**/Thumbs.db']],
      ['useIgnoreFiles', 'yes', false],
      ['profile', 'a\u202eb', ''],
      ['prefix', 'a\nb', ''],
      ['prefix', 'a\u2066b', ''],
      ['urlBase', 'https://cdn.example.com/\na', ''],
      ['urlBase', 'https://cdn.example.com/\u202ea', ''],
      ['bucket', 'a'.repeat(1_000_000), ''],
      ['partSize', '8'.repeat(1_000_000), '8 MB'],
      ['partSize', {}, '8 MB'],
      ['parallel', 0, 3],
      ['parallel', 65, 3],
      ['parallel', 1.5, 3],
      ['parallel', '4', 3],
    ];
    for (const [name, given, standard] of wrong) {
      const { value, problems } = readUploadSettings(of({ [name]: given }));
      assert.deepEqual((value as unknown as Record<string, unknown>)[name], standard, name);
      assert.deepEqual(
        problems.map((problem) => [problem.key, problem.value]),
        [[`ossUpload.${name}`, given]],
      );
    }
    const window = readWindowSettings(
      of({ endpoint: 'a/b', maxSpeed: -1, resumeOnStartup: 1, keepUnfinishedDays: 31 }),
    );
    assert.equal(window.problems.length, 4);
    // All limits can be read in a message.
    for (const { expected } of window.problems) {
      if ('to' in expected) assert.ok(Number.isInteger(expected.to) && expected.to < 1e9);
    }
    assert.equal(window.value.endpoint, 'public');
  });

  it('that say which files go where let nothing be sent while they are wrong', () => {
    const wrong: [string, unknown, string][] = [
      ['bucket', 'My Bucket', 'bucketName'],
      ['prefix', 5, 'text'],
      ['profile', null, ''],
      ['profile', 5, 'text'],
      ['exclude', '**/*.env', 'list'],
      ['useIgnoreFiles', 'yes', 'flag'],
    ];
    const names = ['bucket', 'prefix', 'profile', 'exclude', 'useIgnoreFiles'] as const;
    for (const [name, given, rule] of wrong) {
      const { problems } = readUploadSettings(of({ [name]: given }));
      const refusal = refusalOf(problems, names);
      assert.deepEqual(
        refusal && [refusal.kind, refusal.field, refusal.code],
        rule === '' ? undefined : ['invalidArgument', `ossUpload.${name}`, rule],
      );
      // What is not needed stops nobody.
      assert.equal(refusalOf(problems, []), undefined);
    }
    const { problems } = readWindowSettings(of({ endpoint: 'https://oss.example.com/path' }));
    assert.equal(refusalOf(problems, ['endpoint'])?.code, 'endpoint');
    for (const wrong of [[], 'https://img.example.com', { photos: 'public' }, { photos: 1 }]) {
      const read = readWindowSettings(of({ bucketEndpoints: wrong }));
      assert.equal(refusalOf(read.problems, ['bucketEndpoints'])?.code, 'endpoint');
      assert.deepEqual(read.value.bucketEndpoints, {});
    }
    const harmless = readUploadSettings(of({ parallel: 0, urlBase: 'cdn', ifExists: 'maybe' }));
    assert.equal(harmless.problems.length, 3);
    assert.equal(refusalOf(harmless.problems, names), undefined);
  });

  it('never throw, whatever a file holds', () => {
    for (const junk of [null, true, -0, NaN, '', '\0', [], {}, [null], () => 1, Symbol('x'), 1n]) {
      const get = (): unknown => junk;
      assert.doesNotThrow(() => readUploadSettings(get));
      assert.doesNotThrow(() => readWindowSettings(get));
    }
  });
});
