import { strict as assert } from 'node:assert';
import { BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness.ts';
import { PlayedDisk } from '../../../support/playedDisk.ts';
import type { DiskCall } from '../../../support/playedDisk.ts';
import type { TransferManager } from '../../../../src/engine/index.ts';
import { whenSnapshot } from '../../../support/interruptedUpload.ts';

/** What a disk answers that takes nothing, or nothing any more. */
const DISKS: readonly (readonly [string, () => (call: DiskCall) => string | undefined])[] = [
  [
    'is read-only',
    () =>
      ({ call, name }) =>
        call === 'mkdir' || (call === 'open' && name.endsWith('.tmp')) ? 'EROFS' : undefined,
  ],
  [
    'is full',
    () =>
      ({ call }) =>
        call === 'writeFile' ? 'ENOSPC' : undefined,
  ],
  [
    'is full after two parts',
    () => {
      let lines = 0;
      return ({ call, name }) =>
        call === 'write' && name.includes('.jsonl') && ++lines > 2 ? 'ENOSPC' : undefined;
    },
  ],
  [
    'is full for a while',
    () => {
      let refusals = 0;
      return ({ call, name }) =>
        call === 'writeFile' && name.includes('.jsonl') && ++refusals <= 2 ? 'ENOSPC' : undefined;
    },
  ],
];

for (const [what, disk] of DISKS) {
  describe(`a disk that ${what}`, () => {
    let harness: EngineHarness;
    beforeEach(async () => {
      harness = await EngineHarness.start();
    });
    afterEach(() => harness.close());

    /** An upload whose part 4 hangs, all others are there. */
    const begun = async (): Promise<{
      readonly manager: TransferManager;
      readonly id: string;
      readonly release: () => void;
      readonly request: ReturnType<EngineHarness['request']>;
    }> => {
      const manager = harness.manager({ files: new PlayedDisk(disk()).files });
      const request = harness.request(await harness.file('a.bin', 5 * PART_BYTES), 'a.bin');
      const hold = harness.server.hold({ on: 'uploadPart', partNumber: 4 });
      const release = (): void => {
        hold.release();
      };
      const id = await harness.enqueue(manager, request);
      await whenSnapshot(manager, ({ batches }) => batches[0]?.transfers[0]?.partsDone === 4);
      return { manager, id, release, request };
    };

    it('keeps no parts in OSS of what is discarded', async () => {
      const { manager, id, release } = await begun();
      const discarded = manager.discard([id]);
      release();
      await discarded;
      assert.deepEqual(manager.snapshot().batches, []);
      assert.deepEqual(harness.server.uploads(BUCKET), []);
    });

    it('costs nothing when the same window pauses and resumes', async () => {
      const { manager, id, release, request } = await begun();
      await manager.pause([id]);
      release();
      await manager.resume([id]);
      const { transfers } = await manager.whenSettled(id);
      assert.equal(transfers[0]?.state, 'completed', transfers[0]?.error?.stack);
      await harness.assertUploaded(request);
      assert.equal(harness.operations('initiateMultipartUpload').length, 1);
      const sent = harness.acceptedParts().filter((partNumber) => partNumber !== 4);
      assert.deepEqual(sent.sort(), [1, 2, 3, 5]);
      await manager.shutdown();
      await harness.assertNothingLeft();
    });
  });
}
