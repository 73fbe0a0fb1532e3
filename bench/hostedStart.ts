/**
 * Takes the place of the extension's entry in a real extension host, measures the one it stands for,
 * and writes a {@link HostedStart} to the file that `BENCH_RESULT` names. See start.ts.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';
import { createRequire } from 'node:module';
import path from 'node:path';

/** What one start of the extension costs its host. */
export interface HostedStart {
  /**
   * CPU while the bundle was loaded, and while `activate` ran. That of all threads of the host: none
   * of it can hide in another one, and a busy host makes it more.
   */
  readonly loadCpuMs: number;
  readonly activateCpuMs: number;
  /** What followed from `activate` in the next seconds, by samples of the main thread. */
  readonly afterwardsMs: number;
}

interface Extension {
  readonly activate: (context: unknown) => void;
  readonly deactivate: () => Promise<void>;
}

const BUNDLE = path.join(__dirname, 'dist', 'extension.js');
/** Listing the checkpoints, and what the status bar and the view then show, takes far less. */
const AFTERWARDS_MS = 2000;
const SAMPLE_MICROSECONDS = 100;

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Time in functions of the bundle, and in whatever they called. */
function msInBundle({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): number {
  const inBundle = new Set<number>();
  // Parents come before their children.
  for (const { id, callFrame, children = [] } of nodes) {
    if (callFrame.url.endsWith(BUNDLE)) inBundle.add(id);
    if (inBundle.has(id)) children.forEach((child) => inBundle.add(child));
  }
  const sums = samples.map((id, index) => (inBundle.has(id) ? (timeDeltas[index + 1] ?? 0) : 0));
  return sums.reduce((sum, microseconds) => sum + microseconds, 0) / 1000;
}

let extension: Extension | undefined;
const loadCpuMs = cpuMsOf(() => {
  extension = createRequire(__filename)(BUNDLE) as Extension;
});

/** Called by the editor. */
export function activate(context: unknown): void {
  const activateCpuMs = cpuMsOf(() => extension?.activate(context));
  // Not before: whoever samples the start makes it slower.
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
  session.post('Profiler.start');
  setTimeout(() => {
    session.post('Profiler.stop', (error, result) => {
      if (error !== null) throw error;
      const file = process.env['BENCH_RESULT'] ?? '';
      const afterwardsMs = msInBundle(result.profile);
      const measured: HostedStart = { loadCpuMs, activateCpuMs, afterwardsMs };
      writeFileSync(`${file}.tmp`, JSON.stringify(measured));
      renameSync(`${file}.tmp`, file);
    });
  }, AFTERWARDS_MS);
}

/** Called by the editor. */
export function deactivate(): Promise<void> | undefined {
  return extension?.deactivate();
}
