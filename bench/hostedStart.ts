/**
 * Takes the place of the extension's entry in a real extension host, measures the one it stands for,
 * and writes a {@link HostedStart} to the file that `BENCH_RESULT` names. See start.ts.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * What one start of the extension costs its host: CPU of all threads, so that none of it can hide
 * in another one; a busy host makes it more.
 */
export interface HostedStart {
  /** While the bundle was loaded. */
  readonly loadCpuMs: number;
  /** While `activate` ran. */
  readonly activateCpuMs: number;
  /** In the callbacks that followed from it, in the next two seconds. */
  readonly afterwardsCpuMs: number;
}

interface Extension {
  readonly activate: (context: unknown) => void;
  readonly deactivate: () => Promise<void>;
}

/** Listing the checkpoints, and what the status bar and the view then show, takes far less. */
const AFTERWARDS_MS = 2000;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const beforeLoadMs = cpuMs();
const extension = createRequire(__filename)('./dist/extension.js') as Extension;
const loadCpuMs = cpuMs() - beforeLoadMs;

/** Called by the editor. */
export function activate(context: unknown): void {
  const ofExtension = new AsyncLocalStorage<true>();
  let begunMs: number | undefined;
  let afterwardsCpuMs = 0;
  const hook = createHook({
    before: () => {
      if (ofExtension.getStore() === true) begunMs ??= cpuMs();
    },
    after: () => {
      if (begunMs !== undefined) afterwardsCpuMs += cpuMs() - begunMs;
      begunMs = undefined;
    },
  });
  const beforeMs = cpuMs();
  ofExtension.run(true, () => {
    extension.activate(context);
  });
  const activateCpuMs = cpuMs() - beforeMs;
  hook.enable();
  setTimeout(() => {
    hook.disable();
    const measured: HostedStart = { loadCpuMs, activateCpuMs, afterwardsCpuMs };
    const file = process.env['BENCH_RESULT'] ?? '';
    writeFileSync(`${file}.tmp`, JSON.stringify(measured));
    renameSync(`${file}.tmp`, file);
  }, AFTERWARDS_MS);
}

/** Called by the editor. */
export function deactivate(): Promise<void> {
  return extension.deactivate();
}
