import { Crc64 } from '../base/crc64';
import { UploadError } from '../contract/errors';
import { assertStored, provesPart } from './integrity';
import type { LaneKind } from '../limits/lanes';
import type { Part } from '../file/partPlan';
import { runParallel } from '../base/runParallel';
import type { RequestBody } from '../contract/ports';
import { recordPart } from './uploadContext';
import type { OpenUpload, SourceContext } from './uploadContext';
import type { SendingLane } from './uploadMonitor';

/** A request that carries a range of the file. */
export type BodyRequest<T> = (body: RequestBody, crc: Crc64, lane: SendingLane) => Promise<T>;

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

async function sendPart(
  context: SourceContext,
  { uploadId, journal, accepted }: OpenUpload,
  part: Part,
  signal: AbortSignal,
): Promise<void> {
  const { job, environment, store, requests, source } = context;
  const { partNumber, offset, sizeBytes } = part;
  const { key } = job.target;
  const what = `part ${partNumber} of ${key}`;
  try {
    await requests.send(what, signal, () =>
      inLane(context, 'part', part, signal, async (body, crc, lane) => {
        const { object } = job.options;
        const receipt = await store.uploadPart(key, uploadId, partNumber, body, object, { signal });
        const { etag } = receipt;
        const listed = { partNumber, sizeBytes, etag };
        const theirs =
          receipt.crc64 ??
          (await provesPart(listed, source, offset, environment.pools.usual, signal));
        assertStored(theirs, crc.digest(), what);
        const record = { partNumber, sizeBytes, etag, crc64: crc.digest() };
        await recordPart(context, journal, record);
        accepted.set(partNumber, record);
        lane.confirm();
      }),
    );
    requests.refill();
  } catch (error) {
    throw UploadError.is(error) ? error.with({ partNumber, uploadId }) : error;
  }
}

/**
 * Runs one try of a request with a body, inside the limits that hold over all transfers.
 * `beforeLast` has the checksum of the whole body and may still keep it from being complete.
 */
export async function inLane<T>(
  { environment, job, monitor, source }: SourceContext,
  kind: LaneKind,
  { offset, sizeBytes }: Part,
  signal: AbortSignal,
  request: BodyRequest<T>,
  beforeLast?: (crc: Crc64) => Promise<void>,
): Promise<T> {
  const { lanes, limiter, pools } = environment;
  const pool = kind === 'part' ? pools.forParts(job.options.parallel) : pools.usual;
  return lanes.run(kind, signal, async () => {
    const crc = new Crc64();
    const lane = monitor.startLane(sizeBytes);
    const chunks = source.read(offset, sizeBytes, pool, crc, {
      beforeChunk: (chunkBytes) => limiter.take(chunkBytes, signal),
      chunkBytes: () => limiter.chunkBytes,
      ...(beforeLast !== undefined && { beforeLast: () => beforeLast(crc) }),
      onTaken: (chunkBytes) => {
        lane.add(chunkBytes);
      },
    });
    try {
      return await request({ sizeBytes, chunks }, crc, lane);
    } finally {
      lane.end();
      await chunks.return();
    }
  });
}
