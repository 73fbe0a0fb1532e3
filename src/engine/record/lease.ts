import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { UploadError } from '../contract/errors';
import { codeOf, isObject } from '../base/guards';
import type { Disposable } from '../base/events';
import { every } from '../base/clock';
import type { Clock } from '../base/clock';

/** How often the holder touches its lease. */
export const BEAT_MS = 5000;
/** A lease that was not touched for so long is abandoned, even when its process seems alive. */
const STALE_MS = 3 * BEAT_MS;
/** A holder that slept beats within this time, also one that is a little late. */
const SECOND_LOOK_MS = 1.5 * BEAT_MS;
/** Beside a lease while an abandoned one is being removed. */
export const GUARD_SUFFIX = '.takeover';
const GUARD_MS = 2000;
/**
 * What file systems without hard links answer, such as exFAT and some of the network. Node translates
 * that of Windows ("incorrect function") into EISDIR.
 */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EISDIR',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
]);

/** The process that works on an upload. */
export interface LeaseHolder {
  readonly instanceId: string;
  readonly pid: number;
  readonly host: string;
  readonly sinceMs: number;
}

/** The right to drive one upload, until it is released or lost. */
export interface Lease {
  /** Aborted when another process has taken the lease over. */
  readonly lost: AbortSignal;
  /**
   * Whether the lease is still ours, asked of the disk. A file that was deleted is put back; in a
   * folder that cannot be used any more no other process can take it either.
   */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes the lease in that file. Throws `heldElsewhere` when another process or another upload of
 * this one holds it. A lease is taken over when its process is gone from this computer or when it
 * missed three beats; one whose process lives gets one more beat first, because a computer that
 * slept has stopped holder and asker alike.
 */
export async function acquireLease(
  file: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Lease> {
  const self: LeaseHolder = {
    instanceId: randomUUID(),
    pid: process.pid,
    host: hostname(),
    sinceMs: clock.now(),
  };
  for (;;) {
    try {
      await write(file, self, clock);
      return new HeldLease(file, self, clock);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const seen = await look(file);
    if (seen === undefined) continue;
    if (!(await isAbandoned(file, seen, clock, signal))) throw heldError(seen.holder);
    await remove(file, seen, clock);
  }
}

/** Throws `heldElsewhere` when another process has taken the upload over. */
export async function assertHeld(lease: Lease, uploadId: string): Promise<void> {
  if (await lease.isHeld()) return;
  const message = 'another process took this upload over';
  throw new UploadError('heldElsewhere', message, { code: 'HeldElsewhere', uploadId });
}

/** The holder of a lease; undefined when it is free. Judges at once, without waiting for a beat. */
export async function leaseHolder(file: string, clock: Clock): Promise<LeaseHolder | undefined> {
  const seen = await look(file).catch(() => undefined);
  if (seen === undefined || isDead(seen) || isStale(seen, clock)) return undefined;
  return seen.holder;
}

class HeldLease implements Lease {
  private readonly controller = new AbortController();
  private readonly timer: Disposable;
  private beating: Promise<void> | undefined;
  private beatMs: number;

  constructor(
    private readonly file: string,
    private readonly self: LeaseHolder,
    private readonly clock: Clock,
  ) {
    this.beatMs = self.sinceMs;
    this.timer = every(clock, BEAT_MS, () => {
      // A folder in the network may take longer than from one beat to the next.
      this.beating ??= this.beat().finally(() => {
        this.beating = undefined;
      });
    });
  }

  get lost(): AbortSignal {
    return this.controller.signal;
  }

  async isHeld(): Promise<boolean> {
    for (;;) {
      try {
        const seen = await look(this.file);
        if (seen !== undefined) return seen.holder.instanceId === this.self.instanceId;
        // Gone while we were seen alive: the folder was emptied. Gone after we seemed dead: another
        // process may have taken it, finished and given it back.
        if (this.clock.now() - this.beatMs > STALE_MS) return false;
        await write(this.file, this.self, this.clock);
        return true;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') return true;
      }
    }
  }

  async release(): Promise<void> {
    this.timer.dispose();
    // It would put the file back.
    await this.beating;
    // What cannot be removed goes stale with this process.
    if (await this.isHeld()) await rm(this.file, { force: true }).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    const nowMs = this.clock.now();
    if (await this.isHeld()) {
      await touch(this.file, nowMs);
      this.beatMs = nowMs;
    } else {
      this.controller.abort(heldError(undefined));
    }
  }
}

interface Seen {
  readonly holder: LeaseHolder;
  readonly beatMs: number;
}

/**
 * Makes the file of a lease; fails with EEXIST when there is one. It appears with its text: an empty
 * one, of a process that was killed in between, would name no process and keep all of them out.
 */
async function write(file: string, holder: LeaseHolder, clock: Clock): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomUUID()}.tmp`;
  const text = JSON.stringify(holder);
  try {
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
    await touch(temporary, clock.now());
    await link(temporary, file);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error;
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    await touch(file, clock.now());
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Beats, by this computer's clock: that of a file server may be off. */
async function touch(file: string, nowMs: number): Promise<void> {
  await utimes(file, nowMs / 1000, nowMs / 1000).catch(() => undefined);
}

async function look(file: string): Promise<Seen | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    const raw: unknown = parse(await readFile(file, 'utf8'));
    const { instanceId, pid, host, sinceMs } = isObject(raw) ? raw : {};
    // A lease that is being written is empty for a moment: it names no process, but is fresh.
    const holder = {
      instanceId: typeof instanceId === 'string' ? instanceId : '',
      pid: typeof pid === 'number' ? pid : 0,
      host: typeof host === 'string' ? host : '',
      sinceMs: typeof sinceMs === 'number' ? sinceMs : mtimeMs,
    };
    return { holder, beatMs: mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAbandoned(
  file: string,
  seen: Seen,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  if (isDead(seen)) return true;
  if (!isStale(seen, clock)) return false;
  await clock.delay(SECOND_LOOK_MS, signal);
  const later = await look(file);
  return later?.beatMs === seen.beatMs;
}

/** A beat of the future is from before the clock was put back: it would look fresh for that long. */
function isStale({ beatMs }: Seen, clock: Clock): boolean {
  return Math.abs(clock.now() - beatMs) > STALE_MS;
}

function isDead({ holder }: Seen): boolean {
  return holder.host === hostname() && holder.pid !== 0 && !isRunning(holder.pid);
}

/** Whether there is such a process on this computer; it may be of another user, or an administrator's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/**
 * Removes the lease that was seen, and no other. Of many that judged it abandoned, one at a time
 * looks again under a guard: those that come later find the lease of the one before.
 */
async function remove(file: string, seen: Seen, clock: Clock): Promise<void> {
  const guard = file + GUARD_SUFFIX;
  try {
    await writeFile(guard, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const { mtimeMs } = await stat(guard).catch(() => ({ mtimeMs: clock.now() }));
    // Its process was killed within the few system calls that the guard is for.
    if (Math.abs(clock.now() - mtimeMs) > GUARD_MS) await rm(guard, { force: true });
    return;
  }
  try {
    const present = await look(file);
    if (present?.holder.instanceId === seen.holder.instanceId) await rm(file, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

function heldError(holder: LeaseHolder | undefined): UploadError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  return new UploadError('heldElsewhere', `${who} works on this upload`, {
    code: 'HeldElsewhere',
    holder,
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
