/**
 * Kills the engine again and again, at seeded random times and at each named step of an upload, lets
 * it go on until everything is uploaded, and counts what went wrong. See {@link runCampaign}.
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
import { startOssServer } from '../oss-server/server.ts';
import type { OssServer } from '../oss-server/server.ts';
import { seededRandom } from '../support/random.ts';
import type { DeathStep, UploaderTask } from './uploader.ts';

const PART_BYTES = 102_400;
const BUCKET = 'crash-bucket';
const ACCESS_KEY = { accessKeyId: 'LTAIcrashTest', accessKeySecret: 'crashTestSecret' };
/** A run that takes longer hangs. */
const RUN_MS = 30_000;

/** Where a process is killed: by the clock, when the server stands at a point, or by itself. */
type Death =
  | { readonly by: 'time'; readonly afterMs: number }
  | {
      readonly by: 'server';
      readonly operation: (typeof SERVER_STEPS)[number];
      readonly at: HoldPoint;
      readonly after: number;
    }
  | { readonly by: 'itself'; readonly step: DeathStep };

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
  /** The most that could be in flight at the kills and the faults: each x parallel x part size. */
  readonly resentLimitBytes: number;
  /** Requests that were reset, refused with 503 or carried out without an answer. */
  readonly faults: number;
  /** How often the server was gone for a moment, with all its connections. */
  readonly outages: number;
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
  const script = path.join(folder, 'uploader.cjs');
  await bundleUploader(script);
  const server = await startOssServer({
    dir: path.join(folder, 'server'),
    buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
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
    outages: 0,
  };
  try {
    while (result.killCount < kills && !signal.aborted) {
      const number = ++result.uploads;
      const stateDir = path.join(folder, `state-${number}`);
      await mkdir(stateDir);
      const requests = await makeRequests(path.join(folder, 'source'), number, random);
      const parallel = Math.max(...requests.map(({ options }) => options.parallel));
      const trouble = makeTrouble(random);
      server.faults.splice(0, Infinity, ...SLOW, ...trouble);
      const task: UploaderTask = { stateDir, endpoint: server.endpoint, ...ACCESS_KEY, requests };
      const firstOperation = server.operations.length;
      const wanted = 1 + Math.floor(random() * 6);
      let outcome = 'killed' as Outcome;
      for (let killed = 0; outcome === 'killed' && killed < wanted; killed++) {
        const death = chooseDeath(random);
        const outage = random() < 0.3 ? playOutage(server, random() * 100) : undefined;
        outcome = await runUntil(script, await rest(task, server), server, death);
        if ((await outage?.()) === true) result.outages++;
        if (outcome !== 'killed') break;
        result.killCount++;
        const name = nameOf(death);
        result.kills.set(name, (result.kills.get(name) ?? 0) + 1);
        result.resentLimitBytes += parallel * PART_BYTES;
      }
      if (outcome === 'killed') {
        outcome = await runUntil(script, await rest(task, server), server, undefined);
      }
      if (outcome !== 'done') result.failedRuns++;
      for (const { filePath, target } of requests) {
        const object = server.object(BUCKET, target.key);
        const isRight = (await object?.sha256()) === (await sha256OfFile(filePath));
        if (!isRight) result.wrongObjects++;
        result.resentBytes += resentBytes(server, target.key, firstOperation);
      }
      const asked = server.operations.length - firstOperation;
      const struck = trouble.filter(({ after = 0 }) => after < asked).length;
      result.faults += struck;
      result.resentLimitBytes += 2 * struck * parallel * PART_BYTES;
      result.orphanedUploads += server.uploads(BUCKET).length;
      result.leftFiles += (await readdir(stateDir)).length;
      await removeFolder(stateDir);
      await removeFolder(path.join(folder, 'source'));
      requests.forEach(({ target }) => {
        server.deleteObject(BUCKET, target.key);
      });
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
 * The server dies when it is next asked, or some time later, and comes back. What is returned ends
 * that, and tells whether it happened.
 */
function playOutage(server: OssServer, afterMs: number): () => Promise<boolean> {
  const over = new AbortController();
  const asked = server.operations.length;
  let outage: Promise<void> | undefined;
  const play = async (): Promise<void> => {
    await server.stopListening();
    await delay(20);
    await server.listenAgain();
  };
  void server
    .waitFor(({ length }) => length > asked)
    .then(() => delay(afterMs, undefined, { signal: over.signal }))
    .then(
      () => (outage = over.signal.aborted ? undefined : play()),
      () => undefined,
    );
  return async () => {
    over.abort();
    await outage;
    return outage !== undefined;
  };
}

async function bundleUploader(outfile: string): Promise<void> {
  const [, oss] = bundleOptions({ production: false, outputFolder: path.dirname(outfile) });
  const entryPoints = [path.join(__dirname, 'uploader.ts')];
  await build({ ...oss, entryPoints, outfile, sourcemap: false, target: 'node20' });
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
async function rest(task: UploaderTask, server: OssServer): Promise<UploaderTask> {
  const names = await readdir(task.stateDir);
  const isRecorded = names.some((name) => /\.(batch|jsonl)$/.test(name));
  const isThere = task.requests.every(({ target }) => server.object(BUCKET, target.key));
  return isThere && !isRecorded ? { ...task, requests: [] } : task;
}

function chooseDeath(random: () => number): Death {
  const kind = random();
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  if (kind < 0.45) return { by: 'time', afterMs: random() * 120 };
  if (kind < 0.75) {
    const operation = pick(SERVER_STEPS);
    const after = operation === 'uploadPart' ? Math.floor(random() * 8) : 0;
    return { by: 'server', operation, at: pick(['arrived', 'received', 'carriedOut']), after };
  }
  const nth = 1 + Math.floor(random() * 3);
  if (kind < 0.85) {
    return { by: 'itself', step: { step: 'rename', nth, when: pick(['before', 'after']) } };
  }
  if (kind < 0.97) {
    const when = pick(['before', 'amid', 'after'] as const);
    return { by: 'itself', step: { step: 'append', nth: nth * 2, when } };
  }
  return { by: 'itself', step: { step: 'completed' } };
}

function nameOf(death: Death): string {
  switch (death.by) {
    case 'time':
      return 'random time';
    case 'server':
      return `${death.operation} ${death.at}`;
    case 'itself':
      return 'when' in death.step ? `${death.step.when} ${death.step.step}` : 'after complete';
  }
}

/** Runs one process until it is done or dead. A death that it never comes to lets it end. */
async function runUntil(
  script: string,
  task: UploaderTask,
  server: OssServer,
  death: Death | undefined,
): Promise<Outcome> {
  const dieAt = death?.by === 'itself' ? death.step : undefined;
  const firstOperation = server.operations.length;
  const hold =
    death?.by === 'server'
      ? server.hold({ on: death.operation, at: death.at, after: death.after })
      : undefined;
  const child = spawn(process.execPath, [script, JSON.stringify({ ...task, dieAt })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = end(child);
  const isOver = ended.then(() => 'over' as const);
  const hang = new AbortController();
  if (death?.by === 'time') {
    // The clock starts when the process has come to its first request.
    const first = server.waitFor(({ length }) => length > firstOperation);
    const due = first.then(() => delay(death.afterMs)).catch(() => undefined);
    if ((await Promise.race([due, isOver])) !== 'over') child.kill('SIGKILL');
  } else if (hold !== undefined) {
    const reached = hold.reached.catch(() => undefined);
    if ((await Promise.race([reached, isOver])) !== 'over') child.kill('SIGKILL');
  }
  const timeout = delay(RUN_MS, undefined, { signal: hang.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  const { output, code, signal } = await ended;
  hang.abort();
  await timeout;
  hold?.release();
  await settle(server);
  if (output.includes('done')) return 'done';
  return signal === 'SIGKILL' || (isWindows && code === 1) ? 'killed' : 'failed';
}

async function end(
  child: ChildProcess,
): Promise<{ output: string; code: number | null; signal: string | null }> {
  let output = '';
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { output, code, signal };
}

/** What the dead process had sent is dealt with before the next one looks. */
async function settle(server: OssServer): Promise<void> {
  while (server.openRequests.length > 0) await delay(1);
}

/** Bytes the server accepted of this object beyond each part, or the whole, once. */
function resentBytes(server: OssServer, key: string, since: number): number {
  const accepted = server.operations
    .slice(since)
    .filter(({ accepted, key: of }) => accepted && of === key)
    .filter(({ operation }) => operation === 'uploadPart' || operation === 'putObject');
  const once = new Map<number, number>();
  for (const { partNumber = 0, bytes } of accepted) once.set(partNumber, bytes);
  const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
  return sum(accepted.map(({ bytes }) => bytes)) - sum(once.values());
}
