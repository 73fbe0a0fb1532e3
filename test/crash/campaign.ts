/**
 * Kills the engine again and again, and the server it uploads to, at seeded random times and at each
 * named step of an upload, lets it go on until everything is uploaded, and counts what went wrong.
 * See {@link runCampaign}.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { bundleOptions } from '../../esbuild.js';
import type { UploadRequest } from '../../src/engine/index.ts';
import {
  isWindows,
  removeFolder,
  sha256OfFile,
  temporaryFolder,
  writeTestFile,
} from '../support/files.ts';
import { faultAnswers } from '../oss-server/faults.ts';
import type { Fault, FaultActions } from '../oss-server/faults.ts';
import type { HoldPoint } from '../oss-server/holds.ts';
import type { OperationRecord } from '../oss-server/operationsLog.ts';
import { seededRandom } from '../support/random.ts';
import { MortalServer } from './mortalServer.ts';
import type { DeathStep, UploaderTask } from './uploader.ts';

const PART_BYTES = 102_400;
const BUCKET = 'crash-bucket';
const ACCESS_KEY = { accessKeyId: 'LTAIcrashTest', accessKeySecret: 'crashTestSecret' };
/** A run that takes longer hangs. */
const RUN_MS = 30_000;

/** Where the server is killed: by the clock after a request, or while one stands at a point. */
type ServerDeath =
  | { readonly by: 'time'; readonly afterMs: number }
  | {
      readonly by: 'server';
      readonly on: (typeof SERVER_STEPS)[number];
      readonly at: HoldPoint;
      readonly after: number;
    };

/** Where the engine is killed: as the server, or by itself. */
type Death = ServerDeath | { readonly by: 'itself'; readonly step: DeathStep };

type Outcome = 'done' | 'killed' | 'failed';

const SERVER_STEPS = [
  'initiateMultipartUpload',
  'uploadPart',
  'completeMultipartUpload',
  'putObject',
  'listParts',
] as const;

/** What a campaign counted. */
export interface CampaignResult {
  readonly seed: number;
  readonly uploads: number;
  /** Processes that were killed before they were done, by what they were killed at. */
  readonly kills: ReadonlyMap<string, number>;
  readonly killCount: number;
  readonly wrongObjects: number;
  readonly orphanedUploads: number;
  readonly leftFiles: number;
  readonly failedRuns: number;
  /** Bytes of parts and files that were accepted more than once. */
  readonly resentBytes: number;
  /** The most that could be in flight at the kills, of both, and the faults: each x parallel x part size. */
  readonly resentLimitBytes: number;
  /** Requests that were reset, refused with 503 or carried out without an answer. */
  readonly faults: number;
  /** How often the server was killed and started again, by what it was killed at. */
  readonly serverKills: ReadonlyMap<string, number>;
}

