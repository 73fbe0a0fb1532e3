import path from 'node:path';
import { writeBlocks } from './content';
import type { NodeClient } from './clientPrograms';
import type { BenchFile } from './task';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
/** The smallest part OSS allows. */
export const SMALLEST_PART_BYTES = 102_400;

/** Clients of a case by name: those in Node, {@link HOSTED}, `curl`, and those of `--peer`. */
export type ClientName = NodeClient | 'curl' | (string & {});

/** This extension as a user has it: in the extension host of an editor. */
export const HOSTED = 'this extension in VS Code';

export interface Line {
  readonly roundTripMs: number;
  /** Of payload; 0 is what the machine can do. */
  readonly bitsPerSecond: number;
  readonly lossPercent: number;
}

export interface BenchCase {
  readonly id: string;
  readonly title: string;
  readonly clients: readonly ClientName[];
  readonly isSecure?: boolean;
  readonly files: readonly { readonly count: number; readonly sizeBytes: number }[];
  /** Size of the block the files repeat, a divisor of the part size; 0 for sparse files. */
  readonly blockSizeBytes: number;
  readonly partSizeBytes: number;
  readonly parallel: number;
  readonly line?: Line;
  /** An engine that is killed after so many parts or small files, before the one that is measured. */
  readonly killAfter?: number;
  /** Of 100 files, so many that change after all are sent and before what differs is. */
  readonly changedPercent?: number;
  /** Whether `--peer` takes part: it is one command for one file. */
  readonly takesPeers?: boolean;
}

const LARGE = { blockSizeBytes: 8 * MIB, partSizeBytes: 8 * MIB };
const ONE_GIB = [{ count: 1, sizeBytes: GIB }];
const HUNDRED_THOUSAND = [{ count: 100_000, sizeBytes: 4 * KIB }];
const THOUSANDS_OF_PARTS = {
  blockSizeBytes: SMALLEST_PART_BYTES,
  partSizeBytes: SMALLEST_PART_BYTES,
  files: [{ count: 1, sizeBytes: 10_000 * SMALLEST_PART_BYTES }],
};

function line(roundTripMs: number, megabitsPerSecond: number, lossPercent = 0): Line {
  return { roundTripMs, bitsPerSecond: megabitsPerSecond * 1e6, lossPercent };
}

