import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TransferManager } from '../../src/engine/index.ts';
import type { Logger, UploadTarget } from '../../src/engine/index.ts';
import { createOss } from '../../src/oss/index.ts';
import type { Oss } from '../../src/oss/index.ts';
import { startOssServer } from '../oss-server/server.ts';
import type { OssServer } from '../oss-server/server.ts';
import { removeFolder, temporaryFolder } from '../support/files.ts';
import { Issuer } from '../unit/oss/credentials/issuer.ts';
import { hastyClock } from '../support/hastyClock.ts';
import { OURS } from './lies.ts';
import type { Random } from './lies.ts';

export const BUCKET = 'fuzz-bucket';
export const PART_BYTES = 102_400;
const THEIRS = { accessKeyId: 'LTAIfuzzTheirKey', accessKeySecret: 'fuzzTheirSecret' };

/** How long we wait. */
export const TIMEOUTS = { connectMs: 2000, stallMs: 300, answerMs: 300, wholeAnswerMs: 300 };

const silent = () => undefined;
export const SILENT: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** A server, an adapter and a folder, used by one run after the other. */
export class Place {
  readonly ours: Oss;
  private readonly theirs: Oss;

  private constructor(
    readonly folder: string,
    readonly server: OssServer,
    /** Issues keys; also the server of somebody else. */
    readonly issuer: Issuer,
  ) {
    this.ours = this.openOurs();
    this.theirs = this.openOss(THEIRS, {});
  }

  static async open(): Promise<Place> {
    const folder = await temporaryFolder('fuzz');
    const server = await startOssServer({
      dir: path.join(folder, 'server'),
      buckets: [{ name: BUCKET, region: 'cn-hangzhou', domains: [{ domain: 'up.example.com' }] }],
      credentials: [{ ...OURS }, { ...THEIRS }],
    });
    const issuer = await Issuer.start(server.credentials);
    return new Place(folder, server, issuer);
  }

  /** OSS by our key, which has learned nothing yet. */
  openOurs(): Oss {
    return this.openOss(OURS, TIMEOUTS);
  }

  private openOss(key: typeof OURS, timeouts: Partial<typeof TIMEOUTS>): Oss {
    return createOss({
      route: () => ({ endpoint: this.server.endpoint }),
      credentials: () => Promise.resolve({ kind: 'accessKey', key }),
      log: SILENT,
      timeouts,
    });
  }

  /** A window of ours on that folder. */
  window(stateDir: string, random: Random): TransferManager {
    return new TransferManager({
      stateDir,
      openStore: this.ours.openStore,
      logger: SILENT,
      limits: { concurrency: 6, maxBytesPerSecond: 0 },
      clock: hastyClock,
      random,
    });
  }

  /** No request is under way any more, and none is answered falsely. */
  async quieten(): Promise<void> {
    this.server.faults.length = 0;
    this.server.resetConnections();
    while (this.server.openRequests.length > 0) await delay(1);
  }

  async close(): Promise<void> {
    this.ours.dispose();
    this.theirs.dispose();
    this.issuer.close();
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

export function targetOf(key: string): UploadTarget {
  return { bucket: BUCKET, key, region: 'cn-hangzhou', profile: '' };
}
