/**
 * How long an upload takes and what it costs, beside named peers:
 *
 *   npm run bench -- [--case ID]... [--rounds 5] [--peer 'name=command {file} {endpoint} {bucket} {key}']...
 *
 * Every client runs in a process of its own, the clients of a case in turns, so that what else the
 * machine does meets all of them. What is compared is the ratio within one round. The results of all
 * cases are kept in docs/benchmarks.json; the table and the picture are made from it.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { CASES, HOSTED, changeFiles, makeFiles } from './cases';
import type { BenchCase, ClientName } from './cases';
import { buildClients } from './clientPrograms';
import type { NodeClient } from './clientPrograms';
import { HostedExtension, buildBundles, hasEditor } from './editor';
import { Cable, Sink } from './line';
import { describeMachine, renderReport } from './report';
import type { CaseResult, Measurement, Results } from './report';
import { measureStart } from './start';
import type { BenchFile, BenchResult, BenchTask } from './task';

const DOCS = path.join(__dirname, '../docs');
const RESULTS = path.join(DOCS, 'benchmarks.json');
const FOLDER = path.join(tmpdir(), 'oss-upload-bench');
/** Inside the repository, so that a client finds what is in node_modules. */
const PROGRAMS = path.join(__dirname, '../out/bench');
const CA_FILE = path.join(__dirname, '../test/oss-server/tls/ca.pem');
const BUCKET = 'bench-bucket';
/** The extension's default for parts in flight over all transfers. */
const DEFAULT_CONCURRENCY = 6;

const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    peer: { type: 'string', multiple: true, default: [] },
  },
});
const rounds = Number(values.rounds);
const peers = new Map(
  values.peer.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
);

let programs: Record<NodeClient, string>;
let hosted: HostedExtension | undefined;
const cable = Cable.open();
const sinks = new Map<string, Sink>();

/** The sink for a case, started at its first use. */
async function sinkOf({ isSecure = false, line }: BenchCase): Promise<Sink> {
  const isLimited = (line?.bitsPerSecond ?? 0) > 0 && cable !== undefined && !isSecure;
  const name = `${isSecure ? 'https' : 'http'}${isLimited ? ' by cable' : ''}`;
  let sink = sinks.get(name);
  if (sink === undefined) {
    sink = await Sink.start(isSecure, isLimited ? cable : undefined);
    sinks.set(name, sink);
  }
  if (isLimited && line !== undefined) cable.limit(line.bitsPerSecond);
  return sink;
}

async function runClient(
  benchCase: BenchCase,
  client: ClientName,
  files: readonly BenchFile[],
): Promise<Measurement> {
  const sink = await sinkOf(benchCase);
  const { line } = benchCase;
  const settings = {
    blockSizeBytes: benchCase.blockSizeBytes,
    roundTripMs: line?.roundTripMs ?? 0,
    // With a cable the kernel limits the bandwidth.
    bytesPerSecond: cable === undefined ? (line?.bitsPerSecond ?? 0) / 8 : 0,
    lossPercent: line?.lossPercent ?? 0,
    isUnchecked: client === 'engine without checksum',
  };
  const stateDir = path.join(FOLDER, 'state');
  await rm(stateDir, { recursive: true, force: true });
  // A folder cannot be made below a file: the engine goes on without a checkpoint.
  const hasNoFolder = client === 'engine without checkpoint';
  if (hasNoFolder) await writeFile(path.join(FOLDER, 'file'), '');
  const task: BenchTask = {
    endpoint: sink.endpoint,
    bucket: BUCKET,
    files,
    partSizeBytes: benchCase.partSizeBytes,
    parallel: client.startsWith('engine') && files.length > 1 ? 3 : benchCase.parallel,
    concurrency: Math.max(DEFAULT_CONCURRENCY, files.length > 1 ? 0 : benchCase.parallel),
    caFile: benchCase.isSecure === true ? CA_FILE : '',
    stateDir: hasNoFolder ? path.join(FOLDER, 'file', 'state') : stateDir,
    checksumFolder: '',
    killAfter: 0,
  };
  await sink.begin(settings);
  if (client === 'engine, only what differs') {
    const comparing = { ...task, checksumFolder: path.join(FOLDER, 'checksums') };
    await runNode(programs.engine, task);
    await runNode(programs.engine, comparing);
    await changeFiles(benchCase, files, true);
    try {
      await sink.begin(settings, true);
      const result = await runNode(programs.engine, comparing);
      return { ...result, stats: await sink.stats() };
    } finally {
      await changeFiles(benchCase, files, false);
    }
  }
  const { killAfter } = benchCase;
  let earlierRequests = 0;
  if (killAfter !== undefined) {
    await expectKill(runNode(programs.engine, { ...task, killAfter }));
    earlierRequests = (await sink.stats()).requests;
    await sink.begin(settings, true);
  }
  const result = await runOnce(client, task);
  const stats = await sink.stats();
  const sentAgain = earlierRequests + stats.requests - files.length;
  const extra = killAfter === undefined ? result.extra : { ...result.extra, sentAgain };
  return { ...result, extra, stats };
}

