import assert from 'node:assert/strict';

import type { TransferState, UnfinishedUpload } from '../../../../../src/engine/index';
import {
  cleanUpTitle,
  isShown,
  removableUploads,
  removalQuestion,
  removedText,
} from '../../../../../src/ui/ask/bucket/unfinishedUploads';
import type { FoundUpload } from '../../../../../src/ui/ask/bucket/unfinishedUploads';
import { batch, chinese, english, snapshot as snapshotOf, transfer } from '../../snapshots';

function upload(key: string, initiatedMs = 0): UnfinishedUpload {
  return { key, uploadId: `id-of-${key}`, initiatedMs };
}

function at(key: string, state: TransferState): ReturnType<typeof transfer> {
  const uploadId = `id-of-${key}`;
  return transfer({
    state,
    uploadId,
    target: { bucket: 'my-bucket', key, region: '', profile: '' },
  });
}

describe('unfinished uploads in a bucket', () => {
  it('are ours when a transfer waits for them; ours come first, then the newest', () => {
    const snapshot = snapshotOf([batch([at('paused', 'paused')])]);
    const found = removableUploads(
      [upload('old', 1), upload('new', 2), upload('paused', 0)],
      'my-bucket',
      snapshot,
    );
    assert.deepEqual(
      found.map((one) => [one.upload.key, one.transfer?.target.key]),
      [
        ['paused', 'paused'],
        ['new', undefined],
        ['old', undefined],
      ],
    );
  });

  it('of others with the same key are not ours, so that their removal leaves ours alone', () => {
    const snapshot = snapshotOf([batch([at('shared', 'paused')])]);
    const theirs = { ...upload('shared', 9), uploadId: 'of-somebody-else' };
    const found = removableUploads([theirs, upload('shared')], 'my-bucket', snapshot);
    assert.deepEqual(
      found.map((one) => [one.upload.uploadId, one.transfer !== undefined]),
      [
        ['id-of-shared', true],
        ['of-somebody-else', false],
      ],
    );
  });

  it('are not offered while they run, here or in another window', () => {
    const snapshot = snapshotOf([
      batch([at('here', 'uploading')]),
      batch([at('there', 'interrupted')], { isElsewhere: true }),
    ]);
    assert.deepEqual(
      removableUploads([upload('here'), upload('there')], 'my-bucket', snapshot),
      [],
    );
  });

  it('of another bucket are not ours', () => {
    const snapshot = snapshotOf([batch([at('a', 'paused')])]);
    const [found] = removableUploads([upload('a')], 'other-bucket', snapshot);
    assert.equal(found?.transfer, undefined);
  });
});

describe('the title of the clean-up', () => {
  const of = (key: string): FoundUpload => ({
    upload: { key, uploadId: key, initiatedMs: 0 },
    transfer: undefined,
  });
  const [one, two] = [of('docs/a'), of('b')];

  it('counts what is there and what is chosen, and says how much that is at least', () => {
    assert.equal(
      cleanUpTitle([one, two], [two], new Map([[one, 1024]]), english),
      'Clean Up Unfinished Uploads: 2, ≥ 1.0 KB · chosen: 1, ≥ 0 B',
    );
    const sizes = new Map([
      [one, 1024],
      [two, 3],
    ]);
    assert.equal(
      cleanUpTitle([one, two], [two], sizes, english),
      'Clean Up Unfinished Uploads: 2, 1.0 KB · chosen: 1, 3 B',
    );
  });

  it('leaves out what the list does not show', () => {
    assert.deepEqual(
      [one, two].map((each) => isShown(each, ' DOCS/ ')),
      [true, false],
    );
    assert.equal(isShown(two, ''), true);
  });
});

describe('the removal of what is not from this editor', () => {
  const ours = { upload: upload('docs/ours.bin'), transfer: at('docs/ours.bin', 'paused') };
  const theirs = Array.from({ length: 7 }, (_, n) => ({
    upload: upload(`docs/${n}.bin`),
    transfer: undefined,
  }));

  it('is asked about by name; that of our own is asked about as any discard', () => {
    assert.equal(removalQuestion([ours], english), undefined);
    assert.deepEqual(removalQuestion(theirs.slice(0, 1), english), {
      question:
        'Remove 0.bin from OSS? It is not from this editor: another computer may still be sending it.',
      detail: 'docs/0.bin',
    });
  });

  it('says how many of all they are, and names the first', () => {
    assert.equal(
      removalQuestion([ours, ...theirs.slice(0, 1)], english)?.question,
      'Remove 2 unfinished uploads from OSS? 1 of them is not from this editor: another computer may still be sending it.',
    );
    const many = removalQuestion([ours, ...theirs], english);
    assert.match(many?.question ?? '', /^Remove 8 .* 7 of them are not from this editor/);
    assert.equal(
      many?.detail,
      'docs/0.bin\ndocs/1.bin\ndocs/2.bin\ndocs/3.bin\ndocs/4.bin\nand 2 more',
    );
    assert.match(removalQuestion([ours, ...theirs], chinese)?.question ?? '', /其中 7 个并非来自/);
  });

  it('is told with the name or the number, and the place', () => {
    const place = 'oss://my-bucket/';
    assert.equal(
      removedText(1, 'docs/a.bin', place, english),
      'Removed the unfinished upload of a.bin from oss://my-bucket/.',
    );
    assert.equal(
      removedText(2, 'docs/a.bin', place, english),
      'Removed 2 unfinished uploads from oss://my-bucket/.',
    );
  });
});
