/**
 * Our engine with the real adapter, bundled as it ships. Uploads what it is given, or goes on with
 * what an earlier process has left in the folder of checkpoints.
 */
import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { RequestList, TransferManager, compareContent, findExisting } from '../../src/engine/index';
import type { ObjectStore, OpenStore, UploadRequest, UploadTarget } from '../../src/engine/index';
import { createOss } from '../../src/oss/index';
import type { BenchTask } from '../task';
import { measure } from './measure';

function ignore(): void {
  // Nobody reads it.
}

/** Moments of one upload, by the number of the part that was accepted. */
interface Moment {
  readonly wallMs: number;
  readonly cpuMs: number;
}

function now(): Moment {
  const { user, system } = process.cpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}

/** What is counted on the way: it has to cost nothing beside what it counts. */
class Counter {
  readonly begin = now();
  firstPart: Moment | undefined;
  partsAccepted = 0;
  filesAccepted = 0;
  readonly every1000: Moment[] = [this.begin];
  checkpointBytes = 0;

  constructor(private readonly killAfter: number) {}

  store(store: ObjectStore): ObjectStore {
    const uploadPart: ObjectStore['uploadPart'] = async (...args) => {
      this.firstPart ??= now();
      const receipt = await store.uploadPart(...args);
      this.partsAccepted++;
      if (this.partsAccepted % 1000 === 0) this.every1000.push(now());
      this.accepted();
      return receipt;
    };
    const putObject: ObjectStore['putObject'] = async (...args) => {
      this.firstPart ??= now();
      const stored = await store.putObject(...args);
      this.filesAccepted++;
      this.accepted();
      return stored;
    };
    const counted: Partial<ObjectStore> = { uploadPart, putObject };
    return new Proxy(store, {
      get: (object, name): unknown => {
        if (name in counted) return Reflect.get(counted, name);
        const member: unknown = Reflect.get(object, name);
        return typeof member === 'function' ? member.bind(object) : member;
      },
    });
  }

  private accepted(): void {
    if (this.partsAccepted + this.filesAccepted === this.killAfter) {
      process.kill(process.pid, 'SIGKILL');
    }
  }

  /** The same calls, with the bytes written counted. */
  readonly open: typeof open = async (...args) => {
    const handle = await open(...args);
    const write = handle.write.bind(handle) as (...args: unknown[]) => Promise<unknown>;
    const writeFile = handle.writeFile.bind(handle);
    return Object.assign(handle, {
      write: (buffer: Buffer, ...rest: unknown[]) => {
        this.checkpointBytes += buffer.length;
        return write(buffer, ...rest);
      },
      writeFile: (bytes: Buffer) => {
        this.checkpointBytes += bytes.length;
        return writeFile(bytes);
      },
    });
  };

  figures(): Record<string, number> {
    const { begin, firstPart, every1000, checkpointBytes } = this;
    const figures: Record<string, number> = { checkpointBytes };
    if (firstPart !== undefined) {
      figures['firstPartCpuMs'] = firstPart.cpuMs - begin.cpuMs;
      figures['firstPartWallMs'] = firstPart.wallMs - begin.wallMs;
    }
    every1000.slice(1).forEach(({ cpuMs, wallMs }, index) => {
      figures[`cpuMsOfThousand${index + 1}`] = cpuMs - (every1000[index]?.cpuMs ?? 0);
      figures[`wallMsOfThousand${index + 1}`] = wallMs - (every1000[index]?.wallMs ?? 0);
    });
    return figures;
  }
}

/** What is asked for, as the extension holds it while it is sent. */
let all = new RequestList();

/** As a search has found them, which the case scan-100000 measures: no object is left of a file. */
function keepRequests(task: BenchTask): BenchTask {
  const { bucket, files, parallel, partSizeBytes } = task;
  const options = { partSizeBytes, parallel, forbidOverwrite: false, object: {} };
  all = new RequestList();
  for (const { filePath, key, sizeBytes } of files) {
    const target = { bucket, key, region: 'cn-hangzhou', profile: '' };
    all.push({ filePath, realPath: filePath, sizeBytes, target, options });
  }
  return { ...task, files: [] };
}

async function upload(task: BenchTask): Promise<Record<string, number>> {
  const { endpoint, concurrency, killAfter } = task;
  const counter = new Counter(killAfter);
  const key = { accessKeyId: 'LTAIbench', accessKeySecret: 'benchSecret' };
  const oss = createOss({
    route: () => ({ endpoint }),
    credentials: () => Promise.resolve({ kind: 'accessKey', key }),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    ...(task.caFile !== '' && { ca: readFileSync(task.caFile, 'utf8') }),
  });
  const transfers = new TransferManager({
    stateDir: task.stateDir,
    logger: { debug: ignore, info: ignore, warn: ignore, error: console.error },
    limits: { concurrency, maxBytesPerSecond: 0 },
    openStore: async (target: UploadTarget) => counter.store(await oss.openStore(target)),
    files: { mkdir, rename, open: counter.open },
  });
  // As the progress notification and the view do: they look whenever there is something to see.
  transfers.onDidChange(() => transfers.snapshot());
  await transfers.refresh();
  const left = transfers.snapshot().batches.map(({ id }) => id);
  if (left.length > 0) {
    await transfers.resume(left);
  } else {
    const { checksumFolder } = task;
    const requests =
      checksumFolder === '' ? all : await differing([...all], oss.openStore, checksumFolder);
    if (requests.length > 0)
      await transfers.enqueue({ label: 'bench', workspacePath: '', requests });
  }
  const ends = transfers.snapshot().batches.map(({ id }) => transfers.whenSettled(id));
  for (const { files: settled } of await Promise.all(ends)) {
    if (settled.counts.completed < settled.length) throw new Error('not all is completed');
  }
  await transfers.shutdown();
  oss.dispose();
  return counter.figures();
}

/** What "Upload Only What Differs from OSS" sends. */
async function differing(
  requests: readonly UploadRequest[],
  openStore: OpenStore,
  checksumFolder: string,
): Promise<readonly UploadRequest[]> {
  const logger = { debug: ignore, info: ignore, warn: console.error, error: console.error };
  const options = { openStore, logger, checksumFolder };
  const { signal } = new AbortController();
  const existing = await findExisting(options, requests, signal);
  const compared = await compareContent(options, existing, { isExact: false }, signal);
  const equal = new Set(
    existing.flatMap((one) => (compared.get(one)?.verdict === 'equal' ? [one.request] : [])),
  );
  return requests.filter((request) => !equal.has(request));
}

void measure(upload, keepRequests);
