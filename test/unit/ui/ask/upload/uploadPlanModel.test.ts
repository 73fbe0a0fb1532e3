import assert from 'node:assert/strict';

import type { UploadRequest } from '../../../../../src/engine/index';
import { nothingSentText, someOf } from '../../../../../src/ui/ask/upload/uploadPlanModel';
import { chinese, english } from '../../snapshots';

describe('what is said of files of which none is sent', () => {
  const requests = ['a.txt', 'b.txt', 'c.txt'].map((name): UploadRequest => ({
    filePath: `/w/${name}`,
    target: { bucket: 'films', key: `docs/${name}`, region: '', profile: '' },
    options: { partSizeBytes: 8 << 20, parallel: 3, forbidOverwrite: true, object: {} },
  }));

  it('names the file, the reason and its place', () => {
    assert.equal(
      nothingSentText(requests.slice(0, 1), 1, english),
      'a.txt was not sent: OSS has the same bytes already, at oss://films/docs/a.txt.',
    );
    assert.equal(
      nothingSentText(requests.slice(0, 1), 0, english),
      'a.txt was not sent: it exists already, at oss://films/docs/a.txt.',
    );
    assert.match(nothingSentText(requests.slice(0, 1), 1, chinese), /^a\.txt 无需上传/);
  });

  it('counts several, by their reasons', () => {
    const of = (unchanged: number): string => nothingSentText(requests, unchanged, english);
    assert.equal(of(3), 'Nothing to send: 3 files are unchanged in OSS.');
    assert.equal(of(0), 'Nothing to send: 3 files exist in OSS already and were skipped.');
    assert.equal(of(1), 'Nothing to send: 1 unchanged in OSS, 2 skipped because they exist.');
  });
});

describe('some of many names', () => {
  it('are the first three, each once', () => {
    assert.equal(someOf(['a']), 'a');
    assert.equal(someOf(['a', 'b', 'a', 'c']), 'a, b, c');
    assert.equal(someOf(['a', 'b', 'c', 'd']), 'a, b, c, …');
  });
});