export const CASES: readonly BenchCase[] = [
  ...[3, 8].map((parallel) => ({
    ...LARGE,
    id: `large-${parallel}`,
    title: `1 GiB, ${parallel} in flight, HTTP`,
    files: ONE_GIB,
    parallel,
    clients: ['engine', HOSTED, 'ali-oss', 'raw node', 'engine without checksum', 'curl'],
    takesPeers: true,
  })),
  {
    ...LARGE,
    id: 'long-3',
    title: '4 GiB, 3 in flight, HTTP',
    files: [{ count: 1, sizeBytes: 4 * GIB }],
    parallel: 3,
    clients: ['engine', 'ali-oss', 'raw node', 'engine without checksum'],
  },
  ...[3, 8].map((parallel) => ({
    ...LARGE,
    id: `secure-${parallel}`,
    title: `1 GiB, ${parallel} in flight, HTTPS`,
    isSecure: true,
    files: ONE_GIB,
    parallel,
    clients: ['engine', 'raw node', 'ali-oss', 'curl'],
  })),
  ...[
    { rate: 1000, roundTripMs: 20, sizeBytes: GIB },
    { rate: 1000, roundTripMs: 100, sizeBytes: GIB },
    { rate: 100, roundTripMs: 20, sizeBytes: 128 * MIB },
    { rate: 100, roundTripMs: 100, sizeBytes: 128 * MIB },
  ].map(({ rate, roundTripMs, sizeBytes }) => ({
    ...LARGE,
    id: `line-${rate}-${roundTripMs}`,
    title: `${sizeBytes / MIB} MiB, ${rate} Mbit/s with ${roundTripMs} ms round trip, 3 in flight`,
    files: [{ count: 1, sizeBytes }],
    parallel: 3,
    line: line(roundTripMs, rate),
    clients: ['engine', 'raw node', 'ali-oss'],
  })),
  {
    ...LARGE,
    id: 'loss-5',
    title: '1 GiB, 3 in flight, 20 ms round trip, 5 of 100 requests lose their connection half-way',
    files: ONE_GIB,
    parallel: 3,
    line: line(20, 0, 5),
    clients: ['engine', 'ali-oss'],
  },
  {
    ...LARGE,
    id: 'small-2000',
    title:
      '2,000 files of 4 KiB, 50 ms round trip; the engine with its default limits, peers 8 at a time',
    files: [{ count: 2000, sizeBytes: 4 * KIB }],
    parallel: 8,
    line: line(50, 0),
    clients: ['engine', 'ali-oss', 'raw node'],
  },
  {
    ...LARGE,
    id: 'small-10000',
    title:
      '10,000 files of 4 to 64 KiB, no delay; the engine with its default limits, peers 8 at a time',
    files: [4, 8, 16, 32, 64].map((size) => ({ count: 2000, sizeBytes: size * KIB })),
    parallel: 8,
    clients: ['engine', HOSTED, 'ali-oss', 'raw node'],
  },
  {
    ...LARGE,
    id: 'small-100000',
    title:
      '100,000 files of 4 KiB, no delay; the engine with its default limits, peers 8 at a time',
    files: HUNDRED_THOUSAND,
    parallel: 8,
    clients: ['engine', 'ali-oss'],
  },
  {
    ...LARGE,
    id: 'resume-100000',
    title: 'Resume of 100,000 files of 4 KiB, killed when half of them were there',
    files: HUNDRED_THOUSAND,
    parallel: 8,
    killAfter: 50_000,
    clients: ['engine'],
  },
  {
    ...LARGE,
    id: 'scan-100000',
    title: 'Search of a folder of 100,000 files; nothing is sent',
    files: HUNDRED_THOUSAND,
    parallel: 1,
    clients: ['search', 'readdir and stat'],
  },
  {
    ...LARGE,
    id: 'changed-20000',
    title:
      '20,000 files of 8 KiB of which 1 % changed, 20 ms round trip; checksums of the others remembered',
    files: [{ count: 20_000, sizeBytes: 8 * KIB }],
    parallel: 8,
    line: line(20, 0),
    changedPercent: 1,
    clients: ['engine', 'engine, only what differs'],
  },
  {
    ...LARGE,
    id: 'mixed',
    title:
      'Folder of 500 files of 16 KiB, 50 of 1 MiB and 4 of 64 MiB, 1 Gbit/s with 20 ms round trip',
    files: [
      { count: 500, sizeBytes: 16 * KIB },
      { count: 50, sizeBytes: MIB },
      { count: 4, sizeBytes: 64 * MIB },
    ],
    parallel: 3,
    line: line(20, 1000),
    clients: ['engine', 'ali-oss'],
  },
  ...[1, 10].map((size) => ({
    ...LARGE,
    id: `sparse-${size}`,
    title: `Sparse file of ${size} GiB, 3 in flight`,
    blockSizeBytes: 0,
    files: [{ count: 1, sizeBytes: size * GIB }],
    parallel: 3,
    clients: ['engine'],
  })),
  {
    ...THOUSANDS_OF_PARTS,
    id: 'parts-10000',
    title: '10,000 parts of 100 KB, 3 in flight',
    parallel: 3,
    clients: ['engine', 'engine without checkpoint', 'ali-oss', 'raw node'],
  },
  {
    ...THOUSANDS_OF_PARTS,
    id: 'resume-10000',
    title: 'Resume of 10,000 parts, 9,900 of them there',
    parallel: 3,
    killAfter: 9900,
    clients: ['engine'],
  },
];

/** Lengthens some of the files of a case, or makes them again what they were. */
export async function changeFiles(
  { blockSizeBytes, changedPercent = 0 }: BenchCase,
  files: readonly BenchFile[],
  isLonger: boolean,
): Promise<void> {
  for (const [index, { filePath, sizeBytes }] of files.entries()) {
    if (index % 100 >= changedPercent) continue;
    await writeBlocks(filePath, sizeBytes + (isLonger ? KIB : 0), blockSizeBytes);
  }
}

/** Makes the files of a case under that folder, and tells what they are called as objects. */
export async function makeFiles(folder: string, benchCase: BenchCase): Promise<BenchFile[]> {
  const { blockSizeBytes } = benchCase;
  const files: BenchFile[] = [];
  for (const { count, sizeBytes } of benchCase.files) {
    for (let index = 0; index < count; index++) {
      const key = `${blockSizeBytes}-${sizeBytes}-${count}/${index}.bin`;
      const filePath = path.join(folder, key);
      await writeBlocks(filePath, sizeBytes, blockSizeBytes);
      files.push({ filePath, key, sizeBytes });
    }
  }
  return files;
}
