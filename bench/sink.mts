/**
 * An OSS that throws the bytes away, as fast as Node allows, as a process of its own:
 *
 *   npx tsx bench/sink.mts [--host ADDRESS] [--https]
 *
 * Prints `{"endpoint":...}` when it is ready and ends with its standard input. `POST /-/begin` with a
 * {@link SinkSettings} forgets everything and counts anew; `GET /-/stats` answers {@link SinkStats}.
 *
 * The checksum of a part costs nothing here: every file of the bench is one block of bytes, repeated,
 * and every part begins where a block begins. So what OSS would compute from the bytes follows from
 * the size alone, and the clients' own comparison stays a real one.
 *
 * The line is played as it looks from the client. A new connection costs a round trip (two with TLS)
 * before anything is read; of every request the first byte is read half a round trip late, and the
 * answer leaves half a round trip after the last byte. Bytes are taken at the bandwidth that all
 * connections share.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { parseArgs } from 'node:util';
import { combineCrc64, crc64Of, formatCrc64 } from '../src/engine/base/crc64';
import { blockBytes } from './content';

/** How the sink behaves during one run. */
export interface SinkSettings {
  /** Size of the block the files are made of; 0 is a file of zeros. */
  readonly blockSizeBytes: number;
  readonly roundTripMs: number;
  /** Over all connections; 0 is no limit. */
  readonly bytesPerSecond: number;
  /** Of 100 requests with a body, so many lose their connection half-way. */
  readonly lossPercent: number;
  /** Says 0 for every checksum: the client was built without it. */
  readonly isUnchecked: boolean;
}

/** What was counted since the last begin. */
export interface SinkStats {
  readonly requests: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Objects that are complete. */
  readonly objects: number;
}

const READ_BUFFER_BYTES = 1024 * 1024;
const ZERO_BLOCK_BYTES = 1024 * 1024;
const PAGE_SIZE = 1000;
const HEAD_END = Buffer.from('\r\n\r\n');

interface Upload {
  /** Sizes by part number. */
  readonly parts: Map<number, number>;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly sizeBytes: number;
}

let settings: SinkSettings = {
  blockSizeBytes: 0,
  roundTripMs: 0,
  bytesPerSecond: 0,
  lossPercent: 0,
  isUnchecked: false,
};
let counts = { requests: 0, bodyBytes: 0, connections: 0, objects: 0 };
let block: Buffer = Buffer.alloc(ZERO_BLOCK_BYTES);
let freeAtMs = 0;
let uploads = new Map<string, Upload>();
let nextUpload = 1;
/** Sizes of what PutObject has stored, by key; in a listing an ETag is the MD5 of so many bytes. */
let objects = new Map<string, number>();
let sortedKeys: string[] | undefined;
const md5s = new Map<number, string>();
const checksums = new Map<number, bigint>();

function begin(next: SinkSettings): void {
  settings = next;
  counts = { requests: 0, bodyBytes: 0, connections: 0, objects: 0 };
  block =
    next.blockSizeBytes === 0 ? Buffer.alloc(ZERO_BLOCK_BYTES) : blockBytes(next.blockSizeBytes);
  checksums.clear();
  md5s.clear();
  sortedKeys = undefined;
  freeAtMs = 0;
}

/** CRC-64 of so many bytes from the begin of a block on. */
function checksumOf(sizeBytes: number): bigint {
  if (settings.isUnchecked) return 0n;
  let known = checksums.get(sizeBytes);
  if (known === undefined) {
    known = 0n;
    const whole = crc64Of(block);
    for (let left = sizeBytes; left > 0; left -= block.length) {
      const size = Math.min(left, block.length);
      const crc = size === block.length ? whole : crc64Of(block.subarray(0, size));
      known = combineCrc64(known, crc, size);
    }
    checksums.set(sizeBytes, known);
  }
  return known;
}

/** How long to wait before so many bytes have come over the line. */
function lineDelayMs(sizeBytes: number): number {
  if (settings.bytesPerSecond === 0) return 0;
  const now = performance.now();
  freeAtMs = Math.max(freeAtMs, now) + (sizeBytes / settings.bytesPerSecond) * 1000;
  return freeAtMs - now;
}

