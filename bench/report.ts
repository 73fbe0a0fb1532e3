import { cpus, release, totalmem } from 'node:os';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { CASES, GIB, HOSTED, MIB } from './cases';
import type { BenchCase } from './cases';
import { renderPicture } from './picture';
import type { SinkStats } from './sink.mts';
import type { HostedStart } from './hosted';
import type { StartResult } from './start';
import type { BenchResult } from './task';

/** One client in one round. */
export interface Measurement extends BenchResult {
  readonly stats: SinkStats;
}

export interface CaseResult {
  readonly id: string;
  readonly totalBytes: number;
  readonly fileCount: number;
  readonly hasCable: boolean;
  readonly measuredAt: string;
  /** By client, a measurement for each round. */
  readonly clients: Readonly<Record<string, readonly Measurement[]>>;
}

/** Everything measured so far, as it lies in docs/benchmarks.json. */
export interface Results {
  machine: string;
  cases: Record<string, CaseResult>;
  start?: StartResult;
}

/** A target, and what was reached. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  /** One value for each round. */
  readonly values: readonly number[];
  readonly limit: number;
  readonly isLeast?: boolean;
  readonly unit?: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

export async function describeMachine(): Promise<string> {
  const version = (name: string): string =>
    (createRequire(__filename)(`${name}/package.json`) as { version: string }).version;
  const curl = await promisify(execFile)('curl', ['--version']).then(
    ({ stdout }) => stdout.split(' ')[1] ?? '',
    () => 'missing',
  );
  const [cpu] = cpus();
  return (
    `${cpus().length} × ${cpu?.model ?? ''} (shared), ${Math.round(totalmem() / GIB)} GiB, ` +
    `Linux ${release()}, Node ${process.version}, ali-oss ${version('ali-oss')}, curl ${curl}`
  );
}

/** A figure of one client against one of another, round by round. */
function ratios(
  result: CaseResult | undefined,
  client: string,
  peer: string,
  figure: (measured: Measurement) => number = ({ wallMs }) => wallMs,
): number[] {
  const [ours = [], theirs = []] = [result?.clients[client], result?.clients[peer]];
  return ours.flatMap((measured, round) => {
    const other = theirs[round];
    return other === undefined ? [] : [figure(measured) / figure(other)];
  });
}

function figures(
  result: CaseResult | undefined,
  figure: (measured: Measurement) => number | undefined,
  client = 'engine',
): number[] {
  const measured = result?.clients[client] ?? [];
  return measured.map(figure).filter((value) => value !== undefined);
}

/** MiB above what the loaded process had before. */
function overIdle({ peakRssBytes, idleRssBytes }: Measurement): number {
  return (peakRssBytes - idleRssBytes) / MIB;
}

function shareOfLine(results: Results, id: string): number[] {
  const result = results.cases[id];
  const rate = CASES.find((benchCase) => benchCase.id === id)?.line?.bitsPerSecond ?? NaN;
  return figures(result, ({ wallMs }) => ((result?.totalBytes ?? 0) * 8) / (wallMs / 1000) / rate);
}

