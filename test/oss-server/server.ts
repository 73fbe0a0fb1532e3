import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { identify, type Identity, type OssCredential } from './authentication.ts';
import { bucketOperations } from './bucketOperations.ts';
import { OssError, accessDenied, invalidArgument, noSuchBucket } from './error.ts';
import { ConnectionEnded, Exchange, cutSocket } from './exchange.ts';
import {
  FaultCounter,
  type Fault,
  type FaultActions,
  type FaultAnswer,
  type MatchedRequest,
} from './faults.ts';
import { Holds, type Hold, type HoldOptions } from './holds.ts';
import { multipartOperations } from './multipartOperations.ts';
import { newVersion, objectOperations } from './objectOperations.ts';
import type { Operation, OperationContext, OssAnswer } from './operation.ts';
import {
  isDefaultPublicDomain,
  possibleAddresses,
  servedHost,
  type PrivateCloud,
  type ServedHost,
} from './hosts.ts';
import { isDataOperation, operationOf, type OperationName } from './operationNames.ts';
import { OperationsLog, type OperationRecord } from './operationsLog.ts';
import { propertyHeaders } from './properties.ts';
import { parseRequest, type OssRequest } from './request.ts';
import { OssStorage, type BucketRecord, type StoredPart, type StoredUpload } from './storage.ts';

/** Certificates under `test/oss-server/tls`, for tests of what a client says about bad ones. */
export type Certificate = 'good' | 'expired' | 'wrongHost' | 'selfSigned';

/**
 * A bucket that exists when the server has started; what is given here replaces what an earlier
 * server left. Region left out: the server's.
 */
export type BucketOptions = Pick<BucketRecord, 'name'> & {
  readonly [Field in keyof Omit<BucketRecord, 'name' | 'createdMs'>]?:
    BucketRecord[Field] | undefined;
};

/** The account that owns the buckets. */
export interface AccountOptions {
  /**
   * When it activated OSS. `v4Only`, since 2025-03-01: V1 signatures are refused. `since2025`, since
   * 2025-03-20: data operations at the default public domain of a region of the mainland, too.
   */
  readonly kind?: 'before2025' | 'v4Only' | 'since2025' | undefined;
  /**
   * Whether ListObjects and ListMultipartUploads are refused with the data operations, which no
   * document says. Left out: they are.
   */
  readonly listingsAreData?: boolean | undefined;
}

/** How to start a server. */
export interface OssServerOptions {
  /** Folder of the data: new, empty or left by an earlier server, which then goes on. */
  readonly dir: string;
  /** Loopback address to listen on; left out: 127.0.0.1. */
  readonly host?: string | undefined;
  /** Left out: a free one. */
  readonly port?: number | undefined;
  /** Speaks TLS, with a certificate of the test CA or a bad one. */
  readonly https?: boolean | Certificate | undefined;
  /** Region of new buckets when neither host name nor signature tells it; left out: cn-hangzhou. */
  readonly region?: string | undefined;
  readonly buckets?: readonly BucketOptions[] | undefined;
  /** Names of buckets that belong to somebody else. */
  readonly foreignBuckets?: readonly string[] | undefined;
  readonly credentials?: OssCredential[] | undefined;
  readonly account?: AccountOptions | undefined;
  readonly privateClouds?: readonly PrivateCloud[] | undefined;
  /**
   * Requests with `x-oss-forbid-overwrite` that are carried out in a second; the others are told
   * 503. Left out: all. The service asks for a ticket above 100.
   */
  readonly guardedRequestsPerSecond?: number | undefined;
  /** Lets everybody do everything without a signature. Signatures that come are still verified. */
  readonly anonymous?: boolean | undefined;
  readonly faults?: Fault[] | undefined;
  /** Clock of the server; left out: the system's. */
  readonly now?: (() => number) | undefined;
  /** File that gets every operation as a line of JSON. */
  readonly operationsFile?: string | undefined;
  /** How long an idle connection is kept; left out: 30 s. */
  readonly keepAliveTimeoutMs?: number | undefined;
  /**
   * What becomes of a body that is not read because its request is refused: it is read and thrown
   * away, or the connection is closed. Both happen in the wild. Left out: `drain`.
   */
  readonly unreadBody?: 'drain' | 'close' | undefined;
}

