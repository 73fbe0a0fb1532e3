import assert from 'node:assert/strict';
import { weakPackages } from '../../../scripts/audit';

describe('the audit of what is shipped', () => {
  const answer = { vulnerabilities: { mocha: { severity: 'high' }, qs: { severity: 'low' } } };

  it('names what is shipped and weak, and leaves out tools', () => {
    assert.deepEqual(weakPackages(answer, ['ali-oss', 'qs']), ['qs']);
    assert.deepEqual(weakPackages({ vulnerabilities: {} }, ['qs']), []);
  });

  it('does not take a failed audit for a clean one', () => {
    for (const failure of [{ error: { code: 'ENOAUDIT' } }, undefined, null]) {
      assert.throws(() => weakPackages(failure, ['qs']), /cannot be asked/);
    }
    const refused = { message: '405 Method Not Allowed' };
    assert.throws(() => weakPackages(refused, ['qs']), /cannot be asked.*: 405 Method Not Allowed/);
  });
});