async function expectKill(running: Promise<BenchResult>): Promise<void> {
  const killed = await running.then(
    () => false,
    (error: unknown) => (error as { signal?: string }).signal === 'SIGKILL',
  );
  if (!killed) throw new Error('it was to be killed, and was not');
}

async function runOnce(client: ClientName, task: BenchTask): Promise<BenchResult> {
  if (client === HOSTED && hosted !== undefined) return hosted.upload(task);
  if (client in programs) return runNode(programs[client as NodeClient], task);
  return runCommand(commandOf(client), task);
}

async function runNode(program: string, task: BenchTask): Promise<BenchResult> {
  const taskFile = path.join(FOLDER, 'task.json');
  await writeFile(taskFile, JSON.stringify(task));
  const { stdout } = await promisify(execFile)(process.execPath, [program, taskFile]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as BenchResult;
}

function commandOf(client: ClientName): string {
  if (client !== 'curl') return peers.get(client) ?? '';
  return `curl --silent --fail --cacert ${CA_FILE} --output /dev/null --upload-file {file} {endpoint}/{bucket}/{key}`;
}

/** A program of another kind, its start included; costs are those GNU time tells. */
async function runCommand(command: string, task: BenchTask): Promise<BenchResult> {
  const [file] = task.files;
  const named: Record<string, string> = {
    file: file?.filePath ?? '',
    key: file?.key ?? '',
    endpoint: task.endpoint,
    bucket: task.bucket,
  };
  const filled = command.replace(/\{(\w+)\}/g, (all, name: string) => named[name] ?? all);
  const child = spawn('/usr/bin/time', ['--format', '%e %U %S %M', 'sh', '-c', `exec ${filled}`]);
  let output = '';
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  child.stdout.resume();
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${filled} failed: ${output}`);
  const [wall = 0, user = 0, system = 0, kilobytes = 0] = (output.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return {
    wallMs: wall * 1000,
    cpuMs: (user + system) * 1000,
    idleRssBytes: 0,
    peakRssBytes: kilobytes * 1024,
    loopDelayP99Ms: 0,
    loopDelayMaxMs: 0,
    extra: {},
  };
}

async function runCase(benchCase: BenchCase): Promise<CaseResult> {
  const files = await makeFiles(path.join(FOLDER, 'files'), benchCase);
  const clients = [...benchCase.clients, ...(benchCase.takesPeers ? peers.keys() : [])].filter(
    (client) => client !== HOSTED || hosted !== undefined,
  );
  const results = new Map<string, Measurement[]>(clients.map((client) => [client, []]));
  console.log(benchCase.title);
  for (let round = 0; round < rounds; round++) {
    // Who goes first changes, so that nobody always meets the warmer machine.
    const shift = round % clients.length;
    const order = [...clients.slice(shift), ...clients.slice(0, shift)];
    for (const client of order) {
      const measured = await runClient(benchCase, client, files);
      results.get(client)?.push(measured);
      const { wallMs, cpuMs, peakRssBytes, stats } = measured;
      console.log(
        `  ${round + 1} ${client.padEnd(26)} ${wallMs.toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms, ` +
          `${(peakRssBytes / 2 ** 20).toFixed(0)} MiB, ${stats.requests} requests over ${stats.connections} connections`,
      );
    }
  }
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    id: benchCase.id,
    totalBytes,
    fileCount: files.length,
    hasCable: cable !== undefined,
    measuredAt: new Date().toISOString().slice(0, 10),
    clients: Object.fromEntries(results),
  };
}

async function main(): Promise<void> {
  programs = await buildClients(PROGRAMS);
  const extensionFolder = path.join(FOLDER, 'extension');
  const bundleFiles = await buildBundles(extensionFolder);
  if (hasEditor()) hosted = await HostedExtension.prepare(extensionFolder);
  await mkdir(DOCS, { recursive: true });
  const saved = await readFile(RESULTS, 'utf8').catch(() => '{"cases":{}}');
  const results = JSON.parse(saved) as Results;
  results.machine = await describeMachine();
  for (const benchCase of CASES) {
    if (values.case !== undefined && !values.case.includes(benchCase.id)) continue;
    results.cases[benchCase.id] = await runCase(benchCase);
    await writeFile(RESULTS, `${JSON.stringify(results)}\n`);
  }
  if (values.case === undefined || values.case.includes('start')) {
    results.start = await measureStart(bundleFiles, hosted, rounds);
  }
  await writeFile(RESULTS, `${JSON.stringify(results)}\n`);
  const { markdown, svg, summary } = renderReport(results);
  await writeFile(path.join(DOCS, 'benchmarks.md'), markdown);
  await writeFile(path.join(DOCS, 'benchmarks.svg'), svg);
  console.log(summary);
}

main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => {
    sinks.forEach((sink) => {
      sink.stop();
    });
    cable?.close();
    void hosted?.close();
  });