function answerTo({ method, path: key, query, sizeBytes }: Request): string {
  const uploadId = query.get('uploadId');
  if (key === '/-/stats') return reply(JSON.stringify(counts satisfies SinkStats));
  counts.requests++;
  counts.bodyBytes += sizeBytes;
  if (method === 'POST' && query.has('uploads')) {
    const id = `SINK${String(nextUpload++).padStart(28, '0')}`;
    uploads.set(id, { parts: new Map() });
    return reply(
      `<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  const upload = uploadId === null ? undefined : uploads.get(uploadId);
  if (uploadId !== null && upload === undefined) {
    return reply(
      '<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>',
      '404 Not Found',
    );
  }
  if (method === 'PUT') {
    const partNumber = Number(query.get('partNumber') ?? 0);
    if (upload === undefined) {
      counts.objects++;
      objects.set(keyOf(key), sizeBytes);
    } else upload.parts.set(partNumber, sizeBytes);
    return reply('', '200 OK', checksumOf(sizeBytes), partNumber);
  }
  if (method === 'POST' && uploadId !== null && upload !== undefined) {
    const parts = [...upload.parts].sort(([left], [right]) => left - right);
    const crc64 = parts.reduce((sum, [, size]) => combineCrc64(sum, checksumOf(size), size), 0n);
    uploads.delete(uploadId);
    counts.objects++;
    const xml = `<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>"${etagOf(0)}"</ETag></CompleteMultipartUploadResult>`;
    return reply(xml, '200 OK', crc64);
  }
  if (method === 'GET' && upload !== undefined) {
    return reply(listedParts(upload, Number(query.get('part-number-marker') ?? 0)));
  }
  if (method === 'DELETE' && uploadId !== null) {
    uploads.delete(uploadId);
    return reply('', '204 No Content');
  }
  if (query.get('list-type') === '2') {
    return reply(listedObjects(query.get('prefix') ?? '', query.get('start-after') ?? ''));
  }
  if (method === 'HEAD') return reply('', '404 Not Found');
  return reply(
    '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>',
  );
}

function listedParts({ parts }: Upload, marker: number): string {
  const rest = [...parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = rest.slice(0, PAGE_SIZE);
  const lines = page.map(
    ([number, size]) =>
      `<Part><PartNumber>${number}</PartNumber><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"${etagOf(number)}"</ETag><HashCrc64ecma>${formatCrc64(checksumOf(size))}</HashCrc64ecma><Size>${size}</Size></Part>`,
  );
  const next = page.at(-1)?.[0] ?? 0;
  return `<?xml version="1.0"?><ListPartsResult><PartNumberMarker>${marker}</PartNumberMarker><NextPartNumberMarker>${next}</NextPartNumberMarker><IsTruncated>${rest.length > PAGE_SIZE}</IsTruncated>${lines.join('')}</ListPartsResult>`;
}

/** Of a path in path style: behind the bucket. */
function keyOf(path: string): string {
  return decodeURIComponent(path.slice(path.indexOf('/', 1) + 1));
}

function listedObjects(prefix: string, startAfter: string): string {
  sortedKeys ??= [...objects.keys()].sort();
  const rest = sortedKeys.filter((key) => key > startAfter && key.startsWith(prefix));
  const lines = rest.slice(0, PAGE_SIZE).map((key) => {
    const size = objects.get(key) ?? 0;
    return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"${md5Of(size)}"</ETag><Type>Normal</Type><Size>${size}</Size><StorageClass>Standard</StorageClass></Contents>`;
  });
  return `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${rest.length > PAGE_SIZE}</IsTruncated>${lines.join('')}</ListBucketResult>`;
}

/** MD5 of so many bytes from the begin of a block on. */
function md5Of(sizeBytes: number): string {
  let known = md5s.get(sizeBytes);
  if (known === undefined) {
    const md5 = createHash('md5');
    for (let left = sizeBytes; left > 0; left -= block.length) {
      md5.update(block.subarray(0, Math.min(left, block.length)));
    }
    known = md5.digest('hex').toUpperCase();
    md5s.set(sizeBytes, known);
  }
  return known;
}

function etagOf(partNumber: number): string {
  return partNumber.toString(16).toUpperCase().padStart(32, '0');
}

function reply(body: string, status = '200 OK', crc64?: bigint, partNumber = 0): string {
  const checksum = crc64 === undefined ? '' : `x-oss-hash-crc64ecma: ${formatCrc64(crc64)}\r\n`;
  return `HTTP/1.1 ${status}\r\nServer: sink\r\nx-oss-request-id: ${counts.requests}\r\nETag: "${etagOf(partNumber)}"\r\n${checksum}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: keep-alive\r\n\r\n${body}`;
}

