import assert from 'node:assert/strict';
import { Emitter } from '../../../../src/engine/index';
import type { EndedTransfer, TransferSnapshot } from '../../../../src/engine/index';
import { UploadLog, stoppedLine, uploadedLine } from '../../../../src/ui/show/uploadLog';
import { GB, MB, batch, failure, snapshot, transfer } from '../snapshots';

describe('uploadLog', () => {
  it('has one for an upload', () => {
    const finished = transfer({
      state: 'completed',
      sizeBytes: 1_200_000_000,
      partsTotal: 50,
      retries: 2,
    });
    assert.equal(
      uploadedLine(finished, 12_300),
      'uploaded oss://films/2026/video.mp4 size=1200000000 parts=50 retried=2 12.3 s 93.0 MB/s id=t1',
    );
  });

  it('counts only what was sent in this run', () => {
    const resumed = transfer({
      state: 'completed',
      sizeBytes: 2 * MB,
      resumedBytes: MB,
    });
    assert.match(uploadedLine(resumed, 1000), / resumed=1048576 sent=1048576 1\.0 s 1\.0 MB\/s /);
  });

  it('makes no speed of what is too little to measure', () => {
    const resumed = transfer({ state: 'completed', sizeBytes: GB, resumedBytes: GB - 20 });
    assert.match(uploadedLine(resumed, 10_000), / sent=20 10\.0 s id=t1$/);
    assert.match(uploadedLine({ ...resumed, resumedBytes: GB }, 10_000), / sent=0 10\.0 s id=t1$/);
  });

  /** A log, and what is told to it; each call returns the lines that it wrote. */
  function makeLog(): {
    readonly change: (shown: Partial<TransferSnapshot>, elsewhere?: boolean) => string[];
    readonly end: (shown: Partial<TransferSnapshot>) => string[];
    readonly log: UploadLog;
  } {
    const lines: string[] = [];
    const at = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const changes = new Emitter<readonly string[]>(assert.ifError);
    const ends = new Emitter<EndedTransfer>(assert.ifError);
    let shown = batch([]);
    const log = new UploadLog(
      {
        onDidChange: changes.event,
        onDidEnd: ends.event,
        snapshot: () => snapshot([shown]),
      },
      { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    );
    return {
      log,
      change: (change, isElsewhere = false) => {
        shown = batch([change, { state: 'uploading', partsTotal: 9 }], { isElsewhere });
        // Twice: what is looked at again has not begun again.
        changes.fire(['b1-t1']);
        changes.fire(['b1-t1']);
        return lines.splice(0);
      },
      end: (change) => {
        ends.fire({
          transfer: transfer({ id: 'b1-t1', ...change }),
          batch: { label: 'video.mp4', createdMs: 0, files: 1 },
          elapsedMs: 2000,
        });
        return lines.splice(0);
      },
    };
  }

  const parts = { sizeBytes: 3 * MB, partsTotal: 3 };

  it('is written when an upload begins to send parts, once for each run', () => {
    const { change, end } = makeLog();
    assert.deepEqual(change({ ...parts, state: 'queued' }), []);
    assert.deepEqual(change({ ...parts, state: 'preparing' }), []);
    assert.deepEqual(change({ ...parts, state: 'uploading' }), [
      'info started oss://films/2026/video.mp4 size=3145728 parts=3 id=b1-t1',
    ]);
    assert.deepEqual(change({ ...parts, state: 'waiting', confirmedBytes: MB }), []);
    assert.deepEqual(change({ ...parts, state: 'uploading', confirmedBytes: MB }), []);
    assert.match(end({ ...parts, state: 'paused', confirmedBytes: MB }).join(), /^info paused /);
    // Until OSS has been asked it is not known what is there.
    assert.deepEqual(change({ ...parts, state: 'preparing', confirmedBytes: MB }), []);
    assert.deepEqual(change({ ...parts, state: 'waiting', confirmedBytes: MB }), []);
    const again = { ...parts, confirmedBytes: 2 * MB, resumedBytes: MB };
    assert.deepEqual(change({ ...again, state: 'completing' }), [
      'info resumed oss://films/2026/video.mp4 size=3145728 confirmed=1048576 parts=3 id=b1-t1',
    ]);
    assert.match(
      end({ ...again, state: 'completed' }).join(),
      /^info uploaded .* resumed=1048576 /,
    );
    assert.deepEqual(change({ ...again, state: 'completed' }), []);
  });

  it('is written anew for a file that changed and is sent again', () => {
    const { change } = makeLog();
    assert.equal(change({ ...parts, state: 'uploading' }).length, 1);
    assert.deepEqual(change({ ...parts, state: 'preparing' }), []);
    assert.match(change({ ...parts, state: 'uploading' }).join(), /^info started /);
  });

  it('is one line only for a file that is sent by one request', () => {
    const { change, end } = makeLog();
    const small = { sizeBytes: 1000, partsTotal: 1 };
    assert.deepEqual(change({ ...small, state: 'uploading' }), []);
    assert.deepEqual(end({ ...small, state: 'completed' }), [
      'info uploaded oss://films/2026/video.mp4 size=1000 parts=1 retried=0 2.0 s id=b1-t1',
    ]);
  });

  it('is an error for a failure, and none for what another window sends', () => {
    const { change, end, log } = makeLog();
    assert.match(end({ state: 'failed' }).join(), /^error failed /);
    assert.deepEqual(change({ ...parts, state: 'uploading' }, true), []);
    log.dispose();
    assert.deepEqual(change({ ...parts, state: 'uploading' }), []);
    assert.deepEqual(end({ state: 'failed' }), []);
  });

  it('tells why an upload stopped', () => {
    const stopped = transfer({
      state: 'failed',
      error: failure('accessDenied', { code: 'AccessDenied', requestId: '5F3C' }, 'no\nway'),
    });
    assert.match(
      stoppedLine(stopped),
      /^failed oss:.* code=AccessDenied requestId=5F3C message="no\\nway" id=t1$/,
    );
  });
});
