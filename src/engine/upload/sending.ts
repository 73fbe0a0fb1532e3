import { Crc64 } from '../base/crc64';
import { UploadError } from '../contract/errors';
import { assertStored, provesPart } from './integrity';
import { sameEtag } from './reconcile';
import type { LaneKind } from '../limits/lanes';
import type { Part } from '../file/partPlan';
import { runParallel } from '../base/runParallel';
import type { RequestBody } from '../contract/ports';
import { recordPart } from './uploadContext';
import type { OpenUpload, SourceContext } from './uploadContext';

/**
 * Sends these parts, `parallel` at a time; the first failure that does not heal stops all. A part is
 * recorded as soon as OSS has accepted it and says the CRC-64 that was computed here.
 */
export async function sendParts(
  context: SourceContext,
  upload: OpenUpload,
  signal: AbortSignal,
): Promise<void> {
  const { job, monitor } = context;
  monitor.enter('uploading');
  await runParallel(upload.toSend, job.options.parallel, signal, (part, stop) =>
    sendPart(context, upload, part, stop),
  );
}

/** Sends one part until OSS has it, and records it. */
async function sendPart(
  context: SourceContext,
  upload: OpenUpload,
  part: Part,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, store, requests, budget, source } = context;
  const { partNumber, offset, sizeBytes } = part;
  const { uploadId, accepted } = upload;
  const { key } = job.target;
  const what = `part ${partNumber} of ${key}`;
  try {
    await requests.send(what, signal, async () => {
      const lane = await openLane(context, 'part', part, signal);
      try {
        const { object } = job.options;
        const call = { signal };
        const receipt = await store.uploadPart(key, uploadId, partNumber, lane.body, object, call);
        const { etag } = receipt;
        const listed = { partNumber, sizeBytes, etag };
        const theirs =
          receipt.crc64 ??
          (await provesPart(listed, source, offset, environment.pools.usual, signal)) ??
          (await listedCrc64(context, uploadId, listed, signal));
        const crc64 = lane.crc.digest();
        assertStored(theirs, crc64, what);
        const record = { partNumber, sizeBytes, etag, crc64 };
        await recordPart(context, upload, record);
        accepted.set(partNumber, record);
        lane.confirm();
      } finally {
        await lane.close();
      }
    });
    budget.refill();
  } catch (error) {
    throw UploadError.is(error) ? error.with({ partNumber, uploadId }) : error;
  }
}

/**
 * The CRC-64 of a part as ListParts tells it in its body, where something on the way strips that of
 * headers and the ETag is no MD5, as in a bucket with KMS.
 */
async function listedCrc64(
  { job, store }: SourceContext,
  uploadId: string,
  { partNumber, etag }: { readonly partNumber: number; readonly etag: string },
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const listed = await store.listParts(job.target.key, uploadId, { signal });
  const found = listed.find((part) => part.partNumber === partNumber);
  return found !== undefined && sameEtag(found.etag, etag) ? found.crc64 : undefined;
}

/** One try of a request with a body, inside the limits that hold over all transfers. */
export interface BodyLane {
  readonly body: RequestBody;
  /** Of what was read of the body so far. */
  readonly crc: Crc64;
  /** The part is accepted and recorded. */
  readonly confirm: () => void;
  /** The request is over: the file is not read any more, and the lane is free. */
  readonly close: () => Promise<void>;
}

/**
 * Waits for a lane, and opens a range of the file to be sent in it. `beforeLast` has the checksum of
 * the whole body and may still keep it from being complete.
 */
export async function openLane(
  { environment, job, monitor, source }: SourceContext,
  kind: LaneKind,
  { offset, sizeBytes }: Part,
  signal: AbortSignal,
  beforeLast?: (crc: Crc64) => Promise<void>,
): Promise<BodyLane> {
  const { lanes, limiter, pools } = environment;
  const pool = kind === 'part' ? pools.forParts(job.options.parallel) : pools.usual;
  const leave = await lanes.enter(kind, signal);
  const crc = new Crc64();
  const { add, confirm, end } = monitor.startLane(sizeBytes);
  const chunks = source.read(offset, sizeBytes, pool, crc, {
    beforeChunk: (chunkBytes) => limiter.take(chunkBytes, signal),
    chunkBytes: () => limiter.chunkBytes,
    ...(beforeLast !== undefined && { beforeLast: () => beforeLast(crc) }),
    onTaken: add,
  });
  return {
    body: { sizeBytes, chunks },
    crc,
    confirm,
    close: async () => {
      end();
      await chunks.return().finally(leave);
    },
  };
}
