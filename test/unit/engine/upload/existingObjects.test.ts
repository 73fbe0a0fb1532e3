import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UploadError, isAbortError } from '../../../../src/engine/contract/errors';
import type { UploadErrorKind } from '../../../../src/engine/contract/errors';
import { fingerprintOf } from '../../../../src/engine/file/fingerprint';
import { findExisting } from '../../../../src/engine/upload/existingObjects';
import type { LookupOptions } from '../../../../src/engine/upload/existingObjects';
import type {
  CallOptions,
  ObjectInfo,
  ObjectStore,
  OpenStore,
  UploadTarget,
} from '../../../../src/engine/contract/ports';
import type { UploadRequest } from '../../../../src/engine/contract/transfers';
import { MemoryLog } from '../../../support/engineHarness';
import { VirtualClock } from '../../../support/virtualClock';

const INFO: ObjectInfo = { sizeBytes: 5, etag: '"A"', crc64: 1n };

type Head = (
  key: string,
  call: CallOptions,
  target: UploadTarget,
) => Promise<ObjectInfo | undefined>;

/** Buckets of which only HeadObject is allowed; records which were opened. */
class FakeBuckets {
  readonly opened: UploadTarget[] = [];
  recover: (error: Error) => Promise<boolean> = () => Promise.resolve(false);

  constructor(private readonly head: Head) {}

  readonly open = (target: UploadTarget): Promise<ObjectStore> => {
    this.opened.push(target);
    const unexpected = (): Promise<never> => Promise.reject(new Error('not expected'));
    return Promise.resolve({
      headObject: (key, call) => this.head(key, call, target),
      recover: (error) => this.recover(error),
      initiateMultipartUpload: unexpected,
      uploadPart: unexpected,
      listParts: unexpected,
      completeMultipartUpload: unexpected,
      abortMultipartUpload: unexpected,
      putObject: unexpected,
      honoursForbidOverwrite: unexpected,
      listMultipartUploads: unexpected,
      // Who may not list can still look at each object.
      listObjects: () => Promise.reject(failure('accessDenied')),
    });
  };
}

function failure(kind: UploadErrorKind, retryAfterMs?: number): UploadError {
  return new UploadError(kind, kind, { code: kind, retryAfterMs });
}

