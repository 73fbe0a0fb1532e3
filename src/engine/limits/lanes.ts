import { steadyTime } from '../base/clock';
import type { Clock } from '../base/clock';

/** What a request takes: a part fills a lane, several small files fit into one. */
export type LaneKind = 'part' | 'smallFile';

/** Small files that fit into a lane. */
const UNITS_PER_LANE = 4;
const UNITS: Readonly<Record<LaneKind, number>> = { part: UNITS_PER_LANE, smallFile: 1 };
/** The time in which lanes that are throttled together say so: the limit is halved once for all. */
const ONE_BURST_MS = 1000;
/** Requests that go well after throttling before one more lane opens. */
const SUCCESSES_PER_LANE = 8;

interface Waiter {
  readonly kind: LaneKind;
  readonly enter: () => void;
}

/**
 * The limit on requests in flight over all transfers. Parts and small files queue apart, and the
 * kind that uses less of the limit goes first: neither starves the other. When OSS asks to slow
 * down, the limit is halved, and grows again by a lane for every eight successes.
 */
export class Lanes {
  private readonly nowMs: () => number;
  private units: number;
  private readonly used: Record<LaneKind, number> = { part: 0, smallFile: 0 };
  private readonly queues: Readonly<Record<LaneKind, Waiter[]>> = { part: [], smallFile: [] };
  private successes = 0;
  private closedUntilMs = 0;
  private slowedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private mostLanes: number,
    private readonly clock: Clock,
  ) {
    this.nowMs = steadyTime(clock);
    this.units = mostLanes * UNITS_PER_LANE;
  }

  /** Lanes open now: the limit, or less while OSS is throttling. */
  get open(): number {
    return Math.max(1, Math.floor(this.units / UNITS_PER_LANE));
  }

  /** Changes the limit. While OSS is throttling, a higher one has to be earned by successes. */
  setLimit(lanes: number): void {
    const wasFull = this.units >= this.mostLanes * UNITS_PER_LANE;
    this.mostLanes = lanes;
    const most = lanes * UNITS_PER_LANE;
    this.units = wasFull ? most : Math.min(this.units, most);
    this.admit();
  }

  /**
   * Waits for room for a request; resolves with what gives it back. Rejects with an AbortError when
   * the signal comes first.
   */
  async enter(kind: LaneKind, signal: AbortSignal): Promise<() => void> {
    await this.queue(kind, signal);
    const leave = (): void => {
      this.used[kind] -= UNITS[kind];
      this.admit();
    };
    try {
      await this.whileClosed(signal);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Tells that OSS asked to slow down: no request for that time, and half of the lanes after it. */
  slowDown(forMs: number): void {
    const now = this.nowMs();
    this.closedUntilMs = Math.max(this.closedUntilMs, now + forMs);
    this.successes = 0;
    if (now - this.slowedAtMs < ONE_BURST_MS) return;
    this.slowedAtMs = now;
    this.units = Math.max(UNITS_PER_LANE, Math.floor(this.units / 2));
  }

  /** Tells that a request went well. */
  speedUp(): void {
    const most = this.mostLanes * UNITS_PER_LANE;
    if (this.units >= most || ++this.successes < SUCCESSES_PER_LANE) return;
    this.successes = 0;
    this.units = Math.min(most, this.units + UNITS_PER_LANE);
    this.admit();
  }

  private async queue(kind: LaneKind, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const queue = this.queues[kind];
      const waiter: Waiter = {
        kind,
        enter: () => {
          signal.removeEventListener('abort', leave);
          this.used[kind] += UNITS[kind];
          resolve();
        },
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(waiter);
      this.admit();
    });
  }

  private admit(): void {
    for (;;) {
      const waiter = this.next();
      if (waiter === undefined) return;
      this.queues[waiter.kind].shift();
      waiter.enter();
    }
  }

  private next(): Waiter | undefined {
    const used = this.used.part + this.used.smallFile;
    const heads = [this.queues.part[0], this.queues.smallFile[0]].filter(
      (waiter) => waiter !== undefined,
    );
    heads.sort((left, right) => this.used[left.kind] - this.used[right.kind]);
    const [head] = heads;
    // One request always fits, however small the limit has become.
    const fits = head !== undefined && (used === 0 || used + UNITS[head.kind] <= this.units);
    return fits ? head : undefined;
  }

  private async whileClosed(signal: AbortSignal): Promise<void> {
    // OSS may ask for more time meanwhile.
    for (let untilMs = 0; untilMs < this.closedUntilMs;) {
      untilMs = this.closedUntilMs;
      const waitMs = untilMs - this.nowMs();
      if (waitMs > 0) await this.clock.delay(waitMs, signal);
    }
  }
}
