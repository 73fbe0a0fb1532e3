/**
 * CRC-64 over memory: ours against hash-wasm's createCRC64, in turns, one process, one thread.
 * `npx tsx bench/crc64.mts [chunk KiB, default 256] [MiB per round, default 1024]`
 */
import { randomFillSync } from 'node:crypto';
import { cpus } from 'node:os';
import { createCRC64 } from 'hash-wasm';
import { Crc64 } from '../src/engine/base/crc64';

const ROUNDS = 5;
const chunkKiB = Number(process.argv[2] ?? 256);
const roundMiB = Number(process.argv[3] ?? 1024);
const chunkSizeBytes = chunkKiB * 1024;
const chunks = Math.round((roundMiB * 1024) / chunkKiB);

// A ring of buffers, as a lane has it, so that not every chunk is the one just read.
const ring = Array.from({ length: 4 }, () => randomFillSync(Buffer.alloc(chunkSizeBytes)));
const hashWasm = await createCRC64('c96c5795d7870f42');

interface Contender {
  readonly name: string;
  readonly run: (count: number) => string;
}

function chunkAt(index: number): Buffer {
  return ring[index % ring.length]!;
}

const contenders: readonly [Contender, Contender] = [
  {
    name: 'ours',
    run: (count) => {
      const crc = new Crc64();
      for (let index = 0; index < count; index += 1) crc.update(chunkAt(index));
      return crc.digest().toString(16).padStart(16, '0');
    },
  },
  {
    name: 'hash-wasm',
    run: (count) => {
      hashWasm.init();
      for (let index = 0; index < count; index += 1) hashWasm.update(chunkAt(index));
      return hashWasm.digest('hex');
    },
  },
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** MB/s of one round, and the checksum it came to. */
function measure(contender: Contender): { speed: number; checksum: string } {
  const beganNs = process.hrtime.bigint();
  const checksum = contender.run(chunks);
  const seconds = Number(process.hrtime.bigint() - beganNs) / 1e9;
  return { speed: (chunks * chunkSizeBytes) / seconds / 1e6, checksum };
}

for (const contender of contenders) contender.run(Math.ceil(chunks / 10));

const speeds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
const ratios: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  // Who goes first changes, so that neither always meets the warmer machine.
  const order = round % 2 === 0 ? contenders : contenders.toReversed();
  const results = new Map(order.map((contender) => [contender.name, measure(contender)]));
  const [ours, theirs] = [results.get('ours')!, results.get('hash-wasm')!];
  if (ours.checksum !== theirs.checksum) throw new Error('the checksums differ');
  for (const [name, { speed }] of results) speeds.get(name)!.push(speed);
  ratios.push(ours.speed / theirs.speed);
}

const spread = (values: readonly number[], digits: number): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

console.log(`${cpus()[0]!.model}, Node ${process.version}, ${process.arch}`);
console.log(
  `${roundMiB} MiB in chunks of ${chunkKiB} KiB, ${ROUNDS} rounds in turns, median (spread)`,
);
for (const [name, values] of speeds) console.log(`${name.padEnd(10)} ${spread(values, 0)} MB/s`);
console.log(`ratio      ${spread(ratios, 2)}`);
