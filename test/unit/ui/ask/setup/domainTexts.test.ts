import assert from 'node:assert/strict';
import type { DomainVerdict } from '../../../../../src/account';
import { UploadError } from '../../../../../src/engine/index';
import {
  domainProblem,
  isPlainHttp,
  wholeAddress,
} from '../../../../../src/ui/ask/setup/domainTexts';
import { chinese, english } from '../../snapshots';

describe('the domain of a bucket', () => {
  it('is kept with its scheme, which is https unless something else was typed', () => {
    assert.equal(wholeAddress(' img.example.com '), 'https://img.example.com');
    assert.equal(wholeAddress('https://img.example.com/'), 'https://img.example.com');
    assert.equal(wholeAddress('http://img.example.com'), 'http://img.example.com');
    assert.equal(wholeAddress('HTTP://img.example.com'), 'HTTP://img.example.com');
  });

  it('is asked about when nothing would be encrypted', () => {
    assert.ok(isPlainHttp('http://img.example.com'));
    assert.ok(isPlainHttp('HTTP://img.example.com'));
    assert.ok(!isPlainHttp('https://img.example.com'));
    assert.ok(!isPlainHttp('img.example.com'));
  });

  it('is refused with the reason and what to do', () => {
    const problem = (verdict: DomainVerdict, words = english): string | undefined => {
      const error = new UploadError('network', '', { code: 'ENOTFOUND' });
      return domainProblem({ verdict, error }, 'https://img.example.com', 'films', words.l10n);
    };
    assert.equal(problem('usable'), undefined);
    assert.match(problem('notBound') ?? '', /^img\.example\.com is not bound to films\. Bind one/);
    assert.match(problem('notBound') ?? '', /films > Bucket Settings > Domain Names/);
    assert.match(problem('otherBucket') ?? '', /belongs to another bucket, not to films/);
    assert.match(problem('certificate') ?? '', /or type http:\/\/img\.example\.com, which/);
    assert.match(problem('unreachable') ?? '', /cannot be reached \(ENOTFOUND\)/);
    assert.match(problem('notOss') ?? '', /is not OSS\. Its CNAME record/);
    assert.match(problem('notBound', chinese) ?? '', /films > Bucket 配置 > 域名管理/);
  });
});
