import assert from 'node:assert/strict';

import type { TransferState, UnfinishedUpload } from '../../../src/engine/index';
import { removableUploads } from '../../../src/ui/unfinishedUploads';
import { batch, snapshot as snapshotOf, transfer } from './snapshots';

function upload(key: string, initiatedMs = 0): UnfinishedUpload {
  return { key, uploadId: `id-of-${key}`, initiatedMs };
}

function at(key: string, state: TransferState): ReturnType<typeof transfer> {
  return transfer({ state, target: { bucket: 'my-bucket', key, region: '', profile: '' } });
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
