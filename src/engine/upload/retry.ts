import type { UploadError } from '../contract/errors';

const FIRST_DELAY_MS = 500;
const MOST_DELAY_MS = 30_000;
const MOST_RETRY_AFTER_MS = 5 * 60_000;
/** An outage of the network that lasts so long ends the run. */
export const GIVE_UP_AFTER_MS = 30 * 60_000;
/** Failures in a row that a lane may cost before the upload gives up. */
const TRIES_PER_LANE = 12;
const REFILL_PER_PART = 4;
/** Times that the same bytes are sent: a line that turns them over once may be chance. */
const MOST_MISMATCHES = 4;

/**
 * How long to wait before that try: full jitter (anything from 0 to the cap) so that many lanes do
 * not come back together; the cap doubles from 0.5 s to 30 s. What the server asks for is the least,
 * up to five minutes. `attempt` counts the tries so far, from 1; `random` is in [0, 1).
 */
export function retryDelayMs(error: UploadError, attempt: number, random: number): number {
  const cap = Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  const jittered = Math.floor(random * cap);
  return Math.max(jittered, Math.min(error.retryAfterMs ?? 0, MOST_RETRY_AFTER_MS));
}

/**
 * How many failures one upload may still cost. Refilled by each accepted part, so that a long upload
 * survives any number of separated failures and stops soon when nothing gets through.
 */
export class RetryBudget {
  private readonly capacity: number;
  private left: number;

  constructor(parallel: number) {
    this.capacity = TRIES_PER_LANE * parallel;
    this.left = this.capacity;
  }

  /** Bytes got through. */
  refill(): void {
    this.left = Math.min(this.capacity, this.left + REFILL_PER_PART);
  }

  /**
   * Whether the same request may be sent again. A network that is gone costs no tries, only time: it
   * may be gone for a tunnel. `outageMs` is how long it is gone, 0 when it is there; `attempt`
   * counts the tries of this request so far.
   */
  allows(error: UploadError, outageMs: number, attempt = 1): boolean {
    if (!error.isRetryable) return false;
    if (error.kind === 'checksumMismatch' && attempt >= MOST_MISMATCHES) return false;
    if (isUnreachable(error)) return outageMs < GIVE_UP_AFTER_MS;
    if (this.left <= 0) return false;
    this.left--;
    return true;
  }
}

/**
 * Whether nothing of OSS answered: the line is at fault, or what is in between, such as the login
 * page of a hotel; not the service.
 */
export function isUnreachable({ kind, requestId }: UploadError): boolean {
  const isOfOthers = kind === 'badResponse' && requestId === undefined;
  return kind === 'network' || kind === 'timeout' || isOfOthers;
}