/** An object as it is stored. */
export interface ServedObject {
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** Unsigned decimal. */
  readonly crc64: string;
  /** Metadata, class, encryption and kept headers, as HEAD shows them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly acl: string;
  readonly tags: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes on disk, lower-case hex. */
  sha256(): Promise<string>;
  /** The bytes on disk. */
  bytes(): Promise<Buffer>;
}

const operations: Readonly<Partial<Record<OperationName, Operation>>> = {
  ...bucketOperations,
  ...objectOperations,
  ...multipartOperations,
};

const publicReads: ReadonlySet<OperationName> = new Set([
  'getObject',
  'headObject',
  'getObjectMeta',
] as const);

const defaultRegion = 'cn-hangzhou';
const ownerId = '1234567890123456';

/** Certificate of the authority that signed the server's certificates, as PEM. */
export function testCaCertificate(): string {
  return readFileSync(testCaFile, 'utf8');
}

/** The same as a file, for NODE_EXTRA_CA_CERTS. */
export const testCaFile = join(__dirname, 'tls', 'ca.pem');

/** Starts a server and resolves when it accepts connections. */
export async function startOssServer(options: OssServerOptions): Promise<OssServer> {
  const server = new OssServer(options);
  await server.listenAgain();
  return server;
}

/** A server that speaks the protocol of Alibaba Cloud OSS on the loopback interface. */
export class OssServer {
  /** What goes wrong. May be changed at any time. */
  readonly faults: Fault[];
  /** Who may. May be changed at any time. */
  readonly credentials: OssCredential[];
  /** Whose buckets they are. May be changed at any time. */
  account: AccountOptions;
  /** How far the server's clock is ahead of the right time. */
  clockOffsetMs = 0;
  /** See OssServerOptions. */
  unreadBody: 'drain' | 'close';
  /** Connections accepted so far. */
  acceptedConnections = 0;

  readonly #options: OssServerOptions;
  readonly #storage: OssStorage;
  readonly #log: OperationsLog;
  readonly #holds = new Holds();
  readonly #faultCounter: FaultCounter;
  readonly #sockets = new Map<number, Socket>();
  readonly #open = new Set<MatchedRequest>();
  /** When the last requests with `x-oss-forbid-overwrite` were let through. */
  #guardedMs: number[] = [];
  /** The requests that are being answered, each until the last file it opened is closed. */
  readonly #serving = new Set<Promise<void>>();
  #isClosed = false;
  #listener: http.Server | https.Server | undefined;
  #port: number;

