import { strict as assert } from 'node:assert';
import { KnownNames } from '../../../../src/engine/record/knownNames.ts';

/** A folder that counts how often it is asked. */
class Folder {
  nowMs = 0;
  changedMs = 1000;
  names: string[] = [];
  looks = 0;
  listings = 0;
  error: Error | undefined;

  readonly known = new KnownNames(
    {
      changedMs: () => {
        this.looks++;
        const { error, changedMs } = this;
        return error === undefined ? Promise.resolve(changedMs) : Promise.reject(error);
      },
      list: () => {
        this.listings++;
        return Promise.resolve([...this.names]);
      },
    },
    () => this.nowMs,
  );
}

describe('the names of a folder', () => {
  it('are looked at once for thousands that are asked for together', async () => {
    const folder = new Folder();
    folder.names = ['a'];
    const asked = Array.from({ length: 5000 }, (_, index) => folder.known.mayHave(`${index}`));
    assert.ok((await Promise.all(asked)).every((answer) => !answer));
    assert.equal(await folder.known.mayHave('a'), true);
    assert.ok(folder.looks <= 2, `${folder.looks} looks`);
    assert.ok(folder.listings <= 2, `${folder.listings} listings`);
  });

  it('have what was made here from that moment on', async () => {
    const folder = new Folder();
    assert.equal(await folder.known.mayHave('a'), false);
    folder.known.add('a');
    assert.equal(await folder.known.mayHave('a'), true);
  });

  it('have what others have made since, and are listed again only when the folder has changed', async () => {
    const folder = new Folder();
    assert.equal(await folder.known.mayHave('a'), false);
    folder.nowMs += 60;
    assert.equal(await folder.known.mayHave('a'), false);
    assert.equal(folder.listings, 1);
    folder.names = ['a'];
    folder.changedMs++;
    folder.nowMs += 60;
    assert.equal(await folder.known.mayHave('a'), true);
  });

  it('are listed again while the folder may change under the same time', async () => {
    const folder = new Folder();
    folder.changedMs = Date.now();
    assert.equal(await folder.known.mayHave('a'), false);
    folder.names = ['a'];
    folder.nowMs += 60;
    assert.equal(await folder.known.mayHave('a'), true);
  });

  it('may be any when the folder cannot be read', async () => {
    const folder = new Folder();
    folder.error = new Error('EIO');
    assert.equal(await folder.known.mayHave('a'), true);
  });
});
