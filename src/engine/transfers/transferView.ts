import { TRANSFER_STATES, noCounts } from '../contract/transfers';
import type { TransferList, TransferSnapshot, TransferState } from '../contract/transfers';
import { GONE, LIVE, STATE_OF } from './transferTable';
import type { TransferTable } from './transferTable';

type Table = Pick<TransferTable, 'items' | 'sizeAt' | 'updatedAt' | 'snapshotAt'>;

/** What a table held at one moment: its states are a copy, which is a byte for each transfer. */
export class TransferView implements TransferList {
  readonly counts = noCounts();
  readonly length: number;
  readonly sizeBytes: number;
  readonly confirmedBytes: number;
  readonly updatedMs: number;
  /** Held weakly: who asks for all snapshots needs them once, and they are many. */
  private made: WeakRef<readonly TransferSnapshot[]> | undefined;

  constructor(
    private readonly table: Table,
    /** By the numbers of the transfers; {@link GONE} for those that are not in this view. */
    private readonly codes: Uint8Array,
    private readonly live: ReadonlyMap<number, TransferSnapshot>,
    /** All of the table are in it. */
    private readonly isWhole: boolean,
  ) {
    let [length, wholeBytes, confirmedBytes, movedMs] = [0, 0, 0, 0];
    for (let index = 0; index < codes.length; index++) {
      const code = codes[index] ?? GONE;
      if (code === GONE) continue;
      const object = code === LIVE ? live.get(index) : undefined;
      const state = object?.state ?? STATE_OF[code] ?? 'queued';
      const sizeBytes = object?.sizeBytes ?? table.sizeAt(index);
      const updatedMs = object?.updatedMs ?? table.updatedAt(index);
      this.counts[state]++;
      length++;
      wholeBytes += sizeBytes;
      confirmedBytes += state === 'completed' ? sizeBytes : (object?.confirmedBytes ?? 0);
      if (updatedMs > movedMs) movedMs = updatedMs;
    }
    this.length = length;
    this.sizeBytes = wholeBytes;
    this.confirmedBytes = confirmedBytes;
    this.updatedMs = movedMs;
  }

  get(id: string): TransferSnapshot | undefined {
    const index = this.table.items.lastIndexOf(id);
    const code = this.codes[index] ?? GONE;
    if (code === GONE) return undefined;
    return code === LIVE ? this.live.get(index) : this.table.snapshotAt(index, code);
  }

  all(): readonly TransferSnapshot[] {
    let all = this.made?.deref();
    if (all === undefined) {
      all = this.select(TRANSFER_STATES);
      this.made = new WeakRef(all);
    }
    return all;
  }

  folders(states?: readonly TransferState[]): ReturnType<TransferList['folders']> {
    const { items } = this.table;
    return this.isWhole && states === undefined
      ? items.folders()
      : items.folders(this.indices(states ?? TRANSFER_STATES));
  }

  select(states: readonly TransferState[], most = Infinity): readonly TransferSnapshot[] {
    const found: TransferSnapshot[] = [];
    for (const index of this.indices(states)) {
      if (found.length >= most) break;
      const code = this.codes[index] ?? GONE;
      found.push(this.live.get(index) ?? this.table.snapshotAt(index, code));
    }
    return found;
  }

  /** The numbers of those in these states. */
  private *indices(states: readonly TransferState[]): Generator<number, void, undefined> {
    let left = states.reduce((sum, state) => sum + this.counts[state], 0);
    for (let index = 0; index < this.codes.length && left > 0; index++) {
      const code = this.codes[index] ?? GONE;
      const state = code === LIVE ? this.live.get(index)?.state : STATE_OF[code];
      if (state === undefined || !states.includes(state)) continue;
      left--;
      yield index;
    }
  }
}
