import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { OperationName } from './operationNames.ts';

/** One request that the server has dealt with. */
export interface OperationRecord {
  /** When the request's head was read, and when its outcome was certain (ms since 1970). */
  readonly startedAt: number;
  readonly at: number;
  readonly operation: OperationName;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly uploadId?: string | undefined;
  readonly partNumber?: number | undefined;
  readonly accessKeyId?: string | undefined;
  /** Name it was sent to, without the port; a number stays one. */
  readonly host: string;
  /** Version of its signature; undefined when it has none. */
  readonly signature?: 'v1' | 'v4' | undefined;
  /** Status of the answer; 0 when the client gets none. */
  readonly status: number;
  /** Code of the error in the answer; `ClientDisconnected` when the client did not wait for it. */
  readonly code?: string | undefined;
  /** Bytes of the request's body that the server read. */
  readonly bytes: number;
  readonly requestId: string;
  /** Whether it was carried out, whatever the client was told. */
  readonly accepted: boolean;
}

interface Waiter {
  readonly isMet: (records: readonly OperationRecord[]) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * What the server was asked and did, in the order of the outcomes. A record is written before its
 * answer is sent: whoever has the answer finds the record.
 */
export class OperationsLog {
  readonly records: OperationRecord[] = [];
  readonly #waiters = new Set<Waiter>();

  /** With a file, each record is also a line of JSON there as soon as it is made. */
  constructor(private readonly file: string | undefined) {}

  add(record: OperationRecord): void {
    this.records.push(record);
    if (this.file !== undefined) appendFileSync(this.file, `${JSON.stringify(record)}\n`);
    for (const waiter of [...this.#waiters]) {
      if (!waiter.isMet(this.records)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves as soon as the log is as wanted, which may be at once. */
  async waitFor(isMet: (records: readonly OperationRecord[]) => boolean): Promise<void> {
    if (isMet(this.records)) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.add({ isMet, resolve, reject });
    });
  }

  /** Rejects everybody who still waits. */
  end(): void {
    for (const waiter of this.#waiters) waiter.reject(new Error('The OSS server was closed.'));
    this.#waiters.clear();
  }
}

/** The records in a log file, also in one that other processes are writing or wrote before they were killed. */
export function readOperations(file: string): OperationRecord[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as OperationRecord);
}
