/**
 * Plays answers that no server should give: every operation, with status, headers and body by
 * chance, carried out or not. Whatever is answered, nothing false may be believed. The seed makes
 * every run again.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TransferManager } from '../../src/engine/index.ts';
import type { TransferNotice, TransferSnapshot, UploadRequest } from '../../src/engine/index.ts';
import { createOss } from '../../src/oss/index.ts';
import type { Oss } from '../../src/oss/index.ts';
import type { Fault, FaultActions, FaultAnswer } from '../oss-server/faults.ts';
import type { OperationName } from '../oss-server/operationNames.ts';
import { startOssServer } from '../oss-server/server.ts';
import type { OssServer } from '../oss-server/server.ts';
import { removeFolder, sha256OfFile, temporaryFolder, writeTestFile } from '../support/files.ts';
import { hastyClock } from '../support/hastyClock.ts';
import { seededRandom } from '../support/random.ts';

const BUCKET = 'fuzz-bucket';
const PART_BYTES = 102_400;
const OURS = { accessKeyId: 'LTAIfuzzOurKey', accessKeySecret: 'fuzzOurSecret' };
const THEIRS = { accessKeyId: 'LTAIfuzzTheirKey', accessKeySecret: 'fuzzTheirSecret' };
/** Somebody who waits stops it then; a window that is closed stops it, too. */
const PATIENCE_MS = 1500;
/** No operation may take longer, with the limits below and all tries. */
const BOUND_MS = 30_000;
/** Runs at the same time, each with a server of its own. More of them would measure one another. */
const LANES = 4;

const OPERATIONS = [
  'putObject',
  'headObject',
  'getObject',
  'initiateMultipartUpload',
  'uploadPart',
  'completeMultipartUpload',
  'abortMultipartUpload',
  'listParts',
  'listMultipartUploads',
] as const satisfies readonly OperationName[];

type Operation = (typeof OPERATIONS)[number];

/** What became of the runs in which an operation was answered so. */
export interface FuzzRow {
  runs: number;
  completed: number;
  waiting: number;
  discarded: number;
}

/** What a campaign counted. All but the rows should be 0. */
export interface FuzzResult {
  readonly seed: number;
  runs: number;
  readonly rows: Map<Operation, FuzzRow>;
  falseCompletions: number;
  foreignUploadsTouched: number;
  partsLeftUnsaid: number;
  throws: number;
  overBound: number;
  /** What a failed run was, with its number; to be played again by `--only`. */
  readonly findings: string[];
}

type Random = () => number;

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

const STATUSES = [
  200, 200, 200, 200, 201, 203, 204, 206, 301, 302, 304, 307, 400, 401, 403, 403, 404, 404, 405,
  407, 408, 409, 411, 412, 413, 416, 418, 429, 500, 502, 503, 504, 511,
] as const;

const CODES = [
  'NoSuchUpload',
  'NoSuchKey',
  'NoSuchBucket',
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'SecurityTokenExpired',
  'FileAlreadyExists',
  'InvalidPart',
  'RequestTimeTooSkewed',
  'InternalError',
  'CallbackFailed',
  'bad\u001b[31mcode\u202e',
  'C'.repeat(100_000),
] as const;

const ROOTS = [
  'InitiateMultipartUploadResult',
  'CompleteMultipartUploadResult',
  'ListPartsResult',
  'ListMultipartUploadsResult',
] as const;

const STRIPPED: NonNullable<FaultActions['answerHeaders']> = {
  'x-oss-request-id': null,
  'x-oss-hash-crc64ecma': null,
  'x-oss-server-time': null,
  'x-oss-version-id': null,
  'x-oss-err': null,
  'x-oss-ec': null,
};

function errorBody(random: Random): string {
  const id = random() < 0.5 ? '<RequestId>5C3D9175B6FC201293AD0000</RequestId>' : '';
  const time = pick(random, ['', '2038-01-19T00:00:00.000Z', '+275760-01-01T00:00:00.000Z']);
  const endpoint = random() < 0.1 ? '<Endpoint>x.evil.com#</Endpoint>' : '';
  const server = time === '' ? '' : `<ServerTime>${time}</ServerTime>`;
  return `<Error><Code>${pick(random, CODES)}</Code><Message>m\u0007</Message>${id}${server}${endpoint}</Error>`;
}

