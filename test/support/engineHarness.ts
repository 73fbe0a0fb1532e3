import { strict as assert } from 'node:assert';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { TransferManager } from '../../src/engine/index.ts';
import type {
  BatchSnapshot,
  Logger,
  TransferNotice,
  TransferSnapshot,
  UploadOptions,
  UploadRequest,
} from '../../src/engine/index.ts';
import type { TransferManagerOptions } from '../../src/engine/transfers/transferManager.ts';
import { createOss } from '../../src/oss/index.ts';
import type { Oss, OssOptions } from '../../src/oss/index.ts';
import { hastyClock } from './hastyClock.ts';
import { removeFolder, sha256OfFile, temporaryFolder, writeTestFile } from './files.ts';
import type { OperationRecord } from '../oss-server/operationsLog.ts';
import { startOssServer } from '../oss-server/server.ts';
import type { OssServer, OssServerOptions } from '../oss-server/server.ts';

/** The smallest part OSS allows: many parts of little data. */
export const PART_BYTES = 102_400;
export { hastyClock };
export const BUCKET = 'test-bucket';
export const ACCESS_KEY = {
  accessKeyId: 'LTAItestAccessKeyId1',
  accessKeySecret: 'testAccessKeySecretNobodyMaySee',
};

/** Keeps what is logged, for tests that look for something in it. */
export class MemoryLog implements Logger {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }
  info(message: string): void {
    this.lines.push(`info ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

export interface HarnessOptions {
  readonly server?: Partial<OssServerOptions>;
  readonly oss?: Partial<OssOptions>;
}

/**
 * A real server, the real adapter and the engine on it, in folders of their own. `manager()` is a
 * window: several may be open at once, and one that is shut down may be followed by another.
 */
export class EngineHarness {
  readonly log = new MemoryLog();
  readonly notices: TransferNotice[] = [];
  private readonly managers: TransferManager[] = [];

  private constructor(
    readonly folder: string,
    readonly server: OssServer,
    readonly oss: Oss,
  ) {}

  static async start(options: HarnessOptions = {}): Promise<EngineHarness> {
    const folder = await temporaryFolder('engine');
    const server = await startOssServer({
      dir: path.join(folder, 'server'),
      buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
      credentials: [{ ...ACCESS_KEY }],
      ...options.server,
    });
    const harness = new EngineHarness(
      folder,
      server,
      createOss({
        route: () => ({ endpoint: server.endpoint }),
        credentials: () => Promise.resolve({ kind: 'accessKey', key: ACCESS_KEY }),
        log: new MemoryLog(),
        ...options.oss,
      }),
    );
    return harness;
  }

  get stateDir(): string {
    return path.join(this.folder, 'checkpoints');
  }

  manager(options: Partial<TransferManagerOptions> = {}): TransferManager {
    const manager = new TransferManager({
      stateDir: this.stateDir,
      openStore: this.oss.openStore,
      logger: this.log,
      limits: { concurrency: 6, maxBytesPerSecond: 0 },
      clock: hastyClock,
      random: () => 0.5,
      ...options,
    });
    manager.onNotice((notice) => this.notices.push(notice));
    this.managers.push(manager);
    return manager;
  }

  /** A file of test bytes in the source folder; returns its path. */
  async file(name: string, sizeBytes: number, seed?: number): Promise<string> {
    const file = path.join(this.folder, 'source', name);
    await writeTestFile(file, sizeBytes, seed);
    return file;
  }

  request(filePath: string, key: string, options: Partial<UploadOptions> = {}): UploadRequest {
    return {
      filePath,
      target: { bucket: BUCKET, key, region: 'cn-hangzhou', profile: '' },
      options: {
        partSizeBytes: PART_BYTES,
        parallel: 3,
        forbidOverwrite: false,
        object: {},
        ...options,
      },
    };
  }

  /** Enqueues these as one batch; resolves with its id. */
  async enqueue(manager: TransferManager, ...requests: readonly UploadRequest[]): Promise<string> {
    const { batchId } = await manager.enqueue({ label: 'test', workspacePath: '', requests });
    assert.ok(batchId !== undefined, 'another window holds all of it');
    return batchId;
  }

  /** Enqueues and waits until nothing runs any more. */
  async upload(
    manager: TransferManager,
    ...requests: readonly UploadRequest[]
  ): Promise<BatchSnapshot> {
    return manager.whenSettled(await this.enqueue(manager, ...requests));
  }

  /** Uploads one file and asserts that it got there. */
  async uploadOne(manager: TransferManager, request: UploadRequest): Promise<TransferSnapshot> {
    const { transfers } = await this.upload(manager, request);
    const transfer = transfers.find(({ target }) => target.key === request.target.key);
    assert.ok(transfer);
    assert.equal(transfer.error, undefined, transfer.error?.stack);
    assert.equal(transfer.state, 'completed');
    await this.assertUploaded(request);
    return transfer;
  }

  /** The object's bytes are those of the file. */
  async assertUploaded({ filePath, target }: UploadRequest): Promise<void> {
    const object = this.server.object(target.bucket, target.key);
    assert.ok(object, `${target.key} is not on the server`);
    assert.equal(await object.sha256(), await sha256OfFile(filePath), `${target.key} differs`);
  }

  /** No unfinished upload on the server, no file in the checkpoint folder. */
  async assertNothingLeft(): Promise<void> {
    assert.deepEqual(
      this.server.uploads(BUCKET).map(({ key, uploadId }) => ({ key, uploadId })),
      [],
      'unfinished uploads are left on the server',
    );
    assert.deepEqual(await this.stateFiles(), [], 'files are left in the checkpoint folder');
  }

  async stateFiles(): Promise<string[]> {
    return readdir(this.stateDir).catch(() => []);
  }

  operations(operation: OperationRecord['operation']): OperationRecord[] {
    return this.server.operations.filter((record) => record.operation === operation);
  }

  /** Part numbers of accepted parts, in the order of their acceptance, since that many operations. */
  acceptedParts(since = 0): number[] {
    return this.server.operations
      .slice(since)
      .filter(({ operation, accepted }) => operation === 'uploadPart' && accepted)
      .map(({ partNumber }) => partNumber ?? 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.managers.map((manager) => manager.shutdown()));
    this.oss.dispose();
    await this.server.close();
    await removeFolder(this.folder);
  }
}
