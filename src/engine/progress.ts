/** The speed is that of about the last so many seconds. */
const WINDOW_SECONDS = 10;
/** Less than this says nothing about the time left. */
const BELIEVABLE_SECONDS = 5;
const BELIEVABLE_PARTS = 3;

/**
 * Speed and time left from what was sent so far: an average in which each second weighs less the
 * longer it is ago. Bytes that have to be sent again simply make it slower.
 */
export class SpeedMeter {
  private startMs: number | undefined;
  private lastMs = 0;
  private lastBytes = 0;
  private average = 0;

  /** Starts over: the first sample after it is where counting begins. */
  reset(): void {
    this.startMs = undefined;
    this.average = 0;
  }

  /** `sentBytes` counts up; it may fall back when a part failed. */
  sample(sentBytes: number, nowMs: number): void {
    if (this.startMs === undefined) {
      this.startMs = this.lastMs = nowMs;
      this.lastBytes = sentBytes;
      return;
    }
    const seconds = (nowMs - this.lastMs) / 1000;
    if (seconds <= 0) return;
    const current = Math.max(0, sentBytes - this.lastBytes) / seconds;
    const elapsed = (nowMs - this.startMs) / 1000;
    // Until the window is full the plain average is the best there is.
    const weight = 1 - Math.exp(-seconds / Math.min(WINDOW_SECONDS, elapsed));
    this.average += (current - this.average) * (elapsed === seconds ? 1 : weight);
    this.lastMs = nowMs;
    this.lastBytes = sentBytes;
  }

  get bytesPerSecond(): number {
    return this.average;
  }

  /** Seconds for the rest at this speed; undefined while that would be a guess. */
  secondsLeft(restBytes: number, partsSent: number, nowMs: number): number | undefined {
    const elapsedSeconds = this.startMs === undefined ? 0 : (nowMs - this.startMs) / 1000;
    const isBelievable =
      elapsedSeconds >= BELIEVABLE_SECONDS && partsSent >= BELIEVABLE_PARTS && this.average > 0;
    return isBelievable ? restBytes / this.average : undefined;
  }
}
