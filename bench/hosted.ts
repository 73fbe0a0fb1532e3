/**
 * Takes the place of the extension's entry in a real extension host, see editor.ts. Measures the
 * upload that the file `BENCH_TASK` describes or, without one, the start of the extension, and writes a
 * `BenchResult` or a {@link HostedStart} to the file that `BENCH_RESULT` names.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { CredentialsStore } from '../src/ui/settings/credentialsStore';
import { measured } from './clients/measure';
import type { BenchTask } from './task';

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
  readonly activate: (context: vscode.ExtensionContext) => void;
  readonly deactivate: () => Promise<void>;
}

interface CallResult {
  readonly failed: readonly unknown[];
}

/** Listing the checkpoints, and what the status bar and the view then show, takes far less. */
const AFTERWARDS_MS = 2000;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function ignore(): void {
  // Nobody reads it.
}

const beforeLoadMs = cpuMs();
const extension = createRequire(__filename)('./dist/extension.js') as Extension;
const loadCpuMs = cpuMs() - beforeLoadMs;

async function measureStart(context: vscode.ExtensionContext): Promise<HostedStart> {
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
  await delay(AFTERWARDS_MS);
  hook.disable();
  return { loadCpuMs, activateCpuMs, afterwardsCpuMs };
}

/** Uploads as another extension would ask for it: with all of the extension, its messages included. */
async function upload({ bucket, files }: Pick<BenchTask, 'bucket' | 'files'>): Promise<undefined> {
  // Nobody chooses many files one by one: their folders hold nothing else.
  const chosen = files.map(({ filePath }) =>
    files.length > 1 ? path.dirname(filePath) : filePath,
  );
  const { failed } = await vscode.commands.executeCommand<CallResult>(
    'ossUpload.upload',
    [...new Set(chosen)].map((name) => vscode.Uri.file(name)),
    { bucket, region: 'cn-hangzhou', prefix: '', ifExists: 'overwrite' },
  );
  if (failed.length > 0) throw new Error(JSON.stringify(failed));
  return undefined;
}

async function measureUpload(context: vscode.ExtensionContext, task: BenchTask): Promise<unknown> {
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const credentials = new CredentialsStore(context.secrets, log);
  const key = { accessKeyId: 'LTAIbench', accessKeySecret: 'benchSecret' };
  await credentials.set('', { kind: 'accessKey', key });
  credentials.dispose();
  extension.activate(context);
  // The editor that has just opened is busy with itself.
  await delay(AFTERWARDS_MS);
  // Everything is loaded before the clients in Node are measured; here it is by a first upload.
  const filePath = `${process.env['BENCH_RESULT'] ?? ''}.first`;
  writeFileSync(filePath, '');
  await upload({ bucket: task.bucket, files: [{ filePath, key: '', sizeBytes: 0 }] });
  await delay(AFTERWARDS_MS);
  return measured(upload, task);
}

/** Called by the editor. */
export function activate(context: vscode.ExtensionContext): void {
  const taskFile = process.env['BENCH_TASK'];
  const measuring =
    taskFile === undefined
      ? measureStart(context)
      : measureUpload(context, JSON.parse(readFileSync(taskFile, 'utf8')) as BenchTask);
  void measuring
    .catch((error: unknown) => ({ failure: String(error) }))
    .then((result) => {
      const file = process.env['BENCH_RESULT'] ?? '';
      writeFileSync(`${file}.tmp`, JSON.stringify(result));
      renameSync(`${file}.tmp`, file);
    });
}

/** Called by the editor. */
export function deactivate(): Promise<void> {
  return extension.deactivate();
}
