import assert from 'node:assert/strict';
import path from 'node:path';

import {
  accessKeyIdProblem,
  expandPrefix,
  normalizePrefix,
  numberedKey,
  prefixProblem,
  profileProblem,
  secretProblem,
  tokenProblem,
  urlBaseProblem,
} from '../../../../src/ui/text/keyNames';

const NOW = new Date(2026, 0, 5, 12);

describe('names', () => {
  it('normalizes a folder to no slash in front and one at the end', () => {
    const folders = ['', '/', ' a ', 'a/b', '//a/b/', '\\a', 'a//'];
    assert.deepEqual(folders.map(normalizePrefix), ['', '', 'a/', 'a/b/', 'a/b/', 'a/', 'a//']);
  });

  it('refuses a folder that leaves no room for a name', () => {
    assert.equal(prefixProblem('a'.repeat(1022)), undefined);
    assert.equal(prefixProblem('a'.repeat(1023)), 'keyTooLong');
    assert.equal(prefixProblem('文'.repeat(341)), 'keyTooLong');
    assert.equal(prefixProblem(''), undefined);
  });

  it('replaces the variables of a prefix', () => {
    const variables = {
      filePath: '/home/me/site/img/big/a.png',
      workspaceFolderPath: '/home/me/site',
      now: NOW,
    };
    const expand = (prefix: string): string => expandPrefix(prefix, variables, path.posix);
    assert.equal(
      expand('${workspaceFolderBasename}/${yyyy}-${MM}-${dd}/${relativeDir}'),
      'site/2026-01-05/img/big/',
    );
    assert.equal(expand('x/${unknown}'), 'x/${unknown}/');
  });

  it('refuses a variable that does not exist', () => {
    assert.equal(prefixProblem('a/${yyyy}/${MM}-${dd}/${relativeDir}'), undefined);
    assert.equal(prefixProblem('a/${YYYY}'), 'prefixVariable');
    assert.equal(prefixProblem('costs$/'), undefined);
  });

  it('refuses a folder that a link would leave', () => {
    for (const prefix of ['..', '../b', '/../a', 'a/../b', 'a/.', './a', 'a/..']) {
      assert.equal(prefixProblem(prefix), 'prefixDots', prefix);
    }
    for (const prefix of ['.hidden', 'a..b/', '...', 'v1.2/..x']) {
      assert.equal(prefixProblem(prefix), undefined, prefix);
    }
  });

  it('asks for the token of a temporary AccessKey, and of no other', () => {
    assert.equal(tokenProblem('', 'LTAI5tKey'), undefined);
    assert.equal(tokenProblem('', 'STS.NUKey'), 'tokenMissing');
    assert.equal(tokenProblem('token', 'STS.NUKey'), undefined);
    assert.equal(tokenProblem('two words', 'STS.NUKey'), 'secret');
  });

  it('leaves no empty folder name where a variable is empty', () => {
    const top = { filePath: '/w/a.txt', workspaceFolderPath: '/w', now: NOW };
    assert.equal(expandPrefix('a/${relativeDir}/b', top, path.posix), 'a/b/');
    const outside = { filePath: '/x/a.txt', workspaceFolderPath: '', now: NOW };
    assert.equal(expandPrefix('${workspaceFolderBasename}/${relativeDir}', outside), '');
    const itself = { filePath: '/w', workspaceFolderPath: '/w', now: NOW };
    assert.equal(expandPrefix('a/${relativeDir}', itself, path.posix), 'a/');
  });

  it('writes folders with slashes, also on Windows', () => {
    const variables = {
      filePath: 'C:\\work\\site\\img\\big\\a.png',
      workspaceFolderPath: 'C:\\work\\site',
      now: NOW,
    };
    assert.equal(
      expandPrefix('${workspaceFolderBasename}/${relativeDir}', variables, path.win32),
      'site/img/big/',
    );
  });

  it('numbers a copy before its extension', () => {
    const keys = ['a/video.mp4', 'video', 'a.b/c', '.env', 'x.tar.gz', 'dir.d/.env'];
    assert.deepEqual(
      keys.map((key) => numberedKey(key, 2)),
      ['a/video-2.mp4', 'video-2', 'a.b/c-2', '.env-2', 'x.tar-2.gz', 'dir.d/.env-2'],
    );
  });

  it('accepts a base of links, and refuses what cannot be one', () => {
    assert.equal(urlBaseProblem(''), undefined);
    assert.equal(urlBaseProblem('https://cdn.example.com/assets'), undefined);
    for (const wrong of ['cdn.example.com', 'https://', 'https://a.b?x', 'javascript:alert(1)']) {
      assert.equal(urlBaseProblem(wrong), 'urlBase', wrong);
    }
  });

  it('refuses secrets with blanks inside', () => {
    assert.equal(secretProblem('abcDEF+/=.-_'), undefined);
    assert.equal(secretProblem('abc def'), 'secret');
    assert.equal(secretProblem('abc\tdef'), 'secret');
    assert.equal(secretProblem('密钥'), 'secret');
    assert.equal(secretProblem(''), 'required');
    assert.equal(accessKeyIdProblem('LTAI5tExample'), undefined);
    assert.equal(accessKeyIdProblem('LTAI 5t'), 'accessKeyId');
    assert.equal(accessKeyIdProblem(''), 'required');
  });

  it('accepts names of credentials that can be shown', () => {
    for (const right of ['work', '公司', 'a b', 'me@example.com']) {
      assert.equal(profileProblem(right), undefined, right);
    }
    for (const wrong of ['', ' a', 'a\nb', 'x'.repeat(65), '$(key)']) {
      assert.equal(profileProblem(wrong), 'profileName', wrong);
    }
  });
});