function targetsOf(results: Results): Target[] {
  const { cases, start } = results;
  const cpu = ({ cpuMs }: Measurement): number => cpuMs;
  const [large3, large8] = [cases['large-3'], cases['large-8']];
  const parts = cases['parts-10000'];
  const loopDelay = ({ loopDelayP99Ms }: Measurement): number => loopDelayP99Ms;
  const all: Target[] = [
    {
      what: '1 GiB, 3 in flight, HTTP: wall time against ali-oss multipartUpload',
      wanted: '≤ 0.75',
      limit: 0.75,
      values: ratios(large3, 'engine', 'ali-oss'),
    },
    {
      what: 'the same, 8 in flight',
      wanted: '≤ 0.6',
      limit: 0.6,
      values: ratios(large8, 'engine', 'ali-oss'),
    },
    {
      what: 'CPU against ali-oss multipartUpload, 3 in flight',
      wanted: '≤ 1.15',
      limit: 1.15,
      values: ratios(large3, 'engine', 'ali-oss', cpu),
    },
    {
      what: 'the same, 8 in flight',
      wanted: '≤ 1.15',
      limit: 1.15,
      values: ratios(large8, 'engine', 'ali-oss', cpu),
    },
    {
      what: 'without checksum, wall time against raw node:http, 3 in flight',
      wanted: '≤ 1.3',
      limit: 1.3,
      values: ratios(large3, 'engine without checksum', 'raw node'),
    },
    {
      what: 'the same, 8 in flight',
      wanted: '≤ 1.3',
      limit: 1.3,
      values: ratios(large8, 'engine without checksum', 'raw node'),
    },
    {
      what: 'the same, 3 in flight, 4 GiB: V8 has compiled us by then',
      wanted: '≤ 1.3',
      limit: 1.3,
      values: ratios(cases['long-3'], 'engine without checksum', 'raw node'),
    },
    {
      what: 'HTTPS with checksum: wall time against raw node:https, 3 in flight',
      wanted: '≤ 1.3',
      limit: 1.3,
      values: ratios(cases['secure-3'], 'engine', 'raw node'),
    },
    {
      what: 'the same, 8 in flight',
      wanted: '≤ 1.3',
      limit: 1.3,
      values: ratios(cases['secure-8'], 'engine', 'raw node'),
    },
    {
      what: '1 Gbit/s with 20 ms round trip, 3 in flight: share of the line',
      wanted: '≥ 0.95',
      limit: 0.95,
      isLeast: true,
      values: shareOfLine(results, 'line-1000-20'),
    },
    {
      what: '2,000 files of 4 KiB, 50 ms round trip: wall time against ali-oss put, 8 at a time',
      wanted: '≤ 0.4',
      limit: 0.4,
      values: ratios(cases['small-2000'], 'engine', 'ali-oss'),
    },
    {
      what: '10,000 files of 4 to 64 KiB, no delay: wall time against ali-oss put, 8 at a time',
      wanted: '≤ 1.0',
      limit: 1,
      values: ratios(cases['small-10000'], 'engine', 'ali-oss'),
    },
    {
      what: 'the same: CPU a file',
      wanted: '≤ 1.1',
      limit: 1.1,
      values: ratios(cases['small-10000'], 'engine', 'ali-oss', cpu),
    },
    {
      what: '100,000 files of 4 KiB: wall time against ali-oss put, 8 at a time',
      wanted: '≤ 1.0',
      limit: 1,
      values: ratios(cases['small-100000'], 'engine', 'ali-oss'),
    },
    {
      what: 'the same: peak RSS over idle',
      wanted: '≤ 96 MiB',
      limit: 96,
      unit: 'MiB',
      values: figures(cases['small-100000'], overIdle),
    },
    {
      what: 'the same: event-loop delay p99',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(cases['small-100000'], loopDelay),
    },
    {
      what: 'the same: peak RSS over idle, as a multiple of that of 10,000 files',
      wanted: '≤ 1.2',
      limit: 1.2,
      values: figures(cases['small-100000'], overIdle).map(
        (bytes) => bytes / median(figures(cases['small-10000'], overIdle)),
      ),
    },
    {
      what: 'the same, killed when half of them were there: files sent again',
      wanted: '≤ 64',
      limit: 64,
      values: figures(cases['resume-100000'], ({ extra }) => extra['sentAgain']),
    },
    {
      what: 'the same: CPU to the first request after Resume',
      wanted: '≤ 1,000 ms',
      limit: 1000,
      unit: 'ms',
      values: figures(cases['resume-100000'], ({ extra }) => extra['firstPartCpuMs']),
    },
    {
      what: '20,000 files of which 1 % changed, 20 ms round trip: wall time against sending all',
      wanted: '≤ 0.05',
      limit: 0.05,
      values: ratios(cases['changed-20000'], 'engine, only what differs', 'engine'),
    },
    {
      what: 'the same: requests for 1,000 files, those that send included',
      wanted: '≤ 12',
      limit: 12,
      values: figures(
        cases['changed-20000'],
        ({ stats }) => stats.requests / 20,
        'engine, only what differs',
      ),
    },
    {
      what: 'peak RSS over idle, 3 in flight',
      wanted: '≤ 48 MiB',
      limit: 48,
      unit: 'MiB',
      values: figures(large3, overIdle),
    },
    {
      what: 'peak RSS over idle, 8 in flight',
      wanted: '≤ 96 MiB',
      limit: 96,
      unit: 'MiB',
      values: figures(large8, overIdle),
    },
    {
      what: 'the same, 3 in flight, file of 10 GiB',
      wanted: '≤ 48 MiB',
      limit: 48,
      unit: 'MiB',
      values: figures(cases['sparse-10'], overIdle),
    },
    {
      what: 'event-loop delay p99 at full speed, 3 in flight',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(large3, loopDelay),
    },
    {
      what: 'the same, 8 in flight',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(large8, loopDelay),
    },
    {
      what: 'the same in the extension host of an editor, 3 in flight',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(large3, loopDelay, HOSTED),
    },
    {
      what: 'the same in the extension host of an editor, 8 in flight',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(large8, loopDelay, HOSTED),
    },
    {
      what: 'the same with 10,000 files of 4 to 64 KiB',
      wanted: '≤ 15 ms',
      limit: 15,
      unit: 'ms',
      values: figures(cases['small-10000'], loopDelay, HOSTED),
    },
    ...[large3, large8].map((large, index) => ({
      what: `1 GiB in the extension host: wall time against bare Node, ${index === 0 ? 3 : 8} in flight`,
      wanted: '≤ 1.15',
      limit: 1.15,
      values: ratios(large, HOSTED, 'engine'),
    })),
    ...[large3, large8].map((large, index) => ({
      what: `1 GiB, ${index === 0 ? 3 : 8} in flight: wall time against the Go SDK v2`,
      wanted: '≤ 1.0',
      limit: 1,
      values: ratios(large, 'engine', 'Go SDK v2'),
    })),
    {
      what: 'CPU of parts 9,001 to 10,000 against parts 1 to 1,000',
      wanted: '≤ 1.1',
      limit: 1.1,
      values: figures(parts, ({ extra }) => {
        const { cpuMsOfThousand1: first, cpuMsOfThousand10: last } = extra;
        return first === undefined || last === undefined ? undefined : last / first;
      }),
    },
    {
      what: 'bytes written to the checkpoint of 10,000 parts',
      wanted: '≤ 2 MB',
      limit: 2,
      unit: 'MB',
      values: figures(parts, ({ extra }) => (extra['checkpointBytes'] ?? NaN) / 1e6),
    },
    {
      what: 'resume of 10,000 parts: CPU to the first byte sent (reads the checkpoint, ten pages of ListParts)',
      wanted: '≤ 300 ms',
      limit: 300,
      unit: 'ms',
      values: figures(cases['resume-10000'], ({ extra }) => extra['firstPartCpuMs']),
    },
  ];
  const { hosted = [], hostile = [] } = start ?? {};
  const costOf = ({ activateCpuMs, afterwardsCpuMs }: HostedStart): number =>
    activateCpuMs + afterwardsCpuMs;
  const kilobytes = (start?.bundles['extension.js']?.sizeBytes ?? 0) / 1024;
  all.push(
    {
      what: 'start in a real extension host: CPU of `activate`, and of all that follows from it',
      wanted: '≤ 10 ms',
      limit: 10,
      unit: 'ms',
      values: hosted.map(costOf),
    },
    {
      what: 'the same in a workspace whose settings are wrong and have 1 MB each, as a multiple of none',
      wanted: '≤ 1.25',
      limit: 1.25,
      values: hosted.flatMap((none, round) => {
        const large = hostile[round];
        return large === undefined ? [] : [costOf(large) / costOf(none)];
      }),
    },
    {
      what: `before that: CPU of loading dist/extension.js (${kilobytes.toFixed(0)} KB)`,
      wanted: '≤ 10 ms',
      limit: 10,
      unit: 'ms',
      values: hosted.map(({ loadCpuMs }) => loadCpuMs),
    },
  );
  return all.filter(({ values }) => values.length > 0);
}

