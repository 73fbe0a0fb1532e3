import assert from 'node:assert/strict';
import path from 'node:path';

import { isInside, keyName, keyNameInside } from '../../../../src/ui/text/localPaths';
import { fileName } from '../../../../src/ui/text/transferFacts';

const { posix, win32 } = path;

describe('paths of this computer', () => {
  it('lie in a folder, or do not', () => {
    const inside = ['/w', '/w/', '/w/a', '/w/a/b', '/w/..a', '/w/...'];
    const outside = ['/', '/wa', '/W/a', '/w/../a', '/v/w/a'];
    const lies = (file: string): boolean => isInside('/w', file, posix);
    assert.deepEqual(inside.filter(lies), inside);
    assert.deepEqual(outside.filter(lies), []);
    assert.ok(isInside('/', '/a', posix));
  });

  it('lie in a folder of Windows, whatever their case, on its own drive only', () => {
    const inside = ['c:\\Work', 'C:\\work\\a', 'c:/WORK/a', 'C:\\work\\..a'];
    const outside = ['d:\\Work\\a', 'c:\\', 'c:\\Works\\a', '\\\\server\\share\\Work\\a'];
    const lies = (file: string): boolean => isInside('c:\\Work', file, win32);
    assert.deepEqual(inside.filter(lies), inside);
    assert.deepEqual(outside.filter(lies), []);
    assert.ok(isInside('e:\\', 'E:\\a', win32));
    assert.ok(isInside('\\\\server\\share', '\\\\SERVER\\share\\a', win32));
  });

  it('give the end of a key: the name of a file, or that of a folder and the way below it', () => {
    assert.equal(keyName('/w/a.txt', '', posix), 'a.txt');
    assert.equal(keyName('/w/set', 'deep/a.txt', posix), 'set/deep/a.txt');
    assert.equal(keyName('/w/a\\b', 'c\\d', posix), 'a\\b/c\\d');
    assert.equal(keyName('c:\\w\\set', 'deep/a.txt', win32), 'set/deep/a.txt');
  });

  it('give no slash in front of the files of a drive', () => {
    assert.equal(keyName('e:\\', 'deep/a.txt', win32), 'deep/a.txt');
    assert.equal(keyName('\\\\server\\share', 'a.txt', win32), 'share/a.txt');
    assert.equal(keyName('/', 'deep/a.txt', posix), 'deep/a.txt');
  });

  it('begin inside of a folder around them, when that is asked for', () => {
    assert.equal(keyNameInside('/w', '/w/a/x.txt', posix), 'a/x.txt');
    assert.equal(keyNameInside('c:\\w', 'c:\\w\\a\\x.txt', win32), 'a/x.txt');
    assert.equal(keyNameInside('/w', '/w', posix), '');
    assert.equal(keyNameInside('/w', '/w/cafe\u0301', posix, 'darwin'), 'caf\u00e9');
  });

  it('give one key for both forms of a name on macOS, where they are one', () => {
    assert.equal(keyName('/w/cafe\u0301', '', posix, 'darwin'), 'caf\u00e9');
    assert.equal(keyName('/w/cafe\u0301', '', posix, 'linux'), 'cafe\u0301');
  });

  it('are shown by their last name', () => {
    assert.equal(fileName('/w/a\\b.txt', posix), 'a\\b.txt');
    assert.equal(fileName('c:\\w\\b.txt', win32), 'b.txt');
    assert.equal(fileName('e:\\', win32), 'e:\\');
    assert.equal(fileName('folder/key.txt', win32), 'key.txt');
    assert.equal(fileName('folder/', posix), 'folder');
  });
});
