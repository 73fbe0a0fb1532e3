import type { Clock } from '../../src/engine/index.ts';

/** A wait that nobody has ended yet. */
interface Waiter {
  dueMs: number;
  readonly resolve: () => void;
}

/**
 * Time that a test owns: it stands still until `advance`. With `run` it jumps to the next moment
 * somebody waits for whenever this process has had a millisecond for other work, so that hours of
 * waiting pass in milliseconds, in the right order.
 */
export class VirtualClock implements Clock {
  /** Every wait that was asked for, in milliseconds. */
  readonly delays: number[] = [];
  readonly #waiters = new Set<Waiter>();
  #nowMs = Date.now();
  #timer: NodeJS.Timeout | undefined;

  /** See {@link Clock.now}. */
  now(): number {
    return this.#nowMs;
  }

  /** See {@link Clock.delay}. */
  async delay(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.delays.push(delayMs);
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        dueMs: this.#nowMs + delayMs,
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Lets so much time pass, and ends the waits that are due by then. */
  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const waiter of [...this.#waiters]) {
      if (waiter.dueMs > this.#nowMs) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** The computer sleeps: time passes, and every wait stands still meanwhile. */
  sleep(forMs: number): void {
    this.#nowMs += forMs;
    for (const waiter of this.#waiters) waiter.dueMs += forMs;
  }

  /** Lets time pass by itself until `stop`. */
  run(): void {
    this.#timer ??= setInterval(() => {
      const next = Math.min(...[...this.#waiters].map(({ dueMs }) => dueMs));
      if (Number.isFinite(next)) this.advance(Math.max(0, next - this.#nowMs));
    }, 1);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
