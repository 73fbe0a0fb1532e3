import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { appendFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mock } from 'node:test';
import { UploadError, isAbortError } from '../../../../src/engine/contract/errors';
import type { ListedObject, ObjectStore, OpenStore } from '../../../../src/engine/contract/ports';
import type { UploadRequest } from '../../../../src/engine/contract/transfers';
import { compareContent, verifyObjects } from '../../../../src/engine/upload/comparison';
import type { CompareOptions } from '../../../../src/engine/upload/comparison';
import { ChecksumCache, stateOf } from '../../../../src/engine/record/checksumCache';
import { findExisting } from '../../../../src/engine/upload/existingObjects';
import { ACCESS_KEY, BUCKET, EngineHarness, PART_BYTES } from '../../../support/engineHarness';
import { testBytes } from '../../../support/files';
import type { OperationName } from '../../../oss-server/operationNames';

const SIGNAL = new AbortController().signal;

describe('files compared with their objects', () => {
  let harness: EngineHarness;
  let options: CompareOptions;

  beforeEach(async () => {
    harness = await EngineHarness.start();
    options = {
      openStore: harness.oss.openStore,
      logger: harness.log,
      checksumFolder: path.join(harness.folder, 'checksums'),
    };
  });
  afterEach(() => harness.close());

  /** So many files `f/0000` and on, and requests for them. */
  async function files(count: number, sizeBytes = 40): Promise<UploadRequest[]> {
    const requests: UploadRequest[] = [];
    for (let n = 0; n < count; n++) {
      const name = `f/${String(n).padStart(4, '0')}`;
      requests.push(harness.request(await harness.file(name, sizeBytes, n + 1), name));
    }
    return requests;
  }

  /** Puts the bytes of these files on the server, as PutObject does. */
  async function putAll(requests: readonly UploadRequest[]): Promise<void> {
    for (const [n, { target, filePath }] of requests.entries()) {
      const { size } = await stat(filePath);
      await harness.server.putObject(BUCKET, target.key, testBytes(0, size, n + 1));
    }
  }

  async function counted<T>(
    work: () => Promise<T>,
  ): Promise<[T, Partial<Record<OperationName, number>>]> {
    const from = harness.server.operations.length;
    const result = await work();
    const counts: Partial<Record<OperationName, number>> = {};
    for (const { operation } of harness.server.operations.slice(from)) {
      counts[operation] = (counts[operation] ?? 0) + 1;
    }
    return [result, counts];
  }

  /** The keys whose objects differ, and those that could not be compared. */
  async function differing(
    requests: readonly UploadRequest[],
    how: CompareOptions = options,
    isExact = false,
  ): Promise<{ different: string[]; unknown: string[] }> {
    const existing = await findExisting(how, requests, SIGNAL);
    const compared = await compareContent(how, existing, { isExact }, SIGNAL);
    assert.equal(compared.size, existing.length);
    const of = (verdict: string): string[] =>
      existing
        .filter((object) => compared.get(object)?.verdict === verdict)
        .map(({ request }) => request.target.key);
    return { different: of('different'), unknown: of('unknown') };
  }

  /** The same store, of which `change` makes another. */
  function changedStore(change: (store: ObjectStore) => Partial<ObjectStore>): CompareOptions {
    const openStore: OpenStore = async (target) => {
      const store = await harness.oss.openStore(target);
      const changed = change(store);
      return new Proxy(store, {
        get: (object, name, receiver): unknown => {
          const own: unknown = Reflect.get(changed, name);
          const member: unknown = own ?? Reflect.get(object, name, receiver);
          return typeof member === 'function'
            ? member.bind(own === undefined ? object : changed)
            : member;
        },
      });
    };
    return { ...options, openStore };
  }

  it('lets others run after every few hundred files, also when nothing is asked or read', async () => {
    const requests = await files(600);
    await putAll(requests);
    const existing = await findExisting(options, requests, SIGNAL);
    await compareContent(options, existing, { isExact: false }, SIGNAL);
    let [sinceTurn, most, isOver] = [0, 0, false];
    const turn = (): void => {
      sinceTurn = 0;
      if (!isOver) setImmediate(turn);
    };
    turn();
    const compared = await compareContent(options, existing, { isExact: false }, SIGNAL, () => {
      most = Math.max(most, ++sinceTurn);
    });
    isOver = true;
    assert.equal(compared.size, 600);
    assert.ok(most <= 256, `${most} files were judged in one turn`);
  });

  it('takes a page of a listing for a thousand files, and no HEAD, where ETags are MD5s', async () => {
    const requests = await files(300);
    await putAll(requests.slice(0, 290));
    const [result, operations] = await counted(() => differing(requests));
    assert.deepEqual(result, { different: [], unknown: [] });
    assert.deepEqual(operations, { listObjectsV2: 1 });
    const existing = await findExisting(options, requests, SIGNAL);
    assert.deepEqual(
      existing.map(({ request }) => request.target.key),
      requests.slice(0, 290).map(({ target }) => target.key),
    );
  });

  it('tells changed content apart whatever the time says, and an equal one although it was touched', async () => {
    const requests = await files(100);
    await putAll(requests);
    const [longer, rewritten, touched] = requests;
    assert.ok(longer && rewritten && touched);
    await utimes(rewritten.filePath, 1000, 1000);
    assert.deepEqual(await differing(requests), { different: [], unknown: [] });
    await appendFile(longer.filePath, 'x');
    await writeFile(rewritten.filePath, testBytes(0, 40, 999));
    await utimes(rewritten.filePath, 1000, 1000);
    await utimes(touched.filePath, 1, 1);
    const { different } = await differing(requests);
    assert.deepEqual(different, [longer.target.key, rewritten.target.key]);
  });

  it('reads no file that was uploaded and is as it was since', async () => {
    const requests = await files(20);
    requests.push(harness.request(await harness.file('f/large', 3 * PART_BYTES, 99), 'f/large'));
    // What was written a moment ago is waited for.
    for (const { filePath } of requests) await utimes(filePath, 1000, 1000);
    const { checksumFolder } = options;
    const manager = harness.manager({ checksumFolder });
    await harness.upload(manager, ...requests);
    await manager.shutdown();
    const [touched] = requests;
    assert.ok(touched);
    await utimes(touched.filePath, 2000, 2000);
    const opened = mock.method(fs, 'open');
    try {
      assert.deepEqual(await differing(requests), { different: [], unknown: [] });
      const names = new Set(requests.map(({ filePath }) => filePath));
      const read = opened.mock.calls.map(({ arguments: [name] }) => String(name));
      assert.deepEqual(
        read.filter((name) => names.has(name)),
        [touched.filePath],
      );
    } finally {
      mock.restoreAll();
    }
  });

  it('takes the ETag of an upload for no MD5 where OSS told no checksum', async () => {
    const requests = await files(1);
    const [request] = requests;
    assert.ok(request);
    await utimes(request.filePath, 1000, 1000);
    const { openStore } = changedStore((store) => ({
      putObject: async (...args: Parameters<ObjectStore['putObject']>) => {
        const answer = await store.putObject(...args);
        return { ...answer, crc64: undefined, etag: `"${'A'.repeat(32)}"` };
      },
    }));
    const { checksumFolder } = options;
    const manager = harness.manager({ checksumFolder, openStore });
    await harness.upload(manager, request);
    await manager.shutdown();
    const [existing] = await findExisting(options, requests, SIGNAL);
    assert.ok(existing);
    const state = stateOf(request.filePath, existing.local);
    const known = await new ChecksumCache(checksumFolder, harness.log).find(
      new Set([state]),
      SIGNAL,
    );
    assert.deepEqual(
      [...known.values()].map(({ md5 }) => md5),
      [undefined],
    );
  });

  it('reads no file again that is as it was', async () => {
    const requests = await files(100);
    await putAll(requests);
    await differing(requests);
    const [changed] = requests;
    assert.ok(changed);
    await utimes(changed.filePath, 1, 1);
    // What the cache says of a state is believed: were the others read, they would be equal.
    const cache = new ChecksumCache(options.checksumFolder, harness.log);
    const existing = await findExisting(options, requests, SIGNAL);
    for (const { request, local } of existing.slice(1)) {
      cache.note(stateOf(request.filePath, local), { crc64: 1n, md5: 'F'.repeat(32) });
    }
    await cache.flush();
    const { different } = await differing(requests);
    assert.deepEqual(
      different,
      requests.slice(1).map(({ target }) => target.key),
    );
  });

  it('asks for the CRC-64 where the object was made of parts', async () => {
    const requests = await files(70);
    await putAll(requests);
    const big = harness.request(await harness.file('f/big', 3 * PART_BYTES), 'f/big');
    await harness.uploadOne(harness.manager(), big);
    const [result, operations] = await counted(() => differing([...requests, big]));
    assert.deepEqual(result, { different: [], unknown: [] });
    assert.deepEqual(operations, { listObjectsV2: 1, headObject: 1 });
    await writeFile(big.filePath, testBytes(0, 3 * PART_BYTES, 9));
    assert.deepEqual((await differing([...requests, big])).different, ['f/big']);
  });

  it('asks one by one for a few files, and where listing is not allowed', async () => {
    const requests = await files(100);
    await putAll(requests);
    const [, few] = await counted(() => differing(requests.slice(0, 20)));
    assert.deepEqual(few, { headObject: 20 });
    harness.server.credentials.splice(0, 1, { ...ACCESS_KEY, deny: ['listObjectsV2'] });
    const [, denied] = await counted(() => differing(requests));
    assert.deepEqual(denied, { listObjectsV2: 1, headObject: 100 });
    // Who wants to know what only OSS has is told.
    const place = { target: requests[0]?.target ?? assert.fail(), prefix: 'f/' };
    await assert.rejects(verifyObjects(options, requests, [place], SIGNAL), {
      kind: 'accessDenied',
    });
  });

  it('believes no listing that may be of somebody else: each object is asked for', async () => {
    const requests = await files(70);
    await putAll(requests.slice(0, 60));
    const entries = requests.map(({ target }, n) => {
      const etag = createHash('md5').update(testBytes(0, 40, n + 1));
      return `<Contents><Key>${target.key}</Key><ETag>"${etag.digest('hex').toUpperCase()}"</ETag><Size>40</Size></Contents>`;
    });
    const page = (inside: string) =>
      `<ListBucketResult><IsTruncated>false</IsTruncated>${inside}</ListBucketResult>`;
    for (const answerBody of [page(entries.join('')), page('')]) {
      harness.server.faults.push({
        on: 'listObjectsV2',
        do: { answerBody, answerHeaders: { 'x-oss-request-id': null } },
      });
      const existing = await findExisting(options, requests, SIGNAL);
      assert.equal(existing.length, 60);
      const [{ target }] = requests as [UploadRequest];
      const places = [{ target, prefix: 'f/' }];
      const { files: verified } = await verifyObjects(options, requests, places, SIGNAL);
      assert.equal(verified.filter(({ verdict }) => verdict === 'equal').length, 60);
      assert.equal(verified.filter(({ verdict }) => verdict === 'missing').length, 10);
    }
  });

  it('gives a listing up in which there is little but objects of others', async () => {
    const requests = await files(100);
    await putAll(requests);
    for (let n = 0; n < 400; n++) {
      await harness.server.putObject(BUCKET, `f/0050-${n}`, testBytes(0, 8));
    }
    harness.server.faults.push({ on: 'listObjectsV2', times: 1e9, do: { maxPageSize: 20 } });
    const [existing, operations] = await counted(() => findExisting(options, requests, SIGNAL));
    assert.equal(existing.length, 100);
    const { listObjectsV2 = 0, headObject = 0 } = operations;
    assert.ok(listObjectsV2 <= 5, `${listObjectsV2} pages`);
    assert.ok(headObject > 0 && headObject < 100, `${headObject} HEADs`);
  });

  it('goes past folders of others without listing them', async () => {
    const requests = (await files(200)).map((request, n) => ({
      ...request,
      target: { ...request.target, key: n < 100 ? `a/${n}` : `z/${n}` },
    }));
    for (const { target } of requests) {
      await harness.server.putObject(BUCKET, target.key, testBytes(0, 40));
    }
    for (let n = 0; n < 300; n++) await harness.server.putObject(BUCKET, `m/${n}`, testBytes(0, 8));
    harness.server.faults.push({ on: 'listObjectsV2', times: 1e9, do: { maxPageSize: 120 } });
    const [existing, operations] = await counted(() => findExisting(options, requests, SIGNAL));
    assert.equal(existing.length, 200);
    assert.deepEqual(operations, { listObjectsV2: 2 });
  });

  it('lists large folders in ranges side by side, each key once', async () => {
    const keys = Array.from({ length: 1200 }, (_, n) => `big/照片 ${n}~.txt`);
    for (const key of keys.filter((_, n) => n % 3 === 0)) {
      await harness.server.putObject(BUCKET, key, testBytes(0, 8));
    }
    const filePath = await harness.file('one', 8);
    const requests = keys.map((key) => harness.request(filePath, key));
    const [existing, operations] = await counted(() => findExisting(options, requests, SIGNAL));
    assert.deepEqual(
      existing.map(({ request }) => request.target.key),
      keys.filter((_, n) => n % 3 === 0),
    );
    assert.ok((operations.listObjectsV2 ?? 0) <= 6, JSON.stringify(operations));
    assert.equal(operations.headObject, undefined);
  });

  describe('where ETags look like an MD5 and are none, as of encrypted objects', () => {
    const disguised = (): CompareOptions =>
      changedStore((store) => ({
        listObjects: async (...args) => {
          const page = await store.listObjects(...args);
          const objects = page.objects.map((object): ListedObject => ({
            ...object,
            etag: `"${'0'.repeat(32)}"`,
          }));
          return { ...page, objects };
        },
      }));

    it('finds equal ones equal, by their CRC-64', async () => {
      const requests = await files(80);
      await putAll(requests);
      const [result, operations] = await counted(() => differing(requests, disguised()));
      assert.deepEqual(result, { different: [], unknown: [] });
      assert.equal(operations.headObject, 80);
    });

    it('believes none any more when one was wrong', async () => {
      const requests = await files(80);
      await putAll(requests);
      for (const { filePath } of requests.slice(16)) {
        await writeFile(filePath, testBytes(0, 40, 999));
      }
      const [result, operations] = await counted(() => differing(requests, disguised()));
      assert.equal(result.different.length, 64);
      assert.equal(operations.headObject, 80);
    });

    it('believes them after some that agree, unless it has to be exact', async () => {
      const requests = await files(80);
      await putAll(requests);
      for (const [n, { filePath }] of requests.entries()) {
        await writeFile(filePath, testBytes(0, 40, n + 1000));
      }
      const [result, operations] = await counted(() => differing(requests));
      assert.equal(result.different.length, 80);
      assert.ok((operations.headObject ?? 0) <= 20, JSON.stringify(operations));
      const [exact, all] = await counted(() => differing(requests, options, true));
      assert.equal(exact.different.length, 80);
      assert.equal(all.headObject, 80);
    });
  });

  it('says "unknown" of a file that is gone, and goes on', async () => {
    const requests = await files(70);
    await putAll(requests);
    const existing = await findExisting(options, requests, SIGNAL);
    await rm(requests[3]?.filePath ?? '');
    const compared = await compareContent(options, existing, { isExact: false }, SIGNAL);
    const verdicts = existing.map((object) => compared.get(object));
    assert.equal(verdicts[3]?.verdict, 'unknown');
    assert.equal(verdicts[3].error?.kind, 'sourceMissing');
    assert.equal(verdicts.filter((comparison) => comparison?.verdict === 'equal').length, 69);
  });

  it('remembers what it has read when it is cancelled: the next run goes on there', async () => {
    const requests = await files(80);
    await putAll(requests);
    const stop = new AbortController();
    const existing = await findExisting(options, requests, SIGNAL);
    const cancelled = compareContent(options, existing, { isExact: false }, stop.signal, (done) => {
      if (done === 40) stop.abort();
    });
    await assert.rejects(cancelled, (error) => isAbortError(error));
    const states = existing.map(({ request, local }) => stateOf(request.filePath, local));
    const known = await new ChecksumCache(options.checksumFolder, harness.log).find(
      new Set(states),
      SIGNAL,
    );
    assert.ok(known.size >= 40 && known.size < 80, `${known.size} are known`);
  });

  it('rejects with a failure of OSS', async () => {
    const requests = await files(70);
    const failing = changedStore(() => ({
      listObjects: () =>
        Promise.reject(new UploadError('noSuchBucket', 'gone', { code: 'NoSuchBucket' })),
    }));
    await assert.rejects(differing(requests, failing), { kind: 'noSuchBucket' });
  });

  describe('verified', () => {
    const verify = async (
      requests: readonly UploadRequest[],
      prefix = 'f/',
    ): Promise<{ verdicts: string[]; onlyInOss: [number, string[], boolean] }> => {
      const [{ target } = harness.request('', '')] = requests;
      const { files, onlyInOss } = await verifyObjects(
        options,
        requests,
        prefix === '' ? [] : [{ target, prefix }],
        SIGNAL,
      );
      assert.deepEqual(
        files.map(({ request }) => request),
        requests,
      );
      const { count, objects, isComplete } = onlyInOss;
      return {
        verdicts: files.map(({ verdict }) => verdict),
        onlyInOss: [count, objects.map(({ key }) => key), isComplete],
      };
    };

    it('says of each file what it is, counts what only OSS has, and changes nothing', async () => {
      const requests = await files(5);
      await putAll(requests.slice(0, 4));
      await harness.server.putObject(BUCKET, 'f/other', testBytes(0, 8));
      await harness.server.putObject(BUCKET, 'g/elsewhere', testBytes(0, 8));
      const [, changed, gone] = requests;
      await writeFile(changed?.filePath ?? '', testBytes(0, 40, 999));
      await rm(gone?.filePath ?? '');
      const keys = harness.server.keys(BUCKET);
      const [result, operations] = await counted(() => verify(requests));
      assert.deepEqual(result, {
        verdicts: ['equal', 'different', 'unknown', 'equal', 'missing'],
        onlyInOss: [1, ['f/other'], true],
      });
      assert.deepEqual(operations, { listObjectsV2: 1, headObject: 1 });
      assert.deepEqual(harness.server.keys(BUCKET), keys);
    });

    it('needs no listing for a single file', async () => {
      const requests = await files(1);
      await putAll(requests);
      const [result, operations] = await counted(() => verify(requests, ''));
      assert.deepEqual(result, { verdicts: ['equal'], onlyInOss: [0, [], true] });
      assert.deepEqual(operations, { headObject: 1 });
    });

    it('tells how many objects were looked at, then how many files were compared', async () => {
      const requests = await files(5);
      await putAll(requests);
      await harness.server.putObject(BUCKET, 'f/other', testBytes(0, 8));
      for (const [prefix, looked] of [
        ['f/', [1, 2, 3, 4, 5, 6]],
        [undefined, [1, 2, 3, 4, 5]],
      ] as const) {
        const told: string[] = [];
        const [{ target } = harness.request('', '')] = requests;
        const places = prefix === undefined ? [] : [{ target, prefix }];
        await verifyObjects(
          options,
          requests,
          places,
          SIGNAL,
          (done, total) => told.push(`${done} of ${total}`),
          (objects) => told.push(String(objects)),
        );
        const compared = requests.map((_, index) => `${index + 1} of 5`);
        assert.deepEqual(told, [...looked.map(String), ...compared]);
      }
    });

    it('follows the pages of the listing', async () => {
      const requests = await files(30);
      await putAll(requests);
      harness.server.faults.push({ on: 'listObjectsV2', times: 1e9, do: { maxPageSize: 7 } });
      const [{ verdicts }, operations] = await counted(() => verify(requests));
      assert.deepEqual(new Set(verdicts), new Set(['equal']));
      assert.equal(operations.listObjectsV2, 5);
    });
  });
});
