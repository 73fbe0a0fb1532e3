import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CredentialsSource } from '../../../src/account';
import { UploadError } from '../../../src/engine/contract/errors';
import { checkObjectKey } from '../../../src/engine/contract/validate';
import type { ObjectStore } from '../../../src/engine/contract/ports';
import { crc64Of } from '../../oss-server/crc64';
import { faultAnswers } from '../../oss-server/faults';
import type { FaultActions } from '../../oss-server/faults';
import type { OperationName } from '../../oss-server/operationNames';
import type { OssServer } from '../../oss-server/server';
import { bodyOf, CALL, KEY, OssFixture, rejection, SOURCE } from './ossFixture';

const KIB = 1024;
const NEW = { forbidOverwrite: false };
const KEEP = { forbidOverwrite: true };

const ODD_KEYS = [
  'plain.txt',
  'a b/c+d%20e&f#g?h=i;j,k$l@m:n!o\'p(q)r*s"t<u>v|w`x^y{z}~[\\]',
  '照片/北京 2026/日落.jpg',
  'emoji 🏔️👨‍👩‍👧.png',
  'line\nbreak\ttab.txt',
  'a/../b/./c//d/',
  '.',
  '..',
  'trailing space ',
  '%2e%2e/%2F',
  'k'.repeat(1023),
  '照'.repeat(341),
];

const fixture = new OssFixture();

/** One fault, for the first of these operations from now on or for a later one. */
function strike(server: OssServer, on: OperationName, actions: FaultActions, after = 0): void {
  server.faults.push({ on, after, times: 1, do: actions });
}

async function uploadOf(store: ObjectStore, key: string, parts: readonly Buffer[]) {
  const { uploadId } = await store.initiateMultipartUpload(key, NEW, CALL);
  const receipts = [];
  for (const [index, part] of parts.entries()) {
    const partNumber = index + 1;
    const body = bodyOf(part);
    const receipt = await store.uploadPart(key, uploadId, partNumber, body, {}, CALL);
    receipts.push({ partNumber, ...receipt });
  }
  return { uploadId, receipts };
}

