import { strict as assert } from 'node:assert';
import { RequestList } from '../../../../src/engine/contract/requestList.ts';
import type { UploadRequest } from '../../../../src/engine/contract/transfers.ts';

const options = { partSizeBytes: 1_000_000, parallel: 3, forbidOverwrite: true, object: {} };

function request(filePath: string, key: string, more: Partial<UploadRequest> = {}): UploadRequest {
  const target = { bucket: 'b', key, region: 'cn-hangzhou', profile: 'p' };
  return { filePath, realPath: filePath, sizeBytes: 7, target, options, ...more };
}

describe('a list of requests', () => {
  const lone = `/s/half-${String.fromCharCode(0xd800)}.txt`;
  const requests = [
    request('/s/a.txt', 'site/a.txt'),
    request('/s/sub/a.txt', 'site/sub/a.txt', { sizeBytes: 0 }),
    // Its object has another name; its size and its real path are still to be asked.
    request('/s/b.txt', 'site/b-1.txt', { realPath: undefined, sizeBytes: undefined }),
    // A link: it really has another name.
    request('/s/link.txt', 'site/link.txt', { realPath: '/elsewhere/real.txt' }),
    request('/s/link/c.txt', 'site/link/c.txt', { realPath: '/elsewhere/c.txt' }),
    request('C:\\s\\d.txt', 'site/d.txt'),
    request('/s/文件.txt', '站/文件.txt'),
    request(lone, 'site/x'),
    request(lone, `site/half-${String.fromCharCode(0xd800)}.txt`),
    request('/s/e.txt', 'site/e.txt', { options: { ...options, parallel: 9 } }),
    request('/s/f.txt', 'site/f.txt', {
      target: { bucket: 'other', key: 'site/f.txt', region: '', profile: '' },
    }),
    request('/s/g.txt', 'g.txt'),
  ];

  it('gives back what was put in, in order', () => {
    const list = RequestList.of(requests);
    assert.equal(list.length, requests.length);
    assert.deepEqual([...list], requests);
    assert.deepEqual(list.at(3), requests[3]);
  });

  it('gives back each of many, whatever block of names it lies in', () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      request(`/s/${index % 7}/${index}.txt`, `${index % 7}/${index}.txt`, { sizeBytes: index }),
    );
    assert.deepEqual([...RequestList.of(many)], many);
  });

  it('takes another request in the place of one for the same file', () => {
    const list = RequestList.of(requests);
    const changed = requests.map((one) => ({
      ...one,
      sizeBytes: 8,
      target: { ...one.target, region: 'cn-beijing' },
      options: { ...one.options, forbidOverwrite: false },
    }));
    changed.forEach((one, index) => {
      list.replace(index, one);
    });
    assert.deepEqual([...list], changed);
  });

  it('knows the folders of the objects, each once for files of one folder', () => {
    const list = RequestList.of([...requests.slice(0, 2), request('/s/h.txt', 'site/sub/i.txt')]);
    assert.deepEqual(
      new Set(list.foldersOf([0, 1, 2]).map(({ bucket, key }) => `${bucket}/${key}`)),
      new Set(['b/site/', 'b/site/sub/']),
    );
    assert.deepEqual(list.foldersOf([0]), [{ bucket: 'b', key: 'site/' }]);
  });

  it('shares options that say the same, which no file then has of its own', () => {
    const list = RequestList.of(
      ['a', 'b', 'c'].map((name) =>
        request(`/s/${name}`, name, { options: { ...options, object: { acl: 'private' } } }),
      ),
    );
    assert.equal(list.at(2).options, list.at(0).options);
  });
});
