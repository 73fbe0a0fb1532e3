import type { Clock, Disposable } from '../../src/engine/index.ts';

/** Something that is due, and not over yet. */
interface Timer {
  dueMs: number;
  /** Somebody's work waits for it. */
  readonly isAwaited: boolean;
  readonly action: () => void;
}

/**
 * Time that a test owns: it stands still until `advance`. With `run` it jumps to the next moment
 * some work waits for whenever this process has had a millisecond for other work, so that hours of
 * waiting pass in milliseconds, in the right order.
 */
export class VirtualClock implements Clock {
  /** Every wait that was asked for, in milliseconds. */
  readonly delays: number[] = [];
  readonly #timers = new Set<Timer>();
  #nowMs = Date.now();
  #runner: NodeJS.Timeout | undefined;

  /** See {@link Clock.now}. */
  now(): number {
    return this.#nowMs;
  }

  /** See {@link Clock.delay}. */
  async delay(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.delays.push(delayMs);
    await new Promise<void>((resolve, reject) => {
      const timer = this.#start(delayMs, true, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      const abort = (): void => {
        timer.dispose();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** See {@link Clock.after}. */
  after(delayMs: number, action: () => void): Disposable {
    return this.#start(delayMs, false, action);
  }

  /** How many delays are not over. */
  get waiting(): number {
    return this.#awaited().length;
  }

  /** Lets so much time pass, and what is due by then happen when it is due. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const [next] = [...this.#timers].sort((left, right) => left.dueMs - right.dueMs);
      if (next === undefined || next.dueMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#timers.delete(next);
      next.action();
    }
    // What happened may have taken time itself.
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** The computer sleeps: time passes, and all that is due stands still meanwhile. */
  sleep(forMs: number): void {
    this.#nowMs += forMs;
    for (const timer of this.#timers) timer.dueMs += forMs;
  }

  /** Lets time pass by itself until `stop`. */
  run(): void {
    this.#runner ??= setInterval(() => {
      const next = Math.min(...this.#awaited().map(({ dueMs }) => dueMs));
      if (Number.isFinite(next)) this.advance(Math.max(0, next - this.#nowMs));
    }, 1);
  }

  /** Lets a second pass with each millisecond until this work has ended, and resolves as it does. */
  async passUntil<T>(work: Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      this.advance(1000);
    }, 1);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  stop(): void {
    clearInterval(this.#runner);
    this.#runner = undefined;
  }

  #start(delayMs: number, isAwaited: boolean, action: () => void): Disposable {
    const timer: Timer = { dueMs: this.#nowMs + delayMs, isAwaited, action };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  #awaited(): Timer[] {
    return [...this.#timers].filter(({ isAwaited }) => isAwaited);
  }
}