describe('OssObjectStore', () => {
  afterEach(() => fixture.close());

  for (const [version, region] of [
    ['V4', 'cn-hangzhou'],
    ['V1', ''],
  ] as const) {
    describe(`signed with ${version}`, () => {
      it('uploads an object in parts', async () => {
        const server = await fixture.server();
        const store = await fixture.store(server, region);
        const parts = [Buffer.alloc(100 * KIB, 1), Buffer.alloc(100 * KIB, 2), Buffer.alloc(7, 3)];
        const { uploadId, receipts } = await uploadOf(store, 'a/b c.bin', parts);
        for (const [index, receipt] of receipts.entries()) {
          assert.equal(receipt.crc64, await crc64Of(parts[index]!));
          assert.match(receipt.etag, /^"[0-9A-F]{32}"$/);
          assert.ok(receipt.requestId);
        }
        const listed = await store.listParts('a/b c.bin', uploadId, CALL);
        assert.deepEqual(
          listed,
          receipts.map(({ partNumber, etag, crc64: crc }, index) => ({
            partNumber,
            sizeBytes: parts[index]!.length,
            etag,
            crc64: crc,
          })),
        );
        const stored = await store.completeMultipartUpload(
          'a/b c.bin',
          uploadId,
          receipts,
          NEW,
          CALL,
        );
        const whole = Buffer.concat(parts);
        assert.equal(stored.crc64, await crc64Of(whole));
        assert.match(stored.etag, /-3"$/);
        assert.deepEqual(await server.object('photos', 'a/b c.bin')?.bytes(), whole);
        const info = await store.headObject('a/b c.bin', CALL);
        assert.equal(info?.sizeBytes, whole.length);
        assert.equal(info.crc64, await crc64Of(whole));
        assert.ok(Math.abs(info.lastModifiedMs! - Date.now()) < 60_000);
      });

      it('puts, finds and does not find objects of odd keys', async () => {
        const server = await fixture.server();
        const store = await fixture.store(server, region);
        for (const key of ODD_KEYS) {
          assert.equal(await store.headObject(key, CALL), undefined, key);
          const stored = await store.putObject(key, bodyOf(key), NEW, CALL);
          assert.equal(stored.crc64, await crc64Of(Buffer.from(key)));
          assert.equal((await server.object('photos', key)?.bytes())?.toString(), key);
          assert.equal((await store.headObject(key, CALL))?.sizeBytes, Buffer.byteLength(key));
        }
        assert.deepEqual(server.keys('photos').sort(), [...ODD_KEYS].sort());
      });

      it('initiates, lists and aborts uploads of odd keys', async () => {
        const server = await fixture.server();
        const store = await fixture.store(server, region);
        const started = new Map<string, string>();
        for (const key of ODD_KEYS) {
          const { uploadId } = await store.initiateMultipartUpload(key, NEW, CALL);
          started.set(key, uploadId);
        }
        const listed = await store.listMultipartUploads('', CALL);
        assert.deepEqual(new Map(listed.map(({ key, uploadId }) => [key, uploadId])), started);
        assert.ok(listed.every(({ initiatedMs }) => Math.abs(initiatedMs - Date.now()) < 60_000));
        const some = await store.listMultipartUploads('照片/北京 ', CALL);
        assert.deepEqual(
          some.map(({ key }) => key),
          ['照片/北京 2026/日落.jpg'],
        );
        for (const [key, uploadId] of started) {
          await store.abortMultipartUpload(key, uploadId, CALL);
        }
        assert.deepEqual(await store.listMultipartUploads('', CALL), []);
      });

      it('lists objects page by page with size, ETag and time, whatever they are called', async () => {
        const server = await fixture.server();
        const store = await fixture.store(server, region);
        for (const key of ODD_KEYS) await server.putObject('photos', key, Buffer.from(key));
        server.faults.push({ on: 'listObjectsV2', times: 100, do: { maxPageSize: 5 } });
        const listed: string[] = [];
        for (let isTruncated = true; isTruncated;) {
          const page = await store.listObjects('', listed.at(-1) ?? '', CALL);
          for (const { key, sizeBytes, etag, lastModifiedMs = 0 } of page.objects) {
            const info = await store.headObject(key, CALL);
            assert.deepEqual([sizeBytes, etag], [Buffer.byteLength(key), info?.etag], key);
            assert.ok(Math.abs(lastModifiedMs - Date.now()) < 60_000);
            listed.push(key);
          }
          ({ isTruncated } = page);
        }
        const wanted = ODD_KEYS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        assert.deepEqual(listed, wanted);
        const { objects } = await store.listObjects('照片/北京 ', '', CALL);
        assert.deepEqual(
          objects.map(({ key }) => key),
          ['照片/北京 2026/日落.jpg'],
        );
      });

      it('gives the object all its properties, beyond ASCII too', async () => {
        const server = await fixture.server();
        const store = await fixture.store(server, region);
        const options = {
          forbidOverwrite: false,
          contentType: 'text/x-own',
          cacheControl: 'max-age=60',
          contentDisposition: 'attachment; filename="视频.mp4"',
          acl: 'public-read',
          storageClass: 'IA',
          encryption: { algorithm: 'AES256' },
          metadata: { author: '李雷 🏔', plain: 'x' },
          tags: { 'a b': '1=2', c: '' },
          trafficLimitBitsPerSecond: 838_860_800,
        } as const;
        await store.putObject('put', bodyOf('x'), options, CALL);
        const { uploadId } = await store.initiateMultipartUpload('parts', options, CALL);
        const part = { partNumber: 1 };
        const body = bodyOf('x');
        const receipt = await store.uploadPart('parts', uploadId, 1, body, options, CALL);
        const parts = [{ ...part, etag: receipt.etag }];
        await store.completeMultipartUpload('parts', uploadId, parts, options, CALL);
        for (const key of ['put', 'parts']) {
          const object = server.object('photos', key);
          assert.ok(object);
          const text = Object.fromEntries(
            Object.entries(object.headers).map(([name, value]) => [
              name.toLowerCase(),
              Buffer.from(value, 'latin1').toString('utf8'),
            ]),
          );
          assert.equal(text['content-type'], 'text/x-own');
          assert.equal(text['cache-control'], 'max-age=60');
          assert.equal(text['content-disposition'], 'attachment; filename="视频.mp4"');
          assert.equal(text['x-oss-storage-class'], 'IA');
          assert.equal(text['x-oss-server-side-encryption'], 'AES256');
          assert.equal(text['x-oss-meta-author'], '李雷 🏔');
          assert.equal(object.acl, 'public-read');
          assert.deepEqual(object.tags, { 'a b': '1=2', c: '' });
        }
      });

      it('sends the token of temporary credentials', async () => {
        const securityToken = 'CAIStoken/with+odd=characters';
        const server = await fixture.server({ credentials: [{ ...KEY, securityToken }] });
        const source = { kind: 'accessKey', key: { ...KEY, securityToken } } as const;
        const credentials = () => Promise.resolve(source);
        const store = await fixture.store(server, region, { credentials });
        await store.putObject('k', bodyOf('x'), NEW, CALL);
        assert.equal((await store.headObject('k', CALL))?.sizeBytes, 1);
      });
    });
  }

  describe('PutObject', () => {
    it('stores an empty object', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      assert.equal((await store.putObject('empty', bodyOf(), NEW, CALL)).crc64, 0n);
      assert.equal(server.object('photos', 'empty')?.sizeBytes, 0);
    });

    it('does not write over an object when it must not', async () => {
      const server = await fixture.server();
      await server.putObject('photos', 'k', Buffer.from('old'));
      const store = await fixture.store(server);
      const error = await rejection(store.putObject('k', bodyOf('new'), KEEP, CALL));
      assert.deepEqual([error.kind, error.code], ['alreadyExists', 'FileAlreadyExists']);
      await store.putObject('k', bodyOf('new'), NEW, CALL);
      assert.equal(String(await server.object('photos', 'k')?.bytes()), 'new');
    });

    it('passes on what the source of the body threw, unchanged', async () => {
      const store = await fixture.store(await fixture.server());
      const thrown = new UploadError('sourceChanged', 'changed', { code: 'SourceChanged' });
      const chunks = (async function* () {
        await Promise.resolve();
        yield Buffer.from('x');
        throw thrown;
      })();
      const body = { sizeBytes: 2, chunks };
      await assert.rejects(store.putObject('k', body, NEW, CALL), (error) => error === thrown);
    });
  });

  describe('keys', () => {
    for (const [what, key] of [
      ['an empty one', ''],
      ['a leading slash', '/a'],
      ['a leading backslash', '\\a'],
      ['more than 1023 bytes', 'k'.repeat(1024)],
      ['more than 1023 bytes of UTF-8', '照'.repeat(342)],
      ['half a character', 'a\ud800b'],
    ] as const) {
      it(`refuses ${what} before anything is sent`, async () => {
        const server = await fixture.server();
        const store = await fixture.store(server);
        for (const call of [
          store.initiateMultipartUpload(key, NEW, CALL),
          store.putObject(key, bodyOf('x'), NEW, CALL),
          store.headObject(key, CALL),
          store.listParts(key, 'ID', CALL),
        ]) {
          const error = await rejection(call);
          assert.deepEqual([error.kind, error.field], ['invalidArgument', 'key']);
          assert.equal(error.code, checkObjectKey(key));
        }
        assert.equal(server.acceptedConnections, 0);
      });
    }

    it('refuses a part number out of range', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      for (const number of [0, 10_001, 1.5]) {
        const error = await rejection(store.uploadPart('k', 'ID', number, bodyOf('x'), {}, CALL));
        assert.deepEqual([error.kind, error.field], ['invalidArgument', 'partNumber']);
      }
    });
  });

  describe('InitiateMultipartUpload', () => {
    for (const [what, actions] of [
      ['an HTML page', { answerBody: '<html><body>Log in</body></html>' }],
      ['nothing', { answerBody: '' }],
      [
        'no upload id',
        {
          answerBody: '<InitiateMultipartUploadResult><Key>k</Key></InitiateMultipartUploadResult>',
        },
      ],
      ['half a document', { answerBody: '<InitiateMultipartUploadResult><UploadId>AB' }],
    ] as const) {
      it(`calls a 200 with ${what} a bad response`, async () => {
        const server = await fixture.server();
        strike(server, 'initiateMultipartUpload', actions);
        const store = await fixture.store(server);
        const error = await rejection(store.initiateMultipartUpload('k', NEW, CALL));
        assert.deepEqual([error.kind, error.key, error.bucket], ['badResponse', 'k', 'photos']);
      });
    }
  });

  describe('UploadPart', () => {
    it('says what it was about when OSS refuses', async () => {
      const store = await fixture.store(await fixture.server());
      const error = await rejection(
        store.uploadPart('k', 'F'.repeat(32), 3, bodyOf('x'), {}, CALL),
      );
      assert.equal(error.kind, 'noSuchUpload');
      assert.deepEqual(
        [error.bucket, error.key, error.uploadId, error.partNumber, error.status],
        ['photos', 'k', 'F'.repeat(32), 3, 404],
      );
      assert.ok(error.requestId);
      assert.match(error.helpUrl ?? '', /^https:\/\/api\.aliyun\.com\/troubleshoot\?q=0042-/);
    });

    it('calls an answer without an ETag a bad response', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
      strike(server, 'uploadPart', { answerHeaders: { etag: null } });
      const error = await rejection(store.uploadPart('k', uploadId, 1, bodyOf('x'), {}, CALL));
      assert.deepEqual([error.kind, error.code], ['badResponse', 'NoETag']);
    });

    for (const written of [null, 'none', '99999999999999999999']) {
      it(`does without a CRC where something on the way makes ${written} of it`, async () => {
        const server = await fixture.server();
        const store = await fixture.store(server);
        const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
        strike(server, 'uploadPart', { answerHeaders: { 'x-oss-hash-crc64ecma': written } });
        const receipt = await store.uploadPart('k', uploadId, 1, bodyOf('x'), {}, CALL);
        assert.equal(receipt.crc64, undefined);
      });
    }

    it('is ended by its own signal and by no other: state of ali-oss is not shared', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const one = await store.initiateMultipartUpload('one', NEW, CALL);
      const two = await store.initiateMultipartUpload('two', NEW, CALL);
      const held = server.hold({ on: 'uploadPart', times: 2 });
      const stop = new AbortController();
      const first = rejection(store.uploadPart('one', one.uploadId, 1, bodyOf('1'), {}, stop));
      const second = store.uploadPart('two', two.uploadId, 1, bodyOf('2'), {}, CALL);
      await held.reached;
      stop.abort();
      assert.equal((await first).kind, 'aborted');
      await store.abortMultipartUpload('one', one.uploadId, CALL);
      held.release();
      assert.match((await second).etag, /^"/);
    });
  });

  describe('ListParts', () => {
    for (const count of [0, 1, 2]) {
      it(`lists ${count} parts as an array of numbers`, async () => {
        const store = await fixture.store(await fixture.server());
        const parts = Array.from({ length: count }, (_, index) => Buffer.from(`part ${index}`));
        const { uploadId } = await uploadOf(store, 'k', parts);
        const listed = await store.listParts('k', uploadId, CALL);
        assert.deepEqual(
          listed.map(({ partNumber, sizeBytes, crc64: crc }) => [partNumber, sizeBytes, crc]),
          await Promise.all(
            parts.map(async (part, index) => [index + 1, part.length, await crc64Of(part)]),
          ),
        );
      });
    }

    it('follows the markers of the pages', async () => {
      const server = await fixture.server();
      server.faults.push({ on: 'listParts', do: { maxPageSize: 2 } });
      const store = await fixture.store(server);
      const parts = ['1', '22', '333', '4444', '55555'].map((text) => Buffer.from(text));
      const { uploadId } = await uploadOf(store, 'k', parts);
      const listed = await store.listParts('k', uploadId, CALL);
      assert.deepEqual(
        listed.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]),
        [1, 2, 3, 4, 5].map((number) => [number, number]),
      );
    });

    it('lists 2500 parts over three pages', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
      const numbers = Array.from({ length: 2500 }, (_, index) => index + 1);
      for (const first of [0, 1000, 2000]) {
        const page = numbers.slice(first, first + 1000);
        const parts = page.map(
          (number) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>"E"</ETag><Size>${number}</Size></Part>`,
        );
        const isTruncated = `<IsTruncated>${first < 2000}</IsTruncated>`;
        const marker = `<NextPartNumberMarker>${page.at(-1)!}</NextPartNumberMarker>`;
        const answerBody = `<ListPartsResult>${isTruncated}${marker}${parts.join('')}</ListPartsResult>`;
        strike(server, 'listParts', { answerBody }, first / 1000);
      }
      const listed = await store.listParts('k', uploadId, CALL);
      assert.deepEqual(
        listed.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]),
        numbers.map((number) => [number, number]),
      );
    });

    it('believes no listing of objects that is out of order, elsewhere or without a size', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const page = (...entries: string[]): string =>
        `<ListBucketResult><IsTruncated>true</IsTruncated>${entries.join('')}</ListBucketResult>`;
      const entry = (key: string, size = '1', etag = '"A"'): string =>
        `<Contents><Key>${key}</Key><ETag>${etag}</ETag><Size>${size}</Size></Contents>`;
      for (const [answerBody, code] of [
        [page(entry('a/c'), entry('a/b')), 'MarkerDoesNotAdvance'],
        [page(entry('a/a')), 'MarkerDoesNotAdvance'],
        [page(entry('b')), 'MarkerDoesNotAdvance'],
        [page(), 'MarkerDoesNotAdvance'],
        [page(entry('a/c', '-1')), 'MalformedObject'],
        [page(entry('a/c', '1', '')), 'MalformedObject'],
        [`<ListBucketResult>${entry('a/c')}</ListBucketResult>`, 'NoIsTruncated'],
      ] as const) {
        strike(server, 'listObjectsV2', { answerBody });
        const error = await rejection(store.listObjects('a/', 'a/a', CALL));
        assert.deepEqual([error.kind, error.code], ['badResponse', code], answerBody);
      }
    });

    it('does not go round for ever when a page does not advance', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
      for (const marker of ['', '<NextPartNumberMarker>0</NextPartNumberMarker>']) {
        strike(server, 'listParts', {
          answerBody: `<ListPartsResult><IsTruncated>true</IsTruncated>${marker}</ListPartsResult>`,
        });
        const error = await rejection(store.listParts('k', uploadId, CALL));
        assert.deepEqual([error.kind, error.code], ['badResponse', 'MarkerDoesNotAdvance']);
      }
    });

    it('rejects with noSuchUpload', async () => {
      const store = await fixture.store(await fixture.server());
      const error = await rejection(store.listParts('k', 'F'.repeat(32), CALL));
      assert.equal(error.kind, 'noSuchUpload');
    });
  });

  describe('ListMultipartUploads', () => {
    it('sends no empty parameter, which ali-oss signs otherwise than OSS', async () => {
      const urls: string[] = [];
      const server = createServer((message, answer) => {
        urls.push(message.url ?? '');
        answer.end(
          '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>',
        );
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const target = { bucket: 'photos', key: 'k', region: 'cn-hangzhou', profile: '' };
      const store = await fixture.oss(`http://127.0.0.1:${port}`).openStore(target);
      await store.listMultipartUploads('', CALL);
      server.close();
      // ali-oss writes `uploads=` and signs the bare name, as OSS reads it.
      assert.deepEqual(urls, ['/photos/?encoding-type=url&max-uploads=1000&uploads=']);
    });

    it('follows the markers of the pages, of one key too', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const page = (isTruncated: boolean, key: string, uploadId: string) =>
        `<ListMultipartUploadsResult><EncodingType>url</EncodingType>
        <IsTruncated>${isTruncated}</IsTruncated><NextKeyMarker>${key}</NextKeyMarker>
        <NextUploadIdMarker>${uploadId}</NextUploadIdMarker><Upload><Key>${key}</Key>
        <UploadId>${uploadId}</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>
        </ListMultipartUploadsResult>`;
      const pages = [page(true, 'a%2Fb', 'A'), page(true, 'a%2Fb', 'B'), page(false, 'a%2Fc', 'A')];
      for (const [index, answerBody] of pages.entries()) {
        strike(server, 'listMultipartUploads', { answerBody }, index);
      }
      const initiatedMs = Date.UTC(2026, 0, 2, 3, 4, 5);
      assert.deepEqual(await store.listMultipartUploads('', CALL), [
        { key: 'a/b', uploadId: 'A', initiatedMs },
        { key: 'a/b', uploadId: 'B', initiatedMs },
        { key: 'a/c', uploadId: 'A', initiatedMs },
      ]);
    });

    it('does not go round for ever when a page does not advance', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      strike(server, 'listMultipartUploads', {
        answerBody:
          '<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>',
      });
      const error = await rejection(store.listMultipartUploads('', CALL));
      assert.deepEqual([error.kind, error.code], ['badResponse', 'MarkerDoesNotAdvance']);
    });
  });

  describe('CompleteMultipartUpload', () => {
    const started = async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const { uploadId, receipts } = await uploadOf(store, 'k', [Buffer.from('bytes')]);
      return { server, store, uploadId, receipts };
    };

    it('takes a 200 that carries an error for that error', async () => {
      const { server, store, uploadId, receipts } = await started();
      strike(server, 'completeMultipartUpload', {
        answerBody:
          '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>m</Message></Error>',
      });
      const error = await rejection(
        store.completeMultipartUpload('k', uploadId, receipts, NEW, CALL),
      );
      assert.deepEqual(
        [error.kind, error.code, error.uploadId],
        ['server', 'InternalError', uploadId],
      );
    });

    it('takes a 200 of something else for a bad response', async () => {
      const { server, store, uploadId, receipts } = await started();
      strike(server, 'completeMultipartUpload', { answerBody: '<html>Welcome</html>' });
      const error = await rejection(
        store.completeMultipartUpload('k', uploadId, receipts, NEW, CALL),
      );
      assert.equal(error.kind, 'badResponse');
    });

    it('leaves the order of the parts as it is given', async () => {
      const { store, uploadId, receipts } = await started();
      const receipt = await store.uploadPart('k', uploadId, 2, bodyOf('more'), {}, CALL);
      const parts = [{ partNumber: 2, etag: receipt.etag }, ...receipts];
      const error = await rejection(store.completeMultipartUpload('k', uploadId, parts, NEW, CALL));
      assert.deepEqual([error.kind, error.code], ['invalidParts', 'InvalidPartOrder']);
    });

    it('says invalidParts for a part that OSS does not have', async () => {
      const { store, uploadId } = await started();
      const parts = [{ partNumber: 1, etag: `"${'0'.repeat(32)}"` }];
      const error = await rejection(store.completeMultipartUpload('k', uploadId, parts, NEW, CALL));
      assert.deepEqual([error.kind, error.code], ['invalidParts', 'InvalidPart']);
    });

    it('does not write over an object when it must not, and keeps the parts', async () => {
      const { server, store, uploadId, receipts } = await started();
      await server.putObject('photos', 'k', Buffer.from('old'));
      const error = await rejection(
        store.completeMultipartUpload('k', uploadId, receipts, KEEP, CALL),
      );
      assert.equal(error.kind, 'alreadyExists');
      assert.equal((await store.listParts('k', uploadId, CALL)).length, 1);
    });

    describe('with a callback', () => {
      /** An application that OSS calls. */
      const application = async (status: number) => {
        const server = createServer((message, answer) => {
          message.resume().on('end', () => {
            const body = '{"ok":true}';
            const headers = { 'content-type': 'application/json', 'content-length': body.length };
            answer.writeHead(status, headers).end(body);
          });
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        const { port } = server.address() as AddressInfo;
        return {
          callback: { url: `http://127.0.0.1:${port}/`, body: 'key=${object}' },
          close: () => server.close(),
        };
      };

      it('gives the answer of the application', async () => {
        const { store, uploadId, receipts } = await started();
        const { callback, close } = await application(200);
        const options = { ...NEW, callback };
        const stored = await store.completeMultipartUpload('k', uploadId, receipts, options, CALL);
        assert.equal(stored.callbackBody, '{"ok":true}');
        assert.equal(stored.callbackError, undefined);
        const put = await store.putObject('p', bodyOf('x'), options, CALL);
        assert.equal(put.callbackBody, '{"ok":true}');
        close();
      });

      it('says that the object is stored although the application failed', async () => {
        const { server, store, uploadId, receipts } = await started();
        const { callback, close } = await application(500);
        const options = { ...NEW, callback };
        const stored = await store.completeMultipartUpload('k', uploadId, receipts, options, CALL);
        assert.equal(stored.callbackError?.code, 'CallbackFailed');
        assert.ok(server.object('photos', 'k'));
        const put = await store.putObject('p', bodyOf('x'), options, CALL);
        assert.equal(put.callbackError?.code, 'CallbackFailed');
        close();
      });
    });
  });

  describe('AbortMultipartUpload', () => {
    it('counts an unknown upload as aborted', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
      await store.abortMultipartUpload('k', uploadId, CALL);
      await store.abortMultipartUpload('k', uploadId, CALL);
      assert.deepEqual(server.uploads('photos'), []);
    });

    it('rejects with any other error', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      strike(server, 'abortMultipartUpload', { answer: faultAnswers.internalError });
      assert.equal((await rejection(store.abortMultipartUpload('k', 'ID', CALL))).kind, 'server');
    });
  });

  describe('an answer without the headers of OSS', () => {
    const STRIPPED: FaultActions = {
      answerHeaders: {
        'x-oss-request-id': null,
        'x-oss-hash-crc64ecma': null,
        'x-oss-err': null,
        'x-oss-ec': null,
      },
    };
    const stripped = async () => {
      const server = await fixture.server();
      server.faults.push({ do: STRIPPED });
      return { server, store: await fixture.store(server) };
    };

    it('still lets an object be put, missed, found, and its parts be listed', async () => {
      const { store } = await stripped();
      assert.equal(await store.headObject('k', CALL), undefined);
      const put = await store.putObject('k', bodyOf('bytes'), NEW, CALL);
      assert.deepEqual([put.requestId, put.crc64], [undefined, undefined]);
      const found = await store.headObject('k', CALL);
      assert.deepEqual([found?.sizeBytes, found?.etag], [5, put.etag]);
      const { uploadId, receipts } = await uploadOf(store, 'm', [Buffer.from('bytes')]);
      assert.equal((await store.listParts('m', uploadId, CALL)).length, 1);
      const done = await store.completeMultipartUpload('m', uploadId, receipts, NEW, CALL);
      assert.equal(done.requestId, undefined);
      const error = await rejection(store.listParts('m', uploadId, CALL));
      assert.equal(error.kind, 'noSuchUpload');
    });

    it('tells a refusal of HeadObject by that of a GET', async () => {
      const server = await fixture.server({
        credentials: [{ ...KEY, deny: ['headObject', 'getObject'] }],
      });
      server.faults.push({ do: STRIPPED });
      const store = await fixture.store(server);
      assert.equal((await rejection(store.headObject('k', CALL))).kind, 'accessDenied');
    });

    it('is nobody’s when it says something else', async () => {
      for (const [body, contentType] of [
        ['{"ok":true}', 'application/json'],
        ['ok', 'text/plain'],
        ['', 'text/html'],
        ['<html/>', ''],
      ] as const) {
        const server = await fixture.server();
        const headers = { etag: '"A"', 'content-type': contentType };
        server.faults.push({
          do: {
            answer: { status: 200, body, headers },
            answerHeaders: { 'x-oss-request-id': null },
          },
        });
        const store = await fixture.store(server);
        for (const ask of [
          () => store.putObject('k', bodyOf('x'), NEW, CALL),
          () => store.uploadPart('k', 'ID', 1, bodyOf('x'), {}, CALL),
          () => store.initiateMultipartUpload('k', NEW, CALL),
          () => store.listParts('k', 'ID', CALL),
          () => store.listMultipartUploads('', CALL),
          () => store.completeMultipartUpload('k', 'ID', [], NEW, CALL),
        ]) {
          const error = await rejection(ask());
          assert.deepEqual([error.kind, error.isForeign], ['badResponse', true], body);
        }
      }
    });

    it('is no failed callback because it says 203', async () => {
      const server = await fixture.server();
      const callback = { url: 'http://127.0.0.1:9/', body: 'b' };
      server.faults.push({
        do: { answer: { status: 203 }, answerHeaders: { 'x-oss-request-id': null } },
      });
      const store = await fixture.store(server);
      const put = store.putObject('k', bodyOf('x'), { ...NEW, callback }, CALL);
      assert.equal((await rejection(put)).code, 'NoETag');
    });

    it('names who answered: no refusal of OSS, no matter of credentials', async () => {
      for (const status of [401, 403, 404, 407, 413, 500, 502]) {
        const server = await fixture.server();
        server.faults.push({
          do: {
            answer: { status, body: '<html>no</html>', contentType: 'text/html' },
            answerHeaders: { 'x-oss-request-id': null },
          },
        });
        const store = await fixture.store(server);
        const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
        const kind = status < 500 ? 'refused' : 'server';
        assert.deepEqual([error.kind, error.isForeign, error.status], [kind, true, status]);
      }
    });
  });

  describe('a listing that lies', () => {
    const lie = async (on: OperationName, answerBody: string) => {
      const server = await fixture.server();
      server.faults.push({ on, do: { answerBody } });
      return fixture.store(server);
    };

    it('is not of another upload', async () => {
      const store = await lie(
        'listParts',
        '<ListPartsResult><UploadId>OTHER</UploadId><IsTruncated>false</IsTruncated></ListPartsResult>',
      );
      const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
      const error = await rejection(store.listParts('k', uploadId, CALL));
      assert.equal(error.code, 'OtherUpload');
    });

    it('names no upload by what cannot be an id', async () => {
      const store = await lie(
        'listMultipartUploads',
        '<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>a&#10;b</UploadId></Upload></ListMultipartUploadsResult>',
      );
      const error = await rejection(store.listMultipartUploads('', CALL));
      assert.equal(error.code, 'MalformedUpload');
    });

    it('is not all of a list unless it says so', async () => {
      const parts = await lie('listParts', '<ListPartsResult></ListPartsResult>');
      const { uploadId } = await parts.initiateMultipartUpload('k', NEW, CALL);
      const uploads = await lie(
        'listMultipartUploads',
        '<ListMultipartUploadsResult></ListMultipartUploadsResult>',
      );
      for (const listing of [
        parts.listParts('k', uploadId, CALL),
        uploads.listMultipartUploads('', CALL),
      ]) {
        const error = await rejection(listing);
        assert.deepEqual([error.kind, error.code], ['badResponse', 'NoIsTruncated']);
      }
    });

    it('does not go back', async () => {
      const server = await fixture.server();
      const page = (key: string) =>
        `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>${key}</NextKeyMarker></ListMultipartUploadsResult>`;
      strike(server, 'listMultipartUploads', { answerBody: page('b') });
      strike(server, 'listMultipartUploads', { answerBody: page('a') }, 1);
      const store = await fixture.store(server);
      const error = await rejection(store.listMultipartUploads('', CALL));
      assert.equal(error.code, 'MarkerDoesNotAdvance');
      assert.equal(server.operations.length, 2);
    });

    it('has no part beyond the last', async () => {
      const part = (number: number, size: string) =>
        `<ListPartsResult><Part><PartNumber>${number}</PartNumber><Size>${size}</Size><ETag>"A"</ETag></Part></ListPartsResult>`;
      for (const body of [part(10_001, '1'), part(1, '9'.repeat(30))]) {
        const store = await lie('listParts', body);
        const { uploadId } = await store.initiateMultipartUpload('k', NEW, CALL);
        const error = await rejection(store.listParts('k', uploadId, CALL));
        assert.equal(error.code, 'MalformedPart');
      }
    });
  });

  describe('HeadObject', () => {
    it('tells a missing bucket from a missing object', async () => {
      const server = await fixture.server();
      const target = { bucket: 'nobody', key: 'k', region: 'cn-hangzhou', profile: '' };
      const store = await fixture.oss(server.endpoint).openStore(target);
      assert.equal((await rejection(store.headObject('k', CALL))).kind, 'noSuchBucket');
    });

    it('rejects when it is denied', async () => {
      const server = await fixture.server({ credentials: [{ ...KEY, deny: ['headObject'] }] });
      const store = await fixture.store(server);
      assert.equal((await rejection(store.headObject('k', CALL))).kind, 'accessDenied');
    });
  });

  describe('recover', () => {
    it('corrects the clock by that of the server, for all stores', async () => {
      for (const region of ['cn-hangzhou', '']) {
        const server = await fixture.server();
        server.clockOffsetMs = 3_600_000;
        const store = await fixture.store(server, region);
        const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
        assert.equal(error.kind, 'clockSkew');
        assert.ok(Math.abs(error.clockSkewMs! - 3_600_000) < 60_000);
        const recovered = await Promise.all([
          store.recover(error, CALL),
          store.recover(error, CALL),
        ]);
        assert.deepEqual(recovered, [true, true]);
        await store.putObject('k', bodyOf('x'), NEW, CALL);
      }
    });

    it('forgets what it learned when a signature with it is refused', async () => {
      const server = await fixture.server();
      const store = await fixture.store(server);
      const clockSkewMs = 3_600_000;
      const skewed = new UploadError('clockSkew', 'm', {
        code: 'RequestTimeTooSkewed',
        clockSkewMs,
      });
      const refused = new UploadError('credentials', 'm', { code: 'SignatureDoesNotMatch' });
      assert.equal(await store.recover(refused, CALL), false);
      assert.equal(await store.recover(skewed, CALL), true);
      assert.equal(await store.recover(refused, CALL), true);
      await store.putObject('k', bodyOf('x'), NEW, CALL);
    });

    it('has no hope for a skew without the time of the server', async () => {
      const store = await fixture.store(await fixture.server());
      const error = new UploadError('clockSkew', 'm', { code: 'RequestTimeTooSkewed' });
      assert.equal(await store.recover(error, CALL), false);
    });

    it('has no hope for a fixed key, unless another one was stored meanwhile', async () => {
      const server = await fixture.server();
      let source: CredentialsSource = SOURCE;
      const credentials = () => Promise.resolve(source);
      const store = await fixture.store(server, 'cn-hangzhou', { credentials });
      server.credentials[0]!.disabled = true;
      const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
      assert.deepEqual([error.kind, error.code], ['credentials', 'InvalidAccessKeyId']);
      assert.equal(await store.recover(error, CALL), false);
      const key = { accessKeyId: 'LTAI5tAnotherKeyOfTests', accessKeySecret: 'another' };
      server.credentials.push(key);
      source = { kind: 'accessKey', key };
      assert.equal(await store.recover(error, CALL), true);
      await store.putObject('k', bodyOf('x'), NEW, CALL);
    });

    it('has no hope for anything else', async () => {
      const store = await fixture.store(await fixture.server());
      const error = new UploadError('accessDenied', 'm', { code: 'AccessDenied' });
      assert.equal(await store.recover(error, CALL), false);
      assert.equal(await store.recover(new Error('x'), CALL), false);
    });
  });

  describe('failures of the service', () => {
    for (const [name, kind, retryAfterMs] of [
      ['internalError', 'server', undefined],
      ['badGateway', 'server', undefined],
      ['serviceUnavailable', 'throttled', undefined],
      ['slowDown', 'throttled', 200],
      ['gatewayTimeout', 'server', undefined],
      ['requestTimeout', 'timeout', undefined],
      ['tooManyRequests', 'throttled', undefined],
      ['accessDenied', 'accessDenied', undefined],
      ['securityTokenExpired', 'credentials', undefined],
      ['noSuchBucket', 'noSuchBucket', undefined],
    ] as const) {
      it(`says ${kind} for ${name}`, async () => {
        const server = await fixture.server();
        strike(server, 'putObject', { answer: faultAnswers[name] });
        const store = await fixture.store(server);
        const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
        assert.deepEqual([error.kind, error.retryAfterMs], [kind, retryAfterMs]);
      });
    }

    it('sends a request once: repeating it is the engine’s decision', async () => {
      const server = await fixture.server();
      strike(server, 'putObject', { cut: { by: 'reset', afterBytes: 0 } });
      const store = await fixture.store(server);
      assert.equal((await rejection(store.putObject('k', bodyOf('x'), NEW, CALL))).kind, 'network');
      assert.equal(server.operations.length, 1);
    });

    it('keeps no secret in any field', async () => {
      const server = await fixture.server({ credentials: [] });
      const store = await fixture.store(server);
      const error = await rejection(store.putObject('k', bodyOf('x'), NEW, CALL));
      const seen = new Set<unknown>();
      const texts: string[] = [];
      const walk = (value: unknown): void => {
        if (typeof value === 'string') texts.push(value);
        if (typeof value !== 'object' || value === null || seen.has(value)) return;
        seen.add(value);
        for (const name of Reflect.ownKeys(value))
          walk((value as Record<string | symbol, unknown>)[name]);
      };
      walk(error);
      assert.ok(texts.length > 3);
      assert.ok(texts.every((text) => !text.includes(KEY.accessKeySecret)));
      assert.ok(texts.every((text) => !text.includes(KEY.accessKeyId)));
    });
  });
});
