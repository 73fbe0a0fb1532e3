import { checkpointId } from '../../src/engine/record/checkpoint.ts';
import { Transfer } from '../../src/engine/transfers/transfer.ts';
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

/** A transfer that nothing is sent of, for tests of those who only look at transfers. */
export function testTransfer(wanted: TestTransfer): Transfer {
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
  const nothing = (): void => undefined;
  const host = { now: () => 0, changed: nothing, notice: nothing };
  return new Transfer(item, 'batch', wanted.state ?? 'queued', 0, host);
}
