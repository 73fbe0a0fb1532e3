import assert from 'node:assert/strict';

import type { UploadRequest } from '../../../../../src/engine/index';
import {
  isCareful,
  renameAll,
  answeredBySettings,
  withDistinctKeys,
  withOverwrite,
  withSettings,
} from '../../../../../src/ui/ask/upload/conflictsModel';
import type { IfExistsOf } from '../../../../../src/ui/ask/upload/conflictsModel';

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

  it('are not those of different buckets', () => {
    const first = request('x.txt');
    const other = { ...first, target: { ...first.target, bucket: 'other-bucket' } };
    assert.deepEqual(keys(withDistinctKeys([first, other])), ['x.txt', 'x.txt']);
  });
});