interface Head extends Request {
  readonly expectsContinue: boolean;
  /** The size is told chunk by chunk, as the vendor's C++ SDK does. */
  readonly isChunked: boolean;
}

function parseHead(head: string): Head {
  const [, method = '', target = ''] = /^(\S+) (\S+)/.exec(head) ?? [];
  const sizeBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const url = new URL(target, 'http://sink');
  const expectsContinue = /\r\nexpect: *100-continue/i.test(head);
  const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  const { pathname, searchParams } = url;
  return { method, path: pathname, query: searchParams, sizeBytes, expectsContinue, isChunked };
}

/** Counts the bytes of a body that comes in chunks (RFC 9112, 7.1) without trailers. */
class ChunkedBody {
  sizeBytes = 0;
  isOver = false;
  private leftBytes = 0;
  private line = '';
  private isLast = false;

  /** Reads on, and returns what comes after the body. */
  read(bytes: Buffer): Buffer {
    let position = 0;
    while (position < bytes.length && !this.isOver) {
      if (this.leftBytes > 0) {
        const size = Math.min(this.leftBytes, bytes.length - position);
        this.leftBytes -= size;
        this.sizeBytes += size;
        position += size;
      } else {
        this.readLine(String.fromCharCode(bytes[position++]!));
      }
    }
    return bytes.subarray(position);
  }

  private readLine(letter: string): void {
    if (letter !== '\n') {
      this.line += letter;
      return;
    }
    const text = this.line.trim();
    this.line = '';
    // An empty line ends the bytes of a chunk, and after a chunk of no bytes the body.
    if (text === '') this.isOver = this.isLast;
    else this.leftBytes = parseInt(text, 16);
    this.isLast = text === '0';
  }
}

/** One connection: reads heads, counts bodies down, answers. */
class Connection {
  private head = Buffer.alloc(0);
  private request: Request | undefined;
  private leftBytes = 0;
  private chunked: ChunkedBody | undefined;
  private breaksAtBytes = -1;
  private control: Buffer[] = [];
  /** What came while the line is waited for. */
  private held: Buffer[] = [];
  private isWaiting = false;

  constructor(
    private readonly socket: net.Socket,
    roundTrips: number,
  ) {
    counts.connections++;
    socket.setNoDelay();
    socket.on('error', () => socket.destroy());
    if (settings.roundTripMs > 0) this.wait(roundTrips * settings.roundTripMs);
  }

  /** False when the bytes were copied and no more are wanted for now. */
  take(bytes: Buffer): boolean {
    if (this.isWaiting) {
      // The read buffer is used again; what comes while waiting is at most one read of it.
      this.held.push(Buffer.from(bytes));
      return false;
    }
    this.work(bytes);
    return !this.isWaiting;
  }