describe('existingObjects', () => {
  const signal = new AbortController().signal;
  let folder: string;
  let file: string;
  let clock: VirtualClock;

  beforeEach(() => {
    clock = new VirtualClock();
    clock.run();
  });
  afterEach(() => {
    clock.stop();
  });

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'existing-'));
    file = path.join(folder, 'file');
    await writeFile(file, 'hello');
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  function request(key: string, target: Partial<UploadTarget> = {}): UploadRequest {
    return {
      filePath: file,
      target: { bucket: 'media', key, region: 'cn-hangzhou', profile: '', ...target },
      options: { partSizeBytes: 102_400, parallel: 1, forbidOverwrite: false, object: {} },
    };
  }

  /** How these buckets are asked, on a clock that does not wait. */
  function asking(openStore: OpenStore): LookupOptions {
    return { openStore, logger: new MemoryLog(), clock };
  }

  function requests(count: number): UploadRequest[] {
    return Array.from({ length: count }, (_, index) => request(`k${index}`));
  }

  describe('findExisting', () => {
    it('gives those that exist, in order, with what the file is like', async () => {
      const all = requests(50);
      const buckets = new FakeBuckets(async (key) => {
        const number = Number(key.slice(1));
        await delay((number * 7) % 5);
        return number % 3 === 0 ? { ...INFO, etag: key } : undefined;
      });
      const existing = await findExisting(asking(buckets.open), all, signal);
      const local = fingerprintOf(await stat(file, { bigint: true }));
      assert.deepEqual(
        existing,
        all
          .filter((_, index) => index % 3 === 0)
          .map((one) => ({
            request: one,
            info: { ...INFO, etag: one.target.key },
            local,
          })),
      );
    });

    it('asks 16 at a time', async () => {
      let [running, most] = [0, 0];
      const buckets = new FakeBuckets(async () => {
        most = Math.max(most, ++running);
        await delay(1);
        running -= 1;
        return undefined;
      });
      assert.deepEqual(await findExisting(asking(buckets.open), requests(100), signal), []);
      assert.equal(most, 16);
    });

    it('opens each bucket once per region and credentials', async () => {
      const targets = [
        {},
        { bucket: 'other' },
        { profile: 'work' },
        { region: 'cn-beijing' },
      ] as const;
      const asked: string[] = [];
      const buckets = new FakeBuckets((key, _call, { bucket, profile, region }) => {
        asked.push([key, bucket, profile, region].join());
        return Promise.resolve(undefined);
      });
      const all = targets.flatMap((target) => [request('a', target), request('b', target)]);
      await findExisting(asking(buckets.open), all, signal);
      assert.equal(buckets.opened.length, 4);
      assert.deepEqual(
        asked.toSorted(),
        all
          .map(({ target: { key, bucket, profile, region } }) =>
            [key, bucket, profile, region].join(),
          )
          .toSorted(),
      );
    });

    it('leaves out what may not be looked at', async () => {
      const buckets = new FakeBuckets((key) =>
        key === 'k1' ? Promise.reject(failure('accessDenied')) : Promise.resolve(INFO),
      );
      const existing = await findExisting(asking(buckets.open), requests(3), signal);
      assert.deepEqual(
        existing.map((one) => one.request.target.key),
        ['k0', 'k2'],
      );
    });

    it('leaves out files that are gone', async () => {
      const gone = { ...request('a'), filePath: path.join(folder, 'gone') };
      const buckets = new FakeBuckets(() => Promise.resolve(INFO));
      const existing = await findExisting(asking(buckets.open), [gone, request('b')], signal);
      assert.deepEqual(
        existing.map((one) => one.request.target.key),
        ['b'],
      );
    });

    it('tries again what heals, three times at most', async () => {
      let tries = 0;
      const flaky = new FakeBuckets(() =>
        ++tries < 3 ? Promise.reject(failure('server')) : Promise.resolve(INFO),
      );
      assert.equal((await findExisting(asking(flaky.open), requests(1), signal)).length, 1);
      assert.equal(tries, 3);
      assert.equal(clock.delays.length, 2);

      tries = 0;
      const dead = new FakeBuckets(() => {
        tries += 1;
        return Promise.reject(failure('network'));
      });
      await assert.rejects(findExisting(asking(dead.open), requests(1), signal), {
        kind: 'network',
      });
      assert.equal(tries, 3);
    });

    it('does not wait when the server asks for minutes', async () => {
      const buckets = new FakeBuckets(() => Promise.reject(failure('throttled', 60_000)));
      const finding = findExisting(asking(buckets.open), requests(1), signal);
      await assert.rejects(finding, { kind: 'throttled' });
      assert.deepEqual(clock.delays, []);
    });

    it('lets the store mend credentials and clock, once per object', async () => {
      let [isMended, tries] = [false, 0];
      const buckets = new FakeBuckets(() =>
        isMended ? Promise.resolve(INFO) : Promise.reject(failure('credentials')),
      );
      buckets.recover = () => Promise.resolve((isMended = true));
      assert.equal((await findExisting(asking(buckets.open), requests(1), signal)).length, 1);

      const hopeless = new FakeBuckets(() => {
        tries += 1;
        return Promise.reject(failure('clockSkew'));
      });
      hopeless.recover = () => Promise.resolve(true);
      await assert.rejects(findExisting(asking(hopeless.open), requests(1), signal), {
        kind: 'clockSkew',
      });
      assert.equal(tries, 2);
    });

    it('rejects with the first failure, after the others have ended', async () => {
      let running = 0;
      const buckets = new FakeBuckets(async (key, call) => {
        running += 1;
        try {
          await delay(key === 'k10' ? 5 : 10_000, undefined, { signal: call.signal });
        } finally {
          running -= 1;
        }
        throw failure('noSuchBucket');
      });
      const finding = findExisting(asking(buckets.open), requests(100), signal);
      await assert.rejects(finding, { kind: 'noSuchBucket' });
      assert.equal(running, 0);
    });

    it('rejects when no store can be opened', async () => {
      const open = (): Promise<ObjectStore> => Promise.reject(failure('noCredentials'));
      await assert.rejects(findExisting(asking(open), requests(30), signal), {
        kind: 'noCredentials',
      });
    });

    it('ends with "aborted" as soon as it is aborted', async () => {
      const controller = new AbortController();
      const buckets = new FakeBuckets(async (_key, call) => {
        setImmediate(() => {
          controller.abort();
        });
        await delay(10_000, undefined, { signal: call.signal });
        return INFO;
      });
      const finding = findExisting(asking(buckets.open), requests(100), controller.signal);
      await assert.rejects(finding, (error) => isAbortError(error));
    });
  });
});