/** Runs until so many processes were killed, or the signal ends it. The same seed gives the same plan. */
export async function runCampaign(
  kills: number,
  seed: number,
  onUpload: (result: CampaignResult) => void = () => undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<CampaignResult> {
  const random = seededRandom(seed);
  const folder = await temporaryFolder('crash');
  const script = await bundle('uploader', folder);
  const server = await MortalServer.start(await bundle('server', folder), folder, {
    bucket: BUCKET,
    credentials: [{ ...ACCESS_KEY }],
  });
  const result = {
    seed,
    uploads: 0,
    kills: new Map<string, number>(),
    killCount: 0,
    wrongObjects: 0,
    orphanedUploads: 0,
    leftFiles: 0,
    failedRuns: 0,
    resentBytes: 0,
    resentLimitBytes: 0,
    faults: 0,
    serverKills: new Map<string, number>(),
  };
  try {
    while (result.killCount < kills && !signal.aborted) {
      const number = ++result.uploads;
      const stateDir = path.join(folder, `state-${number}`);
      await mkdir(stateDir);
      const requests = await makeRequests(path.join(folder, 'source'), number, random);
      const parallel = Math.max(...requests.map(({ options }) => options.parallel));
      const trouble = makeTrouble(random);
      await server.beginUpload([...SLOW, ...trouble]);
      const task: UploaderTask = { stateDir, endpoint: server.endpoint, ...ACCESS_KEY, requests };
      const wanted = 1 + Math.floor(random() * 6);
      let outcome = 'killed' as Outcome;
      for (let killed = 0; outcome === 'killed' && killed < wanted; killed++) {
        const death = chooseDeath(random);
        const ofServer = random() < 0.4 ? chooseServerDeath(random) : undefined;
        const toDo = await rest(task, server);
        const outage = ofServer && killServer(server, ofServer);
        outcome = await runUntil(script, toDo, server, death);
        if (ofServer && (await outage?.()) === true) {
          count(result.serverKills, nameOf(ofServer));
          result.resentLimitBytes += parallel * PART_BYTES;
        }
        if (outcome !== 'killed') break;
        result.killCount++;
        count(result.kills, nameOf(death));
        result.resentLimitBytes += parallel * PART_BYTES;
      }
      if (outcome === 'killed') {
        outcome = await runUntil(script, await rest(task, server), server, undefined);
      }
      if (outcome !== 'done') result.failedRuns++;
      for (const { filePath, target } of requests) {
        const stored = await server.ask('objectSha256', target.key);
        if (stored !== (await sha256OfFile(filePath))) result.wrongObjects++;
        result.resentBytes += resentBytes(server.operations, target.key);
      }
      const asked = server.operations.length;
      const struck = trouble.filter(({ after = 0 }) => after < asked).length;
      result.faults += struck;
      result.resentLimitBytes += 2 * struck * parallel * PART_BYTES;
      result.orphanedUploads += await server.ask('uploadCount');
      result.leftFiles += (await readdir(stateDir)).length;
      await removeFolder(stateDir);
      await removeFolder(path.join(folder, 'source'));
      for (const { target } of requests) await server.ask('deleteObject', target.key);
      onUpload(result);
    }
    return result;
  } finally {
    await server.close();
    await removeFolder(folder);
  }
}

/** So slow that a process can be killed in the midst of it. */
const SLOW: readonly Fault[] = [
  { on: ['uploadPart', 'putObject'], do: { delayBeforeAnsweringMs: 5 } },
];

/** How many requests of one upload may meet a fault. */
const MOST_FAULTS = 30;

/** One request of ten meets one of these, over all that is asked for one upload. */
function makeTrouble(random: () => number): Fault[] {
  const kinds: readonly FaultActions[] = [
    { cut: { by: 'reset', afterBytes: 0 } },
    { cut: { by: 'reset', afterBytes: 30_000 } },
    { answer: faultAnswers.serviceUnavailable },
    { carryOutThen: 'reset' },
    { carryOutThen: faultAnswers.serviceUnavailable },
  ];
  return Array.from({ length: MOST_FAULTS }, (_, index) => ({
    on: 'any' as const,
    after: index * 10 + Math.floor(random() * 10),
    times: 1,
    do: kinds[Math.floor(random() * kinds.length)] ?? {},
  }));
}

/**
 * Kills the server there, and starts it again. What is returned ends that, and tells whether it
 * happened.
 */
function killServer(server: MortalServer, death: ServerDeath): () => Promise<boolean> {
  const over = new AbortController();
  let outage: Promise<void> | undefined;
  const due =
    death.by === 'time'
      ? server
          .ask('nextOperation')
          .then(() => delay(death.afterMs, undefined, { signal: over.signal }))
      : server.ask('hold', death);
  void due.then(
    () => (outage = over.signal.aborted ? undefined : server.killAndRestart()),
    () => undefined,
  );
  return async () => {
    over.abort();
    await outage;
    return outage !== undefined;
  };
}

/** Bundles a program of this folder into that one, and names it. */
async function bundle(name: 'uploader' | 'server', folder: string): Promise<string> {
  const outfile = path.join(folder, `${name}.cjs`);
  const [, oss] = bundleOptions({ production: false, outputFolder: folder });
  const entryPoints = [path.join(__dirname, `${name}.ts`)];
  await build({ ...oss, entryPoints, outfile, sourcemap: false, target: 'node20' });
  return outfile;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Mostly one file of some parts; sometimes small files beside it. */
async function makeRequests(
  source: string,
  number: number,
  random: () => number,
): Promise<UploadRequest[]> {
  const files = random() < 0.25 ? 3 : 1;
  const parallel = 1 + Math.floor(random() * 4);
  const requests: UploadRequest[] = [];
  for (let index = 0; index < files; index++) {
    const isSmall = index > 0 || random() < 0.1;
    const sizeBytes = Math.floor(random() * (isSmall ? PART_BYTES : 14 * PART_BYTES)) + 1;
    const filePath = path.join(source, `${number}-${index}.bin`);
    await writeTestFile(filePath, sizeBytes, number * 10 + index);
    requests.push({
      filePath,
      target: { bucket: BUCKET, key: `${number}/${index}.bin`, region: 'cn-hangzhou', profile: '' },
      options: { partSizeBytes: PART_BYTES, parallel, forbidOverwrite: false, object: {} },
    });
  }
  return requests;
}

/**
 * The task for the next process: killed between its last step and its last word, the one before may
 * have left nothing to do, and asking for the same again would send it again.
 */
async function rest(task: UploaderTask, server: MortalServer): Promise<UploaderTask> {
  const names = await readdir(task.stateDir);
  if (names.some((name) => /\.(batch|jsonl)$/.test(name))) return task;
  const stored = await Promise.all(
    task.requests.map(({ target }) => server.ask('objectSha256', target.key)),
  );
  return stored.includes(undefined) ? task : { ...task, requests: [] };
}

function chooseDeath(random: () => number): Death {
  const kind = random();
  if (kind < 0.75) return chooseServerDeath(random);
  const nth = 1 + Math.floor(random() * 3);
  if (kind < 0.85) {
    return { by: 'itself', step: { step: 'rename', nth, when: pick(random, ['before', 'after']) } };
  }
  if (kind < 0.97) {
    const when = pick(random, ['before', 'amid', 'after'] as const);
    return { by: 'itself', step: { step: 'append', nth: nth * 2, when } };
  }
  return { by: 'itself', step: { step: 'completed' } };
}

function chooseServerDeath(random: () => number): ServerDeath {
  if (random() < 0.6) return { by: 'time', afterMs: random() * 120 };
  const on = pick(random, SERVER_STEPS);
  const after = on === 'uploadPart' ? Math.floor(random() * 8) : 0;
  return { by: 'server', on, at: pick(random, ['arrived', 'received', 'carriedOut']), after };
}

function pick<T>(random: () => number, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function nameOf(death: Death): string {
  switch (death.by) {
    case 'time':
      return 'random time';
    case 'server':
      return `${death.on} ${death.at}`;
    case 'itself':
      return 'when' in death.step ? `${death.step.when} ${death.step.step}` : 'after complete';
  }
}

/** Runs one process until it is done or dead. A death that it never comes to lets it end. */
async function runUntil(
  script: string,
  task: UploaderTask,
  server: MortalServer,
  death: Death | undefined,
): Promise<Outcome> {
  const dieAt = death?.by === 'itself' ? death.step : undefined;
  const due = dueOf(server, death);
  const child = spawn(process.execPath, [script, JSON.stringify({ ...task, dieAt })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = end(child);
  const isOver = ended.then(() => 'over' as const);
  const hang = new AbortController();
  const limit = setTimeout(() => {
    hang.abort();
    child.kill('SIGKILL');
  }, RUN_MS);
  if (due !== undefined && (await Promise.race([due, isOver])) !== 'over') child.kill('SIGKILL');
  const { output, code, signal } = await ended;
  clearTimeout(limit);
  await server.release();
  // What the dead process had sent is dealt with before the next one looks.
  await server.ask('idle');
  if (output.includes('done')) return 'done';
  if (hang.signal.aborted) return 'failed';
  return signal === 'SIGKILL' || (isWindows && code === 1) ? 'killed' : 'failed';
}

/** Resolves when it is time to kill; a process that kills itself needs nobody to wait. */
function dueOf(server: MortalServer, death: Death | undefined): Promise<void> | undefined {
  if (death === undefined || death.by === 'itself') return undefined;
  if (death.by === 'server') return server.ask('hold', death);
  // The clock starts when the process has come to its first request.
  return server.ask('nextOperation').then(() => delay(death.afterMs));
}

async function end(
  child: ChildProcess,
): Promise<{ output: string; code: number | null; signal: string | null }> {
  let output = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { output, code, signal };
}

/** Bytes the server accepted of this object beyond each part, or the whole, once. */
function resentBytes(operations: readonly OperationRecord[], key: string): number {
  const accepted = operations
    .filter(({ accepted, key: of }) => accepted && of === key)
    .filter(({ operation }) => operation === 'uploadPart' || operation === 'putObject');
  const once = new Map<number, number>();
  for (const { partNumber = 0, bytes } of accepted) once.set(partNumber, bytes);
  const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
  return sum(accepted.map(({ bytes }) => bytes)) - sum(once.values());
}
