import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchResult, BenchTask } from '../task';

/** The upload of one client; may add figures of its own. */
export type Upload = (task: BenchTask) => Promise<Record<string, number> | undefined>;

/** Time for what was loaded to come to rest. */
const REST_MS = 200;
const TIMER_MS = 1;

/**
 * Runs the upload this process was started for, and prints what it cost. `prepare` may keep the task
 * in a form of its own, before anything is measured.
 */
export async function measure(
  upload: Upload,
  prepare: (task: BenchTask) => BenchTask = (task) => task,
): Promise<void> {
  const task = prepare(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BenchTask);
  console.log(JSON.stringify(await measured(upload, task)));
  // Idle connections would keep the process for seconds.
  process.exit();
}

/** Runs an upload in this process, and tells what it cost. */
export async function measured(upload: Upload, task: BenchTask): Promise<BenchResult> {
  await delay(REST_MS);
  const idleRssBytes = process.memoryUsage.rss();
  const loop = monitorEventLoopDelay({ resolution: TIMER_MS });
  loop.enable();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const extra = (await upload(task)) ?? {};
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  loop.disable();
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    idleRssBytes,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    loopDelayP99Ms: loop.percentile(99) / 1e6 - TIMER_MS,
    loopDelayMaxMs: loop.max / 1e6 - TIMER_MS,
    extra,
  };
}

/** Works through the items with so many workers at once. */
export async function mapParallel<Item>(
  items: Iterable<Item>,
  parallel: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
