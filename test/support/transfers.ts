import { checkpointId } from '../../src/engine/record/checkpoint.ts';
import { TransferTable } from '../../src/engine/transfers/transferTable.ts';
import type { Transfer } from '../../src/engine/transfers/transfer.ts';
import type { RestState } from '../../src/engine/transfers/transfer.ts';

/** What a test wants to say about a transfer; the rest is made up. */
export interface TestTransfer {
  readonly name: string;
  readonly sizeBytes?: number;
  readonly parallel?: number;
  readonly key?: string;
  readonly state?: RestState;
}

/** Bytes of a part of such a transfer. */
export const TEST_PART_BYTES = 1000;

/** A batch of transfers that nothing is sent of, for tests of those who only look at transfers. */
export class TestBatch {
  readonly transfers: TransferTable;
  readonly finishedEarlier = { files: 0, sizeBytes: 0 };

  constructor(...wanted: readonly TestTransfer[]) {
    const nothing = (): void => undefined;
    const host = { now: () => 0, changed: nothing, notice: nothing };
    this.transfers = new TransferTable({ id: 'batch', createdMs: 0 }, host);
    wanted.forEach((one) => this.add(one));
  }

  /** Puts one in, and tells its number. */
  add(wanted: TestTransfer): number {
    const { name, sizeBytes = 10 * TEST_PART_BYTES, parallel = 3, key = name } = wanted;
    const filePath = `/source/${name}`;
    const target = { bucket: 'test-bucket', key, region: 'cn-hangzhou', profile: '' };
    const options = {
      partSizeBytes: TEST_PART_BYTES,
      parallel,
      forbidOverwrite: false,
      object: {},
    };
    const id = checkpointId(filePath, target.bucket, key);
    const item = { id, filePath, target, options, sizeBytes, isDiscarding: false };
    return this.transfers.add(item, wanted.state ?? 'queued');
  }

  /** That transfer as an object. */
  at(index: number): Transfer {
    return this.transfers.at(index);
  }

  /** Those transfers of it, by their numbers. */
  these(...indices: readonly number[]) {
    return [{ batch: this, indices }];
  }
}