function isMet({ values, limit, isLeast = false }: Target): boolean {
  return isLeast ? median(values) >= limit : median(values) <= limit;
}

function withSpread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–';
  const text = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return text(median(values));
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

function tableRow(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function targetRow(target: Target): string {
  const { what, wanted, values, unit = '' } = target;
  const digits = unit === 'MiB' || unit === 'ms' ? 1 : 2;
  return tableRow(
    what,
    wanted,
    `${withSpread(values, digits)} ${unit}`.trim(),
    isMet(target) ? 'yes' : 'no',
  );
}

function caseTable(benchCase: BenchCase, result: CaseResult): string[] {
  const { clients, totalBytes, fileCount } = result;
  const known = ['ali-oss', 'readdir and stat'].find((name) => name in clients);
  const reference = known ?? 'engine';
  const isMany = fileCount > 1;
  const rate = benchCase.line?.bitsPerSecond ?? 0;
  const rows = Object.entries(clients).map(([client, measured]) => {
    const walls = measured.map(({ wallMs }) => wallMs / 1000);
    const cpus = measured.map(({ cpuMs }) =>
      isMany ? cpuMs / fileCount : cpuMs / 1000 / (totalBytes / GIB),
    );
    const shares = measured.map(({ wallMs }) => (totalBytes * 8) / (wallMs / 1000) / rate);
    return tableRow(
      client === 'engine' || client === 'search' ? '**this extension**' : client,
      withSpread(walls, 2),
      withSpread(ratios(result, client, reference), 2),
      rate === 0 ? '–' : withSpread(shares, 2),
      withSpread(cpus, 2),
      median(measured.map(({ peakRssBytes }) => peakRssBytes / MIB)).toFixed(0),
      // A program of another kind has no event loop of ours.
      median(measured.map(({ loopDelayP99Ms }) => loopDelayP99Ms)).toFixed(1),
      String(median(measured.map(({ stats }) => stats.requests))),
      String(median(measured.map(({ stats }) => stats.connections))),
    );
  });
  return [
    `### ${benchCase.title}`,
    '',
    `${Object.values(clients)[0]?.length ?? 0} rounds, ${result.measuredAt}.`,
    '',
    tableRow(
      'client',
      'wall time, s',
      `against ${reference === 'engine' ? 'itself' : reference}`,
      'share of the line',
      isMany ? 'CPU ms per file' : 'CPU s per GiB',
      'peak RSS, MiB',
      'event-loop delay p99, ms',
      'requests',
      'connections',
    ),
    tableRow(...Array.from({ length: 9 }, () => '---')),
    ...rows,
    '',
  ];
}

/** The document, the picture and what to print. */
export function renderReport(results: Results): { markdown: string; svg: string; summary: string } {
  const targets = targetsOf(results);
  const hasCable = Object.values(results.cases).some((result) => result.hasCable);
  const tables = CASES.flatMap((benchCase) => {
    const result = results.cases[benchCase.id];
    return result === undefined ? [] : caseTable(benchCase, result);
  });
  const bundles = Object.entries(results.start?.bundles ?? {}).map(
    ([name, { sizeBytes, gzipBytes, ms }]) =>
      tableRow(
        `dist/${name}`,
        (sizeBytes / 1024).toFixed(0),
        (gzipBytes / 1024).toFixed(0),
        withSpread(ms, 1),
      ),
  );
  const markdown = [
    '# Benchmarks',
    '',
    'Made by `npm run bench`; [bench/run.ts](../bench/run.ts) says how. Every client ran in a process',
    'of its own, in turns; figures are medians (least to most), ratios are taken within one round. The',
    'server throws the bytes away and runs on the same machine, so that what is compared is the cost',
    'of the client; only ratios carry over to other machines. This extension ran with all its checks on',
    'unless the table says otherwise; of the peers only the C++ SDK compares checksums. A process that',
    'has just started also pays V8 for compiling it, which counts in a gibibyte that takes half a second.',
    '',
    `Machine: ${results.machine}.`,
    '',
    hasCable
      ? 'Bandwidth is limited by the kernel (a virtual cable with a token bucket), a round trip by the server.'
      : 'Bandwidth and round trip are played by the server.',
    '',
    '![Wall time against ali-oss](benchmarks.svg)',
    '',
    '## Targets',
    '',
    tableRow('what', 'target', 'reached', 'met'),
    tableRow('---', '---', '---', '---'),
    ...targets.map(targetRow),
    '',
    ...(bundles.length === 0
      ? []
      : [
          '## Bundles',
          '',
          tableRow('file', 'KB', 'KB gzipped', 'ms to load in a bare Node'),
          tableRow('---', '---', '---', '---'),
          ...bundles,
          '',
        ]),
    '## Cases',
    '',
    ...tables,
  ].join('\n');
  const bars = CASES.flatMap(({ id, title }) => {
    const result = results.cases[id];
    if (result?.clients['ali-oss'] === undefined) return [];
    const clients = Object.keys(result.clients).map((client) => ({
      name: client === 'engine' ? 'this extension' : client,
      isOurs: client === 'engine',
      ratio: median(ratios(result, client, 'ali-oss')),
    }));
    return [{ title, clients }];
  });
  const summary = targets
    .map((target) => `${isMet(target) ? 'met   ' : 'MISSED'} ${targetRow(target)}`)
    .join('\n');
  return { markdown, svg: renderPicture(bars), summary };
}
