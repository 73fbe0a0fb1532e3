import assert from 'node:assert/strict';

import { changedUris, droppedUris } from '../../../../../src/ui/ask/upload/waysInModel';

describe('what other parts of the editor hand over', () => {
  it('is a list of addresses, without comments and what is none', () => {
    assert.deepEqual(
      droppedUris('# file:///comment\r\nfile:///a\r\n\nno address\nfile:///b%20c\n'),
      ['file:///a', 'file:///b%20c'],
    );
    assert.deepEqual(droppedUris(''), []);
  });

  it('is a file of the source control, several, or groups of them', () => {
    const [one, two] = [{ resourceUri: 'a' }, { resourceUri: 'b' }];
    assert.deepEqual(changedUris([one, two]), ['a', 'b']);
    assert.deepEqual(changedUris([{ id: 'group', resourceStates: [one, two] }]), ['a', 'b']);
  });

  it('is nothing for a group without changes, which is not the same as no group', () => {
    assert.deepEqual(changedUris([{ id: 'group', resourceStates: [] }]), []);
    assert.equal(changedUris([{ rootUri: 'a repository' }, undefined, 7]), undefined);
    assert.equal(changedUris([]), undefined);
  });
});
