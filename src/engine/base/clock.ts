import { setTimeout as delay } from 'node:timers/promises';
import type { Disposable } from './events';

/** The port of time: waits and beats, which tests own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `delayMs`; rejects with an AbortError as soon as the signal is aborted. */
  delay(delayMs: number, signal: AbortSignal): Promise<void>;
  /**
   * Calls `action` after `delayMs`, unless disposed before. For what goes on beside the work: unlike
   * a delay, it does not keep the process alive.
   */
  after(delayMs: number, action: () => void): Disposable;
}

/** The time of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  delay: (delayMs, signal) => delay(delayMs, undefined, { signal }),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs).unref();
    return {
      dispose: () => {
        clearTimeout(timer);
      },
    };
  },
};

/** A signal that is aborted after some time, until disposed. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A limit for some work. `AbortSignal.timeout` is no such thing where it is combined with others:
 * Node lets go of it as soon as memory is cleaned up, and then it never ends
 * (https://github.com/nodejs/node/issues/57736).
 */
export function timeLimit(clock: Clock, limitMs: number): TimeLimit {
  const controller = new AbortController();
  const timer = clock.after(limitMs, () => {
    controller.abort();
  });
  return {
    signal: controller.signal,
    dispose: () => {
      timer.dispose();
    },
  };
}

/** Calls `action` once in each period, until disposed. */
export function every(clock: Clock, periodMs: number, action: () => void): Disposable {
  let timer: Disposable;
  const wait = (): void => {
    timer = clock.after(periodMs, () => {
      wait();
      action();
    });
  };
  wait();
  return {
    dispose: () => {
      timer.dispose();
    },
  };
}

/** The period of the heart. */
const TICK_MS = 1000;
/** The least jump of the clock that is taken for sleep of the computer. */
const SLEEP_MS = 10_000;

/** Calls `tick` once a second, and says when the computer has slept in between. */
export function startHeart(clock: Clock, tick: (hasSlept: boolean) => void): Disposable {
  let lastMs = clock.now();
  return every(clock, TICK_MS, () => {
    const nowMs = clock.now();
    const hasSlept = nowMs - lastMs > SLEEP_MS;
    lastMs = nowMs;
    tick(hasSlept);
  });
}

/** Milliseconds that only grow: a clock that is put back by an hour adds no hour to a wait. */
export function steadyTime(clock: Clock): () => number {
  let lastMs = clock.now();
  let lostMs = 0;
  return () => {
    const nowMs = clock.now();
    lostMs += Math.max(0, lastMs - nowMs);
    lastMs = nowMs;
    return nowMs + lostMs;
  };
}
