import assert from 'node:assert/strict';

import type { ExistingObject, UploadRequest } from '../../../../../src/engine/index';
import {
  isCareful,
  renameAll,
  answeredBySettings,
  factsOf,
  withDistinctKeys,
  withOverwrite,
  withSettings,
} from '../../../../../src/ui/ask/upload/conflictsModel';
import type { IfExistsOf } from '../../../../../src/ui/ask/upload/conflictsModel';
import { assertLinear } from '../../../../support/growth';
import { english } from '../../snapshots';

function request(key: string, filePath = `/files/${key}`): UploadRequest {
  return {
    filePath,
    target: { bucket: 'my-bucket', key, region: 'cn-hangzhou', profile: '' },
    options: { partSizeBytes: 8 << 20, parallel: 3, forbidOverwrite: true, object: {} },
  };
}

function keys(requests: readonly UploadRequest[]): string[] {
  return requests.map((one) => one.target.key);
}

/** A bucket with these objects. */
function holding(
  ...existing: string[]
): (tried: readonly UploadRequest[]) => Promise<UploadRequest[]> {
  return (tried) => Promise.resolve(tried.filter((one) => existing.includes(one.target.key)));
}

describe('the settings of several workspace folders', () => {
  const ofFolder = { bold: 'overwrite', shy: 'skip', kind: 'rename', new: 'ask' } as const;
  const ifExists: IfExistsOf = ({ target: { key } }) =>
    ofFolder[key.split('/')[0] as keyof typeof ofFolder];
  const all = ['bold/a', 'shy/a', 'kind/a', 'new/a'].map((key) => request(key));

  it('let only the files of their own folder replace an object', () => {
    const careful = withSettings(all, ifExists).filter(isCareful);
    assert.deepEqual(keys(careful), ['shy/a', 'kind/a', 'new/a']);
  });

  it('leave it to the content where only what differs is to be sent', () => {
    const existing = all.slice(1).map((one) => ({ request: one }));
    const { answers, toCompare, open } = answeredBySettings(existing, (one) =>
      ifExists(one) === 'ask' ? 'skipIdentical' : ifExists(one),
    );
    assert.deepEqual(keys(toCompare.map((one) => one.request)), ['new/a']);
    assert.deepEqual([open.length, answers.size], [0, 2]);
    // Until it is compared, it replaces nothing.
    const careful = withSettings(all, () => 'skipIdentical');
    assert.ok(careful.every(isCareful));
  });

  it('answer for the files of their own folder, and the others are asked about', () => {
    const existing = all.slice(1).map((one) => ({ request: one }));
    const { answers, open } = answeredBySettings(existing, ifExists);
    assert.deepEqual(
      [...answers],
      [
        ['my-bucket/shy/a', 'skip'],
        ['my-bucket/kind/a', 'rename'],
      ],
    );
    assert.deepEqual(keys(open.map((object) => object.request)), ['new/a']);
  });
});

describe('keeping both', () => {
  it('takes the first number that is free in the bucket', async () => {
    const renamed = await renameAll([request('a.txt')], [], holding('a-1.txt', 'a-2.txt'));
    assert.deepEqual(keys(renamed), ['a-3.txt']);
  });

  it('does not take a name of the rest of the batch', async () => {
    const rest = [request('a.txt'), request('a-1.txt')];
    assert.deepEqual(keys(await renameAll([request('a.txt')], rest, holding())), ['a-2.txt']);
  });

  it('gives two files that want the same name different ones', async () => {
    const both = [request('a.txt', '/one/a.txt'), request('a.txt', '/two/a.txt')];
    assert.deepEqual(keys(await renameAll(both, [], holding())), ['a-1.txt', 'a-2.txt']);
  });

  it('asks a thousand times at most where every name is taken, and says so', async () => {
    let asked = 0;
    const all = (tried: readonly UploadRequest[]): Promise<readonly UploadRequest[]> => {
      asked += 1;
      return Promise.resolve(tried);
    };
    await assert.rejects(renameAll([request('a.txt')], [], all), {
      kind: 'alreadyExists',
      code: 'NoFreeName',
      key: 'a.txt',
    });
    assert.equal(asked, 1000);
  });

  it('never replaces an object', async () => {
    const [renamed] = await renameAll([withOverwrite(request('a.txt'), true)], [], holding());
    assert.equal(renamed?.options.forbidOverwrite, true);
  });

  it('asks for nothing when there is nothing to rename', async () => {
    const failing = (): Promise<UploadRequest[]> => Promise.reject(new Error('asked'));
    assert.deepEqual(await renameAll([], [], failing), []);
  });
});

describe('files of one batch that would become the same object', () => {
  it('get numbers, in their order', () => {
    const all = [request('x.txt', '/a/x.txt'), request('x.txt', '/b/x.txt'), request('y.txt')];
    assert.deepEqual(keys(withDistinctKeys(all)), ['x.txt', 'x-1.txt', 'y.txt']);
  });

  it('leave a name alone that another file of the batch has by itself', () => {
    const all = [request('x.txt', '/a/x.txt'), request('x.txt', '/b/x.txt'), request('x-1.txt')];
    assert.deepEqual(keys(withDistinctKeys(all)), ['x.txt', 'x-2.txt', 'x-1.txt']);
  });

  it('are numbered in time that grows as their number does', () => {
    assertLinear(
      (text) => {
        withDistinctKeys(Array.from(text, (_, n) => request('x.txt', `/${n}/x.txt`)));
      },
      ['x'],
    );
  });

  it('are not those of different buckets', () => {
    const first = request('x.txt');
    const other = { ...first, target: { ...first.target, bucket: 'other-bucket' } };
    assert.deepEqual(keys(withDistinctKeys([first, other])), ['x.txt', 'x.txt']);
  });
});

describe('file and object side by side', () => {
  const day = Date.UTC(2026, 10, 29, 12);
  const of = (localSizeBytes: number, sizeBytes: number, key = 'a.bin'): ExistingObject => ({
    request: request(key),
    info: { sizeBytes, etag: '', lastModifiedMs: day },
    local: {
      sizeBytes: localSizeBytes,
      mtimeNs: `${day}000000`,
      ctimeNs: '0',
      inode: '0',
      device: '0',
    },
  });

  it('are told to the byte where they would read the same', () => {
    const close = factsOf([of(314_572_801, 314_572_800)], english);
    assert.equal(close.verdict, '1 B larger than in OSS');
    assert.match(close.line, /^local: 314,572,801 B, 11.* in OSS: 314,572,800 B, 11/);
    const far = factsOf([of(3, 5000)], english);
    assert.equal(far.verdict, '4.9 KB smaller than in OSS');
    assert.match(far.line, /^local: 3 B, .* in OSS: 4\.9 KB, /);
    assert.equal(factsOf([of(3, 3)], english).verdict, 'same size');
  });

  it('are added up where they are several, with the newest of the dates that are known', () => {
    const unknown = { ...of(10, 20), info: { sizeBytes: 20, etag: '' } };
    const facts = factsOf([of(10, 20), unknown], english);
    assert.equal(facts.verdict, '20 B smaller in all, newest dates');
    assert.match(facts.line, /^local: 20 B, .* in OSS: 40 B, 11/);
    assert.match(factsOf([unknown], english).line, /in OSS: 20 B, \?$/);
  });

  it('fit on a line of a list, also with large sizes', () => {
    const many = Array.from({ length: 9 }, () => of(99_999_999_999, 99_999_999_998));
    assert.ok(factsOf(many, english).line.length < 96);
  });
});
