import { UploadError, throwIfAborted } from '../contract/errors';
import type { Lanes } from '../limits/lanes';
import type { ObjectStore } from '../contract/ports';
import { isUnreachable, retryDelayMs } from './retry';
import type { UploadMonitor } from './uploadMonitor';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';

/** Cuts short all waits for a next try: a request got through, or the user is back. */
export class WakeUp {
  private controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  now(): void {
    this.controller.abort();
    this.controller = new AbortController();
  }
}

/**
 * Two failures of an outage are never further apart, unless the computer slept in between or its
 * clock was set: a night with the lid closed is no outage.
 */
const MOST_BETWEEN_MS = 5 * 60_000;

/** A time in which nothing of OSS answers. */
interface Outage {
  lastedMs: number;
  lastFailureMs: number;
  /** Aborted when a request got through, the user came back or the computer woke up. */
  readonly over: AbortSignal;
}

/** What requests share, over all uploads of a window. */
export interface RequestEnvironment {
  readonly lanes: Pick<Lanes, 'speedUp' | 'slowDown'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wakeUp: WakeUp;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What is told of each request: its tries, and the waits between them. */
export type RequestMonitor = Pick<UploadMonitor, 'track' | 'waitFor'>;

/** Whether a request that failed is sent again. */
export interface RetryPolicy {
  /** `outageMs`: how long nothing has answered, 0 when OSS did; `attempt`: tries so far, from 1. */
  allows(error: UploadError, outageMs: number, attempt: number): boolean;
}

/**
 * Sends requests to one bucket, each as often as the policy allows. Failures of the network and of OSS
 * are met here only; below, the room `oss` repeats a request at once, and once, where the refusal itself
 * said how to ask: with another clock, region or version of the signature.
 */
export class RequestRunner {
  private outage: Outage | undefined;

  constructor(
    private readonly environment: RequestEnvironment,
    readonly store: ObjectStore,
    private readonly policy: RetryPolicy,
    private readonly monitor: RequestMonitor,
  ) {}

  /**
   * Resolves with the first answer; `request` gets the number of the try, from 1. Rejects with the
   * last failure when it does not heal, or with `aborted`.
   */
  async send<T>(
    what: string,
    signal: AbortSignal,
    request: (attempt: number) => Promise<T>,
  ): Promise<T> {
    const recovered = new Set<UploadError['kind']>();
    for (let attempt = 1; ; attempt++) {
      try {
        signal.throwIfAborted();
        const answer = await this.monitor.track(request(attempt));
        this.environment.lanes.speedUp();
        this.answered();
        return answer;
      } catch (thrown) {
        throwIfAborted(signal);
        const error = UploadError.from(thrown);
        const { kind, code } = error;
        const canRecover = kind === 'credentials' || kind === 'clockSkew';
        if (canRecover && !recovered.has(kind) && (await this.store.recover(error, { signal }))) {
          this.environment.logger.info(`${what}: ${code}, mended, trying again`);
          recovered.add(kind);
          continue;
        }
        await this.beforeNextTry(what, error, attempt, signal);
      }
    }
  }

  private answered(): void {
    if (this.outage === undefined) return;
    this.outage = undefined;
    this.environment.wakeUp.now();
  }

  /** How long nothing has answered when this came back. */
  private outageMs(error: UploadError, nowMs: number): number {
    if (!isUnreachable(error)) {
      this.answered();
      return 0;
    }
    if (this.outage === undefined || this.outage.over.aborted) {
      const { signal: over } = this.environment.wakeUp;
      this.outage = { lastedMs: 0, lastFailureMs: nowMs, over };
    }
    const { outage } = this;
    const passedMs = Math.max(0, nowMs - outage.lastFailureMs);
    outage.lastedMs += Math.min(passedMs, MOST_BETWEEN_MS);
    outage.lastFailureMs = nowMs;
    return outage.lastedMs;
  }

  /** Waits; throws the error when there is to be no next try. */
  private async beforeNextTry(
    what: string,
    error: UploadError,
    attempt: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger, lanes, random, wakeUp } = this.environment;
    const now = clock.now();
    if (!this.policy.allows(error, this.outageMs(error, now), attempt)) throw error;
    const delayMs = retryDelayMs(error, attempt, random());
    if (error.kind === 'throttled') lanes.slowDown(error.retryAfterMs === undefined ? 0 : delayMs);
    logger.warn(`${what}: ${error.code} (${error.message}), try ${attempt + 1} in ${delayMs} ms`);
    await this.monitor.waitFor({ error, nextTryMs: now + delayMs }, async () => {
      // Only the line can come back early; a server that asked for time gets it.
      const early = isUnreachable(error) ? [wakeUp.signal] : [];
      await clock.delay(delayMs, AbortSignal.any([signal, ...early])).catch(() => undefined);
    });
  }
}