function documentBody(random: Random): string {
  const root = pick(random, ROOTS);
  const inside = pick(random, [
    '',
    '<UploadId>0123456789ABCDEF0123456789ABCDEF</UploadId>',
    '<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>',
    '<IsTruncated>true</IsTruncated><NextKeyMarker>zzz</NextKeyMarker>',
    '<Part><PartNumber>1</PartNumber><Size>102400</Size><ETag>"A"</ETag></Part>',
    '<ETag>"A"</ETag>',
    '<a>'.repeat(2000),
  ]);
  return `<${root}>${inside}</${root}>`;
}

function bodyBy(random: Random): string {
  const whole = pick(random, [
    () => '',
    () => '',
    () => '<html><body>Please log in</body></html>',
    () => '{"ok":true}',
    () => 'OK',
    () => errorBody(random),
    () => errorBody(random),
    () => documentBody(random),
    () => documentBody(random),
    () => '\u0000\u001b]0;title\u0007\u202e',
    () => `<Error><Message>${'m'.repeat(300_000)}</Message></Error>`,
  ])();
  return random() < 0.1 ? whole.slice(0, Math.floor(random() * whole.length)) : whole;
}

function answerBy(random: Random): { answer: FaultAnswer; headers: Record<string, string | null> } {
  const contentType = pick(random, [
    'application/xml',
    'text/html',
    'application/json',
    'text/plain',
  ]);
  const headers: Record<string, string | null> = {
    ...(random() < 0.6 && STRIPPED),
    ...(random() < 0.6 && { etag: pick(random, ['"A"', '', '"0"', 'x'.repeat(500)]) }),
    ...(random() < 0.1 && { 'x-oss-hash-crc64ecma': pick(random, ['0', '1', 'x']) }),
    ...(random() < 0.1 && {
      date: pick(random, ['Thu, 01 Jan 1970 00:00:00 GMT', 'Tue, 19 Jan 2038 03:14:08 GMT', 'x']),
    }),
    ...(random() < 0.1 && { 'retry-after': pick(random, ['0', '1', '-1', 'x', '9'.repeat(30)]) }),
    ...(random() < 0.1 && { 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  };
  return { answer: { status: pick(random, STATUSES), body: bodyBy(random), contentType }, headers };
}

function actionsBy(random: Random): FaultActions {
  const kind = random();
  if (kind < 0.75) {
    const { answer, headers } = answerBy(random);
    const goesOn = random() < 0.05 ? pick(random, ['dripping', 'flowing'] as const) : undefined;
    const carriedOut = random() < 0.5;
    return {
      ...(carriedOut ? { carryOutThen: answer } : { answer }),
      answerHeaders: headers,
      ...(goesOn !== undefined && { answerGoesOn: goesOn }),
    };
  }
  return pick<FaultActions>(random, [
    { carryOutThen: 'reset' },
    { carryOutThen: 'fin' },
    { cut: { by: 'reset', afterBytes: 0 } },
    { cut: { by: 'fin', afterBytes: 50_000 } },
    { neverAnswer: true },
    { carryOutThen: 'neverAnswer' },
    { truncateAnswerAfterBytes: Math.floor(random() * 200) },
    { rawAnswer: 'SSH-2.0-OpenSSH_9.2\r\n' },
    { duplicateAnswer: true },
    { forgetPart: true },
    { flipByteAt: 100 },
    { answerHeaders: STRIPPED },
    { answerHeaders: STRIPPED },
  ]);
}

/** One fault, and the operation it is played at. */
interface Played {
  readonly operation: Operation;
  readonly fault: Fault;
}

function playedBy(random: Random): Played {
  const operation = pick(random, OPERATIONS);
  return {
    operation,
    fault: {
      on: operation,
      accessKeyId: OURS.accessKeyId,
      after: random() < 0.7 ? 0 : Math.floor(random() * 3),
      times: pick(random, [1, 1, 2, 3, 1000]),
      do: actionsBy(random),
    },
  };
}

/**
 * Whether nobody could see through the lie: OSS itself, by its request id or its document, says of an
 * upload that is there that it is not, again and again, or refuses what it does.
 */
function isUndetectable({ operation, fault }: Played): boolean {
  const { carryOutThen } = fault.do;
  if (operation === 'initiateMultipartUpload' && typeof carryOutThen === 'object') {
    const isOfOss =
      fault.do.answerHeaders?.['x-oss-request-id'] !== null ||
      carryOutThen.body?.includes('<RequestId>') === true;
    if (isOfOss && carryOutThen.status >= 400 && carryOutThen.status < 500) return true;
  }
  const isAboutUpload = operation === 'listParts' || operation === 'abortMultipartUpload';
  const text = fault.do.answer?.body ?? '';
  return isAboutUpload && /NoSuch(?:Upload|Bucket)/.test(text) && (fault.times ?? 0) > 1;
}

/** A server, an adapter and a folder, used by one run after the other. */
class Place {
  private constructor(
    readonly folder: string,
    readonly server: OssServer,
    readonly ours: Oss,
    readonly theirs: Oss,
  ) {}

  static async open(): Promise<Place> {
    const folder = await temporaryFolder('fuzz');
    const server = await startOssServer({
      dir: path.join(folder, 'server'),
      buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
      credentials: [{ ...OURS }, { ...THEIRS }],
    });
    const silent = () => undefined;
    const oss = (key: typeof OURS, timeouts = {}) =>
      createOss({
        route: () => ({ endpoint: server.endpoint }),
        credentials: () => Promise.resolve({ kind: 'accessKey', key }),
        log: { debug: silent, info: silent, warn: silent, error: silent },
        timeouts,
      });
    const timeouts = { connectMs: 2000, stallMs: 300, answerMs: 300, wholeAnswerMs: 300 };
    return new Place(folder, server, oss(OURS, timeouts), oss(THEIRS));
  }

  async close(): Promise<void> {
    this.ours.dispose();
    this.theirs.dispose();
    await this.server.close();
    await removeFolder(this.folder);
  }

  /** An upload of that key that another computer is at: two parts are there. */
  async foreignUpload(key: string): Promise<string> {
    const call = { signal: new AbortController().signal };
    const store = await this.theirs.openStore(targetOf(key));
    const { uploadId } = await store.initiateMultipartUpload(key, { forbidOverwrite: false }, call);
    for (const partNumber of [1, 2]) {
      const bytes = Buffer.alloc(1000, partNumber);
      const chunks = (async function* () {
        await Promise.resolve();
        yield bytes;
      })();
      await store.uploadPart(key, uploadId, partNumber, { sizeBytes: 1000, chunks }, {}, call);
    }
    return uploadId;
  }
}

function targetOf(key: string): UploadRequest['target'] {
  return { bucket: BUCKET, key, region: 'cn-hangzhou', profile: '' };
}

/** Plays so many runs, or only that one of them. */
export async function fuzzAnswers(
  runs: number,
  seed: number,
  options: {
    readonly only?: number | undefined;
    readonly onRun?: (runs: number) => void;
    /** Begins no more runs. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<FuzzResult> {
  const result: FuzzResult = {
    seed,
    runs: 0,
    rows: new Map(OPERATIONS.map((name) => [name, emptyRow()])),
    falseCompletions: 0,
    foreignUploadsTouched: 0,
    partsLeftUnsaid: 0,
    throws: 0,
    overBound: 0,
    findings: [],
  };
  let thrown: string | undefined;
  const onThrow = (error: unknown): void => {
    thrown ??= error instanceof Error ? error.stack : JSON.stringify(error);
  };
  process.on('unhandledRejection', onThrow);
  let next = options.only ?? 1;
  const last = options.only ?? runs;
  const lane = async (): Promise<void> => {
    const place = await Place.open();
    try {
      for (let number = next++; number <= last; number = next++) {
        if (options.signal?.aborted === true) break;
        await play(place, number, seed, result);
        if (thrown !== undefined) {
          result.throws++;
          result.findings.push(`run ${number} or one beside it threw: ${thrown}`);
          thrown = undefined;
        }
        options.onRun?.(++result.runs);
      }
    } finally {
      await place.close();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(LANES, last - next + 1) }, lane));
  } finally {
    process.off('unhandledRejection', onThrow);
  }
  return result;
}

function emptyRow(): FuzzRow {
  return { runs: 0, completed: 0, waiting: 0, discarded: 0 };
}

async function play(place: Place, number: number, seed: number, result: FuzzResult): Promise<void> {
  const random = seededRandom(seed * 1_000_003 + number);
  const { server } = place;
  const key = `run-${number}/file.bin`;
  const sizeBytes = pick(random, [0, 1000, PART_BYTES, 3 * PART_BYTES + 5, 5 * PART_BYTES]);
  const filePath = path.join(place.folder, 'source', `${number}.bin`);
  await writeTestFile(filePath, sizeBytes, number);
  if (random() < 0.15) await server.putObject(BUCKET, key, Buffer.from('what was there before'));
  const foreign = random() < 0.3 ? await place.foreignUpload(key) : undefined;
  const played = Array.from({ length: pick(random, [1, 1, 2, 3]) }, () => playedBy(random)).filter(
    (one) => !isUndetectable(one),
  );
  server.faults.push(...played.map(({ fault }) => fault));

  const notices: TransferNotice[] = [];
  const stateDir = path.join(place.folder, `state-${number}`);
  const open = (): TransferManager => {
    const manager = new TransferManager({
      stateDir,
      openStore: place.ours.openStore,
      logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      limits: { concurrency: 6, maxBytesPerSecond: 0 },
      clock: hastyClock,
      random,
    });
    manager.onNotice((notice) => notices.push(notice));
    return manager;
  };
  const request: UploadRequest = {
    filePath,
    target: targetOf(key),
    options: {
      partSizeBytes: PART_BYTES,
      parallel: pick(random, [1, 3]),
      forbidOverwrite: random() < 0.3,
      object: {},
    },
  };
  const startedMs = performance.now();
  const say = (what: string): void => {
    const faults = played.map(({ fault }) => JSON.stringify(fault).slice(0, 600)).join('\n    ');
    result.findings.push(`run ${number}: ${what}\n    ${faults}`);
  };
  let manager = open();
  let state: TransferSnapshot['state'] | 'gone' = 'gone';
  try {
    const { batchId } = await manager.enqueue({
      label: 'fuzz',
      workspacePath: '',
      requests: [request],
    });
    if (batchId === undefined) throw new Error('nobody else holds it');
    await settled(manager, batchId);
    if (random() < 0.2) {
      await manager.shutdown();
      manager = open();
      await manager.refresh();
    }
    const now = (): TransferSnapshot | undefined =>
      manager
        .snapshot()
        .batches.flatMap(({ transfers }) => transfers)
        .find(({ target }) => target.key === key);
    if (random() < 0.3) server.faults.length = 0;
    const stuck = now();
    if (stuck !== undefined && stuck.state !== 'completed' && random() < 0.5) {
      await manager.resume([stuck.batchId]);
      await settled(manager, stuck.batchId);
    }
    if (now()?.error?.kind === 'internal') {
      result.throws++;
      say(`internal: ${now()?.error?.stack ?? ''}`);
    }
    const left = now();
    state = left?.state ?? 'gone';
    if (left !== undefined && left.state !== 'completed') {
      await manager.discard([left.id]);
      state = now()?.state ?? 'gone';
    }
    const isCompleted = state === 'completed' || (left === undefined && state === 'gone');
    if (isCompleted) {
      const object = server.object(BUCKET, key);
      if ((await object?.sha256()) !== (await sha256OfFile(filePath))) {
        result.falseCompletions++;
        say('completed, and the object is another or none');
      }
    }
  } catch (error) {
    result.throws++;
    say(`threw ${String(error)}`);
  } finally {
    await manager.shutdown();
  }
  const tookMs = performance.now() - startedMs;
  if (tookMs > BOUND_MS) {
    result.overBound++;
    say(`took ${Math.round(tookMs)} ms`);
  }
  server.faults.length = 0;
  server.resetConnections();
  while (server.openRequests.length > 0) await delay(1);
  const uploads = server.uploads(BUCKET).filter((upload) => upload.key === key);
  const isThere = uploads.some(({ uploadId }) => uploadId === foreign);
  if (foreign !== undefined && !(isThere && server.parts(foreign).length === 2)) {
    result.foreignUploadsTouched++;
    say('the upload of another computer was touched');
  }
  const ours = uploads.filter(({ uploadId }) => uploadId !== foreign);
  const isSaid = notices.some(({ kind }) => (kind as string) === 'partsLeft');
  const isListed = state !== 'gone' && state !== 'completed';
  if (ours.length > 0 && !isListed && !isSaid) {
    result.partsLeftUnsaid++;
    say(`${ours.length} uploads of ours are left, and nobody was told; it is ${state}`);
  }
  for (const { operation } of played) {
    const row = result.rows.get(operation);
    if (row === undefined) continue;
    row.runs++;
    if (state === 'completed') row.completed++;
    else if (state === 'gone') row.discarded++;
    else row.waiting++;
  }
  for (const { uploadId } of uploads) server.abortUpload(uploadId);
  server.deleteObject(BUCKET, key);
  await rm(stateDir, { recursive: true, force: true });
  await rm(filePath, { force: true });
}

/** Waits for the end, and stops it when that takes too long for somebody who waits. */
async function settled(manager: TransferManager, batchId: string): Promise<void> {
  const over = manager.whenSettled(batchId);
  const patience = new AbortController();
  const impatient = delay(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'over');
  if ((await Promise.race([over, impatient])) === 'late') {
    await manager.pause([batchId]);
    await over;
  }
  patience.abort();
}

function quiet(): void {
  // Nobody reads it.
}
