import { strict as assert } from 'node:assert';
import { UploadError } from '../../../../src/engine/contract/errors.ts';
import type { UploadErrorKind } from '../../../../src/engine/contract/errors.ts';
import { RetryBudget, isUnreachable, retryDelayMs } from '../../../../src/engine/upload/retry.ts';

function failure(kind: UploadErrorKind, retryAfterMs?: number): UploadError {
  return new UploadError(kind, kind, { code: kind, retryAfterMs });
}

const MINUTE_MS = 60_000;

describe('retryDelayMs', () => {
  it('is anything from 0 to a cap that doubles from 0.5 s to 30 s', () => {
    const error = failure('server');
    const almostOne = 1 - Number.EPSILON;
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100, 5000].map((attempt) =>
      Math.ceil(retryDelayMs(error, attempt, almostOne) / 100),
    );
    assert.deepEqual(longest, [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
    assert.equal(retryDelayMs(error, 5, 0), 0);
    assert.equal(retryDelayMs(error, 5, 0.5), 4000);
  });

  it('is no less than the server asks for, up to five minutes', () => {
    assert.equal(retryDelayMs(failure('throttled', 7000), 1, 0.5), 7000);
    assert.equal(retryDelayMs(failure('server', 99_999_000), 1, 0.5), 5 * MINUTE_MS);
    assert.equal(retryDelayMs(failure('throttled', 10), 6, 0.5), 8000);
  });
});

describe('RetryBudget', () => {
  it('allows nothing that does not heal', () => {
    const budget = new RetryBudget(3);
    const fatal: UploadErrorKind[] = [
      'accessDenied',
      'noSuchBucket',
      'noSuchUpload',
      'credentials',
      'wrongRegion',
      'accountBlocked',
      'alreadyExists',
      'refused',
      'certificate',
      'internal',
      'sourceChanged',
      'sourceUnreadable',
    ];
    fatal.forEach((kind) => {
      assert.equal(budget.allows(failure(kind), 0), false, kind);
    });
  });

  it('ends after 12 failures for each lane when nothing gets through', () => {
    for (const parallel of [1, 3, 64]) {
      const budget = new RetryBudget(parallel);
      let tries = 0;
      while (tries < 10_000 && budget.allows(failure('server'), 0)) tries++;
      assert.equal(tries, 12 * parallel);
    }
  });

  it('lasts for any number of failures with progress in between', () => {
    const budget = new RetryBudget(1);
    for (let part = 1; part <= 10_000; part++) {
      for (let tries = 1; tries <= 3; tries++) {
        assert.ok(budget.allows(failure('server'), 0), `part ${part}, failure ${tries}`);
      }
      budget.refill();
    }
  });

  it('holds no more after much progress than at the start', () => {
    const budget = new RetryBudget(2);
    for (let part = 0; part < 1000; part++) budget.refill();
    let tries = 0;
    while (tries < 10_000 && budget.allows(failure('throttled'), 0)) tries++;
    assert.equal(tries, 24);
  });

  it('counts minutes and not tries while the network is gone', () => {
    const budget = new RetryBudget(1);
    for (let tries = 0; tries < 1000; tries++) {
      assert.ok(budget.allows(failure('network'), 29 * MINUTE_MS));
      assert.ok(budget.allows(failure('timeout'), 29 * MINUTE_MS));
    }
    assert.ok(budget.allows(failure('server'), 0), 'an outage must not use the tries up');
    assert.equal(budget.allows(failure('network'), 30 * MINUTE_MS), false);
    assert.equal(budget.allows(failure('timeout'), 30 * MINUTE_MS), false);
  });
});

describe('isUnreachable', () => {
  it('is true when nothing answered', () => {
    assert.ok(isUnreachable(failure('network')));
    assert.ok(isUnreachable(failure('timeout')));
    assert.equal(isUnreachable(failure('server')), false);
    assert.equal(isUnreachable(failure('throttled')), false);
  });

  it('is true for a login page, and not for an answer of OSS that makes no sense', () => {
    assert.ok(isUnreachable(failure('badResponse')));
    const ofOss = new UploadError('badResponse', 'no ETag', { code: 'NoETag', requestId: '5C3D' });
    assert.equal(isUnreachable(ofOss), false);
  });
});