  /** Use startOssServer. */
  constructor(options: OssServerOptions) {
    this.#options = options;
    this.faults = options.faults ?? [];
    this.credentials = options.credentials ?? [];
    this.account = options.account ?? {};
    this.unreadBody = options.unreadBody ?? 'drain';
    this.#faultCounter = new FaultCounter(this.faults);
    this.#storage = new OssStorage(options.dir);
    this.#log = new OperationsLog(options.operationsFile);
    this.#port = options.port ?? 0;
    for (const bucket of options.buckets ?? []) {
      this.#storage.putBucket({
        region: options.region ?? defaultRegion,
        createdMs: this.now(),
        acl: 'private',
        storageClass: 'Standard',
        ...this.#storage.bucket(bucket.name),
        ...given(bucket),
      });
    }
  }

  /** Where it listens, such as `http://127.0.0.1:4711`. Stays the same for its life. */
  get endpoint(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `${this.#options.https ? 'https' : 'http'}://${host}:${this.#port}`;
  }

  /** Port it listens on. */
  get port(): number {
    return this.#port;
  }

  get #host(): string {
    return this.#options.host ?? '127.0.0.1';
  }

  /** What was asked and done, oldest first. */
  get operations(): readonly OperationRecord[] {
    return this.#log.records;
  }

  /** Requests whose head was read and whose outcome is not certain yet. */
  get openRequests(): readonly MatchedRequest[] {
    return [...this.#open];
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#sockets.size;
  }

  /** The server's clock. */
  now(): number {
    return (this.#options.now?.() ?? Date.now()) + this.clockOffsetMs;
  }

  /** Resolves as soon as the log of operations is as wanted, which may be at once. */
  waitFor(isMet: (operations: readonly OperationRecord[]) => boolean): Promise<void> {
    return this.#log.waitFor(isMet);
  }

  /** Stops a request at a point, until it is released or the server is closed. */
  hold(options: HoldOptions): Hold {
    return this.#holds.hold(options);
  }

  /** A stored object; undefined when there is none. */
  object(bucket: string, key: string): ServedObject | undefined {
    const manifest = this.#storage.object(bucket, key);
    if (!manifest) return undefined;
    const read = () => this.#storage.read(manifest, 0, manifest.sizeBytes);
    return {
      sizeBytes: manifest.sizeBytes,
      etag: manifest.etag,
      crc64: manifest.crc64,
      headers: propertyHeaders(manifest.properties),
      acl: manifest.properties.acl,
      tags: manifest.properties.tags,
      sha256: async () => {
        const hash = createHash('sha256');
        for await (const chunk of read()) hash.update(chunk);
        return hash.digest('hex');
      },
      bytes: async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of read()) chunks.push(chunk);
        return Buffer.concat(chunks);
      },
    };
  }

  /** Keys of all objects of a bucket, sorted. */
  keys(bucket: string): string[] {
    return this.#storage.objects(bucket).map(({ key }) => key);
  }

  /** Unfinished uploads of a bucket, by key. */
  uploads(bucket: string): readonly StoredUpload[] {
    return this.#storage.uploads(bucket);
  }

  /** Parts of an unfinished upload, ascending; none when it is unknown. */
  parts(uploadId: string): StoredPart[] {
    const parts = this.#storage.upload(uploadId)?.parts.values() ?? [];
    return [...parts].sort((a, b) => a.partNumber - b.partNumber);
  }

  /** Ends an upload as if somebody else had aborted it. */
  abortUpload(uploadId: string): void {
    this.#storage.deleteUpload(uploadId);
  }

  /** Loses a part that was accepted. */
  forgetPart(uploadId: string, partNumber: number): void {
    const upload = this.#storage.upload(uploadId);
    if (upload) this.#storage.forgetPart(upload, partNumber);
  }

  /** Removes an object as if somebody else had. */
  deleteObject(bucket: string, key: string): void {
    this.#storage.deleteObject(bucket, key);
  }

  /** Removes a bucket with everything in it. */
  deleteBucket(bucket: string): void {
    this.#storage.deleteBucket(bucket);
  }

  /** Changes what a bucket is, such as its domains, as if somebody had in the console. */
  changeBucket(name: string, change: Partial<Omit<BucketRecord, 'name'>>): void {
    const before = this.#storage.bucket(name);
    if (!before) throw new Error(`There is no bucket ${name}.`);
    this.#storage.putBucket({ ...before, ...change });
  }

  /** Sizes of the versions of an object that newer ones stand before, oldest first. */
  formerVersions(bucket: string, key: string): number[] {
    return this.#storage.formerVersions(bucket, key).map(({ sizeBytes }) => sizeBytes);
  }

  /** Stores an object as if somebody else had put it. */
  async putObject(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
    const stored = await this.#storage.receive(
      (async function* () {
        await Promise.resolve();
        yield bytes;
      })(),
    );
    const record = this.#storage.bucket(bucket);
    this.#storage.putObject(bucket, {
      key,
      type: 'Normal',
      ...(record && newVersion(record)),
      sizeBytes: stored.sizeBytes,
      etag: stored.etag,
      crc64: stored.crc64,
      lastModifiedMs: this.now(),
      properties: {
        headers: { 'content-type': 'application/octet-stream' },
        metadata: {},
        acl: 'default',
        storageClass: 'Standard',
        encryption: {},
        tags: {},
      },
      files: [{ file: stored.file, sizeBytes: stored.sizeBytes }],
    });
  }

  /** Ends every connection with a reset. New ones are accepted. */
  resetConnections(): void {
    for (const socket of [...this.#sockets.values()]) socket.resetAndDestroy();
  }

  /** The network is gone: connections are reset, new ones refused. */
  async stopListening(): Promise<void> {
    const listener = this.#listener;
    if (!listener) return;
    this.#listener = undefined;
    const closed = new Promise((resolve) => listener.close(resolve));
    this.resetConnections();
    await closed;
  }

  /** The network is back, on the same port. */
  async listenAgain(): Promise<void> {
    if (this.#listener) return;
    const listener = this.#createListener();
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.#port, this.#host, resolve);
    });
    this.#port = (listener.address() as AddressInfo).port;
  }

  /**
   * Ends everything: held requests, waits, connections. The data stay in the folder; no file of it is
   * open afterwards.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#log.end();
    await this.stopListening();
    this.#holds.releaseAll();
    await Promise.all(this.#serving);
  }

  #createListener(): http.Server | https.Server {
    const certificate = this.#options.https;
    const name = typeof certificate === 'string' ? certificate : 'good';
    const listener = certificate
      ? https.createServer({
          key: readFileSync(join(__dirname, 'tls', `${name}.key`)),
          cert: readFileSync(join(__dirname, 'tls', `${name}.pem`)),
          ...(name === 'good' && {
            SNICallback: (
              host: string,
              done: (error: null, context?: tls.SecureContext) => void,
            ) => {
              done(null, this.#hasCertificate(host) ? namesContext() : undefined);
            },
          }),
        })
      : http.createServer();
    // A stalled body is a fault that tests play; node must not end it on its own.
    listener.requestTimeout = 0;
    listener.keepAliveTimeout = this.#options.keepAliveTimeoutMs ?? 30_000;
    // Errors of one connection (a reset, a failed handshake) are the client's business.
    listener.on('tlsClientError', () => undefined);
    listener.on('connection', (socket: Socket) => {
      this.#accept(socket);
    });
    listener.on('request', (message, response) => {
      this.#handle(message, response, false);
    });
    listener.on('checkContinue', (message, response) => {
      this.#handle(message, response, true);
    });
    return listener;
  }

  #hostOf(name: string): ServedHost {
    return servedHost(name, this.#options.privateClouds ?? [], (host) =>
      this.#boundDomain(host)?.domain.status === 'Disabled'
        ? undefined
        : this.#boundDomain(host)?.bucket,
    );
  }

  #boundDomain(host: string) {
    for (const bucket of this.#storage.bucketNames()) {
      const domain = this.#storage
        .bucket(bucket)
        ?.domains?.find(
          (bound) =>
            bound.domain === host ||
            (bound.isWildcard === true && host.endsWith(`.${bound.domain}`)),
        );
      if (domain) return { bucket, domain };
    }
    return undefined;
  }

  /** Whether there is a certificate of its own for this name; OSS shows its own for all others. */
  #hasCertificate(host: string): boolean {
    const { kind } = this.#hostOf(host);
    if (kind !== 'domain') return kind !== 'unknown' && kind !== 'loopback' && !isOfGood(host);
    const certificate = this.#boundDomain(host)?.domain.certificate;
    return certificate !== undefined && certificate.status !== 'Disabled';
  }

  /** Takes a connection that came another way than through the listener, such as a proxy. */
  acceptConnection(socket: Socket): void {
    this.#listener?.emit('connection', socket);
  }

  #accept(socket: Socket): void {
    const port = socket.remotePort;
    if (port === undefined) return;
    this.acceptedConnections += 1;
    this.#sockets.set(port, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(port));
    const { cut } = this.#faultCounter.take({ operation: 'connection' });
    if (cut) cutSocket(socket, cut.by);
  }

  #handle(message: http.IncomingMessage, response: http.ServerResponse, expects: boolean): void {
    const socket = this.#sockets.get(message.socket.remotePort ?? 0) ?? message.socket;
    const exchange = new Exchange(message, response, socket, expects);
    response.on('error', () => undefined);
    message.on('error', () => undefined);
    const served = this.#serve(message, exchange)
      .catch((error: unknown) => {
        if (error instanceof ConnectionEnded && error.by !== 'client') exchange.cut(error.by);
        else if (error instanceof ConnectionEnded || this.#isClosed) socket.destroy();
        else {
          console.error('The OSS server failed:', error);
          socket.destroy();
        }
      })
      .finally(() => this.#serving.delete(served));
    this.#serving.add(served);
  }

  async #serve(message: http.IncomingMessage, exchange: Exchange): Promise<void> {
    const startedMs = Date.now();
    const requestId = randomBytes(12).toString('hex').toUpperCase();
    let request: OssRequest;
    try {
      request = parseRequest(message);
    } catch (error) {
      await exchange.send(
        this.#errorAnswer(error, requestId, message.headers.host ?? ''),
        {},
        true,
      );
      return;
    }
    const host = this.#hostOf(request.host);
    const identity = identify(
      request,
      possibleAddresses(request, host, this.#storage.bucketNames()),
      this.credentials,
    );
    const partNumber = Number(request.parameter('partNumber') ?? NaN);
    const matched: MatchedRequest = {
      operation: operationOf(request, identity.address),
      bucket: identity.address.bucket,
      key: identity.address.key,
      uploadId: request.parameter('uploadId'),
      partNumber: Number.isNaN(partNumber) ? undefined : partNumber,
      accessKeyId: identity.credential?.accessKeyId,
    };
    const faults = this.#faultCounter.take(matched);
    this.#open.add(matched);
    const record = (status: number, accepted: boolean, code?: string) => {
      if (!this.#open.delete(matched)) return;
      this.#log.add({
        startedAt: startedMs,
        at: Date.now(),
        ...(matched as MatchedRequest & { operation: OperationName }),
        host: request.host,
        signature: identity.signatureVersion,
        status,
        code,
        bytes: exchange.bytesRead,
        requestId,
        accepted,
      });
    };
    const send = async (answer: OssAnswer, accepted: boolean, early = false): Promise<void> => {
      record(answer.status, accepted, answer.code);
      const closes =
        early || (exchange.hasUnreadBody && this.unreadBody === 'close' && answer.status >= 400);
      await exchange.send(this.#withCommonHeaders(answer, requestId, startedMs), faults, closes);
    };
    try {
      await this.#holds.pass('arrived', matched);
      await exchange.wait(faults.delayBeforeReadingMs);
      this.#strikeState(faults, matched, identity);
      if (faults.answer) {
        if (!faults.answer.early) await exchange.drain(faults);
        await send(
          this.#faultAnswer(faults.answer, requestId, request.host),
          false,
          faults.answer.early,
        );
        return;
      }
      if (!exchange.hasBody || faults.neverAnswer) {
        if (faults.cut || faults.stall || faults.neverAnswer) await exchange.drain(faults);
      }
      if (faults.neverAnswer) {
        record(0, false);
        return;
      }
      const answer = await this.#carryOut(
        request,
        host,
        identity,
        matched,
        faults,
        exchange,
        requestId,
      );
      const accepted = answer.status < 300;
      if (accepted) {
        this.#strikeStored(faults, matched);
        await this.#holds.pass('carriedOut', matched);
      }
      const then = accepted ? faults.carryOutThen : undefined;
      if (then === undefined) {
        await send(answer, accepted);
      } else if (typeof then === 'object') {
        await send(this.#faultAnswer(then, requestId, request.host), true);
      } else {
        record(0, true);
        if (then !== 'neverAnswer') exchange.cut(then);
      }
    } finally {
      // Whatever threw: the client got no answer.
      record(0, false, 'ClientDisconnected');
    }
  }

  /** The faults that change the server's state before the request is looked at. */
  #strikeState(faults: FaultActions, matched: MatchedRequest, { credential }: Identity): void {
    if (credential && faults.credential === 'disable') credential.disabled = true;
    if (credential && faults.credential === 'expire') credential.expiresAt = 0;
    if (faults.dropUpload) this.#storage.deleteUpload(matched.uploadId ?? '');
  }

  /** The faults that damage what the request has stored. */
  #strikeStored(faults: FaultActions, matched: MatchedRequest): void {
    const upload = this.#storage.upload(matched.uploadId ?? '');
    const part = upload?.parts.get(matched.partNumber ?? 0);
    if (upload && part && faults.forgetPart) this.#storage.forgetPart(upload, part.partNumber);
    if (faults.rotByteAt === undefined) return;
    const file =
      part?.file ?? this.#storage.object(matched.bucket ?? '', matched.key ?? '')?.files[0]?.file;
    if (file !== undefined) this.#storage.corrupt(file, faults.rotByteAt);
  }

  async #carryOut(
    request: OssRequest,
    host: ServedHost,
    identity: Identity,
    matched: MatchedRequest,
    faults: FaultActions,
    exchange: Exchange,
    requestId: string,
  ): Promise<OssAnswer> {
    try {
      const operationName = matched.operation as OperationName;
      if (host.kind === 'unknown') throw noSuchBucket(request.host);
      identity.check(this.now());
      const endpointRegion = this.#endpointRegion(host, identity);
      this.#checkAccount(host, identity, operationName);
      this.#authorize(request, host, identity, operationName, endpointRegion);
      this.#checkGuard(request);
      const operation = operations[operationName];
      if (!operation) throw notSupported(operationName, request.method);
      const context: OperationContext = {
        request,
        bucket: matched.bucket ?? '',
        key: matched.key ?? '',
        storage: this.#storage,
        nowMs: this.now(),
        faults,
        requestId,
        endpointRegion: endpointRegion ?? this.#options.region ?? defaultRegion,
        ownerId,
        body: () => exchange.body(faults),
        received: () => this.#holds.pass('received', matched),
      };
      return await operation(context);
    } catch (error) {
      if (error instanceof ConnectionEnded || this.#isClosed) throw error;
      return this.#errorAnswer(error, requestId, request.host, request.method);
    }
  }

  /** What the account may not do because of when it was opened. */
  #checkAccount(host: ServedHost, identity: Identity, operation: OperationName): void {
    const { kind = 'before2025', listingsAreData = true } = this.account;
    const bucket = this.#storage.bucket(identity.address.bucket ?? '');
    if (identity.signatureVersion === 'v1' && (kind !== 'before2025' || bucket?.v4Only === true)) {
      throw accessDenied('The V1 signature is not supported, please use the V4 signature.', {
        ec: '0002-00000080',
      });
    }
    const isData = isListing(operation) ? listingsAreData : isDataOperation(operation);
    // Whether the accelerate endpoint is one of those is not documented; its name is no default.
    if (kind !== 'since2025' || !isData || !isDefaultPublicDomain(host)) return;
    throw new OssError(
      400,
      'PublicEndpointForbidden',
      'Not allowed using the OSS public endpoint, please use CNAME instead.',
      { ec: '0048-00000401' },
    );
  }

  /** No more than so many requests a second may ask that nothing is replaced. */
  #checkGuard(request: OssRequest): void {
    const most = this.#options.guardedRequestsPerSecond ?? Infinity;
    if (most === Infinity || !request.headers.has('x-oss-forbid-overwrite')) return;
    const nowMs = Date.now();
    this.#guardedMs = this.#guardedMs.filter((ms) => ms > nowMs - 1000);
    if (this.#guardedMs.length >= most) {
      throw new OssError(503, 'TotalQpsLimitExceeded', 'Max total qps limit is exceeded.');
    }
    this.#guardedMs.push(nowMs);
  }

  /** Region the request was sent to; undefined when nothing tells it. */
  #endpointRegion(host: ServedHost, identity: Identity): string | undefined {
    const { signingRegion } = identity;
    const expected =
      host.kind === 'domain' ? this.#storage.bucket(host.bucket ?? '')?.region : host.region;
    const isWrong =
      signingRegion !== undefined &&
      (signingRegion.startsWith('oss-') || (expected ?? signingRegion) !== signingRegion);
    if (isWrong) {
      throw invalidArgument(
        'Invalid signing region in Authorization header.',
        'Credential',
        signingRegion,
        '0002-00000226',
      );
    }
    return expected ?? signingRegion;
  }

  #authorize(
    request: OssRequest,
    host: ServedHost,
    identity: Identity,
    operation: OperationName,
    endpointRegion: string | undefined,
  ): void {
    const { address, credential } = identity;
    const name = address.bucket ?? '';
    const bucket = this.#storage.bucket(name);
    if (address.bucket !== undefined && host.bucket === undefined && host.pathStyle !== true) {
      throw new OssError(
        403,
        'SecondLevelDomainForbidden',
        'Please use virtual hosted style to access.',
      );
    }
    if (host.kind === 'accelerate' && bucket && bucket.transferAcceleration !== true) {
      // Neither its code nor its words are documented.
      throw accessDenied('OSS Transfer Acceleration is not configured on this bucket.');
    }
    const isPublic =
      bucket?.blockPublicAccess !== true &&
      publicReads.has(operation) &&
      (bucket?.acl.startsWith('public-read') === true ||
        this.#storage.object(name, address.key ?? '')?.properties.acl.startsWith('public-read') ===
          true);
    if (!credential && !this.#options.anonymous && !isPublic) {
      throw accessDenied(
        bucket
          ? 'Anonymous user has no right to access this bucket.'
          : 'Anonymous access is forbidden for this operation.',
      );
    }
    if (!credential && request.query.some(({ name: query }) => query.startsWith('response-'))) {
      throw new OssError(
        400,
        'InvalidRequest',
        'Request specific response headers cannot be used for anonymous GET requests.',
      );
    }
    if (this.#options.foreignBuckets?.includes(name)) {
      if (operation !== 'putBucket') {
        throw accessDenied('The bucket you access does not belong to you.', {
          ec: '0003-00000001',
        });
      }
      throw new OssError(
        409,
        'BucketAlreadyExists',
        'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
        { ec: '0015-00000104', elements: { BucketName: name } },
      );
    }
    // GetBucketInfo may be asked at any endpoint of OSS.
    const mustBeHere = operation !== 'getBucketInfo';
    if (mustBeHere && bucket && endpointRegion !== undefined && endpointRegion !== bucket.region) {
      throw accessDenied(
        'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
        { elements: { Bucket: name, Endpoint: `oss-${bucket.region}.aliyuncs.com` } },
      );
    }
    const needsKms = request.headers.get('x-oss-server-side-encryption') === 'KMS';
    if (needsKms && credential?.deniesKms === true) {
      throw accessDenied('This request is forbidden by kms.');
    }
    const needsTagging = request.headers.has('x-oss-tagging');
    if (needsTagging && credential?.deny?.includes('putObjectTagging') === true) {
      throw accessDenied('You have no right to access this object because of bucket acl.', {
        ec: '0003-00000001',
      });
    }
    if (credential?.deny?.includes(operation) || credential?.deniedBuckets?.includes(name)) {
      throw accessDenied('You have no right to access this object because of bucket acl.', {
        ec: '0003-00000001',
      });
    }
  }

  #errorAnswer(error: unknown, requestId: string, hostId: string, method = ''): OssAnswer {
    if (!(error instanceof OssError)) {
      console.error('The OSS server failed:', error);
    }
    const ossError =
      error instanceof OssError ? error : new OssError(500, 'InternalError', String(error));
    const body = ossError.toXml(requestId, hostId);
    const isHead = method === 'HEAD';
    return {
      status: ossError.status,
      headers: {
        'content-type': 'application/xml',
        ...(ossError.details.ec !== undefined && { 'x-oss-ec': ossError.details.ec }),
        ...(isHead && { 'x-oss-err': Buffer.from(body).toString('base64') }),
        ...ossError.details.headers,
      },
      body,
      code: ossError.code,
    };
  }

  #faultAnswer(answer: FaultAnswer, requestId: string, hostId: string): OssAnswer {
    const { status, code, message = code ?? '', ec, elements, retryAfter, qosDelayMs } = answer;
    const error =
      code === undefined ? undefined : new OssError(status, code, message, { ec, elements });
    return {
      status,
      headers: {
        'content-type': answer.contentType ?? 'application/xml',
        ...(ec !== undefined && { 'x-oss-ec': ec }),
        ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
        ...(qosDelayMs !== undefined && { 'x-oss-qos-delay-time': String(qosDelayMs) }),
        ...answer.headers,
      },
      body: answer.body ?? error?.toXml(requestId, hostId) ?? '',
      ...(code !== undefined && { code }),
    };
  }

  #withCommonHeaders(answer: OssAnswer, requestId: string, startedMs: number): OssAnswer {
    return {
      ...answer,
      headers: {
        server: 'AliyunOSS',
        date: new Date(this.now()).toUTCString(),
        'x-oss-request-id': requestId,
        'x-oss-server-time': String(Date.now() - startedMs),
        ...answer.headers,
      },
    };
  }
}

function isListing(operation: OperationName): boolean {
  return ['listObjects', 'listObjectsV2', 'listMultipartUploads'].includes(operation);
}

/** Whether the first certificate is for this name. */
function isOfGood(host: string): boolean {
  return host.endsWith('oss-cn-hangzhou.aliyuncs.com');
}

/** With the certificate for names other than the endpoints that tests use most. */
function namesContext(): tls.SecureContext {
  return tls.createSecureContext({
    key: readFileSync(join(__dirname, 'tls', 'names.key')),
    cert: readFileSync(join(__dirname, 'tls', 'names.pem')),
  });
}

/** What is not undefined. */
function given(options: BucketOptions): Pick<BucketRecord, 'name'> & Partial<BucketRecord> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as BucketRecord;
}

/** Refuses what OSS does not have, and what it has and this server has not. */
function notSupported(operation: OperationName, method: string): OssError {
  if (operation !== 'unknown') {
    return new OssError(501, 'NotImplemented', `This test server has no ${operation}.`);
  }
  return new OssError(
    405,
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { elements: { Method: method } },
  );
}