  private work(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.isWaiting) {
      rest = this.request === undefined ? this.readHead(rest) : this.readBody(rest);
    }
    if (rest.length > 0) this.held.unshift(Buffer.from(rest));
  }

  private readHead(bytes: Buffer): Buffer {
    const all = this.head.length === 0 ? bytes : Buffer.concat([this.head, bytes]);
    const end = all.indexOf(HEAD_END);
    if (end < 0) {
      this.head = Buffer.from(all);
      return Buffer.alloc(0);
    }
    this.head = Buffer.alloc(0);
    const request = parseHead(all.toString('latin1', 0, end + 2));
    this.request = request;
    this.leftBytes = request.sizeBytes;
    this.chunked = request.isChunked ? new ChunkedBody() : undefined;
    const mayBeLost = this.leftBytes > 0 && !isControl(request);
    const isLost = mayBeLost && Math.random() * 100 < settings.lossPercent;
    this.breaksAtBytes = isLost ? Math.floor(this.leftBytes / 2) : -1;
    if (request.expectsContinue) this.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    const rest = all.subarray(end + HEAD_END.length);
    if (settings.roundTripMs > 0 && !isControl(request)) this.wait(settings.roundTripMs / 2);
    if (this.leftBytes === 0 && !request.isChunked) this.answer();
    return rest;
  }

  private readBody(bytes: Buffer): Buffer {
    const request = this.request!;
    if (this.chunked !== undefined) return this.readChunks(request, this.chunked, bytes);
    const size = Math.min(bytes.length, this.leftBytes);
    if (isControl(request)) this.control.push(Buffer.from(bytes.subarray(0, size)));
    this.leftBytes -= size;
    if (this.leftBytes < this.breaksAtBytes) {
      this.socket.destroy();
      return Buffer.alloc(0);
    }
    const delayMs = isControl(request) ? 0 : lineDelayMs(size);
    // Timers are no finer than a millisecond; what is waited too long is not owed twice.
    if (delayMs > 2) this.wait(delayMs);
    if (this.leftBytes === 0) this.answer();
    return bytes.subarray(size);
  }

  private readChunks(request: Request, body: ChunkedBody, bytes: Buffer): Buffer {
    const before = body.sizeBytes;
    const rest = body.read(bytes);
    const delayMs = lineDelayMs(body.sizeBytes - before);
    if (delayMs > 2) this.wait(delayMs);
    if (body.isOver) {
      this.request = { ...request, sizeBytes: body.sizeBytes };
      this.answer();
    }
    return rest;
  }

  private answer(): void {
    const request = this.request!;
    this.request = undefined;
    if (request.path === '/-/begin') {
      begin(JSON.parse(Buffer.concat(this.control).toString()) as SinkSettings);
      this.control = [];
      if (!request.query.has('keep')) {
        uploads = new Map<string, Upload>();
        objects = new Map<string, number>();
      }
      this.socket.write(reply('{}'));
      return;
    }
    const lateMs = isControl(request) ? 0 : this.lateMs() + settings.roundTripMs / 2;
    const text = answerTo(request);
    if (lateMs === 0) this.socket.write(text);
    else setTimeout(() => this.socket.write(text), lateMs);
  }

  private untilMs = 0;

  private lateMs(): number {
    return this.isWaiting ? Math.max(0, this.untilMs - performance.now()) : 0;
  }

  private wait(delayMs: number): void {
    this.untilMs = Math.max(this.untilMs, performance.now()) + delayMs;
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.socket.pause();
    const go = (): void => {
      const leftMs = this.untilMs - performance.now();
      if (leftMs > 0.5) {
        setTimeout(go, leftMs);
        return;
      }
      this.isWaiting = false;
      const held = this.held;
      this.held = [];
      // One of them may make us wait again; the others are then held again, in their order.
      held.forEach((bytes) => this.take(bytes));
      this.resumeUnlessWaiting();
    };
    setTimeout(go, delayMs);
  }

  private resumeUnlessWaiting(): void {
    if (!this.isWaiting) this.socket.resume();
  }
}

function isControl(request: Request): boolean {
  return request.path.startsWith('/-/');
}

interface Handle {
  reading: boolean;
}

/**
 * Reads all connections into one buffer, because what is read is only counted. A server has no option
 * for it: the handle it accepted is given to a socket that has one.
 */
function serveHttp(): net.Server {
  const buffer = Buffer.alloc(READ_BUFFER_BYTES);
  return net.createServer({ pauseOnConnect: true }, (accepted) => {
    const holder = accepted as unknown as { _handle: Handle | null };
    const handle = holder._handle!;
    holder._handle = null;
    const options = {
      handle,
      onread: {
        buffer,
        callback: (sizeBytes: number): boolean => {
          connection.take(buffer.subarray(0, sizeBytes));
          return true;
        },
      },
    };
    const socket = new net.Socket(options);
    const connection = new Connection(socket, 1);
    socket.resume();
  });
}

function serveHttps(): net.Server {
  const folder = path.join(import.meta.dirname, '../test/oss-server/tls');
  const [cert, key] = ['good.pem', 'good.key'].map((name) => readFileSync(path.join(folder, name)));
  return tls.createServer({ cert, key }, (socket) => {
    const connection = new Connection(socket, 2);
    socket.on('data', (bytes: Buffer) => connection.take(bytes));
  });
}

const { values } = parseArgs({
  options: { host: { type: 'string', default: '127.0.0.1' }, https: { type: 'boolean' } },
});
const server = values.https === true ? serveHttps() : serveHttp();
server.listen(0, values.host, () => {
  const { port } = server.address() as net.AddressInfo;
  const scheme = values.https === true ? 'https' : 'http';
  console.log(JSON.stringify({ endpoint: `${scheme}://${values.host}:${port}` }));
});
process.stdin.resume();
process.stdin.on('end', () => process.exit());
