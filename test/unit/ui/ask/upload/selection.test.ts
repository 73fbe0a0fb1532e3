import assert from 'node:assert/strict';

import { chosenUris, isOnDisk, withoutChildren } from '../../../../../src/ui/ask/upload/selection';
import type { ChosenUri } from '../../../../../src/ui/ask/upload/selection';

function uri(path: string, scheme = 'file'): ChosenUri {
  return { scheme, fsPath: path, toString: () => `${scheme}://${path}` };
}

function paths(uris: readonly ChosenUri[]): string[] {
  return uris.map((one) => one.fsPath);
}

describe('selection', () => {
  it('is the whole selection when the clicked item is part of it', () => {
    assert.deepEqual(paths(chosenUris(uri('/b'), [uri('/a'), uri('/b')])), ['/a', '/b']);
  });

  it('is the clicked item alone when it is outside of the selection', () => {
    assert.deepEqual(paths(chosenUris(uri('/c'), [uri('/a'), uri('/b')])), ['/c']);
    assert.deepEqual(paths(chosenUris(uri('/c'), undefined)), ['/c']);
    assert.deepEqual(paths(chosenUris(uri('/c'), [])), ['/c']);
  });

  it('leaves out what lies in a selected folder, and what is there twice', () => {
    const all = [uri('/a/b/c.txt'), uri('/a'), uri('/ab'), uri('/a/d'), uri('/a')];
    assert.deepEqual(paths(withoutChildren(all)), ['/a', '/ab']);
  });

  it('does not take a name for a folder because it begins alike', () => {
    assert.deepEqual(paths(withoutChildren([uri('/a'), uri('/a.txt'), uri('/a b')])), [
      '/a',
      '/a.txt',
      '/a b',
    ]);
  });

  it('knows which files lie on a disk', () => {
    const schemes = ['file', 'vscode-remote', 'untitled', 'git', 'vscode-vfs', 'memfs'];
    assert.deepEqual(
      schemes.filter((scheme) => isOnDisk(uri('/a', scheme))),
      ['file', 'vscode-remote'],
    );
  });
});
